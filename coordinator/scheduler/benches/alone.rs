//! The scheduler and the pump alone, with commits in memory: a million jobs over ten thousand virtual workers, in
//! microseconds of processor time a job from lease to done. The virtual workers' own time is in it. `cargo bench -p
//! traipse-scheduler --bench alone [JOBS] [WORKERS] [MICROSECONDS A JOB]`
#![allow(clippy::print_stdout, reason = "a bench prints")]
#![allow(clippy::disallowed_methods, reason = "it measures time, which the scheduler may not")]

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use traipse_scheduler::command::{
    Answer, AttemptStats, Command, Config, JobReport, JobResult, Lease, Register, Report, SessionId, WorkerInfo,
};
use traipse_scheduler::{Action, Event, Pump, SweepState};
use traipse_sweep::{Incarnation, Outcome, SweepId, WorkerId};

const SWEEP: SweepId = SweepId(1);

/// A virtual worker: what it will report next.
struct Worker {
    session: SessionId,
    seq: u64,
    leases: Vec<Lease>,
}

fn main() {
    let own = std::env::args().skip(1).filter(|text| !text.starts_with("--"));
    let mut numbers = own.map(|text| text.parse::<u64>().expect("a number"));
    let mut next = |default| numbers.next().unwrap_or(default);
    let (n_jobs, n_workers, micros) = (next(1_000_000), next(10_000), next(20_000));
    let mut pump: Pump<u64, ()> = Pump::new(Config::new(Incarnation(1)));
    let (n_seeds, n_rates) = (1000, n_jobs.div_ceil(1000));
    let n_jobs = n_seeds * n_rates;
    let spec = format!(
        r#"{{"spec":1,"name":"noop","model":{{"kind":"noop"}},"replicates":{{"seed":{n_seeds}}},
            "axes":{{"train.learning_rate":{{"linear":[0.0001,1.0],"n":{n_rates}}}}}}}"#
    );
    let now = Duration::from_secs(1);
    drive(&mut pump, now, vec![Event::Tick]);
    let submit = Command::Submit { sweep: SWEEP, spec: Arc::from(spec) };
    drive(&mut pump, now, vec![Event::Call { reply: u64::MAX, command: submit }]);
    let mut workers: BTreeMap<u64, Worker> = (0..n_workers).map(|id| (id, open(&mut pump, now, id))).collect();

    let (begin, cpu) = (Instant::now(), on_cpu());
    let mut n_calls = 0u64;
    while pump.status(SWEEP).is_none_or(|status| status.state != SweepState::Completed) {
        for (id, worker) in &mut workers {
            n_calls += 1;
            let answers = drive(&mut pump, now + begin.elapsed(), vec![report(*id, worker, micros)]);
            for (_, answer) in answers {
                if let Answer::Reported(answer) = answer {
                    worker.leases = answer.leases;
                }
            }
        }
    }
    let each = 1e6 * (on_cpu() - cpu) / n_jobs as f64;
    println!("| scheduler alone, {n_workers} virtual workers, {n_jobs} jobs | ≤ 5 µs a job | {each:.2} µs |");
    let jobs_a_call = n_jobs as f64 / n_calls as f64;
    println!("\njobs of {micros} µs: {jobs_a_call:.1} a call; {:.2} s on the wall", begin.elapsed().as_secs_f64());
    let begin = Instant::now();
    let snapshot = pump.snapshot();
    let cloned = begin.elapsed();
    let bytes = snapshot.encode().len();
    println!("snapshot: clone {cloned:.1?}, encode {:.1?}, {bytes} bytes", begin.elapsed() - cloned);
}

fn open(pump: &mut Pump<u64, ()>, now: Duration, id: u64) -> Worker {
    let text = || Arc::from("x");
    let info = WorkerInfo {
        n_slots: 1,
        n_threads: 1,
        labels: BTreeMap::new(),
        build: text(),
        numerics: text(),
        cpu_features: text(),
        memory: 0,
    };
    let worker = WorkerId(u128::from(id));
    let register = Register { worker, incarnation: Incarnation(1), info, held: vec![] };
    let answers = drive(pump, now, vec![Event::Call { reply: id, command: Command::Register(register) }]);
    match &answers[..] {
        [(_, Answer::Registered { session, .. })] => Worker { session: *session, seq: 0, leases: Vec::new() },
        other => panic!("not registered: {other:?}"),
    }
}

fn report(id: u64, worker: &mut Worker, micros: u64) -> Event<u64, ()> {
    worker.seq += 1;
    let reports = worker.leases.drain(..).map(|lease| JobReport {
        sweep: lease.sweep,
        job: lease.job,
        generation: lease.generation,
        lease: lease.lease,
        result: JobResult::Rows { outcome: Outcome::Succeeded, block: () },
        stats: AttemptStats { total_seconds: 1e-6 * micros as f64, ..AttemptStats::default() },
    });
    let report = Report {
        session: worker.session,
        seq: worker.seq,
        reports: reports.collect(),
        n_free_slots: 1,
        n_queued: 0,
        wait: Duration::ZERO,
        draining: false,
        returned: vec![],
        reaches_store: true,
    };
    Event::Call { reply: id, command: Command::Report(report) }
}

/// Seconds that this thread has spent on a processor.
fn on_cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("the kernel counts time");
    let nanoseconds = text.split_whitespace().next().and_then(|text| text.parse::<u64>().ok());
    nanoseconds.expect("a number of nanoseconds") as f64 * 1e-9
}

/// Lets events happen on a disk that writes at once.
fn drive(pump: &mut Pump<u64, ()>, now: Duration, events: Vec<Event<u64, ()>>) -> Vec<(u64, Answer)> {
    let mut events = VecDeque::from(events);
    let mut answers = Vec::new();
    while let Some(event) = events.pop_front() {
        for action in pump.on(now, event) {
            match action {
                Action::Commit(batch) => events.push_back(Event::Committed { batch: batch.seq }),
                Action::Answer { reply, answer } => answers.push((reply, answer.expect("nothing is refused"))),
            }
        }
    }
    answers
}
