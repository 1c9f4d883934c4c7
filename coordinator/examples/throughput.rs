//! How many noop jobs a second go through one coordinator, durably: `cargo run --release -p traipse-coordinator
//! --example throughput [RUNS] [SESSIONS] [BATCH]`.

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::Instant;

use common::{Worker, block, clients, noop, start, status, submit, success, sweep};

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>().expect("a number"));
    let mut next = |default| arguments.next().unwrap_or(default);
    let (n_runs, n_sessions, batch) = (next(100_000), next(2), next(256));
    let dir = tempfile::tempdir().expect("a folder for the data");
    let coordinator = start(dir.path()).await;
    let spec = noop("throughput", n_runs);
    let rows = block(&spec);
    submit(&clients(&coordinator).await, &sweep(1), &spec).await.expect("the sweep is taken");
    let began = Instant::now();
    let mut sessions = tokio::task::JoinSet::new();
    for id in 0..n_sessions {
        let (clients, rows) = (clients(&coordinator).await, rows.clone());
        sessions.spawn(async move {
            let mut worker = Worker::register(&clients, u128::from(id), batch as u32).await;
            let (mut n_done, mut reports) = (0, Vec::new());
            loop {
                let answer = worker.report(reports, batch as u32).await.expect("the report is taken");
                n_done += answer.verdicts.len();
                reports = answer.leases.iter().map(|lease| success(lease, &rows)).collect();
                if reports.is_empty() && status(&clients, &sweep(1)).await.state().is_over() {
                    return (n_done, worker.seq);
                }
            }
        });
    }
    let (mut n_done, mut n_calls) = (0, 0);
    while let Some(session) = sessions.join_next().await {
        let (done, calls) = session.expect("the session ends");
        n_done += done;
        n_calls += calls;
    }
    let seconds = began.elapsed().as_secs_f64();
    let line = format!(
        "{n_done} jobs in {seconds:.2} s: {:.0} jobs/s, {n_calls} calls, {} B a block\n",
        n_done as f64 / seconds,
        rows.len()
    );
    std::io::Write::write_all(&mut std::io::stdout(), line.as_bytes()).expect("stdout is open");
    large_reports(&clients(&coordinator).await).await;
    coordinator.shutdown().await;
}

/// How long a report of 1 MiB takes, there and back; it is refused after it has been decoded.
async fn large_reports(clients: &traipse_proto::client::Clients) {
    let mut worker = Worker::register(clients, 99, 1).await;
    let mut times: Vec<_> = Vec::new();
    for _ in 0..9 {
        let report = traipse_proto::v1::JobReport { token: vec![7; 1 << 20], ..Default::default() };
        let began = Instant::now();
        assert!(worker.report(vec![report], 0).await.is_err(), "a report without a sweep is refused");
        times.push(began.elapsed());
    }
    times.sort();
    let line = format!("a report of 1 MiB: median {:?}, most {:?}\n", times[4], times[8]);
    std::io::Write::write_all(&mut std::io::stdout(), line.as_bytes()).expect("stdout is open");
}
