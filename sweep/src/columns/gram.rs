//! `gram.parquet`: one row a run: the inner products of its snapshot differences, from which every distance follows.

use super::{ColumnDef, ColumnType, Source, Table, column};

/// The run, as in runs.
pub static RUN: ColumnDef =
    column(Table::Gram, "run", ColumnType::U64, false, "1", Source::Plan, "the run, as in runs");
/// The steps of the snapshots, T of them.
pub static STEPS: ColumnDef = column(
    Table::Gram,
    "steps",
    ColumnType::ListU64,
    false,
    "step",
    Source::Worker,
    "the steps of the snapshots, T of them",
);
/// Packed upper triangle, row by row, of the (T−1)×(T−1) Gram matrix of the snapshot differences in f64; null where T > 256.
pub static GRAM: ColumnDef = column(
    Table::Gram,
    "gram",
    ColumnType::ListF64,
    true,
    "w²",
    Source::Worker,
    "packed upper triangle, row by row, of the (T−1)×(T−1) Gram matrix of the snapshot differences in f64; null where T > 256",
);
/// Why the matrix is null: one-snapshot or too-many-snapshots (T > 256).
pub static STATUS: ColumnDef = column(
    Table::Gram,
    "status",
    ColumnType::Utf8,
    true,
    "1",
    Source::Worker,
    "why the matrix is null: one-snapshot or too-many-snapshots (T > 256)",
);

/// The columns in their order.
pub static ALL: [&ColumnDef; 4] = [&RUN, &STEPS, &GRAM, &STATUS];
