//! What stands in a segment leaves the ledger, a stretch of numbers at a time: commits wait for each.

use sqlx::Connection;
use traipse_sweep::{JobNumber, SweepId};

use super::segments::{StoredBlock, block};
use super::snapshots::DELETE_ROWS;
use super::{Error, Ledger, sweep_key};
use crate::reference::Reference;

/// A sweep's rows and attempts with numbers in (`after`, `upto`] stand in segments, and may still be in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) after: i64,
    pub(super) upto: i64,
}

impl Moved {
    /// Where the next stretch ends: rows and attempts share their numbers, so it bounds both.
    fn next(self) -> i64 {
        self.upto.min(self.after.saturating_add(DELETE_ROWS))
    }
}

impl Ledger {
    /// The artifacts of rows that [`Self::delete_moved`] deletes next.
    pub(crate) async fn moved_references(&mut self) -> Result<Vec<(SweepId, JobNumber, Reference)>, Error> {
        let Some((&sweep, &moved)) = self.moved.first_key_value() else { return Ok(Vec::new()) };
        let reading = self.reading();
        let found = sqlx::query(
            "SELECT id, job, generation, block FROM rows WHERE id > ? AND id <= ? AND +sweep = ? AND LENGTH(block) = ?",
        )
        .bind(moved.after)
        .bind(moved.next())
        .bind(sweep_key(sweep))
        .bind(Reference::BYTES as i64)
        .fetch_all(&mut self.connection)
        .await
        .map_err(&reading)?;
        let stored = found.iter().map(block).collect::<Result<Vec<_>, _>>().map_err(&reading)?;
        let reference = |stored: StoredBlock| Some((sweep, stored.job, Reference::decode(&stored.block)?));
        Ok(stored.into_iter().filter_map(reference).collect())
    }

    /// Deletes a stretch of the rows and attempts that have moved; says whether there may be more.
    pub(crate) async fn delete_moved(&mut self) -> Result<bool, Error> {
        let Some((&sweep, &moved)) = self.moved.first_key_value() else { return Ok(false) };
        let (failed, next) = (self.writing(), moved.next());
        let mut transaction = self.connection.begin().await.map_err(&failed)?;
        for sql in [
            "DELETE FROM rows WHERE id > ? AND id <= ? AND +sweep = ?",
            "DELETE FROM attempts WHERE id > ? AND id <= ? AND sweep = ?",
        ] {
            let delete = sqlx::query(sql).bind(moved.after).bind(next).bind(sweep_key(sweep));
            delete.execute(&mut *transaction).await.map_err(&failed)?;
        }
        transaction.commit().await.map_err(&failed)?;
        if next == moved.upto {
            self.moved.remove(&sweep);
        } else {
            self.moved.insert(sweep, Moved { after: next, ..moved });
        }
        Ok(!self.moved.is_empty())
    }
}
