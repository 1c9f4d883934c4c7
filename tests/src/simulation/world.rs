//! The world: its clock, what is to happen, and who is in it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use traipse_agent::Token;
use traipse_sweep::WorkerId;

use super::client::Client;
use super::coordinator::{HOME, Life};
use super::counts::Counts;
use super::dice::Dice;
use super::disk::Disk;
use super::event::{CallId, Event, Node, Request, Response};
use super::jobs::Jobs;
use super::mutation::Mutation;
use super::network::{Fate, Network, Weather};
use super::oracle::Oracle;
use super::queue::Queue;
use super::sealer::Sealing;
use super::worker::Worker;

/// How long faults go on, in seconds: most worlds are short, so that there are many.
const FAULTS: [u64; 4] = [20, 40, 80, 240];
/// Within this after the last fault everything has ended.
const BOUND: Duration = Duration::from_secs(3 * 3600);
/// Events between two recounts of the whole state.
const RECOUNT: u64 = 128;
/// Events that are remembered for a failure's report.
const N_TRACED: usize = 60;

/// All of it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) mutation: Option<Mutation>,
    pub(crate) now: Duration,
    pub(crate) dice: Dice,
    pub(crate) queue: Queue,
    pub(crate) network: Network,
    pub(crate) weather: Weather,
    pub(crate) disk: Disk,
    pub(crate) slow_disk: bool,
    /// Microseconds by which the coordinator's wall clock is off.
    pub(crate) wall_offset: i64,
    pub(crate) coordinator: Option<Life>,
    pub(crate) sealing: Option<Sealing>,
    pub(crate) workers: Vec<Worker>,
    pub(crate) clients: Vec<Client>,
    pub(crate) jobs: Jobs,
    pub(crate) oracle: Oracle,
    pub(crate) counts: Counts,
    pub(crate) n_sweeps: u128,
    pub(crate) calm: bool,
    faults_end: Duration,
    pub(crate) fault_every: Duration,
    pub(crate) batch_facts: usize,
    pub(crate) snapshot_facts: u64,
    pub(crate) report_outcomes: usize,
    pub(crate) token: Token,
    pub(crate) violation: Option<String>,
    pub(crate) n_events: u64,
    trace: Option<VecDeque<String>>,
}

impl World {
    pub(crate) fn new(seed: u64, mutation: Option<Mutation>, traces: bool) -> Self {
        let mut dice = Dice::new(seed);
        let weather = Weather::of(&mut dice);
        let n_workers = 1 + dice.below(6) as usize;
        let n_clients = 1 + dice.below(2) as usize;
        let jobs = Jobs::of(seed, &mut dice);
        let mut world = Self {
            seed,
            mutation,
            now: Duration::ZERO,
            queue: Queue::default(),
            network: Network::new(weather),
            weather,
            disk: Disk::default(),
            slow_disk: false,
            wall_offset: 0,
            coordinator: None,
            sealing: None,
            workers: (0..n_workers).map(|at| worker(at, &mut dice)).collect(),
            clients: (0..n_clients).map(|_| Client::default()).collect(),
            jobs,
            oracle: Oracle::default(),
            counts: Counts::default(),
            n_sweeps: 0,
            calm: false,
            faults_end: Duration::from_secs(FAULTS[dice.below(4) as usize]),
            fault_every: Duration::from_secs([3, 10, 40][dice.below(3) as usize]),
            batch_facts: [1, 3, 50, 16_384][dice.below(4) as usize],
            snapshot_facts: [5, 50, 1000][dice.below(3) as usize],
            report_outcomes: [2, 16, 1024][dice.below(3) as usize],
            token: Arc::from([7; 16]),
            violation: None,
            n_events: 0,
            trace: traces.then(VecDeque::new),
            dice,
        };
        world.begin();
        world
    }

    fn begin(&mut self) {
        self.queue.push(Duration::ZERO, Event::StartCoordinator);
        for at in 0..self.workers.len() {
            let start = self.dice.millis(0, 3000);
            self.queue.push(start, Event::StartWorker(at));
        }
        for at in 0..self.clients.len() {
            let start = self.dice.millis(10, 2000);
            self.queue.push(start, Event::Client(at));
        }
        self.queue.push(Duration::from_secs(2), Event::Fault);
        self.queue.push(self.faults_end, Event::Calm);
    }

    /// Lets everything happen, until all has ended or something is wrong.
    pub(crate) fn run(&mut self) {
        while self.violation.is_none() {
            if self.calm && self.n_events.is_multiple_of(16) && self.all_have_ended() {
                self.check_state();
                return self.check_end();
            }
            let Some((at, event)) = self.queue.pop() else {
                return self.violated("nothing is to happen, and not all has ended".to_owned());
            };
            if at > self.faults_end + BOUND {
                return self.violated(self.what_is_left());
            }
            self.now = at;
            self.n_events += 1;
            self.trace(|| format!("{event:?}"));
            self.happen(event);
            if self.n_events.is_multiple_of(RECOUNT) {
                self.check_state();
            }
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Asked(call, request) => self.asked(call, request),
            Event::Answered(call, response) => match call.from {
                Node::Worker(at) => self.worker_answered(at, call, *response),
                Node::Client(at) => self.client_answered(at, call, &response),
                Node::Coordinator => {}
            },
            Event::CoordinatorTick(life) => self.coordinator_tick(life),
            Event::Written(life) => self.written(life),
            Event::Seal(life) => self.seal(life),
            Event::StartCoordinator => self.start_coordinator(),
            Event::WakeCoordinator(life) => self.wake_coordinator(life),
            Event::WorkerTick(at, life) => self.worker_tick(at, life),
            Event::JobEnds(at, life, lease) => self.job_ends(at, life, lease),
            Event::Kept(at, life) => self.kept(at, life),
            Event::StartWorker(at) => self.start_worker(at),
            Event::WakeWorker(at, life) => self.wake_worker(at, life),
            Event::KillWorker(at, life) => {
                if self.workers[at].incarnation == life {
                    self.kill_worker(at);
                }
            }
            Event::Client(at) => self.client_acts(at),
            Event::Fault => self.strike(),
            Event::End(fault) => self.end(fault),
            Event::Calm => self.become_calm(),
        }
    }

    /// No more faults: whoever is gone comes back, and every wire works.
    fn become_calm(&mut self) {
        self.calm = true;
        self.network.heal();
        self.disk.is_full = false;
        self.slow_disk = false;
        for worker in &mut self.workers {
            worker.slowness = 1;
            worker.reaches_store = true;
            worker.spool_is_full = false;
        }
        for at in 0..self.clients.len() {
            self.queue.push(self.now, Event::Client(at));
        }
    }

    fn all_have_ended(&self) -> bool {
        self.clients.iter().flat_map(|client| &client.sweeps).all(|sweep| sweep.has_ended)
    }

    fn what_is_left(&self) -> String {
        let sweeps = self.clients.iter().flat_map(|client| &client.sweeps).filter(|sweep| !sweep.has_ended);
        let status = |sweep| self.coordinator.as_ref().and_then(|life| life.drive.pump().status(sweep));
        let left: Vec<String> = sweeps.map(|sweep| format!("{}: {:?}", sweep.id, status(sweep.id))).collect();
        format!("not all has ended {BOUND:?} after the last fault: {}", left.join("; "))
    }

    /// Sends a request. The caller hears that it failed, at once or at its deadline, or an answer.
    pub(crate) fn ask(&mut self, call: CallId, request: Request, deadline: Duration) {
        let Fate { first, second, is_slow } = self.network.send(self.now, &mut self.dice, call.from, HOME);
        self.note_fate(first, second, is_slow);
        if let Some(at) = second {
            self.queue.push(at, Event::Asked(call, Box::new(request.clone())));
        }
        let is_message = matches!(request, Request::Gone { .. });
        match first {
            Some(at) => self.queue.push(at, Event::Asked(call, Box::new(request))),
            None if !is_message && self.dice.once_in(2) => {
                let at = self.now + self.dice.millis(1, 100);
                self.queue.push(at, Event::Answered(call, Box::new(Response::Failed)));
            }
            None => {}
        }
        if !is_message {
            self.queue.push(self.now + deadline, Event::Answered(call, Box::new(Response::Failed)));
        }
    }

    /// Sends a response.
    pub(crate) fn answer(&mut self, call: CallId, response: Response) {
        let Fate { first, second, is_slow } = self.network.send(self.now, &mut self.dice, HOME, call.from);
        self.note_fate(first, second, is_slow);
        if let Some(at) = second {
            self.queue.push(at, Event::Answered(call, Box::new(response.clone())));
        }
        if let Some(at) = first {
            self.queue.push(at, Event::Answered(call, Box::new(response)));
        }
    }

    fn note_fate(&mut self, first: Option<Duration>, second: Option<Duration>, is_slow: bool) {
        self.counts.n_messages += 1;
        if first.is_none() {
            self.counts.add("fault: message lost");
        }
        if second.is_some() {
            self.counts.add("fault: message doubled");
        }
        if is_slow {
            self.counts.add("fault: message late");
        }
    }

    /// The coordinator's monotonic clock, whatever it takes its clock to be.
    pub(crate) fn coordinator_true_now(&mut self) -> Duration {
        let mutation = self.mutation.take();
        let now = self.coordinator_now();
        self.mutation = mutation;
        now
    }

    /// Remembers what happened, where somebody will read it.
    pub(crate) fn trace(&mut self, text: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            if trace.len() == N_TRACED {
                trace.pop_front();
            }
            trace.push_back(format!("{:>7} {:>12.6} {}", self.n_events, self.now.as_secs_f64(), text()));
        }
    }

    pub(crate) fn traced(&self) -> Vec<String> {
        self.trace.iter().flatten().cloned().collect()
    }
}

fn worker(at: usize, dice: &mut Dice) -> Worker {
    Worker {
        id: WorkerId(1 + at as u128),
        incarnation: 0,
        n_slots: 1 + dice.below(5) as u32,
        slowness: 1,
        numerics: Arc::from("one"),
        reaches_store: !dice.once_in(10),
        spool: BTreeMap::new(),
        spool_is_full: false,
        life: None,
    }
}
