//! What a failure means for its sweep: some end it, some pause it.

use std::sync::Arc;

use traipse_sweep::facts::Hold;
use traipse_sweep::spec::OnFailure;
use traipse_sweep::{Fact, FailureClass, Outcome, SweepId};

use super::failure::Attempt;
use super::{Reaction, Scheduler};
use crate::command::Now;
use crate::pump::SweepState;
use crate::state::Sweep;
use crate::state::trial::TRIAL_ATTEMPTS;

impl Scheduler {
    /// An attempt has failed, and its job with it if there is an outcome: what becomes of the sweep?
    pub(super) fn judge<B>(
        &mut self,
        now: Now,
        attempt: &Attempt,
        class: FailureClass,
        outcome: Option<Outcome>,
        message: &Arc<str>,
        reaction: &mut Reaction<B>,
    ) {
        let Some(sweep) = self.state.sweep(attempt.sweep).filter(|sweep| !sweep.state().is_ended()) else { return };
        let counts = sweep.jobs.counts();
        let has_results = counts.n_succeeded + counts.n_diverged > 0;
        let job = attempt.job.0;
        let (hold, why) = if class == FailureClass::Invalid && !has_results {
            (Hold::Stop, format!("job {job}, before any had a result, cannot be run at all: {message}"))
        } else if let Some(outcome) = outcome.filter(|_| stops_on_failure(sweep)) {
            (Hold::Stop, format!("on_failure = \"stop\", and job {job} was {}: {message}", ended(outcome)))
        } else if let Some(message) = sweep.trial.verdict().filter(|_| sweep.state() == SweepState::Active) {
            (Hold::Pause, format!("the first {TRIAL_ATTEMPTS} attempts all failed, with one message: {message}"))
        } else if let Some((n_failed, message)) = sweep.trial.so_far().filter(|_| self.nobody_is_left(sweep)) {
            (
                Hold::Pause,
                format!("all {n_failed} attempts so far failed, on every worker and with one message: {message}"),
            )
        } else {
            return;
        };
        self.hold(now, attempt.sweep, hold, &Arc::from(why), reaction);
    }

    /// Whether nothing of an active sweep runs and all live workers are suspended: to try on after their suspensions
    /// would tell nothing more.
    fn nobody_is_left(&self, sweep: &Sweep) -> bool {
        let mut live = self.workers.sessions().filter(|session| session.is_live()).peekable();
        let any = live.peek().is_some();
        let idle = sweep.state() == SweepState::Active && sweep.jobs.counts().n_leased == 0;
        idle && any && live.all(|session| self.is_suspended(session.worker))
    }

    fn hold<B>(&mut self, now: Now, sweep: SweepId, hold: Hold, message: &Arc<str>, reaction: &mut Reaction<B>) {
        if hold == Hold::Stop {
            self.stop_all(sweep, &Arc::from("the sweep was stopped"), reaction);
        }
        self.happen(now, Fact::SweepHeld { sweep, hold, message: Arc::clone(message) }, reaction);
    }
}

fn stops_on_failure(sweep: &Sweep) -> bool {
    sweep.plan.spec().execution.on_failure == OnFailure::Stop
}

fn ended(outcome: Outcome) -> &'static str {
    if outcome == Outcome::Quarantined { "quarantined" } else { "failed" }
}
