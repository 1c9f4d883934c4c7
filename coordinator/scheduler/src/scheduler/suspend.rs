//! Workers that are left out: suspended ones of everything, others of the jobs that they failed.

use traipse_sweep::{Fact, FailureClass, WorkerId};

use super::Scheduler;
use crate::command::Now;
use crate::soft::suspensions;
use crate::soft::workers::Session;
use crate::state::Sweep;

impl Scheduler {
    /// Whether a worker gets no leases for a while, because one job after another failed on it.
    pub(super) fn is_suspended(&self, worker: WorkerId) -> bool {
        self.suspensions.until(worker).is_some()
    }

    /// Whether a job is to be left to other workers than the session's, on which it has failed.
    pub(super) fn is_left_out(&self, session: &Session, sweep: &Sweep, position: u64) -> bool {
        let failed_on = sweep.jobs.touched.get(&position).map_or(&[][..], |touched| &touched.failed_on);
        failed_on.contains(&session.worker) && self.has_other(sweep, failed_on)
    }

    /// Whether a worker that may lease of the sweep is none of these. Looks at no more than these and those that may
    /// not.
    pub(super) fn has_other(&self, sweep: &Sweep, workers: &[WorkerId]) -> bool {
        let fits = |session: &&Session| session.is_live() && !session.draining && !self.is_suspended(session.worker);
        let mut others = self.workers.sessions().filter(fits).filter(|session| !workers.contains(&session.worker));
        others.any(|session| self.may_lease(sweep, session))
    }

    /// The worker whose suspension a fact may bring about, with the suspensions that it had before.
    pub(super) fn suspect_of(&self, fact: &Fact) -> Option<(WorkerId, u32)> {
        let lease = match fact {
            Fact::AttemptFailed { lease, class: FailureClass::Transient, .. } => *lease,
            Fact::JobEnded { lease: Some(lease), .. } => *lease,
            _ => return None,
        };
        let (sweep, position) = self.state.leased(lease)?;
        let worker = sweep.jobs.held(position)?.worker;
        Some((worker, self.state.suspects.n_suspensions(worker)))
    }

    /// Suspends a worker that a fact has made suspect, and lifts what a result has made up for.
    pub(super) fn follow_suspect(&mut self, now: Now, (worker, n_before): (WorkerId, u32)) {
        let n = self.state.suspects.n_suspensions(worker);
        if n > n_before {
            self.suspend(now, worker);
            self.newly_suspended.push(worker);
        } else if n < n_before {
            self.suspensions.lift(worker);
            self.woken = true;
        }
    }

    /// For as long as its suspensions in a row call for.
    pub(super) fn suspend(&mut self, now: Now, worker: WorkerId) {
        let n = self.state.suspects.n_suspensions(worker);
        let length = suspensions::length(self.config.suspension, self.config.suspension_max, n);
        self.suspensions.suspend(worker, now + length);
    }
}
