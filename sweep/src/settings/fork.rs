//! `[fork]`: from some step on a run takes its noise from its branch's stream, and perhaps other settings.

use serde::{Deserialize, Serialize};

use super::BatchSize;

/// A fork of a run's training. The run is *defined* as training from step 0, equal to its trunk up to the fork; from
/// there on all training noise (data order, dropout, augmentation) comes from the stream of (order_seed, branch).
/// Branch 0 is the trunk's own stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ForkSettings {
    /// Passes over the training set before the fork. Exactly one of `epoch` and `step`.
    pub epoch: Option<u64>,
    /// Optimiser updates before the fork.
    pub step: Option<u64>,
    /// What becomes of the optimiser.
    pub state: ForkState,
    /// Settings that change at the fork.
    pub train: ForkTrain,
}

/// What becomes of the optimiser's state at a fork.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForkState {
    /// Moments, schedule position and total length are kept.
    #[default]
    Keep,
    /// Moments start from zero.
    Reset,
}

/// Settings of `[train]` that change at a fork; absent ones stay. (Weight decay cannot: it is a part of the objective,
/// which is one function for the whole trajectory.)
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ForkTrain {
    /// Learning rate.
    pub learning_rate: Option<f64>,
    /// Momentum.
    pub momentum: Option<f64>,
    /// Examples in a batch.
    pub batch_size: Option<BatchSize>,
}

impl ForkSettings {
    /// The optimiser updates before the fork, in a course of so many steps an epoch.
    #[must_use]
    pub fn step(&self, steps_per_epoch: u64) -> u64 {
        self.step.or_else(|| self.epoch.map(|epoch| epoch.saturating_mul(steps_per_epoch))).unwrap_or(0)
    }
}
