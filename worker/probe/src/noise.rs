//! The noise of minibatch gradients: how they agree, how large their scatter is, and what rounding adds.

use traipse_nn::{Evaluator, Problem, Rows};
use traipse_sweep::streams::Draws;

use crate::{Element, Missing, lanes};

/// Memory that gradients of minibatches should take at most; what does not fit is computed again for every block.
const MEMORY: usize = 256 << 20;

/// Inner products of the gradients of some minibatches of one size.
#[derive(Clone, Debug, PartialEq)]
pub struct Minibatches {
    batch_rows: usize,
    n: usize,
    /// gᵢ · gⱼ, row by row.
    gram: Vec<f64>,
}

/// What gradients of two batch sizes say about noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// tr Σ, unbiased.
    pub noise_trace: f64,
    /// ‖G‖² of the gradient without its noise, unbiased; may come out below 0.
    pub signal_square: f64,
}

impl Estimate {
    /// From mean squared norms of gradients of batches of two sizes, (size, mean ‖g‖²), the smaller first:
    /// tr Σ = (E‖g_s‖² − E‖g_b‖²)/(1/b_s − 1/b_b), ‖G‖² = (b_b E‖g_b‖² − b_s E‖g_s‖²)/(b_b − b_s)
    /// (McCandlish et al. 2018, appendix A). Means belong in here, not ratios of single batches.
    #[must_use]
    pub fn of_two_sizes((small, small_square): (f64, f64), (big, big_square): (f64, f64)) -> Self {
        Self {
            noise_trace: (small_square - big_square) / (1.0 / small - 1.0 / big),
            signal_square: (big * big_square - small * small_square) / (big - small),
        }
    }

    /// From one gradient over `n` of a population's examples, whose tr Σ (divisor n) is known: the noise of n examples
    /// drawn without replacement is taken off ‖g‖², none where they are the whole population.
    #[must_use]
    pub fn of_known_trace(noise_trace: f64, gradient_square: f64, n: usize, population: usize) -> Self {
        let (n, population) = (n as f64, population as f64);
        let noise = if n < population { noise_trace / (n - 1.0).max(1.0) * (1.0 - n / population) } else { 0.0 };
        Self { noise_trace, signal_square: gradient_square - noise }
    }

    /// The simple noise scale tr Σ / ‖G‖²: the batch size at which noise and signal are equal.
    ///
    /// # Errors
    /// [`Missing::NoiseDominates`].
    pub fn scale(&self) -> Result<f64, Missing> {
        if self.signal_square > 0.0 { Ok(self.noise_trace / self.signal_square) } else { Err(Missing::NoiseDominates) }
    }
}

/// At most `n_batches` disjoint minibatches of `batch_rows` of the rows 0..n, drawn without replacement.
///
/// # Errors
/// [`Missing::FewBatches`] where there are not two.
pub fn draw(n_rows: u32, batch_rows: usize, n_batches: usize, draws: &mut Draws) -> Result<Vec<Vec<u32>>, Missing> {
    let mut order: Vec<u32> = (0..n_rows).collect();
    draws.shuffle(&mut order);
    let batches: Vec<Vec<u32>> = order.chunks_exact(batch_rows.max(1)).take(n_batches).map(<[u32]>::to_vec).collect();
    if batches.len() < 2 { Err(Missing::FewBatches) } else { Ok(batches) }
}

impl Minibatches {
    /// The gradients of the mean loss at `theta` over each batch. All batches have one size.
    ///
    /// Cost: a gradient a batch, where 256 MiB hold them all; else those of later blocks again for every block.
    ///
    /// # Panics
    /// If there is no batch, or `theta` does not fit the evaluator.
    pub fn at<T: Element>(evaluator: &mut Evaluator<T>, theta: &[T], batches: &[Vec<u32>]) -> Self {
        let gradient = |evaluator: &mut Evaluator<T>, batch: &[u32]| {
            let mut out = vec![T::ZERO; theta.len()];
            evaluator.gradient(theta, Rows::Train(batch), &mut out);
            out
        };
        let n = batches.len();
        let block = (MEMORY / (theta.len() * T::BYTES).max(1)).clamp(1, n);
        let mut gram = vec![0.0; n * n];
        for start in (0..n).step_by(block) {
            let held: Vec<Vec<T>> =
                batches[start..].iter().take(block).map(|batch| gradient(evaluator, batch)).collect();
            let mut join = |at: usize, other: &[T], held: &[Vec<T>]| {
                for (mine, held) in (start..).zip(held) {
                    let product = lanes::dot(held, other);
                    (gram[mine * n + at], gram[at * n + mine]) = (product, product);
                }
            };
            for (at, other) in (start..).zip(&held) {
                join(at, other, &held[..=at - start]);
            }
            for (at, batch) in batches.iter().enumerate().skip(start + held.len()) {
                join(at, &gradient(evaluator, batch), &held);
            }
        }
        Self { batch_rows: batches[0].len(), n, gram }
    }

    /// cos(gᵢ, gⱼ) of all pairs with a direction: their mean, and the smallest (Sankararaman et al. 2020 call what is
    /// below 0 confusion).
    ///
    /// # Errors
    /// [`Missing::ZeroGradient`] where no pair has one; [`Missing::NotFinite`].
    pub fn cosines(&self) -> Result<(f64, f64), Missing> {
        if !self.gram.iter().all(|product| product.is_finite()) {
            return Err(Missing::NotFinite);
        }
        let at = |i: usize, j: usize| self.gram[i * self.n + j];
        let pairs = (0..self.n).flat_map(|j| (0..j).map(move |i| (i, j)));
        let pairs = pairs.filter(|&(i, j)| at(i, i) > 0.0 && at(j, j) > 0.0);
        let cosines: Vec<f64> = pairs.map(|(i, j)| at(i, j) / at(i, i).sqrt() / at(j, j).sqrt()).collect();
        if cosines.is_empty() {
            return Err(Missing::ZeroGradient);
        }
        let mean = cosines.iter().sum::<f64>() / cosines.len() as f64;
        Ok((mean, cosines.into_iter().fold(f64::INFINITY, f64::min)))
    }

    /// tr Σ from the scatter of the batches: [`Estimate::of_two_sizes`] of one batch against all of them together.
    #[must_use]
    pub fn noise_trace(&self) -> f64 {
        let n = self.n as f64;
        let one = (0..self.n).map(|i| self.gram[i * self.n + i]).sum::<f64>() / n;
        let together = self.gram.iter().sum::<f64>() / (n * n);
        let batch_rows = self.batch_rows as f64;
        Estimate::of_two_sizes((batch_rows, one), (n * batch_rows, together)).noise_trace
    }
}

/// cos(a, b).
///
/// # Errors
/// [`Missing::ZeroGradient`] where one is zero; [`Missing::NotFinite`].
pub fn cosine<T: Element>(a: &[T], b: &[T]) -> Result<f64, Missing> {
    let [first, second] = [a, b].map(|v| lanes::norm_square(v).sqrt());
    if first == 0.0 || second == 0.0 {
        return Err(Missing::ZeroGradient);
    }
    let cosine = lanes::dot(a, b) / first / second;
    if cosine.is_finite() { Ok(cosine) } else { Err(Missing::NotFinite) }
}

/// ‖g − g in f64‖ of the objective over the rows: what single precision does to a gradient, and below which no norm of
/// one means anything. Cost: one gradient in f64.
///
/// # Panics
/// If θ or the gradient does not have one value a parameter.
pub fn gradient_error<T: Element>(
    problem: &Problem,
    evaluator: &mut Evaluator<f64>,
    (theta, gradient): (&[T], &[T]),
    rows: &[u32],
) -> f64 {
    let wide = |values: &[T]| values.iter().map(|value| value.wide()).collect::<Vec<f64>>();
    let mut exact = vec![0.0; theta.len()];
    objective_gradient(problem, evaluator, &wide(theta), rows, &mut exact);
    lanes::distance_square(&exact, &wide(gradient)).sqrt()
}

/// The gradient of the objective over the rows, in `out`. Cost: one gradient.
///
/// # Panics
/// If `theta` or `out` does not have one value a parameter.
pub fn objective_gradient<T: Element>(
    problem: &Problem,
    evaluator: &mut Evaluator<T>,
    theta: &[T],
    rows: &[u32],
    out: &mut [T],
) {
    evaluator.gradient(theta, Rows::Train(rows), out);
    problem.add_penalty_gradient(theta, out);
}

#[cfg(test)]
mod tests {
    use traipse_sweep::streams::{Philox, Purpose};

    use super::*;

    /// Batches with these gradients.
    fn of(gradients: &[&[f64]], batch_rows: usize) -> Minibatches {
        let gram = gradients.iter().flat_map(|a| gradients.iter().map(|b| lanes::dot(a, b))).collect();
        Minibatches { batch_rows, n: gradients.len(), gram }
    }

    #[test]
    fn equal_gradients_agree_and_orthogonal_ones_do_not() {
        let equal: &[f64] = &[0.5, -1.0];
        let (mean, min) = of(&[equal, equal, equal], 4).cosines().unwrap();
        assert!((mean - 1.0).abs() < 1e-15 && (min - 1.0).abs() < 1e-15);
        assert!(of(&[equal, equal], 4).noise_trace().abs() < 1e-15);
        let axes: [&[f64]; 3] = [&[1.0, 0.0, 0.0], &[0.0, 2.0, 0.0], &[0.0, 0.0, 3.0]];
        assert_eq!(of(&axes, 4).cosines().unwrap(), (0.0, 0.0));
        // −1 in one pair of three, 0 in the others.
        assert_eq!(of(&[&[1.0, 0.0], &[-2.0, 0.0], &[0.0, 1.0]], 4).cosines().unwrap(), (-1.0 / 3.0, -1.0));
    }

    #[test]
    fn a_batch_without_gradient_has_no_cosine() {
        assert_eq!(of(&[&[0.0], &[0.0]], 4).cosines(), Err(Missing::ZeroGradient));
        assert_eq!(of(&[&[f64::NAN], &[0.0]], 4).cosines(), Err(Missing::NotFinite));
        assert_eq!(cosine(&[0.0f32], &[1.0]), Err(Missing::ZeroGradient));
        assert_eq!(cosine(&[3.0f32, 0.0], &[-2.0, 0.0]), Ok(-1.0));
    }

    #[test]
    fn two_sizes_give_back_what_they_were_made_of() {
        // E‖g_b‖² = ‖G‖² + tr Σ / b.
        let (trace, signal) = (20.3, 0.25);
        let square = |b: f64| signal + trace / b;
        let found = Estimate::of_two_sizes((8.0, square(8.0)), (512.0, square(512.0)));
        assert!((found.noise_trace - trace).abs() < 1e-12 && (found.signal_square - signal).abs() < 1e-12);
        assert!((found.scale().unwrap() - trace / signal).abs() < 1e-10);
        let lost = Estimate { noise_trace: 1.0, signal_square: -1e-9 };
        assert_eq!(lost.scale(), Err(Missing::NoiseDominates));
    }

    #[test]
    fn the_scatter_of_gaussian_gradients_is_their_trace() {
        // Examples with gradient G + z, z of variance σᵢ²: batches of 16 scatter by tr Σ / 16.
        let deviations: Vec<f64> = (0..40).map(|i| 0.2 + 0.02 * f64::from(i)).collect();
        let trace: f64 = deviations.iter().map(|s| s * s).sum();
        let mut draws = Philox::new(3, Purpose::GradientBatches).at(0);
        let mut batch = || -> Vec<f64> { deviations.iter().map(|s| 0.1 + s / 4.0 * draws.normal()).collect() };
        let batches: Vec<Vec<f64>> = (0..200).map(|_| batch()).collect();
        let found = of(&batches.iter().map(Vec::as_slice).collect::<Vec<_>>(), 16).noise_trace();
        // Its relative deviation is √(2 Σσ⁴ / 199) / tr Σ, some 2 %.
        assert!((found / trace - 1.0).abs() < 0.06, "{found} is not {trace}");
    }

    #[test]
    fn the_whole_population_has_no_sampling_noise() {
        let found = |n| Estimate::of_known_trace(30.0, 2.0, n, 1001).signal_square;
        assert_eq!(found(1001), 2.0);
        assert!((found(101) - (2.0 - 0.3 * 900.0 / 1001.0)).abs() < 1e-12);
    }

    #[test]
    fn batches_are_disjoint_and_repeat() {
        let drawn = || draw(100, 16, 4, &mut Philox::new(7, Purpose::GradientBatches).at(5)).unwrap();
        let batches = drawn();
        let mut rows: Vec<u32> = batches.concat();
        rows.sort_unstable();
        rows.dedup();
        assert_eq!((batches.len(), rows.len()), (4, 64));
        assert_eq!(batches, drawn());
        let mut draws = Philox::new(7, Purpose::GradientBatches).at(5);
        assert_eq!(draw(100, 60, 4, &mut draws), Err(Missing::FewBatches));
    }
}
