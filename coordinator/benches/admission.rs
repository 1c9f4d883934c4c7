//! Ten million runs with zipped axes, exclusions and pairs over five seeds, admitted through gRPC; the coordinator's peak
//! of memory then, and after a million jobs in balanced order: `cargo bench -p traipse-coordinator --bench admission
//! [CELLS] [JOBS]`.

#[path = "common/mod.rs"]
mod bench;
#[path = "../tests/common/mod.rs"]
mod common;

use std::time::Instant;

use bench::{Server, say};
use common::{Worker, block, status, submit, success, sweep};
use traipse_proto::convert::rows;
use traipse_sweep::rows::{RowBlock, Schema};
use traipse_sweep::spec::{self, Format};

/// Leases that the worker asks for at a time.
const BATCH: u32 = 2_048;

fn main() {
    bench::main(measure());
}

/// `n_cells` cells, give or take the shape, times five seeds; some are left out, and every two seeds of a cell are
/// compared.
fn spec(n_cells: u64) -> String {
    let n_rates = n_cells.div_ceil(2_000);
    let epochs: Vec<u64> = (1..=40).collect();
    let sizes: Vec<u64> = (1..=40).map(|n| 8 * n).collect();
    let text = format!(
        r#"{{"spec":1,"name":"ten-million","model":{{"kind":"noop"}},"replicates":{{"seed":5}},
            "axes":{{"train.epochs":{epochs:?},"train.batch_size":{sizes:?},
                "train.learning_rate":{{"log":[0.0001,1.0],"n":{n_rates}}},
                "train.momentum":{{"linear":[0.01,0.5],"n":50}}}},
            "grid":{{"zip":[["train.epochs","train.batch_size"]],
                "exclude":[{{"train.epochs":1,"train.momentum":0.01}}]}},
            "compare":[{{"pairs_over":"seed","probe":"distance"}}],
            "execution":{{"order":"balanced"}}}}"#
    );
    spec::parse(&text, Format::Json, "bench").expect("the bench's spec is good").canonical_json()
}

async fn measure() {
    let (n_cells, n_jobs) = (bench::number(0, 2_000_000), bench::number(1, 1_000_000));
    let dir = tempfile::tempdir().expect("a folder for the data");
    let server = Server::start(dir.path(), 65_536);
    let clients = server.clients().await;
    let spec = spec(n_cells);
    let began = Instant::now();
    let answer = submit(&clients, &sweep(1), &spec).await.expect("the sweep is taken");
    let admitted = began.elapsed();
    let n_runs = answer.n_runs;
    say(&format!("| admission of {n_runs} runs through gRPC | < 1 s | {:.1} ms |", bench::ms(admitted)));
    say(&format!("| coordinator memory, {n_runs} admitted | ≤ 100 MB | {:.1} MB |", server.peak_mb()));
    let (began, cpu) = (Instant::now(), server.cpu());
    let mut worker = Worker::register(&clients, 1, BATCH).await;
    let run = block(&spec);
    let schema = Schema::of(&spec::parse(&spec, Format::Json, "bench").expect("the bench's spec is good"));
    let none = rows::encode(&RowBlock::default(), &schema).expect("no rows fit every schema");
    let n_run_jobs = n_cells * 5;
    let (mut reports, mut n_done) = (Vec::new(), 0);
    while n_done < n_jobs {
        let answer = worker.report(std::mem::take(&mut reports), BATCH).await.expect("the report is taken");
        n_done += answer.verdicts.len() as u64;
        let rows = |job: u64| if job < n_run_jobs { &run } else { &none };
        reports.extend(answer.leases.iter().map(|lease| success(lease, rows(lease.job))));
    }
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), server.cpu() - cpu);
    let status = status(&clients, &sweep(1)).await;
    say(&format!("| the same, {} done | ≤ 100 MB | {:.1} MB |", status.n_succeeded, server.peak_mb()));
    say(&format!(
        "\n{} comparisons among them; {:.0} jobs/s, {:.1} µs of the coordinator's time a job; {:.1} MB resident",
        status.n_comparisons_done,
        n_done as f64 / seconds,
        1e6 * cpu / n_done as f64,
        server.resident_mb(),
    ));
}
