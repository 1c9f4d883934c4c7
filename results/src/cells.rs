//! What a person wants to see of a cell at the end of a sweep.

use traipse_sweep::rows::Cell;

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
