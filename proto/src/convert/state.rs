//! A sweep's state in words.

use crate::v1::SweepState;

impl SweepState {
    /// The word used in messages, tables and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unknown",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more will come of the sweep by itself.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Stopped | Self::Completed | Self::Cancelled)
    }
}

impl crate::v1::SweepStatus {
    /// Runs and comparisons.
    #[must_use]
    pub fn n_jobs(&self) -> u64 {
        self.n_runs + self.n_comparisons
    }

    /// Jobs that have ended, however.
    #[must_use]
    pub fn n_ended(&self) -> u64 {
        self.n_succeeded + self.n_diverged + self.n_failed + self.n_quarantined + self.n_cancelled
    }
}
