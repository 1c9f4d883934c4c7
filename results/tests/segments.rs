//! Segments: what goes in comes out, bytes depend on the rows alone, and bad blocks are refused.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use traipse_results::segment::{self, SegmentFile};
use traipse_results::{AttemptRow, Error, read};
use traipse_sweep::columns::{Table, convergence, gram, runs};
use traipse_sweep::rows::{Cell, RowBlock, Schema, TableBuilder, TableSchema};
use traipse_sweep::{Generation, JobNumber};

/// The whole catalogue, as workers fill it.
fn schema() -> Schema {
    let tables = Table::FROM_WORKERS
        .iter()
        .map(|&table| TableSchema { table, columns: table.worker_columns().collect() })
        .collect();
    Schema::new(tables)
}

fn block(schema: &Schema, job: u64) -> RowBlock {
    let table = |table| TableBuilder::new(schema.table(table).unwrap());
    let mut run = table(Table::Runs);
    run.push([
        (&runs::FINAL_TEST_ERROR, Cell::F64(job as f64 / 8.0)),
        (&runs::LEARNED, Cell::Bool(job.is_multiple_of(2))),
        (&runs::PCA_EXPLAINED, Cell::ListF64(vec![0.5, job as f64])),
    ]);
    let mut steps = table(Table::Gram);
    steps.push([(&gram::STEPS, Cell::ListU64(vec![0, job])), (&gram::STATUS, Cell::from("none"))]);
    let mut thresholds = table(Table::Convergence);
    for q in [0.05, 0.01, 0.001] {
        thresholds.push([(&convergence::Q, Cell::F64(q))]);
    }
    RowBlock { tables: vec![run.finish(), steps.finish(), thresholds.finish()] }
}

fn attempt(job: u64, attempt: u32) -> AttemptRow {
    AttemptRow {
        job,
        kind: "run",
        attempt,
        worker: "w".into(),
        worker_labels: "{}".into(),
        started_at_us: 1_700_000_000_000_000,
        lease_wait_seconds: None,
        train_seconds: Some(1.5),
        probe_seconds: None,
        cpu_seconds: None,
        total_seconds: None,
        outcome: "succeeded",
        failure_class: None,
        failure_message: None,
        peak_memory_bytes: Some(7),
        build: "0.1.0".into(),
        numerics: "n".into(),
        cpu_features: "c".into(),
    }
}

fn write(dir: &Path, jobs: &[u64], attempts: &[AttemptRow]) -> Result<Vec<SegmentFile>, Error> {
    let schema = schema();
    let blocks = jobs.iter().map(|&job| (JobNumber(job), Generation(0), block(&schema, job)));
    segment::write(dir, "s", &schema, blocks, attempts)
}

#[test]
fn rows_come_back_with_their_job() {
    let dir = tempfile::tempdir().unwrap();
    let files = write(dir.path(), &[3, 8], &[attempt(8, 2), attempt(8, 1), attempt(3, 1)]).unwrap();
    let tables: Vec<_> = files.iter().map(|file| (file.table, file.n_rows)).collect();
    assert_eq!(tables, [(Table::Runs, 2), (Table::Gram, 2), (Table::Convergence, 6), (Table::Attempts, 3)]);
    assert_eq!(read::numbers(&files[0].path, "job").unwrap(), [Some(3.0), Some(8.0)]);
    assert_eq!(read::numbers(&files[0].path, "final_test_error").unwrap(), [Some(0.375), Some(1.0)]);
    assert_eq!(read::numbers(&files[0].path, "tortuosity").unwrap(), [None, None]);
    assert_eq!(read::numbers(&files[0].path, "learned").unwrap(), [Some(0.0), Some(1.0)]);
    assert_eq!(read::lists(&files[0].path, "pca_explained").unwrap()[1], Some(vec![0.5, 8.0]));
    assert_eq!(read::lists(&files[1].path, "steps").unwrap()[0], Some(vec![0.0, 3.0]));
    assert_eq!(read::lists(&files[1].path, "gram").unwrap(), [None, None]);
    assert_eq!(read::texts(&files[1].path, "status").unwrap()[0].as_deref(), Some("none"));
    assert_eq!(read::numbers(&files[3].path, "attempt").unwrap(), [Some(1.0), Some(1.0), Some(2.0)]);
    assert!(files.iter().all(|file| fs::metadata(&file.path).unwrap().len() == file.size));
}

#[test]
fn equal_rows_give_equal_bytes() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let jobs: Vec<u64> = (0..5000).collect();
    let digests = |files: Vec<SegmentFile>| files.into_iter().map(|file| (file.size, file.sha256)).collect::<Vec<_>>();
    let first = digests(write(one.path(), &jobs, &[]).unwrap());
    assert_eq!(first, digests(write(two.path(), &jobs, &[]).unwrap()));
    assert_eq!(fs::read_dir(one.path()).unwrap().count(), 3, "nothing is left aside");
}

#[test]
fn no_rows_no_files() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(write(dir.path(), &[], &[]).unwrap(), []);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn bad_blocks_are_refused_and_leave_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let message = |result: Result<Vec<SegmentFile>, Error>| result.unwrap_err().to_string();
    assert!(message(write(dir.path(), &[2, 1], &[])).contains("job 1"));

    let schema = schema();
    let write_one = |spoil: fn(&mut RowBlock)| {
        let mut block = block(&schema, 5);
        spoil(&mut block);
        message(segment::write(dir.path(), "s", &schema, [(JobNumber(5), Generation(0), block)].into_iter(), &[]))
    };
    let missing = write_one(|block| drop(block.tables[0].columns.pop()));
    assert!(missing.contains("job 5") && missing.contains("runs has"), "{missing}");
    let typed = write_one(|block| block.tables[0].columns.swap(0, 2));
    assert!(typed.contains("runs.run_id has another type"), "{typed}");
    let null = write_one(|block| block.tables[2].columns[0].nulls = vec![1]);
    assert!(null.contains("convergence.q has a null"), "{null}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_missing_folder_is_named() {
    let error = write(Path::new("/nowhere/at/all"), &[1], &[]).unwrap_err();
    assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
}
