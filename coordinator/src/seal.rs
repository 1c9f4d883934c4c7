//! The sealer: rows leave the ledger for segments. Written aside, named in one transaction, then deleted in small bites;
//! a file that no transaction names is deleted at start.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use traipse_proto::convert::rows;
use traipse_results::AttemptRow;
use traipse_sweep::{Incarnation, JobNumber, RowBlock, SweepId};

use crate::Error;
use crate::artifacts::Artifacts;
use crate::driver::{Entry, Handle};
use crate::journal::{self, Journal, NewSegment, SegmentFile, StoredBlock};
use crate::options::Limits;
use crate::reference::{self, Reference};

/// How often the sealer looks for rows that are due.
const LOOK: Duration = Duration::from_secs(1);
/// How long rows that are out of reach wait until they are tried again.
const HELD_UP: Duration = Duration::from_secs(30);
/// Most blocks in one segment, and most attempts: they are in memory at once.
const MAX_ENTRIES: usize = 65_536;
/// Results that may wait for their tail to be sealed; more make their callers wait.
const N_REQUESTS: usize = 16;

/// Asks for a seal now.
#[derive(Clone)]
pub(crate) struct Sealing {
    requests: mpsc::Sender<Request>,
}

struct Request {
    sweep: SweepId,
    sealed: oneshot::Sender<Result<Vec<SegmentFile>, String>>,
}

/// The task: one segment at a time, so that memory is bounded by one.
pub(crate) struct Sealer {
    folder: PathBuf,
    incarnation: Incarnation,
    n_written: u64,
    limits: Limits,
    journal: Journal,
    driver: Handle,
    artifacts: Artifacts,
    requests: mpsc::Receiver<Request>,
    /// Sweeps whose rows are out of reach, and since when.
    held_up: BTreeMap<SweepId, Instant>,
    /// Since when an artifact that has moved cannot be deleted.
    kept_up: Option<Instant>,
}

/// What one segment takes out of the ledger.
struct Taken {
    upto: i64,
    bytes: u64,
    blocks: Vec<StoredBlock>,
    attempts: Vec<AttemptRow>,
}

impl Sealing {
    /// Seals all that has come in of a sweep, and names its files in the order in which they were sealed; or says what of
    /// its rows is out of reach. Nothing if the coordinator is ending.
    pub(crate) async fn seal(&self, sweep: SweepId) -> Option<Result<Vec<SegmentFile>, String>> {
        let (sealed, files) = oneshot::channel();
        self.requests.send(Request { sweep, sealed }).await.ok()?;
        files.await.ok()
    }
}

impl Sealer {
    /// A sealer into that folder.
    pub(crate) fn new(
        folder: PathBuf,
        incarnation: Incarnation,
        limits: Limits,
        journal: Journal,
        driver: Handle,
        artifacts: Artifacts,
    ) -> (Self, Sealing) {
        let (send, requests) = mpsc::channel(N_REQUESTS);
        let sealer = Self {
            folder,
            incarnation,
            n_written: 0,
            limits,
            journal,
            driver,
            artifacts,
            requests,
            held_up: BTreeMap::new(),
            kept_up: None,
        };
        (sealer, Sealing { requests: send })
    }

    /// Seals what is due and what is asked for, until it is told to end.
    ///
    /// # Errors
    /// If a segment cannot be written or named: the ledger keeps the rows.
    pub(crate) async fn run(self, end: CancellationToken) -> Result<(), Error> {
        match self.work(end).await {
            // If the journal is closed, its owner says why.
            Err(Error::Journal(journal::Error::Closed)) => Ok(()),
            ended => ended,
        }
    }

    async fn work(mut self, end: CancellationToken) -> Result<(), Error> {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = end.cancelled() => return Ok(()),
                Some(request) = self.requests.recv() => {
                    let answer = self.answer(request.sweep).await?;
                    // Whoever has stopped waiting will ask again.
                    let _ = request.sealed.send(answer);
                }
                _ = look.tick() => self.seal_due().await?,
            }
            self.delete_moved(&end).await?;
        }
    }

    async fn answer(&mut self, sweep: SweepId) -> Result<Result<Vec<SegmentFile>, String>, Error> {
        match self.seal(sweep, true).await {
            Ok(()) => Ok(Ok(self.journal.run(move |ledger| Box::pin(ledger.files(Some(sweep)))).await?)),
            // The ledger keeps the reference: nothing is lost that was not lost before.
            Err(error @ Error::Rows { .. }) => Ok(Err(error.to_string())),
            Err(error) => Err(error),
        }
    }

    /// What stands in a segment goes: first the artifacts, then the references by which they are found again. An end
    /// does not wait for it: the next life goes on.
    async fn delete_moved(&mut self, end: &CancellationToken) -> Result<(), Error> {
        if self.kept_up.is_some_and(|since| since.elapsed() < HELD_UP) {
            return Ok(());
        }
        self.kept_up = None;
        while !end.is_cancelled() {
            let moved = self.journal.run(|ledger| Box::pin(ledger.moved_references())).await?;
            for (sweep, job, rows) in moved {
                if !self.artifacts.delete_rows(sweep, job, &rows).await {
                    self.kept_up = Some(Instant::now());
                    return Ok(());
                }
            }
            if !self.journal.run(|ledger| Box::pin(ledger.delete_moved())).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn seal_due(&mut self) -> Result<(), Error> {
        let pending = self.journal.run(|ledger| Box::pin(async { Ok(ledger.pending().clone()) })).await?;
        let now = Instant::now();
        for (sweep, pending) in pending {
            // Of so many, the blocks or the attempts alone fill a segment.
            let is_full = pending.bytes >= self.limits.seal_bytes || pending.n >= 2 * MAX_ENTRIES as u64;
            let is_old = now.saturating_duration_since(pending.since) >= self.limits.seal_after;
            let waits = self.held_up.get(&sweep).is_some_and(|since| now.saturating_duration_since(*since) < HELD_UP);
            if (is_full || is_old) && !waits {
                self.held_up.remove(&sweep);
                match self.seal(sweep, is_old).await {
                    Err(error @ Error::Rows { .. }) => {
                        tracing::error!(%error, "rows wait in the ledger");
                        self.held_up.insert(sweep, now);
                    }
                    sealed => sealed?,
                }
            }
        }
        Ok(())
    }

    /// Seals a sweep's rows as far as they have come in by now; without the `tail`, only full segments.
    async fn seal(&mut self, sweep: SweepId, tail: bool) -> Result<(), Error> {
        let Some(entry) = self.driver.sweep(sweep) else { return Ok(()) };
        let (mut after, end) = self.journal.run(move |ledger| Box::pin(ledger.unsealed(sweep))).await?;
        loop {
            let taken = self.take(sweep, &entry.runs, after, end).await?;
            let is_last = taken.upto == end;
            let is_full = self.is_full(&taken) || taken.attempts.len() >= MAX_ENTRIES;
            let is_empty = taken.blocks.is_empty() && taken.attempts.is_empty();
            if is_empty || !(is_full || tail) {
                return Ok(());
            }
            after = taken.upto;
            self.write(sweep, &entry, taken).await?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// At most one segment's rows and attempts, in pages, between which batches are committed.
    async fn take(&self, sweep: SweepId, runs: &Arc<[Range<u64>]>, after: i64, end: i64) -> Result<Taken, Error> {
        let mut taken = Taken { upto: end, bytes: 0, blocks: Vec::new(), attempts: Vec::new() };
        let mut at = after;
        loop {
            let page = self.journal.run(move |ledger| Box::pin(ledger.blocks(sweep, at, end))).await?;
            let Some(last) = page.last() else { break };
            at = last.id;
            for stored in page {
                if self.is_full(&taken) {
                    break;
                }
                taken.bytes += reference::n_bytes(&stored.block);
                taken.upto = stored.id;
                taken.blocks.push(stored);
            }
            if self.is_full(&taken) {
                break;
            }
            taken.upto = end;
        }
        let (mut at, end) = (after, taken.upto);
        loop {
            let runs = Arc::clone(runs);
            let page = self
                .journal
                .run(move |ledger| Box::pin(async move { ledger.attempts(sweep, at, end, &runs).await }))
                .await?;
            let Some(&(last, _)) = page.last() else { break };
            at = last;
            taken.attempts.extend(page.into_iter().map(|(_, row)| row));
            if taken.attempts.len() >= MAX_ENTRIES {
                taken.upto = at;
                taken.blocks.retain(|stored| stored.id <= at);
                taken.bytes = taken.blocks.iter().map(|stored| reference::n_bytes(&stored.block)).sum();
                break;
            }
        }
        Ok(taken)
    }

    /// Whether a segment takes no more blocks.
    fn is_full(&self, taken: &Taken) -> bool {
        taken.bytes >= self.limits.seal_bytes || taken.blocks.len() >= MAX_ENTRIES
    }

    async fn write(&mut self, sweep: SweepId, entry: &Arc<Entry>, taken: Taken) -> Result<(), Error> {
        let (upto, bytes) = (taken.upto, taken.bytes);
        let n = (taken.blocks.len() + taken.attempts.len()) as u64;
        let stem = format!("{:08}-{:08}", self.incarnation.0, self.n_written);
        self.n_written += 1;
        let (folder, entry, artifacts) = (self.folder.clone(), Arc::clone(entry), self.artifacts.clone());
        let runtime = tokio::runtime::Handle::current();
        let written = tokio::task::spawn_blocking(move || {
            let read = |job, rows: &Reference| runtime.block_on(artifacts.rows(sweep, job, rows));
            write_segment(&folder, &stem, sweep, &entry, taken, read)
        });
        let files = written.await.map_err(|_| Error::Broken("writing of a segment"))??;
        let segment = NewSegment { sweep, upto, n, bytes, files };
        self.journal.run(move |ledger| Box::pin(ledger.name(segment))).await?;
        Ok(())
    }
}

/// Sorts by job, reads and decodes one block at a time, and writes `<folder>/<sweep>/<stem>.<table>.parquet`.
fn write_segment(
    folder: &Path,
    stem: &str,
    sweep: SweepId,
    entry: &Entry,
    mut taken: Taken,
    read: impl Fn(JobNumber, &Reference) -> Result<Bytes, traipse_store::Error>,
) -> Result<Vec<SegmentFile>, Error> {
    let dir = folder.join(sweep.to_string());
    std::fs::create_dir_all(&dir).map_err(Error::folder("make", &dir))?;
    taken.blocks.sort_by_key(|stored| (stored.job, stored.generation));
    taken.attempts.sort_by_key(|attempt| (attempt.job, attempt.attempt));
    let mut files = Vec::new();
    let mut attempts = taken.attempts.as_slice();
    for (at, stored) in by_schema(sweep, entry, taken.blocks, &read)?.into_iter().enumerate() {
        let mut damaged = None;
        let blocks = stored.into_iter().map_while(|stored| {
            let (job, generation) = (stored.job, stored.generation);
            let decoded = decode(sweep, entry, stored, &read);
            decoded.map(|(_, block)| (job, generation, block)).map_err(|error| damaged = Some(error)).ok()
        });
        let stem = if at == 0 { stem.to_owned() } else { format!("{stem}-{at}") };
        let written = traipse_results::segment::write(&dir, &stem, &entry.schemas[at], blocks, attempts);
        if let Some(error) = damaged {
            return Err(error);
        }
        files.extend(written.map_err(|source| Error::Seal { sweep, source })?);
        attempts = &[];
    }
    let relative = |file: traipse_results::segment::SegmentFile| SegmentFile {
        table: file.table,
        path: format!("{sweep}/{}", file.path.file_name().unwrap_or_default().to_string_lossy()),
        size: file.size,
        sha256: file.sha256,
        n_rows: file.n_rows,
    };
    Ok(files.into_iter().map(relative).collect())
}

/// The blocks of each of a sweep's schemas: a file holds one.
fn by_schema(
    sweep: SweepId,
    entry: &Entry,
    blocks: Vec<StoredBlock>,
    read: &impl Fn(JobNumber, &Reference) -> Result<Bytes, traipse_store::Error>,
) -> Result<Vec<Vec<StoredBlock>>, Error> {
    if entry.schemas.len() == 1 {
        return Ok(vec![blocks]);
    }
    let mut parted: Vec<Vec<StoredBlock>> = entry.schemas.iter().map(|_| Vec::new()).collect();
    for stored in blocks {
        let (at, _) = decode(sweep, entry, stored.clone(), read)?;
        parted[at].push(stored);
    }
    Ok(parted)
}

/// A block, and which of the sweep's schemas it has.
fn decode(
    sweep: SweepId,
    entry: &Entry,
    stored: StoredBlock,
    read: &impl Fn(JobNumber, &Reference) -> Result<Bytes, traipse_store::Error>,
) -> Result<(usize, RowBlock), Error> {
    let job = stored.job;
    let bytes = match Reference::decode(&stored.block) {
        Some(rows) => read(job, &rows).map_err(|source| Error::Rows { sweep, job, source })?,
        None => stored.block.into(),
    };
    rows::decode_any(&bytes, &entry.schemas).map_err(|source| Error::Block { sweep, job, source })
}

/// Deletes the files that no transaction names, and checks that the others are there.
///
/// # Errors
/// If a named file is missing or has another size, or the folder cannot be read.
pub(crate) fn sweep_up(folder: &Path, named: &[SegmentFile]) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(Error::folder("make", folder))?;
    let known: BTreeSet<PathBuf> = named.iter().map(|file| folder.join(&file.path)).collect();
    for entry in std::fs::read_dir(folder).map_err(Error::folder("read", folder))? {
        let dir = entry.map_err(Error::folder("read", folder))?.path();
        if !dir.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(&dir).map_err(Error::folder("read", &dir))? {
            let path = entry.map_err(Error::folder("read", &dir))?.path();
            if !known.contains(&path) {
                tracing::info!(path = %path.display(), "a file that no transaction names is deleted");
                std::fs::remove_file(&path).map_err(Error::folder("delete", &path))?;
            }
        }
    }
    for file in named {
        let path = folder.join(&file.path);
        match std::fs::metadata(&path) {
            Ok(found) if found.len() == file.size => {}
            Ok(_) => return Err(Error::Segment { path, what: "has not the size that it was written with" }),
            Err(_) => return Err(Error::Segment { path, what: "is not there" }),
        }
    }
    Ok(())
}
