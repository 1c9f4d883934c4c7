//! The ledger's artifacts: what accepted reports named.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use traipse_proto::MEMBERS_KIND;
use traipse_sweep::{Generation, JobNumber, LeaseId, SweepId};

use super::segments::unsigned;
use super::snapshots::DELETE_ROWS;
use super::{Error, Ledger, signed, sweep_key};

/// Most artifacts of one page: a page holds commits up while it is read.
const PAGE_ROWS: usize = 1_024;

/// An artifact of an accepted report.
#[derive(Clone, Debug)]
pub(crate) struct StoredArtifact {
    pub(crate) job: JobNumber,
    pub(crate) generation: Generation,
    pub(crate) lease: LeaseId,
    pub(crate) kind: String,
    pub(crate) size: u64,
    pub(crate) sha256: Vec<u8>,
}

impl Ledger {
    /// A page of a sweep's artifacts after one job and kind, by job and kind, without those that are for comparisons alone.
    pub(crate) async fn artifacts(
        &mut self,
        sweep: SweepId,
        after: Option<(JobNumber, Generation, String)>,
    ) -> Result<Vec<StoredArtifact>, Error> {
        let reading = self.reading();
        let (job, generation, kind) = match after {
            Some((job, generation, kind)) => (signed(job.0), i64::from(generation.0), kind),
            None => (i64::MIN, 0, String::new()),
        };
        let found = sqlx::query(
            "SELECT job, generation, lease, kind, size, sha256 FROM artifacts
                WHERE sweep = ? AND (job, generation, kind) > (?, ?, ?) AND kind <> ?
                ORDER BY job, generation, kind LIMIT ?",
        )
        .bind(sweep_key(sweep))
        .bind(job)
        .bind(generation)
        .bind(kind)
        .bind(MEMBERS_KIND)
        .bind(PAGE_ROWS as i64)
        .fetch_all(&mut self.connection)
        .await
        .map_err(&reading)?;
        found.iter().map(|row| artifact(row).map_err(&reading)).collect()
    }

    /// What runs left for their comparisons in a generation, by job; those that left nothing are not there.
    pub(crate) async fn members(
        &mut self,
        sweep: SweepId,
        runs: Vec<(JobNumber, Generation)>,
    ) -> Result<Vec<StoredArtifact>, Error> {
        let reading = self.reading();
        let mut found = Vec::new();
        for (run, generation) in runs {
            let row = sqlx::query(
                "SELECT job, generation, lease, kind, size, sha256 FROM artifacts
                    WHERE sweep = ? AND job = ? AND generation = ? AND kind = ?",
            )
            .bind(sweep_key(sweep))
            .bind(signed(run.0))
            .bind(i64::from(generation.0))
            .bind(MEMBERS_KIND)
            .fetch_optional(&mut self.connection)
            .await
            .map_err(&reading)?;
            found.extend(row.map(|row| artifact(&row)).transpose().map_err(&reading)?);
        }
        Ok(found)
    }

    /// Forgets what a sweep's runs left for their comparisons under leases below one, some at a time; says whether there
    /// may be more.
    pub(crate) async fn forget_members(&mut self, sweep: SweepId, below: LeaseId) -> Result<bool, Error> {
        let deleted = sqlx::query(
            "DELETE FROM artifacts WHERE (sweep, job, generation, kind) IN
                (SELECT sweep, job, generation, kind FROM artifacts WHERE sweep = ? AND kind = ? AND lease < ? LIMIT ?)",
        )
        .bind(sweep_key(sweep))
        .bind(MEMBERS_KIND)
        .bind(signed(below.0))
        .bind(DELETE_ROWS)
        .execute(&mut self.connection)
        .await
        .map_err(self.writing())?;
        Ok(deleted.rows_affected() as i64 == DELETE_ROWS)
    }

    /// Whether an accepted report named what the attempt under `lease` put under that kind.
    pub(crate) async fn is_named(
        &mut self,
        sweep: SweepId,
        job: JobNumber,
        lease: LeaseId,
        kind: &str,
    ) -> Result<bool, Error> {
        let n: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM artifacts WHERE sweep = ? AND job = ? AND lease = ? AND kind = ?")
                .bind(sweep_key(sweep))
                .bind(signed(job.0))
                .bind(signed(lease.0))
                .bind(kind)
                .fetch_one(&mut self.connection)
                .await
                .map_err(self.reading())?;
        Ok(n > 0)
    }
}

fn artifact(row: &SqliteRow) -> Result<StoredArtifact, sqlx::Error> {
    Ok(StoredArtifact {
        job: JobNumber(unsigned(row, 0)?),
        generation: Generation(row.try_get::<u32, _>(1)?),
        lease: LeaseId(unsigned(row, 2)?),
        kind: row.try_get(3)?,
        size: unsigned(row, 4)?,
        sha256: row.try_get(5)?,
    })
}
