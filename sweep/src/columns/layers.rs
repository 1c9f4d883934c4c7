//! `layers.parquet`: one row a run, snapshot and layer.

use super::{ColumnDef, ColumnType, Source, Table, column};

/// The run, as in runs.
pub static RUN: ColumnDef =
    column(Table::Layers, "run", ColumnType::U64, false, "1", Source::Plan, "the run, as in runs");
/// Optimiser updates so far.
pub static STEP: ColumnDef =
    column(Table::Layers, "step", ColumnType::U64, false, "step", Source::Worker, "optimiser updates so far");
/// Position among the layers with weights, from 0.
pub static LAYER: ColumnDef = column(
    Table::Layers,
    "layer",
    ColumnType::U32,
    false,
    "1",
    Source::Worker,
    "position among the layers with weights, from 0",
);
/// Layers.<n> as in the kept weights.
pub static NAME: ColumnDef =
    column(Table::Layers, "name", ColumnType::Utf8, false, "1", Source::Worker, "layers.<n> as in the kept weights");
/// Weights and biases.
pub static PARAMETERS: ColumnDef =
    column(Table::Layers, "parameters", ColumnType::U64, false, "1", Source::Worker, "weights and biases");
/// ‖θ‖ of the layer.
pub static WEIGHT_NORM: ColumnDef =
    column(Table::Layers, "weight_norm", ColumnType::F64, false, "w", Source::Worker, "‖θ‖ of the layer");
/// ‖θt − θ0‖ of the layer.
pub static DISTANCE_FROM_START: ColumnDef =
    column(Table::Layers, "distance_from_start", ColumnType::F64, false, "w", Source::Worker, "‖θt − θ0‖ of the layer");
/// ‖θt − θ(t−1)‖ of the layer.
pub static DISTANCE_FROM_PREVIOUS: ColumnDef = column(
    Table::Layers,
    "distance_from_previous",
    ColumnType::F64,
    false,
    "w",
    Source::Worker,
    "‖θt − θ(t−1)‖ of the layer",
);
/// ‖θT − θt‖ of the layer.
pub static DISTANCE_TO_END: ColumnDef =
    column(Table::Layers, "distance_to_end", ColumnType::F64, true, "w", Source::Worker, "‖θT − θt‖ of the layer");
/// ‖g‖ of the loss on the probe set, of the layer.
pub static GRADIENT_NORM: ColumnDef = column(
    Table::Layers,
    "gradient_norm",
    ColumnType::F64,
    true,
    "nat/w",
    Source::Worker,
    "‖g‖ of the loss on the probe set, of the layer",
);
/// ‖W‖_F² / ‖W‖² of the weight as a matrix of outputs × inputs.
pub static STABLE_RANK: ColumnDef = column(
    Table::Layers,
    "stable_rank",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "‖W‖_F² / ‖W‖² of the weight as a matrix of outputs × inputs",
);
/// Why a value is null.
pub static STATUS: ColumnDef =
    column(Table::Layers, "status", ColumnType::Utf8, true, "1", Source::Worker, "why a value is null");

/// The columns in their order.
pub static ALL: [&ColumnDef; 12] = [
    &RUN,
    &STEP,
    &LAYER,
    &NAME,
    &PARAMETERS,
    &WEIGHT_NORM,
    &DISTANCE_FROM_START,
    &DISTANCE_FROM_PREVIOUS,
    &DISTANCE_TO_END,
    &GRADIENT_NORM,
    &STABLE_RANK,
    &STATUS,
];
