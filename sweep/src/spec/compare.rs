//! `[fork]` and `[[compare]]`: branches of one trunk, and runs that are measured together.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Span, SweepSpec};

/// `[[compare]]`: for every setting of all else, groups of runs that differ in one axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Compare {
    /// Which groups.
    pub groups: Groups,
    /// The axis over which members differ: a dotted key of an axis, `seed`, `init_seed`, `order_seed` or `branch`.
    pub over: String,
    /// What is measured.
    pub probe: CompareProbe,
    /// At which snapshots, without repeats, at least one.
    pub at: Vec<Instant>,
    /// Interior points of a segment.
    pub points: u32,
    /// On which examples.
    pub measure: Vec<Measure>,
    /// How members are aligned first: each makes a row of its own.
    pub align: Vec<Align>,
    /// Only members whose settings have one of these values: dotted keys.
    pub wanted: Vec<(String, Vec<Value>)>,
    /// Of the pairs of one setting of all else only the first so many; all where absent.
    pub max_pairs: Option<u32>,
}

/// Which members make a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Groups {
    /// Every two values of the axis.
    Pairs,
    /// Neighbouring values.
    Neighbours,
    /// All values together.
    All,
}

/// What is measured of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CompareProbe {
    /// The loss along the segment between two, with barriers; distances and predictions too.
    Interpolation,
    /// Distances alone.
    Distance,
    /// Distances before and after permutation alignment.
    Alignment,
    /// Disagreement of predictions.
    Prediction,
}

impl CompareProbe {
    /// The word used in the spec and in `comparisons.kind`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Interpolation => "interpolation",
            Self::Distance => "distance",
            Self::Alignment => "alignment",
            Self::Prediction => "prediction",
        }
    }
}

/// A snapshot by its place in the course.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Instant {
    /// Step 0.
    Start,
    /// The snapshot at that epoch or step; it must be in the snapshot plan, or the row says `no-snapshot`.
    At(Span),
    /// The last snapshot.
    End,
}

/// On which examples a comparison measures the loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// The training set.
    Train,
    /// The test set.
    Test,
}

/// What is done to the second member before it is compared with the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Align {
    /// Nothing.
    None,
    /// Its hidden units are permuted to match weights (Ainsworth et al. 2022).
    Weights,
}

impl Compare {
    /// Whether its probe reads `align`; alignment measures both without and with, predictions do not change by it.
    #[must_use]
    pub fn reads_align(&self) -> bool {
        matches!(self.probe, CompareProbe::Interpolation | CompareProbe::Distance)
    }
}

impl Default for Compare {
    fn default() -> Self {
        Self {
            groups: Groups::Pairs,
            over: String::new(),
            probe: CompareProbe::Interpolation,
            at: vec![Instant::End],
            points: 25,
            measure: vec![Measure::Train, Measure::Test],
            align: vec![Align::None],
            wanted: Vec::new(),
            max_pairs: None,
        }
    }
}

impl SweepSpec {
    /// Whether its runs fork.
    #[must_use]
    pub fn forks(&self) -> bool {
        self.n_branches > 1
            || self.base.fork.is_some()
            || self.products.iter().any(|product| product.axes.iter().any(|axis| axis.key.starts_with("fork.")))
    }
}
