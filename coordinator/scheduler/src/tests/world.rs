//! A pump on a simulated clock, a journal in memory, and what the callers were answered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use traipse_sweep::{Fact, FailureClass, Generation, Incarnation, JobNumber, LeaseId, Outcome, SweepId, WorkerId};

use crate::command::{
    Answer, AttemptStats, Command, Config, JobReport, JobResult, Lease, Now, Register, Rejection, Report, Reported,
    SessionId, WorkerInfo,
};
use crate::pump::{Action, Batch, Event, Pump, SweepStatus};

pub(super) const SWEEP: SweepId = SweepId(77);

/// A block of rows is a number here.
pub(super) type TestPump = Pump<u64, u64>;

#[derive(Debug)]
pub(super) struct World {
    pub(super) now: Now,
    pub(super) pump: TestPump,
    pub(super) config: Config,
    /// Batches that are durable.
    pub(super) journal: Vec<Batch<u64>>,
    under_way: Option<Batch<u64>>,
    /// Whether a batch is durable as soon as it is cut.
    pub(super) commits_at_once: bool,
    pub(super) answers: BTreeMap<u64, Result<Answer, Rejection>>,
    open: BTreeSet<u64>,
    n_calls: u64,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new(Incarnation(1));
        change(&mut config);
        let mut world = Self {
            now: Duration::from_secs(1),
            pump: Pump::new(config.clone()),
            config,
            journal: Vec::new(),
            under_way: None,
            commits_at_once: true,
            answers: BTreeMap::new(),
            open: BTreeSet::new(),
            n_calls: 0,
        };
        world.on(Event::Tick);
        world
    }

    /// With one sweep of `n` runs.
    pub(super) fn with_runs(n: u64) -> Self {
        let mut world = Self::new();
        world.submit(SWEEP, &spec(n)).expect("a fresh sweep is admitted");
        world
    }

    pub(super) fn on(&mut self, event: Event<u64, u64>) {
        let actions = self.pump.on(self.now, event);
        for action in actions {
            match action {
                Action::Commit(batch) => {
                    assert!(self.under_way.is_none(), "one batch at a time");
                    let last = self.journal.last().map_or(0, |batch| batch.seq);
                    assert_eq!(batch.seq, last + 1);
                    assert!(!batch.facts.is_empty());
                    self.under_way = Some(batch);
                }
                Action::Answer { reply, answer } => {
                    assert!(self.open.remove(&reply), "call {reply} is answered once");
                    self.answers.insert(reply, answer);
                }
            }
        }
        self.pump.check();
        if self.commits_at_once {
            self.commit();
        }
    }

    pub(super) fn has_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// The disk has written the batch under way, if there is one.
    pub(super) fn commit(&mut self) {
        if let Some(batch) = self.under_way.take() {
            let seq = batch.seq;
            self.journal.push(batch);
            self.on(Event::Committed { batch: seq });
        }
    }

    pub(super) fn call(&mut self, command: Command<u64>) -> u64 {
        self.n_calls += 1;
        self.open.insert(self.n_calls);
        self.on(Event::Call { reply: self.n_calls, command });
        self.n_calls
    }

    pub(super) fn gone(&mut self, call: u64) {
        self.open.remove(&call);
        self.on(Event::Gone { reply: call });
    }

    /// The answer to a call that must have been answered by now.
    pub(super) fn ask(&mut self, command: Command<u64>) -> Result<Answer, Rejection> {
        let call = self.call(command);
        self.answers.remove(&call).expect("it is answered at once")
    }

    /// Passes time, ticking at every deadline on the way.
    pub(super) fn pass(&mut self, seconds: f64) {
        let end = self.now + Duration::from_secs_f64(seconds);
        while let Some(due) = self.pump.next_deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.on(Event::Tick);
        }
        self.now = end;
        self.on(Event::Tick);
    }

    /// The process dies, uncommitted facts with it, and a new life begins. Open calls are never answered.
    pub(super) fn crash(&mut self, snapshot: Option<(u64, &[u8])>) {
        self.under_way = None;
        self.open.clear();
        self.config.incarnation.0 += 1;
        let after = snapshot.map_or(0, |(seq, _)| seq);
        let facts: Vec<Fact> = self.facts_after(after);
        let next_seq = self.journal.last().map_or(0, |batch| batch.seq) + 1;
        let bytes = snapshot.map(|(_, bytes)| bytes);
        self.pump = Pump::restore(self.config.clone(), self.now, bytes, facts.into_iter(), next_seq)
            .expect("the journal restores");
        self.on(Event::Tick);
    }

    pub(super) fn facts_after(&self, seq: u64) -> Vec<Fact> {
        self.journal.iter().filter(|batch| batch.seq > seq).flat_map(|batch| batch.facts.clone()).collect()
    }

    pub(super) fn facts(&self) -> Vec<Fact> {
        self.facts_after(0)
    }

    pub(super) fn n_facts(&self, wanted: impl Fn(&Fact) -> bool) -> usize {
        self.journal.iter().flat_map(|batch| &batch.facts).filter(|fact| wanted(fact)).count()
    }

    pub(super) fn n_rows(&self) -> usize {
        self.journal.iter().map(|batch| batch.rows.len()).sum()
    }

    pub(super) fn submit(&mut self, sweep: SweepId, spec: &str) -> Result<Answer, Rejection> {
        self.ask(Command::Submit { sweep, spec: Arc::from(spec) })
    }

    pub(super) fn control(
        &mut self,
        sweep: SweepId,
        control: traipse_sweep::facts::Control,
    ) -> Result<Answer, Rejection> {
        self.ask(Command::Control { sweep, control })
    }

    pub(super) fn status(&self) -> SweepStatus {
        self.pump.status(SWEEP).expect("the sweep is durable")
    }

    pub(super) fn worker(&mut self, id: u128, n_slots: u32) -> Worker {
        self.life(id, 1, n_slots, &[]).0
    }

    /// Registers a worker's life. Returns the held leases that are over, too.
    pub(super) fn life(&mut self, id: u128, life: u32, n_slots: u32, held: &[LeaseId]) -> (Worker, Vec<LeaseId>) {
        match self.ask(register(id, life, n_slots, "v1", held)) {
            Ok(Answer::Registered { session, ended }) => (Worker { session, seq: 0, n_slots }, ended),
            other => panic!("not registered: {other:?}"),
        }
    }

    pub(super) fn beat(&mut self, worker: &Worker, leases: &[LeaseId]) -> Vec<LeaseId> {
        let leases = leases.iter().map(|lease| (*lease, 0)).collect();
        match self.ask(Command::Heartbeat { session: worker.session, leases }) {
            Ok(Answer::Beat { stop, .. }) => stop,
            other => panic!("no beat: {other:?}"),
        }
    }

    /// Asks for leases for free slots, without waiting.
    pub(super) fn acquire(&mut self, worker: &mut Worker) -> Vec<Lease> {
        let n_slots = worker.n_slots;
        self.report(worker, vec![], n_slots).leases
    }

    pub(super) fn report(&mut self, worker: &mut Worker, reports: Vec<JobReport<u64>>, n_free: u32) -> Reported {
        let report = Report { reports, ..worker.next(n_free) };
        match self.ask(Command::Report(report)) {
            Ok(Answer::Reported(answer)) => answer,
            other => panic!("not reported: {other:?}"),
        }
    }

    /// Reports one lease's end and asks for nothing.
    pub(super) fn end(&mut self, worker: &mut Worker, lease: &Lease, result: JobResult<u64>) -> bool {
        self.report(worker, vec![job_report(lease, result)], 0).accepted == [true]
    }
}

/// A worker's session, as the worker sees it.
#[derive(Clone, Debug)]
pub(super) struct Worker {
    pub(super) session: SessionId,
    pub(super) seq: u64,
    pub(super) n_slots: u32,
}

impl Worker {
    /// The next report, empty.
    pub(super) fn next(&mut self, n_free_slots: u32) -> Report<u64> {
        self.seq += 1;
        Report {
            session: self.session,
            seq: self.seq,
            reports: vec![],
            n_free_slots,
            n_queued: 0,
            wait: Duration::ZERO,
            draining: false,
            returned: vec![],
            reaches_store: true,
        }
    }
}

pub(super) fn register(id: u128, life: u32, n_slots: u32, numerics: &str, held: &[LeaseId]) -> Command<u64> {
    Command::Register(Register {
        worker: WorkerId(id),
        incarnation: Incarnation(life),
        info: WorkerInfo {
            n_slots,
            n_threads: 0,
            labels: BTreeMap::new(),
            build: Arc::from("test"),
            numerics: Arc::from(numerics),
            cpu_features: Arc::from(""),
            memory: 0,
        },
        held: held.to_vec(),
    })
}

/// A sweep of `n` runs of one cell, in the order of their numbers.
pub(super) fn spec(n: u64) -> String {
    format!(
        r#"{{"spec":1,"name":"test","model":{{"kind":"noop"}},"replicates":{{"seed":{n}}},"execution":{{"order":"grid"}}}}"#
    )
}

/// The same with more of `[execution]`.
pub(super) fn spec_with(n: u64, execution: &str) -> String {
    spec(n).replace(r#""order":"grid""#, &format!(r#""order":"grid",{execution}"#))
}

/// A balanced sweep of `3 × 4 × n_seeds` jobs, of which two cells are excluded.
pub(super) fn grid_spec(n_seeds: u64) -> String {
    format!(
        r#"{{"spec":1,"name":"grid","model":{{"kind":"noop"}},
            "axes":{{"train.batch_size":[32,64,128],"train.learning_rate":[0.1,0.2,0.3,0.4]}},
            "grid":{{"exclude":[{{"train.batch_size":64,"train.learning_rate":0.4}},
                               {{"train.batch_size":128,"train.learning_rate":0.1}}]}},
            "replicates":{{"seed":{n_seeds}}}}}"#
    )
}

/// A sweep of `n` runs of one cell, in the order of their numbers, each two of which are compared.
pub(super) fn pairs_spec(n: u64) -> String {
    with_compare(&spec(n), r#"[{"pairs_over":"seed","probe":"distance"}]"#)
}

/// The balanced sweep of [`grid_spec`], compared over two of its axes.
pub(super) fn compared_grid_spec(n_seeds: u64) -> String {
    let compare = r#"[{"all_over":"seed","probe":"distance"},
        {"neighbours_over":"train.learning_rate","probe":"distance"}]"#;
    with_compare(&grid_spec(n_seeds), compare)
}

fn with_compare(spec: &str, compare: &str) -> String {
    spec.replacen('{', &format!(r#"{{"compare":{compare},"#), 1)
}

pub(super) fn job_report(lease: &Lease, result: JobResult<u64>) -> JobReport<u64> {
    let stats = AttemptStats { total_seconds: 2.0, ..AttemptStats::default() };
    JobReport { sweep: lease.sweep, job: lease.job, generation: lease.generation, lease: lease.lease, result, stats }
}

pub(super) fn rows(block: u64) -> JobResult<u64> {
    JobResult::Rows { outcome: Outcome::Succeeded, block }
}

pub(super) fn failed(class: FailureClass) -> JobResult<u64> {
    JobResult::Failed { class, message: Arc::from(format!("it is {class}")) }
}

pub(super) fn numbers(leases: &[Lease]) -> Vec<u64> {
    leases.iter().map(|lease| lease.job.0).collect()
}

/// A lease that nobody granted in this life.
pub(super) fn foreign_lease(job: u64) -> Lease {
    Lease {
        sweep: SWEEP,
        job: JobNumber(job),
        generation: Generation(0),
        lease: LeaseId::new(Incarnation(9), job % 1000),
        attempt: 1,
    }
}
