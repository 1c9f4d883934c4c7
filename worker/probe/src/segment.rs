//! The loss along a straight segment between two points of weight space, and what stands in the way.
//!
//! θ(a) = (1 − a) A + a B. Papers measure the height of a barrier against three different baselines, so all three are
//! given ([`Barriers`]); each is a maximum over *interior* points, so that a convex curve shows as a negative one.

use traipse_nn::{Evaluator, Loss, Problem, Real, Rows};

use crate::{Element, Missing};

/// A rise counts where it is above this many times the error of the loss.
const ERRORS_OF_A_RISE: f64 = 3.0;

/// Ends and one point between them: what a barrier needs.
const LEAST_POINTS: usize = 3;

/// One end of a segment: θ, which needs no running statistics (see [`Walk`]).
pub type End<'a, T> = &'a [T];

/// How a segment is walked.
///
/// A network with batch norm has no running statistics between two snapshots, and its loss with statistics of another
/// θ means nothing. So at every point, the ends among them, they are estimated anew by one pass over the training rows
/// ([`Evaluator::estimate_buffers`]); the ends' losses then differ a little from those with the statistics of their
/// training.
#[derive(Clone, Copy, Debug)]
pub struct Walk<'a> {
    /// Interior points, evenly spaced.
    pub n_interior: u32,
    /// Training examples to measure on, in a class-balanced order.
    pub rows: &'a [u32],
    /// Whether the test set is measured too.
    pub with_test: bool,
}

/// Losses along a segment, one entry a point; the first and the last are the ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Shares of the segment, from 0 to 1.
    pub alpha: Vec<f64>,
    /// Mean loss over the training rows.
    pub train_loss: Vec<f64>,
    /// Share of the training rows that is misclassified; NaN where targets are no classes.
    pub train_error: Vec<f64>,
    /// The same on the test set; empty where it was not asked for.
    pub test_loss: Vec<f64>,
    /// Likewise.
    pub test_error: Vec<f64>,
    /// The largest difference of `train_loss` from the same loss in f64 with θ(a) unrounded and the rows taken in
    /// reverse, over both ends and the point in the middle: what rounding and the order of summation do to it.
    pub loss_error: f64,
}

/// How high a curve of losses rises, in the loss's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Barriers {
    /// max L(θ(a)) − (L(A) + L(B))/2 (Frankle et al. 2020).
    pub mean: f64,
    /// max [L(θ(a)) − ((1 − a) L(A) + a L(B))] (Entezari et al. 2022): above 0 the loss is not convex on the segment.
    pub chord: f64,
    /// max L(θ(a)) − max(L(A), L(B)).
    pub max: f64,
    /// min L(aᵢ₋₁) − 2 L(aᵢ) + L(aᵢ₊₁): below 0 likewise, on a shorter piece.
    pub min_second_difference: f64,
    /// Interior points above the chord by more than 3 × the error of the loss.
    pub violations: u32,
    /// Whether the loss is nowhere more than 3 × its error above its lowest value before (Goodfellow et al. 2015).
    pub monotone: bool,
}

impl Barriers {
    /// Of a curve at evenly spaced `alpha`, whose losses are known up to `loss_error`.
    ///
    /// # Errors
    /// [`Missing::NotFinite`] where a loss is not a number.
    ///
    /// # Panics
    /// If there is not one loss a point, or no interior point.
    pub fn of(alpha: &[f64], loss: &[f64], loss_error: f64) -> Result<Self, Missing> {
        assert_eq!(alpha.len(), loss.len(), "one loss a point");
        assert!(loss.len() >= LEAST_POINTS, "a segment has an interior point");
        if !loss.iter().all(|value| value.is_finite()) {
            return Err(Missing::NotFinite);
        }
        let [start, end] = [loss[0], loss[loss.len() - 1]];
        let above_chord: Vec<f64> =
            interior(alpha).iter().zip(interior(loss)).map(|(&a, value)| value - between(start, end, a)).collect();
        let rise = ERRORS_OF_A_RISE * loss_error;
        let bends = loss.windows(3).map(|three| three[0] - 2.0 * three[1] + three[2]);
        Ok(Self {
            mean: over_mean(loss),
            chord: above_chord.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            max: highest(loss) - start.max(end),
            min_second_difference: bends.fold(f64::INFINITY, f64::min),
            violations: above_chord.iter().filter(|&&above| above > rise).count() as u32,
            monotone: largest_rise(loss) <= rise,
        })
    }
}

/// The highest interior value over the mean of the two ends: of errors, the barrier whose threshold is commonly 2 %.
///
/// # Panics
/// If there is no value.
#[must_use]
pub fn over_mean(values: &[f64]) -> f64 {
    highest(values) - 0.5 * (values[0] + values[values.len() - 1])
}

impl Curve {
    /// Walks from one end to the other. Cost: interior points + 2 passes over the training rows, as many over the test
    /// set where asked (twice those over the training rows with batch norm), and three passes in f64. Memory: θ once,
    /// and once in f64, beside the ends and two evaluators.
    ///
    /// # Panics
    /// If an end does not have one value a parameter, or a row does not exist.
    pub fn between<T: Element>(
        problem: &Problem,
        evaluator: &mut Evaluator<T>,
        ends: [End<'_, T>; 2],
        walk: &Walk<'_>,
    ) -> Self {
        Self::between_while(problem, evaluator, ends, walk, &mut || true).expect("nothing stops it")
    }

    /// The same, asking before each point whether to go on; none where the answer was no.
    ///
    /// # Panics
    /// Likewise.
    pub fn between_while<T: Element>(
        problem: &Problem,
        evaluator: &mut Evaluator<T>,
        ends: [End<'_, T>; 2],
        walk: &Walk<'_>,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Option<Self> {
        let alpha = shares(walk.n_interior);
        let mut place = Place::new(problem);
        let [mut train, mut test] = [Losses::default(), Losses::default()];
        for &a in &alpha {
            if !go_on() {
                return None;
            }
            place.go(ends, a);
            place.settle(evaluator, walk.rows);
            train.push(evaluator.loss(&place.theta, &place.buffers, Rows::Train(walk.rows)));
            if walk.with_test {
                test.push(evaluator.loss(&place.theta, &place.buffers, Rows::Test));
            }
        }
        let loss_error = loss_error(problem, ends, walk.rows, [&alpha, &train.mean], go_on)?;
        Some(Self {
            alpha,
            train_loss: train.mean,
            train_error: train.error,
            test_loss: test.mean,
            test_error: test.error,
            loss_error,
        })
    }

    /// How high its training loss rises.
    ///
    /// # Errors
    /// As [`Barriers::of`].
    pub fn barriers(&self) -> Result<Barriers, Missing> {
        Barriers::of(&self.alpha, &self.train_loss, self.loss_error)
    }
}

/// (1 − a) · start + a · end, exact where the two are equal, and at both ends.
fn between(start: f64, end: f64, a: f64) -> f64 {
    if a <= 0.5 { start + a * (end - start) } else { end + (1.0 - a) * (start - end) }
}

/// 0, evenly spaced interior points, 1.
fn shares(n_interior: u32) -> Vec<f64> {
    let n = f64::from(n_interior) + 1.0;
    (0..=n_interior + 1).map(|i| f64::from(i) / n).collect()
}

/// A point of the segment with its running statistics.
struct Place<T> {
    theta: Vec<T>,
    buffers: Vec<f64>,
}

impl<T: Real> Place<T> {
    fn new(problem: &Problem) -> Self {
        Self { theta: vec![T::ZERO; problem.n_parameters()], buffers: vec![0.0; problem.n_buffers()] }
    }

    /// To θ(a), computed in f64 and rounded once; the ends are exact.
    fn go<E: Element>(&mut self, [start, end]: [End<'_, E>; 2], a: f64) {
        assert!(start.len() == self.theta.len() && end.len() == self.theta.len(), "θ has one value a parameter");
        for (value, (&start, &end)) in self.theta.iter_mut().zip(start.iter().zip(end)) {
            let (start, end): (f64, f64) = (start.into(), end.into());
            *value = T::of(between(start, end, a));
        }
    }

    fn settle(&mut self, evaluator: &mut Evaluator<T>, rows: &[u32]) {
        evaluator.estimate_buffers(&self.theta, rows, &mut self.buffers);
    }
}

#[derive(Default)]
struct Losses {
    mean: Vec<f64>,
    error: Vec<f64>,
}

impl Losses {
    fn push(&mut self, loss: Loss) {
        self.mean.push(loss.mean);
        self.error.push(loss.error);
    }
}

/// See [`Curve::loss_error`]; of shares and their training losses.
fn loss_error<T: Element>(
    problem: &Problem,
    ends: [End<'_, T>; 2],
    rows: &[u32],
    [alpha, train_loss]: [&[f64]; 2],
    go_on: &mut dyn FnMut() -> bool,
) -> Option<f64> {
    let reversed: Vec<u32> = rows.iter().rev().copied().collect();
    let mut evaluator = Evaluator::<f64>::new(problem);
    let mut place = Place::new(problem);
    let last = alpha.len() - 1;
    let mut worst: f64 = 0.0;
    for at in [0, last / 2, last] {
        if !go_on() {
            return None;
        }
        place.go(ends, alpha[at]);
        // The statistics are a part of the function, not of its error: they come from the rows in their order.
        place.settle(&mut evaluator, rows);
        let exact = evaluator.loss(&place.theta, &place.buffers, Rows::Train(&reversed)).mean;
        worst = worst.max((train_loss[at] - exact).abs());
    }
    Some(worst)
}

fn interior<V>(values: &[V]) -> &[V] {
    &values[1..values.len() - 1]
}

fn highest(values: &[f64]) -> f64 {
    interior(values).iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// max over i < j of L(aⱼ) − L(aᵢ).
fn largest_rise(loss: &[f64]) -> f64 {
    let (mut lowest, mut rise) = (f64::INFINITY, f64::NEG_INFINITY);
    for &value in loss {
        rise = rise.max(value - lowest);
        lowest = lowest.min(value);
    }
    rise
}

#[cfg(test)]
mod tests {
    use super::*;

    fn along(n_interior: u32, loss: impl Fn(f64) -> f64) -> Barriers {
        let alpha = shares(n_interior);
        let losses: Vec<f64> = alpha.iter().map(|&a| loss(a)).collect();
        Barriers::of(&alpha, &losses, 0.0).unwrap()
    }

    #[test]
    fn a_parabola_is_convex_by_every_baseline() {
        // x²/2 from 3 to 0: over the chord it is −4.5 a (1 − a).
        let found = along(9, |a| 4.5 * (1.0 - a) * (1.0 - a));
        assert!((found.chord + 4.5 * 0.09).abs() < 1e-12 && (found.max + 4.5 * 0.19).abs() < 1e-12, "{found:?}");
        assert!(found.mean <= 2.25 && (found.mean - (4.5 * 0.81 - 2.25)).abs() < 1e-12);
        assert!((found.min_second_difference - 4.5 * 2.0 * 0.01).abs() < 1e-12);
        assert!(found.monotone && found.violations == 0);
        // The more points, the nearer the barrier over the mean comes to |L(A) − L(B)|/2.
        assert!((along(99_999, |a| 4.5 * (1.0 - a) * (1.0 - a)).mean - 2.25).abs() < 1e-4);
    }

    #[test]
    fn a_product_has_the_barriers_of_its_formula() {
        // (uv − 1)²/2 between equal ends, where all three baselines agree.
        let product = |[u, v]: [f64; 2], [s, t]: [f64; 2]| {
            along(25, move |a| {
                let uv = ((1.0 - a) * u + a * s) * ((1.0 - a) * v + a * t);
                0.5 * (uv - 1.0) * (uv - 1.0)
            })
        };
        for (ends, wanted) in [([[1.0, 1.0], [-1.0, -1.0]], 0.5), ([[2.0, 0.5], [0.5, 2.0]], 0.158_203_125)] {
            let found = product(ends[0], ends[1]);
            for value in [found.mean, found.chord, found.max] {
                assert!((value - wanted).abs() < 1e-15, "{found:?} has not {wanted}");
            }
            assert!(found.violations == 25 && !found.monotone && found.min_second_difference < 0.0, "{found:?}");
        }
    }

    #[test]
    fn what_is_within_the_error_is_no_rise() {
        let found = |loss: &[f64; 5], error| Barriers::of(&[0.0, 0.25, 0.5, 0.75, 1.0], loss, error).unwrap();
        let above_chord = |error| found(&[1.0, 0.7502, 0.4, 0.2501, 0.0], error).violations;
        assert_eq!((above_chord(1e-5), above_chord(5e-5), above_chord(1e-4)), (2, 1, 0));
        let falls = |error| found(&[1.0, 0.5, 0.6, 0.2, 0.0], error).monotone;
        assert_eq!((falls(0.033), falls(0.034)), (false, true));
        // Many small rises are one large one.
        let creeping: Vec<f64> = (0..11).map(|i| 0.01 * f64::from(i)).collect();
        assert!(!Barriers::of(&shares(9), &creeping, 0.02).unwrap().monotone);
    }

    #[test]
    fn a_curve_that_overflows_has_no_barrier() {
        assert_eq!(Barriers::of(&[0.0, 0.5, 1.0], &[1.0, f64::INFINITY, 1.0], 0.0), Err(Missing::NotFinite));
    }

    #[test]
    fn shares_end_at_one() {
        assert_eq!(shares(1), [0.0, 0.5, 1.0]);
        assert_eq!(shares(25).last(), Some(&1.0));
    }
}
