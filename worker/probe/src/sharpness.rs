//! How the loss rises nearby: along its gradient, and in random directions.
//!
//! All of it is of the mean loss over the rows, without penalty, at one fixed radius. It depends on how weights are
//! scaled: a ReLU network can be rescaled layer by layer without changing its function (Dinh et al. 2017), so compare
//! networks of one shape and similar norms only.

use traipse_nn::{Evaluator, Rows};
use traipse_sweep::streams::Draws;

use crate::{Element, Missing, lanes};

/// Where a rise is measured.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a, T> {
    /// θ.
    pub theta: &'a [T],
    /// The running statistics that go with it; they stay as they are nearby.
    pub buffers: &'a [f64],
    /// L(θ).
    pub loss: f64,
    /// Training rows.
    pub rows: &'a [u32],
    /// r, in w.
    pub radius: f64,
}

/// The rise in random directions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Random {
    /// Mean of L(θ + r u) − L(θ) over unit directions u.
    pub mean: f64,
    /// Its standard error; none of one direction.
    pub standard_error: Option<f64>,
}

/// L(θ + r g/‖g‖) − L(θ) (Foret et al. 2021, one step). Near a minimum r²/2 times the curvature along g; away from
/// one, r‖g‖ comes first. Cost: a gradient and a forward pass. Memory: θ twice.
///
/// # Errors
/// [`Missing::ZeroGradient`], [`Missing::NotFinite`].
pub fn ascent<T: Element>(evaluator: &mut Evaluator<T>, place: &Place<'_, T>) -> Result<f64, Missing> {
    let mut direction = vec![T::ZERO; place.theta.len()];
    evaluator.gradient(place.theta, Rows::Train(place.rows), &mut direction);
    let norm = lanes::norm_square(&direction).sqrt();
    if norm == 0.0 {
        return Err(Missing::ZeroGradient);
    }
    rise(evaluator, place, |at| place.radius / norm * direction[at].wide())
}

/// L(θ + r u) − L(θ) over `n` random unit directions: r² tr H / 2d where third derivatives vanish. `draws` gives the
/// numbers of each direction. Cost: a forward pass a direction. Memory: θ in f64 and once more.
///
/// # Errors
/// [`Missing::NotFinite`].
pub fn random<T: Element>(
    evaluator: &mut Evaluator<T>,
    place: &Place<'_, T>,
    n: u32,
    mut draws: impl FnMut(u32) -> Draws,
) -> Result<Random, Missing> {
    let mut direction = vec![0.0; place.theta.len()];
    let mut rises = Vec::with_capacity(n as usize);
    for sample in 0..n {
        let mut draws = draws(sample);
        direction.fill_with(|| draws.normal());
        let scale = place.radius / lanes::norm_square(&direction).sqrt();
        rises.push(rise(evaluator, place, |at| scale * direction[at])?);
    }
    let n = f64::from(n);
    let mean = rises.iter().sum::<f64>() / n;
    let square: f64 = rises.iter().map(|rise| (rise - mean) * (rise - mean)).sum();
    Ok(Random { mean, standard_error: (n > 1.0).then(|| (square / (n - 1.0) / n).sqrt()) })
}

/// L(θ + step) − L(θ), the sum rounded once.
fn rise<T: Element>(
    evaluator: &mut Evaluator<T>,
    place: &Place<'_, T>,
    step: impl Fn(usize) -> f64,
) -> Result<f64, Missing> {
    let there: Vec<T> = place.theta.iter().enumerate().map(|(at, value)| T::of(value.wide() + step(at))).collect();
    let rise = evaluator.loss(&there, place.buffers, Rows::Train(place.rows)).mean - place.loss;
    if rise.is_finite() { Ok(rise) } else { Err(Missing::NotFinite) }
}
