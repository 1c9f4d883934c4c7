//! Where a long job's checkpoints are: in the artifact store, under job and lease.
//!
//! A checkpoint certifies itself (settings, data, arithmetic, SHA-256), so nobody has to vouch for it: the next attempt
//! looks under its job and takes the one that has come farthest. Whatever goes wrong here costs time and nothing else.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write as _};
use std::time::{Duration, Instant};

use bytes::Bytes;
use traipse_proto::CHECKPOINT_KIND;
use traipse_store::{Name, Store};

use crate::job::Context;
use crate::pool::Job;
use crate::run::{Checkpoints, WriteCheckpoint};

/// Bytes that are handed to the store at a time.
const PIECE_BYTES: usize = 1 << 20;
/// Most checkpoints of earlier attempts that are tried.
const MAX_TRIES: usize = 4;

/// The checkpoints of one job, as one attempt sees them.
pub(crate) struct Shelf<'a> {
    job: &'a Job,
    context: &'a Context,
    /// No checkpoint before this.
    due_at: Instant,
    /// What this attempt kept last.
    kept: Option<Name>,
    /// What earlier attempts kept, the least first; none before it was looked for.
    found: Option<Vec<Name>>,
    /// Whether any is in the store.
    pub(crate) has_any: bool,
}

impl<'a> Shelf<'a> {
    pub(crate) fn new(job: &'a Job, context: &'a Context) -> Self {
        let due_at = Instant::now() + context.checkpoint_every;
        Self { job, context, due_at, kept: None, found: None, has_any: false }
    }

    /// The store, where the job can have left something in it: nothing can be there before the second attempt.
    fn earlier(&self) -> Option<Store> {
        let lease = &self.job.lease;
        self.context.reach.store().filter(|_| lease.attempt > 1 || lease.generation.0 > 0)
    }

    /// Earlier attempts' checkpoints, those of fewer steps first.
    fn look(&self, store: &Store) -> Vec<Name> {
        let of_job = Name::of_job(self.job.lease.sweep, self.job.lease.job);
        let listed = match self.context.runtime.block_on(store.list(&of_job)) {
            Ok(listed) => listed,
            Err(error) => {
                tracing::warn!(%error, "the store could not be looked through for checkpoints");
                return Vec::new();
            }
        };
        let step = |name: &Name| name.of_attempt()?.3.strip_prefix(CHECKPOINT_KIND)?.parse::<u64>().ok();
        let mut found: Vec<(u64, Name)> =
            listed.into_iter().filter_map(|listed| Some((step(&listed.name)?, listed.name))).collect();
        found.sort();
        let n_worst = found.len().saturating_sub(MAX_TRIES);
        found.drain(n_worst..).map(|(_, name)| name).collect()
    }

    fn fetch(&self, store: &Store, name: &Name) -> Result<File, Box<dyn std::error::Error>> {
        let mut file = BufWriter::new(tempfile::tempfile_in(&self.context.scratch.folder)?);
        self.context.runtime.block_on(store.copy(name, &mut file))?;
        Ok(rewound(file)?)
    }

    fn put(&mut self, step: u64, write: &mut WriteCheckpoint<'_>) -> Result<(), Box<dyn std::error::Error>> {
        let Some(store) = self.context.reach.store() else {
            tracing::debug!("no checkpoint: the artifact store is out of reach");
            return Ok(());
        };
        let lease = &self.job.lease;
        let name = Name::of_lease(lease.sweep, lease.job, lease.lease, &format!("{CHECKPOINT_KIND}{step}"))?;
        let mut file = BufWriter::new(tempfile::tempfile_in(&self.context.scratch.folder)?);
        write(&mut file)?;
        let file = rewound(file)?;
        let n_bytes = file.metadata()?.len();
        self.context.runtime.block_on(store.put_pieces_if_absent(&name, n_bytes, Pieces(file)))?;
        tracing::info!(sweep = %lease.sweep, job = lease.job.0, step, n_bytes, "kept a checkpoint");
        self.has_any = true;
        if let Some(before) = self.kept.replace(name) {
            self.context.runtime.block_on(store.delete(&before))?;
        }
        Ok(())
    }
}

impl Checkpoints for Shelf<'_> {
    fn is_due(&mut self, _steps_done: u64) -> bool {
        Instant::now() >= self.due_at
    }

    fn keep(&mut self, steps_done: u64, write: &mut WriteCheckpoint<'_>) {
        if let Err(error) = self.put(steps_done, write) {
            tracing::warn!(job = self.job.lease.job.0, %error, "a checkpoint could not be kept: the run goes on");
        }
        // Counted from its end, so that a slow store does not take the run's time.
        self.due_at = Instant::now() + self.context.checkpoint_every.max(Duration::from_millis(1));
    }

    fn next(&mut self) -> Option<Box<dyn Read>> {
        let store = self.earlier()?;
        if self.found.is_none() {
            let found = self.look(&store);
            self.has_any |= !found.is_empty();
            self.found = Some(found);
        }
        while let Some(name) = self.found.as_mut().and_then(Vec::pop) {
            match self.fetch(&store, &name) {
                Ok(file) => return Some(Box::new(BufReader::new(file))),
                Err(error) => tracing::warn!(%name, %error, "a checkpoint could not be fetched"),
            }
        }
        None
    }
}

/// A file's content, piece by piece.
struct Pieces(File);

impl Iterator for Pieces {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        match (&self.0).take(PIECE_BYTES as u64).read_to_end(&mut piece) {
            Ok(0) => None,
            Ok(_) => Some(Ok(piece.into())),
            Err(error) => Some(Err(error)),
        }
    }
}

/// All is in the file, which is read from its beginning.
pub(crate) fn rewound(mut file: BufWriter<File>) -> io::Result<File> {
    file.flush()?;
    let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.rewind()?;
    Ok(file)
}
