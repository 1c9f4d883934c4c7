//! Segments: immutable files that take the rows of many jobs out of the ledger, sorted by job.

use std::path::{Path, PathBuf};

use traipse_sweep::columns::Table;
use traipse_sweep::rows::{RowBlock, Schema};
use traipse_sweep::{Generation, JobNumber};

use crate::{AttemptRow, Error};

/// One written file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentFile {
    /// Whose rows.
    pub table: Table,
    /// Where: `<dir>/<stem>.<table>.parquet`.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// Digest of the bytes.
    pub sha256: [u8; 32],
    /// Rows.
    pub n_rows: u64,
}

/// Writes row blocks and attempts as `<dir>/<stem>.<table>.parquet`, one file for each table that has rows.
///
/// Columns are `job` (u64) and `generation` (u32), then those of the schema; attempts have the columns of their
/// table but `run`, sorted by job and attempt. Files are written aside, synced and renamed; files that no one comes
/// to name may be deleted. Equal rows give equal bytes. Memory is one row group a table.
///
/// # Errors
/// If a block does not fit the schema, if jobs do not ascend by (job, generation), or if a file cannot be written.
pub fn write(
    _dir: &Path,
    _stem: &str,
    _schema: &Schema,
    _blocks: impl Iterator<Item = (JobNumber, Generation, RowBlock)>,
    _attempts: &[AttemptRow],
) -> Result<Vec<SegmentFile>, Error> {
    todo!("minutes away")
}
