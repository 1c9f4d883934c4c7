//! Fetching a sweep's results: segments over gRPC into a scratch folder, checked, then merged into tables.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use tonic::Streaming;
use traipse_proto::client::Authorised;
use traipse_proto::convert::outcome::outcome_word;
use traipse_proto::v1::results_part::Part;
use traipse_proto::v1::sweep_service_client::SweepServiceClient;
use traipse_proto::v1::{
    OutcomeRange, ResultsHeader, ResultsPart, ResultsRequest, SegmentFile, StoredArtifact, SweepStatus,
};
use traipse_results::{Collect, Collected, Raised, WithoutRows};
use traipse_sweep::Plan;
use traipse_sweep::columns::Table;

use crate::connection::refused;
use crate::error::Error;
use crate::kept::Kept;
use crate::larger;
use crate::output::Screen;

/// A sweep's results, fetched.
pub(crate) struct Fetched {
    /// Its counts when the segments were pinned.
    pub(crate) status: SweepStatus,
    /// Its plan.
    pub(crate) plan: Arc<Plan>,
    /// The weights that are kept beside the tables.
    pub(crate) kept: Kept,
    input: Collect,
    // Holds the segments until they are merged.
    scratch: tempfile::TempDir,
}

/// Fetches the results of a sweep into a scratch folder below `near`, which should lie on the disk of the tables.
///
/// # Errors
/// If there is no such sweep, the connection breaks, the disk is full, or a file is not what was announced.
pub(crate) async fn fetch(
    client: &mut SweepServiceClient<Authorised>,
    sweep: &str,
    near: &Path,
) -> Result<Fetched, Error> {
    let scratch = tempfile::Builder::new()
        .prefix(".fetching-")
        .tempdir_in(near)
        .with_context(|| format!("cannot make a folder in {}", near.display()))?;
    let request = ResultsRequest { sweep: sweep.to_owned() };
    let stream = client.results(request).await.map_err(refused)?.into_inner();
    let mut parts =
        Parts { stream, rest: Vec::new(), artifacts: Vec::new(), without_rows: Vec::new(), raised: Vec::new() };
    let mut header = parts.header().await?;
    let segments = parts.segments(&header.files, scratch.path()).await?;
    let kept = Kept { url: std::mem::take(&mut header.artifacts_url), artifacts: parts.artifacts };
    header.without_rows.extend(parts.without_rows);
    let (input, status) = input(header, segments, parts.raised)?;
    Ok(Fetched { status, plan: Arc::clone(&input.plan), kept, input, scratch })
}

impl Fetched {
    /// The same without the weights that are kept: the tables alone are wanted.
    #[must_use]
    pub(crate) fn without_weights(mut self) -> Self {
        self.kept.artifacts.clear();
        self
    }

    /// Merges what was fetched into the tables of `out`, on threads that may block, and fetches the weights that
    /// were kept.
    ///
    /// # Errors
    /// If a segment is damaged, or a file cannot be written.
    pub(crate) async fn merge(self, out: &Path, screen: &Screen) -> Result<Collected, Error> {
        let Self { input, scratch, kept, plan, .. } = self;
        let tables = out.to_owned();
        let merged = tokio::task::spawn_blocking(move || {
            let collected = traipse_results::collect(&input, &tables);
            drop(scratch);
            collected
        });
        let collected = merged.await.context("merging the tables broke off")?;
        let collected = collected.map_err(|error| Error::environment(anyhow::Error::new(error)))?;
        kept.fetch(&plan, out, screen).await?;
        Ok(collected)
    }
}

/// The parts of the results as they come.
struct Parts {
    stream: Streaming<ResultsPart>,
    /// Of a chunk, what does not belong to the file before.
    rest: Vec<u8>,
    artifacts: Vec<StoredArtifact>,
    without_rows: Vec<OutcomeRange>,
    raised: Vec<Raised>,
}

impl Parts {
    async fn next(&mut self) -> Result<Option<Part>, Error> {
        Ok(self.stream.message().await.map_err(refused)?.and_then(|message| message.part))
    }

    async fn header(&mut self) -> Result<ResultsHeader, Error> {
        match self.next().await? {
            Some(Part::Header(header)) => Ok(header),
            _ => Err(broken("the results do not begin with a header")),
        }
    }

    /// The next chunk; lists that come before it are kept. None at the end.
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        loop {
            match self.next().await? {
                Some(Part::Chunk(bytes)) => return Ok(Some(bytes)),
                Some(Part::Artifacts(list)) => self.artifacts.extend(list.artifacts),
                Some(Part::Generations(list)) => self.raised.extend(list.ranges.into_iter().map(|range| Raised {
                    first_job: range.first_job,
                    n_jobs: range.n_jobs,
                    generation: range.generation,
                })),
                Some(Part::WithoutRows(list)) => self.without_rows.extend(list.ranges),
                Some(Part::Header(_)) => return Err(broken("the results have two headers")),
                None => return Ok(None),
            }
        }
    }

    /// Writes the chunks into one file a segment.
    async fn segments(&mut self, files: &[SegmentFile], dir: &Path) -> Result<Vec<(Table, PathBuf)>, Error> {
        let mut segments = Vec::with_capacity(files.len());
        for (at, file) in files.iter().enumerate() {
            let unknown = || broken(format!("the coordinator sends a table `{}`, unknown to this version", file.table));
            let table = Table::from_name(&file.table).ok_or_else(unknown)?;
            let path = dir.join(format!("{at:06}.{}.parquet", table.as_str()));
            self.segment(file, &path).await?;
            segments.push((table, path));
        }
        match self.chunk().await? {
            None if self.rest.is_empty() => Ok(segments),
            _ => Err(broken("the results are longer than their header says")),
        }
    }

    /// One file, as long as announced and with the digest that was announced.
    async fn segment(&mut self, file: &SegmentFile, path: &Path) -> Result<(), Error> {
        let context = || format!("cannot write {}", path.display());
        let mut out = BufWriter::new(File::create(path).with_context(context)?);
        let mut hasher = Sha256::new();
        let mut n_left = file.size;
        while n_left > 0 {
            if self.rest.is_empty() {
                let ended = || broken("the results end in the middle of a file: collect again");
                self.rest = self.chunk().await?.ok_or_else(ended)?;
            }
            let n = self.rest.len().min(usize::try_from(n_left).unwrap_or(usize::MAX));
            out.write_all(&self.rest[..n]).with_context(context)?;
            hasher.update(&self.rest[..n]);
            self.rest.drain(..n);
            n_left -= n as u64;
        }
        out.flush().with_context(context)?;
        if hasher.finalize()[..] == file.sha256[..] {
            return Ok(());
        }
        Err(broken(format!("a segment of {} arrived damaged: collect again", file.table)))
    }
}

fn input(
    header: ResultsHeader,
    segments: Vec<(Table, PathBuf)>,
    raised: Vec<Raised>,
) -> Result<(Collect, SweepStatus), Error> {
    let status = header.status.ok_or_else(|| broken("the results have no counts"))?;
    let sweep = status.sweep.parse().map_err(|error| broken(format!("{error}")))?;
    let plan = larger::plan_of(&header.earlier, &header.spec)?;
    let mut without_rows = Vec::with_capacity(header.without_rows.len());
    for range in header.without_rows {
        let outcome = outcome_word(&range.outcome, "without_rows").map_err(|error| broken(error.to_string()))?;
        let message = Some(range.message).filter(|message| !message.is_empty());
        without_rows.push(WithoutRows { first_job: range.first_job, n_jobs: range.n_jobs, outcome, message });
    }
    let input = Collect {
        sweep,
        plan: Arc::new(plan),
        spec: header.spec,
        segments,
        without_rows,
        raised,
        state: status.state().as_str().to_owned(),
        complete: status.n_ended() == status.n_jobs(),
        build: header.build,
        numerics: status.numerics.clone(),
    };
    Ok((input, status))
}

fn broken(message: impl Into<String>) -> Error {
    Error::environment(anyhow::anyhow!(message.into()))
}
