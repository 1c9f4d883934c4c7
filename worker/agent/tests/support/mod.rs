//! A worker's surroundings, simulated: slots, a network that loses and delays, and a coordinator that checks.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use traipse_agent::{
    Action, Agent, Call, CallFailure, Config, Event, Exit, Finished, JobEnd, Lease, Outcome, Register, Report,
};
use traipse_sweep::{Generation, Incarnation, JobNumber, LeaseId, SweepId};

/// The payload of an outcome: the job that it is about.
pub(crate) type Payload = u64;

/// What goes wrong, and how much there is to do.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) seed: u64,
    pub(crate) n_slots: u32,
    pub(crate) n_jobs: u64,
    pub(crate) grant_max: u64,
    /// Of 100 messages each way.
    pub(crate) lost_percent: u64,
    /// Of 1000 events.
    pub(crate) restart_permille: u64,
    /// Of 1000 events: the worker is killed and starts again.
    pub(crate) kill_permille: u64,
    /// Of 100 writes to the spool.
    pub(crate) full_percent: u64,
    pub(crate) longest_job: Duration,
    pub(crate) drain_at: Option<Duration>,
}

/// The coordinator's side: one session, its jobs, and what it remembers of a session's last report.
#[derive(Default)]
struct Coordinator {
    life: u32,
    session: Option<u64>,
    n_sessions: u64,
    next_job: u64,
    n_jobs: u64,
    again: VecDeque<u64>,
    n_leases: u64,
    open: BTreeMap<LeaseId, Lease>,
    last: Option<(Arc<Report<Payload>>, Vec<Lease>)>,
    accepted: BTreeSet<u64>,
}

pub(crate) struct World {
    scene: Scene,
    pub(crate) now: Duration,
    random: u64,
    agent: Agent<Payload>,
    session: Option<u64>,
    inbox: BTreeMap<(Duration, u64), Event<Payload>>,
    n_messages: u64,
    queue: VecDeque<Lease>,
    running: BTreeMap<LeaseId, (Lease, Duration)>,
    stopping: BTreeSet<LeaseId>,
    coordinator: Coordinator,
    /// What is durable of the worker.
    spool: BTreeMap<LeaseId, Outcome<Payload>>,
    writing: bool,
    pub(crate) n_kept: usize,
    /// Outcomes that a life took over from the one before.
    pub(crate) n_restored: usize,
    pub(crate) finished: BTreeSet<u64>,
    pub(crate) most_running: usize,
    pub(crate) started: Vec<(LeaseId, JobNumber)>,
    pub(crate) exit: Option<(Duration, Exit)>,
    pub(crate) draining: bool,
}

const SWEEP: SweepId = SweepId(7);

impl World {
    pub(crate) fn new(scene: Scene) -> Self {
        let config = config(&scene);
        let coordinator = Coordinator { life: 1, n_jobs: scene.n_jobs, ..Coordinator::default() };
        let mut world = Self {
            now: Duration::ZERO,
            random: scene.seed,
            agent: Agent::new(config),
            session: None,
            inbox: BTreeMap::new(),
            n_messages: 0,
            queue: VecDeque::new(),
            running: BTreeMap::new(),
            stopping: BTreeSet::new(),
            coordinator,
            spool: BTreeMap::new(),
            writing: false,
            n_kept: 0,
            n_restored: 0,
            finished: BTreeSet::new(),
            most_running: 0,
            started: Vec::new(),
            exit: None,
            draining: false,
            scene,
        };
        world.send(Duration::ZERO, Event::Started);
        if let Some(at) = world.scene.drain_at {
            world.send(at, Event::Drain);
        }
        world
    }

    /// How patient the agent is before anything happens.
    pub(crate) fn keep_after(&mut self, keep_after: Duration) {
        self.agent = Agent::new(Config { keep_after, ..config(&self.scene) });
    }

    pub(crate) fn accepted(&self) -> &BTreeSet<u64> {
        &self.coordinator.accepted
    }

    /// Runs until the worker leaves, or everything is accepted and it would only ask again, or `until`.
    pub(crate) fn run(&mut self, until: Duration) {
        while self.exit.is_none() && self.now < until && !(self.scene.drain_at.is_none() && self.all_accepted()) {
            let next_message = self.inbox.keys().next().map(|key| key.0);
            let next_end = self.running.values().map(|(_, end)| *end).min();
            let times = [next_message, next_end, self.agent.next_deadline()];
            let at = times.into_iter().flatten().min().expect("an agent that has not left always waits for something");
            assert!(at >= self.now);
            self.now = at;
            if next_message == Some(at) {
                let event = self.inbox.pop_first().expect("it was just seen").1;
                self.happen(event);
            } else if next_end == Some(at) {
                self.end_jobs();
            } else {
                self.happen(Event::Tick);
            }
            if self.chance(1000, self.scene.restart_permille) {
                self.coordinator.restart();
            }
            if self.exit.is_none() && self.chance(1000, self.scene.kill_permille) {
                self.kill();
            }
        }
    }

    /// The worker loses all but its spool, and starts again.
    fn kill(&mut self) {
        self.agent = Agent::new(config(&self.scene));
        self.inbox.retain(|_, event| matches!(event, Event::Drain));
        self.queue.clear();
        self.running.clear();
        self.stopping.clear();
        self.session = None;
        self.writing = false;
        self.n_restored += self.spool.len();
        self.happen(Event::Restored(self.spool.values().cloned().collect()));
        self.happen(Event::Started);
        if self.draining {
            self.happen(Event::Drain);
        }
    }

    /// All of it becomes durable, or none.
    fn keep(&mut self, outcomes: &[Arc<Outcome<Payload>>]) {
        assert!(!std::mem::replace(&mut self.writing, true), "one write at a time");
        if self.chance(100, self.scene.full_percent) {
            return self.send_late(Event::KeepFailed);
        }
        assert!(outcomes.len() <= 5, "500 bytes of rows hold 5 outcomes of 90");
        self.n_kept += outcomes.len();
        self.spool.extend(outcomes.iter().map(|outcome| (outcome.lease.lease, Outcome::clone(outcome))));
        self.send_late(Event::Kept);
    }

    fn all_accepted(&self) -> bool {
        self.coordinator.accepted.len() as u64 == self.scene.n_jobs
    }

    fn happen(&mut self, event: Event<Payload>) {
        self.draining |= matches!(event, Event::Drain);
        self.writing &= !matches!(event, Event::Kept | Event::KeepFailed);
        let actions = self.agent.on(self.now, event);
        for action in actions {
            assert!(self.exit.is_none(), "nothing comes after the exit");
            self.act(action);
        }
        self.fill_slots();
        if let Some(deadline) = self.agent.next_deadline() {
            assert!(deadline > self.now, "what is due is done: {deadline:?} at {:?}", self.now);
        }
    }

    fn act(&mut self, action: Action<Payload>) {
        match action {
            Action::Register(register) => self.register(&register),
            Action::Report { call, report, .. } => self.report(call, report),
            Action::Beat { call, leases } => self.beat(call, &leases),
            Action::Start(leases) => {
                assert!(!self.draining, "a leaving worker starts nothing new");
                self.queue.extend(leases);
            }
            Action::Stop(lease) => drop(self.stopping.insert(lease)),
            Action::Recall => {
                let unstarted = self.queue.drain(..).map(|lease| lease.lease).collect();
                self.send(Duration::ZERO, Event::Unstarted(unstarted));
            }
            Action::Keep(outcomes) => self.keep(&outcomes),
            Action::Release(leases) => leases.iter().for_each(|lease| drop(self.spool.remove(lease))),
            Action::FetchSpec(sweep) => {
                let lost = self.chance(100, self.scene.lost_percent);
                let event = if lost { Event::SpecFailed(sweep) } else { Event::SpecReady(sweep) };
                self.send_late(event);
            }
            Action::ForgetSpec(_) => {}
            Action::Exit(exit) => self.exit = Some((self.now, exit)),
        }
    }

    fn fill_slots(&mut self) {
        while self.running.len() < self.scene.n_slots as usize
            && let Some(lease) = self.queue.pop_front()
        {
            if self.stopping.remove(&lease.lease) {
                let stopped = Finished { lease: lease.lease, end: JobEnd::Stopped };
                self.send(Duration::ZERO, Event::Finished(vec![stopped]));
                continue;
            }
            let kept = self.spool.values().any(|outcome| outcome.lease.job == lease.job);
            assert!(!kept, "job {} is done again although its outcome is in the spool", lease.job.0);
            self.started.push((lease.lease, lease.job));
            let length = self.below(self.scene.longest_job.as_micros() as u64 + 1);
            self.running.insert(lease.lease, (lease, self.now + Duration::from_micros(length)));
        }
        self.most_running = self.most_running.max(self.running.len());
    }

    /// All jobs that end now are told in one message, as slots do.
    fn end_jobs(&mut self) {
        let ended: Vec<_> = self.running.values().filter(|(_, end)| *end <= self.now).cloned().collect();
        let mut finished = Vec::new();
        for (lease, _) in ended {
            self.running.remove(&lease.lease);
            let end = if self.stopping.remove(&lease.lease) {
                JobEnd::Stopped
            } else {
                self.finished.insert(lease.job.0);
                JobEnd::Result { payload: lease.job.0, n_bytes: 90, cost: Duration::ZERO }
            };
            finished.push(Finished { lease: lease.lease, end });
        }
        self.happen(Event::Finished(finished));
    }

    fn register(&mut self, register: &Register) {
        let call = register.call;
        if self.chance(100, self.scene.lost_percent) {
            return self.fail(call, CallFailure::Retry { after: None });
        }
        let held: BTreeSet<_> = register.held.iter().map(|(lease, _)| *lease).collect();
        let (session, ended) = self.coordinator.register(&held);
        if self.chance(100, self.scene.lost_percent) {
            return self.fail(call, CallFailure::Retry { after: None });
        }
        self.session = Some(session);
        self.send_late(Event::Registered { call, heartbeat: Duration::from_millis(300), ended });
    }

    fn report(&mut self, call: Call, report: Arc<Report<Payload>>) {
        if self.chance(100, self.scene.lost_percent) {
            return self.fail(call, CallFailure::Retry { after: None });
        }
        if self.coordinator.session != self.session {
            return self.fail(call, CallFailure::SessionLost);
        }
        let leases = self.coordinator.report(&report, self.scene.grant_max);
        if self.chance(100, self.scene.lost_percent) {
            return self.fail(call, CallFailure::Retry { after: None });
        }
        self.send_late(Event::Reported { call, leases, stop: Vec::new() });
    }

    fn beat(&mut self, call: Call, leases: &[LeaseId]) {
        for lease in self.running.keys().chain(self.queue.iter().map(|lease| &lease.lease)) {
            assert!(self.stopping.contains(lease) || leases.contains(lease), "{lease} is not renewed");
        }
        if self.chance(100, self.scene.lost_percent) {
            self.fail(call, CallFailure::Retry { after: None });
        } else if self.coordinator.session != self.session {
            self.fail(call, CallFailure::SessionLost);
        } else {
            self.send_late(Event::BeatAnswered { call, stop: Vec::new() });
        }
    }

    fn fail(&mut self, call: Call, failure: CallFailure) {
        self.send_late(Event::Failed { call, failure });
    }

    fn send_late(&mut self, event: Event<Payload>) {
        let delay = Duration::from_micros(100 + self.below(20_000));
        self.send(self.now + delay, event);
    }

    fn send(&mut self, at: Duration, event: Event<Payload>) {
        self.n_messages += 1;
        self.inbox.insert((at.max(self.now), self.n_messages), event);
    }

    fn chance(&mut self, of: u64, n: u64) -> bool {
        self.below(of) < n
    }

    /// Xorshift: enough for a test's dice.
    fn below(&mut self, n: u64) -> u64 {
        let mut x = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15) | 1;
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.random = x;
        (x >> 16) % n
    }
}

impl Coordinator {
    /// Forgets sessions, keeps jobs and leases: they are durable.
    fn restart(&mut self) {
        self.life += 1;
        self.session = None;
        self.last = None;
    }

    fn register(&mut self, held: &BTreeSet<LeaseId>) -> (u64, Vec<LeaseId>) {
        self.n_sessions += 1;
        self.session = Some(self.n_sessions);
        self.last = None;
        let unlisted: Vec<_> = self.open.keys().filter(|lease| !held.contains(lease)).copied().collect();
        for lease in unlisted {
            self.give_up(lease);
        }
        let ended = held.iter().filter(|lease| !self.open.contains_key(lease)).copied().collect();
        (self.n_sessions, ended)
    }

    fn give_up(&mut self, lease: LeaseId) {
        let Some(lease) = self.open.remove(&lease) else { return };
        if !self.accepted.contains(&lease.job.0) {
            self.again.push_back(lease.job.0);
        }
    }

    fn report(&mut self, report: &Arc<Report<Payload>>, grant_max: u64) -> Vec<Lease> {
        if let Some((last, answer)) = &self.last
            && last.seq == report.seq
        {
            assert_eq!(last, report, "a repeated report has the same content");
            return answer.clone();
        }
        assert_eq!(report.seq, self.last.as_ref().map_or(0, |(last, _)| last.seq) + 1, "reports are numbered");
        assert!(report.outcomes.len() <= 11, "1,000 bytes of rows hold 11 outcomes of 90");
        for outcome in &report.outcomes {
            assert_eq!(outcome.lease.job.0, outcome.payload);
            self.open.remove(&outcome.lease.lease);
            self.accepted.insert(outcome.payload);
        }
        for lease in &report.returned {
            self.give_up(lease.lease);
        }
        let n = if report.draining || report.n_free == 0 { 0 } else { u64::from(report.n_free) + grant_max };
        let leases: Vec<_> = (0..n).map_while(|_| self.grant()).collect();
        self.last = Some((report.clone(), leases.clone()));
        leases
    }

    fn grant(&mut self) -> Option<Lease> {
        while let Some(job) = self.again.pop_front() {
            if !self.accepted.contains(&job) {
                return Some(self.lease(job));
            }
        }
        if self.next_job == self.n_jobs {
            return None;
        }
        self.next_job += 1;
        Some(self.lease(self.next_job - 1))
    }

    fn lease(&mut self, job: u64) -> Lease {
        self.n_leases += 1;
        let id = LeaseId::new(Incarnation(self.life), self.n_leases);
        let lease = lease(id, job);
        self.open.insert(id, lease.clone());
        lease
    }
}

fn config(scene: &Scene) -> Config {
    let mut config = Config::new(scene.n_slots, scene.seed);
    config.report_outcomes = 16;
    config.report_bytes = 1000;
    config.keep_bytes = 500;
    config.keep_after = Duration::from_millis(5);
    // Only persistence is looked at here: a series of losses at the start is not the end.
    config.first_contact = Duration::from_secs(86_400);
    config
}

fn lease(lease: LeaseId, job: u64) -> Lease {
    let token = Arc::from(lease.0.to_le_bytes());
    let (job, generation) = (JobNumber(job), Generation(0));
    Lease { sweep: SWEEP, job, generation, lease, token, attempt: 1, time_limit: None }
}
