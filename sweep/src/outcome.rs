//! How a job ends, and why an attempt fails.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a job ended. A diverged training is a result, with rows, and not a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Trained to the end, rows kept.
    Succeeded,
    /// A loss or an update stopped being finite; rows kept up to then.
    Diverged,
    /// Could not be run: invalid, or every attempt failed.
    Failed,
    /// Cancelled by a person before it ended.
    Cancelled,
    /// Took its workers down with it three times.
    Quarantined,
    /// A comparison that had too few members.
    Skipped,
}

impl Outcome {
    /// Every outcome, in the order in which counts are printed.
    pub const ALL: [Self; 6] =
        [Self::Succeeded, Self::Diverged, Self::Failed, Self::Cancelled, Self::Quarantined, Self::Skipped];

    /// The word used in tables, messages and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Diverged => "diverged",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Quarantined => "quarantined",
            Self::Skipped => "skipped",
        }
    }

    /// Whether the job's rows are part of the results.
    #[must_use]
    pub fn has_rows(self) -> bool {
        matches!(self, Self::Succeeded | Self::Diverged)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an attempt failed, which decides what happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureClass {
    /// The environment's fault (a missing file, a full disk): retried with jittered backoff, up to `max_attempts`.
    Transient,
    /// The job took its worker down, or panicked: a strike; three quarantine it.
    Poison,
    /// The settings cannot be run at all: final at once.
    Invalid,
    /// The lease ran out or its worker was lost: the job goes back to the queue.
    Lost,
}

impl FailureClass {
    /// The word used in tables, messages and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Poison => "poison",
            Self::Invalid => "invalid",
            Self::Lost => "lost",
        }
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
