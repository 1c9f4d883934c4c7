//! A worker opens a session, and says which leases it holds.

use std::collections::BTreeSet;

use traipse_sweep::{LeaseId, WorkerId};

use super::{Reaction, Scheduler};
use crate::command::{Answer, Now, Register, Rejection};

/// Most slots of one worker that count.
const SLOTS_MAX: u32 = 4096;

impl Scheduler {
    /// Leases that the worker does not list are over at once: it has lost them, by a restart or because an answer
    /// never came. Listed ones go on for a fresh period.
    pub(super) fn register<B>(&mut self, now: Now, register: Register) -> Result<Reaction<B>, Rejection> {
        let Register { worker, incarnation, mut info, held } = register;
        let last = self.workers.incarnation(worker);
        if let Some(current) = last.filter(|current| *current > incarnation) {
            return Err(Rejection::OldIncarnation { found: incarnation, current });
        }
        info.n_slots = info.n_slots.min(SLOTS_MAX);
        let n_to_blame = self.workers.of(worker).map_or(0, |session| session.n_to_blame());
        let (session, closed) = self.workers.open(now, worker, incarnation, info, self.config.lease);
        let restarted = last.is_some_and(|last| last < incarnation);
        let mut reaction = Reaction::default();
        let listed: BTreeSet<LeaseId> = held.iter().copied().collect();
        let unlisted: Vec<LeaseId> = self.clocks.of(worker).filter(|lease| !listed.contains(lease)).collect();
        self.lose(now, &unlisted, restarted.then_some(n_to_blame), &mut reaction);
        let ended = held.into_iter().filter(|lease| !self.adopt(now, worker, *lease)).collect();
        reaction.effects.closed.extend(closed);
        reaction.effects.answer = Some(Answer::Registered { session, ended });
        Ok(reaction)
    }

    /// Whether a held lease is honoured: it is under way, or it lapsed and its job still wants a result.
    fn adopt(&mut self, now: Now, worker: WorkerId, lease: LeaseId) -> bool {
        if self.state.leased(lease).is_some() {
            // A lease shown by another worker than its own can be reported; only its own renews it.
            self.clocks.renew(worker, lease, now + self.config.lease);
            return true;
        }
        self.is_lapsed(lease)
    }

    /// Whether a lease ran out and its job still wants a result.
    pub(super) fn is_lapsed(&mut self, lease: LeaseId) -> bool {
        let Some(&lapsed) = self.lapsed.get(lease) else { return false };
        let wanted = self.state.sweep(lapsed.sweep).is_some_and(|sweep| {
            !sweep.is_over(lapsed.position) && sweep.generation(lapsed.position) == lapsed.generation
        });
        if !wanted {
            self.lapsed.remove(lease);
        }
        wanted
    }
}
