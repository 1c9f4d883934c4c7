//! Lazy expansion: a job's settings, cell and replicate are computed from its number; nothing is ever materialised.
//!
//! A spec is a union of products. Each product is a *block* of consecutive canonical indices; in a block a run's index is
//! lexicographic, the axes in the order of the file and the replicates last, so that `index / n_replicates` is the cell.
//! In a sweep that was never extended, canonical indices are job numbers; [`Plan::extended`] adds to the numbers, and
//! never changes one.

mod columns;
pub(crate) mod exclude;
mod extend;
pub(crate) mod grid;
mod groups;
mod layers;
mod neighbours;
mod order;
#[cfg(test)]
mod tests;
mod within;

use std::ops::Range;
use std::sync::Arc;

pub use extend::{Carried, CarriedCounts, ExtendError, Extension, MAX_STRETCHES};
pub use groups::{ComparisonPlace, Group, JobKind, MAX_COMPARISONS_A_RUN};
pub use neighbours::Neighbours;

use crate::columns::ColumnType;
use crate::ids::JobNumber;
use crate::rows::Cell;
use crate::settings::RunSettings;
use crate::spec::{SpecError, SweepSpec};

use self::columns::Source;
use self::grid::{Block, Grid};
use self::layers::Layers;

/// A spec made ready to be asked about any job in time and memory that do not depend on the grid's size.
#[derive(Clone, Debug)]
pub struct Plan {
    spec: Arc<SweepSpec>,
    grid: Grid,
    columns: Vec<Source>,
    layers: Layers,
}

/// Where a job stands in the sweep's current spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunPlace {
    /// Canonical index of the run: cell-major, replicate-minor; excluded cells keep their number.
    pub run: u64,
    /// Index of the cell.
    pub cell: u64,
    /// Index among the cell's replicates.
    pub replicate: u32,
}

/// A column of the results that holds an axis's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AxisColumn {
    /// The key's last segment where that is unique in the sweep and no column has it, else the dotted key.
    pub name: String,
    /// Its type.
    pub ty: ColumnType,
    /// Whether a cell of it may be null.
    pub nullable: bool,
    /// `1`: axes have no unit of their own.
    pub unit: &'static str,
    /// The dotted key of the setting.
    pub key: String,
}

impl Plan {
    /// Makes a spec ready. Costs time and memory in proportion to the text of the spec, not to the grid.
    ///
    /// # Errors
    /// If the grid has more than 2⁶⁴ − 1 runs, an axis does not fit its setting, a zip does not fit its axes, or an
    /// exclusion matches nothing. A spec that [`crate::spec::parse`] gave has none of these.
    pub fn new(spec: Arc<SweepSpec>) -> Result<Self, SpecError> {
        let grid = Grid::new(&spec).map_err(|error| SpecError {
            file: spec.name.clone(),
            line: 0,
            column: 0,
            span: 0..0,
            key: error.key,
            message: error.message,
            help: error.help,
        })?;
        let columns = columns::sources(&spec);
        let layers = Layers::first(&spec, &grid);
        Ok(Self { spec, grid, columns, layers })
    }

    /// The current spec: what was submitted, or what it was last extended to.
    #[must_use]
    pub fn spec(&self) -> &Arc<SweepSpec> {
        &self.spec
    }

    /// All job numbers: `0..n_jobs`, runs first, then comparisons, and so again for every extension; those left out
    /// included.
    #[must_use]
    pub fn n_jobs(&self) -> u64 {
        self.layers.n_jobs()
    }

    /// The numbers, and the positions, of the jobs that are runs: ascending ranges, one for each spec that brought some.
    #[must_use]
    pub fn run_jobs(&self) -> Vec<Range<u64>> {
        self.layers.of_kind(JobKind::Run)
    }

    /// Those of the jobs that are comparisons.
    #[must_use]
    pub fn comparison_jobs(&self) -> Vec<Range<u64>> {
        self.layers.of_kind(JobKind::Comparison)
    }

    /// Runs that are left out.
    #[must_use]
    pub fn n_excluded(&self) -> u64 {
        self.grid.n_excluded
    }

    /// Runs that are trained: `n_run_jobs - n_excluded`.
    #[must_use]
    pub fn n_runs(&self) -> u64 {
        self.grid.n_jobs - self.grid.n_excluded
    }

    /// Cells, excluded ones included.
    #[must_use]
    pub fn n_cells(&self) -> u64 {
        self.grid.n_cells
    }

    /// Runs in a cell.
    #[must_use]
    pub fn n_replicates(&self) -> u32 {
        self.grid.n_replicates as u32
    }

    /// Whether that job is left out: a run by an exclusion, a comparison with its members.
    ///
    /// # Panics
    /// Like all that take a job: if there is no such job, which is a bug in the caller.
    #[must_use]
    pub fn is_excluded(&self, job: JobNumber) -> bool {
        if self.kind(job) == JobKind::Comparison {
            return self.group(job).is_none();
        }
        let (block, index) = self.locate(job);
        block.excludes(index)
    }

    /// The settings of a run, every default written out.
    ///
    /// # Panics
    /// If the job is not a run; so do `place`, `axis_cells` and `cell_label`.
    #[must_use]
    pub fn settings(&self, job: JobNumber) -> RunSettings {
        self.settings_of(self.canonical(job))
    }

    /// Where the run stands.
    #[must_use]
    pub fn place(&self, job: JobNumber) -> RunPlace {
        let run = self.canonical(job);
        let (block, index) = self.locate_run(run);
        RunPlace {
            run,
            cell: block.first_cell + index / self.grid.n_replicates,
            replicate: (index % self.grid.n_replicates) as u32,
        }
    }

    /// The job of a run by its canonical index, below [`Plan::n_run_jobs`]: the inverse of [`Plan::place`].
    #[must_use]
    pub fn job_of_run(&self, run: u64) -> JobNumber {
        if self.layers.is_single() {
            return JobNumber(run);
        }
        let (block, index) = self.grid.locate(run);
        let job = self.layers.job_of_run(block, index);
        JobNumber(job.expect("the stretches of all layers cover the grid"))
    }

    /// The job at a position of the sweep's order, over `0..n_jobs`. Excluded jobs have positions too. Comparisons stand
    /// behind the runs that came with them, each at its number; a position never changes.
    #[must_use]
    pub fn job_at(&self, position: u64) -> JobNumber {
        if self.layers.kind(position) == JobKind::Comparison {
            return JobNumber(position);
        }
        let (stretch, at) = self.layers.stretch(position);
        JobNumber(stretch.first_job + stretch.order.as_ref().map_or(at, |order| order.index_at(at)))
    }

    /// The position of a job in the sweep's order: the inverse of [`Plan::job_at`].
    #[must_use]
    pub fn position_of(&self, job: JobNumber) -> u64 {
        if self.kind(job) == JobKind::Comparison {
            return job.0;
        }
        let (stretch, index) = self.layers.stretch(job.0);
        stretch.first_job + stretch.order.as_ref().map_or(index, |order| order.position_of(index))
    }

    /// The columns that hold the axes' values, in the order of the file.
    #[must_use]
    pub fn axis_columns(&self) -> Vec<AxisColumn> {
        self.columns.iter().map(|source| source.column.clone()).collect()
    }

    /// The job's values of [`Plan::axis_columns`].
    #[must_use]
    pub fn axis_cells(&self, job: JobNumber) -> Vec<Cell> {
        let run = self.settings(job);
        self.columns.iter().map(|source| source.cell(&run)).collect()
    }

    /// The cell's axis values for people: `hidden=256-256 learning_rate=0.1`; `all` where there is no axis.
    #[must_use]
    pub fn cell_label(&self, job: JobNumber) -> String {
        let run = self.settings(job);
        let labels: Vec<String> = self.columns.iter().filter_map(|source| source.label(&run)).collect();
        if labels.is_empty() { "all".into() } else { labels.join(" ") }
    }

    /// The settings of a run by its canonical index.
    fn settings_of(&self, run: u64) -> RunSettings {
        let (block, index) = self.grid.locate(run);
        self.grid.settings(&self.spec, block, index)
    }

    /// The canonical index of a run.
    fn canonical(&self, job: JobNumber) -> u64 {
        if self.layers.is_single() {
            return job.0;
        }
        let (stretch, index) = self.layers.stretch(job.0);
        self.grid.blocks[stretch.within.block].first_job + stretch.within.outer(index)
    }

    /// The block of a run and its index there.
    fn locate(&self, job: JobNumber) -> (&Block, u64) {
        self.locate_run(self.canonical(job))
    }

    fn locate_run(&self, run: u64) -> (&Block, u64) {
        let (block, index) = self.grid.locate(run);
        (&self.grid.blocks[block], index)
    }
}
