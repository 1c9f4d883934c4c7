//! The scheduler alone: a million noop jobs over a thousand virtual workers, in microseconds of CPU a job from lease to
//! done. `cargo run --release -p traipse-scheduler --example scheduler_alone [jobs] [workers]`
#![allow(clippy::print_stdout, reason = "an example prints")]
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
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>().expect("a number"));
    let n_jobs = numbers.next().unwrap_or(1_000_000);
    let n_workers = numbers.next().unwrap_or(1000);
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

    let begin = Instant::now();
    let mut n_calls = 0u64;
    while pump.status(SWEEP).is_none_or(|status| status.state != SweepState::Completed) {
        for (id, worker) in &mut workers {
            n_calls += 1;
            let answers = drive(&mut pump, now + begin.elapsed(), vec![next(*id, worker)]);
            for (_, answer) in answers {
                if let Answer::Reported(answer) = answer {
                    worker.leases = answer.leases;
                }
            }
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "{n_jobs} jobs, {n_workers} workers: {seconds:.3} s, {:.3} us a job, {:.1} jobs a call, {n_calls} calls",
        1e6 * seconds / n_jobs as f64,
        n_jobs as f64 / n_calls as f64,
    );
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

fn next(id: u64, worker: &mut Worker) -> Event<u64, ()> {
    worker.seq += 1;
    let reports = worker.leases.drain(..).map(|lease| JobReport {
        sweep: lease.sweep,
        job: lease.job,
        generation: lease.generation,
        lease: lease.lease,
        result: JobResult::Rows { outcome: Outcome::Succeeded, block: () },
        stats: AttemptStats { total_seconds: 20e-6, ..AttemptStats::default() },
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
