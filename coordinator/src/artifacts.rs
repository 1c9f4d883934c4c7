//! The artifact store as the coordinator sees it: where it is, an artifact by which workers prove that they reach it, and
//! the rows that are too large for a report.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use traipse_store::{Error as StoreError, Listed, Name, Store};
use traipse_sweep::{Incarnation, JobNumber, SweepId};

use crate::Error;
use crate::reference::Reference;

/// Bytes of the nonce.
const NONCE_BYTES: usize = 16;

/// How many jobs' rows are read and checked at once: each may have hundreds of megabytes.
const N_AT_ONCE: usize = 2;

/// The store, and what is announced of it at `register`.
#[derive(Clone, Debug)]
pub(crate) struct Artifacts {
    pub(crate) url: String,
    pub(crate) nonce_name: String,
    pub(crate) nonce: Vec<u8>,
    store: Store,
    turns: Arc<Semaphore>,
}

impl Artifacts {
    /// Opens the store and puts this life's nonce into it; the last life's is taken away.
    pub(crate) async fn open(url: &str, incarnation: Incarnation) -> Result<Self, Error> {
        let store = Store::open(url)?;
        let nonce = crate::folder::random::<NONCE_BYTES>()?.to_vec();
        let name = nonce_name(incarnation);
        store.delete(&name).await?;
        store.put_if_absent(&name, nonce.clone()).await?;
        store.delete(&nonce_name(Incarnation(incarnation.0.saturating_sub(1)))).await?;
        let (url, nonce_name) = (store.url().to_owned(), name.to_string());
        Ok(Self { url, nonce_name, nonce, store, turns: Arc::new(Semaphore::new(N_AT_ONCE)) })
    }

    /// Waits until rows may be read: keep it until they are dropped.
    pub(crate) async fn turn(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.turns).acquire_owned().await.expect("the semaphore is never closed")
    }

    /// One job's rows, as their digest promises.
    pub(crate) async fn rows(&self, sweep: SweepId, job: JobNumber, rows: &Reference) -> Result<Bytes, StoreError> {
        let name = rows.name(sweep, job).expect("`rows` is a part of a name");
        self.store.get_exactly(&name, &rows.artifact).await
    }

    /// All artifacts of a sweep.
    pub(crate) async fn of_sweep(&self, sweep: SweepId) -> Result<Vec<Listed>, StoreError> {
        self.store.list(&Name::of_sweep(sweep)).await
    }

    /// Deletes a job's artifacts of the kinds that begin so.
    pub(crate) async fn delete_of_job(&self, sweep: SweepId, job: JobNumber, kinds: &str) -> Result<(), StoreError> {
        for listed in self.store.list(&Name::of_job(sweep, job)).await? {
            if listed.name.of_attempt().is_some_and(|(.., kind)| kind.starts_with(kinds)) {
                self.store.delete(&listed.name).await?;
            }
        }
        Ok(())
    }

    /// Deletes one artifact.
    pub(crate) async fn delete(&self, name: &Name) -> Result<(), StoreError> {
        self.store.delete(name).await
    }

    /// Deletes one job's rows; says whether they are gone: what is left costs room alone.
    pub(crate) async fn delete_rows(&self, sweep: SweepId, job: JobNumber, rows: &Reference) -> bool {
        let name = rows.name(sweep, job).expect("`rows` is a part of a name");
        let deleted = self.store.delete(&name).await;
        if let Err(error) = &deleted {
            tracing::warn!(%name, %error, "rows that nobody needs any more could not be deleted");
        }
        deleted.is_ok()
    }
}

fn nonce_name(incarnation: Incarnation) -> Name {
    format!("nonce/{}", incarnation.0).parse().expect("a number is a part of a name")
}
