//! Optimisers: what one step makes of a gradient. One file a rule; the constants are PyTorch's, in PyTorch's order.
//!
//! A rule turns the gradient g (with the penalty's part, where decay is coupled) and its moments into the update u that
//! is taken off θ. All of it is element by element, so that it can run on a tile of a gradient while that is in
//! registers and first-level cache, and every instruction set gives the same bits.

mod adam;
mod rmsprop;
mod sgd;

use traipse_sweep::settings::{Optimizer, TrainSettings};

use super::lanes::Lanes;
use super::real::{Number, Real};
use adam::{Adam, Adamw};
use rmsprop::{MovingRmsprop, Rmsprop};
use sgd::{Momentum, Nesterov, Sgd};

/// Most moments that a rule keeps.
pub(crate) const MOMENTS: usize = 2;

/// One step of an optimiser's rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rule<T> {
    /// `sgd` without momentum.
    Sgd(Sgd<T>),
    /// `sgd` with momentum.
    Momentum(Momentum<T>),
    /// `sgd` with momentum that looks ahead.
    Nesterov(Nesterov<T>),
    /// `adam`.
    Adam(Adam<T>),
    /// `adamw`.
    Adamw(Adamw<T>),
    /// `rmsprop` without momentum.
    Rmsprop(Rmsprop<T>),
    /// `rmsprop` with momentum.
    MovingRmsprop(MovingRmsprop<T>),
}

/// The arithmetic of a rule on a vector of parameters.
pub(super) trait Law<T: Number>: Copy {
    /// How many moments it keeps.
    const MOMENTS: usize;
    /// Whether weight decay leaves the gradient alone, and takes [`Self::shrink`] · θ off the weights beside u.
    const DECOUPLED: bool = false;

    /// u, from g and the moments before the step, which become those after it.
    ///
    /// # Safety
    /// The processor has the instructions of `L`.
    unsafe fn update<L: Lanes<T>>(self, gradient: L::V, moments: &mut [L::V; MOMENTS]) -> L::V;

    /// The share of θ that decoupled decay takes off in this step.
    fn shrink(self, _decay: T) -> T {
        T::ZERO
    }
}

impl<T: Real> Rule<T> {
    /// Step `step` (from 0) at learning rate `rate`. None for `lbfgs`, whose step is no such rule.
    pub(crate) fn new(train: &TrainSettings, rate: f64, step: u64) -> Option<Self> {
        let (moves, rate_now) = (train.momentum != 0.0, T::of(rate));
        Some(match train.optimizer {
            Optimizer::Sgd if moves && train.nesterov => Self::Nesterov(Nesterov::new(train, rate_now)),
            Optimizer::Sgd if moves => Self::Momentum(Momentum::new(train, rate_now)),
            Optimizer::Sgd => Self::Sgd(Sgd { rate: rate_now }),
            Optimizer::Adam => Self::Adam(Adam::new(train, rate, step)),
            Optimizer::Adamw => Self::Adamw(Adamw::new(train, rate, step)),
            Optimizer::Rmsprop if moves => Self::MovingRmsprop(MovingRmsprop::new(train, rate_now)),
            Optimizer::Rmsprop => Self::Rmsprop(Rmsprop::new(train, rate_now)),
            Optimizer::Lbfgs => return None,
        })
    }

    /// How many moments of θ's size it keeps.
    pub(crate) fn n_moments(&self) -> usize {
        match self {
            Self::Sgd(_) => 0,
            Self::Momentum(_) | Self::Nesterov(_) | Self::Rmsprop(_) => 1,
            Self::Adam(_) | Self::Adamw(_) | Self::MovingRmsprop(_) => 2,
        }
    }
}
