//! Artifacts that nobody will name any more: what an attempt put into the store whose report never came, or was superseded.
//!
//! Only artifacts of sweeps that this coordinator knows and that have ended are looked at: a report that comes late can
//! then no longer be accepted, and another coordinator's artifacts in the same store are its own affair.

use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;
use traipse_proto::ROWS_KIND;
use traipse_store::{Listed, Name};
use traipse_sweep::SweepId;

use crate::Error;
use crate::artifacts::Artifacts;
use crate::driver::Handle;
use crate::journal::{self, Journal};

/// How often the store is looked through.
const LOOK: Duration = Duration::from_secs(60 * 60);

/// Who looks, and where.
pub(crate) struct Leftovers {
    pub(crate) artifacts: Artifacts,
    pub(crate) journal: Journal,
    pub(crate) driver: Handle,
    /// Younger artifacts are left alone.
    pub(crate) after: Duration,
}

impl Leftovers {
    /// Looks at start and every hour, until it is told to end.
    ///
    /// # Errors
    /// If the ledger cannot be read. A store out of reach is a warning: what is left costs room alone.
    pub(crate) async fn run(self, end: CancellationToken) -> Result<(), Error> {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = end.cancelled() => return Ok(()),
                _ = look.tick() => match self.look().await {
                    // If the journal is closed, its owner says why.
                    Err(Error::Journal(journal::Error::Closed)) => return Ok(()),
                    looked => looked?,
                },
            }
        }
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
