//! What becomes of a gradient: an update of the weights at once, or a sum.

use super::lanes::{Family, Lanes};
use super::real::Real;
use super::rules::{Law, MOMENTS, Rule};
use super::{LANES, Op, WIDTH};

/// Takes a gradient, stretch by stretch, as it is finished. `at` is a position among all parameters in panel layout.
#[derive(Debug)]
pub(crate) enum Sink<'a, T> {
    /// Adds: the chains go on over several chunks of one batch.
    Sum(&'a mut [T]),
    /// Applies the optimiser's rule at once.
    Update(Update<'a, T>),
}

/// θ ← θ − u by the rule, g being the gradient plus wd·θ (unless decay is decoupled), and Σ u² in sixteen lanes of f64.
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
    /// As many as the rule keeps; the others empty.
    pub(crate) moments: [&'a mut [T]; MOMENTS],
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
    /// Moments go on moving where the gradient is zero, and decay pulls.
    fn ignores_zero(&self) -> bool {
        matches!(self.rule, Rule::Sgd(_)) && self.weight_decay == T::ZERO
    }

    #[inline(always)]
    fn take<L: Lanes<T>>(&mut self, at: usize, gradient: &[T], matrix: bool) {
        match self.rule {
            Rule::Sgd(law) => self.apply::<L, _>(law, at, gradient, matrix),
            Rule::Momentum(law) => self.apply::<L, _>(law, at, gradient, matrix),
            Rule::Nesterov(law) => self.apply::<L, _>(law, at, gradient, matrix),
            Rule::Adam(law) => self.apply::<L, _>(law, at, gradient, matrix),
            Rule::Adamw(law) => self.apply::<L, _>(law, at, gradient, matrix),
            Rule::Rmsprop(law) => self.apply::<L, _>(law, at, gradient, matrix),
            Rule::MovingRmsprop(law) => self.apply::<L, _>(law, at, gradient, matrix),
        }
    }

    #[inline(always)]
    fn apply<L: Lanes<T>, W: Law<T>>(&mut self, law: W, at: usize, gradient: &[T], matrix: bool) {
        let n = gradient.len();
        assert!(n.is_multiple_of(LANES), "whole vectors");
        let decay = if matrix { self.weight_decay } else { self.bias_decay };
        let parameters = self.parameters[at..][..n].as_mut_ptr();
        let mut moments = [std::ptr::null_mut(); MOMENTS];
        for (pointer, moment) in moments.iter_mut().zip(&mut self.moments).take(W::MOMENTS) {
            *pointer = moment[at..][..n].as_mut_ptr();
        }
        let (gradient, mut squares) = (gradient.as_ptr(), self.squares);
        for first in (0..n).step_by(LANES) {
            for lane in (0..LANES).step_by(L::N) {
                let i = first + lane;
                // SAFETY: L::N divides sixteen, which divides n (asserted), so that every vector lies below n; all
                // slices have n numbers, and as many moments as the law keeps; `L` is right by `Isa`.
                unsafe {
                    let parameter = L::load(parameters.add(i));
                    let mut slope = L::load(gradient.add(i));
                    if !W::DECOUPLED {
                        slope = L::fma(L::splat(decay), parameter, slope);
                    }
                    let mut kept = [L::splat(T::ZERO); MOMENTS];
                    for (value, &from) in kept.iter_mut().zip(&moments).take(W::MOMENTS) {
                        *value = L::load(from.add(i));
                    }
                    let mut update = law.update::<L>(slope, &mut kept);
                    if W::DECOUPLED {
                        update = L::fma(L::splat(law.shrink(decay)), parameter, update);
                    }
                    for (value, &to) in kept.into_iter().zip(&moments).take(W::MOMENTS) {
                        L::store(to.add(i), value);
                    }
                    L::store(parameters.add(i), L::sub(parameter, update));
                    L::add_squares(&mut squares, lane, update);
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
