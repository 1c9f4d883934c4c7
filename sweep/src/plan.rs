//! Lazy expansion: a job's settings, cell and replicate are computed from its number; nothing is ever materialised.

use std::sync::Arc;

use crate::ids::JobNumber;
use crate::settings::RunSettings;
use crate::spec::SweepSpec;

/// A spec made ready to be asked about any job in time and memory that do not depend on the grid's size.
#[derive(Clone, Debug)]
pub struct Plan {
    spec: Arc<SweepSpec>,
    // To be filled in: blocks (bases, radices), axes with zips folded in, exclusions as digit masks.
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
