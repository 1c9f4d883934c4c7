//! A worker reports outcomes and asks for leases.

use std::sync::Arc;

use traipse_sweep::{Fact, FailureClass, Generation, JobNumber, LeaseId, Outcome, SweepId};

use super::failure::{Attempt, End, Failure};
use super::{Reaction, Scheduler};
use crate::command::{Answer, AttemptStats, JobReport, JobResult, Now, Rejection, Report, Reported, SessionId};
use crate::mutation::{self, Mutation};
use crate::pump::JobRows;
use crate::soft::workers::Session;
use crate::state::Sweep;
use crate::state::marks::Mark;

impl Scheduler {
    pub(super) fn report<B>(&mut self, now: Now, report: Report<B>) -> Result<Reaction<B>, Rejection> {
        self.check_report(&report)?;
        let Report { session, seq, reports, n_free_slots, n_queued, draining, returned, reaches_store, .. } = report;
        if let Some(session) = self.workers.hear(session, now) {
            session.n_free_slots = n_free_slots.min(session.info.n_slots);
            session.n_queued = n_queued;
            session.draining = draining;
        }
        self.workers.set_reach(session, reaches_store);
        let mut reaction = Reaction::default();
        let accepted = reports.into_iter().map(|report| self.settle(now, session, report, &mut reaction)).collect();
        for lease in returned {
            self.take_back(now, lease, &mut reaction);
        }
        let mut answer = self.offer(now, session, &mut reaction);
        answer.seq = seq;
        answer.accepted = accepted;
        reaction.effects.answer = Some(Answer::Reported(answer));
        Ok(reaction)
    }

    /// Leases and stops for a session, from what its last report said of it.
    pub(crate) fn offer<B>(&mut self, now: Now, session: SessionId, reaction: &mut Reaction<B>) -> Reported {
        let leases = self.grant(now, session, reaction);
        let drain = self.workers.session(session).is_some_and(Session::is_to_be_told);
        Reported { leases, stop: self.workers.take_stops(session), drain, ..Reported::default() }
    }

    /// A report that is refused changes nothing, so all of it is looked at first.
    fn check_report<B>(&self, report: &Report<B>) -> Result<(), Rejection> {
        self.session(report.session)?;
        for JobReport { sweep: id, job, result, .. } in &report.reports {
            let known = self.state.sweep(*id);
            let exists = |sweep: &Sweep| sweep.position(*job).is_some_and(|position| is_made(sweep, position, *job));
            if known.is_some_and(|sweep| !exists(sweep)) {
                return Err(Rejection::UnknownJob { sweep: *id, job: *job });
            }
            if let JobResult::Rows { outcome, .. } = result {
                assert!(outcome.has_rows(), "the shell makes rows of succeeded and diverged jobs alone");
            }
        }
        Ok(())
    }

    /// Returns whether the report changed what is known of its job.
    fn settle<B>(&mut self, now: Now, session: SessionId, report: JobReport<B>, reaction: &mut Reaction<B>) -> bool {
        let JobReport { sweep, job, generation, lease, result, stats } = report;
        let Some(position) = self.wanted(sweep, job, generation) else {
            self.lapsed.remove(lease);
            return false;
        };
        self.charge(sweep, &stats);
        match result {
            JobResult::Rows { outcome, block } => {
                if !self.fits_numerics(now, session, sweep, reaction) {
                    return false;
                }
                self.work.observe(sweep, stats.total_seconds);
                let attempt = self.reported_attempt(session, sweep, position, lease);
                self.stop_other(&attempt, reaction);
                self.accept(now, &attempt, outcome, stats, reaction);
                reaction.effects.rows.push(JobRows { sweep, job, generation, block });
                true
            }
            JobResult::Failed { class, message } => self.settle_failure(now, lease, class, &message, stats, reaction),
        }
    }

    /// A failure counts under the job's own lease alone: one that ran out has counted already.
    fn settle_failure<B>(
        &mut self,
        now: Now,
        lease: LeaseId,
        class: FailureClass,
        message: &Arc<str>,
        stats: AttemptStats,
        reaction: &mut Reaction<B>,
    ) -> bool {
        self.lapsed.remove(lease);
        let Some(attempt) = self.attempt(lease) else { return false };
        self.fail(now, &attempt, Failure { class, message, blamed: false }, Some(stats), reaction);
        true
    }

    /// The position of a job that still wants a result in that generation. One of a comparison whose members have not
    /// ended, as far as this life knows, was made of something else.
    fn wanted(&self, sweep: SweepId, job: JobNumber, generation: Generation) -> Option<u64> {
        let sweep = self.state.sweep(sweep)?;
        let position = sweep.position(job)?;
        let wanted = !sweep.is_over(position) && !sweep.is_blocked(position);
        let is_current = sweep.generation(position) == generation || mutation::is_on(Mutation::AcceptOldGeneration);
        (wanted && is_current).then_some(position)
    }

    /// Whether the reporting worker's arithmetic is the sweep's. The first result pins it where the grant that did was
    /// lost in a crash.
    fn fits_numerics<B>(&mut self, now: Now, session: SessionId, id: SweepId, reaction: &mut Reaction<B>) -> bool {
        let Some(own) = self.workers.session(session).map(|session| Arc::clone(&session.info.numerics)) else {
            return false;
        };
        match self.state.sweep(id).map(|sweep| sweep.numerics.clone()) {
            Some(Some(pinned)) => pinned == own,
            Some(None) => {
                self.happen(now, Fact::NumericsPinned { sweep: id, numerics: own }, reaction);
                true
            }
            None => false,
        }
    }

    /// The attempt that a report is of: under way, lapsed, or unknown because a crash lost its grant.
    fn reported_attempt(&self, session: SessionId, id: SweepId, position: u64, lease: LeaseId) -> Attempt {
        if let Some(attempt) = self.attempt(lease).filter(|known| known.sweep == id && known.position == position) {
            return attempt;
        }
        let sweep = self.state.sweep(id).expect("the job is wanted, so its sweep is known");
        let session = self.workers.session(session).expect("the session was checked first");
        let lapsed = self.lapsed.get(lease).filter(|known| known.sweep == id && known.position == position);
        let touched = sweep.jobs.touched.get(&position);
        Attempt {
            sweep: id,
            position,
            job: sweep.plan.job_at(position),
            generation: sweep.generation(position),
            lease,
            worker: lapsed.map_or(session.worker, |lapsed| lapsed.worker),
            attempt: lapsed.map_or_else(|| touched.map_or(1, |touched| touched.attempts.max(1)), |known| known.attempt),
            granted_at: lapsed.and_then(|lapsed| lapsed.granted_at),
        }
    }

    /// If the job is leased by another than the reported one, that lease is over.
    fn stop_other<B>(&mut self, reported: &Attempt, reaction: &mut Reaction<B>) {
        let held = self.state.sweep(reported.sweep).and_then(|sweep| sweep.jobs.held(reported.position));
        let Some(held) = held.filter(|held| held.lease != reported.lease) else { return };
        if let Some(attempt) = self.attempt(held.lease) {
            let failure = Some((FailureClass::Lost, Arc::from("an earlier lease of the job was reported first")));
            reaction.effects.attempts.push(self.record(&attempt, End { outcome: None, failure, stats: None }));
        }
        self.tell_to_stop(held.worker, held.lease);
    }

    fn accept<B>(
        &mut self,
        now: Now,
        attempt: &Attempt,
        outcome: Outcome,
        stats: AttemptStats,
        reaction: &mut Reaction<B>,
    ) {
        let end = End { outcome: Some(outcome), failure: None, stats: Some(stats) };
        reaction.effects.attempts.push(self.record(attempt, end));
        self.lapsed.remove(attempt.lease);
        let Attempt { sweep, job, generation, lease, .. } = *attempt;
        let fact = Fact::JobEnded { sweep, job, generation, lease: Some(lease), outcome, message: None };
        self.happen(now, fact, reaction);
    }

    /// A lease is handed back. One that is over already is no news.
    fn take_back<B>(&mut self, now: Now, lease: LeaseId, reaction: &mut Reaction<B>) {
        self.lapsed.remove(lease);
        if let Some(attempt) = self.attempt(lease).filter(|_| mutation::is_on(Mutation::CountDrain)) {
            let failure = Failure { class: FailureClass::Poison, message: &Arc::from("handed back"), blamed: true };
            self.fail(now, &attempt, failure, None, reaction);
        }
        if let Some(Attempt { sweep, job, generation, .. }) = self.attempt(lease) {
            self.happen(now, Fact::LeaseReturned { sweep, job, generation, lease }, reaction);
        }
    }
}

/// Whether a job is not left out: of runs that were drawn it is known.
fn is_made(sweep: &Sweep, position: u64, job: JobNumber) -> bool {
    match sweep.jobs.marks.get(position) {
        Mark::Fresh => !sweep.plan.is_excluded(job),
        mark => mark != Mark::Excluded,
    }
}
