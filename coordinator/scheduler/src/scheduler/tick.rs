//! Time passes: leases run out, waits end, silent workers are counted out.

use std::sync::Arc;

use traipse_sweep::FailureClass;

use super::{Reaction, Scheduler};
use crate::command::Now;
use crate::soft::lapsed::LapsedLease;
use crate::state::marks::Mark;

/// Part of a lease period by which expiry may be late. Beyond it the coordinator itself stood still (stopped, starved,
/// suspended) and heard no heartbeat that came, so that every lease gets a fresh period.
const DEAF_PART: u32 = 3;

impl Scheduler {
    /// Does what is due at `now`.
    pub(crate) fn tick<B>(&mut self, now: Now) -> Reaction<B> {
        let mut reaction = Reaction::default();
        self.expire(now, &mut reaction);
        let state = &self.state;
        let waits = |id, position| state.sweep(id).is_some_and(|sweep| sweep.jobs.marks.get(position) == Mark::Backoff);
        self.woken |= self.backoffs.end_waits(now, waits);
        reaction.effects.closed = self.workers.call_roll(now, self.config.lease);
        reaction
    }

    fn expire<B>(&mut self, now: Now, reaction: &mut Reaction<B>) {
        let late_by = self.clocks.next_deadline().map_or(Now::ZERO, |due| now.saturating_sub(due));
        if late_by > self.config.lease / DEAF_PART {
            self.clocks.renew_all(now + self.config.lease);
        }
        let expired = self.clocks.expired(now);
        if expired.is_empty() {
            return;
        }
        let message: Arc<str> = Arc::from("the lease ran out without a heartbeat");
        for lease in expired {
            let Some(attempt) = self.attempt(lease) else { continue };
            let lapsed = LapsedLease {
                sweep: attempt.sweep,
                position: attempt.position,
                generation: attempt.generation,
                worker: attempt.worker,
                attempt: attempt.attempt,
                granted_at: attempt.granted_at,
            };
            self.fail(now, &attempt, FailureClass::Lost, &message, None, reaction);
            self.lapsed.insert(lease, lapsed);
        }
    }
}
