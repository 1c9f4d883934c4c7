//! Artifacts that nobody will name any more: what an attempt put into the store whose report never came, or was superseded.
//!
//! And what runs left for their comparisons, as soon as their sweep has ended: first from the store, then from the ledger, so
//! that a crash in between leaves nothing that is not found again.
//!
//! Only artifacts of sweeps that this coordinator knows and that have ended are looked at: a report that comes late can
//! then no longer be accepted, and another coordinator's artifacts in the same store are its own affair.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use tokio_util::sync::CancellationToken;
use traipse_proto::{MEMBERS_KIND, ROWS_KIND};
use traipse_scheduler::Compared;
use traipse_store::{Listed, Name};
use traipse_sweep::{RequestId, SweepId};

use crate::Error;
use crate::artifacts::Artifacts;
use crate::driver::Handle;
use crate::journal::{self, Journal};

/// How often the store is looked through.
const LOOK: Duration = Duration::from_secs(60 * 60);
/// How often it is asked whether a sweep with comparisons has ended.
const LOOK_FOR_ENDED: Duration = Duration::from_secs(1);
/// How long a store that is out of reach is left alone.
const HELD_UP: Duration = Duration::from_secs(30);

/// Who looks, and where.
pub(crate) struct Leftovers {
    pub(crate) artifacts: Artifacts,
    pub(crate) journal: Journal,
    pub(crate) driver: Handle,
    /// Younger artifacts are left alone.
    pub(crate) after: Duration,
}

/// Whose members' weights are gone.
#[derive(Debug, Default)]
struct Cleared {
    /// As of which retry and extension: a sweep may end again.
    sweeps: BTreeMap<SweepId, (Option<RequestId>, u32)>,
    /// Since when the store is out of reach.
    held_up: Option<Instant>,
}

impl Leftovers {
    /// Looks at start and every hour, until it is told to end.
    ///
    /// # Errors
    /// If the ledger cannot be read. A store out of reach is a warning: what is left costs room alone.
    pub(crate) async fn run(self, end: CancellationToken) -> Result<(), Error> {
        match self.work(end).await {
            // If the journal is closed, its owner says why.
            Err(Error::Journal(journal::Error::Closed)) => Ok(()),
            ended => ended,
        }
    }

    async fn work(self, end: CancellationToken) -> Result<(), Error> {
        let (mut look, mut look_for_ended) = (interval(LOOK), interval(LOOK_FOR_ENDED));
        let mut cleared = Cleared::default();
        loop {
            tokio::select! {
                biased;
                () = end.cancelled() => return Ok(()),
                _ = look.tick() => self.look().await?,
                _ = look_for_ended.tick() => self.clear_ended(&mut cleared).await?,
            }
        }
    }

    /// Deletes what the members of ended sweeps left, once an end.
    async fn clear_ended(&self, cleared: &mut Cleared) -> Result<(), Error> {
        if cleared.held_up.is_some_and(|since| since.elapsed() < HELD_UP) {
            return Ok(());
        }
        // If the driver is ending, so are we.
        let Ok(ended) = self.driver.read(|driver| driver.pump().compared().collect::<Vec<_>>()).await else {
            return Ok(());
        };
        for compared in ended {
            let Compared { sweep, retry, n_extensions, .. } = compared;
            if cleared.sweeps.get(&sweep) == Some(&(retry, n_extensions)) {
                continue;
            }
            if !self.clear(compared).await? {
                cleared.held_up = Some(Instant::now());
                break;
            }
            cleared.sweeps.insert(sweep, (retry, n_extensions));
        }
        Ok(())
    }

    /// Says whether nothing is left. What a retry that comes meanwhile makes is left alone.
    async fn clear(&self, Compared { sweep, below, .. }: Compared) -> Result<bool, Error> {
        let listed = match self.artifacts.of_sweep(sweep).await {
            Ok(listed) => listed,
            Err(error) => {
                tracing::warn!(%error, "the store could not be looked through");
                return Ok(false);
            }
        };
        let of_members = |listed: &Listed| {
            listed.name.of_attempt().is_some_and(|(_, _, lease, kind)| kind == MEMBERS_KIND && lease < below)
        };
        let mut n_deleted = 0;
        for Listed { name, .. } in listed.into_iter().filter(of_members) {
            if let Err(error) = self.artifacts.delete(&name).await {
                tracing::warn!(%name, %error, "weights that no comparison needs any more could not be deleted");
                return Ok(false);
            }
            n_deleted += 1;
        }
        while self.journal.run(move |ledger| Box::pin(ledger.forget_members(sweep, below))).await? {}
        tracing::debug!(%sweep, n_deleted, "what its comparisons needed is deleted");
        Ok(true)
    }

    async fn look(&self) -> Result<(), Error> {
        let ended = self.driver.read(|driver| {
            let pump = driver.pump();
            let is_ended = |&sweep: &SweepId| pump.status(sweep).is_some_and(|status| status.state.is_ended());
            pump.sweeps().filter(is_ended).collect::<Vec<_>>()
        });
        // If the driver is ending, so are we.
        let Ok(ended) = ended.await else { return Ok(()) };
        for sweep in ended {
            match self.artifacts.of_sweep(sweep).await {
                Ok(listed) => self.delete(listed).await?,
                Err(error) => {
                    tracing::warn!(%error, "the store could not be looked through");
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    async fn delete(&self, listed: Vec<Listed>) -> Result<(), Error> {
        for Listed { name, put_at, .. } in listed {
            let age = SystemTime::now().duration_since(put_at).unwrap_or_default();
            if age >= self.after && !self.is_needed(&name).await? {
                match self.artifacts.delete(&name).await {
                    Ok(()) => tracing::info!(%name, "deleted an artifact that no accepted report names"),
                    Err(error) => tracing::warn!(%name, %error, "an artifact that nobody needs could not be deleted"),
                }
            }
        }
        Ok(())
    }

    /// Rows are the sealer's, which deletes them after their segment is named; what no attempt made is not ours.
    async fn is_needed(&self, name: &Name) -> Result<bool, Error> {
        let Some((sweep, job, lease, kind)) = name.of_attempt() else { return Ok(true) };
        let kind = kind.to_owned();
        if kind == ROWS_KIND {
            let job_rows = self.journal.run(move |ledger| Box::pin(ledger.refers_to(sweep, job, lease)));
            return Ok(job_rows.await?);
        }
        Ok(self
            .journal
            .run(move |ledger| Box::pin(async move { ledger.is_named(sweep, job, lease, &kind).await }))
            .await?)
    }
}

fn interval(period: Duration) -> tokio::time::Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    interval
}
