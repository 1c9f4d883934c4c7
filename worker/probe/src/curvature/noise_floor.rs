//! How large the gradient stays where SGD hovers about a minimum.

use traipse_sweep::streams::Draws;

use super::Objective;
use super::panels;
use crate::{Element, Missing};

/// Pairs of minibatches that are compared: as many products.
const PAIRS: usize = 16;

/// How minibatches are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// Rows of the training set.
    pub n_rows: u32,
    /// Rows of a batch.
    pub batch_rows: u32,
    /// Whether a row may come twice in a batch.
    pub with_replacement: bool,
}

/// tr(H Σ_b), the curvature that the noise of a minibatch gradient meets, from the gradients of disjoint pairs of
/// minibatches: the mean of (g − g')'H(g − g') / 2. Batches larger than half the set are replaced by smaller ones, whose
/// noise is larger in proportion. Drawn without replacement, a batch of b among n rows has (1 − b/n) of the noise.
///
/// Cost: 16 products, and the gradients of 32 minibatches. Memory: two gradients.
///
/// # Errors
/// [`Missing::NotFinite`], or [`Missing::FewExamples`] where there are no two rows.
pub fn noise_curvature<T: Element>(
    objective: &mut Objective<'_, T>,
    gradient: &mut dyn FnMut(&[u32], &mut [T]),
    sampling: Sampling,
    draws: &mut Draws,
) -> Result<f64, Missing> {
    let half = sampling.n_rows / 2;
    if half == 0 {
        return Err(Missing::FewExamples);
    }
    let rows_each = sampling.batch_rows.clamp(1, half);
    let (n, batch) = (f64::from(sampling.n_rows), f64::from(sampling.batch_rows.max(1)));
    let share = if sampling.with_replacement { 1.0 - 1.0 / n } else { 1.0 - (batch / n).min(1.0) };
    if share == 0.0 {
        return Ok(0.0);
    }
    let d = objective.dimension();
    let (mut one, mut other, mut image) = (vec![T::ZERO; d], vec![T::ZERO; d], vec![T::ZERO; d]);
    let mut order: Vec<u32> = (0..sampling.n_rows).collect();
    let mut sum = 0.0;
    for _ in 0..PAIRS {
        let pair = draw(&mut order, 2 * rows_each as usize, draws);
        let (first, second) = pair.split_at(rows_each as usize);
        gradient(first, &mut one);
        gradient(second, &mut other);
        one.iter_mut().zip(&other).for_each(|(one, &other)| *one -= other);
        objective.hessian(&one, &mut image);
        sum += 0.5 * panels::dot_of(&one, &image);
    }
    let value = sum / PAIRS as f64 * share * f64::from(rows_each) / batch;
    if value.is_finite() { Ok(value) } else { Err(Missing::NotFinite) }
}

/// √(η / (2(1 − β)) · tr(H Σ_b)): the root mean square of the full gradient of SGD with momentum β that hovers about a
/// quadratic minimum, to first order in η.
///
/// # Errors
/// [`Missing::NegativeNoiseCurvature`] where the noise points to where the loss is concave: there is no minimum to hover at.
pub fn floor(learning_rate: f64, momentum: f64, noise_curvature: f64) -> Result<f64, Missing> {
    if noise_curvature < 0.0 {
        return Err(Missing::NegativeNoiseCurvature);
    }
    Ok((learning_rate / (2.0 * (1.0 - momentum)) * noise_curvature).sqrt())
}

/// `n` random items without repeats: the first steps of a Fisher–Yates shuffle.
fn draw<'a>(order: &'a mut [u32], n: usize, draws: &mut Draws) -> &'a [u32] {
    for i in 0..n {
        let other = i + draws.below((order.len() - i) as u64) as usize;
        order.swap(i, other);
    }
    &order[..n]
}
