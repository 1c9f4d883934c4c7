//! What the simulator looks at between two events: the live state, which no answer may show.

use std::fmt::Debug;

use traipse_sweep::{JobNumber, LeaseId, SweepId, WorkerId};

use super::Pump;

/// How much waits in a pump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Calls to be answered.
    pub n_open: usize,
    /// Facts that no batch has taken yet.
    pub n_pending_facts: usize,
    /// Sessions that have reported.
    pub n_lines: usize,
    /// Reports that wait for something to say.
    pub n_parked: usize,
}

impl<R: Copy + Ord + Debug, B: Clone + Debug> Pump<R, B> {
    /// Whether a lease is under way.
    #[must_use]
    pub fn is_under_way(&self, lease: LeaseId) -> bool {
        self.scheduler.state.leased(lease).is_some()
    }

    /// The leases of a worker that are under way.
    #[must_use]
    pub fn leases_of(&self, worker: WorkerId) -> Vec<LeaseId> {
        self.scheduler.leases_of(worker)
    }

    /// What counts against a job: transient failures that count, and strikes.
    #[must_use]
    pub fn blame(&self, sweep: SweepId, job: JobNumber) -> (u32, u32) {
        let sweep = self.scheduler.state.sweep(sweep);
        let touched = sweep.and_then(|sweep| sweep.jobs.touched.get(&sweep.position(job)?));
        touched.map_or((0, 0), |touched| (touched.n_counted, touched.n_strikes))
    }

    /// The job of a lease that is under way.
    #[must_use]
    pub fn job_of(&self, lease: LeaseId) -> Option<(SweepId, JobNumber)> {
        let (sweep, position) = self.scheduler.state.leased(lease)?;
        Some((sweep.id, sweep.plan.job_at(position)))
    }

    /// How much waits.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        let (n_lines, n_parked) = self.lines.sizes();
        Sizes { n_open: self.open.len(), n_pending_facts: self.gather.n_pending_facts(), n_lines, n_parked }
    }
}
