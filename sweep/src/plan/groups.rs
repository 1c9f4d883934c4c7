//! Comparisons as jobs: which runs each measures, computed from its number as everything else of a plan.
//!
//! Comparisons are numbered after the runs: `n_run_jobs..n_jobs`. A comparison's position in the sweep's order is its
//! number; it becomes ready when its members have ended.

use super::Plan;
use crate::ids::JobNumber;

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobKind {
    /// Trains and measures one run.
    Run,
    /// Measures several runs together.
    Comparison,
}

/// A set of runs that are measured together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Which of the spec's `[[compare]]`, from 0.
    pub compare: usize,
    /// Its runs, ascending: two, or of `all_over` two and more.
    pub members: Vec<JobNumber>,
}

impl Plan {
    /// Jobs that are runs: `0..n_run_jobs`, excluded ones included.
    #[must_use]
    pub fn n_run_jobs(&self) -> u64 {
        self.grid.n_jobs
    }

    /// Comparisons that are made, without those of excluded runs.
    #[must_use]
    pub fn n_comparisons(&self) -> u64 {
        0
    }

    /// What a job does.
    #[must_use]
    pub fn kind(&self, job: JobNumber) -> JobKind {
        if job.0 < self.grid.n_jobs { JobKind::Run } else { JobKind::Comparison }
    }

    /// The group of a comparison, in time of its members; none where the job is a run or is left out.
    #[must_use]
    pub fn group(&self, _job: JobNumber) -> Option<Group> {
        None
    }

    /// The comparisons that a run is a member of, ascending, in time of their number; those left out are not there.
    #[must_use]
    pub fn groups_of(&self, _run: JobNumber) -> Vec<JobNumber> {
        Vec::new()
    }
}
