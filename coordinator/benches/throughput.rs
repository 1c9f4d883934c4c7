//! How many noop jobs a second go through one coordinator, durably, and what they cost it: `cargo bench -p
//! traipse-coordinator --bench throughput [RUNS] [SESSIONS] [BATCH]`.

#[path = "common/mod.rs"]
mod bench;
#[path = "../tests/common/mod.rs"]
mod common;

use std::time::Instant;

use bench::{Server, say};
use common::{Worker, block, status, submit, success, sweep};

fn main() {
    bench::main(measure());
}

async fn measure() {
    let (n_runs, n_sessions, batch) = (bench::number(0, 100_000), bench::number(1, 2), bench::number(2, 256));
    let dir = tempfile::tempdir().expect("a folder for the data");
    let server = Server::start(dir.path(), 65_536);
    let spec = bench::grid("throughput", n_runs);
    let rows = block(&spec);
    submit(&server.clients().await, &sweep(1), &spec).await.expect("the sweep is taken");
    let (began, cpu, own) = (Instant::now(), server.cpu(), bench::own_cpu());
    let mut sessions = tokio::task::JoinSet::new();
    for id in 0..n_sessions {
        let (clients, rows) = (server.clients().await, rows.clone());
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
    let each = |cpu: f64| 1e6 * cpu / n_done as f64;
    say(&format!(
        "{n_done} jobs in {seconds:.2} s: {:.0} jobs/s, {n_calls} calls, {} B a block; {:.1} µs of the coordinator's time \
         a job, {:.1} µs of the workers', peak memory {:.1} MB",
        n_done as f64 / seconds,
        rows.len(),
        each(server.cpu() - cpu),
        each(bench::own_cpu() - own),
        server.peak_mb()
    ));
    large_reports(&server.clients().await).await;
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
    say(&format!("a report of 1 MiB: median {:?}, most {:?}", times[4], times[8]));
}
