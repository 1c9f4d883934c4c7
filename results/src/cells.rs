//! What a person wants to see of a cell at the end of a sweep.

use traipse_sweep::Plan;
use traipse_sweep::columns::ColumnType;
use traipse_sweep::rows::Cell;

use crate::aggregate::{CellValues, Registry};
use crate::statistics::limits::Z;
use crate::statistics::sums::mean;
use crate::statistics::{Kind, Summarizer};

/// Cells of which summaries are kept; a sweep with more gets none.
pub const MAX_SUMMARIES: u64 = 10_000;

/// A mean over a cell's runs with its interval at 95 %.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Mean over the runs that have a value.
    pub mean: f64,
    /// Lower and upper limit; none with fewer than two values.
    pub limits: Option<(f64, f64)>,
}

/// One cell in a few numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct CellSummary {
    /// Index of the cell.
    pub cell: u64,
    /// Its axis values, for people.
    pub label: String,
    /// Its axis columns (without the lists that double a text): name and value.
    pub axes: Vec<(String, Cell)>,
    /// Runs of the cell.
    pub n_total: u32,
    /// Runs that succeeded.
    pub n_succeeded: u32,
    /// Runs that diverged.
    pub n_diverged: u32,
    /// Runs that failed, were cancelled or quarantined.
    pub n_failed: u32,
    /// Runs that succeeded without settling: at q = 1 %, less than four times t* was trained.
    pub n_not_converged: u32,
    /// Not every run succeeded: the means describe the others.
    pub survivors_only: bool,
    /// `final_test_error`.
    pub test_error: Option<Estimate>,
    /// `travel_fraction` at q = 1 %: travel after convergence as a share of the whole displacement.
    pub travel_fraction: Option<Estimate>,
    /// Mean of the same for a straight line.
    pub travel_fraction_line: Option<f64>,
    /// Mean of the same for a random walk.
    pub travel_fraction_walk: Option<f64>,
    /// `pca_explained_1`: share of the path's variance along its first component.
    pub pca_explained_1: Option<Estimate>,
    /// Mean over runs of (mean ∓ 1.96 sd) of the same under random signs of the steps.
    pub pca_explained_1_signs: Option<(f64, f64)>,
}

/// Summarises a cell from its values.
pub(crate) fn summary(
    plan: &Plan,
    values: &CellValues,
    registry: &Registry,
    summarizer: &mut Summarizer,
) -> CellSummary {
    let job = plan.job_of_run(values.runs[0]);
    let names = plan.axis_columns().into_iter().filter(|axis| axis.ty != ColumnType::ListU64).map(|axis| axis.name);
    let cells = plan.axis_cells(job).into_iter().filter(|cell| !matches!(cell, Cell::ListU64(_)));
    let column = |name: &str| registry.run_metric(name).map_or(&[][..], |at| values.metric(at));
    let mut estimate = |name: &str| {
        let found = summarizer.summarize(column(name), Kind::Number, None);
        found.mean.map(|mean| Estimate { mean, limits: found.t })
    };
    let n_total = values.runs.len() as u32;
    CellSummary {
        cell: values.cell,
        label: plan.cell_label(job),
        axes: names.zip(cells).collect(),
        n_total,
        n_succeeded: values.n_succeeded,
        n_diverged: values.n_diverged,
        n_failed: values.n_failed,
        n_not_converged: values.n_not_converged,
        survivors_only: values.n_succeeded < n_total,
        test_error: estimate("final_test_error"),
        travel_fraction: estimate("travel_fraction_q01"),
        travel_fraction_line: estimate("travel_fraction_line_q01").map(|found| found.mean),
        travel_fraction_walk: estimate("travel_fraction_walk_q01").map(|found| found.mean),
        pca_explained_1: estimate("pca_explained_1"),
        pca_explained_1_signs: signs(column("null_signs_pca_explained_1"), column("null_signs_pca_explained_1_sd")),
    }
}

/// Mean over runs of the null's mean ∓ 1.96 sd.
fn signs(means: &[f64], deviations: &[f64]) -> Option<(f64, f64)> {
    let both = means.iter().zip(deviations).filter(|(mean, sd)| !mean.is_nan() && !sd.is_nan());
    let (low, high): (Vec<f64>, Vec<f64>) = both.map(|(mean, sd)| (mean - Z * sd, mean + Z * sd)).unzip();
    (!low.is_empty()).then(|| (mean(&low), mean(&high)))
}
