//! What is kept of the runs for contrasts between cells: every metric by seed, as long as it fits.

use std::collections::BTreeMap;

use super::cell::CellValues;
use super::metrics::{Level, Metric};
use crate::statistics::by_seed;

/// Numbers that are kept at most (cells × metrics of runs × seeds): 128 MiB. A larger sweep has no contrasts.
pub(crate) const MAX_VALUES: usize = 1 << 24;

/// The runs' metrics of all cells; empty where there are more than [`MAX_VALUES`].
#[derive(Debug)]
pub(crate) struct Kept {
    n_branches: usize,
    cells: BTreeMap<u64, Vec<Vec<f64>>>,
    n_values: usize,
    /// The runs' metrics by name; those of nulls are not among them.
    pub(crate) metrics: Vec<Metric>,
}

impl Kept {
    pub(crate) fn new(n_branches: usize) -> Self {
        Self { n_branches, cells: BTreeMap::new(), n_values: 0, metrics: Vec::new() }
    }

    /// Keeps a cell's metrics.
    pub(crate) fn add(&mut self, values: &CellValues, n_metrics: usize) {
        if self.overflows() {
            return;
        }
        let of_cell: Vec<_> = (0..n_metrics).map(|at| by_seed(values.metric(at), self.n_branches)).collect();
        self.n_values += of_cell.iter().map(Vec::len).sum::<usize>();
        self.cells.insert(values.cell, of_cell);
        if self.overflows() {
            self.cells.clear();
        }
    }

    /// Names the metrics once all are known.
    pub(crate) fn name(&mut self, metrics: Vec<Metric>) {
        let counts = |metric: &Metric| metric.level == Level::Run && !metric.name.starts_with("null_");
        self.metrics = metrics.into_iter().filter(counts).collect();
    }

    /// Whether there was too much to keep.
    pub(crate) fn overflows(&self) -> bool {
        self.n_values > MAX_VALUES
    }

    /// A metric of a cell by seed; empty where there is none.
    pub(crate) fn metric(&self, cell: u64, at: usize) -> &[f64] {
        self.cells.get(&cell).and_then(|metrics| metrics.get(at)).map_or(&[], Vec::as_slice)
    }
}
