//! The sweep file, read: base settings, axes, snapshots, probes, execution.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::settings::RunSettings;

mod canonical;
pub(crate) mod catalogue;
mod check;
mod compare;
mod error;
mod format;
pub(crate) mod node;
mod parse;
mod place;
mod probes;
pub(crate) mod read;
mod schema;
mod snapshots;
mod text;

pub use canonical::canonical_text;
pub use compare::{Align, Compare, CompareProbe, Groups, Instant, Measure};
pub use error::SpecError;
pub use format::Format;
pub use parse::{MAX_SPEC_BYTES, parse};
pub use place::refuse_key;
pub use probes::{
    At, Diffusion, Dimension, GradientNoise, Hessian, Interpolation, Layers, NullKind, Nulls, Plane, Polish,
    Predictions, Probe, ProbeExamples, Probes, Segment, Sharpness, Spectrum, Surface, Trace, TraceMethod,
};
pub use read::duration::{length_of_time, text as duration_text};
pub use schema::json_schema;
pub use snapshots::chosen;

/// One submitted experiment, as its author wrote it, with every default filled in and every range resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepSpec {
    /// `[a-z0-9-]`, at most 64 characters.
    pub name: String,
    /// What every run shares; axes overwrite it.
    pub base: RunSettings,
    /// When weights are measured.
    pub snapshots: Snapshots,
    /// What is measured.
    pub probes: Probes,
    /// The grid: a union of products, at least one (which may have no axes: a single cell).
    pub products: Vec<Product>,
    /// Axes of equal length that advance together: dotted keys.
    pub zip: Vec<Vec<String>>,
    /// Cells left out: each a conjunction of dotted keys and values.
    pub exclude: Vec<Vec<(String, Value)>>,
    /// What repeats the experiment; the last varies fastest.
    pub replicates: Vec<ReplicateAxis>,
    /// Branches of every fork, nested in their seed; 1 where nothing forks.
    pub n_branches: u32,
    /// Runs that are measured together.
    pub compare: Vec<Compare>,
    /// How it is scheduled.
    pub execution: Execution,
}

/// A cartesian product of axes, in the order of the file; the last varies fastest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Product {
    /// The axes.
    pub axes: Vec<Axis>,
}

/// One varied setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Dotted key, such as `train.learning_rate`.
    pub key: String,
    /// Its values in order, no two equal: canonical JSON of the setting.
    pub values: Vec<Value>,
}

/// An axis whose values repeat the experiment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicateAxis {
    /// Which seed.
    pub key: ReplicateKey,
    /// Seeds, no two equal.
    pub values: Vec<u64>,
}

/// What a replicate axis seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplicateKey {
    /// Everything.
    Seed,
    /// The initial weights alone.
    InitSeed,
    /// The data order alone.
    OrderSeed,
}

/// When weights are measured. Step 0 and the last step always are.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshots {
    /// The union of these.
    pub at: Vec<SnapshotRule>,
    /// Keep the weights beside the tables.
    pub keep: bool,
}

/// One rule of a snapshot plan.
#[derive(Clone, Debug, PartialEq)]
pub enum SnapshotRule {
    /// `"every N epochs"`, `"every N steps"`, or the same within bounds (inclusive).
    Every {
        /// The interval.
        interval: Span,
        /// First instant, if bounded.
        from: Option<Span>,
        /// Last instant, if bounded.
        to: Option<Span>,
    },
    /// `{ log = n }`: n steps log-spaced from 1 to the end, rounded, without repeats.
    Log {
        /// How many at most.
        n: u32,
    },
    /// A list of epochs.
    Epochs(Vec<u64>),
}

/// A length of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    /// Passes over the training set.
    Epochs(u64),
    /// Optimiser updates.
    Steps(u64),
}

/// How the sweep is scheduled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    /// In which order jobs become ready.
    pub order: Order,
    /// Transient failures, counted once a worker, before a job is failed.
    pub max_attempts: u32,
    /// An attempt that takes longer is a transient failure.
    pub time_limit: Duration,
    /// An attempt that makes no progress for so long is a transient failure.
    pub stall_limit: Duration,
    /// What a failed or quarantined job does to the others.
    pub on_failure: OnFailure,
    /// Sweeps of a higher one are served first.
    pub priority: i32,
    /// Most jobs leased at a time; 0 is no limit.
    pub max_concurrent: u64,
    /// What a worker must have to be served.
    pub require: Require,
}

/// What a worker must have to get jobs of a sweep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Require {
    /// Labels that it must carry with these values.
    pub labels: BTreeMap<String, String>,
    /// Memory that each of its slots must have, in MB (10⁶ bytes).
    pub memory_mb: u64,
}

/// What a failed or quarantined job does to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// Nothing.
    Continue,
    /// The sweep stops.
    Stop,
}

/// In which order jobs become ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Any prefix covers every axis evenly.
    Balanced,
    /// Lexicographic.
    Grid,
}

impl ReplicateKey {
    /// The word used in the spec.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seed => "seed",
            Self::InitSeed => "init_seed",
            Self::OrderSeed => "order_seed",
        }
    }
}

impl Default for Snapshots {
    fn default() -> Self {
        let every_epoch = SnapshotRule::Every { interval: Span::Epochs(1), from: None, to: None };
        Self { at: vec![every_epoch], keep: false }
    }
}

impl Default for Execution {
    fn default() -> Self {
        Self {
            order: Order::Balanced,
            max_attempts: 4,
            time_limit: Duration::from_secs(2 * 60 * 60),
            stall_limit: Duration::from_secs(10 * 60),
            on_failure: OnFailure::Continue,
            priority: 0,
            max_concurrent: 0,
            require: Require::default(),
        }
    }
}
