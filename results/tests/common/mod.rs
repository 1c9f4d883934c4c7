//! A synthetic sweep: rows that follow from the job number, spread over segments at will.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;
use traipse_results::{AttemptRow, Collect, Collected, WithoutRows, collect, segment};
use traipse_sweep::columns::{ColumnDef, ColumnType, Table, convergence, nulls, runs, trajectory};
use traipse_sweep::rows::{Cell, RowBlock, Schema, TableBuilder};
use traipse_sweep::settings::ForkSettings;
use traipse_sweep::spec::{Axis, Compare, Product, ReplicateAxis, ReplicateKey, SweepSpec};
use traipse_sweep::{Generation, JobNumber, Outcome, Plan, RunSettings, SweepId};

/// Snapshots of a run that ends.
pub const N_SNAPSHOTS: u64 = 4;

pub fn plan(rates: &[f64], replicates: Vec<ReplicateAxis>) -> Arc<Plan> {
    let axes = vec![
        Axis { key: "model.hidden".into(), values: vec![json!([8]), json!([16, 16])] },
        Axis { key: "train.learning_rate".into(), values: rates.iter().map(|rate| json!(rate)).collect() },
    ];
    let spec = SweepSpec {
        name: "synthetic".into(),
        base: RunSettings::default(),
        snapshots: Default::default(),
        probes: Default::default(),
        products: vec![Product { axes }],
        zip: Vec::new(),
        exclude: Vec::new(),
        replicates,
        n_branches: 1,
        compare: Vec::new(),
        execution: Default::default(),
    };
    Arc::new(Plan::new(Arc::new(spec)).unwrap())
}

/// Two cells with branches, every default probe and more, and comparisons over branches and over seeds.
pub fn forked_plan(n_seeds: u64, n_branches: u32, over: &[&str]) -> Arc<Plan> {
    let mut spec = SweepSpec::clone(plan(&[0.1], seeds(n_seeds)).spec());
    spec.n_branches = n_branches;
    spec.base.fork = (n_branches > 1).then(|| ForkSettings { epoch: Some(1), ..ForkSettings::default() });
    spec.compare = over.iter().map(|&over| Compare { over: over.into(), ..Compare::default() }).collect();
    spec.probes.layers = Some(Default::default());
    spec.probes.spectrum = Some(Default::default());
    spec.probes.diffusion = Some(Default::default());
    spec.probes.surface = Some(Default::default());
    Arc::new(Plan::new(Arc::new(spec)).unwrap())
}

pub fn seeds(n: u64) -> Vec<ReplicateAxis> {
    vec![ReplicateAxis { key: ReplicateKey::Seed, values: (0..n).collect() }]
}

/// A number in [0, 1) that follows from its arguments.
pub fn number(job: u64, salt: &str, row: u64) -> f64 {
    let mut state = job ^ row.rotate_left(32) ^ 0x9e37_79b9_7f4a_7c15;
    for byte in salt.bytes() {
        state = (state ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        state ^= state >> 29;
    }
    (state >> 11) as f64 / (1_u64 << 53) as f64
}

fn cell(column: &ColumnDef, job: u64, row: u64) -> Cell {
    let x = number(job, column.name, row);
    match column.ty {
        ColumnType::U32 => Cell::U32((x * 100.0) as u32),
        ColumnType::U64 => Cell::U64((x * 1e6) as u64),
        ColumnType::F64 => Cell::F64(x),
        ColumnType::Bool => Cell::Bool(x < 0.5),
        ColumnType::Utf8 => Cell::Utf8(format!("t{}", (x * 10.0) as u32)),
        ColumnType::ListF64 => Cell::ListF64((0..4).map(|item| number(job, column.name, item)).collect()),
        ColumnType::ListU64 => Cell::ListU64((0..N_SNAPSHOTS).map(|step| step * 10).collect()),
        ColumnType::Timestamp => unreachable!(),
    }
}

/// The rows of a job: all columns filled, but for those that say that something is missing.
pub fn block(schema: &Schema, job: u64, diverged: bool) -> RowBlock {
    let absent = [runs::STATUS.name, runs::DIVERGED_STEP.name, runs::STOPPED_STEP.name, runs::NOISE_FLOOR_FINAL.name];
    let fill = |table: Table, n_rows: u64, own: &dyn Fn(&ColumnDef, u64) -> Option<Cell>| {
        let schema = schema.table(table).unwrap();
        let mut builder = TableBuilder::new(schema);
        for row in 0..n_rows {
            let cells =
                schema.columns.iter().filter(|column| !absent.contains(&column.name) || own(column, row).is_some());
            builder.push(cells.map(|&column| (column, own(column, row).unwrap_or_else(|| cell(column, job, row)))));
        }
        builder.finish()
    };
    let run = fill(Table::Runs, 1, &|column, _| match column.name {
        "diverged_step" if diverged => Some(Cell::U64(15)),
        "final_test_error" | "displacement" if diverged => Some(Cell::Null),
        _ => None,
    });
    let n_snapshots = if diverged { 2 } else { N_SNAPSHOTS };
    let steps = fill(Table::Trajectory, n_snapshots, &|column, row| match column.name {
        name if name == trajectory::STEP.name => Some(Cell::U64(row * 10)),
        name if name == trajectory::SNAPSHOT.name => Some(Cell::U32(row as u32)),
        name if name == trajectory::EPOCH.name => Some(Cell::F64(row as f64)),
        _ => None,
    });
    let gram = fill(Table::Gram, 1, &|_, _| None);
    let thresholds = fill(Table::Convergence, 3, &|column, row| match column.name {
        name if name == convergence::Q.name => Some(Cell::F64([0.05, 0.01, 0.001][row as usize])),
        name if name == convergence::STATUS.name => Some(Cell::from("not-converged")).filter(|_| row == 2),
        _ => None,
    });
    let tests = fill(Table::Nulls, 2, &|column, row| match column.name {
        name if name == nulls::WINDOW.name => Some(Cell::from(["all", "late"][row as usize])),
        name if name == nulls::KIND.name => Some(Cell::from("signs")),
        name if name == nulls::STATISTIC.name => Some(Cell::from("pca_explained_1")),
        _ => None,
    });
    let more = [Table::Layers, Table::Spectra, Table::Curves, Table::Surfaces];
    let asked = more.into_iter().filter(|&table| schema.table(table).is_some());
    let asked = asked.map(|table| fill(table, 2 * N_SNAPSHOTS, &asked_place));
    RowBlock { tables: [run, steps, gram, thresholds, tests].into_iter().chain(asked).collect() }
}

/// Where a row of the tables stands that must be asked for: two layers (or draws, or kinds) a snapshot.
fn asked_place(column: &ColumnDef, row: u64) -> Option<Cell> {
    match column.name {
        "step" => Some(Cell::U64(row / 2 * 10)),
        "layer" | "draw" => Some(Cell::U32((row % 2) as u32)),
        "status" => Some(Cell::Null),
        _ => None,
    }
}

/// The rows of a comparison: unaligned and aligned at the end, then unaligned at the start.
pub fn comparison_block(schema: &Schema, job: u64) -> RowBlock {
    let schema = schema.table(Table::Comparisons).unwrap();
    let mut builder = TableBuilder::new(schema);
    for row in 0..3 {
        builder.push(schema.columns.iter().map(|&column| {
            let value = match column.name {
                "aligned" => Cell::Bool(row == 1),
                "at" => Cell::from(if row == 2 { "start" } else { "end" }),
                "at_step_a" | "at_step_b" => Cell::U64(if row == 2 { 0 } else { 30 }),
                "status" | "fork_step" => Cell::Null,
                _ => cell(column, job, row),
            };
            (column, value)
        }));
    }
    RowBlock { tables: vec![builder.finish()] }
}

pub fn attempt(job: u64, attempt: u32) -> AttemptRow {
    AttemptRow {
        job,
        kind: "run",
        attempt,
        worker: "01ARZ3NDEKTSV4RRFFQ69G5FAV".into(),
        worker_labels: "{}".into(),
        started_at_us: 1_700_000_000_000_000 + job as i64,
        lease_wait_seconds: Some(0.5),
        train_seconds: Some(1.5),
        probe_seconds: None,
        cpu_seconds: None,
        total_seconds: None,
        outcome: "succeeded",
        failure_class: None,
        failure_message: None,
        peak_memory_bytes: Some(7),
        build: "0.1.0".into(),
        numerics: "n1".into(),
        cpu_features: format!("cpu{}", job % 2).into(),
    }
}

/// One execution of a job that left rows.
#[derive(Clone, Copy)]
pub struct Done {
    pub job: u64,
    pub generation: u32,
    pub diverged: bool,
}

/// Writes the bare rows of `runs` into `n` segments, as a sweep does that trains nothing.
pub fn bare_segments(dir: &Path, plan: &Plan, n: usize) -> Vec<(Table, PathBuf)> {
    let schema = Schema::of(plan.spec());
    let bare = |job: u64| {
        let mut row = TableBuilder::new(schema.table(Table::Runs).unwrap());
        row.push([(&runs::STATUS, Cell::Utf8(format!("noop {job}")))]);
        RowBlock { tables: vec![row.finish()] }
    };
    let write = |part: usize| {
        let jobs = (part as u64..plan.n_jobs()).step_by(n);
        let blocks = jobs.map(|job| (JobNumber(job), Generation(0), bare(job)));
        segment::write(dir, &format!("bare-{n}-{part}"), &schema, blocks, &[]).unwrap()
    };
    (0..n).flat_map(write).map(|file| (file.table, file.path)).collect()
}

/// Writes what is done into `n` segments, job by job in turn.
pub fn segments(dir: &Path, plan: &Plan, done: &[Done], n: usize) -> Vec<(Table, PathBuf)> {
    let schema = Schema::of(plan.spec());
    let mut files = Vec::new();
    for part in 0..n {
        let mut mine: Vec<Done> = done.iter().copied().skip(part).step_by(n).collect();
        mine.sort_by_key(|done| (done.job, done.generation));
        let attempts: Vec<_> = mine.iter().map(|done| attempt(done.job, done.generation + 1)).collect();
        // An older generation has other numbers, so that a mix-up shows.
        let rows = |done: &Done| block(&schema, done.job + 1000 * u64::from(done.generation), done.diverged);
        let blocks = mine.iter().map(|done| (JobNumber(done.job), Generation(done.generation), rows(done)));
        let written = segment::write(dir, &format!("{n}-{part}"), &schema, blocks, &attempts).unwrap();
        files.extend(written.into_iter().map(|file| (file.table, file.path)));
    }
    files
}

pub fn input(plan: &Arc<Plan>, segments: Vec<(Table, PathBuf)>, without_rows: Vec<WithoutRows>) -> Collect {
    Collect {
        sweep: SweepId(42),
        plan: plan.clone(),
        spec: r#"{"name":"synthetic"}"#.into(),
        segments,
        without_rows,
        raised: vec![],
        state: "completed".into(),
        complete: true,
        build: "0.1.0".into(),
        numerics: "n1".into(),
    }
}

pub fn failed(first_job: u64, n_jobs: u64) -> WithoutRows {
    WithoutRows { first_job, n_jobs, outcome: Outcome::Failed, message: Some("no such file".into()) }
}

pub fn run(plan: &Arc<Plan>, done: &[Done], n: usize, without_rows: Vec<WithoutRows>, out: &Path) -> Collected {
    let dir = tempfile::tempdir().unwrap();
    let files = segments(dir.path(), plan, done, n);
    collect(&input(plan, files, without_rows), out).unwrap()
}
