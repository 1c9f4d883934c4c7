//! The journal and the ledger: facts, rows and attempts in one SQLite file, because commits over several files are not
//! atomic. One task owns the one connection; others hold a [`Journal`].

mod artifacts;
mod attempts;
mod batch;
#[cfg(test)]
mod damage_tests;
mod error;
mod header;
mod log;
mod moved;
mod open;
mod owner;
mod restore;
mod segments;
mod snapshots;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use sqlx::{Connection, SqliteConnection};
use traipse_sweep::{Incarnation, SweepId};

pub(crate) use artifacts::StoredArtifact;
pub use error::{Damage, Error};
use moved::Moved;
pub(crate) use owner::{Committed, Journal, Owner};
pub(crate) use restore::Restored;
pub(crate) use segments::{NewSegment, SegmentFile, StoredBlock};

/// The connection, and what is known about the file without asking it. Every method is one statement or transaction.
pub(crate) struct Ledger {
    connection: SqliteConnection,
    path: PathBuf,
    /// The last batch.
    last_seq: u64,
    /// The next number of a row or an attempt: they share one sequence, so that one number cuts both.
    next_id: i64,
    /// What is not sealed.
    pending: BTreeMap<SweepId, Pending>,
    /// Which rows are sealed and may not be deleted yet.
    moved: BTreeMap<SweepId, Moved>,
    /// What workers are, by their encoded description.
    workers: BTreeMap<Vec<u8>, i64>,
    /// The same by number, as far as they were read.
    described: attempts::Described,
    /// The wall clock when the coordinator's monotonic clock stood at zero: microseconds since 1970.
    epoch_us: i64,
}

/// A sweep's rows and attempts that are in no segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pending {
    /// Rows and attempts.
    pub(crate) n: u64,
    /// Bytes of the rows.
    pub(crate) bytes: u64,
    /// None of them has a lower number.
    pub(crate) first: i64,
    /// None of them has a higher number.
    pub(crate) last: i64,
    /// When the oldest came in, as far as this life knows.
    pub(crate) since: Instant,
}

/// What a life starts from.
pub(crate) struct Start {
    /// This life.
    pub(crate) incarnation: Incarnation,
    /// Makes the tokens of leases.
    pub(crate) secret: [u8; 32],
    /// The state so far.
    pub(crate) restored: Restored,
}

impl Ledger {
    /// Opens the file, or makes it with that secret; `epoch_us` is the wall clock at the coordinator's time zero.
    ///
    /// # Errors
    /// If the file is something else, of another version, damaged, or would not be durable.
    pub(crate) async fn open(path: &Path, fresh_secret: [u8; 32], epoch_us: i64) -> Result<(Self, Start), Error> {
        let open::Opened { connection, incarnation, secret } = open::open(path, fresh_secret).await?;
        let mut ledger = Self {
            connection,
            path: path.to_owned(),
            last_seq: 0,
            next_id: 1,
            pending: BTreeMap::new(),
            moved: BTreeMap::new(),
            workers: BTreeMap::new(),
            described: attempts::Described::default(),
            epoch_us,
        };
        let restored = ledger.restore().await?;
        ledger.last_seq = restored.next_seq - 1;
        ledger.count().await?;
        Ok((ledger, Start { incarnation, secret, restored }))
    }

    /// Closes the file; the log is folded into it.
    pub(crate) async fn close(self) -> Result<(), Error> {
        let path = self.path;
        self.connection.close().await.map_err(|source| Error::Write { path, source })
    }

    /// What is not sealed, by sweep.
    pub(crate) fn pending(&self) -> &BTreeMap<SweepId, Pending> {
        &self.pending
    }

    /// What is not sealed of a sweep; of one that had nothing, beginning at that number.
    fn pending_of(&mut self, sweep: SweepId, first: i64) -> &mut Pending {
        let none = || Pending { n: 0, bytes: 0, first, last: first, since: Instant::now() };
        self.pending.entry(sweep).or_insert_with(none)
    }

    fn reading(&self) -> impl Fn(sqlx::Error) -> Error + use<> {
        let path = self.path.clone();
        move |source| Error::Read { path: path.clone(), source }
    }

    fn writing(&self) -> impl Fn(sqlx::Error) -> Error + use<> {
        let path = self.path.clone();
        move |source| Error::Write { path: path.clone(), source }
    }

    fn damaged(&self, damage: Damage) -> Error {
        Error::Damaged { path: self.path.clone(), damage }
    }
}

fn sweep_key(sweep: SweepId) -> Vec<u8> {
    sweep.0.to_be_bytes().to_vec()
}

/// Numbers above i64 cannot be compared by SQLite, but keep their bits.
fn signed(value: u64) -> i64 {
    value.cast_signed()
}
