//! When a snapshot is taken, and its way to the disk: cloned here, encoded on another thread, kept by the journal.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::OurPump;
use crate::journal::{Error, Journal};
use crate::options::Limits;

/// Decides when, and keeps the one that is under way.
pub(super) struct Snapshots {
    every: u64,
    after: Duration,
    journal: Journal,
    n_facts: u64,
    /// When the first fact since the last snapshot became durable.
    since: Option<Instant>,
    tasks: JoinSet<Result<(), Error>>,
}

impl Snapshots {
    pub(super) fn new(limits: &Limits, journal: Journal) -> Self {
        let (every, after) = (limits.snapshot_facts, limits.snapshot_after);
        Self { every, after, journal, n_facts: 0, since: None, tasks: JoinSet::new() }
    }

    /// That many facts have become durable.
    pub(super) fn note(&mut self, n_facts: u64, now: Instant) {
        self.n_facts += n_facts;
        self.since.get_or_insert(now);
    }

    /// When the next one is due, if nothing more happens.
    pub(super) fn due(&self) -> Option<Instant> {
        if self.tasks.is_empty() { self.since.map(|since| since + self.after) } else { None }
    }

    /// Begins one if it is due and none is under way.
    pub(super) fn take_if_due(&mut self, pump: &OurPump, now: Instant) {
        let is_due = self.n_facts >= self.every || self.due().is_some_and(|due| due <= now);
        if !is_due || !self.tasks.is_empty() || self.since.is_none() {
            return;
        }
        let (seq, snapshot, journal) = (pump.snapshot_seq(), pump.snapshot(), self.journal.clone());
        (self.n_facts, self.since) = (0, None);
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
