//! Snapshots: the last two are kept, and the journal behind the older one is dropped.

use sqlx::Connection;

use super::batch::digest;
use super::{Error, Ledger, signed};

/// Most rows that one transaction deletes: one delete of 50,000 would hold commits up for more than half a second.
pub(super) const DELETE_ROWS: i64 = 2_000;

impl Ledger {
    /// Keeps a snapshot of the state at batch `seq`, and drops all but it and the one before.
    pub(crate) async fn keep_snapshot(&mut self, seq: u64, state: Vec<u8>) -> Result<(), Error> {
        let failed = self.writing();
        let digest = digest(seq, &state);
        let mut transaction = self.connection.begin().await.map_err(&failed)?;
        sqlx::query("INSERT OR REPLACE INTO snapshots(seq, state, digest) VALUES (?, ?, ?)")
            .bind(signed(seq))
            .bind(state)
            .bind(digest)
            .execute(&mut *transaction)
            .await
            .map_err(&failed)?;
        sqlx::query("DELETE FROM snapshots WHERE seq NOT IN (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT 2)")
            .execute(&mut *transaction)
            .await
            .map_err(&failed)?;
        transaction.commit().await.map_err(&failed)
    }

    /// Drops batches that no kept snapshot needs, some at a time; says whether there may be more.
    pub(crate) async fn prune(&mut self) -> Result<bool, Error> {
        let deleted = sqlx::query(
            "DELETE FROM journal WHERE seq IN (SELECT seq FROM journal
                WHERE (SELECT COUNT(*) FROM snapshots) = 2 AND seq <= (SELECT MIN(seq) FROM snapshots)
                ORDER BY seq LIMIT ?)",
        )
        .bind(DELETE_ROWS)
        .execute(&mut self.connection)
        .await
        .map_err(self.writing())?;
        Ok(deleted.rows_affected() as i64 == DELETE_ROWS)
    }
}
