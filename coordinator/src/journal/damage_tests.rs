//! Files that something has happened to: a bad byte, a lost end, lost blocks. Each is refused with words, or gives what it
//! held; nothing in between.

use std::path::Path;

use tempfile::TempDir;
use traipse_sweep::Fact;

use super::tests::{batch, dir, fact, open, run};
use super::*;
use traipse_scheduler::Batch;

const N_BATCHES: u64 = 9;
/// Jobs of a batch: enough for several pages.
const N_JOBS: u64 = 12;

fn name(dir: &TempDir) -> PathBuf {
    dir.path().join("journal.sqlite")
}

fn log_name(dir: &TempDir) -> PathBuf {
    dir.path().join("journal.sqlite-wal")
}

async fn write(ledger: &mut Ledger, snapshots: bool) {
    for seq in 1..=N_BATCHES {
        ledger.commit(&batch(seq, seq * N_JOBS..(seq + 1) * N_JOBS)).await.unwrap();
        if snapshots && seq % 3 == 0 && seq < N_BATCHES {
            ledger.keep_snapshot(seq, vec![seq as u8; 3_000]).await.unwrap();
            ledger.prune().await.unwrap();
        }
    }
}

/// The bytes of a file that was closed in order, and of one that was not, with its log.
async fn written(snapshots: bool) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let dir = dir();
    let (mut ledger, _) = open(&dir).await.unwrap();
    write(&mut ledger, snapshots).await;
    let (main, log) = (std::fs::read(name(&dir)).unwrap(), std::fs::read(log_name(&dir)).unwrap());
    ledger.close().await.unwrap();
    (std::fs::read(name(&dir)).unwrap(), main, log)
}

/// Opens such files.
async fn reopened(main: &[u8], log: &[u8]) -> Result<Restored, Error> {
    let dir = dir();
    std::fs::write(name(&dir), main).unwrap();
    if !log.is_empty() {
        std::fs::write(log_name(&dir), log).unwrap();
    }
    let (ledger, start) = open(&dir).await?;
    ledger.close().await.unwrap();
    Ok(start.restored)
}

fn facts(batches: std::ops::RangeInclusive<u64>) -> Vec<Fact> {
    batches.flat_map(|seq| seq * N_JOBS..(seq + 1) * N_JOBS).map(fact).collect()
}

/// Whether it is what was written, as of some batch: from a whole snapshot or from the beginning.
fn is_whole(restored: &Restored, last: u64) -> bool {
    let first = match &restored.snapshot {
        None => 1,
        Some(state) if state.len() == 3_000 && state.iter().all(|byte| *byte == state[0]) => u64::from(state[0]) + 1,
        Some(_) => return false,
    };
    restored.next_seq == last + 1 && restored.facts == facts(first..=last)
}

#[tokio::test]
async fn a_bad_byte_in_the_file_is_refused_or_does_no_harm() {
    let (closed, ..) = written(true).await;
    let (mut n_refused, mut n_open) = (0, 0);
    for at in (0..closed.len()).step_by(closed.len() / 120) {
        let mut bytes = closed.clone();
        bytes[at] ^= 0x41;
        match reopened(&bytes, &[]).await {
            Ok(restored) => {
                assert!(is_whole(&restored, N_BATCHES), "byte {at}: {restored:?}");
                n_open += 1;
            }
            Err(error) => {
                assert!(error.to_string().contains("journal.sqlite"), "{error}");
                n_refused += 1;
            }
        }
    }
    assert!(n_refused >= 5 && n_open >= 5, "{n_refused} refused, {n_open} opened");
}

#[tokio::test]
async fn a_bad_byte_in_the_log_is_refused_unless_a_crash_could_have_made_it() {
    let (_, main, log) = written(false).await;
    let mut n_refused = 0;
    for at in (0..log.len()).step_by(log.len() / 150) {
        let mut bytes = log.clone();
        bytes[at] ^= 0x41;
        match reopened(&main, &bytes).await {
            // The last transaction may have been under way.
            Ok(restored) => assert!(
                is_whole(&restored, N_BATCHES) || is_whole(&restored, N_BATCHES - 1),
                "byte {at} of {}: up to {}",
                log.len(),
                restored.next_seq
            ),
            Err(error) => {
                assert!(matches!(error, Error::Damaged { damage: Damage::Log { .. }, .. }), "byte {at}: {error}");
                n_refused += 1;
            }
        }
    }
    assert!(n_refused > 100, "{n_refused}");
}

#[tokio::test]
async fn a_log_that_ends_anywhere_gives_all_that_was_durable_then() {
    let (_, main, log) = written(false).await;
    let mut last = 0;
    for length in (0..log.len()).step_by(log.len() / 60) {
        // A kill while the file was made leaves no tables, and the next life makes them.
        let restored = reopened(&main, &log[..length]).await.unwrap();
        assert!(is_whole(&restored, restored.next_seq - 1), "{length}");
        assert!(restored.next_seq > last, "a longer log has no less");
        last = restored.next_seq - 1;
    }
    assert!(last >= N_BATCHES - 2, "{last}");
}

async fn check_refused(main: &[u8], part: &str) {
    let error = match reopened(main, &[]).await {
        Ok(restored) => panic!("{part}: opened with {restored:?}"),
        Err(error) => error.to_string(),
    };
    assert!(error.contains(part), "{error}");
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let (closed, ..) = written(true).await;
    let (half, mut first, mut middle) = (closed.len() / 2 / 4096 * 4096, closed.clone(), closed.clone());
    first[..4096].fill(0);
    middle[half..half + 8192].fill(0);
    check_refused(&closed[..half], "it is cut off").await;
    check_refused(&closed[..closed.len() - 100], "it is cut off").await;
    check_refused(&first, "begins with zeros").await;
    check_refused(&vec![0; 5000], "begins with zeros").await;
    check_refused(&middle, "is damaged").await;
    check_refused(b"SQLite format 3", "is not a journal of Traipse").await;
    check_refused(&std::fs::read("/proc/self/exe").unwrap()[..50_000], "is not a journal of Traipse").await;
}

#[tokio::test]
async fn what_is_missing_is_said() {
    let rows: [(&[&'static str], &str); 5] = [
        (&["DELETE FROM journal WHERE seq = 8"], "batch 9 follows batch 7"),
        (
            &["UPDATE snapshots SET state = X'00' WHERE seq = 6", "DELETE FROM journal WHERE seq = 4"],
            "batch 5 follows batch 3",
        ),
        (
            &["UPDATE snapshots SET state = X'00' WHERE seq = 6", "DELETE FROM journal WHERE seq > 4"],
            "batches 5 to 6 are missing",
        ),
        (&["UPDATE snapshots SET state = X'00'"], "neither of its snapshots is whole"),
        (&["UPDATE meta SET value = X'00' WHERE key = 'incarnation'"], "the incarnation is missing or malformed"),
    ];
    for (statements, part) in rows {
        let dir = dir();
        let (mut ledger, _) = open(&dir).await.unwrap();
        write(&mut ledger, true).await;
        for sql in statements {
            run(&mut ledger, sql).await;
        }
        ledger.close().await.unwrap();
        check_refused(&std::fs::read(name(&dir)).unwrap(), part).await;
    }
}

#[tokio::test]
async fn facts_of_another_build_are_not_called_damage() {
    let dir = dir();
    let (mut ledger, _) = open(&dir).await.unwrap();
    // Version 99, no facts.
    let bytes = vec![0x08, 99];
    let insert = sqlx::query("INSERT INTO journal(seq, facts, digest) VALUES (1, ?, ?)");
    let insert = insert.bind(bytes.clone()).bind(batch::digest(1, &bytes));
    insert.execute(&mut ledger.connection).await.unwrap();
    ledger.close().await.unwrap();
    let error = open(&dir).await.err().unwrap();
    assert!(matches!(error, Error::OtherBuild { seq: 1, .. }), "{error}");
    assert!(error.to_string().contains("use the build that wrote it"), "{error}");
}

#[tokio::test]
async fn without_a_whole_snapshot_all_facts_serve() {
    let dir = dir();
    let (mut ledger, _) = open(&dir).await.unwrap();
    write(&mut ledger, false).await;
    ledger.keep_snapshot(4, vec![4; 10]).await.unwrap();
    run(&mut ledger, "UPDATE snapshots SET digest = X'00'").await;
    ledger.close().await.unwrap();
    let (_, start) = open(&dir).await.unwrap();
    assert!(is_whole(&start.restored, N_BATCHES));
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}

#[tokio::test]
async fn a_million_facts_do_not_leave_a_growing_file() {
    const N_FACTS: u64 = 1_000_000;
    const A_BATCH: u64 = 4_096;
    const A_SNAPSHOT: u64 = 65_536;
    let dir = dir();
    let (mut ledger, _) = open(&dir).await.unwrap();
    let facts: Vec<Fact> = (0..A_BATCH).map(fact).collect();
    let (mut seq, mut sizes) = (0, Vec::new());
    while seq * A_BATCH < N_FACTS {
        seq += 1;
        let facts = facts.clone();
        ledger.commit(&Batch { seq, facts, rows: Vec::new(), attempts: Vec::new() }).await.unwrap();
        if (seq * A_BATCH).is_multiple_of(A_SNAPSHOT) {
            ledger.keep_snapshot(seq, vec![1; 100_000]).await.unwrap();
            while ledger.prune().await.unwrap() {}
            sizes.push(size(&name(&dir)) + size(&log_name(&dir)));
        }
    }
    // Two rounds of facts are kept, a third comes in, and the log has its length after some rounds.
    assert!(sizes.len() > 14 && sizes[9..].iter().all(|size| *size <= sizes[9]), "{sizes:?}");
    let n_kept: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM journal").fetch_one(&mut ledger.connection).await.unwrap();
    assert!(n_kept.cast_unsigned() <= 2 * A_SNAPSHOT / A_BATCH, "{n_kept} batches");
    ledger.close().await.unwrap();
    let (_, start) = open(&dir).await.unwrap();
    assert_eq!(start.restored.next_seq, seq + 1);
}
