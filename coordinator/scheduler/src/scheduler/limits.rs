//! Jobs that take too long, or stand still.

use std::sync::Arc;

use traipse_sweep::spec::duration_text;
use traipse_sweep::{FailureClass, LeaseId, WorkerId};

use super::failure::Failure;
use super::{Reaction, Scheduler};
use crate::command::Now;

impl Scheduler {
    /// Follows the course of a worker's leases by its heartbeat, and ends those that are over a limit of their sweep. The
    /// worker has a grace to say so itself, since it knows more.
    pub(super) fn follow<B>(
        &mut self,
        now: Now,
        worker: WorkerId,
        leases: &[(LeaseId, u64)],
        reaction: &mut Reaction<B>,
    ) {
        let n_slots = self.workers.of(worker).map_or(0, |session| session.info.n_slots);
        // A worker runs its leases in the order in which they were granted.
        let running: Vec<LeaseId> = self.clocks.of(worker).take(n_slots as usize).collect();
        for &(lease, progress) in leases {
            let runs = running.binary_search(&lease).is_ok();
            self.clocks.note(worker, lease, now, progress, runs);
            if let Some(message) = self.over_limit(now, worker, lease)
                && let Some(attempt) = self.attempt(lease)
            {
                let failure = Failure { class: FailureClass::Transient, message: &message, blamed: false };
                self.fail(now, &attempt, failure, None, reaction);
            }
        }
    }

    /// Which limit a lease is over, in words.
    fn over_limit(&self, now: Now, worker: WorkerId, lease: LeaseId) -> Option<Arc<str>> {
        let course = self.clocks.get(worker, lease)?.course?;
        let (sweep, _) = self.state.leased(lease)?;
        let execution = &sweep.plan.spec().execution;
        let is_over = |since: Now, limit: Now| now.saturating_sub(since) > limit + self.config.limit_grace;
        if is_over(course.since, execution.time_limit) {
            let limit = duration_text(execution.time_limit);
            return Some(Arc::from(format!("it took longer than its time_limit of {limit}")));
        }
        if is_over(course.moved, execution.stall_limit) {
            let limit = duration_text(execution.stall_limit);
            return Some(Arc::from(format!("it made no progress for its stall_limit of {limit}")));
        }
        None
    }
}
