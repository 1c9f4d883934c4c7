//! A worker renews its leases.

use traipse_sweep::LeaseId;

use super::{Reaction, Scheduler};
use crate::command::{Answer, Now, Rejection, SessionId};
use crate::soft::workers::Session;

impl Scheduler {
    /// Renewals are soft: no fact. What is neither under way nor lapsed is to be stopped.
    pub(super) fn heartbeat<B>(
        &mut self,
        now: Now,
        session: SessionId,
        leases: &[(LeaseId, u64)],
    ) -> Result<Reaction<B>, Rejection> {
        let worker = self.session(session)?.worker;
        self.workers.hear_list(session, now);
        let mut reaction = Reaction::default();
        self.follow(now, worker, leases, &mut reaction);
        let deadline = now + self.config.lease;
        let mut stop = Vec::new();
        for &(lease, _) in leases {
            let goes_on = self.clocks.renew(worker, lease, deadline)
                || self.state.leased(lease).is_some()
                || self.is_lapsed(lease);
            if !goes_on {
                stop.push(lease);
            }
        }
        let drain = self.workers.session(session).is_some_and(Session::is_to_be_told);
        reaction.effects.answer = Some(Answer::Beat { stop, drain });
        Ok(reaction)
    }
}
