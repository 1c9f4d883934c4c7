//! Adam (Kingma, Ba 2015), and AdamW with decoupled weight decay (Loshchilov, Hutter 2019).

use traipse_sweep::settings::TrainSettings;

use super::super::lanes::Lanes;
use super::super::real::Number;
use super::{Law, MOMENTS};

/// m ← m + (1 − β₁)(g − m), s ← β₂ s + (1 − β₂) g², u = η/(1 − β₁ᵗ) · m / (√s / √(1 − β₂ᵗ) + ε), t counted from 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Adam<T> {
    /// η / (1 − β₁ᵗ).
    rate: T,
    /// 1 − β₁.
    news: T,
    /// β₂.
    keep: T,
    /// 1 − β₂.
    square_news: T,
    /// 1 / √(1 − β₂ᵗ).
    correction: T,
    epsilon: T,
}

/// The same, and η wd θ beside it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Adamw<T> {
    adam: Adam<T>,
    /// η.
    rate: T,
}

impl<T: Number> Adam<T> {
    pub(super) fn new(train: &TrainSettings, rate: f64, step: u64) -> Self {
        let left = |beta: f64| 1.0 - libm::pow(beta, (step + 1) as f64);
        Self {
            rate: T::of(rate / left(train.beta1)),
            news: T::of(1.0 - train.beta1),
            keep: T::of(train.beta2),
            square_news: T::of(1.0 - train.beta2),
            correction: T::of(1.0 / left(train.beta2).sqrt()),
            epsilon: T::of(train.epsilon),
        }
    }
}

impl<T: Number> Adamw<T> {
    pub(super) fn new(train: &TrainSettings, rate: f64, step: u64) -> Self {
        Self { adam: Adam::new(train, rate, step), rate: T::of(rate) }
    }
}

impl<T: Number> Law<T> for Adam<T> {
    const MOMENTS: usize = 2;

    #[inline(always)]
    unsafe fn update<L: Lanes<T>>(self, gradient: L::V, moments: &mut [L::V; MOMENTS]) -> L::V {
        // SAFETY: the caller's.
        unsafe {
            let [mean, square] = *moments;
            let mean = L::fma(L::splat(self.news), L::sub(gradient, mean), mean);
            let news = L::mul(L::mul(L::splat(self.square_news), gradient), gradient);
            let square = L::fma(L::splat(self.keep), square, news);
            *moments = [mean, square];
            let root = L::fma(L::sqrt(square), L::splat(self.correction), L::splat(self.epsilon));
            L::div(L::mul(L::splat(self.rate), mean), root)
        }
    }
}

impl<T: Number> Law<T> for Adamw<T> {
    const MOMENTS: usize = 2;
    const DECOUPLED: bool = true;

    #[inline(always)]
    unsafe fn update<L: Lanes<T>>(self, gradient: L::V, moments: &mut [L::V; MOMENTS]) -> L::V {
        // SAFETY: the caller's.
        unsafe { self.adam.update::<L>(gradient, moments) }
    }

    #[inline(always)]
    fn shrink(self, decay: T) -> T {
        self.rate * decay
    }
}
