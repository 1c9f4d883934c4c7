//! An attempt comes to nothing: what becomes of its job.

use std::sync::Arc;

use traipse_sweep::{Fact, FailureClass, Generation, JobNumber, LeaseId, Outcome, SweepId, WorkerId};

use super::{Reaction, Scheduler};
use crate::command::{AttemptStats, Now};
use crate::pump::AttemptRecord;
use crate::state::{LOSSES_A_STRIKE, STRIKES};

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
        class: FailureClass,
        message: &Arc<str>,
        stats: Option<AttemptStats>,
        reaction: &mut Reaction<B>,
    ) {
        let message = shortened(message);
        let (class, outcome) = self.consequence(attempt, class);
        let failure = Some((class, Arc::clone(&message)));
        reaction.effects.attempts.push(self.record(attempt, End { outcome, failure, stats }));
        let Attempt { sweep, job, generation, lease, .. } = *attempt;
        let fact = match outcome {
            Some(outcome) => {
                Fact::JobEnded { sweep, job, generation, lease: Some(lease), outcome, message: Some(message) }
            }
            None => Fact::AttemptFailed { sweep, job, generation, lease, class, message },
        };
        self.happen(now, fact, reaction);
    }

    /// As what a failure counts, and how it ends its job, if it does.
    fn consequence(&self, attempt: &Attempt, class: FailureClass) -> (FailureClass, Option<Outcome>) {
        let sweep = self.state.sweep(attempt.sweep);
        let touched = sweep.and_then(|sweep| sweep.jobs.touched.get(&attempt.position)).cloned().unwrap_or_default();
        let max_attempts = sweep.map_or(0, |sweep| sweep.plan.spec().execution.max_attempts);
        match class {
            FailureClass::Invalid => (class, Some(Outcome::Failed)),
            FailureClass::Transient => (class, (touched.n_transient + 1 >= max_attempts).then_some(Outcome::Failed)),
            FailureClass::Lost if touched.n_lost + 1 < LOSSES_A_STRIKE => (class, None),
            FailureClass::Lost | FailureClass::Poison => {
                (FailureClass::Poison, (touched.n_strikes + 1 >= STRIKES).then_some(Outcome::Quarantined))
            }
        }
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
