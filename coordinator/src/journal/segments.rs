//! The ledger as the sealer sees it: what is not sealed, in pages, and naming a segment.

use futures_util::TryStreamExt;
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Row};
use traipse_sweep::columns::Table;
use traipse_sweep::{Generation, JobNumber, LeaseId, SweepId};

use super::{Damage, Error, Ledger, Moved, signed, sweep_key};
use crate::reference::Reference;

/// Most rows of one page: a page holds commits up while it is read.
pub(super) const PAGE_ROWS: usize = 1_024;
/// A page ends with the row that passes this many bytes.
const PAGE_BYTES: usize = 2 << 20;

/// One job's rows in the ledger.
#[derive(Clone, Debug)]
pub(crate) struct StoredBlock {
    pub(crate) id: i64,
    pub(crate) job: JobNumber,
    pub(crate) generation: Generation,
    /// Encoded, or an encoded [`Reference`].
    pub(crate) block: Vec<u8>,
}

/// A file of a segment. Its path is relative to the folder of segments.
#[derive(Clone, Debug)]
pub(crate) struct SegmentFile {
    pub(crate) table: Table,
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) sha256: [u8; 32],
    pub(crate) n_rows: u64,
}

/// A written segment that is to be named.
#[derive(Debug)]
pub(crate) struct NewSegment {
    pub(crate) sweep: SweepId,
    /// It holds all of the sweep's rows and attempts up to this number that no earlier segment holds.
    pub(crate) upto: i64,
    /// How many rows and attempts it holds.
    pub(crate) n: u64,
    /// Bytes of its blocks.
    pub(crate) bytes: u64,
    pub(crate) files: Vec<SegmentFile>,
}

impl Ledger {
    /// Where a sweep's rows and attempts that are not sealed begin (after it) and end.
    pub(crate) async fn unsealed(&mut self, sweep: SweepId) -> Result<(i64, i64), Error> {
        let sealed: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(upto), 0) FROM segments WHERE sweep = ?")
            .bind(sweep_key(sweep))
            .fetch_one(&mut self.connection)
            .await
            .map_err(self.reading())?;
        let pending = self.pending.get(&sweep);
        Ok(pending.map_or((sealed, sealed), |pending| (sealed.max(pending.first - 1), pending.last)))
    }

    /// A page of a sweep's rows in (`after`, `upto`], in the order in which they came in.
    pub(crate) async fn blocks(&mut self, sweep: SweepId, after: i64, upto: i64) -> Result<Vec<StoredBlock>, Error> {
        let reading = self.reading();
        // The plus keeps SQLite from going through all of the sweep's rows by their index, and sorting them, for a page.
        let mut found = sqlx::query(
            "SELECT id, job, generation, block FROM rows WHERE id > ? AND id <= ? AND +sweep = ? ORDER BY id LIMIT ?",
        )
        .bind(after)
        .bind(upto)
        .bind(sweep_key(sweep))
        .bind(PAGE_ROWS as i64)
        .fetch(&mut self.connection);
        let (mut page, mut bytes) = (Vec::new(), 0);
        while let Some(row) = found.try_next().await.map_err(&reading)? {
            let stored = block(&row).map_err(&reading)?;
            bytes += stored.block.len();
            page.push(stored);
            if bytes >= PAGE_BYTES {
                break;
            }
        }
        Ok(page)
    }

    /// Names a segment: from here on its rows are there and no longer in the ledger.
    pub(crate) async fn name(&mut self, segment: NewSegment) -> Result<(), Error> {
        let failed = self.writing();
        let mut transaction = self.connection.begin().await.map_err(&failed)?;
        sqlx::query("INSERT INTO segments(sweep, upto) VALUES (?, ?)")
            .bind(sweep_key(segment.sweep))
            .bind(segment.upto)
            .execute(&mut *transaction)
            .await
            .map_err(&failed)?;
        for file in &segment.files {
            sqlx::query(
                "INSERT INTO files(path, sweep, upto, kind, size, sha256, n_rows) VALUES (?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(file.path.clone())
            .bind(sweep_key(segment.sweep))
            .bind(segment.upto)
            .bind(file.table.as_str())
            .bind(signed(file.size))
            .bind(file.sha256.to_vec())
            .bind(signed(file.n_rows))
            .execute(&mut *transaction)
            .await
            .map_err(&failed)?;
        }
        transaction.commit().await.map_err(&failed)?;
        let after = self.pending.get(&segment.sweep).map_or(0, |pending| pending.first - 1);
        self.moved.entry(segment.sweep).or_insert(Moved { after, upto: 0 }).upto = segment.upto;
        if let Some(pending) = self.pending.get_mut(&segment.sweep) {
            pending.first = segment.upto + 1;
            pending.n = pending.n.saturating_sub(segment.n);
            pending.bytes = pending.bytes.saturating_sub(segment.bytes);
            pending.since = std::time::Instant::now();
            if pending.n == 0 {
                self.pending.remove(&segment.sweep);
            }
        }
        Ok(())
    }

    /// The artifact of a job's rows, if the ledger refers to one.
    pub(crate) async fn reference(
        &mut self,
        sweep: SweepId,
        job: JobNumber,
        generation: Generation,
    ) -> Result<Option<Reference>, Error> {
        let found: Option<Vec<u8>> = sqlx::query_scalar(
            "SELECT block FROM rows WHERE sweep = ? AND job = ? AND generation = ? AND LENGTH(block) = ?",
        )
        .bind(sweep_key(sweep))
        .bind(signed(job.0))
        .bind(i64::from(generation.0))
        .bind(Reference::BYTES as i64)
        .fetch_optional(&mut self.connection)
        .await
        .map_err(self.reading())?;
        Ok(found.and_then(|block| Reference::decode(&block)))
    }

    /// Whether the ledger refers to the rows that the attempt under `lease` put into the store.
    pub(crate) async fn refers_to(&mut self, sweep: SweepId, job: JobNumber, lease: LeaseId) -> Result<bool, Error> {
        let found: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT block FROM rows WHERE sweep = ? AND job = ? AND LENGTH(block) = ?")
                .bind(sweep_key(sweep))
                .bind(signed(job.0))
                .bind(Reference::BYTES as i64)
                .fetch_all(&mut self.connection)
                .await
                .map_err(self.reading())?;
        Ok(found.iter().any(|block| Reference::decode(block).is_some_and(|reference| reference.lease == lease)))
    }

    /// The files of a sweep's segments, or of all sweeps', in the order in which they were sealed.
    pub(crate) async fn files(&mut self, sweep: Option<SweepId>) -> Result<Vec<SegmentFile>, Error> {
        let found = sqlx::query(
            "SELECT kind, path, size, sha256, n_rows FROM files WHERE ?1 IS NULL OR sweep = ?1 ORDER BY upto, path",
        )
        .bind(sweep.map(sweep_key))
        .fetch_all(&mut self.connection)
        .await
        .map_err(self.reading())?;
        found.iter().map(|row| file(row).ok_or_else(|| self.damaged(Damage::Value("a segment's file")))).collect()
    }
}

pub(super) fn unsigned(row: &SqliteRow, at: usize) -> Result<u64, sqlx::Error> {
    row.try_get::<i64, _>(at).map(i64::cast_unsigned)
}

pub(super) fn block(row: &SqliteRow) -> Result<StoredBlock, sqlx::Error> {
    Ok(StoredBlock {
        id: row.try_get(0)?,
        job: JobNumber(unsigned(row, 1)?),
        generation: Generation(row.try_get::<u32, _>(2)?),
        block: row.try_get(3)?,
    })
}

fn file(row: &SqliteRow) -> Option<SegmentFile> {
    Some(SegmentFile {
        table: Table::from_name(row.try_get(0).ok()?)?,
        path: row.try_get(1).ok()?,
        size: unsigned(row, 2).ok()?,
        sha256: row.try_get::<Vec<u8>, _>(3).ok()?.try_into().ok()?,
        n_rows: unsigned(row, 4).ok()?,
    })
}
