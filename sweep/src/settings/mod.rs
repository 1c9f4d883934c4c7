//! A run's settings: all that decides its training, with every default written out.
//!
//! The serde form of these types *is* the canonical form: keys as in the sweep file, unknown keys refused. What a
//! version knows but cannot yet do is refused when the spec is read, not here.

pub(crate) mod conflict;
mod course;
mod data;
mod fork;
mod model;
mod train;

use serde::{Deserialize, Serialize};

pub use conflict::Conflict;
pub use course::{Course, CourseError};
pub use data::{DataName, DataSettings, Scale};
pub use fork::{ForkSettings, ForkState, ForkTrain};
pub use model::{Activation, Init, ModelKind, ModelSettings, Norm, Preset};
pub use train::{
    Augment, BatchSize, Full, LastBatch, Loss, Optimizer, Precision, Sampling, Schedule, ScheduleWord, Stop,
    TrainSettings,
};

/// Everything that a run computes is a function of this.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunSettings {
    /// The data set and how it is decoded.
    pub data: DataSettings,
    /// The network.
    pub model: ModelSettings,
    /// The optimiser and its course.
    pub train: TrainSettings,
    /// The seeds of the random streams.
    pub streams: Streams,
    /// The fork, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fork: Option<ForkSettings>,
}

/// The seeds of the random streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Streams {
    /// Seeds what the other two do not (nulls), and both of them where they are not set apart.
    pub seed: u64,
    /// Seeds the initial weights.
    pub init_seed: u64,
    /// Seeds the data order.
    pub order_seed: u64,
    /// Which branch of a fork; 0 is the trunk.
    #[serde(skip_serializing_if = "is_trunk")]
    pub branch: u32,
}

fn is_trunk(branch: &u32) -> bool {
    *branch == 0
}
