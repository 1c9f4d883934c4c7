//! What must be true of every history.

use std::collections::{BTreeMap, BTreeSet};

use traipse_sweep::facts::{Control, Hold};
use traipse_sweep::{Fact, Generation, JobNumber, LeaseId, SweepId};

use super::super::world::*;
use crate::command::{Answer, JobResult, Report};

#[derive(Debug)]
enum Asked {
    Submit(SweepId),
    Control(SweepId, Control),
    Report(Report<u64>),
}

type Job = (SweepId, JobNumber, Generation);

/// Remembers what was asked and what became durable.
#[derive(Debug, Default)]
pub(super) struct Oracle {
    asked: BTreeMap<u64, Asked>,
    n_batches: usize,
    admitted: BTreeSet<SweepId>,
    /// Or stopped by the coordinator.
    cancelled: BTreeSet<SweepId>,
    /// By job: the lease whose report was accepted.
    ended: BTreeMap<Job, Option<LeaseId>>,
    failed: BTreeSet<LeaseId>,
    rows: BTreeSet<Job>,
    leases: BTreeMap<LeaseId, (SweepId, JobNumber)>,
}

impl Oracle {
    pub(super) fn asked_to_submit(&mut self, call: u64, sweep: SweepId) {
        self.asked.insert(call, Asked::Submit(sweep));
    }

    pub(super) fn asked_to_control(&mut self, call: u64, sweep: SweepId, control: Control) {
        self.asked.insert(call, Asked::Control(sweep, control));
    }

    pub(super) fn asked_to_report(&mut self, call: u64, report: &Report<u64>) {
        self.asked.insert(call, Asked::Report(report.clone()));
        // It may have been answered, and the answer taken, before this.
    }

    pub(super) fn calls_are_lost(&mut self) {
        self.asked.clear();
    }

    /// Takes in what has become durable, and holds it against what has been answered.
    pub(super) fn check(&mut self, world: &World) {
        for batch in &world.journal[self.n_batches..] {
            for fact in &batch.facts {
                self.check_order(world, fact);
                self.happened(fact);
            }
            for rows in &batch.rows {
                let job = (rows.sweep, rows.job, rows.generation);
                assert_eq!(rows.block, rows.job.0, "the rows are the job's");
                assert!(self.rows.insert(job), "rows of {job:?} twice");
            }
        }
        self.n_batches = world.journal.len();
        let answered: Vec<u64> = self.asked.keys().copied().filter(|call| world.answers.contains_key(call)).collect();
        for call in answered {
            if let (Some(asked), Ok(answer)) = (self.asked.remove(&call), &world.answers[&call]) {
                self.answered(&asked, answer);
            }
        }
        for sweep in world.pump.sweeps() {
            let status = world.pump.status(sweep).expect("a listed sweep has a status");
            let n_waiting = status.n_blocked + status.n_ready + status.n_leased + status.n_backoff + status.n_cancelled;
            let n_done = status.n_succeeded + status.n_diverged + status.n_failed + status.n_quarantined;
            assert_eq!(n_waiting + n_done, status.n_runs + status.n_comparisons, "{status:?}");
            assert!(self.admitted.contains(&sweep), "it is shown because it is durable");
        }
    }

    fn happened(&mut self, fact: &Fact) {
        match fact {
            Fact::SweepAdmitted { sweep, .. } => assert!(self.admitted.insert(*sweep)),
            Fact::SweepControlled { sweep, control: Control::Cancel }
            | Fact::SweepHeld { sweep, hold: Hold::Stop, .. } => assert!(self.cancelled.insert(*sweep)),
            Fact::AttemptFailed { lease, .. } => _ = self.failed.insert(*lease),
            Fact::Granted { sweep, job, lease, .. } => self.granted(*lease, (*sweep, *job)),
            Fact::JobEnded { sweep, job, generation, lease, .. } => {
                let before = self.ended.insert((*sweep, *job, *generation), *lease);
                assert_eq!(before, None, "{job:?} ended twice");
            }
            _ => {}
        }
    }

    /// A comparison is granted and ends after the ends of all its members.
    fn check_order(&self, world: &World, fact: &Fact) {
        let (Fact::Granted { sweep, job, generation, .. } | Fact::JobEnded { sweep, job, generation, .. }) = fact
        else {
            return;
        };
        let plan = world.pump.plan(*sweep).expect("it is durable");
        for member in plan.group(*job).into_iter().flat_map(|group| group.members) {
            assert!(self.ended.contains_key(&(*sweep, member, *generation)), "{fact:?} comes before {member:?}");
        }
    }

    fn granted(&mut self, lease: LeaseId, job: (SweepId, JobNumber)) {
        let before = *self.leases.entry(lease).or_insert(job);
        assert_eq!(before, job, "a lease id is never used twice");
    }

    fn answered(&mut self, asked: &Asked, answer: &Answer) {
        match (asked, answer) {
            (Asked::Submit(sweep), Answer::Submitted { .. }) => assert!(self.admitted.contains(sweep)),
            (Asked::Control(sweep, Control::Cancel), Answer::Controlled) => assert!(self.cancelled.contains(sweep)),
            (Asked::Control(..), Answer::Controlled) => {}
            (Asked::Report(report), Answer::Reported(answer)) => {
                for (report, accepted) in report.reports.iter().zip(&answer.accepted) {
                    let (job, lease) = ((report.sweep, report.job, report.generation), report.lease);
                    let over = self.ended.contains_key(&job) || self.cancelled.contains(&report.sweep);
                    match (&report.result, accepted) {
                        (JobResult::Rows { .. }, true) => assert_eq!(self.ended[&job], Some(lease), "durable"),
                        (JobResult::Rows { .. }, false) => assert!(over, "superseded by what is durable"),
                        (JobResult::Failed { .. }, true) => assert!(over || self.failed.contains(&lease), "durable"),
                        (JobResult::Failed { .. }, false) => {}
                    }
                }
                for lease in &answer.leases {
                    assert!(self.admitted.contains(&lease.sweep), "a lease shows its sweep");
                    self.granted(lease.lease, (lease.sweep, lease.job));
                }
            }
            other => panic!("answered otherwise: {other:?}"),
        }
    }

    pub(super) fn check_end(&self, world: &World, sweeps: &[SweepId]) {
        for sweep in sweeps {
            let status = world.pump.status(*sweep).expect("all were admitted at last");
            let n_rows = self.rows.iter().filter(|(of, ..)| of == sweep).count() as u64;
            assert_eq!(n_rows, status.n_succeeded + status.n_diverged);
            let n_without: u64 = world.pump.without_rows(*sweep).iter().map(|range| range.n_jobs).sum();
            assert_eq!(n_rows + n_without, status.n_runs + status.n_comparisons, "every job is accounted for");
        }
    }
}
