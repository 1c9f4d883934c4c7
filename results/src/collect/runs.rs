//! `runs.parquet`: one row for every run that is not excluded, whether it has rows, failed or has not ended.

use arrow_array::Array;
use traipse_sweep::columns::{Table, runs};
use traipse_sweep::plan::{JobKind, RunPlace};
use traipse_sweep::rows::Cell;
use traipse_sweep::{JobNumber, Outcome, Plan, RunSettings};

use super::columns::{Filler, Layout};
use super::outcomes::{Outcomes, UNFINISHED};
use super::siblings::Siblings;
use super::winners::Winners;
use crate::Error;
use crate::merge::{Head, Merge, copy};
use crate::table_writer::TableWriter;

/// Writes the table from the merged segments, in the order of runs.
pub(crate) fn write(
    plan: &Plan,
    layout: &Layout,
    merge: &mut Merge<'_>,
    winners: &Winners<'_>,
    outcomes: &mut Outcomes<'_>,
    siblings: &Siblings,
    writer: &mut TableWriter,
) -> Result<(), Error> {
    let mut cell = CellColumns::default();
    for run in 0..plan.n_run_jobs() {
        let job = plan.job_of_run(run);
        if plan.is_excluded(job) {
            continue;
        }
        let ended = outcomes.of(job.0);
        pass(merge, |head| head.place == run && (ended.is_some() || head.second != winners.of(job.0)))?;
        let outcome = match (ended, merge.head().filter(|head| head.place == run)) {
            (None, Some(head)) => append(layout, merge, head, writer)?,
            (ended, _) => {
                push_absent(layout, writer, ended.and_then(|ended| ended.message.as_deref()));
                ended.map_or(UNFINISHED, |ended| ended.outcome.as_str())
            }
        };
        // Rows of a generation that was raised after the counts were taken.
        pass(merge, |head| head.place == run && head.second != winners.of(job.0))?;
        outcomes.count(outcome);
        cell.move_to(plan, job);
        let ending = Ending { outcome, barrier: siblings.mean(job) };
        push_plan(layout, writer, &cell, &plan.settings(job), ending);
        writer.end_rows(1)?;
    }
    match merge.head() {
        Some(head) => Err(Error::Foreign { table: Table::Runs, job: head.job }),
        None => Ok(()),
    }
}

/// The columns that runs of one cell share, and the place of the current run.
#[derive(Default)]
struct CellColumns {
    place: Option<RunPlace>,
    label: String,
    axes: Vec<Cell>,
}

impl CellColumns {
    fn move_to(&mut self, plan: &Plan, job: JobNumber) {
        let place = plan.place(job);
        if self.place.is_none_or(|known| known.cell != place.cell) {
            self.label = plan.cell_label(job);
            self.axes = plan.axis_cells(job);
        }
        self.place = Some(place);
    }
}

/// The one row that a run's segment holds; says how the run ended.
fn append(layout: &Layout, merge: &mut Merge<'_>, head: Head, writer: &mut TableWriter) -> Result<&'static str, Error> {
    let diverged_step = layout.wanted.iter().position(|column| column.name == runs::DIVERGED_STEP.name);
    let mut outcome = Outcome::Succeeded;
    let n_rows = merge.take(|rows| {
        if diverged_step.is_some_and(|at| rows.column(at).is_valid(rows.range.start)) {
            outcome = Outcome::Diverged;
        }
        copy(&rows, &layout.places, writer)
    })?;
    if n_rows == 1 { Ok(outcome.as_str()) } else { Err(Error::Foreign { table: Table::Runs, job: head.job }) }
}

/// Nulls for all that a worker would have filled; the reason in `status`.
fn push_absent(layout: &Layout, writer: &mut TableWriter, message: Option<&str>) {
    for (at, filler) in layout.fillers.iter().enumerate() {
        if let Filler::Segment(_) = filler {
            match message {
                Some(message) if layout.columns[at].name == runs::STATUS.name => writer.column(at).push_text(message),
                _ => writer.column(at).push_null(),
            }
        }
    }
}

/// Passes over the groups that do not count.
pub(crate) fn pass(merge: &mut Merge<'_>, drops: impl Fn(Head) -> bool) -> Result<(), Error> {
    while merge.head().is_some_and(&drops) {
        merge.take(|_| Ok(()))?;
    }
    Ok(())
}

/// How a run ended, and what others made of it.
#[derive(Clone, Copy)]
struct Ending {
    outcome: &'static str,
    /// Mean barrier to its siblings.
    barrier: Option<f64>,
}

fn push_plan(layout: &Layout, writer: &mut TableWriter, cell: &CellColumns, settings: &RunSettings, ending: Ending) {
    let place = cell.place.expect("the cell was moved to the run's job");
    for (at, filler) in layout.fillers.iter().enumerate() {
        let pushed = match filler {
            Filler::Segment(_) => Ok(()),
            Filler::Axis(axis) => writer.column(at).push(&cell.axes[*axis]),
            Filler::Plan(name) => writer.column(at).push(&plan_cell(name, place, &cell.label, settings, ending)),
        };
        pushed.expect("the plan's cells have the types of its columns");
    }
}

fn plan_cell(name: &str, place: RunPlace, label: &str, settings: &RunSettings, ending: Ending) -> Cell {
    match name {
        "run" => Cell::U64(place.run),
        "cell" => Cell::U64(place.cell),
        "cell_label" => Cell::from(label),
        "replicate" => Cell::U32(place.replicate),
        "settings" => Cell::Utf8(serde_json::to_string(settings).expect("settings are texts, numbers and lists")),
        "depth" => Cell::U32(settings.model.depth()),
        "width" => Cell::from(settings.model.typical_width()),
        "seed" => Cell::U64(settings.streams.seed),
        "init_seed" => Cell::U64(settings.streams.init_seed),
        "order_seed" => Cell::U64(settings.streams.order_seed),
        "branch" => Cell::U32(settings.streams.branch),
        "barrier_sibling_chord" => Cell::from(ending.barrier),
        "outcome" => Cell::from(ending.outcome),
        other => unreachable!("the catalogue's plan column {other} has its line here"),
    }
}

/// The run of a job, or what is wrong with a segment that holds such a job.
pub(crate) fn place_of(plan: &Plan, job: u64) -> Result<u64, String> {
    let is_run = job < plan.n_jobs() && plan.kind(JobNumber(job)) == JobKind::Run;
    if !is_run || plan.is_excluded(JobNumber(job)) {
        return Err(format!("job {job} is none of the sweep's {} runs", plan.n_runs()));
    }
    Ok(plan.place(JobNumber(job)).run)
}
