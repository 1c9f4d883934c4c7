//! Stochastic gradient descent, with momentum (Polyak 1964) and looking ahead (Nesterov 1983, as Sutskever et al. 2013).

use traipse_sweep::settings::TrainSettings;

use super::super::lanes::Lanes;
use super::super::real::Number;
use super::{Law, MOMENTS};

/// u = η g.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sgd<T> {
    /// η.
    pub(super) rate: T,
}

/// v ← m v + g, u = η v; no dampening.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Momentum<T> {
    rate: T,
    momentum: T,
}

/// v ← m v + g, u = η (g + m v); no dampening.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Nesterov<T> {
    rate: T,
    momentum: T,
}

impl<T: Number> Momentum<T> {
    pub(super) fn new(train: &TrainSettings, rate: T) -> Self {
        Self { rate, momentum: T::of(train.momentum) }
    }
}

impl<T: Number> Nesterov<T> {
    pub(super) fn new(train: &TrainSettings, rate: T) -> Self {
        Self { rate, momentum: T::of(train.momentum) }
    }
}

impl<T: Number> Law<T> for Sgd<T> {
    const MOMENTS: usize = 0;

    #[inline(always)]
    unsafe fn update<L: Lanes<T>>(self, gradient: L::V, _: &mut [L::V; MOMENTS]) -> L::V {
        // SAFETY: the caller's.
        unsafe { L::mul(L::splat(self.rate), gradient) }
    }
}

impl<T: Number> Law<T> for Momentum<T> {
    const MOMENTS: usize = 1;

    #[inline(always)]
    unsafe fn update<L: Lanes<T>>(self, gradient: L::V, moments: &mut [L::V; MOMENTS]) -> L::V {
        // SAFETY: the caller's.
        unsafe {
            moments[0] = L::fma(L::splat(self.momentum), moments[0], gradient);
            L::mul(L::splat(self.rate), moments[0])
        }
    }
}

impl<T: Number> Law<T> for Nesterov<T> {
    const MOMENTS: usize = 1;

    #[inline(always)]
    unsafe fn update<L: Lanes<T>>(self, gradient: L::V, moments: &mut [L::V; MOMENTS]) -> L::V {
        // SAFETY: the caller's.
        unsafe {
            let momentum = L::splat(self.momentum);
            moments[0] = L::fma(momentum, moments[0], gradient);
            L::mul(L::splat(self.rate), L::fma(momentum, moments[0], gradient))
        }
    }
}
