//! The coordinator in the simulated world: the real pump with its surroundings, and around it what the process does with
//! channels, a disk and a clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use traipse_agent::Report as AgentReport;
use traipse_scheduler::command::{AttemptStats, Config, JobReport, JobResult, Register, Report, SessionId, WorkerInfo};
use traipse_scheduler::{Answer, Command, Deed, Drive, Event as Told, Pump, Rejection, SnapshotRule};
use traipse_sweep::facts::Control;
use traipse_sweep::{Incarnation, LeaseId, RequestId, SweepId, WorkerId};

use super::disk::Transaction;
use super::event::{Block, CallId, End, Event, Node, Payload, Request, Response};
use super::mutation::Mutation;
use super::world::World;

pub(crate) type Ticket = u64;

/// What a call that is not answered was about.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) call: CallId,
    pub(crate) what: What,
}

/// By kind.
#[derive(Debug)]
pub(crate) enum What {
    Submit(SweepId),
    Control(SweepId, Control),
    Retry(SweepId, RequestId),
    Register(WorkerId),
    Report(SessionId, Arc<AgentReport<Payload>>),
    /// Leases that were under way when they were renewed, and when that was.
    Beat(Vec<LeaseId>, Duration),
}

/// One life of the coordinator.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) number: u32,
    pub(crate) drive: Drive<Ticket, Block>,
    /// World time at which its clock stood at zero, moved on by what it slept.
    zero: Duration,
    pub(crate) asked: BTreeMap<Ticket, Asked>,
    tickets: BTreeMap<CallId, Ticket>,
    next_ticket: Ticket,
    tick_at: Option<Duration>,
    /// It stands still, and since when, and whether its clock does, too.
    pub(crate) stands: Option<(Duration, bool)>,
    inbox: Vec<(CallId, Box<Request>)>,
    committed: Option<u64>,
    pub(crate) incarnations: BTreeMap<WorkerId, Incarnation>,
    /// When leases were renewed by a heartbeat that was answered.
    pub(crate) renewed: BTreeMap<LeaseId, Duration>,
    pub(crate) seals: u32,
}

impl World {
    /// The process begins.
    pub(crate) fn start_coordinator(&mut self) {
        if self.coordinator.is_some() {
            return;
        }
        if self.disk.is_full {
            let at = self.now + self.dice.millis(200, 3000);
            return self.queue.push(at, Event::StartCoordinator);
        }
        self.disk.incarnation += 1;
        let mut config = Config::new(Incarnation(self.disk.incarnation));
        config.batch_facts = self.batch_facts;
        let restored = match self.disk.restore() {
            Ok(restored) => restored,
            Err(why) => return self.violated(why),
        };
        let pump = if restored.next_seq == 1 {
            Ok(Pump::new(config))
        } else {
            let (snapshot, facts) = (restored.snapshot.as_deref(), restored.facts.into_iter());
            Pump::restore(config, Duration::ZERO, snapshot, facts, restored.next_seq)
        };
        let pump = match pump {
            Ok(pump) => pump,
            Err(error) => return self.violated(format!("the journal does not restore: {error}")),
        };
        self.trace(|| "the coordinator starts".to_owned());
        let rule = SnapshotRule { facts: self.snapshot_facts, after: Duration::from_secs(60) };
        self.coordinator = Some(Life {
            number: self.disk.incarnation,
            drive: Drive::new(pump, rule),
            zero: self.now,
            asked: BTreeMap::new(),
            tickets: BTreeMap::new(),
            next_ticket: 0,
            tick_at: None,
            stands: None,
            inbox: Vec::new(),
            committed: None,
            incarnations: BTreeMap::new(),
            renewed: BTreeMap::new(),
            seals: 0,
        });
        self.check_whole();
        self.tell(Told::Tick);
        let at = self.now + self.dice.millis(100, 8000);
        self.queue.push(at, Event::Seal(self.disk.incarnation));
    }

    /// The process is gone, and with it all that was not written.
    pub(crate) fn kill_coordinator(&mut self) {
        if self.coordinator.take().is_none() {
            return;
        }
        let (written, how) = self.disk.crash(&mut self.dice);
        self.trace(|| format!("the coordinator dies; {how}"));
        self.counts.add(how);
        if let Some(transaction) = written {
            self.apply(&transaction);
        }
        let at = self.now + self.dice.millis(50, 20_000);
        self.queue.push(at, Event::StartCoordinator);
    }

    /// Its monotonic clock.
    pub(crate) fn coordinator_now(&self) -> Duration {
        let Some(life) = &self.coordinator else { return Duration::ZERO };
        let monotonic = self.now.saturating_sub(life.zero);
        match self.mutation {
            Some(Mutation::ExpireByWallClock) => {
                let wall = monotonic.as_micros() as i64 + self.wall_offset;
                Duration::from_micros(wall.max(0) as u64)
            }
            _ => monotonic,
        }
    }

    /// Something is told to the pump, and what it says is done.
    pub(crate) fn tell(&mut self, event: Told<Ticket, Block>) {
        let now = self.coordinator_now();
        let Some(life) = &mut self.coordinator else { return };
        for deed in life.drive.on(now, event) {
            self.do_deed(deed);
        }
        self.arm_coordinator();
    }

    fn arm_coordinator(&mut self) {
        let Some(life) = &mut self.coordinator else { return };
        let Some(deadline) = life.drive.next_deadline() else { return };
        let at = (life.zero + deadline).max(self.now);
        if life.tick_at.is_none_or(|known| known > at) {
            life.tick_at = Some(at);
            self.queue.push(at, Event::CoordinatorTick(life.number));
        }
    }

    pub(crate) fn coordinator_tick(&mut self, number: u32) {
        let now = self.coordinator_now();
        let Some(life) = self.coordinator.as_mut().filter(|life| life.number == number) else { return };
        if life.tick_at.is_none_or(|at| at > self.now) {
            return;
        }
        life.tick_at = None;
        if life.stands.is_some() {
            return;
        }
        match life.drive.next_deadline().is_some_and(|deadline| deadline <= now) {
            true => self.tell(Told::Tick),
            false if self.mutation == Some(Mutation::ExpireByWallClock) => {
                // By that clock, the deadline has not come: it is looked at again a little later.
                let at = self.now + Duration::from_millis(500);
                if let Some(life) = &mut self.coordinator {
                    life.tick_at = Some(at);
                }
                self.queue.push(at, Event::CoordinatorTick(number));
            }
            false => self.arm_coordinator(),
        }
    }

    /// It stops running for a while; its clock goes on, unless the whole machine sleeps.
    pub(crate) fn halt_coordinator(&mut self, length: Duration, sleeps: bool) {
        let now = self.now;
        let Some(life) = self.coordinator.as_mut().filter(|life| life.stands.is_none()) else { return };
        life.stands = Some((now, sleeps));
        let number = life.number;
        self.queue.push(now + length, Event::WakeCoordinator(number));
    }

    pub(crate) fn wake_coordinator(&mut self, number: u32) {
        let now = self.now;
        let Some(life) = self.coordinator.as_mut().filter(|life| life.number == number) else { return };
        let Some((since, sleeps)) = life.stands.take() else { return };
        if sleeps {
            life.zero += now - since;
        }
        life.tick_at = None;
        let committed = life.committed.take();
        let inbox = std::mem::take(&mut life.inbox);
        if let Some(batch) = committed {
            self.tell(Told::Committed { batch });
        }
        for (call, request) in inbox {
            self.asked(call, request);
        }
        self.arm_coordinator();
    }

    fn do_deed(&mut self, deed: Deed<Ticket, Block>) {
        match deed {
            Deed::Commit(batch) => {
                self.check_cut(&batch.facts);
                self.disk.put(Transaction::of(batch));
                self.write();
            }
            Deed::Publish(published) => {
                for sweep in &published.admitted {
                    if !self.oracle.is_admitted(*sweep) {
                        self.violated(format!("sweep {sweep} is published and not durable"));
                    }
                }
            }
            Deed::KeepSnapshot { seq, snapshot } => {
                self.counts.add("snapshots");
                self.disk.put(Transaction::Snapshot { seq, state: snapshot.encode() });
                self.write();
            }
            Deed::Answer { reply, answer } => self.give(reply, answer),
        }
    }

    fn give(&mut self, reply: Ticket, answer: Result<Answer, Rejection>) {
        let Some(asked) = self.coordinator.as_mut().and_then(|life| life.asked.remove(&reply)) else {
            return self.violated(format!("call {reply} is answered and nobody asked"));
        };
        if let Some(life) = &mut self.coordinator {
            life.tickets.remove(&asked.call);
        }
        self.check_answer(&asked, &answer);
        let response = match answer {
            Ok(Answer::Registered { session, ended }) => Response::Registered { session, ended },
            Ok(Answer::Reported(reported)) => Response::Reported(reported),
            Ok(Answer::Beat { stop, .. }) => Response::Beat(stop),
            Ok(Answer::Submitted { .. }) => Response::Submitted,
            Ok(_) => Response::Controlled,
            Err(rejection) => Response::Refused(rejection),
        };
        self.answer(asked.call, response);
    }

    /// Lets the disk go on.
    pub(crate) fn write(&mut self) {
        let Some(number) = self.coordinator.as_ref().map(|life| life.number) else { return };
        if self.disk.begin() {
            let slow = self.dice.once_in(if self.slow_disk { 4 } else { 200 });
            let length = if slow { self.dice.millis(20, 1500) } else { self.dice.millis(1, 12) };
            self.queue.push(self.now + length, Event::Written(number));
        }
    }

    pub(crate) fn written(&mut self, number: u32) {
        if self.coordinator.as_ref().is_none_or(|life| life.number != number) || !self.disk.is_writing() {
            return;
        }
        if self.disk.is_full {
            self.counts.add("coordinator ends: disk full");
            return self.kill_coordinator();
        }
        let Some(transaction) = self.disk.take_written() else { return };
        self.apply(&transaction);
        match transaction {
            Transaction::Batch { seq, .. } => match &mut self.coordinator {
                Some(life) if life.stands.is_some() => life.committed = Some(seq),
                _ => self.tell(Told::Committed { batch: seq }),
            },
            Transaction::Snapshot { .. } => {
                self.disk.put(Transaction::Prune);
                let now = self.coordinator_now();
                let next = self.coordinator.as_mut().and_then(|life| life.drive.snapshot_kept(now));
                next.into_iter().for_each(|deed| self.do_deed(deed));
            }
            Transaction::Name { sweep, upto, .. } => self.disk.put(Transaction::Delete { sweep, upto }),
            Transaction::Delete { sweep, upto } if !self.disk.rows_upto(sweep, upto).is_empty() => {
                self.disk.put(Transaction::Delete { sweep, upto });
            }
            Transaction::Delete { .. } | Transaction::Prune => {}
        }
        self.write();
    }

    /// A transaction is durable: it counts from here on, whether or not anybody lives to hear of it.
    fn apply(&mut self, transaction: &Transaction) {
        self.counts.add("transactions");
        if let Err(why) = self.disk.apply(transaction) {
            return self.violated(why);
        }
        self.check_written(transaction);
    }

    /// A request arrives.
    pub(crate) fn asked(&mut self, call: CallId, request: Box<Request>) {
        let Some(life) = &mut self.coordinator else {
            if !matches!(*request, Request::Gone { .. }) {
                self.answer(call, Response::Failed);
            }
            return;
        };
        if life.stands.is_some() {
            return life.inbox.push((call, request));
        }
        match *request {
            Request::Gone { call } => {
                if let Some(ticket) = life.tickets.remove(&call).filter(|ticket| life.asked.remove(ticket).is_some()) {
                    self.tell(Told::Gone { reply: ticket });
                }
            }
            Request::Spec(sweep) => {
                let known = life.drive.pump().spec(sweep).is_some();
                self.answer(call, Response::Spec(sweep, known));
            }
            Request::Status(sweep) => {
                let status = life.drive.pump().status(sweep);
                self.check_status(sweep, status.as_ref());
                self.answer(call, Response::Status(status.map(|status| status.state)));
            }
            Request::Submit { sweep, spec } => {
                self.command(call, What::Submit(sweep), Command::Submit { sweep, spec });
            }
            Request::Control { sweep, control } => {
                self.command(call, What::Control(sweep, control), Command::Control { sweep, control });
            }
            Request::Retry { sweep, request, cells } => {
                let command = Command::Retry { sweep, request, cells };
                self.command(call, What::Retry(sweep, request), command);
            }
            Request::Register { worker, incarnation, n_slots, numerics, held } => {
                self.register(call, worker, incarnation, n_slots, numerics, held);
            }
            Request::Beat { session, leases } => self.beat(call, session, leases),
            Request::Report { session, report, wait, reaches_store } => {
                self.report(call, session, report, wait, reaches_store);
            }
        }
    }

    fn command(&mut self, call: CallId, what: What, command: Command<Block>) {
        let Some(life) = &mut self.coordinator else { return };
        let reply = life.next_ticket;
        life.next_ticket += 1;
        life.asked.insert(reply, Asked { call, what });
        life.tickets.insert(call, reply);
        self.tell(Told::Call { reply, command });
    }

    fn register(
        &mut self,
        call: CallId,
        worker: WorkerId,
        incarnation: Incarnation,
        n_slots: u32,
        numerics: Arc<str>,
        held: Vec<LeaseId>,
    ) {
        let text = || Arc::from("simulated");
        let info = WorkerInfo {
            n_slots,
            n_threads: 0,
            labels: BTreeMap::new(),
            build: text(),
            numerics,
            cpu_features: text(),
            memory: 0,
        };
        let command = Command::Register(Register { worker, incarnation, info, held: held.clone() });
        self.command(call, What::Register(worker), command);
        self.check_registered(worker, incarnation, &held);
    }

    fn beat(&mut self, call: CallId, session: SessionId, leases: Vec<LeaseId>) {
        let now = self.coordinator_now();
        let Some(life) = &self.coordinator else { return };
        let pump = life.drive.pump();
        let renewed = leases.iter().copied().filter(|lease| pump.is_under_way(*lease)).collect();
        let leases = leases.into_iter().map(|lease| (lease, 0)).collect();
        self.command(call, What::Beat(renewed, now), Command::Heartbeat { session, leases });
    }

    fn report(
        &mut self,
        call: CallId,
        session: SessionId,
        report: Arc<AgentReport<Payload>>,
        wait: Duration,
        reaches_store: bool,
    ) {
        let command = Command::Report(Report {
            session,
            seq: report.seq,
            reports: report.outcomes.iter().map(|outcome| job_report(&outcome.payload)).collect(),
            n_free_slots: report.n_free,
            n_queued: report.n_queued,
            wait,
            draining: report.draining,
            returned: report.returned.iter().map(|lease| lease.lease).collect(),
            reaches_store,
        });
        let blamed = self.blame_of(&report);
        self.command(call, What::Report(session, Arc::clone(&report)), command);
        self.check_returned(&blamed);
    }
}

fn job_report(payload: &Payload) -> JobReport<Block> {
    let result = match payload.end {
        End::Rows(outcome, block) => JobResult::Rows { outcome, block },
        End::Failed(class) => JobResult::Failed { class, message: class.as_str().into() },
    };
    let stats = AttemptStats { total_seconds: payload.seconds, ..AttemptStats::default() };
    let Payload { sweep, job, generation, lease, .. } = *payload;
    JobReport { sweep, job, generation, lease, result, stats }
}

/// The node of every call.
pub(crate) const HOME: Node = Node::Coordinator;
