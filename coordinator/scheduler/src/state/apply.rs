//! The one function that changes durable state, for a live coordinator and for one that restarts.

use std::sync::Arc;

use traipse_sweep::facts::Control;
use traipse_sweep::{Fact, FailureClass, Generation, Incarnation, JobNumber, LeaseId, Outcome, SweepId};

use super::jobs::{Held, mark_of};
use super::marks::Mark;
use super::{JobAt, Plans, State, Sweep, Wish};
use crate::mutation::{self, Mutation};

/// Strikes that quarantine a job.
pub(crate) const STRIKES: u32 = 3;
/// Lost leases of one job that count as a strike: one that takes its worker down silently must end some day, and a
/// job whose workers are preempted must not be blamed for it.
pub(crate) const LOSSES_A_STRIKE: u32 = 3;

/// A fact that does not fit the state before it: the journal is damaged, or the scheduler has a bug.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// A life that is not later than the last.
    #[error("incarnation {found:?} does not follow {last:?}")]
    Incarnation {
        /// The one in the fact.
        found: Incarnation,
        /// The last one.
        last: Incarnation,
    },
    /// A sweep that was admitted before.
    #[error("sweep {0} is admitted twice")]
    AdmittedTwice(SweepId),
    /// A spec that does not parse.
    #[error("the spec of sweep {sweep} is not canonical: {message}")]
    BadSpec {
        /// Whose.
        sweep: SweepId,
        /// In the parser's words.
        message: String,
    },
    /// A sweep that was never admitted.
    #[error("there is no sweep {0}")]
    UnknownSweep(SweepId),
    /// Something happens in a sweep that has ended.
    #[error("sweep {0} has ended")]
    Ended(SweepId),
    /// Numerics are pinned once.
    #[error("numerics of sweep {0} are pinned twice")]
    PinnedTwice(SweepId),
    /// No run has that number, or not in that generation.
    #[error("sweep {sweep} has no job {job:?} in {generation:?}")]
    UnknownJob {
        /// Which sweep.
        sweep: SweepId,
        /// Which job.
        job: JobNumber,
        /// In which generation.
        generation: Generation,
    },
    /// The job is not in the state that the fact needs.
    #[error("job {job:?} of sweep {sweep} cannot be {what}")]
    WrongState {
        /// Which sweep.
        sweep: SweepId,
        /// Which job.
        job: JobNumber,
        /// What the fact says happened to it.
        what: &'static str,
    },
}

impl State {
    /// What the state becomes when `fact` has happened. On an error it is as before, or of no use.
    pub(crate) fn apply(&mut self, fact: &Fact, plans: &mut Plans) -> Result<(), Misfit> {
        match fact {
            Fact::IncarnationStarted { incarnation } => self.start(*incarnation),
            Fact::SweepAdmitted { sweep, spec } => self.admit(*sweep, spec, plans),
            Fact::NumericsPinned { sweep, numerics } => self.pin(*sweep, numerics),
            Fact::SweepControlled { sweep, control } => self.control(*sweep, *control),
            Fact::Granted { sweep, job, generation, lease, worker, attempt } => {
                self.granted(*sweep, *job, *generation, Held { lease: *lease, worker: *worker }, *attempt)
            }
            Fact::AttemptFailed { sweep, job, generation, lease, class, message } => {
                self.attempt_failed(*sweep, *job, *generation, *lease, *class, message)
            }
            Fact::LeaseReturned { sweep, job, generation, lease } => {
                self.lease_returned(*sweep, *job, *generation, *lease)
            }
            Fact::JobEnded { sweep, job, generation, outcome, message, .. } => {
                self.job_ended(*sweep, *job, *generation, *outcome, message.as_ref())
            }
            Fact::JobsRetried { sweep, request, jobs } => self.jobs_retried(*sweep, *request, jobs),
        }
    }

    fn start(&mut self, incarnation: Incarnation) -> Result<(), Misfit> {
        if incarnation <= self.incarnation {
            return Err(Misfit::Incarnation { found: incarnation, last: self.incarnation });
        }
        self.incarnation = incarnation;
        Ok(())
    }

    fn admit(&mut self, sweep: SweepId, spec: &Arc<str>, plans: &mut Plans) -> Result<(), Misfit> {
        if self.sweeps.contains_key(&sweep) {
            return Err(Misfit::AdmittedTwice(sweep));
        }
        let plan = plans.plan(sweep, spec).map_err(|message| Misfit::BadSpec { sweep, message })?;
        let number = self.order.len() as u64;
        self.put(Sweep::new(sweep, number, Arc::clone(spec), plan));
        Ok(())
    }

    /// Adds a sweep, the next in order.
    pub(super) fn put(&mut self, sweep: Sweep) {
        assert_eq!(sweep.number, self.order.len() as u64, "sweeps are put in the order of their admission");
        if !sweep.state().is_ended() {
            self.unended.insert(sweep.number);
        }
        let held = sweep.jobs.touched.iter().filter_map(|(&position, touched)| Some((touched.held?.lease, position)));
        self.leases.extend(held.map(|(lease, position)| (lease, JobAt { sweep: sweep.id, position })));
        self.order.push(sweep.id);
        self.sweeps.insert(sweep.id, sweep);
    }

    fn pin(&mut self, sweep: SweepId, numerics: &Arc<str>) -> Result<(), Misfit> {
        let sweep = self.running(sweep)?;
        if sweep.numerics.is_some() {
            return Err(Misfit::PinnedTwice(sweep.id));
        }
        sweep.numerics = Some(Arc::clone(numerics));
        Ok(())
    }

    fn control(&mut self, sweep: SweepId, control: Control) -> Result<(), Misfit> {
        let sweep = self.running(sweep)?;
        match control {
            Control::Pause => sweep.wish = Wish::Pause,
            Control::Resume => sweep.wish = Wish::Run,
            Control::Cancel => {
                sweep.wish = Wish::Cancel;
                let number = sweep.number;
                for held in sweep.jobs.abandon() {
                    self.leases.remove(&held.lease);
                }
                self.unended.remove(&number);
            }
        }
        Ok(())
    }

    fn granted(
        &mut self,
        id: SweepId,
        job: JobNumber,
        generation: Generation,
        held: Held,
        attempt: u32,
    ) -> Result<(), Misfit> {
        let wrong = Misfit::WrongState { sweep: id, job, what: "leased" };
        let (sweep, position) = self.job(id, job, generation)?;
        match sweep.jobs.marks.get(position) {
            Mark::Fresh => {
                let plan = &sweep.plan;
                if position < sweep.jobs.cursor || sweep.is_blocked(position) || plan.is_excluded(job) {
                    return Err(wrong);
                }
                let excluded = |passed| plan.is_excluded(plan.job_at(passed));
                sweep.jobs.pass(position, excluded).map_err(|_| wrong.clone())?;
            }
            Mark::Again | Mark::Backoff | Mark::Ready => {}
            _ => return Err(wrong),
        }
        sweep.jobs.mark(position, Mark::Leased);
        let touched = sweep.jobs.touched.entry(position).or_default();
        touched.attempts += 1;
        touched.held = Some(held);
        let counted = touched.attempts;
        let before = self.leases.insert(held.lease, JobAt { sweep: id, position });
        if before.is_some() || counted != attempt { Err(wrong) } else { Ok(()) }
    }

    fn attempt_failed(
        &mut self,
        id: SweepId,
        job: JobNumber,
        generation: Generation,
        lease: LeaseId,
        class: FailureClass,
        message: &Arc<str>,
    ) -> Result<(), Misfit> {
        let sweep = self.release(id, job, generation, lease)?;
        let position = sweep.plan.position_of(job);
        sweep.jobs.n_lost_attempts += 1;
        sweep.last_failure = Some(Arc::clone(message));
        let touched = sweep.jobs.touched.entry(position).or_default();
        match class {
            FailureClass::Transient => touched.n_transient += 1,
            FailureClass::Lost => touched.n_lost += 1,
            FailureClass::Poison => {
                touched.n_strikes += 1;
                touched.n_lost = 0;
            }
            FailureClass::Invalid => return Err(Misfit::WrongState { sweep: id, job, what: "invalid and not done" }),
        }
        let mark = if class == FailureClass::Transient { Mark::Backoff } else { Mark::Again };
        sweep.jobs.mark(position, mark);
        Ok(())
    }

    fn lease_returned(
        &mut self,
        id: SweepId,
        job: JobNumber,
        generation: Generation,
        lease: LeaseId,
    ) -> Result<(), Misfit> {
        let sweep = self.release(id, job, generation, lease)?;
        let position = sweep.plan.position_of(job);
        let touched = sweep.jobs.touched.entry(position).or_default();
        touched.attempts -= 1;
        sweep.jobs.mark(position, Mark::Again);
        Ok(())
    }

    fn job_ended(
        &mut self,
        id: SweepId,
        job: JobNumber,
        generation: Generation,
        outcome: Outcome,
        message: Option<&Arc<str>>,
    ) -> Result<(), Misfit> {
        let wrong = Misfit::WrongState { sweep: id, job, what: "ended" };
        let (sweep, position) = self.job(id, job, generation)?;
        let before = sweep.jobs.marks.get(position);
        let excluded = before == Mark::Excluded || before == Mark::Fresh && sweep.plan.is_excluded(job);
        let can_end = !excluded && !before.is_done() && !sweep.is_blocked(position);
        let mark = mark_of(outcome).filter(|_| can_end).ok_or(wrong)?;
        if mark == Mark::Failed || mark == Mark::Quarantined {
            sweep.jobs.n_lost_attempts += 1;
            sweep.last_failure = message.cloned().or(sweep.last_failure.take());
        }
        let held = sweep.jobs.end(position, mark, message);
        let forgets = mutation::is_on(Mutation::ForgetGroup) && !outcome.has_rows();
        for comparison in sweep.unblocked_by(job).into_iter().filter(|_| !forgets) {
            sweep.jobs.mark(comparison, Mark::Ready);
        }
        let (number, ended) = (sweep.number, sweep.state().is_ended());
        if let Some(held) = held {
            self.leases.remove(&held.lease);
        }
        if ended {
            self.unended.remove(&number);
        }
        Ok(())
    }

    /// Takes a lease from its job, whose mark the caller then changes.
    fn release(
        &mut self,
        id: SweepId,
        job: JobNumber,
        generation: Generation,
        lease: LeaseId,
    ) -> Result<&mut Sweep, Misfit> {
        let wrong = Misfit::WrongState { sweep: id, job, what: "taken from that lease" };
        let at = self.leases.remove(&lease).ok_or_else(|| wrong.clone())?;
        let (sweep, position) = self.job(id, job, generation)?;
        let held = sweep.jobs.touched.get_mut(&position).and_then(|touched| touched.held.take());
        let fits = at == JobAt { sweep: id, position } && held.is_some_and(|held| held.lease == lease);
        if fits { Ok(sweep) } else { Err(wrong) }
    }

    /// A job of a sweep that has not ended.
    fn job(&mut self, id: SweepId, job: JobNumber, generation: Generation) -> Result<(&mut Sweep, u64), Misfit> {
        let sweep = self.running(id)?;
        match sweep.position(job) {
            Some(position) if sweep.generation(position) == generation => Ok((sweep, position)),
            _ => Err(Misfit::UnknownJob { sweep: id, job, generation }),
        }
    }

    fn running(&mut self, id: SweepId) -> Result<&mut Sweep, Misfit> {
        let sweep = self.sweeps.get_mut(&id).ok_or(Misfit::UnknownSweep(id))?;
        if sweep.state().is_ended() { Err(Misfit::Ended(id)) } else { Ok(sweep) }
    }
}
