//! A snapshot's way to the disk: encoded on another thread, kept by the journal.

use tokio::task::JoinSet;
use traipse_scheduler::Snapshot;

use crate::journal::{Error, Journal};

/// Keeps the one that is under way.
pub(super) struct Snapshots {
    journal: Journal,
    tasks: JoinSet<Result<(), Error>>,
}

impl Snapshots {
    pub(super) fn new(journal: Journal) -> Self {
        Self { journal, tasks: JoinSet::new() }
    }

    /// Begins to keep the state at batch `seq`.
    pub(super) fn keep(&mut self, seq: u64, snapshot: Snapshot) {
        let journal = self.journal.clone();
        self.tasks.spawn(async move {
            let Ok(state) = tokio::task::spawn_blocking(move || snapshot.encode()).await else {
                tracing::error!("a snapshot broke off, which is a bug: the journal is kept whole");
                return Ok(());
            };
            journal.run(move |ledger| Box::pin(ledger.keep_snapshot(seq, state))).await?;
            while journal.run(|ledger| Box::pin(ledger.prune())).await? {}
            Ok(())
        });
    }

    /// Waits for the one that is under way; nothing if none is.
    pub(super) async fn kept(&mut self) -> Option<Result<(), Error>> {
        match self.tasks.join_next().await? {
            Ok(kept) => Some(kept),
            Err(_) => Some(Ok(())),
        }
    }
}
