//! The one function that changes durable state, for a live coordinator and for one that restarts.

use std::sync::Arc;

use traipse_sweep::facts::{Control, Hold};
use traipse_sweep::{Fact, FailureClass, Generation, Incarnation, JobNumber, LeaseId, Outcome, SweepId, WorkerId};

use super::jobs::{Held, mark_of};
use super::marks::Mark;
use super::suspects::Suspicion;
use super::trial::Trial;
use super::{JobAt, Plans, State, Sweep, Wish};
use crate::mutation::{self, Mutation};

/// Strikes that quarantine a job.
pub(crate) const STRIKES: u32 = 3;

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
            Fact::AttemptFailed { sweep, job, generation, lease, class, counts, message } => {
                self.attempt_failed((*sweep, *job, *generation), *lease, *class, *counts, message)
            }
            Fact::LeaseReturned { sweep, job, generation, lease } => {
                self.lease_returned(*sweep, *job, *generation, *lease)
            }
            Fact::JobEnded { sweep, job, generation, lease, outcome, message } => {
                self.job_ended((*sweep, *job, *generation), *lease, *outcome, message.as_ref())
            }
            Fact::SweepExtended { sweep, request, spec } => self.sweep_extended(*sweep, *request, spec, plans),
            Fact::JobsRetried { sweep, request, jobs } => self.jobs_retried(*sweep, *request, jobs),
            Fact::SweepHeld { sweep, hold, message } => self.hold(*sweep, *hold, message),
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

    fn control(&mut self, sweep_id: SweepId, control: Control) -> Result<(), Misfit> {
        let sweep = self.running(sweep_id)?;
        match control {
            Control::Pause => sweep.wish = Wish::Pause,
            Control::Resume => {
                sweep.wish = Wish::Run;
                // What held it is taken to be mended, and is found again if it is not.
                if sweep.held.take().is_some() {
                    sweep.trial = Trial::default();
                }
            }
            Control::Cancel => {
                sweep.held = None;
                self.end_early(sweep_id, Wish::Cancel)?;
            }
        }
        Ok(())
    }

    fn hold(&mut self, id: SweepId, hold: Hold, message: &Arc<str>) -> Result<(), Misfit> {
        let sweep = self.running(id)?;
        sweep.held = Some(Arc::clone(message));
        match hold {
            Hold::Pause => sweep.wish = Wish::Pause,
            Hold::Stop => self.end_early(id, Wish::Stop)?,
        }
        Ok(())
    }

    /// What is not done never will be.
    fn end_early(&mut self, id: SweepId, wish: Wish) -> Result<(), Misfit> {
        let sweep = self.running(id)?;
        sweep.wish = wish;
        let number = sweep.number;
        for held in sweep.jobs.abandon() {
            self.leases.remove(&held.lease);
        }
        self.unended.remove(&number);
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
        (id, job, generation): (SweepId, JobNumber, Generation),
        lease: LeaseId,
        class: FailureClass,
        counts: bool,
        message: &Arc<str>,
    ) -> Result<(), Misfit> {
        let (sweep, held) = self.release(id, job, generation, lease)?;
        let position = sweep.plan.position_of(job);
        sweep.jobs.n_lost_attempts += 1;
        sweep.last_failure = Some(Arc::clone(message));
        if class != FailureClass::Lost {
            sweep.trial.fail(message);
        }
        let touched = sweep.jobs.touched.entry(position).or_default();
        let mut first = false;
        match class {
            FailureClass::Transient => first = touched.fail_on(held.worker, counts),
            FailureClass::Lost | FailureClass::Poison => touched.n_strikes += u32::from(counts),
            FailureClass::Invalid => return Err(Misfit::WrongState { sweep: id, job, what: "invalid and not done" }),
        }
        let is_transient = class == FailureClass::Transient;
        sweep.jobs.mark(position, if is_transient { Mark::Backoff } else { Mark::Again });
        if is_transient && counts {
            let failure = Suspicion { at: JobAt { sweep: id, position }, generation, first };
            self.suspect(held.worker, failure, message);
        }
        Ok(())
    }

    /// What a worker fails that fails one job after another is no fault of the jobs.
    fn suspect(&mut self, worker: WorkerId, failure: Suspicion, message: &Arc<str>) {
        let spared = self.suspects.fail(worker, failure, message);
        for Suspicion { at, generation, .. } in spared.into_iter().filter(|failure| failure.first) {
            let Some(sweep) = self.sweeps.get_mut(&at.sweep) else { continue };
            let same = sweep.generation(at.position) == generation;
            if let Some(touched) = sweep.jobs.touched.get_mut(&at.position).filter(|_| same) {
                touched.n_counted = touched.n_counted.saturating_sub(1);
            }
        }
    }

    fn lease_returned(
        &mut self,
        id: SweepId,
        job: JobNumber,
        generation: Generation,
        lease: LeaseId,
    ) -> Result<(), Misfit> {
        let (sweep, _) = self.release(id, job, generation, lease)?;
        let position = sweep.plan.position_of(job);
        let touched = sweep.jobs.touched.entry(position).or_default();
        touched.attempts -= 1;
        sweep.jobs.mark(position, Mark::Again);
        Ok(())
    }

    fn job_ended(
        &mut self,
        (id, job, generation): (SweepId, JobNumber, Generation),
        lease: Option<LeaseId>,
        outcome: Outcome,
        message: Option<&Arc<str>>,
    ) -> Result<(), Misfit> {
        let wrong = Misfit::WrongState { sweep: id, job, what: "ended" };
        let (sweep, position) = self.job(id, job, generation)?;
        let before = sweep.jobs.marks.get(position);
        let excluded = before == Mark::Excluded || before == Mark::Fresh && sweep.plan.is_excluded(job);
        let can_end = !excluded && !before.is_done() && !sweep.is_blocked(position);
        let mark = mark_of(outcome).filter(|_| can_end).ok_or(wrong)?;
        if outcome.has_rows() {
            sweep.trial.succeed();
        }
        if mark == Mark::Failed || mark == Mark::Quarantined {
            sweep.last_failure = message.cloned().or(sweep.last_failure.take());
            // Else its last attempt failed before this, and was counted then.
            if before == Mark::Leased {
                sweep.jobs.n_lost_attempts += 1;
                message.into_iter().for_each(|message| sweep.trial.fail(message));
            }
        }
        let held = sweep.jobs.end(position, mark, message);
        let forgets = mutation::is_on(Mutation::ForgetGroup) && !outcome.has_rows();
        for comparison in sweep.unblocked_by(job).into_iter().filter(|_| !forgets) {
            sweep.jobs.mark(comparison, Mark::Ready);
        }
        let (number, ended) = (sweep.number, sweep.state().is_ended());
        if let Some(held) = held {
            self.leases.remove(&held.lease);
            if outcome.has_rows() && lease == Some(held.lease) {
                self.suspects.succeed(held.worker);
            }
        }
        if ended {
            self.unended.remove(&number);
        }
        Ok(())
    }

    /// Takes a lease from its job, whose mark the caller then changes; with the lease, its worker.
    fn release(
        &mut self,
        id: SweepId,
        job: JobNumber,
        generation: Generation,
        lease: LeaseId,
    ) -> Result<(&mut Sweep, Held), Misfit> {
        let wrong = Misfit::WrongState { sweep: id, job, what: "taken from that lease" };
        let at = self.leases.remove(&lease).ok_or_else(|| wrong.clone())?;
        let (sweep, position) = self.job(id, job, generation)?;
        let held = sweep.jobs.touched.get_mut(&position).and_then(|touched| touched.held.take());
        let held = held.filter(|held| at == JobAt { sweep: id, position } && held.lease == lease);
        held.map(|held| (sweep, held)).ok_or(wrong)
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
