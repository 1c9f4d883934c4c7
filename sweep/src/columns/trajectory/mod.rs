//! `trajectory.parquet`: one row a run at a snapshot.

mod asked;

pub use asked::*;

use super::{ColumnDef, ColumnType, Source, Table, column};

/// The run, as in runs.
pub static RUN: ColumnDef =
    column(Table::Trajectory, "run", ColumnType::U64, false, "1", Source::Plan, "the run, as in runs");
/// Position in the trajectory, from 0.
pub static SNAPSHOT: ColumnDef = column(
    Table::Trajectory,
    "snapshot",
    ColumnType::U32,
    false,
    "1",
    Source::Worker,
    "position in the trajectory, from 0",
);
/// Optimiser updates so far; 0 is the start.
pub static STEP: ColumnDef = column(
    Table::Trajectory,
    "step",
    ColumnType::U64,
    false,
    "step",
    Source::Worker,
    "optimiser updates so far; 0 is the start",
);
/// Examples in all batches so far.
pub static EXAMPLES_SEEN: ColumnDef = column(
    Table::Trajectory,
    "examples_seen",
    ColumnType::U64,
    false,
    "1",
    Source::Worker,
    "examples in all batches so far",
);
/// Step / steps in an epoch.
pub static EPOCH: ColumnDef =
    column(Table::Trajectory, "epoch", ColumnType::F64, false, "epoch", Source::Worker, "step / steps in an epoch");
/// Sum of the learning rates of all steps so far.
pub static RATE_TIME: ColumnDef = column(
    Table::Trajectory,
    "rate_time",
    ColumnType::F64,
    false,
    "1",
    Source::Worker,
    "sum of the learning rates of all steps so far",
);
/// Learning rate of the next step.
pub static LEARNING_RATE: ColumnDef = column(
    Table::Trajectory,
    "learning_rate",
    ColumnType::F64,
    false,
    "1",
    Source::Worker,
    "learning rate of the next step",
);
/// Mean loss over n_probe training examples in evaluation mode, without penalty.
pub static TRAIN_LOSS: ColumnDef = column(
    Table::Trajectory,
    "train_loss",
    ColumnType::F64,
    true,
    "nat",
    Source::Worker,
    "mean loss over n_probe training examples in evaluation mode, without penalty",
);
/// Share of the same examples that is misclassified; null of a regression.
pub static TRAIN_ERROR: ColumnDef = column(
    Table::Trajectory,
    "train_error",
    ColumnType::F64,
    true,
    "frac",
    Source::Worker,
    "share of the same examples that is misclassified; null of a regression",
);
/// Train_loss + weight_decay/2 times the squared norm of the decayed parameters; null of adamw, whose decay is part of no objective.
pub static OBJECTIVE: ColumnDef = column(
    Table::Trajectory,
    "objective",
    ColumnType::F64,
    true,
    "nat",
    Source::Worker,
    "train_loss + weight_decay/2 times the squared norm of the decayed parameters; null of adamw, whose decay is part of no objective",
);
/// Mean loss over the test set.
pub static TEST_LOSS: ColumnDef =
    column(Table::Trajectory, "test_loss", ColumnType::F64, true, "nat", Source::Worker, "mean loss over the test set");
/// Share of the test set that is misclassified; null of a regression.
pub static TEST_ERROR: ColumnDef = column(
    Table::Trajectory,
    "test_error",
    ColumnType::F64,
    true,
    "frac",
    Source::Worker,
    "share of the test set that is misclassified; null of a regression",
);
/// Mean of the minibatch losses since the previous snapshot.
pub static BATCH_LOSS_MEAN: ColumnDef = column(
    Table::Trajectory,
    "batch_loss_mean",
    ColumnType::F64,
    true,
    "nat",
    Source::Worker,
    "mean of the minibatch losses since the previous snapshot",
);
/// ‖θ‖.
pub static WEIGHT_NORM: ColumnDef =
    column(Table::Trajectory, "weight_norm", ColumnType::F64, false, "w", Source::Worker, "‖θ‖");
/// ‖θt − θ0‖.
pub static DISTANCE_FROM_START: ColumnDef =
    column(Table::Trajectory, "distance_from_start", ColumnType::F64, false, "w", Source::Worker, "‖θt − θ0‖");
/// ‖θt − θ(t−1)‖; 0 at the start.
pub static DISTANCE_FROM_PREVIOUS: ColumnDef = column(
    Table::Trajectory,
    "distance_from_previous",
    ColumnType::F64,
    false,
    "w",
    Source::Worker,
    "‖θt − θ(t−1)‖; 0 at the start",
);
/// ‖θT − θt‖; null where the run diverged.
pub static DISTANCE_TO_END: ColumnDef = column(
    Table::Trajectory,
    "distance_to_end",
    ColumnType::F64,
    true,
    "w",
    Source::Worker,
    "‖θT − θt‖; null where the run diverged",
);
/// Σ‖Δθ‖ over the optimiser steps since the previous snapshot, summed inside the update.
pub static UPDATE_LENGTH: ColumnDef = column(
    Table::Trajectory,
    "update_length",
    ColumnType::F64,
    false,
    "w",
    Source::Worker,
    "Σ‖Δθ‖ over the optimiser steps since the previous snapshot, summed inside the update",
);
/// Σ‖Δθ‖² over the same steps.
pub static UPDATE_SQUARE: ColumnDef = column(
    Table::Trajectory,
    "update_square",
    ColumnType::F64,
    false,
    "w²",
    Source::Worker,
    "Σ‖Δθ‖² over the same steps",
);
/// Distance_from_previous² / update_square: 1 for a walk, stride for a line, below 1 if confined; null where nothing moved.
pub static PERSISTENCE: ColumnDef = column(
    Table::Trajectory,
    "persistence",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "distance_from_previous² / update_square: 1 for a walk, stride for a line, below 1 if confined; null where nothing moved",
);
/// Running sum of update_length.
pub static PATH_LENGTH: ColumnDef = column(
    Table::Trajectory,
    "path_length",
    ColumnType::F64,
    false,
    "w",
    Source::Worker,
    "running sum of update_length",
);
/// Steps since the previous snapshot.
pub static STRIDE: ColumnDef = column(
    Table::Trajectory,
    "stride",
    ColumnType::U32,
    false,
    "step",
    Source::Worker,
    "steps since the previous snapshot",
);
/// Cosine between θt − θ(t−1) and θ(t−1) − θ(t−2); null before the third snapshot and where either is 0.
pub static TURNING_COSINE: ColumnDef = column(
    Table::Trajectory,
    "turning_cosine",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "cosine between θt − θ(t−1) and θ(t−1) − θ(t−2); null before the third snapshot and where either is 0",
);
/// Cosine between θt − θ0 and θT − θ0; null at the start, where either is 0, and where the run diverged.
pub static COSINE_TO_END: ColumnDef = column(
    Table::Trajectory,
    "cosine_to_end",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "cosine between θt − θ0 and θT − θ0; null at the start, where either is 0, and where the run diverged",
);
/// Scores on the run's first components (at most 10); sign: the largest absolute score of a component is positive.
pub static PC_SCORES: ColumnDef = column(
    Table::Trajectory,
    "pc_scores",
    ColumnType::ListF64,
    true,
    "w",
    Source::Worker,
    "scores on the run's first components (at most 10); sign: the largest absolute score of a component is positive",
);
/// Norm of the gradient of the mean loss over the probe set, in every row.
pub static GRADIENT_NORM: ColumnDef = column(
    Table::Trajectory,
    "gradient_norm",
    ColumnType::F64,
    true,
    "nat/w",
    Source::Worker,
    "norm of the gradient of the mean loss over the probe set, in every row",
);
/// The same with the penalty's gradient added; null of adamw.
pub static OBJECTIVE_GRADIENT_NORM: ColumnDef = column(
    Table::Trajectory,
    "objective_gradient_norm",
    ColumnType::F64,
    true,
    "nat/w",
    Source::Worker,
    "the same with the penalty's gradient added; null of adamw",
);
/// Trace of the covariance (divisor n) of the per-example gradients over the probe set, exact.
pub static NOISE_TRACE: ColumnDef = column(
    Table::Trajectory,
    "noise_trace",
    ColumnType::F64,
    true,
    "nat²/w²",
    Source::Worker,
    "trace of the covariance (divisor n) of the per-example gradients over the probe set, exact",
);
/// Training examples behind train_loss: the probe set, or all at the start, at t* (1 %) and at the end.
pub static N_PROBE: ColumnDef = column(
    Table::Trajectory,
    "n_probe",
    ColumnType::U32,
    false,
    "1",
    Source::Worker,
    "training examples behind train_loss: the probe set, or all at the start, at t* (1 %) and at the end",
);
/// Why a measure is null: diverged, not-finite (a loss overflowed), did-not-move, one-snapshot or too-many-snapshots (pc_scores).
pub static STATUS: ColumnDef = column(
    Table::Trajectory,
    "status",
    ColumnType::Utf8,
    true,
    "1",
    Source::Worker,
    "why a measure is null: diverged, not-finite (a loss overflowed), did-not-move, one-snapshot or too-many-snapshots (pc_scores)",
);

/// The columns in their order.
pub static ALL: [&ColumnDef; 74] = [
    &RUN,
    &SNAPSHOT,
    &STEP,
    &EXAMPLES_SEEN,
    &EPOCH,
    &RATE_TIME,
    &LEARNING_RATE,
    &TRAIN_LOSS,
    &TRAIN_ERROR,
    &OBJECTIVE,
    &TEST_LOSS,
    &TEST_ERROR,
    &BATCH_LOSS_MEAN,
    &WEIGHT_NORM,
    &DISTANCE_FROM_START,
    &DISTANCE_FROM_PREVIOUS,
    &DISTANCE_TO_END,
    &UPDATE_LENGTH,
    &UPDATE_SQUARE,
    &PERSISTENCE,
    &PATH_LENGTH,
    &STRIDE,
    &TURNING_COSINE,
    &COSINE_TO_END,
    &PC_SCORES,
    &GRADIENT_NORM,
    &OBJECTIVE_GRADIENT_NORM,
    &NOISE_TRACE,
    &HESSIAN_MAX,
    &HESSIAN_MIN,
    &HESSIAN_TOP,
    &HESSIAN_TOP_RESIDUALS,
    &HESSIAN_MIN_RESIDUAL,
    &HESSIAN_MAX_GAUSS_NEWTON,
    &HESSIAN_MIN_GAUSS_NEWTON,
    &LANCZOS_ITERATIONS,
    &HESSIAN_CONVERGED,
    &CERTIFICATE,
    &SHARPNESS_RATIO,
    &GRADIENT_OVERLAP_TOP,
    &STEP_OVERLAP_TOP,
    &CURVATURE_GRADIENT,
    &CURVATURE_UPDATE,
    &CURVATURE_EPOCH,
    &CURVATURE_TO_END,
    &CURVATURE_RANDOM,
    &CURVATURE_PCS,
    &HESSIAN_TRACE,
    &HESSIAN_TRACE_SE,
    &HESSIAN_FROBENIUS,
    &GAUSS_NEWTON_TRACE,
    &NEGATIVE_MASS,
    &NEGATIVE_MASS_SE,
    &NEAR_ZERO_MASS,
    &NEAR_ZERO_WIDTH,
    &GRADIENT_ERROR,
    &NOISE_SCALE,
    &GRADIENT_COSINE_PREVIOUS,
    &GRADIENT_COSINE_STEP,
    &GRADIENT_COSINE_MEAN,
    &GRADIENT_COSINE_MIN,
    &ASCENT_SHARPNESS,
    &ASCENT_RADIUS,
    &RANDOM_SHARPNESS,
    &RANDOM_SHARPNESS_SE,
    &RANDOM_RADIUS,
    &PREDICTION_CHANGE,
    &PREDICTION_KL,
    &OFF_PLANE_FRACTION,
    &LOSS_ON_PLANE,
    &PROBE_HVPS,
    &PROBE_FORWARDS,
    &N_PROBE,
    &STATUS,
];
