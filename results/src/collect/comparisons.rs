//! `comparisons.parquet`: the rows of the generation that counts, under their comparison.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use traipse_sweep::columns::{Table, comparisons};
use traipse_sweep::plan::{ComparisonPlace, Group, JobKind};
use traipse_sweep::rows::Cell;
use traipse_sweep::{JobNumber, Plan};

use super::columns::{Filler, Layout};
use super::outcomes::Outcomes;
use super::siblings::Siblings;
use super::winners::Winners;
use crate::Error;
use crate::merge::{Merge, Rows, copy};
use crate::table_writer::TableWriter;

/// Writes the table from the merged segments, in the order of comparisons; gathers the barriers between siblings.
pub(crate) fn write(
    plan: &Plan,
    layout: &Layout,
    merge: &mut Merge<'_>,
    winners: &Winners<'_>,
    outcomes: &mut Outcomes<'_>,
    writer: &mut TableWriter,
) -> Result<Siblings, Error> {
    let (mut siblings, mut written) = (Siblings::default(), None);
    let picked = Picked::of(layout);
    while let Some(head) = merge.head() {
        if head.second != winners.of(head.job) || outcomes.of(head.job).is_some() {
            merge.take(|_| Ok(()))?;
            continue;
        }
        let job = JobNumber(head.job);
        let group = plan.group(job).filter(|_| written != Some(head.place));
        let found = group.and_then(|group| Some((Place::of(plan, job, &group)?, group)));
        let Some((place, group)) = found else { return Err(Error::Foreign { table: Table::Comparisons, job: job.0 }) };
        written = Some(head.place);
        let n_rows = merge.take(|rows| {
            if place.are_siblings {
                picked.barriers(&rows).for_each(|barrier| siblings.add(&group.members, barrier));
            }
            copy(&rows, &layout.places, writer)
        })?;
        (0..n_rows).for_each(|_| place.push(layout, writer));
        writer.end_rows(n_rows)?;
        outcomes.count_comparison("succeeded", 1);
    }
    outcomes.count_lost_comparisons(plan);
    Ok(siblings)
}

/// The place of a comparison, or what is wrong with a segment that holds such a job.
pub(crate) fn place_of(plan: &Plan, job: u64) -> Result<u64, String> {
    let comparison = if job < plan.n_jobs() { plan.comparison_of(JobNumber(job)) } else { None };
    comparison.ok_or_else(|| format!("job {job} is none of the sweep's {} comparisons", plan.n_comparisons()))
}

/// Whether a job is a comparison that is not left out.
pub(crate) fn is_comparison(plan: &Plan, job: u64) -> bool {
    job < plan.n_jobs() && plan.kind(JobNumber(job)) == JobKind::Comparison && plan.group(JobNumber(job)).is_some()
}

/// What the plan says of a comparison.
struct Place {
    place: ComparisonPlace,
    kind: &'static str,
    members: Vec<u64>,
    /// All members are runs of one cell that began at the same weights.
    are_siblings: bool,
}

impl Place {
    /// None where the job is no comparison that is made.
    fn of(plan: &Plan, job: JobNumber, group: &Group) -> Option<Self> {
        let places: Vec<_> = group.members.iter().map(|&job| plan.place(job)).collect();
        let start = |job: JobNumber| plan.settings(job).streams.init_seed;
        let one_cell = places.iter().all(|place| place.cell == places[0].cell);
        let one_start = group.members.iter().all(|&job| start(job) == start(group.members[0]));
        Some(Self {
            place: plan.comparison_place(job)?,
            kind: plan.spec().compare[group.compare].probe.as_str(),
            members: places.iter().map(|place| place.run).collect(),
            are_siblings: one_cell && one_start,
        })
    }

    fn push(&self, layout: &Layout, writer: &mut TableWriter) {
        for (at, filler) in layout.fillers.iter().enumerate() {
            if let Filler::Plan(name) = filler {
                let pushed = writer.column(at).push(&self.cell_of(name));
                pushed.expect("the plan's cells have the types of its columns");
            }
        }
    }

    fn cell_of(&self, name: &str) -> Cell {
        match name {
            "comparison" => Cell::U64(self.place.comparison),
            "cell" => Cell::U64(self.place.cell),
            "cell_label" => Cell::from(self.place.label.as_str()),
            "seed" => Cell::from(self.place.seed),
            "kind" => Cell::from(self.kind),
            "run_a" => Cell::U64(self.members[0]),
            "run_b" => Cell::from(Some(self.members[1]).filter(|_| self.members.len() == 2)),
            "members" => Cell::ListU64(self.members.clone()),
            "differs_in" => Cell::from(self.place.differs_in.as_str()),
            other => unreachable!("the catalogue's plan column {other} has its line here"),
        }
    }
}

/// Where the columns stand that tell the barrier at the end.
struct Picked {
    aligned: usize,
    at: usize,
    barrier_chord: usize,
}

impl Picked {
    fn of(layout: &Layout) -> Self {
        let find = |name: &str| {
            let found = layout.wanted.iter().position(|column| column.name == name);
            found.expect("a layout of comparisons has the catalogue's columns")
        };
        Self {
            aligned: find(comparisons::ALIGNED.name),
            at: find(comparisons::AT.name),
            barrier_chord: find(comparisons::BARRIER_CHORD.name),
        }
    }

    /// The barriers over the chord that some rows hold: at the end, unaligned, and not null.
    fn barriers<'r>(&self, rows: &'r Rows<'_>) -> impl Iterator<Item = f64> + 'r {
        let aligned = rows.column(self.aligned).as_boolean();
        let at = rows.column(self.at).as_string::<i32>();
        let barrier = rows.column(self.barrier_chord).as_primitive::<Float64Type>();
        let counts = |row: &usize| !aligned.value(*row) && at.value(*row) == "end" && barrier.is_valid(*row);
        rows.range.clone().filter(counts).map(|row| barrier.value(row))
    }
}
