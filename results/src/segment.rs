//! Segments: immutable files that take the rows of many jobs out of the ledger, sorted by job.

use std::path::{Path, PathBuf};

use traipse_sweep::columns::{ColumnType, Table};
use traipse_sweep::rows::{RowBlock, Schema, TableRows, TableSchema, Values};
use traipse_sweep::{Generation, JobNumber};

use crate::aside::{Finished, sync_folder};
use crate::attempt;
use crate::schema::Spec;
use crate::table_writer::TableWriter;
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
    dir: &Path,
    stem: &str,
    schema: &Schema,
    blocks: impl Iterator<Item = (JobNumber, Generation, RowBlock)>,
    attempts: &[AttemptRow],
) -> Result<Vec<SegmentFile>, Error> {
    let mut writers: Vec<Option<TableWriter>> = schema.tables.iter().map(|_| None).collect();
    let mut previous = None;
    for (job, generation, block) in blocks {
        if previous.is_some_and(|previous| previous >= (job, generation)) {
            return Err(misfit(job, "jobs must ascend by number and generation".to_owned()));
        }
        previous = Some((job, generation));
        for rows in block.tables.iter().filter(|rows| rows.n_rows > 0) {
            let at = schema.tables.iter().position(|table| table.table == rows.table);
            let at = at.ok_or_else(|| misfit(job, format!("no table {} in the schema", rows.table.as_str())))?;
            let writer = match &mut writers[at] {
                Some(writer) => writer,
                none => none.insert(create(dir, stem, &schema.tables[at])?),
            };
            append(writer, &schema.tables[at], job, generation, rows)?;
        }
    }
    let mut finished = Vec::new();
    for (writer, table) in writers.into_iter().zip(&schema.tables) {
        if let Some(writer) = writer {
            finished.push((table.table, writer.finish()?));
        }
    }
    if !attempts.is_empty() {
        let path = path(dir, stem, Table::Attempts);
        finished.push((Table::Attempts, attempt::write(&path, attempts)?));
    }
    publish(dir, finished)
}

/// Columns of a segment that stand before the worker's.
pub(crate) fn key_columns() -> [Spec; 2] {
    [
        Spec::plain("job", ColumnType::U64, "job number"),
        Spec::plain("generation", ColumnType::U32, "raised by retry and extension; the highest of a job counts"),
    ]
}

fn path(dir: &Path, stem: &str, table: Table) -> PathBuf {
    dir.join(format!("{stem}.{}.parquet", table.as_str()))
}

fn create(dir: &Path, stem: &str, table: &TableSchema) -> Result<TableWriter, Error> {
    let columns: Vec<_> = key_columns().into_iter().chain(table.columns.iter().map(|&column| column.into())).collect();
    TableWriter::create(&path(dir, stem, table.table), &columns, 1, &[])
}

fn append(
    writer: &mut TableWriter,
    table: &TableSchema,
    job: JobNumber,
    generation: Generation,
    rows: &TableRows,
) -> Result<(), Error> {
    check(table, job, rows)?;
    let [jobs, generations, columns @ ..] = writer.columns() else { unreachable!("a segment has two keys") };
    for _ in 0..rows.n_rows {
        jobs.push_u64(job.0);
        generations.push_u32(generation.0);
    }
    for (at, column) in rows.columns.iter().enumerate() {
        columns[at].extend_packed(column).map_err(|_| misfit(job, format!("{} has another type", name(table, at))))?;
    }
    writer.end_rows(rows.n_rows as usize)
}

/// Counts and nulls of a block's table against the schema; types are held by the append itself.
fn check(table: &TableSchema, job: JobNumber, rows: &TableRows) -> Result<(), Error> {
    let (found, expected) = (rows.columns.len(), table.columns.len());
    if found != expected {
        let what = format!("{} has {found} columns, not {expected}", table.table.as_str());
        return Err(misfit(job, what));
    }
    for (at, column) in rows.columns.iter().enumerate() {
        if column.values.len() != rows.n_rows as usize {
            let what = format!("{} has {} values, not {}", name(table, at), column.values.len(), rows.n_rows);
            return Err(misfit(job, what));
        }
        let null = (0..column.values.len()).any(|row| column.is_null(row));
        if null && !table.columns[at].nullable {
            return Err(misfit(job, format!("{} has a null", name(table, at))));
        }
        if !lists_hold(&column.values) {
            return Err(misfit(job, format!("{} has lists that overrun their items", name(table, at))));
        }
    }
    Ok(())
}

/// Whether every list lies within the items; the append slices them.
fn lists_hold(values: &Values) -> bool {
    let (offsets, n_items) = match values {
        Values::ListF64 { offsets, values } => (offsets, values.len()),
        Values::ListU64 { offsets, values } => (offsets, values.len()),
        _ => return true,
    };
    offsets.is_sorted() && offsets.last().is_some_and(|&end| end as usize <= n_items)
}

fn name(table: &TableSchema, at: usize) -> String {
    format!("{}.{}", table.table.as_str(), table.columns[at].name)
}

fn misfit(job: JobNumber, what: String) -> Error {
    Error::Block { job: job.0, what }
}

fn publish(dir: &Path, finished: Vec<(Table, (Finished, u64))>) -> Result<Vec<SegmentFile>, Error> {
    let mut files = Vec::with_capacity(finished.len());
    for (table, (file, n_rows)) in finished {
        let (size, sha256) = (file.size, file.sha256);
        files.push(SegmentFile { table, path: file.publish()?, size, sha256, n_rows });
    }
    sync_folder(dir)?;
    Ok(files)
}
