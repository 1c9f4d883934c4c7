//! Reading what an earlier life left: the newest good snapshot, the facts after it, and what is not sealed.

use futures_util::TryStreamExt;
use sqlx::Row;
use traipse_proto::convert::{facts, ids};
use traipse_sweep::{Fact, SweepId};

use super::batch::digest;
use super::{Damage, Error, Ledger, Moved, signed};
use crate::reference::Reference;

/// The durable state, as the pump takes it.
#[derive(Debug)]
pub(crate) struct Restored {
    /// The scheduler's state at some batch.
    pub(crate) snapshot: Option<Vec<u8>>,
    /// What happened after it.
    pub(crate) facts: Vec<Fact>,
    /// The number of the next batch: 1 for a fresh journal.
    pub(crate) next_seq: u64,
}

/// What there is of snapshots.
struct Snapshots {
    /// The batch of the newest, whole or not; 0 where there is none.
    newest: u64,
    /// The newest that is whole.
    whole: Option<(u64, Vec<u8>)>,
}

impl Ledger {
    pub(super) async fn restore(&mut self) -> Result<Restored, Error> {
        let Snapshots { newest, whole } = self.snapshots().await?;
        let (seq, state) = whole.map_or((0, None), |(seq, state)| (seq, Some(state)));
        let (facts, last) = match self.facts_after(seq).await {
            // Without a whole snapshot all facts must be there, from the first.
            Err(Error::Damaged { damage: Damage::Gap { last: 0, .. }, .. }) if newest > 0 && state.is_none() => {
                return Err(self.damaged(Damage::Snapshot));
            }
            other => other?,
        };
        if last < newest {
            return Err(self.damaged(Damage::Missing { first: last + 1, last: newest }));
        }
        Ok(Restored { snapshot: state, facts, next_seq: last + 1 })
    }

    /// Two are kept, so that a damaged one costs nothing but time.
    async fn snapshots(&mut self) -> Result<Snapshots, Error> {
        let reading = self.reading();
        let found = sqlx::query("SELECT seq, state, digest FROM snapshots ORDER BY seq DESC")
            .fetch_all(&mut self.connection)
            .await
            .map_err(&reading)?;
        let mut snapshots = Snapshots { newest: 0, whole: None };
        for row in found {
            let seq = row.try_get::<i64, _>(0).map_err(&reading)?.cast_unsigned();
            let state: Vec<u8> = row.try_get(1).map_err(&reading)?;
            snapshots.newest = snapshots.newest.max(seq);
            if row.try_get::<Vec<u8>, _>(2).map_err(&reading)? == digest(seq, &state) {
                snapshots.whole = Some((seq, state));
                break;
            }
            tracing::warn!(seq, "a snapshot does not match its digest: what is before it is used");
        }
        Ok(snapshots)
    }

    /// The facts of all batches after `seq`, and the last batch's number.
    async fn facts_after(&mut self, seq: u64) -> Result<(Vec<Fact>, u64), Error> {
        let reading = self.reading();
        let path = self.path.clone();
        let damaged = |damage| Error::Damaged { path: path.clone(), damage };
        let mut found = sqlx::query("SELECT seq, facts, digest FROM journal WHERE seq > ? ORDER BY seq")
            .bind(signed(seq))
            .fetch(&mut self.connection);
        let (mut all, mut last) = (Vec::new(), seq);
        while let Some(row) = found.try_next().await.map_err(&reading)? {
            let seq = row.try_get::<i64, _>(0).map_err(&reading)?.cast_unsigned();
            let bytes: Vec<u8> = row.try_get(1).map_err(&reading)?;
            if seq != last + 1 {
                return Err(damaged(Damage::Gap { last, found: seq }));
            }
            if row.try_get::<Vec<u8>, _>(2).map_err(&reading)? != digest(seq, &bytes) {
                return Err(damaged(Damage::Digest(seq)));
            }
            // What matches its digest is what was written.
            let decoded = facts::decode(&bytes);
            all.extend(decoded.map_err(|source| Error::OtherBuild { path: path.clone(), seq, source })?);
            last = seq;
        }
        Ok((all, last))
    }

    /// Counts what is not sealed, and finds where numbering goes on.
    pub(super) async fn count(&mut self) -> Result<(), Error> {
        let reading = self.reading();
        let last: i64 = sqlx::query_scalar(
            "SELECT MAX(COALESCE((SELECT MAX(id) FROM rows), 0), COALESCE((SELECT MAX(id) FROM attempts), 0),
                COALESCE((SELECT MAX(upto) FROM segments), 0))",
        )
        .fetch_one(&mut self.connection)
        .await
        .map_err(&reading)?;
        self.next_id = last + 1;
        self.count_moved().await?;
        let unsealed = "SELECT r.sweep, COUNT(*), SUM(LENGTH(r.block)), MIN(r.id), MAX(r.id) FROM rows r
            WHERE r.id > COALESCE((SELECT MAX(upto) FROM segments s WHERE s.sweep = r.sweep), 0) GROUP BY r.sweep
            UNION ALL SELECT a.sweep, COUNT(*), 0, MIN(a.id), MAX(a.id) FROM attempts a
            WHERE a.id > COALESCE((SELECT MAX(upto) FROM segments s WHERE s.sweep = a.sweep), 0) GROUP BY a.sweep";
        for row in sqlx::query(unsealed).fetch_all(&mut self.connection).await.map_err(&reading)? {
            let sweep = self.sweep(&row.try_get::<Vec<u8>, _>(0).map_err(&reading)?)?;
            let number = |at| row.try_get::<i64, _>(at).map_err(&reading);
            let (n, bytes, first, last) = (number(1)?, number(2)?, number(3)?, number(4)?);
            let pending = self.pending_of(sweep, first);
            pending.n += n.cast_unsigned();
            pending.bytes += bytes.cast_unsigned();
            pending.first = pending.first.min(first);
            pending.last = pending.last.max(last);
        }
        self.count_references().await
    }

    /// Finds what is sealed and still there.
    async fn count_moved(&mut self) -> Result<(), Error> {
        let reading = self.reading();
        let moved = "WITH sealed AS (SELECT sweep, MAX(upto) AS upto FROM segments GROUP BY sweep)
            SELECT r.sweep, MIN(r.id), s.upto FROM rows r JOIN sealed s ON s.sweep = r.sweep
            WHERE r.id <= s.upto GROUP BY r.sweep
            UNION ALL SELECT a.sweep, MIN(a.id), s.upto FROM attempts a JOIN sealed s ON s.sweep = a.sweep
            WHERE a.id <= s.upto GROUP BY a.sweep";
        for row in sqlx::query(moved).fetch_all(&mut self.connection).await.map_err(&reading)? {
            let sweep = self.sweep(&row.try_get::<Vec<u8>, _>(0).map_err(&reading)?)?;
            let first: i64 = row.try_get(1).map_err(&reading)?;
            let upto = row.try_get(2).map_err(&reading)?;
            let moved = self.moved.entry(sweep).or_insert(Moved { after: first - 1, upto });
            moved.after = moved.after.min(first - 1);
        }
        Ok(())
    }

    /// Rows in the artifact store count with their own size, since a segment takes them up.
    async fn count_references(&mut self) -> Result<(), Error> {
        let reading = self.reading();
        let references = "SELECT r.sweep, r.block FROM rows r WHERE LENGTH(r.block) = ?
            AND r.id > COALESCE((SELECT MAX(upto) FROM segments s WHERE s.sweep = r.sweep), 0)";
        let found = sqlx::query(references).bind(Reference::BYTES as i64).fetch_all(&mut self.connection).await;
        for row in found.map_err(&reading)? {
            let sweep = self.sweep(&row.try_get::<Vec<u8>, _>(0).map_err(&reading)?)?;
            let block: Vec<u8> = row.try_get(1).map_err(&reading)?;
            if let (Some(reference), Some(pending)) = (Reference::decode(&block), self.pending.get_mut(&sweep)) {
                pending.bytes = (pending.bytes + reference.artifact.size).saturating_sub(Reference::BYTES as u64);
            }
        }
        Ok(())
    }

    fn sweep(&self, bytes: &[u8]) -> Result<SweepId, Error> {
        ids::sweep_bytes(bytes, "sweep").map_err(|_| self.damaged(Damage::Value("a sweep's id")))
    }
}
