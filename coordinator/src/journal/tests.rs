use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempDir;
use traipse_proto::v1;
use traipse_scheduler::command::{AttemptStats, WorkerInfo};
use traipse_scheduler::{AttemptRecord, Batch, JobRows};
use traipse_store::Artifact;
use traipse_sweep::columns::Table;
use traipse_sweep::{Fact, FailureClass, Generation, Incarnation, JobNumber, LeaseId, Outcome, WorkerId};

use super::*;
use crate::block::Block;
use crate::reference::Reference;

pub(super) const SWEEP: SweepId = SweepId(9);

pub(super) fn dir() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(super) async fn open(dir: &TempDir) -> Result<(Ledger, Start), Error> {
    Ledger::open(&dir.path().join("journal.sqlite"), [3; 32], 1_000_000).await
}

fn rows(job: u64) -> JobRows<Block> {
    let artifact = v1::Artifact { kind: "snapshots".into(), size: 5, sha256: vec![1; 32] };
    let artifacts: Arc<[_]> = if job == 1 { Arc::new([artifact]) } else { Arc::new([]) };
    let block = Block { bytes: Bytes::from(vec![7; 10]), lease: LeaseId(job), artifacts, _held: None };
    JobRows { sweep: SWEEP, job: JobNumber(job), generation: Generation(0), block }
}

fn attempt(job: u64) -> AttemptRecord {
    let info = WorkerInfo {
        n_slots: 1,
        n_threads: 1,
        labels: [("zone".to_owned(), "a".to_owned())].into(),
        build: "b".into(),
        numerics: "n".into(),
        memory: 0,
        cpu_features: "c".into(),
    };
    AttemptRecord {
        sweep: SWEEP,
        job: JobNumber(job),
        generation: Generation(0),
        lease: LeaseId(job),
        attempt: 2,
        worker: WorkerId(4),
        info: Some(Arc::new(info)),
        granted_at: Some(std::time::Duration::from_millis(5)),
        outcome: (job % 2 == 1).then_some(Outcome::Succeeded),
        failure: job.is_multiple_of(2).then(|| (FailureClass::Transient, "disk full".into())),
        stats: (job % 2 == 1).then(|| AttemptStats { train_seconds: 1.5, ..AttemptStats::default() }),
    }
}

pub(super) fn fact(job: u64) -> Fact {
    let (generation, lease) = (Generation(0), Some(LeaseId(job)));
    Fact::JobEnded { sweep: SWEEP, job: JobNumber(job), generation, lease, outcome: Outcome::Succeeded, message: None }
}

pub(super) fn batch(seq: u64, jobs: std::ops::Range<u64>) -> Batch<Block> {
    Batch {
        seq,
        facts: jobs.clone().map(fact).collect(),
        rows: jobs.clone().map(rows).collect(),
        attempts: jobs.map(attempt).collect(),
    }
}

pub(super) async fn run(ledger: &mut Ledger, sql: &'static str) {
    sqlx::query(sql).execute(&mut ledger.connection).await.unwrap();
}

#[tokio::test]
async fn what_is_committed_is_there_in_the_next_life() {
    let dir = dir();
    let (mut ledger, start) = open(&dir).await.unwrap();
    assert_eq!((start.incarnation, start.restored.next_seq), (Incarnation(1), 1));
    // 300 rows take statements of every size.
    ledger.commit(&batch(1, 0..300)).await.unwrap();
    ledger.commit(&batch(2, 300..301)).await.unwrap();
    assert!(matches!(ledger.commit(&batch(4, 0..1)).await, Err(Error::OutOfOrder { found: 4, last: 2 })));
    ledger.close().await.unwrap();

    let (mut ledger, start) = open(&dir).await.unwrap();
    assert_eq!((start.incarnation, start.restored.next_seq), (Incarnation(2), 3));
    assert_eq!(start.restored.facts, (0..301).map(fact).collect::<Vec<_>>());
    let pending = ledger.pending()[&SWEEP];
    assert_eq!((pending.n, pending.bytes), (602, 3010));
    let artifacts = ledger.artifacts(SWEEP, None).await.unwrap();
    assert_eq!((artifacts.len(), artifacts[0].job, artifacts[0].lease), (1, JobNumber(1), LeaseId(1)));
    let last = (artifacts[0].job, artifacts[0].generation, artifacts[0].kind.clone());
    assert!(ledger.artifacts(SWEEP, Some(last)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_job_has_rows_once_a_generation_and_a_refused_batch_leaves_nothing() {
    let dir = dir();
    let (mut ledger, _) = open(&dir).await.unwrap();
    ledger.commit(&batch(1, 0..2)).await.unwrap();
    assert!(matches!(ledger.commit(&batch(2, 1..3)).await, Err(Error::Write { .. })));
    ledger.close().await.unwrap();
    let (ledger, start) = open(&dir).await.unwrap();
    assert_eq!(start.restored.next_seq, 2);
    assert_eq!(ledger.pending()[&SWEEP].n, 4);
}

#[tokio::test]
async fn two_snapshots_are_kept_and_a_damaged_one_costs_nothing() {
    let dir = dir();
    let (mut ledger, _) = open(&dir).await.unwrap();
    for seq in 1..=9 {
        ledger.commit(&batch(seq, seq..seq + 1)).await.unwrap();
        if seq % 3 == 0 {
            ledger.keep_snapshot(seq, vec![seq as u8; 4]).await.unwrap();
            assert!(!ledger.prune().await.unwrap());
        }
    }
    ledger.close().await.unwrap();
    let (mut ledger, start) = open(&dir).await.unwrap();
    assert_eq!((start.restored.snapshot, start.restored.next_seq), (Some(vec![9; 4]), 10));
    assert!(start.restored.facts.is_empty());

    run(&mut ledger, "UPDATE snapshots SET state = X'00' WHERE seq = 9").await;
    ledger.close().await.unwrap();
    let (mut ledger, start) = open(&dir).await.unwrap();
    assert_eq!((start.restored.snapshot, start.restored.next_seq), (Some(vec![6; 4]), 10));
    assert_eq!(start.restored.facts, (7..10).map(fact).collect::<Vec<_>>());

    run(&mut ledger, "UPDATE snapshots SET state = X'00'").await;
    ledger.close().await.unwrap();
    let error = open(&dir).await.err().unwrap().to_string();
    assert!(error.contains("neither of its snapshots is whole"), "{error}");
}

#[tokio::test]
async fn damage_is_named() {
    let rows = [
        ("UPDATE journal SET facts = X'FFFF' WHERE seq = 2", "batch 2 does not match its digest"),
        ("DELETE FROM journal WHERE seq = 2", "batch 3 follows batch 1"),
        ("UPDATE meta SET value = X'00' WHERE key = 'secret'", "the secret is missing or malformed"),
    ];
    for (sql, what) in rows {
        let dir = dir();
        let (mut ledger, _) = open(&dir).await.unwrap();
        for seq in 1..=3 {
            ledger.commit(&batch(seq, seq..seq + 1)).await.unwrap();
        }
        run(&mut ledger, sql).await;
        ledger.close().await.unwrap();
        let error = open(&dir).await.err().unwrap().to_string();
        assert!(error.contains(what), "{error}");
    }
}

#[tokio::test]
async fn damaged_pages_are_refused() {
    let dir = dir();
    let (mut ledger, _) = open(&dir).await.unwrap();
    ledger.commit(&batch(1, 0..3000)).await.unwrap();
    ledger.close().await.unwrap();
    let path = dir.path().join("journal.sqlite");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 8192].fill(0xA5);
    std::fs::write(&path, bytes).unwrap();
    let error = open(&dir).await.err().unwrap();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn sealed_rows_leave_the_ledger_in_small_bites() {
    let dir = dir();
    let (mut ledger, _) = open(&dir).await.unwrap();
    ledger.commit(&batch(1, 0..3000)).await.unwrap();
    let (after, end) = ledger.unsealed(SWEEP).await.unwrap();
    assert_eq!((after, end), (0, 6000));
    let page = ledger.blocks(SWEEP, after, end).await.unwrap();
    assert!(page.len() < 3000 && page[0].job == JobNumber(0));
    let attempts = ledger.attempts(SWEEP, after, end, &[0..u64::MAX]).await.unwrap();
    let (_, first) = &attempts[0];
    assert_eq!((first.outcome, first.failure_class), ("failed-attempt", Some("transient")));
    assert_eq!((first.started_at_us, &*first.worker_labels), (1_005_000, r#"{"zone":"a"}"#));
    assert_eq!((attempts[1].1.outcome, attempts[1].1.train_seconds), ("succeeded", Some(1.5)));

    let path = format!("{SWEEP}/1.runs.parquet");
    let file = SegmentFile { table: Table::Runs, path, size: 1, sha256: [2; 32], n_rows: 3000 };
    let segment = NewSegment { sweep: SWEEP, upto: end, n: 6000, bytes: 30_000, files: vec![file] };
    ledger.name(segment).await.unwrap();
    assert!(ledger.pending().is_empty());
    let mut n_bites = 1;
    while ledger.delete_moved().await.unwrap() {
        n_bites += 1;
    }
    assert!(n_bites >= 3, "{n_bites}");
    assert!(ledger.blocks(SWEEP, 0, end).await.unwrap().is_empty());
    ledger.commit(&batch(2, 3000..3001)).await.unwrap();
    ledger.close().await.unwrap();

    let (mut ledger, _) = open(&dir).await.unwrap();
    assert_eq!(ledger.pending()[&SWEEP].n, 2);
    assert_eq!(ledger.unsealed(SWEEP).await.unwrap(), (6000, 6002));
    let files = ledger.files(Some(SWEEP)).await.unwrap();
    assert_eq!((files.len(), files[0].table, files[0].n_rows), (1, Table::Runs, 3000));
    assert!(ledger.files(Some(SweepId(1))).await.unwrap().is_empty());
    assert_eq!(ledger.files(None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_full_disk_stops_the_owner_and_nothing_is_said_to_be_durable() {
    let dir = dir();
    let (mut ledger, _) = open(&dir).await.unwrap();
    let n_pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut ledger.connection).await.unwrap();
    let limit = format!("PRAGMA max_page_count = {}", n_pages + 1);
    sqlx::raw_sql(sqlx::AssertSqlSafe(limit)).execute(&mut ledger.connection).await.unwrap();
    let (commits, batches) = tokio::sync::mpsc::channel(1);
    let (durable, mut committed) = tokio::sync::mpsc::channel(1);
    let (owner, journal) = Owner::new(ledger, batches, durable);
    let owner = tokio::spawn(owner.run());
    commits.send(batch(1, 0..1)).await.unwrap();
    assert_eq!(committed.recv().await, Some(Committed(1)));
    commits.send(batch(2, 1..2000)).await.unwrap();
    let error = owner.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Write { .. }) && error.to_string().contains("make room"), "{error}");
    assert_eq!(committed.recv().await, None);
    assert!(matches!(journal.run(|ledger| Box::pin(ledger.prune())).await, Err(Error::Closed)));
    let (_, start) = open(&dir).await.unwrap();
    assert_eq!(start.restored.next_seq, 2);
}

#[tokio::test]
async fn references_count_with_their_rows_and_are_found_until_they_are_deleted() {
    let dir = dir();
    let reference = Reference { lease: LeaseId(3), artifact: Artifact { size: 5_000_000, sha256: [4; 32] } };
    let (mut ledger, _) = open(&dir).await.unwrap();
    let mut large = batch(1, 3..5);
    large.rows[0].block.bytes = Bytes::from(reference.encode().to_vec());
    ledger.commit(&large).await.unwrap();
    let (job, generation) = (JobNumber(3), Generation(0));
    assert_eq!(ledger.reference(SWEEP, job, generation).await.unwrap(), Some(reference));
    assert_eq!(ledger.reference(SWEEP, JobNumber(4), generation).await.unwrap(), None);
    ledger.close().await.unwrap();

    let (mut ledger, _) = open(&dir).await.unwrap();
    assert_eq!(ledger.pending()[&SWEEP].bytes, 5_000_010);
    assert!(ledger.moved_references().await.unwrap().is_empty(), "no segment holds them");
    let (_, upto) = ledger.unsealed(SWEEP).await.unwrap();
    ledger.name(NewSegment { sweep: SWEEP, upto, n: 4, bytes: 5_000_010, files: Vec::new() }).await.unwrap();
    ledger.close().await.unwrap();

    // A life that ends between sealing and deletion leaves it to the next one.
    let (mut ledger, _) = open(&dir).await.unwrap();
    assert!(ledger.pending().is_empty());
    assert_eq!(ledger.moved_references().await.unwrap(), [(SWEEP, job, reference)]);
    while ledger.delete_moved().await.unwrap() {}
    assert!(ledger.moved_references().await.unwrap().is_empty());
    assert_eq!(ledger.reference(SWEEP, job, generation).await.unwrap(), None);
}
