//! One row of `statistics.parquet`.

use traipse_sweep::Plan;
use traipse_sweep::columns::Table;
use traipse_sweep::rows::Cell;

use super::cell::CellValues;
use super::metrics::Metric;
use crate::Error;
use crate::collect::axis_specs;
use crate::schema::Spec;
use crate::statistics::Summary;
use crate::statistics::design::Design;
use crate::statistics::limits::CI_LEVEL;
use crate::table_writer::TableWriter;

/// The columns of the table: the axes', then the catalogue's.
pub(crate) fn columns(plan: &Plan) -> Vec<Spec> {
    let fixed = Table::Statistics.columns().iter().map(|&column| Spec::from(column));
    axis_specs(Table::Statistics, plan).into_iter().chain(fixed).collect()
}

/// What all rows of a cell share.
pub(crate) struct CellHead<'a> {
    axes: Vec<Cell>,
    label: String,
    design: &'static str,
    values: &'a CellValues,
    n_total: u32,
}

impl<'a> CellHead<'a> {
    pub(crate) fn new(plan: &Plan, values: &'a CellValues, design: &Design) -> Self {
        let job = plan.job_of_run(values.runs[0]);
        Self {
            axes: plan.axis_cells(job),
            label: plan.cell_label(job),
            design: design.as_str(),
            values,
            n_total: values.runs.len() as u32,
        }
    }

    /// Adds a metric's row.
    pub(crate) fn push(
        &self,
        writer: &mut TableWriter,
        metric: &Metric,
        at: Option<(u64, f64)>,
        found: &Summary,
    ) -> Result<(), Error> {
        let (step, epoch) = at.unzip();
        let low = |limits: Option<(f64, f64)>| Cell::from(limits.map(|limits| limits.0));
        let high = |limits: Option<(f64, f64)>| Cell::from(limits.map(|limits| limits.1));
        let fixed = [
            Cell::U64(self.values.cell),
            Cell::from(self.label.as_str()),
            Cell::from(metric.level.as_str()),
            Cell::from(metric.name.as_str()),
            Cell::from(metric.unit),
            Cell::from(step),
            Cell::from(epoch),
            Cell::from(self.design),
            Cell::U32(self.n_total),
            Cell::U32(found.n_value),
            Cell::U32(self.values.n_succeeded),
            Cell::U32(self.values.n_diverged),
            Cell::U32(self.values.n_failed),
            Cell::Bool(found.n_value < self.n_total),
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
        ];
        for (at, cell) in self.axes.iter().chain(&fixed).enumerate() {
            writer.column(at).push(cell).expect("these cells stand in the order of the catalogue");
        }
        writer.end_rows(1)
    }
}
