//! `curves.parquet`: one row a curve: mean squared displacements, and the loss along segments of a run's path.

use super::{ColumnDef, ColumnType, Source, Table, column};

/// The run, as in runs.
pub static RUN: ColumnDef =
    column(Table::Curves, "run", ColumnType::U64, false, "1", Source::Plan, "the run, as in runs");
/// Msd-early, msd-late, msd-origin; start-end, snapshot-end, consecutive.
pub static KIND: ColumnDef = column(
    Table::Curves,
    "kind",
    ColumnType::Utf8,
    false,
    "1",
    Source::Worker,
    "msd-early, msd-late, msd-origin; start-end, snapshot-end, consecutive",
);
/// Where the curve begins.
pub static STEP: ColumnDef =
    column(Table::Curves, "step", ColumnType::U64, false, "step", Source::Worker, "where the curve begins");
/// Where it ends.
pub static TO_STEP: ColumnDef =
    column(Table::Curves, "to_step", ColumnType::U64, true, "step", Source::Worker, "where it ends");
/// Lag in steps, or the share of the segment from 0 to 1.
pub static X: ColumnDef = column(
    Table::Curves,
    "x",
    ColumnType::ListF64,
    false,
    "1",
    Source::Worker,
    "lag in steps, or the share of the segment from 0 to 1",
);
/// Mean squared displacement (w²), or the loss on the probe set (nat).
pub static Y: ColumnDef = column(
    Table::Curves,
    "y",
    ColumnType::ListF64,
    false,
    "1",
    Source::Worker,
    "mean squared displacement (w²), or the loss on the probe set (nat)",
);
/// Test loss along a segment.
pub static TEST_LOSS: ColumnDef =
    column(Table::Curves, "test_loss", ColumnType::ListF64, true, "nat", Source::Worker, "test loss along a segment");
/// Error on the probe set along a segment.
pub static TRAIN_ERROR: ColumnDef = column(
    Table::Curves,
    "train_error",
    ColumnType::ListF64,
    true,
    "frac",
    Source::Worker,
    "error on the probe set along a segment",
);
/// Test error along a segment.
pub static TEST_ERROR: ColumnDef = column(
    Table::Curves,
    "test_error",
    ColumnType::ListF64,
    true,
    "frac",
    Source::Worker,
    "test error along a segment",
);
/// Highest interior loss over the mean of the two ends.
pub static BARRIER_MEAN: ColumnDef = column(
    Table::Curves,
    "barrier_mean",
    ColumnType::F64,
    true,
    "nat",
    Source::Worker,
    "highest interior loss over the mean of the two ends",
);
/// Highest interior loss over the chord: a convexity violation where positive.
pub static BARRIER_CHORD: ColumnDef = column(
    Table::Curves,
    "barrier_chord",
    ColumnType::F64,
    true,
    "nat",
    Source::Worker,
    "highest interior loss over the chord: a convexity violation where positive",
);
/// Highest interior loss over the higher end.
pub static BARRIER_MAX: ColumnDef = column(
    Table::Curves,
    "barrier_max",
    ColumnType::F64,
    true,
    "nat",
    Source::Worker,
    "highest interior loss over the higher end",
);
/// Largest difference of the loss from that in f64 with the examples in reverse, at the ends and the middle.
pub static LOSS_ERROR: ColumnDef = column(
    Table::Curves,
    "loss_error",
    ColumnType::F64,
    true,
    "nat",
    Source::Worker,
    "largest difference of the loss from that in f64 with the examples in reverse, at the ends and the middle",
);
/// Smallest second difference of the loss over neighbouring points.
pub static MIN_SECOND_DIFFERENCE: ColumnDef = column(
    Table::Curves,
    "min_second_difference",
    ColumnType::F64,
    true,
    "nat",
    Source::Worker,
    "smallest second difference of the loss over neighbouring points",
);
/// Interior points above the chord by more than 3 × loss_error.
pub static VIOLATIONS: ColumnDef = column(
    Table::Curves,
    "violations",
    ColumnType::U32,
    true,
    "1",
    Source::Worker,
    "interior points above the chord by more than 3 × loss_error",
);
/// Whether the loss never rises by more than 3 × loss_error.
pub static MONOTONE: ColumnDef = column(
    Table::Curves,
    "monotone",
    ColumnType::Bool,
    true,
    "1",
    Source::Worker,
    "whether the loss never rises by more than 3 × loss_error",
);
/// Log-log slope of a mean squared displacement.
pub static EXPONENT: ColumnDef = column(
    Table::Curves,
    "exponent",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "log-log slope of a mean squared displacement",
);
/// Why a value is null.
pub static STATUS: ColumnDef =
    column(Table::Curves, "status", ColumnType::Utf8, true, "1", Source::Worker, "why a value is null");

/// The columns in their order.
pub static ALL: [&ColumnDef; 18] = [
    &RUN,
    &KIND,
    &STEP,
    &TO_STEP,
    &X,
    &Y,
    &TEST_LOSS,
    &TRAIN_ERROR,
    &TEST_ERROR,
    &BARRIER_MEAN,
    &BARRIER_CHORD,
    &BARRIER_MAX,
    &LOSS_ERROR,
    &MIN_SECOND_DIFFERENCE,
    &VIOLATIONS,
    &MONOTONE,
    &EXPONENT,
    &STATUS,
];
