//! `Results`: seals what has come in, pins the list of files, and streams them. The sweep may go on meanwhile.

use std::sync::Arc;

use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use traipse_proto::v1::{self, results_part::Part};
use traipse_scheduler::{GenerationRange, OutcomeRange};
use traipse_sweep::{Generation, JobNumber, SweepId};

use super::{IDLE_LIMIT, Shared, members, refusal, status};
use crate::driver::{CallError, Driver, Entry};
use crate::journal::{SegmentFile, StoredArtifact};

/// Bytes of one chunk.
const CHUNK_BYTES: usize = 1 << 20;
/// Parts that wait for a slow reader.
const N_PARTS: usize = 4;
/// Most ranges in one message: some 100 B each with a message, far below the limit of a message.
const N_RANGES: usize = 10_000;

type Sender = mpsc::Sender<Result<v1::ResultsPart, Status>>;

/// The stream of one reader.
pub(super) fn stream(shared: Arc<Shared>, sweep: SweepId) -> ReceiverStream<Result<v1::ResultsPart, Status>> {
    let (send, receive) = mpsc::channel(N_PARTS);
    tokio::spawn(async move {
        let ending = shared.driver.ending().clone();
        let done = tokio::select! {
            done = send_all(&shared, sweep, &send) => done,
            () = ending.cancelled() => Err(refusal::call(CallError::Ending)),
            () = send.closed() => return,
        };
        if let Err(status) = done {
            // A reader that takes nothing is told by the end of the stream.
            let _ = send.send_timeout(Err(status), IDLE_LIMIT).await;
        }
    });
    ReceiverStream::new(receive)
}

async fn send_all(shared: &Shared, sweep: SweepId, send: &Sender) -> Result<(), Status> {
    let Read { status, without_rows, generations, files, entry } = read(shared, sweep).await?;
    let mut ranges = without_rows.iter().map(range);
    let header = v1::ResultsHeader {
        status,
        spec: entry.as_ref().map(|entry| entry.spec.to_string()).unwrap_or_default(),
        earlier: entry.map(|entry| entry.earlier()).unwrap_or_default(),
        files: files.iter().map(file).collect(),
        without_rows: ranges.by_ref().take(N_RANGES).collect(),
        build: env!("CARGO_PKG_VERSION").to_owned(),
        artifacts_url: shared.artifacts.url.clone(),
    };
    part(send, Part::Header(header)).await?;
    loop {
        let more: Vec<_> = ranges.by_ref().take(N_RANGES).collect();
        if more.is_empty() {
            break;
        }
        part(send, Part::WithoutRows(v1::OutcomeRanges { ranges: more })).await?;
    }
    for few in generations.chunks(N_RANGES) {
        let ranges = few.iter().map(generation_range).collect();
        part(send, Part::Generations(v1::GenerationRanges { ranges })).await?;
    }
    send_artifacts(shared, sweep, &generations, send).await?;
    for file in &files {
        send_file(shared, file, send).await?;
    }
    Ok(())
}

/// What a sweep had at one time.
struct Read {
    status: Option<v1::SweepStatus>,
    without_rows: Vec<OutcomeRange>,
    generations: Vec<GenerationRange>,
    files: Vec<SegmentFile>,
    entry: Option<Arc<Entry>>,
}

/// Reads once more where the sweep was extended meanwhile: all is of one spec.
async fn read(shared: &Shared, sweep: SweepId) -> Result<Read, Status> {
    let ending = || refusal::call(CallError::Ending);
    loop {
        let before = shared.driver.sweep(sweep).map(|entry| entry.n_extensions());
        // The counts are read before the tail is sealed: whatever they say is done has its rows in the files.
        let of = move |driver: &Driver| {
            let pump = driver.pump();
            (status::of(driver, sweep), pump.without_rows(sweep), pump.generations(sweep))
        };
        let (status, without_rows, generations) = shared.driver.read(of).await.map_err(refusal::call)?;
        let files = shared.sealing.seal(sweep).await.ok_or_else(ending)?.map_err(Status::data_loss)?;
        let entry = shared.driver.sweep(sweep);
        if entry.as_ref().map(|entry| entry.n_extensions()) == before {
            return Ok(Read { status, without_rows, generations, files, entry });
        }
    }
}

/// Those of the generations that count.
async fn send_artifacts(
    shared: &Shared,
    sweep: SweepId,
    generations: &[GenerationRange],
    send: &Sender,
) -> Result<(), Status> {
    let mut after = None;
    loop {
        let from = after.take();
        let page = shared.journal.run(move |ledger| Box::pin(ledger.artifacts(sweep, from))).await;
        let page = page.map_err(|error| refusal::journal(&error))?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some((last.job, last.generation, last.kind.clone()));
        let counts = |stored: &StoredArtifact| stored.generation == current(generations, stored.job);
        let artifacts = page.into_iter().filter(counts).filter_map(|stored| members::message(sweep, stored)).collect();
        part(send, Part::Artifacts(v1::Artifacts { artifacts })).await?;
    }
}

fn current(generations: &[GenerationRange], job: JobNumber) -> Generation {
    let after = generations.partition_point(|range| range.first_job <= job);
    let range = after.checked_sub(1).map(|at| &generations[at]);
    range.filter(|range| job.0 - range.first_job.0 < range.n_jobs).map_or(Generation(0), |range| range.generation)
}

async fn send_file(shared: &Shared, file: &SegmentFile, send: &Sender) -> Result<(), Status> {
    let path = shared.segments.join(&file.path);
    let broken = |error: std::io::Error| Status::data_loss(format!("the segment {}: {error}", path.display()));
    let mut open = tokio::fs::File::open(&path).await.map_err(broken)?;
    let mut left = file.size;
    while left > 0 {
        let chunk = read_chunk(&mut open, left).await.map_err(broken)?;
        left -= chunk.len() as u64;
        part(send, Part::Chunk(chunk)).await?;
    }
    Ok(())
}

async fn read_chunk(file: &mut tokio::fs::File, left: u64) -> std::io::Result<Vec<u8>> {
    let size = left.min(CHUNK_BYTES as u64) as usize;
    let mut chunk = vec![0; size];
    file.read_exact(&mut chunk).await?;
    Ok(chunk)
}

async fn part(send: &Sender, part: Part) -> Result<(), Status> {
    let part = v1::ResultsPart { part: Some(part) };
    send.send_timeout(Ok(part), IDLE_LIMIT)
        .await
        .map_err(|_| Status::deadline_exceeded("the results were not read for a while: ask for them again"))
}

fn file(file: &SegmentFile) -> v1::SegmentFile {
    v1::SegmentFile {
        table: file.table.as_str().to_owned(),
        size: file.size,
        sha256: file.sha256.to_vec(),
        n_rows: file.n_rows,
    }
}

fn generation_range(range: &GenerationRange) -> v1::GenerationRange {
    v1::GenerationRange { first_job: range.first_job.0, n_jobs: range.n_jobs, generation: range.generation.0 }
}

fn range(range: &OutcomeRange) -> v1::OutcomeRange {
    v1::OutcomeRange {
        first_job: range.first_job.0,
        n_jobs: range.n_jobs,
        outcome: range.outcome.as_str().to_owned(),
        message: range.message.as_deref().unwrap_or_default().to_owned(),
    }
}
