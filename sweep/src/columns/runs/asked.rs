//! The columns of `runs.parquet` that probes, forks and comparisons bring when they are asked for.

use super::super::{ColumnDef, ColumnType, Probe, Source, Table, column};

/// Optimiser updates before the fork.
pub static FORK_STEP: ColumnDef = column(
    Table::Runs,
    "fork_step",
    ColumnType::U64,
    true,
    "step",
    Source::Worker,
    "optimiser updates before the fork",
)
.asked_by(&[Probe::Fork]);
/// Which branch of its seed; 0 is the trunk.
pub static BRANCH: ColumnDef =
    column(Table::Runs, "branch", ColumnType::U32, true, "1", Source::Plan, "which branch of its seed; 0 is the trunk")
        .asked_by(&[Probe::Fork]);
/// How far full-batch L-BFGS on the objective goes from θT.
pub static POLISH_DISTANCE: ColumnDef = column(
    Table::Runs,
    "polish_distance",
    ColumnType::F64,
    true,
    "w",
    Source::Worker,
    "how far full-batch L-BFGS on the objective goes from θT",
)
.asked_by(&[Probe::Polish]);
/// How much lower it gets.
pub static POLISH_DROP: ColumnDef =
    column(Table::Runs, "polish_drop", ColumnType::F64, true, "nat", Source::Worker, "how much lower it gets")
        .asked_by(&[Probe::Polish]);
/// Objective gradient norm where it stops.
pub static POLISH_GRADIENT_NORM: ColumnDef = column(
    Table::Runs,
    "polish_gradient_norm",
    ColumnType::F64,
    true,
    "nat/w",
    Source::Worker,
    "objective gradient norm where it stops",
)
.asked_by(&[Probe::Polish]);
/// Iterations it took.
pub static POLISH_ITERATIONS: ColumnDef =
    column(Table::Runs, "polish_iterations", ColumnType::U32, true, "1", Source::Worker, "iterations it took")
        .asked_by(&[Probe::Polish]);
/// Mean over the first three components of |correlation of their scores with a cosine of as many half periods|: 1 for a random walk.
pub static LISSAJOUS_CORRELATION: ColumnDef = column(Table::Runs, "lissajous_correlation", ColumnType::F64, true, "1", Source::Worker, "mean over the first three components of |correlation of their scores with a cosine of as many half periods|: 1 for a random walk").asked_by(&[Probe::Dimension]);
/// Shares of variance of the first principal components of the steps between snapshots.
pub static INCREMENTS_EXPLAINED: ColumnDef = column(
    Table::Runs,
    "increments_explained",
    ColumnType::ListF64,
    true,
    "frac",
    Source::Worker,
    "shares of variance of the first principal components of the steps between snapshots",
)
.asked_by(&[Probe::Dimension]);
/// (Σλ)² / Σλ² of the steps between snapshots.
pub static INCREMENTS_PARTICIPATION: ColumnDef = column(
    Table::Runs,
    "increments_participation",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "(Σλ)² / Σλ² of the steps between snapshots",
)
.asked_by(&[Probe::Dimension]);
/// Share of the first component in each of the windows of the path, early to late.
pub static WINDOW_EXPLAINED: ColumnDef = column(
    Table::Runs,
    "window_explained",
    ColumnType::ListF64,
    true,
    "frac",
    Source::Worker,
    "share of the first component in each of the windows of the path, early to late",
)
.asked_by(&[Probe::Dimension]);
/// Largest principal angle between the leading subspaces of consecutive windows.
pub static WINDOW_ANGLES: ColumnDef = column(
    Table::Runs,
    "window_angles",
    ColumnType::ListF64,
    true,
    "rad",
    Source::Worker,
    "largest principal angle between the leading subspaces of consecutive windows",
)
.asked_by(&[Probe::Dimension]);
/// Log-log slope of the mean squared displacement against the lag, first third of the path: 1 for a walk, 2 for a line.
pub static DIFFUSION_EXPONENT_EARLY: ColumnDef = column(Table::Runs, "diffusion_exponent_early", ColumnType::F64, true, "1", Source::Worker, "log-log slope of the mean squared displacement against the lag, first third of the path: 1 for a walk, 2 for a line").asked_by(&[Probe::Diffusion]);
/// The same, last third.
pub static DIFFUSION_EXPONENT_LATE: ColumnDef =
    column(Table::Runs, "diffusion_exponent_late", ColumnType::F64, true, "1", Source::Worker, "the same, last third")
        .asked_by(&[Probe::Diffusion]);
/// Smallest lag of the fits.
pub static DIFFUSION_LAG_MIN: ColumnDef =
    column(Table::Runs, "diffusion_lag_min", ColumnType::U64, true, "step", Source::Worker, "smallest lag of the fits")
        .asked_by(&[Probe::Diffusion]);
/// Largest lag of the fits.
pub static DIFFUSION_LAG_MAX: ColumnDef =
    column(Table::Runs, "diffusion_lag_max", ColumnType::U64, true, "step", Source::Worker, "largest lag of the fits")
        .asked_by(&[Probe::Diffusion]);
/// Hessian_max at the end.
pub static HESSIAN_MAX_FINAL: ColumnDef =
    column(Table::Runs, "hessian_max_final", ColumnType::F64, true, "nat/w²", Source::Worker, "hessian_max at the end")
        .asked_by(&[Probe::Hessian]);
/// Share of the snapshots with a certificate whose certificate is negative.
pub static NONCONVEX_FRACTION: ColumnDef = column(
    Table::Runs,
    "nonconvex_fraction",
    ColumnType::F64,
    true,
    "frac",
    Source::Worker,
    "share of the snapshots with a certificate whose certificate is negative",
)
.asked_by(&[Probe::Hessian]);
/// Barrier_max of the line from start to end.
pub static INTERPOLATION_BUMP: ColumnDef = column(
    Table::Runs,
    "interpolation_bump",
    ColumnType::F64,
    true,
    "nat",
    Source::Worker,
    "barrier_max of the line from start to end",
)
.asked_by(&[Probe::Interpolation]);
/// Whether the training loss never rises along that line.
pub static INTERPOLATION_MONOTONE: ColumnDef = column(
    Table::Runs,
    "interpolation_monotone",
    ColumnType::Bool,
    true,
    "1",
    Source::Worker,
    "whether the training loss never rises along that line",
)
.asked_by(&[Probe::Interpolation]);
/// Mean barrier_chord of the comparisons between this run at its end and its siblings.
pub static BARRIER_SIBLING_CHORD: ColumnDef = column(
    Table::Runs,
    "barrier_sibling_chord",
    ColumnType::F64,
    true,
    "nat",
    Source::Merge,
    "mean barrier_chord of the comparisons between this run at its end and its siblings",
)
.asked_by(&[Probe::Compare]);
