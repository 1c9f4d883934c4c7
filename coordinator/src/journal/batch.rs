//! Writing a batch: facts, rows and attempts in one transaction, in statements of many rows.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Connection, Sqlite, SqliteConnection};
use traipse_proto::convert::{facts, outcome};
use traipse_proto::v1;
use traipse_scheduler::pump::AttemptRecord;
use traipse_scheduler::{Batch, JobRows};
use traipse_sweep::SweepId;

use super::{Error, Ledger, signed, sweep_key};
use crate::block::Block;
use crate::reference;

/// How many rows a statement takes: few shapes, so that each is prepared once. The largest, times the columns of the
/// widest table, stays far below SQLite's 32,766 variables.
const ROWS_A_STATEMENT: [usize; 4] = [256, 32, 4, 1];

type Insert = Query<'static, Sqlite, SqliteArguments>;

impl Ledger {
    /// Makes a batch durable: when this returns, it is on the disk.
    ///
    /// # Errors
    /// If the batch does not follow the last one, or the disk refuses; nothing of it is kept then.
    pub(crate) async fn commit(&mut self, batch: &Batch<Block>) -> Result<(), Error> {
        if batch.seq != self.last_seq + 1 {
            return Err(Error::OutOfOrder { found: batch.seq, last: self.last_seq });
        }
        let failed = self.writing();
        let mut transaction = self.connection.begin().await.map_err(&failed)?;
        let mut writer = Writer { connection: &mut transaction, next_id: self.next_id };
        writer.facts(batch).await.map_err(&failed)?;
        writer.rows(&batch.rows).await.map_err(&failed)?;
        writer.artifacts(&batch.rows).await.map_err(&failed)?;
        writer.attempts(&batch.attempts, &mut self.workers, self.epoch_us).await.map_err(&failed)?;
        let next_id = writer.next_id;
        transaction.commit().await.map_err(&failed)?;
        self.last_seq = batch.seq;
        let first = std::mem::replace(&mut self.next_id, next_id);
        for rows in &batch.rows {
            self.note(rows.sweep, reference::n_bytes(&rows.block.bytes), first);
        }
        for attempt in &batch.attempts {
            self.note(attempt.sweep, 0, first);
        }
        Ok(())
    }

    /// One more of a batch whose numbers begin at `first`.
    fn note(&mut self, sweep: SweepId, bytes: u64, first: i64) {
        let last = self.next_id - 1;
        let pending = self.pending_of(sweep, first);
        pending.n += 1;
        pending.bytes += bytes;
        pending.last = last;
    }
}

/// Inserts within one transaction.
struct Writer<'t> {
    connection: &'t mut SqliteConnection,
    next_id: i64,
}

impl Writer<'_> {
    async fn facts(&mut self, batch: &Batch<Block>) -> Result<(), sqlx::Error> {
        let bytes = facts::encode(&batch.facts);
        let digest = digest(batch.seq, &bytes);
        let insert = sqlx::query("INSERT INTO journal(seq, facts, digest) VALUES (?, ?, ?)");
        insert.bind(signed(batch.seq)).bind(bytes).bind(digest).execute(&mut *self.connection).await?;
        Ok(())
    }

    async fn rows(&mut self, rows: &[JobRows<Block>]) -> Result<(), sqlx::Error> {
        let first = self.take(rows.len());
        let bind = |insert: Insert, at: usize, rows: &JobRows<Block>| {
            insert
                .bind(first + at as i64)
                .bind(sweep_key(rows.sweep))
                .bind(signed(rows.job.0))
                .bind(i64::from(rows.generation.0))
                .bind(rows.block.bytes.to_vec())
        };
        many(self.connection, "INSERT INTO rows(id, sweep, job, generation, block) VALUES ", 5, rows, bind).await
    }

    async fn artifacts(&mut self, rows: &[JobRows<Block>]) -> Result<(), sqlx::Error> {
        let kept: Vec<_> =
            rows.iter().flat_map(|rows| rows.block.artifacts.iter().map(move |artifact| (rows, artifact))).collect();
        let head = "INSERT INTO artifacts(sweep, job, generation, kind, lease, size, sha256) VALUES ";
        many(self.connection, head, 7, &kept, |insert, _, (rows, artifact)| {
            insert
                .bind(sweep_key(rows.sweep))
                .bind(signed(rows.job.0))
                .bind(i64::from(rows.generation.0))
                .bind(artifact.kind.clone())
                .bind(signed(rows.block.lease.0))
                .bind(signed(artifact.size))
                .bind(artifact.sha256.clone())
        })
        .await
    }

    async fn attempts(
        &mut self,
        attempts: &[AttemptRecord],
        workers: &mut std::collections::BTreeMap<Vec<u8>, i64>,
        epoch_us: i64,
    ) -> Result<(), sqlx::Error> {
        let mut described = Vec::with_capacity(attempts.len());
        for attempt in attempts {
            described.push((attempt, self.worker(attempt, workers).await?));
        }
        let first = self.take(attempts.len());
        let head = "INSERT INTO attempts(id, sweep, job, attempt, worker, record) VALUES ";
        many(self.connection, head, 6, &described, |insert, at, (attempt, worker)| {
            insert
                .bind(first + at as i64)
                .bind(sweep_key(attempt.sweep))
                .bind(signed(attempt.job.0))
                .bind(i64::from(attempt.attempt))
                .bind(*worker)
                .bind(prost::Message::encode_to_vec(&record(attempt, epoch_us)))
        })
        .await
    }

    /// The number of a worker's description, which is kept once. One that is rolled back with its batch stops the
    /// process, so the numbers in memory never run ahead of the file.
    async fn worker(
        &mut self,
        attempt: &AttemptRecord,
        workers: &mut std::collections::BTreeMap<Vec<u8>, i64>,
    ) -> Result<i64, sqlx::Error> {
        let bytes = prost::Message::encode_to_vec(&description(attempt));
        if let Some(&id) = workers.get(&bytes) {
            return Ok(id);
        }
        sqlx::query("INSERT OR IGNORE INTO workers(info) VALUES (?)")
            .bind(bytes.clone())
            .execute(&mut *self.connection)
            .await?;
        let id = sqlx::query_scalar("SELECT id FROM workers WHERE info = ?")
            .bind(bytes.clone())
            .fetch_one(&mut *self.connection)
            .await?;
        workers.insert(bytes, id);
        Ok(id)
    }

    fn take(&mut self, n: usize) -> i64 {
        let first = self.next_id;
        self.next_id += n as i64;
        first
    }
}

/// Inserts all items, the largest statements first.
async fn many<T>(
    connection: &mut SqliteConnection,
    head: &str,
    n_columns: usize,
    items: &[T],
    bind: impl Fn(Insert, usize, &T) -> Insert,
) -> Result<(), sqlx::Error> {
    let mut done = 0;
    for size in ROWS_A_STATEMENT {
        let sql = if items.len() - done >= size { statement(head, n_columns, size) } else { continue };
        while items.len() - done >= size {
            let mut insert = sqlx::query(AssertSqlSafe(sql.as_str().to_owned()));
            for (at, item) in items.iter().enumerate().skip(done).take(size) {
                insert = bind(insert, at, item);
            }
            insert.execute(&mut *connection).await?;
            done += size;
        }
    }
    Ok(())
}

fn statement(head: &str, n_columns: usize, n_rows: usize) -> String {
    let row = format!("({})", vec!["?"; n_columns].join(","));
    let mut sql = String::with_capacity(head.len() + n_rows * (row.len() + 1));
    sql.push_str(head);
    for at in 0..n_rows {
        let comma = if at == 0 { "" } else { "," };
        write!(sql, "{comma}{row}").expect("a string takes all that is written to it");
    }
    sql
}

/// Eight bytes that show damage to a batch, or one in another's place.
pub(super) fn digest(seq: u64, bytes: &[u8]) -> Vec<u8> {
    Sha256::new().chain_update(seq.to_be_bytes()).chain_update(bytes).finalize()[..8].to_vec()
}

fn description(attempt: &AttemptRecord) -> v1::WorkerInfo {
    let worker = attempt.worker.0.to_be_bytes().to_vec();
    let Some(info) = &attempt.info else {
        return v1::WorkerInfo { worker, labels: "{}".to_owned(), ..v1::WorkerInfo::default() };
    };
    v1::WorkerInfo {
        worker,
        labels: serde_json::to_string(&info.labels).expect("a map of strings is JSON"),
        build: info.build.to_string(),
        numerics: info.numerics.to_string(),
        cpu_features: info.cpu_features.to_string(),
    }
}

/// What is kept of an attempt. One that an earlier life granted counts from the beginning of this life.
fn record(attempt: &AttemptRecord, epoch_us: i64) -> v1::AttemptEnd {
    let granted = attempt.granted_at.unwrap_or_default();
    let stats = attempt.stats.map(|stats| v1::AttemptStats {
        lease_wait_seconds: stats.lease_wait_seconds,
        train_seconds: stats.train_seconds,
        probe_seconds: stats.probe_seconds,
        cpu_seconds: stats.cpu_seconds,
        total_seconds: stats.total_seconds,
        peak_memory_bytes: stats.peak_memory_bytes,
    });
    v1::AttemptEnd {
        granted_at_us: epoch_us.saturating_add(i64::try_from(granted.as_micros()).unwrap_or(i64::MAX)),
        outcome: attempt.outcome.map_or(0, |found| outcome::outcome_kind(found) as i32),
        class: attempt.failure.as_ref().map_or(0, |(class, _)| outcome::class_kind(*class) as i32),
        message: attempt.failure.as_ref().map(|(_, message)| message.to_string()),
        stats,
    }
}
