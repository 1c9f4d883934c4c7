//! Workers that do what workers do, and what goes wrong with them.

use std::time::Duration;

use traipse_sweep::{FailureClass, LeaseId, Outcome};

use super::super::world::*;
use super::{Dice, Oracle};
use crate::command::{Answer, Command, JobReport, JobResult, Lease, Rejection, Report, SessionId};

/// A call under way.
#[derive(Clone, Debug)]
enum Sent {
    Register(u64),
    Report(u64, Report<u64>),
}

/// One worker.
#[derive(Debug)]
pub(super) struct Agent {
    id: u128,
    life: u32,
    n_slots: u32,
    session: Option<SessionId>,
    seq: u64,
    sent: Option<Sent>,
    running: Vec<Lease>,
    /// Finished and not reported; survives a crash.
    spool: Vec<JobReport<u64>>,
    /// An old report, to be sent again out of its time.
    stale: Option<Report<u64>>,
}

impl Agent {
    pub(super) fn new(id: u128, n_slots: u32) -> Self {
        Self {
            id,
            life: 1,
            n_slots,
            session: None,
            seq: 0,
            sent: None,
            running: Vec::new(),
            spool: Vec::new(),
            stale: None,
        }
    }

    /// Something random.
    pub(super) fn act(&mut self, world: &mut World, dice: &mut Dice, oracle: &mut Oracle) {
        match dice.below(40) {
            0 => self.crash(world),
            1 => self.repeat(world, oracle),
            2 => self.send_stale(world, oracle),
            3 => self.miss_answer(world, oracle),
            4..8 => self.beat(world),
            8..16 => self.finish(dice, true),
            16 if dice.once_in(3) => self.session = None,
            _ => self.talk(world, dice, oracle),
        }
    }

    /// What a healthy worker does all the time.
    pub(super) fn behave(&mut self, world: &mut World, dice: &mut Dice, oracle: &mut Oracle) {
        self.beat(world);
        while !self.running.is_empty() {
            self.finish(dice, false);
        }
        for _ in 0..3 {
            self.talk(world, dice, oracle);
        }
    }

    /// The coordinator died with all calls.
    pub(super) fn lose_calls(&mut self, _world: &mut World) {
        self.sent = None;
        self.session = None;
    }

    fn held(&self) -> Vec<LeaseId> {
        self.running.iter().map(|lease| lease.lease).chain(self.spool.iter().map(|report| report.lease)).collect()
    }

    fn talk(&mut self, world: &mut World, dice: &mut Dice, oracle: &mut Oracle) {
        match self.sent.take() {
            None if self.session.is_none() => {
                let call = world.call(register(self.id, self.life, self.n_slots, "v1", &self.held()));
                self.sent = Some(Sent::Register(call));
            }
            None => self.send_report(world, dice, oracle),
            Some(Sent::Register(call)) => match world.answers.remove(&call) {
                Some(Ok(Answer::Registered { session, ended })) => {
                    (self.session, self.seq) = (Some(session), 0);
                    self.drop_leases(&ended);
                }
                Some(other) => panic!("not registered: {other:?}"),
                None => self.sent = Some(Sent::Register(call)),
            },
            Some(Sent::Report(call, report)) => match world.answers.remove(&call) {
                Some(answer) => self.take(report, answer),
                None => self.sent = Some(Sent::Report(call, report)),
            },
        }
    }

    fn send_report(&mut self, world: &mut World, dice: &mut Dice, oracle: &mut Oracle) {
        let Some(session) = self.session else { return };
        self.seq += 1;
        let given_back = if dice.once_in(20) { self.running.pop() } else { None };
        let returned = given_back.iter().map(|lease| lease.lease).collect();
        let report = Report {
            session,
            seq: self.seq,
            reports: self.spool.clone(),
            n_free_slots: self.n_slots.saturating_sub(self.running.len() as u32),
            n_queued: 0,
            wait: Duration::from_secs(dice.below(3)),
            draining: false,
            returned,
            reaches_store: true,
        };
        let call = world.call(Command::Report(report.clone()));
        oracle.asked_to_report(call, &report);
        self.sent = Some(Sent::Report(call, report));
    }

    fn take(&mut self, report: Report<u64>, answer: Result<Answer, Rejection>) {
        match answer {
            Ok(Answer::Reported(answer)) => {
                assert_eq!((answer.seq, answer.accepted.len()), (report.seq, report.reports.len()));
                self.spool.drain(..report.reports.len());
                self.drop_leases(&answer.stop);
                self.running.extend(&answer.leases);
                assert!(self.running.len() <= 2 * self.n_slots as usize + 8, "{}", self.running.len());
                self.stale = Some(report);
            }
            Err(Rejection::UnknownSession(_)) => self.session = None,
            other => panic!("not reported: {other:?}"),
        }
    }

    fn drop_leases(&mut self, leases: &[LeaseId]) {
        self.running.retain(|lease| !leases.contains(&lease.lease));
        self.spool.retain(|report| !leases.contains(&report.lease));
    }

    fn finish(&mut self, dice: &mut Dice, with_failures: bool) {
        if self.running.is_empty() {
            return;
        }
        let lease = self.running.remove(dice.below(self.running.len() as u64) as usize);
        let result = match dice.below(30) {
            0 if with_failures => failed(FailureClass::Invalid),
            1..4 if with_failures => failed(FailureClass::Transient),
            4..6 if with_failures => failed(FailureClass::Poison),
            6 => JobResult::Rows { outcome: Outcome::Diverged, block: lease.job.0 },
            _ => rows(lease.job.0),
        };
        self.spool.push(job_report(&lease, result));
    }

    fn beat(&mut self, world: &mut World) {
        let Some(session) = self.session else { return };
        let leases = self.held().into_iter().map(|lease| (lease, 0)).collect();
        let call = world.call(Command::Heartbeat { session, leases });
        match world.answers.remove(&call) {
            Some(Ok(Answer::Beat { stop, .. })) => self.drop_running(&stop),
            Some(Err(Rejection::UnknownSession(_))) => self.session = None,
            // The answer waits for the disk, and this worker is not patient.
            None => {}
            other => panic!("no beat: {other:?}"),
        }
    }

    /// A directive to stop does not touch what is in a report under way.
    fn drop_running(&mut self, leases: &[LeaseId]) {
        self.running.retain(|lease| !leases.contains(&lease.lease));
    }

    /// The process dies. What was running is gone, the spool is not.
    fn crash(&mut self, world: &mut World) {
        if let Some(Sent::Register(call) | Sent::Report(call, _)) = self.sent.take() {
            world.gone(call);
        }
        self.life += 1;
        self.running.clear();
        self.session = None;
    }

    /// The report under way is sent again.
    fn repeat(&mut self, world: &mut World, oracle: &mut Oracle) {
        if let Some(Sent::Report(first, report)) = self.sent.clone() {
            let call = world.call(Command::Report(report.clone()));
            oracle.asked_to_report(call, &report);
            if let Some(answer) = world.answers.remove(&first).filter(|answer| answer.is_ok()) {
                // The first was answered, so the repeat is answered alike.
                assert_eq!(world.answers.get(&call), Some(&answer));
            }
            self.sent = Some(Sent::Report(call, report));
        }
    }

    /// The answer is lost on its way: the report is sent again, to whoever is there.
    fn miss_answer(&mut self, world: &mut World, oracle: &mut Oracle) {
        if let Some(Sent::Report(call, report)) = self.sent.clone() {
            world.answers.remove(&call);
            world.gone(call);
            let call = world.call(Command::Report(report.clone()));
            oracle.asked_to_report(call, &report);
            self.sent = Some(Sent::Report(call, report));
        }
    }

    /// A report of long ago arrives. Whatever it is answered, nobody listens.
    fn send_stale(&mut self, world: &mut World, oracle: &mut Oracle) {
        if let Some(report) = self.stale.take() {
            let call = world.call(Command::Report(report.clone()));
            oracle.asked_to_report(call, &report);
        }
    }
}
