//! A worker is lost: which of its jobs are to blame.
//!
//! A worker runs its leases in the order of their grants, so the first that it has not reported, as many as it has
//! slots, were running, and each of them may have taken it down: a strike. The rest wait unharmed. Nothing is blamed
//! where the worker had said that it leaves, where it is alive and merely does not hold the lease, or where this life of
//! the coordinator has not heard it: blame needs a witness.

use std::sync::Arc;

use traipse_sweep::{FailureClass, LeaseId, WorkerId};

use super::failure::Failure;
use super::{Reaction, Scheduler};
use crate::command::Now;
use crate::mutation::{self, Mutation};
use crate::soft::clocks::Clock;
use crate::soft::lapsed::LapsedLease;

/// Part of a lease period by which expiry may be late. Beyond it the coordinator itself stood still (stopped, starved,
/// suspended) and heard no heartbeat that came, so that every lease gets a fresh period.
const DEAF_PART: u32 = 3;

impl Scheduler {
    /// Leases run out.
    pub(super) fn expire<B>(&mut self, now: Now, reaction: &mut Reaction<B>) {
        let late_by = self.clocks.next_deadline().map_or(Now::ZERO, |due| now.saturating_sub(due));
        if late_by > self.config.lease / DEAF_PART {
            self.clocks.renew_all(now + self.config.lease);
        }
        let message: Arc<str> = Arc::from("the lease ran out without a heartbeat");
        for lease in self.clocks.expired(now) {
            let Some(attempt) = self.attempt(lease) else { continue };
            if self.goes_on(now, attempt.worker, lease) {
                continue;
            }
            let lapsed = LapsedLease {
                sweep: attempt.sweep,
                position: attempt.position,
                generation: attempt.generation,
                worker: attempt.worker,
                attempt: attempt.attempt,
                granted_at: attempt.granted_at,
            };
            let blamed = self.is_silent(now, attempt.worker) && self.n_to_blame(attempt.worker) > 0;
            self.workers.blame(attempt.worker, u32::from(blamed));
            self.fail(now, &attempt, Failure { class: FailureClass::Lost, message: &message, blamed }, None, reaction);
            self.lapsed.insert(lease, lapsed);
        }
    }

    /// A lease that its worker did not omit goes on for a period from the worker's last word, so that all leases of one that
    /// falls silent run out together.
    fn goes_on(&mut self, now: Now, worker: WorkerId, lease: LeaseId) -> bool {
        let (Some(session), Some(clock)) = (self.workers.of(worker), self.clocks.get(worker, lease)) else {
            return false;
        };
        let deadline = session.heard() + self.config.lease;
        let is_omitted = clock.deadline < session.listed() + self.config.lease;
        if is_omitted || deadline <= now {
            return false;
        }
        self.clocks.start(worker, lease, Clock { deadline, ..clock });
        true
    }

    /// Leases that a worker does not list when it registers are over: it lost them, by a restart, for which the first
    /// `n_to_blame` are blamed, or because an answer never came.
    pub(super) fn lose<B>(
        &mut self,
        now: Now,
        leases: &[LeaseId],
        n_to_blame: Option<u32>,
        reaction: &mut Reaction<B>,
    ) {
        let message: Arc<str> = Arc::from(match n_to_blame {
            Some(_) => "the worker was restarted",
            None => "the worker no longer holds the lease",
        });
        let mut n_left = n_to_blame.unwrap_or(0);
        for lease in leases {
            if n_to_blame.is_some() && mutation::is_on(Mutation::RenewDeadIncarnation) {
                let worker = self.attempt(*lease).map(|attempt| attempt.worker);
                worker.into_iter().for_each(|worker| _ = self.clocks.renew(worker, *lease, now + self.config.lease));
                continue;
            }
            let Some(attempt) = self.attempt(*lease) else { continue };
            let blamed = n_left > 0;
            n_left = n_left.saturating_sub(1);
            self.fail(now, &attempt, Failure { class: FailureClass::Lost, message: &message, blamed }, None, reaction);
        }
    }

    /// Whether a worker that was heard in this life has not been for a lease period.
    fn is_silent(&self, now: Now, worker: WorkerId) -> bool {
        self.workers.of(worker).is_some_and(|session| session.heard() + self.config.lease <= now)
    }

    fn n_to_blame(&self, worker: WorkerId) -> u32 {
        self.workers.of(worker).map_or(0, |session| session.n_to_blame())
    }
}
