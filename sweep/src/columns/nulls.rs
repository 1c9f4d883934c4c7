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
/// Pca_explained_1, pca_participation or persistence.
pub static STATISTIC: ColumnDef = column(
    Table::Nulls,
    "statistic",
    ColumnType::Utf8,
    false,
    "1",
    Source::Worker,
    "pca_explained_1, pca_participation or persistence",
);
/// Null: walk (steps of the observed norms in random directions), signs (observed steps with random signs) or shuffled (observed steps in random order within blocks of equal learning rate).
pub static KIND: ColumnDef = column(
    Table::Nulls,
    "kind",
    ColumnType::Utf8,
    false,
    "1",
    Source::Worker,
    "null: walk (steps of the observed norms in random directions), signs (observed steps with random signs) or shuffled (observed steps in random order within blocks of equal learning rate)",
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
/// (1 + number of samples ≤ observed) / (n + 1).
pub static P_LOW: ColumnDef = column(
    Table::Nulls,
    "p_low",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "(1 + number of samples ≤ observed) / (n + 1)",
);
/// (1 + number of samples ≥ observed) / (n + 1).
pub static P_HIGH: ColumnDef = column(
    Table::Nulls,
    "p_high",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "(1 + number of samples ≥ observed) / (n + 1)",
);
/// Samples drawn.
pub static N: ColumnDef = column(Table::Nulls, "n", ColumnType::U32, false, "1", Source::Worker, "samples drawn");
/// Why the rest is null.
pub static STATUS: ColumnDef =
    column(Table::Nulls, "status", ColumnType::Utf8, true, "1", Source::Worker, "why the rest is null");

/// The columns in their order.
pub static ALL: [&ColumnDef; 11] =
    [&RUN, &WINDOW, &STATISTIC, &KIND, &OBSERVED, &MEAN, &SD, &P_LOW, &P_HIGH, &N, &STATUS];
