//! From segments to tables.

mod columns;
mod comparisons;
mod manifest;
mod outcomes;
mod rest;
mod runs;
mod siblings;
mod winners;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use traipse_sweep::columns::Table;
use traipse_sweep::{JobNumber, Outcome, Plan, SweepId};

use columns::Layout;
pub(crate) use columns::axis_specs;
use manifest::Contents;
pub(crate) use manifest::VERSION as MANIFEST_VERSION;
use outcomes::Outcomes;
use siblings::Siblings;
use winners::Winners;

use crate::aggregate::{Aggregated, MAX_COMPARISON_ROWS};
use crate::aside::{Finished, sync_folder};
use crate::merge::{Merge, Order};
use crate::schema::{self, Spec};
use crate::table_writer::TableWriter;
use crate::{CellSummary, Error, aggregate, contrasts};

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
    /// Jobs whose generation is above 0: rows of another generation do not count.
    pub raised: Vec<Raised>,
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

/// A stretch of jobs that were raised to a generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raised {
    /// Number of the first job.
    pub first_job: u64,
    /// How many.
    pub n_jobs: u64,
    /// The generation whose rows count.
    pub generation: u32,
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
    /// Comparisons likewise; none where the sweep compares nothing.
    pub n_comparisons: Vec<(String, u64)>,
}

/// Merges the segments into the tables of a sweep, with statistics and a manifest, in the folder `out`.
///
/// All files are written aside and synced before the first gets its name; the manifest comes last. The bytes of all
/// but `attempts` and the manifest depend on the rows alone, not on how segments hold them. Memory: a row group of
/// one table, about 2 MiB for each of at most 64 open segments, and the values of one cell.
///
/// # Errors
/// If a segment cannot be read or does not belong to the plan, or if a file cannot be written.
pub fn collect(input: &Collect, out: &Path) -> Result<Collected, Error> {
    fs::create_dir_all(out).map_err(Error::file("create the folder", out))?;
    let mut outcomes = Outcomes::new(&input.without_rows);
    let mut finished = Vec::new();
    let winners = Winners::new(&input.raised);
    let (comparisons, siblings) = write_comparisons(input, out, &winners, &mut outcomes)?.unzip();
    let runs = write_runs(input, out, &winners, &mut outcomes, &siblings.unwrap_or_default())?;
    finished.push((Table::Runs, runs));
    let rest = |table: &Table| !matches!(table, Table::Runs | Table::Comparisons) && table.is_in(input.plan.spec());
    for table in Table::FROM_WORKERS.into_iter().filter(rest) {
        finished.push((table, write_rest(input, out, table, &outcomes, &winners)?));
    }
    finished.extend(comparisons.map(|table| (Table::Comparisons, table)));
    let mut absent = Vec::new();
    let (statistics, Aggregated { cells, kept }) = write_statistics(input, out, &finished, &mut absent)?;
    finished.push((Table::Statistics, statistics));
    match contrasts::too_large(&input.plan, &kept) {
        Some(reason) => absent.push((Table::Contrasts, reason)),
        None => {
            let mut writer = create(input, out, Table::Contrasts, &contrasts::columns(), 0)?;
            contrasts::write(&input.plan, &kept, &mut writer)?;
            finished.push((Table::Contrasts, writer.finish()?));
        }
    }
    let (attempts, cpu_features) = write_attempts(input, out)?;
    finished.push((Table::Attempts, attempts));

    let mut files: Vec<TableFile> = finished.iter().map(|(table, file)| entry(&file_name(*table), file)).collect();
    let (n_runs, n_comparisons) = (outcomes.counts(), outcomes.comparison_counts());
    let contents = Contents {
        files: &files,
        n_runs: &n_runs,
        n_comparisons: &n_comparisons,
        absent: &absent,
        cpu_features: &cpu_features,
    };
    let manifest = (manifest::write(input, out, contents)?, 0);
    remove_leftovers(out, &files)?;
    files.push(entry(manifest::NAME, &manifest));
    for (file, _) in finished.into_iter().map(|(_, file)| file).chain([manifest]) {
        file.publish()?;
    }
    sync_folder(out)?;
    Ok(Collected { cells, files, n_runs, n_comparisons })
}

/// Removes the tables that a former collect wrote here and this one does not: they would pass for part of it.
fn remove_leftovers(out: &Path, files: &[TableFile]) -> Result<(), Error> {
    let former = manifest::files(out);
    for name in Table::ALL.map(file_name).into_iter().filter(|name| former.contains(name)) {
        let path = out.join(&name);
        if files.iter().all(|file| file.name != name) && path.exists() {
            fs::remove_file(&path).map_err(Error::file("remove", &path))?;
        }
    }
    Ok(())
}

/// The sweep whose tables a folder holds, by its `manifest.json`; none where there is none.
///
/// # Errors
/// If there is a manifest that cannot be read.
pub fn holds(dir: &Path) -> Result<Option<SweepId>, Error> {
    manifest::owner(dir)
}

/// A file that is whole but not published, and its rows.
type Written = (Finished, u64);

/// None where nothing is compared.
fn write_comparisons(
    input: &Collect,
    out: &Path,
    winners: &Winners<'_>,
    outcomes: &mut Outcomes<'_>,
) -> Result<Option<(Written, Siblings)>, Error> {
    if !Table::Comparisons.is_in(input.plan.spec()) {
        return Ok(None);
    }
    let layout = Layout::of(Table::Comparisons, &input.plan);
    let segments = segments(input, Table::Comparisons);
    let place = |job, generation| Ok((comparisons::place_of(&input.plan, job)?, generation));
    let keeps = |job, generation| counts(&input.plan, winners, job, generation);
    let order = Order { second: "generation", place: &place, keeps: is_extended(input).then_some(&keeps) };
    let mut merge = Merge::open(&order, &segments, &layout.wanted, out)?;
    let mut writer = create(input, out, Table::Comparisons, &layout.columns, 1)?;
    let siblings = comparisons::write(&input.plan, &layout, &mut merge, winners, outcomes, &mut writer)?;
    Ok(Some((writer.finish()?, siblings)))
}

fn write_runs(
    input: &Collect,
    out: &Path,
    winners: &Winners<'_>,
    outcomes: &mut Outcomes<'_>,
    siblings: &Siblings,
) -> Result<Written, Error> {
    let layout = Layout::of(Table::Runs, &input.plan);
    let place = |job, generation| Ok((runs::place_of(&input.plan, job)?, generation));
    let keeps = |job, generation| counts(&input.plan, winners, job, generation);
    let order = Order { second: "generation", place: &place, keeps: is_extended(input).then_some(&keeps) };
    let mut merge = Merge::open(&order, &segments(input, Table::Runs), &layout.wanted, out)?;
    let mut writer = create(input, out, Table::Runs, &layout.columns, 1)?;
    runs::write(&input.plan, &layout, &mut merge, winners, outcomes, siblings, &mut writer)?;
    writer.finish()
}

fn write_rest(
    input: &Collect,
    out: &Path,
    table: Table,
    outcomes: &Outcomes<'_>,
    winners: &Winners<'_>,
) -> Result<Written, Error> {
    let layout = Layout::of(table, &input.plan);
    let place = |job, generation| Ok((runs::place_of(&input.plan, job)?, generation));
    let keeps = |job, generation| counts(&input.plan, winners, job, generation);
    let order = Order { second: "generation", place: &place, keeps: is_extended(input).then_some(&keeps) };
    let mut merge = Merge::open(&order, &segments(input, table), &layout.wanted, out)?;
    let mut writer = create(input, out, table, &layout.columns, 1)?;
    rest::write(table, &layout, &mut merge, outcomes, winners, &mut writer)?;
    writer.finish()
}

fn write_attempts(input: &Collect, out: &Path) -> Result<(Written, BTreeSet<String>), Error> {
    let layout = Layout::of(Table::Attempts, &input.plan);
    let place = |job, attempt| {
        let current = comparisons::is_comparison(&input.plan, job) || runs::place_of(&input.plan, job).is_ok();
        let known = current || is_extended(input) && job < input.plan.n_jobs();
        if known { Ok((job, attempt)) } else { Err(format!("job {job} is none of the sweep's runs and comparisons")) }
    };
    let order = Order { second: "attempt", place: &place, keeps: None };
    let mut merge = Merge::open(&order, &segments(input, Table::Attempts), &layout.wanted, out)?;
    let mut writer = create(input, out, Table::Attempts, &layout.columns, 1)?;
    let features = rest::write_attempts(&input.plan, &layout, &mut merge, &mut writer)?;
    Ok((writer.finish()?, features))
}

/// Comparisons have statistics where they are not too many.
fn write_statistics(
    input: &Collect,
    out: &Path,
    finished: &[(Table, Written)],
    absent: &mut Vec<(Table, String)>,
) -> Result<(Written, Aggregated), Error> {
    let columns = aggregate::columns(&input.plan);
    let mut writer = create(input, out, Table::Statistics, &columns, 0)?;
    let fits =
        |(table, (_, n_rows)): &&(Table, Written)| *table != Table::Comparisons || *n_rows <= MAX_COMPARISON_ROWS;
    let tables: BTreeMap<_, _> =
        finished.iter().filter(fits).map(|(table, file)| (*table, file.0.aside().to_owned())).collect();
    if tables.len() < finished.len() {
        absent.push((Table::Statistics, format!("level comparison: more than {MAX_COMPARISON_ROWS} rows")));
    }
    let aggregated = aggregate::write(&input.plan, &tables, &mut writer)?;
    Ok((writer.finish()?, aggregated))
}

/// Whether some rows of the sweep may not count any more, and numbers are not in the order of places.
fn is_extended(input: &Collect) -> bool {
    input.plan.n_extensions() > 0
}

/// Whether rows are of the generation that counts, and of a job that the current spec has.
fn counts(plan: &Plan, winners: &Winners<'_>, job: u64, generation: u32) -> bool {
    // Numbers that no job has are told by their place.
    let is_current = job >= plan.n_jobs() || !plan.is_excluded(JobNumber(job));
    is_current && winners.of(job) == generation
}

fn segments(input: &Collect, table: Table) -> Vec<PathBuf> {
    input.segments.iter().filter(|segment| segment.0 == table).map(|segment| segment.1.clone()).collect()
}

fn file_name(table: Table) -> String {
    format!("{}.parquet", table.as_str())
}

fn create(input: &Collect, out: &Path, table: Table, columns: &[Spec], sorted_by: usize) -> Result<TableWriter, Error> {
    let keys = [
        ("traipse.columns", schema::json(table, columns)),
        ("traipse.spec", input.spec.clone()),
        ("traipse.build", input.build.clone()),
    ];
    TableWriter::create(&out.join(file_name(table)), columns, sorted_by, &keys)
}

fn entry(name: &str, (file, n_rows): &Written) -> TableFile {
    let sha256 = file.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    TableFile { name: name.to_owned(), n_rows: *n_rows, size: file.size, sha256 }
}
