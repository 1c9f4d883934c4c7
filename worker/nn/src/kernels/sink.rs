//! What becomes of a gradient: an update of the weights at once, or a sum.

use super::lanes::{Family, Lanes};
use super::real::Real;
use super::{LANES, Op, WIDTH};

/// Takes a gradient, stretch by stretch, as it is finished. `at` is a position among all parameters in panel layout.
#[derive(Debug)]
pub(crate) enum Sink<'a, T> {
    /// Adds: the chains go on over several chunks of one batch.
    Sum(&'a mut [T]),
    /// Applies the optimiser's rule at once.
    Update(Update<'a, T>),
}

/// One step of an optimiser's rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rule<T> {
    /// v = m v + g, u = η v.
    Sgd {
        /// η.
        rate: T,
        /// m; with 0 there is no v.
        momentum: T,
    },
}

/// θ ← θ − u by the rule, g being the gradient plus wd·θ, and Σ u² in sixteen lanes of f64.
#[derive(Debug)]
pub(crate) struct Update<'a, T> {
    /// How u follows from g.
    pub(crate) rule: Rule<T>,
    /// wd of matrices and kernels.
    pub(crate) weight_decay: T,
    /// wd of biases and norms.
    pub(crate) bias_decay: T,
    /// θ.
    pub(crate) parameters: &'a mut [T],
    /// v; empty without momentum.
    pub(crate) velocity: &'a mut [T],
    /// Σ u²; lane = position modulo sixteen.
    pub(crate) squares: [f64; LANES],
}

impl<T: Real> Sink<'_, T> {
    /// Whether a gradient of zero changes nothing.
    #[inline(always)]
    pub(crate) fn ignores_zero(&self) -> bool {
        match self {
            Self::Sum(_) => true,
            Self::Update(update) => update.ignores_zero(),
        }
    }

    /// The parameters that an update holds; empty for a sum.
    pub(crate) fn parameters(&self) -> &[T] {
        match self {
            Self::Sum(_) => &[],
            Self::Update(update) => update.parameters,
        }
    }

    /// The values from which the chains of a stretch begin.
    #[inline(always)]
    pub(crate) fn start(&self, at: usize, values: &mut [T]) {
        if let Self::Sum(sums) = self {
            values.copy_from_slice(&sums[at..][..values.len()]);
        }
    }

    /// A finished stretch, a multiple of sixteen long; `matrix` tells weights from biases and norms.
    #[inline(always)]
    pub(crate) fn take<F: Family>(&mut self, at: usize, gradient: &[T], matrix: bool) {
        match self {
            Self::Sum(sums) => sums[at..][..gradient.len()].copy_from_slice(gradient),
            Self::Update(update) => update.take::<T::On<F>>(at, gradient, matrix),
        }
    }
}

impl<T: Real> Update<'_, T> {
    fn ignores_zero(&self) -> bool {
        let Rule::Sgd { momentum, .. } = self.rule;
        momentum == T::ZERO && self.weight_decay == T::ZERO
    }

    #[inline(always)]
    fn take<L: Lanes<T>>(&mut self, at: usize, gradient: &[T], matrix: bool) {
        let n = gradient.len();
        assert!(n.is_multiple_of(LANES), "whole vectors");
        let decay = if matrix { self.weight_decay } else { self.bias_decay };
        let Rule::Sgd { rate, momentum } = self.rule;
        let parameters = &mut self.parameters[at..][..n];
        let mut squares = self.squares;
        // SAFETY: every vector begins at a multiple of L::N below n, and all slices have n numbers; L::N divides
        // sixteen, which divides n (asserted); `L` is right by `Isa`.
        unsafe {
            let (rate, decay) = (L::splat(rate), L::splat(decay));
            let (gradient, parameters) = (gradient.as_ptr(), parameters.as_mut_ptr());
            if self.velocity.is_empty() {
                for i in (0..n).step_by(L::N) {
                    let parameter = L::load(parameters.add(i));
                    let update = L::mul(rate, L::fma(decay, parameter, L::load(gradient.add(i))));
                    L::store(parameters.add(i), L::sub(parameter, update));
                    L::add_squares(&mut squares, i % LANES, update);
                }
            } else {
                let velocity = self.velocity[at..][..n].as_mut_ptr();
                let momentum = L::splat(momentum);
                for i in (0..n).step_by(L::N) {
                    let parameter = L::load(parameters.add(i));
                    let gradient = L::fma(decay, parameter, L::load(gradient.add(i)));
                    let speed = L::fma(momentum, L::load(velocity.add(i)), gradient);
                    let update = L::mul(rate, speed);
                    L::store(velocity.add(i), speed);
                    L::store(parameters.add(i), L::sub(parameter, update));
                    L::add_squares(&mut squares, i % LANES, update);
                }
            }
        }
        self.squares = squares;
    }
}

/// Adds a gradient's chains to its f64 sums, and begins them anew.
pub(crate) struct Fold<'a, T> {
    /// Becomes zero.
    pub(crate) chain: &'a mut [T],
    /// As long, or shorter by padding.
    pub(crate) sums: &'a mut [f64],
}

impl<T: Real> Op for Fold<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        for (sum, value) in self.sums.iter_mut().zip(self.chain) {
            *sum += value.wide();
            *value = T::ZERO;
        }
    }
}

/// An update from a whole gradient, for a batch that was summed in chunks.
pub(crate) struct Apply<'a, 'b, T> {
    /// The gradient, in panel layout.
    pub(crate) gradient: &'a [T],
    /// Where weights end and biases begin: (from, to, matrix).
    pub(crate) parts: &'a [(usize, usize, bool)],
    /// The update.
    pub(crate) update: &'a mut Update<'b, T>,
}

impl<T: Real> Op for Apply<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        for &(from, to, matrix) in self.parts {
            for (at, row) in (from..to).step_by(WIDTH).zip(self.gradient[from..to].as_chunks::<WIDTH>().0) {
                self.update.take::<T::On<F>>(at, row, matrix);
            }
        }
    }
}
