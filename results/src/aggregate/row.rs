//! One row of `statistics.parquet`.

use traipse_sweep::Plan;
use traipse_sweep::columns::{Table, statistics};
use traipse_sweep::rows::Cell;

use super::cell::CellValues;
use super::compared::Key;
use super::metrics::{Level, Metric};
use crate::Error;
use crate::collect::axis_specs;
use crate::schema::Spec;
use crate::statistics::Summary;
use crate::statistics::design::Design;
use crate::statistics::limits::CI_LEVEL;
use crate::table_writer::TableWriter;

/// The columns of the table: the axes', then the catalogue's, as far as the sweep has them.
pub(crate) fn columns(plan: &Plan) -> Vec<Spec> {
    let fixed = Table::Statistics.columns().iter().filter(|column| column.is_in(plan.spec()));
    axis_specs(Table::Statistics, plan).into_iter().chain(fixed.map(|&column| Spec::from(column))).collect()
}

/// What all rows of a cell share.
pub(crate) struct CellHead<'a> {
    axes: Vec<Cell>,
    label: String,
    plan: &'a Plan,
    design: &'static str,
    values: &'a CellValues,
    n_total: u32,
}

/// Where within its cell a row stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct At<'a> {
    pub(crate) step: Option<u64>,
    pub(crate) epoch: Option<f64>,
    pub(crate) layer: Option<u32>,
    pub(crate) compared: Option<&'a Key>,
    /// The design, where it is not the cell's.
    pub(crate) design: Option<&'static str>,
}

impl<'a> CellHead<'a> {
    pub(crate) fn new(plan: &'a Plan, values: &'a CellValues, design: &Design) -> Self {
        let job = plan.job_of_run(values.runs[0]);
        Self {
            axes: plan.axis_cells(job),
            label: plan.cell_label(job),
            plan,
            design: design.as_str(),
            values,
            n_total: values.runs.len() as u32,
        }
    }

    /// How many seeds the cell has.
    pub(crate) fn n_seeds(&self) -> usize {
        self.plan.n_replicates() as usize / self.plan.spec().n_branches.max(1) as usize
    }

    /// Adds a metric's row.
    pub(crate) fn push(
        &self,
        writer: &mut TableWriter,
        metric: &Metric,
        at: At<'_>,
        found: &Summary,
    ) -> Result<(), Error> {
        let place = [
            Cell::U64(self.values.cell),
            Cell::from(self.label.as_str()),
            Cell::from(metric.level.as_str()),
            Cell::from(metric.name.as_str()),
            Cell::from(metric.unit),
            Cell::from(at.step),
            Cell::from(at.epoch),
        ];
        let asked = self.asked(at);
        let counts = [
            Cell::from(at.design.unwrap_or(self.design)),
            Cell::U32(self.n_total),
            Cell::U32(found.n_value),
            Cell::U32(self.values.n_succeeded),
            Cell::U32(self.values.n_diverged),
            Cell::U32(self.values.n_failed),
            Cell::Bool(match metric.level {
                Level::Comparison => (found.n_value as usize) < self.n_seeds(),
                _ => found.n_runs < self.n_total,
            }),
        ];
        let cells = self.axes.iter().chain(&place).chain(&asked).chain(&counts).cloned().chain(statistics(found));
        for (at, cell) in cells.enumerate() {
            writer.column(at).push(&cell).expect("these cells stand in the order of the catalogue");
        }
        writer.end_rows(1)
    }

    /// The cells of the columns that sweeps have which compare, or which ask for layers.
    fn asked(&self, at: At<'_>) -> Vec<Cell> {
        let (spec, mut cells) = (self.plan.spec(), Vec::new());
        if statistics::COMPARE.is_in(spec) {
            let compare = at.compared.map(|key| &spec.compare[key.compare]);
            cells.extend([
                Cell::from(at.compared.map(|key| key.compare as u32)),
                Cell::from(compare.map(|compare| compare.probe.as_str().to_owned())),
                Cell::from(compare.map(|compare| compare.over.clone())),
                Cell::from(at.compared.map(|key| key.at.clone())),
                Cell::from(at.compared.map(|key| key.aligned)),
            ]);
        }
        if statistics::LAYER.is_in(spec) {
            cells.push(Cell::from(at.layer));
        }
        cells
    }
}

/// The cells from `mean` on.
fn statistics(found: &Summary) -> [Cell; 18] {
    let low = |limits: Option<(f64, f64)>| Cell::from(limits.map(|limits| limits.0));
    let high = |limits: Option<(f64, f64)>| Cell::from(limits.map(|limits| limits.1));
    [
        Cell::from(found.mean),
        Cell::from(found.sd),
        Cell::from(found.sem),
        Cell::from(found.median),
        Cell::from(found.q05),
        Cell::from(found.q25),
        Cell::from(found.q75),
        Cell::from(found.q95),
        Cell::from(found.min),
        Cell::from(found.max),
        low(found.t),
        high(found.t),
        low(found.bootstrap),
        high(found.bootstrap),
        Cell::F64(CI_LEVEL),
        Cell::from(found.geometric_mean),
        low(found.log_t),
        high(found.log_t),
    ]
}
