//! `runs.parquet`: one row a run: its settings, outcome and the summary of its trajectory.

mod asked;

pub use asked::*;

use super::{ColumnDef, ColumnType, Source, Table, column};

/// Canonical index in the sweep's current spec (cell-major, replicate-minor); the join key.
pub static RUN: ColumnDef = column(
    Table::Runs,
    "run",
    ColumnType::U64,
    false,
    "1",
    Source::Plan,
    "canonical index in the sweep's current spec (cell-major, replicate-minor); the join key",
);
/// SHA-256 of the canonical training settings, hex; equal across sweeps for equal runs; null where the run never met its data.
pub static RUN_ID: ColumnDef = column(
    Table::Runs,
    "run_id",
    ColumnType::Utf8,
    true,
    "1",
    Source::Worker,
    "SHA-256 of the canonical training settings, hex; equal across sweeps for equal runs; null where the run never met its data",
);
/// Index of the cell: one point of all axes that are not replicates.
pub static CELL: ColumnDef = column(
    Table::Runs,
    "cell",
    ColumnType::U64,
    false,
    "1",
    Source::Plan,
    "index of the cell: one point of all axes that are not replicates",
);
/// The cell's axis values, for people.
pub static CELL_LABEL: ColumnDef =
    column(Table::Runs, "cell_label", ColumnType::Utf8, false, "1", Source::Plan, "the cell's axis values, for people");
/// Index among the cell's replicates.
pub static REPLICATE: ColumnDef =
    column(Table::Runs, "replicate", ColumnType::U32, false, "1", Source::Plan, "index among the cell's replicates");
/// SHA-256 of all rows of the run with this column null, hex.
pub static ROWS_DIGEST: ColumnDef = column(
    Table::Runs,
    "rows_digest",
    ColumnType::Utf8,
    true,
    "1",
    Source::Worker,
    "SHA-256 of all rows of the run with this column null, hex",
);
/// All settings as canonical JSON.
pub static SETTINGS: ColumnDef =
    column(Table::Runs, "settings", ColumnType::Utf8, false, "1", Source::Plan, "all settings as canonical JSON");
/// Number of hidden layers: all with weights but the last; a residual block counts as two.
pub static DEPTH: ColumnDef = column(
    Table::Runs,
    "depth",
    ColumnType::U32,
    false,
    "1",
    Source::Plan,
    "number of hidden layers: all with weights but the last; a residual block counts as two",
);
/// Of an mlp, width of the widest hidden layer; of a resnet preset, channels of the first stage; null of all else.
pub static WIDTH: ColumnDef = column(
    Table::Runs,
    "width",
    ColumnType::U32,
    true,
    "1",
    Source::Plan,
    "of an mlp, width of the widest hidden layer; of a resnet preset, channels of the first stage; null of all else",
);
/// Number of trainable parameters.
pub static PARAMETERS: ColumnDef =
    column(Table::Runs, "parameters", ColumnType::U64, true, "1", Source::Worker, "number of trainable parameters");
/// Training examples in use.
pub static N_TRAIN: ColumnDef =
    column(Table::Runs, "n_train", ColumnType::U64, true, "1", Source::Worker, "training examples in use");
/// Test examples.
pub static N_TEST: ColumnDef =
    column(Table::Runs, "n_test", ColumnType::U64, true, "1", Source::Worker, "test examples");
/// SHA-256 of the examples in use, their labels and their scale, hex.
pub static DATA_HASH: ColumnDef = column(
    Table::Runs,
    "data_hash",
    ColumnType::Utf8,
    true,
    "1",
    Source::Worker,
    "SHA-256 of the examples in use, their labels and their scale, hex",
);
/// Seeds what the other two seeds do not.
pub static SEED: ColumnDef =
    column(Table::Runs, "seed", ColumnType::U64, false, "1", Source::Plan, "seeds what the other two seeds do not");
/// Seeds the initial weights.
pub static INIT_SEED: ColumnDef =
    column(Table::Runs, "init_seed", ColumnType::U64, false, "1", Source::Plan, "seeds the initial weights");
/// Seeds the data order.
pub static ORDER_SEED: ColumnDef =
    column(Table::Runs, "order_seed", ColumnType::U64, false, "1", Source::Plan, "seeds the data order");
/// Succeeded, diverged, failed, cancelled, quarantined or skipped; in a partial collection also unfinished.
pub static OUTCOME: ColumnDef = column(
    Table::Runs,
    "outcome",
    ColumnType::Utf8,
    false,
    "1",
    Source::Plan,
    "succeeded, diverged, failed, cancelled, quarantined or skipped; in a partial collection also unfinished",
);
/// The first step whose minibatch loss, update or weights were not finite.
pub static DIVERGED_STEP: ColumnDef = column(
    Table::Runs,
    "diverged_step",
    ColumnType::U64,
    true,
    "step",
    Source::Worker,
    "the first step whose minibatch loss, update or weights were not finite",
);
/// The snapshot at which train.stop ended the training; null where it did not, or is not set.
pub static STOPPED_STEP: ColumnDef = column(
    Table::Runs,
    "stopped_step",
    ColumnType::U64,
    true,
    "step",
    Source::Worker,
    "the snapshot at which train.stop ended the training; null where it did not, or is not set",
);
/// Final_train_error is below half of what guessing gives, (1 − 1/classes)/2; null of a regression.
pub static LEARNED: ColumnDef = column(
    Table::Runs,
    "learned",
    ColumnType::Bool,
    true,
    "1",
    Source::Worker,
    "final_train_error is below half of what guessing gives, (1 − 1/classes)/2; null of a regression",
);
/// Mean loss over the whole training set at the end.
pub static FINAL_TRAIN_LOSS: ColumnDef = column(
    Table::Runs,
    "final_train_loss",
    ColumnType::F64,
    true,
    "nat",
    Source::Worker,
    "mean loss over the whole training set at the end",
);
/// Mean loss over the test set at the end.
pub static FINAL_TEST_LOSS: ColumnDef = column(
    Table::Runs,
    "final_test_loss",
    ColumnType::F64,
    true,
    "nat",
    Source::Worker,
    "mean loss over the test set at the end",
);
/// Share of the whole training set that is misclassified at the end; null of a regression.
pub static FINAL_TRAIN_ERROR: ColumnDef = column(
    Table::Runs,
    "final_train_error",
    ColumnType::F64,
    true,
    "frac",
    Source::Worker,
    "share of the whole training set that is misclassified at the end; null of a regression",
);
/// Share of the test set that is misclassified at the end; null of a regression.
pub static FINAL_TEST_ERROR: ColumnDef = column(
    Table::Runs,
    "final_test_error",
    ColumnType::F64,
    true,
    "frac",
    Source::Worker,
    "share of the test set that is misclassified at the end; null of a regression",
);
/// Lowest test_error over the snapshots; of a diverged run, over those before; null of a regression.
pub static BEST_TEST_ERROR: ColumnDef = column(
    Table::Runs,
    "best_test_error",
    ColumnType::F64,
    true,
    "frac",
    Source::Worker,
    "lowest test_error over the snapshots; of a diverged run, over those before; null of a regression",
);
/// Final_train_loss + weight_decay/2 times the squared norm of the decayed parameters; null of adamw, whose decay is part of no objective.
pub static FINAL_OBJECTIVE: ColumnDef = column(
    Table::Runs,
    "final_objective",
    ColumnType::F64,
    true,
    "nat",
    Source::Worker,
    "final_train_loss + weight_decay/2 times the squared norm of the decayed parameters; null of adamw, whose decay is part of no objective",
);
/// Distance between the first and the last weights.
pub static DISPLACEMENT: ColumnDef = column(
    Table::Runs,
    "displacement",
    ColumnType::F64,
    true,
    "w",
    Source::Worker,
    "distance between the first and the last weights",
);
/// Sum of the lengths of all optimiser steps.
pub static PATH_LENGTH: ColumnDef = column(
    Table::Runs,
    "path_length",
    ColumnType::F64,
    true,
    "w",
    Source::Worker,
    "sum of the lengths of all optimiser steps",
);
/// Sum of the distances between consecutive snapshots.
pub static PATH_LENGTH_SNAPSHOTS: ColumnDef = column(
    Table::Runs,
    "path_length_snapshots",
    ColumnType::F64,
    true,
    "w",
    Source::Worker,
    "sum of the distances between consecutive snapshots",
);
/// Path_length / displacement.
pub static TORTUOSITY: ColumnDef =
    column(Table::Runs, "tortuosity", ColumnType::F64, true, "1", Source::Worker, "path_length / displacement");
/// Persistence pooled over the first ⌊n/3⌋ of the n steps between snapshots: sum of distance_from_previous² / sum of update_square.
pub static PERSISTENCE_EARLY: ColumnDef = column(
    Table::Runs,
    "persistence_early",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "persistence pooled over the first ⌊n/3⌋ of the n steps between snapshots: sum of distance_from_previous² / sum of update_square",
);
/// The same over the last third, from step ⌊2n/3⌋ on.
pub static PERSISTENCE_LATE: ColumnDef = column(
    Table::Runs,
    "persistence_late",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "the same over the last third, from step ⌊2n/3⌋ on",
);
/// Norm of the objective's gradient at the end, on the probe set; null of adamw.
pub static OBJECTIVE_GRADIENT_NORM_FINAL: ColumnDef = column(
    Table::Runs,
    "objective_gradient_norm_final",
    ColumnType::F64,
    true,
    "nat/w",
    Source::Worker,
    "norm of the objective's gradient at the end, on the probe set; null of adamw",
);
/// Stationary E‖g‖ of SGD hovering at a minimum, √((η/2)·tr(HΣ_b)); null without a curvature probe.
pub static NOISE_FLOOR_FINAL: ColumnDef = column(
    Table::Runs,
    "noise_floor_final",
    ColumnType::F64,
    true,
    "nat/w",
    Source::Worker,
    "stationary E‖g‖ of SGD hovering at a minimum, √((η/2)·tr(HΣ_b)); null without a curvature probe",
);
/// Shares of the snapshots' variance along the first principal components (at most 10), exact, mean-centred, from the step Gram matrix.
pub static PCA_EXPLAINED: ColumnDef = column(
    Table::Runs,
    "pca_explained",
    ColumnType::ListF64,
    true,
    "frac",
    Source::Worker,
    "shares of the snapshots' variance along the first principal components (at most 10), exact, mean-centred, from the step Gram matrix",
);
/// Participation ratio (Σλ)²/Σλ² of the same spectrum.
pub static PCA_PARTICIPATION: ColumnDef = column(
    Table::Runs,
    "pca_participation",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "participation ratio (Σλ)²/Σλ² of the same spectrum",
);
/// Fewest components that hold 90 % of the variance.
pub static PCA_COMPONENTS_90: ColumnDef = column(
    Table::Runs,
    "pca_components_90",
    ColumnType::U32,
    true,
    "1",
    Source::Worker,
    "fewest components that hold 90 % of the variance",
);
/// Fewest components that hold 99 % of the variance.
pub static PCA_COMPONENTS_99: ColumnDef = column(
    Table::Runs,
    "pca_components_99",
    ColumnType::U32,
    true,
    "1",
    Source::Worker,
    "fewest components that hold 99 % of the variance",
);
/// Mean of turning_cosine over the snapshots that have one.
pub static TURNING_COSINE_MEAN: ColumnDef = column(
    Table::Runs,
    "turning_cosine_mean",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "mean of turning_cosine over the snapshots that have one",
);
/// Why a summary that could be there is null; the message of a run that failed.
pub static STATUS: ColumnDef = column(
    Table::Runs,
    "status",
    ColumnType::Utf8,
    true,
    "1",
    Source::Worker,
    "why a summary that could be there is null; the message of a run that failed",
);

/// The columns in their order; axis columns stand after `settings` in `runs` and first in `statistics`.
pub static ALL: [&ColumnDef; 60] = [
    &RUN,
    &RUN_ID,
    &CELL,
    &CELL_LABEL,
    &REPLICATE,
    &ROWS_DIGEST,
    &SETTINGS,
    &DEPTH,
    &WIDTH,
    &PARAMETERS,
    &N_TRAIN,
    &N_TEST,
    &DATA_HASH,
    &SEED,
    &INIT_SEED,
    &ORDER_SEED,
    &OUTCOME,
    &DIVERGED_STEP,
    &STOPPED_STEP,
    &LEARNED,
    &FINAL_TRAIN_LOSS,
    &FINAL_TEST_LOSS,
    &FINAL_TRAIN_ERROR,
    &FINAL_TEST_ERROR,
    &BEST_TEST_ERROR,
    &FINAL_OBJECTIVE,
    &DISPLACEMENT,
    &PATH_LENGTH,
    &PATH_LENGTH_SNAPSHOTS,
    &TORTUOSITY,
    &PERSISTENCE_EARLY,
    &PERSISTENCE_LATE,
    &OBJECTIVE_GRADIENT_NORM_FINAL,
    &NOISE_FLOOR_FINAL,
    &PCA_EXPLAINED,
    &PCA_PARTICIPATION,
    &PCA_COMPONENTS_90,
    &PCA_COMPONENTS_99,
    &TURNING_COSINE_MEAN,
    &FORK_STEP,
    &BRANCH,
    &POLISH_DISTANCE,
    &POLISH_DROP,
    &POLISH_GRADIENT_NORM,
    &POLISH_ITERATIONS,
    &LISSAJOUS_CORRELATION,
    &INCREMENTS_EXPLAINED,
    &INCREMENTS_PARTICIPATION,
    &WINDOW_EXPLAINED,
    &WINDOW_ANGLES,
    &DIFFUSION_EXPONENT_EARLY,
    &DIFFUSION_EXPONENT_LATE,
    &DIFFUSION_LAG_MIN,
    &DIFFUSION_LAG_MAX,
    &HESSIAN_MAX_FINAL,
    &NONCONVEX_FRACTION,
    &INTERPOLATION_BUMP,
    &INTERPOLATION_MONOTONE,
    &BARRIER_SIBLING_CHORD,
    &STATUS,
];
