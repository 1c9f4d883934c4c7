//! The task that owns the connection, and the handle that others hold.

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use traipse_scheduler::Batch;

use super::{Error, Ledger};
use crate::block::Block;

/// Chores that may wait; more make their callers wait.
const N_CHORES: usize = 64;

/// A batch is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Committed(pub(crate) u64);

type Chore = Box<dyn for<'l> FnOnce(&'l mut Ledger) -> BoxFuture<'l, ()> + Send>;

/// A handle on the ledger for everything but commits.
#[derive(Clone)]
pub(crate) struct Journal {
    chores: mpsc::Sender<Chore>,
}

/// The task's side.
pub(crate) struct Owner {
    ledger: Ledger,
    commits: mpsc::Receiver<Batch<Block>>,
    committed: mpsc::Sender<Committed>,
    chores: mpsc::Receiver<Chore>,
}

impl Journal {
    /// Does one thing with the ledger, after the batch that is being written. Keep it short: the next batch waits.
    ///
    /// # Errors
    /// What `work` says, or that the ledger is closed.
    pub(crate) async fn run<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'l> FnOnce(&'l mut Ledger) -> BoxFuture<'l, Result<T, Error>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let chore: Chore = Box::new(move |ledger| {
            Box::pin(async move {
                // Whoever has stopped waiting does not want the answer.
                let _ = answer.send(work(ledger).await);
            })
        });
        self.chores.send(chore).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }
}

impl Owner {
    /// Takes the ledger. At most one batch is under way: `commits` and `committed` need room for one.
    pub(crate) fn new(
        ledger: Ledger,
        commits: mpsc::Receiver<Batch<Block>>,
        committed: mpsc::Sender<Committed>,
    ) -> (Self, Journal) {
        let (send, chores) = mpsc::channel(N_CHORES);
        (Self { ledger, commits, committed, chores }, Journal { chores: send })
    }

    /// Writes batches and does chores, batches first, until the driver has gone; then the chores that wait.
    ///
    /// # Errors
    /// If a batch cannot be written: then nothing may be answered any more.
    pub(crate) async fn run(mut self) -> Result<(), Error> {
        loop {
            tokio::select! {
                biased;
                batch = self.commits.recv() => {
                    let Some(batch) = batch else { break };
                    self.ledger.commit(&batch).await?;
                    let seq = batch.seq;
                    drop(batch);
                    if self.committed.send(Committed(seq)).await.is_err() {
                        break;
                    }
                }
                Some(chore) = self.chores.recv() => chore(&mut self.ledger).await,
            }
        }
        self.chores.close();
        while let Some(chore) = self.chores.recv().await {
            chore(&mut self.ledger).await;
        }
        self.ledger.close().await
    }
}
