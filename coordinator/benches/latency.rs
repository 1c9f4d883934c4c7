//! From a submit to its lease, at a worker that waits and has nothing to do: `cargo bench -p traipse-coordinator --bench
//! latency [SUBMITS]`. Measured by the two clients, so the time on the wire is in it; every submit is durable before.

#[path = "common/mod.rs"]
mod bench;
#[path = "../tests/common/mod.rs"]
mod common;

use std::time::{Duration, Instant};

use bench::{Server, ms, quantile, say};
use common::{Worker, block, noop, submit, success, sweep};

/// How long the worker has been waiting when the next sweep comes.
const IDLE: Duration = Duration::from_millis(2);
/// Bytes of a commit of one small sweep: two pages and their headers in the log.
const COMMIT_BYTES: usize = 2 * 4_120;

fn main() {
    bench::main(measure());
}

async fn measure() {
    let n = bench::number(0, 10_000) as usize;
    let dir = tempfile::tempdir().expect("a folder for the data");
    let server = Server::start(dir.path(), 65_536);
    let submitter = server.clients().await;
    let waiting = server.clients().await;
    let spec = noop("single", 1);
    let rows = block(&spec);
    let (asks, mut asked) = tokio::sync::mpsc::channel(1);
    let (leased, mut leases) = tokio::sync::mpsc::channel(1);
    let working = tokio::spawn(async move {
        let mut worker = Worker::register(&waiting, 1, 1).await;
        let mut reports = Vec::new();
        while asks.send(()).await.is_ok() {
            let mut found = Vec::new();
            while found.is_empty() {
                let answer = worker.report(std::mem::take(&mut reports), 1).await.expect("the report is taken");
                found = answer.leases;
            }
            if leased.send(Instant::now()).await.is_err() {
                return;
            }
            // The result is reported before the worker waits again.
            worker.report(found.iter().map(|lease| success(lease, &rows)).collect(), 0).await.expect("it is taken");
        }
    });
    let mut times = Vec::with_capacity(n);
    for at in 0..n {
        asked.recv().await.expect("the worker goes on");
        tokio::time::sleep(IDLE).await;
        let began = Instant::now();
        let id = sweep(at as u128);
        let (answer, lease) = tokio::join!(submit(&submitter, &id, &spec), leases.recv());
        answer.expect("the sweep is taken");
        times.push(lease.expect("the worker goes on") - began);
    }
    working.abort();
    times.sort();
    let syncs = bench::syncs(dir.path(), 2_000, COMMIT_BYTES);
    say(&format!(
        "| {n} single submits to an idle waiting worker, submit sent to lease received | p99 ≤ 5 ms | median {:.2} ms, \
         p99 {:.2} ms; the disk's fdatasync: median {:.2} ms, p99 {:.2} ms |",
        ms(quantile(&times, 0.5)),
        ms(quantile(&times, 0.99)),
        ms(quantile(&syncs, 0.5)),
        ms(quantile(&syncs, 0.99)),
    ));
    many_sweeps(&server, &submitter, n).await;
}

/// With so many sweeps behind it: how long a list takes, and what they cost in memory.
async fn many_sweeps(server: &Server, clients: &traipse_proto::client::Clients, n: usize) {
    let began = Instant::now();
    let list =
        clients.sweep.clone().list(traipse_proto::client::unary(traipse_proto::v1::ListRequest::default())).await;
    let found = list.expect("they are listed").into_inner().sweeps.len();
    say(&format!(
        "\n{found} of {n} sweeps listed in {:.1} ms; peak memory of the coordinator {:.1} MB",
        ms(began.elapsed()),
        server.peak_mb()
    ));
}
