//! From exec to the first lease after a kill, with a million finished jobs and 100,000 facts behind the snapshot: `cargo
//! bench -p traipse-coordinator --bench restart [FINISHED] [FACTS]`.

#[path = "common/mod.rs"]
mod bench;
#[path = "../tests/common/mod.rs"]
mod common;

use std::time::Instant;

use bench::{NEVER, Server, say};
use common::{Worker, block, register_request, submit, success, sweep};

/// Leases that the worker asks for at a time.
const BATCH: u32 = 1_024;

fn main() {
    bench::main(measure());
}

async fn measure() {
    let (n_finished, n_facts) = (bench::number(0, 1_000_000), bench::number(1, 100_000));
    let dir = tempfile::tempdir().expect("a folder for the data");
    let spec = bench::grid("restart", 2 * n_finished);
    // As it usually runs, then without snapshots; a job has two facts.
    let first = n_finished.saturating_sub(n_facts / 2);
    let server = Server::start(dir.path(), 65_536);
    submit(&server.clients().await, &sweep(1), &spec).await.expect("the sweep is taken");
    let n_done = finish(&server, 1, &spec, first).await;
    server.kill();
    let server = Server::start(dir.path(), NEVER);
    let n_done = n_done + finish(&server, 2, &spec, n_facts / 2).await;
    server.kill();
    let began = Instant::now();
    let server = Server::start(dir.path(), NEVER);
    let listening = began.elapsed();
    let clients = server.clients().await;
    let mut worker = Worker::with(&clients, register_request(1, 3, BATCH)).await.expect("the worker is welcome");
    let answer = worker.report(Vec::new(), 1).await.expect("the report is taken");
    let leased = began.elapsed();
    assert!(!answer.leases.is_empty(), "there is work");
    say(&format!(
        "| after kill -9 with {n_done} finished jobs and {n_facts} facts behind the snapshot: exec to first lease | \
         ≤ 2 s | {:.2} s |",
        leased.as_secs_f64()
    ));
    let journal = std::fs::metadata(dir.path().join("journal.sqlite")).map_or(0, |found| found.len());
    say(&format!(
        "\nlistening after {:.2} s; a journal of {:.0} MB; {:.2} s of processor time, peak memory {:.1} MB",
        listening.as_secs_f64(),
        journal as f64 / 1e6,
        server.cpu(),
        server.peak_mb()
    ));
}

/// Finishes jobs; says how many.
async fn finish(server: &Server, incarnation: u32, spec: &str, n_jobs: u64) -> u64 {
    let clients = server.clients().await;
    let rows = block(spec);
    let request = register_request(1, incarnation, BATCH);
    let mut worker = Worker::with(&clients, request).await.expect("the worker is welcome");
    let (mut reports, mut n_done) = (Vec::new(), 0);
    while n_done < n_jobs {
        let answer = worker.report(std::mem::take(&mut reports), BATCH).await.expect("the report is taken");
        n_done += answer.verdicts.len() as u64;
        reports.extend(answer.leases.iter().map(|lease| success(lease, &rows)));
    }
    n_done
}
