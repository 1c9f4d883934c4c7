//! A person pauses, resumes or cancels a sweep.

use std::sync::Arc;

use traipse_sweep::facts::Control;
use traipse_sweep::{Fact, FailureClass, LeaseId, Outcome, SweepId};

use super::failure::End;
use super::{Reaction, Scheduler};
use crate::command::{Answer, Now, Rejection};
use crate::pump::SweepState;

impl Scheduler {
    pub(super) fn control<B>(&mut self, now: Now, id: SweepId, control: Control) -> Result<Reaction<B>, Rejection> {
        let sweep = self.state.sweep(id).ok_or(Rejection::UnknownSweep(id))?;
        let mut reaction = Reaction::answer(Answer::Controlled);
        match (sweep.state(), control) {
            // What is so already is no fact.
            (SweepState::Cancelled, Control::Cancel)
            | (SweepState::Paused, Control::Pause)
            | (SweepState::Active, Control::Resume) => return Ok(reaction),
            (state, _) if state.is_ended() => return Err(Rejection::Ended(id)),
            _ => {}
        }
        if control == Control::Cancel {
            self.stop_all(id, &Arc::from("the sweep was cancelled"), &mut reaction);
        }
        self.happen(now, Fact::SweepControlled { sweep: id, control }, &mut reaction);
        Ok(reaction)
    }

    /// Every lease of the sweep is over: their workers are told to stop. The fact that follows ends the jobs.
    pub(super) fn stop_all<B>(&mut self, id: SweepId, message: &Arc<str>, reaction: &mut Reaction<B>) {
        let leases: Vec<LeaseId> =
            self.state.leases().filter(|(_, at)| at.sweep == id).map(|(lease, _)| lease).collect();
        for lease in leases {
            let Some(attempt) = self.attempt(lease) else { continue };
            let end = End {
                outcome: Some(Outcome::Cancelled),
                failure: Some((FailureClass::Lost, Arc::clone(message))),
                stats: None,
            };
            reaction.effects.attempts.push(self.record(&attempt, end));
            self.clocks.end(attempt.worker, lease);
            self.tell_to_stop(attempt.worker, lease);
        }
    }
}
