//! An attempt comes to nothing: what becomes of its job.

use std::sync::Arc;

use traipse_sweep::{Fact, FailureClass, Generation, JobNumber, LeaseId, Outcome, SweepId, WorkerId};

use super::{Reaction, Scheduler};
use crate::command::{AttemptStats, Now};
use crate::pump::AttemptRecord;
use crate::state::STRIKES;

/// Longest message that is kept, in bytes.
const MESSAGE_MAX: usize = 1024;

/// An attempt, as far as it is still known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    pub(super) sweep: SweepId,
    pub(super) position: u64,
    pub(super) job: JobNumber,
    pub(super) generation: Generation,
    pub(super) lease: LeaseId,
    pub(super) worker: WorkerId,
    pub(super) attempt: u32,
    pub(super) granted_at: Option<Now>,
}

/// How an attempt ended.
#[derive(Debug)]
pub(super) struct End {
    /// How its job ended with it, if it did.
    pub(super) outcome: Option<Outcome>,
    pub(super) failure: Option<(FailureClass, Arc<str>)>,
    pub(super) stats: Option<AttemptStats>,
}

/// Why an attempt comes to nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failure<'a> {
    pub(super) class: FailureClass,
    pub(super) message: &'a Arc<str>,
    /// Of a lost one: the job is to blame.
    pub(super) blamed: bool,
}

impl Scheduler {
    /// What is known of the attempt under a lease that is under way.
    pub(super) fn attempt(&self, lease: LeaseId) -> Option<Attempt> {
        let (sweep, position) = self.state.leased(lease)?;
        let touched = sweep.jobs.touched.get(&position)?;
        let worker = touched.held?.worker;
        Some(Attempt {
            sweep: sweep.id,
            position,
            job: sweep.plan.job_at(position),
            generation: sweep.generation(position),
            lease,
            worker,
            attempt: touched.attempts,
            granted_at: self.clocks.get(worker, lease).and_then(|clock| clock.granted_at),
        })
    }

    /// The row of the attempts table.
    pub(super) fn record(&self, attempt: &Attempt, end: End) -> AttemptRecord {
        AttemptRecord {
            sweep: attempt.sweep,
            job: attempt.job,
            generation: attempt.generation,
            lease: attempt.lease,
            attempt: attempt.attempt,
            worker: attempt.worker,
            info: self.workers.info(attempt.worker).cloned(),
            granted_at: attempt.granted_at,
            outcome: end.outcome,
            failure: end.failure,
            stats: end.stats,
        }
    }

    /// The attempt under a lease that is under way has failed.
    pub(super) fn fail<B>(
        &mut self,
        now: Now,
        attempt: &Attempt,
        failure: Failure<'_>,
        stats: Option<AttemptStats>,
        reaction: &mut Reaction<B>,
    ) {
        let (class, message) = (failure.class, shortened(failure.message));
        let counts = self.counts(attempt, &failure);
        let Attempt { sweep, job, generation, lease, .. } = *attempt;
        let outcome = if class == FailureClass::Invalid {
            Some(Outcome::Failed)
        } else {
            let message = Arc::clone(&message);
            let fact = Fact::AttemptFailed { sweep, job, generation, lease, class, counts, message };
            self.happen(now, fact, reaction);
            self.final_outcome(attempt, class)
        };
        let end = End { outcome, failure: Some((class, Arc::clone(&message))), stats };
        reaction.effects.attempts.push(self.record(attempt, end));
        if let Some(outcome) = outcome {
            let message = Some(Arc::clone(&message));
            let fact = Fact::JobEnded { sweep, job, generation, lease: Some(lease), outcome, message };
            self.happen(now, fact, reaction);
        }
        self.judge(now, attempt, class, outcome, &message, reaction);
    }

    /// Whether a failure counts against its job. A transient one counts once a worker, as long as there is another on
    /// which the job may do better; and not at all on a worker that is suspended.
    fn counts(&self, attempt: &Attempt, failure: &Failure<'_>) -> bool {
        match failure.class {
            FailureClass::Invalid | FailureClass::Poison => true,
            FailureClass::Lost => failure.blamed,
            FailureClass::Transient => {
                let Some(sweep) = self.state.sweep(attempt.sweep) else { return true };
                let touched = sweep.jobs.touched.get(&attempt.position);
                match touched.filter(|touched| touched.failed_on.contains(&attempt.worker)) {
                    Some(touched) => !self.has_other(sweep, &touched.failed_on),
                    None => !self.is_suspended(attempt.worker),
                }
            }
        }
    }

    /// How a job ends whose attempt has just failed, if it does.
    fn final_outcome(&self, attempt: &Attempt, class: FailureClass) -> Option<Outcome> {
        let sweep = self.state.sweep(attempt.sweep)?;
        let touched = sweep.jobs.touched.get(&attempt.position)?;
        if touched.n_strikes >= STRIKES {
            return Some(Outcome::Quarantined);
        }
        let spent = touched.n_counted >= sweep.plan.spec().execution.max_attempts;
        (spent && class == FailureClass::Transient).then_some(Outcome::Failed)
    }

    /// A worker's lease is over without its doing: it is told in its next answer.
    pub(super) fn tell_to_stop(&mut self, worker: WorkerId, lease: LeaseId) {
        self.woken |= self.workers.stop(worker, lease);
    }
}

/// The message, cut at a character where it is too long.
fn shortened(message: &Arc<str>) -> Arc<str> {
    if message.len() <= MESSAGE_MAX {
        return Arc::clone(message);
    }
    Arc::from(&message[..message.floor_char_boundary(MESSAGE_MAX)])
}
