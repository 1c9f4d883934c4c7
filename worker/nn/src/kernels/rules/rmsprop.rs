//! RMSprop (Tieleman, Hinton 2012), not centred; ε is added to the root, not under it.

use traipse_sweep::settings::TrainSettings;

use super::super::lanes::Lanes;
use super::super::real::Number;
use super::{Law, MOMENTS};

/// s ← α s + (1 − α) g², u = η g / (√s + ε).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rmsprop<T> {
    rate: T,
    /// α.
    keep: T,
    /// 1 − α.
    news: T,
    epsilon: T,
}

/// s as [`Rmsprop`]; v ← m v + g / (√s + ε), u = η v.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct MovingRmsprop<T> {
    scaling: Rmsprop<T>,
    momentum: T,
}

impl<T: Number> Rmsprop<T> {
    pub(super) fn new(train: &TrainSettings, rate: T) -> Self {
        Self { rate, keep: T::of(train.alpha), news: T::of(1.0 - train.alpha), epsilon: T::of(train.epsilon) }
    }

    /// √s + ε, s being brought up to date.
    #[inline(always)]
    unsafe fn root<L: Lanes<T>>(self, gradient: L::V, square: &mut L::V) -> L::V {
        // SAFETY: the caller's.
        unsafe {
            let news = L::mul(L::mul(L::splat(self.news), gradient), gradient);
            *square = L::fma(L::splat(self.keep), *square, news);
            L::add(L::sqrt(*square), L::splat(self.epsilon))
        }
    }
}

impl<T: Number> MovingRmsprop<T> {
    pub(super) fn new(train: &TrainSettings, rate: T) -> Self {
        Self { scaling: Rmsprop::new(train, rate), momentum: T::of(train.momentum) }
    }
}

impl<T: Number> Law<T> for Rmsprop<T> {
    const MOMENTS: usize = 1;

    #[inline(always)]
    unsafe fn update<L: Lanes<T>>(self, gradient: L::V, moments: &mut [L::V; MOMENTS]) -> L::V {
        // SAFETY: the caller's.
        unsafe {
            let root = self.root::<L>(gradient, &mut moments[0]);
            L::div(L::mul(L::splat(self.rate), gradient), root)
        }
    }
}

impl<T: Number> Law<T> for MovingRmsprop<T> {
    const MOMENTS: usize = 2;

    #[inline(always)]
    unsafe fn update<L: Lanes<T>>(self, gradient: L::V, moments: &mut [L::V; MOMENTS]) -> L::V {
        // SAFETY: the caller's.
        unsafe {
            let [square, speed] = moments;
            let root = self.scaling.root::<L>(gradient, square);
            *speed = L::fma(L::splat(self.momentum), *speed, L::div(gradient, root));
            L::mul(L::splat(self.scaling.rate), *speed)
        }
    }
}
