//! What must be true of every history: a second, much simpler account of what is durable, against which everything is
//! held.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use traipse_scheduler::SweepStatus;
use traipse_scheduler::command::{Reported, SessionId};
use traipse_sweep::facts::{Control, Hold};
use traipse_sweep::plan::JobKind;
use traipse_sweep::{Fact, FailureClass, Generation, JobNumber, LeaseId, Outcome, Plan, RequestId, SweepId};

use super::disk::Key;
use super::event::Block;
use super::jobs;

/// How a job ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) lease: Option<LeaseId>,
    pub(crate) outcome: Outcome,
}

/// One sweep, as far as it is durable.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) plan: Arc<Plan>,
    pub(crate) admitted: bool,
    pub(crate) wish: Option<Control>,
    /// The coordinator itself ended it, until a retry.
    pub(crate) is_stopped: bool,
    pub(crate) ended: BTreeMap<(JobNumber, Generation), Ended>,
    pub(crate) generations: BTreeMap<JobNumber, Generation>,
    /// Jobs that are done with rows in their generation.
    pub(crate) n_with_rows: u64,
    /// Blocks of rows of all generations.
    pub(crate) n_blocks: u64,
    open: BTreeMap<JobNumber, LeaseId>,
    /// Transient failures, losses and strikes of each job so far.
    pub(crate) failures: BTreeMap<JobNumber, u32>,
    /// Of the keys that must be in the ledger or a segment: their sum.
    pub(crate) wanted: u64,
}

/// The account.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    known: BTreeMap<SweepId, Known>,
    /// Every lease that was granted or shown, in any life.
    leases: BTreeMap<LeaseId, (SweepId, JobNumber)>,
    granted: BTreeMap<LeaseId, bool>,
    failed: BTreeMap<LeaseId, FailureClass>,
    answers: BTreeMap<SessionId, Reported>,
    incarnation: u32,
    /// Retries that are durable.
    pub(crate) requests: BTreeSet<RequestId>,
}

type Check = Result<(), String>;

impl Oracle {
    /// A client has made a sweep, which it will submit.
    pub(crate) fn made(&mut self, sweep: SweepId, plan: Arc<Plan>) {
        let known = Known {
            plan,
            admitted: false,
            wish: None,
            is_stopped: false,
            ended: BTreeMap::new(),
            generations: BTreeMap::new(),
            n_with_rows: 0,
            n_blocks: 0,
            open: BTreeMap::new(),
            failures: BTreeMap::new(),
            wanted: 0,
        };
        self.known.insert(sweep, known);
    }

    pub(crate) fn is_admitted(&self, sweep: SweepId) -> bool {
        self.known.get(&sweep).is_some_and(|known| known.admitted)
    }

    pub(crate) fn known(&self, sweep: SweepId) -> Option<&Known> {
        self.known.get(&sweep)
    }

    /// All that are durable.
    pub(crate) fn sweeps(&self) -> impl Iterator<Item = SweepId> {
        self.known.iter().filter(|(_, known)| known.admitted).map(|(sweep, _)| *sweep)
    }

    /// A batch has become durable.
    pub(crate) fn durable(&mut self, facts: &[Fact], rows: &[(Key, Block)]) -> Check {
        let mut n_with_rows = 0;
        for fact in facts {
            n_with_rows += u64::from(matches!(fact, Fact::JobEnded { outcome, .. } if outcome.has_rows()));
            self.happened(fact)?;
        }
        if n_with_rows != rows.len() as u64 {
            return Err(format!("{n_with_rows} jobs ended with rows in a batch of the rows of {} jobs", rows.len()));
        }
        for &((sweep, job, generation), block) in rows {
            let ended = self.known.get(&sweep).and_then(|known| known.ended.get(&(job, generation)));
            if ended.is_none_or(|ended| !ended.outcome.has_rows()) {
                return Err(format!("rows of job {job:?} of {sweep} in {generation:?}, which has not ended with any"));
            }
            if block != jobs::block(sweep, job, generation) {
                return Err(format!("the rows of job {job:?} of {sweep} in {generation:?} are another job's"));
            }
        }
        Ok(())
    }

    fn happened(&mut self, fact: &Fact) -> Check {
        match fact {
            Fact::IncarnationStarted { incarnation } if incarnation.0 <= self.incarnation => {
                Err(format!("{incarnation:?} follows {}", self.incarnation))
            }
            Fact::IncarnationStarted { incarnation } => {
                self.incarnation = incarnation.0;
                Ok(())
            }
            Fact::SweepAdmitted { sweep, .. } => match std::mem::replace(&mut self.sweep(*sweep)?.admitted, true) {
                true => Err(format!("{sweep} is admitted twice")),
                false => Ok(()),
            },
            Fact::SweepControlled { sweep, control } => {
                let known = self.sweep(*sweep)?;
                known.wish = Some(*control);
                if *control == Control::Cancel {
                    known.open.clear();
                }
                Ok(())
            }
            Fact::SweepHeld { sweep, hold, .. } => {
                let known = self.sweep(*sweep)?;
                match hold {
                    Hold::Pause => known.wish = Some(Control::Pause),
                    Hold::Stop => {
                        known.is_stopped = true;
                        known.open.clear();
                    }
                }
                Ok(())
            }
            Fact::Granted { sweep, job, generation, lease, .. } => self.was_granted(*sweep, *job, *generation, *lease),
            Fact::AttemptFailed { sweep, job, lease, class, .. } => {
                self.failed.insert(*lease, *class);
                let known = self.sweep(*sweep)?;
                *known.failures.entry(*job).or_default() += 1;
                known.close(*job, *lease)
            }
            Fact::LeaseReturned { sweep, job, lease, .. } => self.sweep(*sweep)?.close(*job, *lease),
            Fact::JobEnded { sweep, job, generation, lease, outcome, .. } => {
                self.has_ended(*sweep, *job, *generation, Ended { lease: *lease, outcome: *outcome })
            }
            Fact::JobsRetried { sweep, jobs, request } => {
                if !self.requests.insert(*request) {
                    return Err(format!("{request:?} is done twice"));
                }
                let known = self.sweep(*sweep)?;
                // A retry of nothing wakes nothing.
                known.is_stopped &= jobs.is_empty();
                jobs.iter().flat_map(Clone::clone).for_each(|job| known.reopen(JobNumber(job)));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn sweep(&mut self, sweep: SweepId) -> Result<&mut Known, String> {
        self.known.get_mut(&sweep).ok_or_else(|| format!("nobody made {sweep}"))
    }

    /// A lease is one job's for ever.
    fn is_of(&mut self, lease: LeaseId, sweep: SweepId, job: JobNumber) -> Check {
        let before = *self.leases.entry(lease).or_insert((sweep, job));
        if before == (sweep, job) {
            return Ok(());
        }
        Err(format!("lease {lease} of {before:?} is used again for {job:?} of {sweep}"))
    }

    fn was_granted(&mut self, sweep: SweepId, job: JobNumber, generation: Generation, lease: LeaseId) -> Check {
        self.is_of(lease, sweep, job)?;
        if self.granted.insert(lease, true).is_some() {
            return Err(format!("lease {lease} is granted twice"));
        }
        let known = self.sweep(sweep)?;
        known.check_job(job, generation)?;
        if known.ended.contains_key(&(job, generation)) {
            return Err(format!("job {job:?} of {sweep} is leased after its end"));
        }
        match known.open.insert(job, lease) {
            Some(other) => Err(format!("job {job:?} of {sweep} is leased under {other} and {lease}")),
            None => Ok(()),
        }
    }

    fn has_ended(&mut self, sweep: SweepId, job: JobNumber, generation: Generation, ended: Ended) -> Check {
        let known = self.sweep(sweep)?;
        known.check_job(job, generation)?;
        known.open.remove(&job);
        if ended.outcome.has_rows() {
            known.n_with_rows += 1;
            known.n_blocks += 1;
            known.wanted = known.wanted.wrapping_add(jobs::key(1, sweep, job, generation));
        } else {
            *known.failures.entry(job).or_default() += 1;
        }
        match known.ended.insert((job, generation), ended) {
            Some(before) => Err(format!("job {job:?} of {sweep} ended twice: {before:?}, {ended:?}")),
            None => Ok(()),
        }
    }

    /// An accepted outcome is durable, and one that is not accepted is superseded by what is.
    pub(crate) fn verdict(&self, key: Key, lease: LeaseId, has_rows: bool, accepted: bool) -> Check {
        let Some(known) = self.known.get(&key.0) else { return Ok(()) };
        let ended = known.ended.get(&(key.1, key.2));
        let is_over = ended.is_some() || known.is_over();
        let fits = match (has_rows, accepted) {
            (true, true) => ended.is_some_and(|ended| ended.lease == Some(lease)),
            (true, false) => is_over || key.2 != known.generation(key.1),
            (false, true) => is_over || self.failed.contains_key(&lease),
            (false, false) => true,
        };
        if fits {
            return Ok(());
        }
        Err(format!("lease {lease} of {key:?} is answered accepted = {accepted}, and durable is {ended:?}"))
    }

    /// A lease is shown.
    pub(crate) fn shown(&mut self, lease: LeaseId, sweep: SweepId, job: JobNumber, generation: Generation) -> Check {
        if !self.is_admitted(sweep) {
            return Err(format!("a lease of {sweep} is shown, whose admission is not durable"));
        }
        self.is_of(lease, sweep, job)?;
        let known = self.sweep(sweep)?;
        // What was granted may have been retried since.
        if known.generation(job) > generation {
            return Ok(());
        }
        known.check_job(job, generation).map_err(|why| format!("shown: {why}"))
    }

    /// A lease is said to be over: it must be.
    pub(crate) fn is_over(&self, lease: LeaseId) -> Check {
        let Some((sweep, job)) = self.leases.get(&lease) else { return Ok(()) };
        match self.known.get(sweep).is_some_and(|known| known.open.get(job) == Some(&lease)) {
            true => Err(format!("lease {lease} is said to be over, and durably it is not")),
            false => Ok(()),
        }
    }

    /// A session's answers: the same to the same report.
    pub(crate) fn answered(&mut self, session: SessionId, answer: &Reported) -> Check {
        if let Some(before) = self.answers.get(&session).filter(|before| before.seq >= answer.seq) {
            return match before == answer {
                true => Ok(()),
                false => Err(format!("report {} of {session:?} is answered in two ways", answer.seq)),
            };
        }
        self.answers.insert(session, answer.clone());
        Ok(())
    }

    /// What a status shows is durable, and adds up.
    pub(crate) fn status(&self, status: &SweepStatus) -> Check {
        let Some(known) = self.known.get(&status.sweep).filter(|known| known.admitted) else {
            return Err(format!("{} is shown, whose admission is not durable", status.sweep));
        };
        let n_with_rows = status.n_succeeded + status.n_diverged;
        if n_with_rows != known.n_with_rows {
            return Err(format!("{n_with_rows} jobs are shown done with rows, durable are {}", known.n_with_rows));
        }
        let n_waiting = status.n_blocked + status.n_ready + status.n_leased + status.n_backoff + status.n_cancelled;
        let n_done = n_with_rows + status.n_failed + status.n_quarantined;
        if n_waiting + n_done > status.n_runs + status.n_comparisons {
            return Err(format!("the counts do not add up: {status:?}"));
        }
        Ok(())
    }
}

impl Known {
    /// It has ended before all its jobs had.
    pub(crate) fn is_over(&self) -> bool {
        self.wish == Some(Control::Cancel) || self.is_stopped
    }

    fn close(&mut self, job: JobNumber, lease: LeaseId) -> Check {
        match self.open.remove(&job) {
            Some(open) if open == lease => Ok(()),
            open => Err(format!("lease {lease} of job {job:?} ends, and under way is {open:?}")),
        }
    }

    /// The generation in which a job is to be run.
    pub(crate) fn generation(&self, job: JobNumber) -> Generation {
        self.generations.get(&job).copied().unwrap_or_default()
    }

    /// How a job has ended in its generation.
    pub(crate) fn ended_now(&self, job: JobNumber) -> Option<&Ended> {
        self.ended.get(&(job, self.generation(job)))
    }

    fn reopen(&mut self, job: JobNumber) {
        let before = self.generation(job);
        self.open.remove(&job);
        self.failures.remove(&job);
        self.n_with_rows -= u64::from(self.ended_now(job).is_some_and(|ended| ended.outcome.has_rows()));
        self.generations.insert(job, Generation(before.0 + 1));
    }

    /// The job is there, in that generation; a comparison comes after all its members.
    fn check_job(&self, job: JobNumber, generation: Generation) -> Check {
        if generation != self.generation(job) {
            return Err(format!("job {job:?} is in {:?}, not in {generation:?}", self.generation(job)));
        }
        if job.0 >= self.plan.n_jobs() || self.plan.is_excluded(job) {
            return Err(format!("job {job:?} is left out"));
        }
        if self.plan.kind(job) == JobKind::Run {
            return Ok(());
        }
        let members = self.plan.group(job).map(|group| group.members).unwrap_or_default();
        match members.iter().find(|member| self.ended_now(**member).is_none()) {
            Some(member) => Err(format!("comparison {job:?} comes before its member {member:?}")),
            None => Ok(()),
        }
    }
}
