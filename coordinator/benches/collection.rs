//! The tables of a sweep of 100,000 runs shaped as those of `sweeps/digits.toml`, whose rows a made-up worker reports:
//! `cargo build --release && cargo bench -p traipse-coordinator --bench collection [RUNS]`. Runs the `traipse` that was
//! built beside it.

#[path = "common/mod.rs"]
mod bench;
#[path = "../tests/common/mod.rs"]
mod common;

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use bench::{Server, say};
use bytes::Bytes;
use common::{Worker, submit, success, sweep};
use traipse_proto::convert::rows;
use traipse_sweep::columns::{ColumnDef, ColumnType, Table};
use traipse_sweep::rows::{Cell, RowBlock, Schema, TableBuilder, Values};
use traipse_sweep::spec::{self, Format};

/// The sweep whose shape it is.
const DIGITS: &str = include_str!("../../sweeps/digits.toml");
/// Snapshots of one of its runs.
const N_SNAPSHOTS: u64 = 41;
/// Its cells' learning rates here, and the seeds of a cell: 3 × 834 × 40.
const N_RATES: u64 = 834;
const N_SEEDS: u64 = 40;
/// Runs in a report: about 2 MB.
const BATCH: u32 = 64;

fn main() {
    bench::main(measure());
}

fn spec(n_runs: u64) -> String {
    let n_rates = (n_runs / (3 * N_SEEDS)).clamp(2, N_RATES);
    let text =
        DIGITS.replace("n = 4 }", &format!("n = {n_rates} }}")).replace("seed = 5", &format!("seed = {N_SEEDS}"));
    spec::parse(&text, Format::Toml, "digits.toml").expect("the ready sweep is good").canonical_json()
}

/// Rows as a run has them, by the number of the job: every number differs, as measured ones do.
struct Maker {
    schema: Schema,
    block: RowBlock,
    state: u64,
}

impl Maker {
    fn new(spec: &str) -> Self {
        let schema = Schema::of(&spec::parse(spec, Format::Json, "bench").expect("the bench's spec is good"));
        let tables = schema.tables.iter().map(|table| {
            let mut builder = TableBuilder::new(table);
            let n_rows = match table.table {
                Table::Trajectory => N_SNAPSHOTS,
                Table::Convergence => 3,
                Table::Nulls => 12,
                _ => 1,
            };
            (0..n_rows).for_each(|row| builder.push(table.columns.iter().map(|&column| (column, cell(column, row)))));
            builder.finish()
        });
        let block = RowBlock { tables: tables.collect() };
        Self { schema, block, state: 1 }
    }

    fn next(&mut self) -> Bytes {
        let mut state = self.state;
        let mut number = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        for column in self.block.tables.iter_mut().flat_map(|table| &mut table.columns) {
            if let Values::F64(values) | Values::ListF64 { values, .. } = &mut column.values {
                values.iter_mut().for_each(|value| *value = number());
            }
        }
        self.state = state;
        rows::encode(&self.block, &self.schema).expect("the block fits its schema")
    }
}

fn cell(column: &ColumnDef, row: u64) -> Cell {
    match (column.name, column.ty) {
        ("diverged_step" | "stopped_step" | "status", _) if column.nullable => Cell::Null,
        ("step", _) => Cell::U64(row * 455),
        (_, ColumnType::U32) => Cell::U32(row as u32),
        (_, ColumnType::U64) => Cell::U64(row),
        (_, ColumnType::F64) => Cell::F64(row as f64),
        (_, ColumnType::Bool) => Cell::Bool(row.is_multiple_of(2)),
        (_, ColumnType::Utf8) => Cell::from(format!("text {row}").as_str()),
        (_, ColumnType::ListF64) => Cell::ListF64(vec![0.5; (N_SNAPSHOTS * (N_SNAPSHOTS - 1) / 2) as usize]),
        (_, ColumnType::ListU64) => Cell::ListU64((0..N_SNAPSHOTS).map(|step| step * 455).collect()),
        (_, ColumnType::Timestamp) => unreachable!("no worker's column is an instant"),
    }
}

async fn measure() {
    let dir = tempfile::tempdir().expect("a folder for the data");
    let server = Server::start(dir.path(), 65_536);
    let clients = server.clients().await;
    let spec = spec(bench::number(0, 100_080));
    let n_runs = submit(&clients, &sweep(1), &spec).await.expect("the sweep is taken").n_runs;
    let mut maker = Maker::new(&spec);
    let block_bytes = maker.next().len();
    let (began, cpu) = (Instant::now(), server.cpu());
    let mut worker = Worker::register(&clients, 1, BATCH).await;
    let (mut reports, mut n_done) = (Vec::new(), 0);
    while n_done < n_runs {
        let answer = worker.report(std::mem::take(&mut reports), BATCH).await.expect("the report is taken");
        n_done += answer.verdicts.len() as u64;
        reports.extend(answer.leases.iter().map(|lease| success(lease, &maker.next())));
    }
    let (reported, reporting) = (began.elapsed().as_secs_f64(), server.cpu() - cpu);
    let peak = server.peak_mb();
    let began = Instant::now();
    collect(&server, &dir.path().join("tables"));
    let collected = began.elapsed().as_secs_f64();
    say(&format!("| `collect` of {n_runs} runs shaped as those of digits.toml | ≤ 15 s | {collected:.1} s |"));
    say(&format!(
        "\n{block_bytes} B a run; reported in {reported:.0} s with {:.0} µs of the coordinator's time a run, segments \
         included; peak memory {peak:.0} MB, {:.0} MB after the collection",
        1e6 * reporting / n_runs as f64,
        server.peak_mb()
    ));
}

fn collect(server: &Server, out: &Path) {
    let own = std::env::current_exe().expect("the bench knows its own file");
    let release = own.parent().and_then(Path::parent).expect("benches lie in a folder of the build's");
    let traipse = release.join("traipse");
    let status = Command::new(&traipse)
        .args(["collect", &sweep(1), "--coordinator", &server.url, "--out"])
        .arg(out)
        .env("TRAIPSE_TOKEN", &server.token)
        .stdout(std::process::Stdio::null())
        .status();
    let status = status.unwrap_or_else(|error| panic!("{}: {error}: build it first", traipse.display()));
    assert!(status.success(), "the collection fails");
}
