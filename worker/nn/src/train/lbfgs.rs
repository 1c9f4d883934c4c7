//! Limited-memory BFGS with a strong Wolfe line search, over any function that comes with its gradient.
//!
//! Nocedal, Wright, *Numerical Optimization* (2006), algorithm 7.4: the inverse Hessian is a multiple s·y / y·y of the
//! identity, corrected by the last few pairs of steps s and changes y of the gradient.

use std::collections::VecDeque;

use super::search::{Sample, search};
use crate::kernels::{LANES, Real, fold};

/// A pair whose s·y is below this share of ‖s‖‖y‖ is not kept: it says nothing but rounding.
const LEAST_CURVATURE: f64 = 1e-12;
/// Values that differ by this many units in the last place are called equal.
const NOISE: f64 = 64.0;

/// A minimisation under way. Memory: 2 · history + 4 times θ. Everything is summed in f64, in sixteen lanes.
#[derive(Clone, Debug)]
pub struct Lbfgs<T> {
    pub(super) history: usize,
    pub(super) pairs: VecDeque<Pair<T>>,
    /// The value at the present θ, once it is known.
    pub(super) value: Option<f64>,
    /// Likewise.
    pub(super) gradient: Vec<T>,
    /// Nothing more can be gained within rounding.
    pub(super) is_stuck: bool,
    direction: Vec<T>,
    trial: Vec<T>,
    trial_gradient: Vec<T>,
}

/// s = θ₊ − θ, y = g₊ − g.
#[derive(Clone, Debug)]
pub(super) struct Pair<T> {
    pub(super) s: Vec<T>,
    pub(super) y: Vec<T>,
    /// s·y.
    along: f64,
    /// Working memory of the two loops.
    weight: f64,
}

/// How an iteration ended.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Iteration {
    /// Whether θ moved: if not, it is at a minimum as far as rounding can tell, or the value is not finite.
    pub moved: bool,
    /// The function at θ before the iteration.
    pub value: f64,
    /// The multiple of the direction by which θ moved.
    pub length: f64,
    /// ‖Δθ‖².
    pub square: f64,
    /// How often the function was evaluated.
    pub evaluations: u64,
}

/// When a minimisation ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// After that many iterations,
    pub iterations: u64,
    /// or where ‖g‖ is at most this.
    pub gradient_norm: f64,
}

/// What a whole minimisation came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Minimum {
    /// The function there.
    pub value: f64,
    /// ‖g‖ there.
    pub gradient_norm: f64,
    /// Iterations that moved θ.
    pub iterations: u64,
    /// How often the function was evaluated.
    pub evaluations: u64,
    /// Whether ‖g‖ is as small as was asked for.
    pub converged: bool,
}

impl<T: Real> Lbfgs<T> {
    /// For `n` parameters, with that many pairs of history (10 to 20 are usual).
    ///
    /// # Panics
    /// If `history` is 0.
    #[must_use]
    pub fn new(n: usize, history: usize) -> Self {
        assert!(history > 0, "at least one pair is kept");
        let zeros = || vec![T::ZERO; n];
        Self {
            history,
            pairs: VecDeque::with_capacity(history),
            value: None,
            gradient: zeros(),
            is_stuck: false,
            direction: zeros(),
            trial: zeros(),
            trial_gradient: zeros(),
        }
    }

    /// Minimises from `theta`, which becomes the last point. `objective` writes the gradient at a point, and gives the
    /// value there.
    ///
    /// # Panics
    /// If `theta` has another length than was said.
    pub fn minimise(
        &mut self,
        theta: &mut [T],
        budget: Budget,
        mut objective: impl FnMut(&[T], &mut [T]) -> f64,
    ) -> Minimum {
        let (mut iterations, mut evaluations) = (0, 0);
        let (value, gradient_norm) = loop {
            evaluations += self.evaluate(theta, &mut objective);
            let (value, norm) = (self.value.unwrap_or(f64::NAN), dot(&self.gradient, &self.gradient).sqrt());
            if norm <= budget.gradient_norm || iterations == budget.iterations {
                break (value, norm);
            }
            let iteration = self.step(theta, &mut objective);
            evaluations += iteration.evaluations;
            if !iteration.moved {
                break (value, norm);
            }
            iterations += 1;
        };
        let converged = gradient_norm <= budget.gradient_norm;
        Minimum { value, gradient_norm, iterations, evaluations, converged }
    }

    /// One iteration: a direction, and a line search along it. θ must be what the last iteration left.
    ///
    /// Cost: mostly one evaluation (one more at the start), and 4 · history + 6 passes over θ.
    ///
    /// # Panics
    /// If `theta` has another length than was said.
    pub fn step(&mut self, theta: &mut [T], mut objective: impl FnMut(&[T], &mut [T]) -> f64) -> Iteration {
        let mut evaluations = self.evaluate(theta, &mut objective);
        let value = self.value.unwrap_or(f64::NAN);
        while value.is_finite() && !self.is_stuck {
            if let Some(found) = self.search(theta, value, &mut evaluations, &mut objective) {
                let square = self.accept(theta, found.value);
                return Iteration { moved: true, value, length: found.at, square, evaluations };
            }
            // Where the history leads nowhere, the gradient itself may.
            self.is_stuck = self.pairs.is_empty();
            self.pairs.clear();
        }
        Iteration { moved: false, value, length: 0.0, square: 0.0, evaluations }
    }

    /// Value and gradient at θ, where they are not known. How many evaluations that took.
    fn evaluate(&mut self, theta: &[T], objective: &mut impl FnMut(&[T], &mut [T]) -> f64) -> u64 {
        assert_eq!(theta.len(), self.gradient.len(), "θ has the length that was said");
        if self.value.is_some() {
            return 0;
        }
        self.value = Some(objective(theta, &mut self.gradient));
        1
    }

    /// Searches along the direction; what is found stands in `trial` and `trial_gradient`.
    fn search(
        &mut self,
        theta: &[T],
        value: f64,
        evaluations: &mut u64,
        objective: &mut impl FnMut(&[T], &mut [T]) -> f64,
    ) -> Option<Sample> {
        self.aim();
        let slope = dot(&self.gradient, &self.direction);
        if slope >= 0.0 || slope.is_nan() {
            return None;
        }
        let first = if self.pairs.is_empty() { 1f64.min(1.0 / (-slope).sqrt()) } else { 1.0 };
        let unit = if T::BYTES == 4 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let Self { direction, trial, trial_gradient, .. } = self;
        search(Sample { at: 0.0, value, slope }, first, NOISE * unit * value.abs(), |at| {
            *evaluations += 1;
            for ((trial, &from), &along) in trial.iter_mut().zip(theta).zip(&*direction) {
                *trial = T::of(from.wide() + at * along.wide());
            }
            let value = objective(trial, trial_gradient);
            Sample { at, value, slope: dot(trial_gradient, direction) }
        })
    }

    /// The two loops: direction = −H g.
    fn aim(&mut self) {
        let Self { pairs, gradient, direction, .. } = self;
        direction.iter_mut().zip(&*gradient).for_each(|(to, &from)| *to = -from);
        for pair in pairs.iter_mut().rev() {
            pair.weight = dot(&pair.s, direction) / pair.along;
            add(direction, -pair.weight, &pair.y);
        }
        if let Some(last) = pairs.back() {
            let scale = last.along / dot(&last.y, &last.y);
            direction.iter_mut().for_each(|value| *value = T::of(scale * value.wide()));
        }
        for pair in pairs {
            let back = dot(&pair.y, direction) / pair.along;
            add(direction, pair.weight - back, &pair.s);
        }
    }

    /// Goes to `trial`, and learns from the way there. ‖Δθ‖².
    fn accept(&mut self, theta: &mut [T], value: f64) -> f64 {
        let full = self.pairs.len() == self.history;
        let mut pair = if full { self.pairs.pop_front() } else { None }.unwrap_or_else(|| Pair::zeros(theta.len()));
        subtract(&mut pair.s, &self.trial, theta);
        subtract(&mut pair.y, &self.trial_gradient, &self.gradient);
        pair.along = dot(&pair.s, &pair.y);
        let (square, change) = (dot(&pair.s, &pair.s), dot(&pair.y, &pair.y));
        if pair.along > LEAST_CURVATURE * (square * change).sqrt() {
            self.pairs.push_back(pair);
        }
        theta.copy_from_slice(&self.trial);
        std::mem::swap(&mut self.gradient, &mut self.trial_gradient);
        self.value = Some(value);
        square
    }
}

impl<T: Real> Pair<T> {
    pub(super) fn zeros(n: usize) -> Self {
        Self { s: vec![T::ZERO; n], y: vec![T::ZERO; n], along: 0.0, weight: 0.0 }
    }

    /// Once s and y are there.
    pub(super) fn complete(&mut self) {
        self.along = dot(&self.s, &self.y);
    }
}

fn dot<T: Real>(a: &[T], b: &[T]) -> f64 {
    let mut lanes = [0.0; LANES];
    for (a, b) in a.chunks(LANES).zip(b.chunks(LANES)) {
        for (lane, (&a, &b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += a.wide() * b.wide();
        }
    }
    fold(lanes)
}

/// to + factor · from.
fn add<T: Real>(to: &mut [T], factor: f64, from: &[T]) {
    to.iter_mut().zip(from).for_each(|(to, &from)| *to = T::of(to.wide() + factor * from.wide()));
}

fn subtract<T: Real>(out: &mut [T], a: &[T], b: &[T]) {
    out.iter_mut().zip(a.iter().zip(b)).for_each(|(out, (&a, &b))| *out = a - b);
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Budget = Budget { iterations: 2000, gradient_norm: 1e-12 };

    #[test]
    fn a_quadratic_of_condition_ten_thousand_is_solved() {
        let n = 50;
        // ½ Σ λ (θ − 1)², λ from 1e-2 to 1e2; SciPy's takes 1069 iterations.
        let scale = |i: usize| libm::exp10(4.0 * i as f64 / (n - 1) as f64 - 2.0);
        let mut theta = vec![0.0; n];
        let found = Lbfgs::new(n, 20).minimise(&mut theta, BUDGET, |theta, gradient| {
            gradient.iter_mut().enumerate().for_each(|(i, g)| *g = scale(i) * (theta[i] - 1.0));
            (0..n).map(|i| 0.5 * scale(i) * (theta[i] - 1.0) * (theta[i] - 1.0)).sum()
        });
        assert!(found.converged && found.iterations < 1300 && found.value < 1e-20, "{found:?}");
        assert!(theta.iter().all(|value| (value - 1.0).abs() < 1e-8));
    }

    #[test]
    fn rosenbrocks_valley_is_followed_to_its_end() {
        let mut theta = [-1.2, 1.0];
        let found = Lbfgs::new(2, 10).minimise(&mut theta, BUDGET, |theta, gradient| {
            let (a, b) = (1.0 - theta[0], theta[1] - theta[0] * theta[0]);
            gradient.copy_from_slice(&[-2.0 * a - 400.0 * theta[0] * b, 200.0 * b]);
            a * a + 100.0 * b * b
        });
        assert!(found.converged && found.iterations < 60 && found.evaluations < 80, "{found:?}");
        assert!((theta[0] - 1.0).abs() < 1e-10 && (theta[1] - 1.0).abs() < 1e-10);
    }

    #[test]
    fn the_gradient_falls_far_below_what_values_can_tell() {
        // The value is 1 to all digits long before the slope is 0.
        let mut theta = [3.0, -2.0];
        let found = Lbfgs::new(2, 10).minimise(&mut theta, BUDGET, |theta, gradient| {
            gradient.copy_from_slice(&[libm::sinh(theta[0]), 1e-3 * libm::sinh(theta[1])]);
            libm::cosh(theta[0]) + 1e-3 * libm::cosh(theta[1])
        });
        assert!(found.converged, "{found:?}");
    }

    #[test]
    fn single_precision_stops_where_rounding_does() {
        let mut theta = [2.0f32; 4];
        let mut lbfgs = Lbfgs::new(4, 5);
        let cubic = |theta: &[f32], gradient: &mut [f32]| {
            gradient.iter_mut().zip(theta).for_each(|(g, x)| *g = x * x * x + x - 0.3);
            theta.iter().map(|&x| f64::from(x * x * x * x / 4.0 + x * x / 2.0 - 0.3 * x)).sum()
        };
        let found = lbfgs.minimise(&mut theta, Budget { iterations: 100, gradient_norm: 0.0 }, cubic);
        assert!(found.gradient_norm < 1e-6, "{found:?}");
    }

    #[test]
    fn what_is_not_finite_is_left_alone() {
        let mut theta = [1.0];
        let found = Lbfgs::new(1, 3).step(&mut theta, |_, gradient| {
            gradient[0] = f64::NAN;
            f64::INFINITY
        });
        assert!(!found.moved && found.value.is_infinite() && theta == [1.0]);
    }
}
