//! `spectra.parquet`: one row a run, snapshot and draw of stochastic Lanczos quadrature.

use super::{ColumnDef, ColumnType, Source, Table, column};

/// The run, as in runs.
pub static RUN: ColumnDef =
    column(Table::Spectra, "run", ColumnType::U64, false, "1", Source::Plan, "the run, as in runs");
/// Optimiser updates so far.
pub static STEP: ColumnDef =
    column(Table::Spectra, "step", ColumnType::U64, false, "step", Source::Worker, "optimiser updates so far");
/// Which random start vector, from 0.
pub static DRAW: ColumnDef =
    column(Table::Spectra, "draw", ColumnType::U32, false, "1", Source::Worker, "which random start vector, from 0");
/// Ritz values, ascending.
pub static NODES: ColumnDef =
    column(Table::Spectra, "nodes", ColumnType::ListF64, false, "nat/w²", Source::Worker, "Ritz values, ascending");
/// Their weights: squared first components, which sum to 1.
pub static WEIGHTS: ColumnDef = column(
    Table::Spectra,
    "weights",
    ColumnType::ListF64,
    false,
    "frac",
    Source::Worker,
    "their weights: squared first components, which sum to 1",
);
/// Why there are no nodes.
pub static STATUS: ColumnDef =
    column(Table::Spectra, "status", ColumnType::Utf8, true, "1", Source::Worker, "why there are no nodes");

/// The columns in their order.
pub static ALL: [&ColumnDef; 6] = [&RUN, &STEP, &DRAW, &NODES, &WEIGHTS, &STATUS];
