//! Time passes: leases run out, waits end, silent workers are counted out.

use super::{Reaction, Scheduler};
use crate::command::Now;
use crate::state::marks::Mark;

impl Scheduler {
    /// Does what is due at `now`.
    pub(crate) fn tick<B>(&mut self, now: Now) -> Reaction<B> {
        let mut reaction = Reaction::default();
        self.expire(now, &mut reaction);
        let state = &self.state;
        let waits = |id, position| state.sweep(id).is_some_and(|sweep| sweep.jobs.marks.get(position) == Mark::Backoff);
        self.woken |= self.backoffs.end_waits(now, waits);
        self.woken |= self.suspensions.end_due(now);
        reaction.effects.closed = self.workers.call_roll(now, self.config.lease);
        reaction
    }
}
