//! Workers in the simulated world: the real agent, and around it what the process does with calls, slots and a clock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use traipse_agent::{
    Action, Agent, Call, CallFailure, Config, Event as Told, Exit, Finished, JobEnd, Lease, Outcome, Report, Token,
};
use traipse_scheduler::Rejection;
use traipse_scheduler::command::SessionId;
use traipse_sweep::{Generation, Incarnation, LeaseId, SweepId, WorkerId};

use super::event::{CallId, Event, Node, Payload, Request, Response};
use super::jobs::Nature;
use super::world::World;

/// How often a worker is asked to beat.
const HEARTBEAT: Duration = Duration::from_secs(3);
/// A call that is not answered within this has failed.
const DEADLINE: Duration = Duration::from_secs(30);
/// The same for a heartbeat.
const BEAT_DEADLINE: Duration = Duration::from_secs(10);
/// Longest time to a running job's next step boundary.
const STEP: Duration = Duration::from_millis(200);
/// Numbers of spec fetches begin here: those of other calls are the agent's.
const SPEC_CALLS: u64 = 1 << 40;

/// A machine on which workers run, one after another.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) id: WorkerId,
    pub(crate) incarnation: u32,
    pub(crate) n_slots: u32,
    /// Its jobs take that many times as long.
    pub(crate) slowness: u32,
    pub(crate) numerics: Arc<str>,
    pub(crate) reaches_store: bool,
    /// Outcomes that are on its disk.
    pub(crate) spool: BTreeMap<LeaseId, Outcome<Payload>>,
    pub(crate) spool_is_full: bool,
    pub(crate) life: Option<Life>,
}

/// One process.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) agent: Agent<Payload>,
    zero: Duration,
    session: Option<SessionId>,
    queue: VecDeque<Lease>,
    running: BTreeMap<LeaseId, Running>,
    stopped: BTreeSet<LeaseId>,
    /// The register or the report that is under way.
    main: Option<CallId>,
    events: VecDeque<Told<Payload>>,
    tick_at: Option<Duration>,
    pub(crate) stands: Option<(Duration, bool)>,
    missed: Vec<Event>,
    n_spec_calls: u64,
    last_report: Option<(Call, Arc<Report<Payload>>)>,
    /// Ended with a result, and not answered for yet.
    finished: BTreeSet<LeaseId>,
    /// What the spool is writing.
    keeping: Vec<Arc<Outcome<Payload>>>,
}

#[derive(Debug)]
struct Running {
    lease: Lease,
    started: Duration,
    ends: Duration,
}

impl World {
    pub(crate) fn start_worker(&mut self, at: usize) {
        let now = self.now;
        let worker = &mut self.workers[at];
        if worker.life.is_some() {
            return;
        }
        worker.incarnation += 1;
        let seed = worker.id.0 as u64 ^ u64::from(worker.incarnation) ^ self.seed;
        let mut config = Config::new(worker.n_slots, seed);
        config.report_outcomes = self.report_outcomes;
        // Whoever gives up early is only started again.
        config.first_contact = Duration::from_secs(300);
        let left: Vec<Outcome<Payload>> = worker.spool.values().cloned().collect();
        worker.life = Some(Life {
            agent: Agent::new(config),
            zero: now,
            session: None,
            queue: VecDeque::new(),
            running: BTreeMap::new(),
            stopped: BTreeSet::new(),
            main: None,
            events: VecDeque::new(),
            tick_at: None,
            stands: None,
            missed: Vec::new(),
            n_spec_calls: 0,
            last_report: None,
            finished: left.iter().map(|outcome| outcome.lease.lease).collect(),
            keeping: Vec::new(),
        });
        self.trace(|| format!("worker {at} starts"));
        if !left.is_empty() {
            self.counts.add_many("outcomes taken up from a spool", left.len() as u64);
            self.tell_worker(at, Told::Restored(left));
        }
        self.tell_worker(at, Told::Started);
    }

    pub(crate) fn kill_worker(&mut self, at: usize) {
        if let Some(life) = self.workers[at].life.take() {
            // Some of what was being written is there; the rest is a torn tail, which is cut.
            let n_kept = self.dice.below(life.keeping.len() as u64 + 1) as usize;
            if n_kept < life.keeping.len() {
                self.counts.add("spool: torn tail");
            }
            let kept = life.keeping.into_iter().take(n_kept);
            self.workers[at].spool.extend(kept.map(|outcome| (outcome.lease.lease, (*outcome).clone())));
            self.trace(|| format!("worker {at} dies"));
            let again = self.now + self.dice.millis(100, 30_000);
            self.queue.push(again, Event::StartWorker(at));
        }
    }

    pub(crate) fn halt_worker(&mut self, at: usize, length: Duration, sleeps: bool) {
        let (now, incarnation) = (self.now, self.workers[at].incarnation);
        if let Some(life) = self.workers[at].life.as_mut().filter(|life| life.stands.is_none()) {
            life.stands = Some((now, sleeps));
            self.queue.push(now + length, Event::WakeWorker(at, incarnation));
        }
    }

    pub(crate) fn wake_worker(&mut self, at: usize, incarnation: u32) {
        let now = self.now;
        let Some(life) = self.life(at, incarnation) else { return };
        let Some((since, sleeps)) = life.stands.take() else { return };
        if sleeps {
            life.zero += now - since;
        }
        life.tick_at = None;
        for event in std::mem::take(&mut life.missed) {
            match event {
                Event::Answered(call, response) => self.worker_answered(at, call, *response),
                Event::Kept(at, incarnation) => self.kept(at, incarnation),
                Event::JobEnds(at, incarnation, lease) => self.job_ends(at, incarnation, lease),
                _ => {}
            }
        }
        self.arm_worker(at);
    }

    fn life(&mut self, at: usize, incarnation: u32) -> Option<&mut Life> {
        let worker = &mut self.workers[at];
        worker.life.as_mut().filter(|_| worker.incarnation == incarnation)
    }

    pub(crate) fn worker_tick(&mut self, at: usize, incarnation: u32) {
        let now = self.now;
        let Some(life) = self.life(at, incarnation) else { return };
        if life.stands.is_some() || life.tick_at.is_none_or(|due| due > now) {
            return;
        }
        life.tick_at = None;
        match life.agent.next_deadline().is_some_and(|deadline| life.zero + deadline <= now) {
            true => self.tell_worker(at, Told::Tick),
            false => self.arm_worker(at),
        }
    }

    fn arm_worker(&mut self, at: usize) {
        let (now, incarnation) = (self.now, self.workers[at].incarnation);
        let Some(life) = &mut self.workers[at].life else { return };
        let Some(deadline) = life.agent.next_deadline() else { return };
        let due = (life.zero + deadline).max(now);
        if life.tick_at.is_none_or(|known| known > due) {
            life.tick_at = Some(due);
            self.queue.push(due, Event::WorkerTick(at, incarnation));
        }
    }

    /// Tells the agent, does what it says, and tells it what came of that.
    pub(crate) fn tell_worker(&mut self, at: usize, event: Told<Payload>) {
        let Some(life) = &mut self.workers[at].life else { return };
        life.events.push_back(event);
        loop {
            let now = self.now;
            let Some(life) = &mut self.workers[at].life else { return };
            let Some(event) = life.events.pop_front() else { break };
            let clock = now.saturating_sub(life.zero);
            for action in life.agent.on(clock, event) {
                self.act(at, action);
            }
        }
        self.fill_slots(at);
        self.arm_worker(at);
    }

    fn call_id(&self, at: usize, number: u64) -> CallId {
        CallId { from: Node::Worker(at), life: self.workers[at].incarnation, number }
    }

    fn act(&mut self, at: usize, action: Action<Payload>) {
        match action {
            Action::Register(register) => {
                let held: Vec<LeaseId> = register.held.iter().map(|(lease, _)| *lease).collect();
                self.check_held(at, &held);
                let worker = &self.workers[at];
                let request = Request::Register {
                    worker: worker.id,
                    incarnation: Incarnation(worker.incarnation),
                    n_slots: worker.n_slots,
                    numerics: Arc::clone(&worker.numerics),
                    held,
                };
                self.main_call(at, register.call, request, DEADLINE);
            }
            Action::Report { call, report, wait } => {
                let reaches_store = self.workers[at].reaches_store;
                let Some(life) = &mut self.workers[at].life else { return };
                life.last_report = Some((call, Arc::clone(&report)));
                let Some(session) = life.session else { return };
                let request = Request::Report { session, report, wait, reaches_store };
                self.main_call(at, call, request, DEADLINE + wait);
            }
            Action::Beat { call, leases } => {
                self.check_held(at, &leases);
                let session = self.workers[at].life.as_ref().and_then(|life| life.session);
                if let Some(session) = session {
                    let id = self.call_id(at, call.0);
                    self.ask(id, Request::Beat { session, leases }, BEAT_DEADLINE);
                }
            }
            Action::Start(leases) => {
                if let Some(life) = &mut self.workers[at].life {
                    life.queue.extend(leases);
                }
            }
            Action::Stop(lease) => self.stop(at, lease),
            Action::Recall => {
                if let Some(life) = &mut self.workers[at].life {
                    let unstarted = life.queue.drain(..).map(|lease| lease.lease).collect();
                    life.events.push_back(Told::Unstarted(unstarted));
                }
            }
            Action::FetchSpec(sweep) => self.fetch_spec(at, sweep),
            Action::Keep(outcomes) => self.keep(at, outcomes),
            Action::Release(leases) => {
                let worker = &mut self.workers[at];
                leases.iter().for_each(|lease| drop(worker.spool.remove(lease)));
                if let Some(life) = &mut worker.life {
                    life.keeping.retain(|outcome| !leases.contains(&outcome.lease.lease));
                }
            }
            Action::ForgetSpec(_) => {}
            Action::Exit(exit) => self.leave(at, &exit),
        }
    }

    /// A register or a report takes the place of the one before, which the coordinator may be told.
    fn main_call(&mut self, at: usize, call: Call, request: Request, deadline: Duration) {
        let id = self.call_id(at, call.0);
        let old = self.workers[at].life.as_mut().and_then(|life| life.main.replace(id));
        if let Some(old) = old {
            self.ask(id, Request::Gone { call: old }, deadline);
        }
        self.ask(id, request, deadline);
    }

    fn fetch_spec(&mut self, at: usize, sweep: SweepId) {
        let Some(life) = &mut self.workers[at].life else { return };
        life.n_spec_calls += 1;
        let number = SPEC_CALLS * life.n_spec_calls + (sweep.0 as u64 & 0xffff);
        let id = self.call_id(at, number);
        self.ask(id, Request::Spec(sweep), DEADLINE);
    }

    fn keep(&mut self, at: usize, outcomes: Vec<Arc<Outcome<Payload>>>) {
        let incarnation = self.workers[at].incarnation;
        if let Some(life) = &mut self.workers[at].life {
            life.keeping = outcomes;
            let length = self.dice.millis(1, 30);
            self.queue.push(self.now + length, Event::Kept(at, incarnation));
        }
    }

    /// The spool has written what it was given.
    pub(crate) fn kept(&mut self, at: usize, incarnation: u32) {
        let is_full = self.workers[at].spool_is_full;
        let Some(life) = self.life(at, incarnation) else { return };
        if life.stands.is_some() {
            return life.missed.push(Event::Kept(at, incarnation));
        }
        let kept = std::mem::take(&mut life.keeping);
        if is_full {
            self.counts.add("spool: full");
            return self.tell_worker(at, Told::KeepFailed);
        }
        self.counts.add_many("outcomes kept in a spool", kept.len() as u64);
        self.workers[at].spool.extend(kept.into_iter().map(|outcome| (outcome.lease.lease, (*outcome).clone())));
        self.tell_worker(at, Told::Kept);
    }

    fn stop(&mut self, at: usize, lease: LeaseId) {
        let (now, incarnation) = (self.now, self.workers[at].incarnation);
        let Some(life) = &mut self.workers[at].life else { return };
        life.stopped.insert(lease);
        if let Some(running) = life.running.get_mut(&lease) {
            let ends = now + self.dice.between(Duration::ZERO, STEP);
            if ends < running.ends {
                running.ends = ends;
                self.queue.push(ends, Event::JobEnds(at, incarnation, lease));
            }
        }
    }

    fn fill_slots(&mut self, at: usize) {
        let (now, incarnation, slowness) = (self.now, self.workers[at].incarnation, self.workers[at].slowness);
        loop {
            let n_slots = self.workers[at].n_slots as usize;
            let Some(life) = &mut self.workers[at].life else { return };
            if life.running.len() >= n_slots {
                return;
            }
            let Some(lease) = life.queue.pop_front() else { return };
            if life.stopped.remove(&lease.lease) {
                let stopped = Finished { lease: lease.lease, end: JobEnd::Stopped };
                return self.tell_worker(at, Told::Finished(vec![stopped]));
            }
            let ends = now + self.jobs.length(&mut self.dice) * slowness;
            let id = lease.lease;
            life.running.insert(id, Running { lease, started: now, ends });
            self.queue.push(ends, Event::JobEnds(at, incarnation, id));
        }
    }

    pub(crate) fn job_ends(&mut self, at: usize, incarnation: u32, lease: LeaseId) {
        let now = self.now;
        let Some(life) = self.life(at, incarnation) else { return };
        if life.stands.is_some() {
            return life.missed.push(Event::JobEnds(at, incarnation, lease));
        }
        if life.running.get(&lease).is_none_or(|running| running.ends > now) {
            return;
        }
        let Some(Running { lease, started, .. }) = life.running.remove(&lease) else { return };
        let was_stopped = life.stopped.remove(&lease.lease);
        if self.jobs.nature(lease.sweep, lease.job) == Nature::Kills && !was_stopped {
            self.counts.add("jobs that kill their worker");
            return self.kill_worker(at);
        }
        let end = match was_stopped {
            true => JobEnd::Stopped,
            false => {
                let end = self.jobs.end(&mut self.dice, lease.sweep, lease.job, lease.generation);
                let (sweep, job) = (lease.sweep, lease.job);
                // Once in a while, somebody reports what belongs to another generation of the job.
                let strange = !self.calm && self.dice.once_in(300);
                let generation = if strange { Generation(lease.generation.0 + 1) } else { lease.generation };
                let seconds = (now - started).as_secs_f64();
                let payload = Payload { sweep, job, generation, lease: lease.lease, seconds, end };
                JobEnd::Result { payload, n_bytes: 300, cost: now - started }
            }
        };
        if let (JobEnd::Result { .. }, Some(life)) = (&end, &mut self.workers[at].life) {
            life.finished.insert(lease.lease);
        }
        self.counts.add("jobs run");
        self.tell_worker(at, Told::Finished(vec![Finished { lease: lease.lease, end }]));
    }

    fn leave(&mut self, at: usize, exit: &Exit) {
        self.counts.add(match exit {
            Exit::Drained => "worker left: drained",
            Exit::GraceOver { .. } => "worker left: grace over",
            Exit::Hung { .. } => "worker left: a job hung",
            Exit::Unreached => "worker left: unreached",
            Exit::Refused(_) => "worker left: refused",
        });
        self.trace(|| format!("worker {at} leaves: {exit:?}"));
        self.kill_worker(at);
    }

    pub(crate) fn worker_answered(&mut self, at: usize, id: CallId, response: Response) {
        let Some(life) = self.life(at, id.life) else { return };
        if life.stands.is_some() {
            return life.missed.push(Event::Answered(id, Box::new(response)));
        }
        let call = Call(id.number);
        let was_main = life.main.take_if(|main| *main == id).is_some();
        let event = match response {
            Response::Registered { session, ended } => {
                if !was_main {
                    return;
                }
                life.session = Some(session);
                ended.iter().for_each(|lease| _ = life.finished.remove(lease));
                Told::Registered { call, heartbeat: HEARTBEAT, ended }
            }
            Response::Reported(reported) => {
                if life.last_report.as_ref().is_some_and(|(last, _)| *last == call) {
                    let (_, report) = life.last_report.take().expect("it was just seen");
                    let outcomes = report.outcomes.iter().map(|outcome| outcome.lease.lease);
                    outcomes.chain(reported.stop.iter().copied()).for_each(|lease| _ = life.finished.remove(&lease));
                }
                let token: Token = Arc::clone(&self.token);
                let lease = |lease: traipse_scheduler::command::Lease| Lease {
                    sweep: lease.sweep,
                    job: lease.job,
                    generation: lease.generation,
                    lease: lease.lease,
                    token: Arc::clone(&token),
                    attempt: lease.attempt,
                    time_limit: None,
                };
                let leases = reported.leases.into_iter().map(lease).collect();
                Told::Reported { call, leases, stop: reported.stop }
            }
            Response::Beat(stop) => {
                stop.iter().for_each(|lease| _ = life.finished.remove(lease));
                Told::BeatAnswered { call, stop }
            }
            Response::Spec(sweep, known) => {
                if known {
                    Told::SpecReady(sweep)
                } else {
                    Told::SpecFailed(sweep)
                }
            }
            Response::Refused(rejection) => self.refused(at, call, &rejection),
            Response::Failed if id.number >= SPEC_CALLS => Told::SpecFailed(SweepId(u128::from(id.number & 0xffff))),
            _ => Told::Failed { call, failure: CallFailure::Retry { after: None } },
        };
        self.tell_worker(at, event);
    }

    fn refused(&mut self, at: usize, call: Call, rejection: &Rejection) -> Told<Payload> {
        self.trace(|| format!("worker {at} is refused: {rejection}"));
        Told::Failed { call, failure: Response::failure(rejection) }
    }

    /// What has ended and is not answered for is still held: otherwise it would never be reported.
    fn check_held(&mut self, at: usize, held: &[LeaseId]) {
        let Some(life) = &self.workers[at].life else { return };
        if let Some(lease) = life.finished.iter().find(|lease| !held.contains(lease)) {
            let why = format!("worker {at} has lost the outcome of lease {lease}");
            self.violated(why);
        }
        let n_max = 1024 + 8 * self.workers[at].n_slots as usize;
        if held.len() > n_max {
            self.violated(format!("worker {at} holds {} leases", held.len()));
        }
    }
}
