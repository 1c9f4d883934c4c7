//! `nulls.parquet`: one row a run, window, statistic and null: how unusual the path is.

use super::{ColumnDef, ColumnType, Source, Table, column};

/// The run, as in runs.
pub static RUN: ColumnDef =
    column(Table::Nulls, "run", ColumnType::U64, false, "1", Source::Plan, "the run, as in runs");
/// Part of the trajectory: all, early, middle or late (thirds of the snapshot intervals).
pub static WINDOW: ColumnDef = column(
    Table::Nulls,
    "window",
    ColumnType::Utf8,
    false,
    "1",
    Source::Worker,
    "part of the trajectory: all, early, middle or late (thirds of the snapshot intervals)",
);
/// Pca_explained_1, pca_participation (of the window's snapshots), or persistence: ‖Σ steps‖² / Σ‖step‖² over the window's steps between snapshots, 1 for a walk, their number for a line.
pub static STATISTIC: ColumnDef = column(
    Table::Nulls,
    "statistic",
    ColumnType::Utf8,
    false,
    "1",
    Source::Worker,
    "pca_explained_1, pca_participation (of the window's snapshots), or persistence: ‖Σ steps‖² / Σ‖step‖² over the window's steps between snapshots, 1 for a walk, their number for a line",
);
/// Null: walk (steps of the observed norms in random directions), signs (observed steps with random signs) or shuffled (the window's own steps in random order within blocks of equal learning rate).
pub static KIND: ColumnDef = column(
    Table::Nulls,
    "kind",
    ColumnType::Utf8,
    false,
    "1",
    Source::Worker,
    "null: walk (steps of the observed norms in random directions), signs (observed steps with random signs) or shuffled (the window's own steps in random order within blocks of equal learning rate)",
);
/// The run's value.
pub static OBSERVED: ColumnDef =
    column(Table::Nulls, "observed", ColumnType::F64, true, "1", Source::Worker, "the run's value");
/// Mean under the null.
pub static MEAN: ColumnDef =
    column(Table::Nulls, "mean", ColumnType::F64, true, "1", Source::Worker, "mean under the null");
/// Standard deviation under the null (ddof 1).
pub static SD: ColumnDef = column(
    Table::Nulls,
    "sd",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "standard deviation under the null (ddof 1)",
);
/// (1 + number of samples ≤ observed) / (n + 1); equal means within 1e-9 of the observed value.
pub static P_LOW: ColumnDef = column(
    Table::Nulls,
    "p_low",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "(1 + number of samples ≤ observed) / (n + 1); equal means within 1e-9 of the observed value",
);
/// (1 + number of samples ≥ observed) / (n + 1); equal means within 1e-9 of the observed value.
pub static P_HIGH: ColumnDef = column(
    Table::Nulls,
    "p_high",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "(1 + number of samples ≥ observed) / (n + 1); equal means within 1e-9 of the observed value",
);
/// Samples behind the null; 0 where there is none.
pub static N: ColumnDef = column(
    Table::Nulls,
    "n",
    ColumnType::U32,
    false,
    "1",
    Source::Worker,
    "samples behind the null; 0 where there is none",
);
/// Why the null is null (kept-by-shuffle, nothing-to-shuffle), or the observed value too (short-window, did-not-move, one-snapshot, too-many-snapshots, diverged).
pub static STATUS: ColumnDef = column(
    Table::Nulls,
    "status",
    ColumnType::Utf8,
    true,
    "1",
    Source::Worker,
    "why the null is null (kept-by-shuffle, nothing-to-shuffle), or the observed value too (short-window, did-not-move, one-snapshot, too-many-snapshots, diverged)",
);

/// The columns in their order.
pub static ALL: [&ColumnDef; 11] =
    [&RUN, &WINDOW, &STATISTIC, &KIND, &OBSERVED, &MEAN, &SD, &P_LOW, &P_HIGH, &N, &STATUS];
