//! Holding the world against the oracle, at every event.

use std::time::Duration;

use traipse_agent::Report;
use traipse_proto::convert::facts;
use traipse_scheduler::{Answer, Rejection, SweepStatus};
use traipse_sweep::facts::Control;
use traipse_sweep::{Fact, FailureClass, Incarnation, JobNumber, LeaseId, Outcome, SweepId, WorkerId};

use super::coordinator::{Asked, What};
use super::disk::Transaction;
use super::event::{End, Payload};
use super::jobs;
use super::world::World;

/// A lease lasts so long without a heartbeat.
const LEASE: Duration = Duration::from_secs(15);
/// Facts that may wait to be written: no more than what all callers together can cause.
const MAX_PENDING_FACTS: usize = 20_000;

impl World {
    /// An invariant does not hold.
    pub(crate) fn violated(&mut self, why: String) {
        self.violation.get_or_insert(why);
    }

    fn check(&mut self, result: Result<(), String>) {
        if let Err(why) = result {
            self.violated(why);
        }
    }

    /// A batch is cut: no lease in it ran out before its time.
    pub(crate) fn check_cut(&mut self, facts: &[Fact]) {
        let now = self.coordinator_true_now();
        let Some(life) = &self.coordinator else { return };
        for fact in facts {
            let Fact::AttemptFailed { lease, class: FailureClass::Lost | FailureClass::Poison, message, .. } = fact
            else {
                continue;
            };
            if !message.starts_with("the lease ran out") {
                continue;
            }
            if let Some(renewed) = life.renewed.get(lease).filter(|renewed| **renewed + LEASE > now) {
                let why = format!("lease {lease} ran out {:?} after it was renewed", now.saturating_sub(*renewed));
                return self.violated(why);
            }
        }
    }

    /// A transaction is durable: the rows are where they belong.
    pub(crate) fn check_written(&mut self, transaction: &Transaction) {
        match transaction {
            Transaction::Batch { facts, rows, .. } => {
                let checked = facts::decode(facts).map_err(|error| error.to_string());
                let checked = checked.and_then(|facts| {
                    self.counts.add_many("facts", facts.len() as u64);
                    self.oracle.durable(&facts, rows)
                });
                self.check(checked);
            }
            Transaction::Name { sweep, .. } | Transaction::Delete { sweep, .. } => self.check_rows(*sweep),
            Transaction::Snapshot { .. } | Transaction::Prune => {}
        }
    }

    /// A sweep's rows are in the ledger or in one segment, if and only if its jobs have ended with rows.
    fn check_rows(&mut self, sweep: SweepId) {
        let sealed = self.disk.sealed(sweep);
        let (mut n, mut sum) = (0, 0u64);
        let mut count = |key: (SweepId, JobNumber, traipse_sweep::Generation)| {
            n += 1;
            sum = sum.wrapping_add(jobs::key(1, key.0, key.1, key.2));
        };
        for (_, row) in self.disk.rows.range(sealed + 1..) {
            if row.key.0 == sweep {
                count(row.key);
            }
        }
        for segment in self.disk.segments.get(&sweep).into_iter().flatten() {
            for (key, _) in self.disk.files.get(&segment.file).map_or(&[][..], |file| &file.rows) {
                count(*key);
            }
        }
        let Some(known) = self.oracle.known(sweep) else { return };
        if (n, sum) != (known.n_blocks, known.wanted) {
            let why = format!("{n} rows of {sweep} in ledger and segments, of {} jobs", known.n_blocks);
            self.violated(why);
        }
    }

    /// After a start: everything is where it belongs, and the state fits together.
    pub(crate) fn check_whole(&mut self) {
        for sweep in self.oracle.sweeps().collect::<Vec<_>>() {
            self.check_rows(sweep);
            if let Some(life) = &self.coordinator {
                let status = life.drive.pump().status(sweep);
                self.check_status(sweep, status.as_ref());
            }
        }
    }

    /// Every invariant of the live state, recounted; and the bounds of the queues.
    pub(crate) fn check_state(&mut self) {
        let Some(life) = &self.coordinator else { return };
        life.drive.pump().check();
        let sizes = life.drive.pump().sizes();
        let n_callers = self.workers.len() + self.clients.len();
        let n_asked = life.asked.len();
        if sizes.n_open > n_asked || sizes.n_pending_facts > MAX_PENDING_FACTS || n_asked > 400 * n_callers {
            self.violated(format!("queues are beyond their bounds: {sizes:?} with {n_asked} calls"));
        }
    }

    /// What is answered is durable.
    pub(crate) fn check_answer(&mut self, asked: &Asked, answer: &Result<Answer, Rejection>) {
        let result = match (&asked.what, answer) {
            (What::Submit(sweep), Ok(_)) if !self.oracle.is_admitted(*sweep) => {
                Err(format!("the submit of {sweep} is answered, and its admission is not durable"))
            }
            (What::Control(sweep, control), Ok(_)) => self.check_controlled(*sweep, *control),
            (What::Retry(sweep, request), Ok(_)) if !self.oracle.requests.contains(request) => {
                Err(format!("a retry of {sweep} is answered, and is not durable"))
            }
            (What::Register(worker), Ok(Answer::Registered { ended, .. })) => {
                let _ = worker;
                ended.iter().try_for_each(|lease| self.oracle.is_over(*lease))
            }
            (What::Beat(renewed, at), Ok(Answer::Beat { stop, .. })) => {
                if let Some(life) = &mut self.coordinator {
                    for lease in renewed.iter().filter(|lease| !stop.contains(lease)) {
                        life.renewed.insert(*lease, *at);
                    }
                }
                stop.iter().try_for_each(|lease| self.oracle.is_over(*lease))
            }
            (What::Report(session, report), Ok(Answer::Reported(reported))) => {
                self.oracle
                    .answered(*session, reported)
                    .and_then(|()| reported.stop.iter().try_for_each(|lease| self.oracle.is_over(*lease)))
                    .and_then(|()| self.check_verdicts(report, &reported.accepted))
                    .and_then(|()| {
                        reported.leases.iter().try_for_each(|lease| {
                            self.oracle.shown(lease.lease, lease.sweep, lease.job, lease.generation)
                        })
                    })
            }
            _ => Ok(()),
        };
        self.check(result);
    }

    fn check_controlled(&self, sweep: SweepId, control: Control) -> Result<(), String> {
        let wish = self.oracle.known(sweep).and_then(|known| known.wish);
        let fits = control != Control::Cancel || wish == Some(Control::Cancel);
        if fits { Ok(()) } else { Err(format!("the cancel of {sweep} is answered, and is not durable")) }
    }

    fn check_verdicts(&self, report: &Report<Payload>, accepted: &[bool]) -> Result<(), String> {
        if report.outcomes.len() != accepted.len() {
            return Err(format!("{} outcomes have {} verdicts", report.outcomes.len(), accepted.len()));
        }
        report.outcomes.iter().zip(accepted).try_for_each(|(outcome, accepted)| {
            let Payload { sweep, job, generation, lease, end, .. } = &outcome.payload;
            self.oracle.verdict((*sweep, *job, *generation), *lease, matches!(end, End::Rows(..)), *accepted)
        })
    }

    /// A registered worker's leases are those that it listed: what a life before it held is over at once.
    pub(crate) fn check_registered(&mut self, worker: WorkerId, incarnation: Incarnation, held: &[LeaseId]) {
        let Some(life) = &mut self.coordinator else { return };
        let last = life.incarnations.entry(worker).or_insert(incarnation);
        if *last > incarnation {
            return;
        }
        *last = incarnation;
        let under_way = life.drive.pump().leases_of(worker);
        if let Some(lease) = under_way.iter().find(|lease| !held.contains(lease)) {
            self.violated(format!("a worker registers without lease {lease}, which goes on"));
        }
    }

    /// What counts against the jobs of leases that are handed back.
    pub(crate) fn blame_of(&self, report: &Report<Payload>) -> Vec<(SweepId, JobNumber, (u32, u32))> {
        let Some(life) = &self.coordinator else { return Vec::new() };
        let pump = life.drive.pump();
        let jobs = report.returned.iter().filter_map(|lease| pump.job_of(lease.lease));
        jobs.map(|(sweep, job)| (sweep, job, pump.blame(sweep, job))).collect()
    }

    /// Nothing more counts against them.
    pub(crate) fn check_returned(&mut self, blamed: &[(SweepId, JobNumber, (u32, u32))]) {
        let Some(life) = &self.coordinator else { return };
        for (sweep, job, before) in blamed {
            let after = life.drive.pump().blame(*sweep, *job);
            if after > *before {
                let why =
                    format!("job {job:?} of {sweep} was handed back, and {after:?} counts against it: {before:?}");
                return self.violated(why);
            }
        }
    }

    pub(crate) fn check_status(&mut self, sweep: SweepId, status: Option<&SweepStatus>) {
        let result = match status {
            Some(status) => self.oracle.status(status),
            None if self.oracle.is_admitted(sweep) && self.is_settled() => {
                Err(format!("{sweep} is durable and unknown"))
            }
            None => Ok(()),
        };
        self.check(result);
    }

    fn is_settled(&self) -> bool {
        self.coordinator.as_ref().is_some_and(|life| life.drive.is_settled())
    }

    /// At the end: every job of every sweep has ended, its rows are there, and what has none has a reason.
    pub(crate) fn check_end(&mut self) {
        for sweep in self.oracle.sweeps().collect::<Vec<_>>() {
            self.check_rows(sweep);
            let result = self.check_ended(sweep);
            self.check(result);
        }
    }

    fn check_ended(&self, sweep: SweepId) -> Result<(), String> {
        let Some(known) = self.oracle.known(sweep).filter(|known| !known.is_over()) else {
            return Ok(());
        };
        for job in (0..known.plan.n_jobs()).map(JobNumber).filter(|job| !known.plan.is_excluded(*job)) {
            let Some(ended) = known.ended_now(job) else {
                return Err(format!("job {job:?} of {sweep} is lost: it never ended"));
            };
            let n_failures = known.failures.get(&job).copied().unwrap_or(0);
            let is_explained = match ended.outcome {
                Outcome::Succeeded | Outcome::Diverged => true,
                Outcome::Quarantined => n_failures >= 3,
                Outcome::Failed => n_failures >= 1,
                other => return Err(format!("job {job:?} of {sweep} is {other}")),
            };
            if !is_explained {
                return Err(format!("job {job:?} of {sweep} is {} after {n_failures} failures", ended.outcome));
            }
        }
        Ok(())
    }
}
