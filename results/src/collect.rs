//! From segments to tables.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use traipse_sweep::columns::Table;
use traipse_sweep::{Outcome, Plan, SweepId};

use crate::{CellSummary, Error};

/// All that `collect` needs to know.
#[derive(Clone, Debug)]
pub struct Collect {
    /// Which sweep.
    pub sweep: SweepId,
    /// Its plan.
    pub plan: Arc<Plan>,
    /// Its spec as canonical JSON, for the files' metadata and the manifest.
    pub spec: String,
    /// The segments, attempts among them, in any order.
    pub segments: Vec<(Table, PathBuf)>,
    /// Jobs that ended without rows; those that are neither here nor in a segment are unfinished.
    pub without_rows: Vec<WithoutRows>,
    /// The sweep's state in words, such as `completed`.
    pub state: String,
    /// Whether every job has ended: else the tables are partial.
    pub complete: bool,
    /// The coordinator's version.
    pub build: String,
    /// The numerics that the sweep pinned; empty where no worker came.
    pub numerics: String,
}

/// A stretch of jobs that ended alike, without rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithoutRows {
    /// Number of the first job.
    pub first_job: u64,
    /// How many.
    pub n_jobs: u64,
    /// How they ended.
    pub outcome: Outcome,
    /// Why, where it is known: becomes `runs.status`.
    pub message: Option<String>,
}

/// One written file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableFile {
    /// Its name in the folder.
    pub name: String,
    /// Rows; 0 for the manifest.
    pub n_rows: u64,
    /// Bytes.
    pub size: u64,
    /// Digest of the bytes, in hex.
    pub sha256: String,
}

/// What was written.
#[derive(Clone, Debug)]
pub struct Collected {
    /// The cells in order; empty where the sweep has more than [`crate::MAX_SUMMARIES`].
    pub cells: Vec<CellSummary>,
    /// The files, tables first, `manifest.json` last.
    pub files: Vec<TableFile>,
    /// Runs by outcome, `unfinished` last; only those that occur.
    pub n_runs: Vec<(String, u64)>,
}

/// Merges the segments into the tables of a sweep, with statistics and a manifest, in the folder `out`.
///
/// # Errors
/// If a segment cannot be read or does not belong to the plan, or if a file cannot be written.
pub fn collect(_input: &Collect, _out: &Path) -> Result<Collected, Error> {
    todo!("minutes away")
}

/// The sweep whose tables a folder holds, by its `manifest.json`; none where there is none.
///
/// # Errors
/// If there is a manifest that cannot be read.
pub fn holds(_dir: &Path) -> Result<Option<SweepId>, Error> {
    todo!("minutes away")
}
