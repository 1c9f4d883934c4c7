//! `convergence.parquet`: one row a run and threshold: when the loss had converged, and what the weights did then.

use super::{ColumnDef, ColumnType, Probe, Source, Table, column};

/// The run, as in runs.
pub static RUN: ColumnDef =
    column(Table::Convergence, "run", ColumnType::U64, false, "1", Source::Plan, "the run, as in runs");
/// Threshold: 0.05, 0.01 or 0.001.
pub static Q: ColumnDef =
    column(Table::Convergence, "q", ColumnType::F64, false, "frac", Source::Worker, "threshold: 0.05, 0.01 or 0.001");
/// T*: the first snapshot from which J(t) − J_min ≤ q (J(0) − J_min), there and at every later one; J is the objective on the probe set.
pub static STEP: ColumnDef = column(
    Table::Convergence,
    "step",
    ColumnType::U64,
    true,
    "step",
    Source::Worker,
    "t*: the first snapshot from which J(t) − J_min ≤ q (J(0) − J_min), there and at every later one; J is the objective on the probe set",
);
/// T* in epochs.
pub static EPOCH: ColumnDef =
    column(Table::Convergence, "epoch", ColumnType::F64, true, "epoch", Source::Worker, "t* in epochs");
/// Steps between t* and the snapshot before it: how finely t* is known.
pub static RESOLVED_STRIDE: ColumnDef = column(
    Table::Convergence,
    "resolved_stride",
    ColumnType::U32,
    true,
    "step",
    Source::Worker,
    "steps between t* and the snapshot before it: how finely t* is known",
);
/// Why what follows is null: not-converged (T < 4 t*, or the objective ended above the threshold), diverged, never-fell, did-not-move, few-points (for the slope alone), not-finite.
pub static STATUS: ColumnDef = column(
    Table::Convergence,
    "status",
    ColumnType::Utf8,
    true,
    "1",
    Source::Worker,
    "why what follows is null: not-converged (T < 4 t*, or the objective ended above the threshold), diverged, never-fell, did-not-move, few-points (for the slope alone), not-finite",
);
/// ‖θT − θt*‖; like all that follows it null where T < 4 t*, since a training that short has not converged.
pub static TRAVEL: ColumnDef = column(
    Table::Convergence,
    "travel",
    ColumnType::F64,
    true,
    "w",
    Source::Worker,
    "‖θT − θt*‖; like all that follows it null where T < 4 t*, since a training that short has not converged",
);
/// Travel / displacement.
pub static TRAVEL_FRACTION: ColumnDef =
    column(Table::Convergence, "travel_fraction", ColumnType::F64, true, "1", Source::Worker, "travel / displacement");
/// The same for a straight line with the same step norms.
pub static TRAVEL_FRACTION_LINE: ColumnDef = column(
    Table::Convergence,
    "travel_fraction_line",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "the same for a straight line with the same step norms",
);
/// The same for a random walk with the same step norms: √(Σ after t* / Σ all) of squared norms.
pub static TRAVEL_FRACTION_WALK: ColumnDef = column(
    Table::Convergence,
    "travel_fraction_walk",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "the same for a random walk with the same step norms: √(Σ after t* / Σ all) of squared norms",
);
/// Share of path_length (every optimiser step) after t*.
pub static PATH_FRACTION: ColumnDef = column(
    Table::Convergence,
    "path_fraction",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "share of path_length (every optimiser step) after t*",
);
/// J(t*) / J(T), both on the probe set, as t* is; given wherever there is a t*.
pub static OBJECTIVE_RATIO: ColumnDef = column(
    Table::Convergence,
    "objective_ratio",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "J(t*) / J(T), both on the probe set, as t* is; given wherever there is a t*",
);
/// Share of travel² along θt*: ((θT − θt*)·θt*)² / (‖θt*‖² ‖θT − θt*‖²).
pub static RADIAL_SHARE: ColumnDef = column(
    Table::Convergence,
    "radial_share",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "share of travel² along θt*: ((θT − θt*)·θt*)² / (‖θt*‖² ‖θT − θt*‖²)",
);
/// Travel / (rate_time at T − rate_time at t*).
pub static TRAVEL_PER_RATE_TIME: ColumnDef = column(
    Table::Convergence,
    "travel_per_rate_time",
    ColumnType::F64,
    true,
    "w",
    Source::Worker,
    "travel / (rate_time at T − rate_time at t*)",
);
/// Least-squares slope of log ‖θt − θt*‖² against log (t − t*) over t − t* ≥ (T − t*)/4, at least three snapshots: 2 for a line, 1 for a walk, 0 for hovering.
pub static SLOPE: ColumnDef = column(
    Table::Convergence,
    "slope",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "least-squares slope of log ‖θt − θt*‖² against log (t − t*) over t − t* ≥ (T − t*)/4, at least three snapshots: 2 for a line, 1 for a walk, 0 for hovering",
);
/// Objective_gradient_norm at t*; given wherever there is a t*.
pub static OBJECTIVE_GRADIENT_NORM: ColumnDef = column(
    Table::Convergence,
    "objective_gradient_norm",
    ColumnType::F64,
    true,
    "nat/w",
    Source::Worker,
    "objective_gradient_norm at t*; given wherever there is a t*",
);

/// U'Hu/u'u at t* on the probe set for u = θT − θt*.
pub static CURVATURE_OF_TRAVEL: ColumnDef = column(
    Table::Convergence,
    "curvature_of_travel",
    ColumnType::F64,
    true,
    "nat/w²",
    Source::Worker,
    "u'Hu/u'u at t* on the probe set for u = θT − θt*",
)
.asked_by(&[Probe::Hessian]);
/// Largest Ritz value at t*.
pub static HESSIAN_MAX: ColumnDef = column(
    Table::Convergence,
    "hessian_max",
    ColumnType::F64,
    true,
    "nat/w²",
    Source::Worker,
    "largest Ritz value at t*",
)
.asked_by(&[Probe::Hessian]);

/// The columns in their order.
pub static ALL: [&ColumnDef; 18] = [
    &RUN,
    &Q,
    &STEP,
    &EPOCH,
    &RESOLVED_STRIDE,
    &STATUS,
    &TRAVEL,
    &TRAVEL_FRACTION,
    &TRAVEL_FRACTION_LINE,
    &TRAVEL_FRACTION_WALK,
    &PATH_FRACTION,
    &OBJECTIVE_RATIO,
    &RADIAL_SHARE,
    &TRAVEL_PER_RATE_TIME,
    &SLOPE,
    &OBJECTIVE_GRADIENT_NORM,
    &CURVATURE_OF_TRAVEL,
    &HESSIAN_MAX,
];
