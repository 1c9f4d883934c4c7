//! Lazy expansion: a job's settings, cell and replicate are computed from its number; nothing is ever materialised.

use std::sync::Arc;

use crate::columns::ColumnType;
use crate::ids::JobNumber;
use crate::rows::Cell;
use crate::settings::RunSettings;
use crate::spec::{SpecError, SweepSpec};

/// A spec made ready to be asked about any job in time and memory that do not depend on the grid's size.
#[derive(Clone, Debug)]
pub struct Plan {
    spec: Arc<SweepSpec>,
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
    /// The key's last segment where that is unique in the sweep, else the dotted key.
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

#[allow(unused_variables, reason = "signatures first")]
impl Plan {
    /// Makes a spec ready.
    ///
    /// # Errors
    /// If the grid has more than 2⁶⁴ − 1 runs, an axis does not fit its setting, or an exclusion matches nothing.
    pub fn new(spec: Arc<SweepSpec>) -> Result<Self, SpecError> {
        Ok(Self { spec })
    }

    /// What was submitted.
    #[must_use]
    pub fn spec(&self) -> &Arc<SweepSpec> {
        &self.spec
    }

    /// All job numbers: `0..n_jobs`, excluded ones included.
    #[must_use]
    pub fn n_jobs(&self) -> u64 {
        todo!()
    }

    /// Jobs that are left out.
    #[must_use]
    pub fn n_excluded(&self) -> u64 {
        todo!()
    }

    /// Jobs that are run: `n_jobs - n_excluded`.
    #[must_use]
    pub fn n_runs(&self) -> u64 {
        todo!()
    }

    /// Cells, excluded ones included.
    #[must_use]
    pub fn n_cells(&self) -> u64 {
        todo!()
    }

    /// Runs in a cell.
    #[must_use]
    pub fn n_replicates(&self) -> u32 {
        todo!()
    }

    /// Whether that job is left out.
    #[must_use]
    pub fn is_excluded(&self, job: JobNumber) -> bool {
        todo!()
    }

    /// The job's settings, every default written out.
    #[must_use]
    pub fn settings(&self, job: JobNumber) -> RunSettings {
        todo!()
    }

    /// Where the job stands.
    #[must_use]
    pub fn place(&self, job: JobNumber) -> RunPlace {
        todo!()
    }

    /// The job of a run: the inverse of [`Plan::place`].
    #[must_use]
    pub fn job_of_run(&self, run: u64) -> JobNumber {
        todo!()
    }

    /// The job at a position of the sweep's order, over `0..n_jobs`.
    #[must_use]
    pub fn job_at(&self, position: u64) -> JobNumber {
        todo!()
    }

    /// The position of a job in the sweep's order: the inverse of [`Plan::job_at`].
    #[must_use]
    pub fn position_of(&self, job: JobNumber) -> u64 {
        todo!()
    }

    /// The columns that hold the axes' values.
    #[must_use]
    pub fn axis_columns(&self) -> Vec<AxisColumn> {
        todo!()
    }

    /// The job's values of [`Plan::axis_columns`].
    #[must_use]
    pub fn axis_cells(&self, job: JobNumber) -> Vec<Cell> {
        todo!()
    }

    /// The cell's axis values for people: `hidden=256-256 learning_rate=0.1`; `all` where there is no axis.
    #[must_use]
    pub fn cell_label(&self, job: JobNumber) -> String {
        todo!()
    }
}
