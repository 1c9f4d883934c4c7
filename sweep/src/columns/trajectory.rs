//! `trajectory.parquet`: one row a run at a snapshot.

use super::{ColumnDef, ColumnType, Probe, Source, Table, column};

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

/// Largest Ritz value of the objective's Hessian on the probe set: a lower bound on its largest eigenvalue.
pub static HESSIAN_MAX: ColumnDef = column(
    Table::Trajectory,
    "hessian_max",
    ColumnType::F64,
    true,
    "nat/w²",
    Source::Worker,
    "largest Ritz value of the objective's Hessian on the probe set: a lower bound on its largest eigenvalue",
)
.asked_by(&[Probe::Hessian]);
/// Smallest Ritz value likewise: an upper bound on the smallest eigenvalue.
pub static HESSIAN_MIN: ColumnDef = column(
    Table::Trajectory,
    "hessian_min",
    ColumnType::F64,
    true,
    "nat/w²",
    Source::Worker,
    "smallest Ritz value likewise: an upper bound on the smallest eigenvalue",
)
.asked_by(&[Probe::Hessian]);
/// The largest Ritz values, descending.
pub static HESSIAN_TOP: ColumnDef = column(
    Table::Trajectory,
    "hessian_top",
    ColumnType::ListF64,
    true,
    "nat/w²",
    Source::Worker,
    "the largest Ritz values, descending",
)
.asked_by(&[Probe::Hessian]);
/// ‖Hv − λv‖ of each of hessian_top: an eigenvalue lies that near.
pub static HESSIAN_TOP_RESIDUALS: ColumnDef = column(
    Table::Trajectory,
    "hessian_top_residuals",
    ColumnType::ListF64,
    true,
    "nat/w²",
    Source::Worker,
    "‖Hv − λv‖ of each of hessian_top: an eigenvalue lies that near",
)
.asked_by(&[Probe::Hessian]);
/// ‖Hv − λv‖ of hessian_min.
pub static HESSIAN_MIN_RESIDUAL: ColumnDef = column(
    Table::Trajectory,
    "hessian_min_residual",
    ColumnType::F64,
    true,
    "nat/w²",
    Source::Worker,
    "‖Hv − λv‖ of hessian_min",
)
.asked_by(&[Probe::Hessian]);
/// V'Gv of the Gauss–Newton part for the top Ritz vector; hessian_max less this is the part of the residuals (and of the penalty).
pub static HESSIAN_MAX_GAUSS_NEWTON: ColumnDef = column(Table::Trajectory, "hessian_max_gauss_newton", ColumnType::F64, true, "nat/w²", Source::Worker, "v'Gv of the Gauss–Newton part for the top Ritz vector; hessian_max less this is the part of the residuals (and of the penalty)").asked_by(&[Probe::Hessian]);
/// V'Gv of the Gauss–Newton part for the lowest Ritz vector: never negative, so negativity is the residuals'.
pub static HESSIAN_MIN_GAUSS_NEWTON: ColumnDef = column(
    Table::Trajectory,
    "hessian_min_gauss_newton",
    ColumnType::F64,
    true,
    "nat/w²",
    Source::Worker,
    "v'Gv of the Gauss–Newton part for the lowest Ritz vector: never negative, so negativity is the residuals'",
)
.asked_by(&[Probe::Hessian]);
/// Lanczos steps taken.
pub static LANCZOS_ITERATIONS: ColumnDef =
    column(Table::Trajectory, "lanczos_iterations", ColumnType::U32, true, "1", Source::Worker, "Lanczos steps taken")
        .asked_by(&[Probe::Hessian]);
/// Whether every residual of hessian_top and hessian_min is at most 0.001 of the largest Ritz value in size.
pub static HESSIAN_CONVERGED: ColumnDef = column(
    Table::Trajectory,
    "hessian_converged",
    ColumnType::Bool,
    true,
    "1",
    Source::Worker,
    "whether every residual of hessian_top and hessian_min is at most 0.001 of the largest Ritz value in size",
)
.asked_by(&[Probe::Hessian]);
/// V'Hv of the full training objective in f64 for the lowest Ritz vector: below 0 it proves that the objective is not convex at θ.
pub static CERTIFICATE: ColumnDef = column(Table::Trajectory, "certificate", ColumnType::F64, true, "nat/w²", Source::Worker, "v'Hv of the full training objective in f64 for the lowest Ritz vector: below 0 it proves that the objective is not convex at θ").asked_by(&[Probe::Hessian]);
/// Hessian_max / stability threshold of the optimiser: 2/η for gradient descent, (2 + 2β)/η with momentum, (2 + 2β)/(η(1 + 2β)) with Nesterov's.
pub static SHARPNESS_RATIO: ColumnDef = column(Table::Trajectory, "sharpness_ratio", ColumnType::F64, true, "1", Source::Worker, "hessian_max / stability threshold of the optimiser: 2/η for gradient descent, (2 + 2β)/η with momentum, (2 + 2β)/(η(1 + 2β)) with Nesterov's").asked_by(&[Probe::Hessian]);
/// Share of the squared objective gradient in the span of the top Ritz vectors.
pub static GRADIENT_OVERLAP_TOP: ColumnDef = column(
    Table::Trajectory,
    "gradient_overlap_top",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "share of the squared objective gradient in the span of the top Ritz vectors",
)
.asked_by(&[Probe::Hessian]);
/// The same of the displacement since the previous snapshot.
pub static STEP_OVERLAP_TOP: ColumnDef = column(
    Table::Trajectory,
    "step_overlap_top",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "the same of the displacement since the previous snapshot",
)
.asked_by(&[Probe::Hessian]);
/// U'Hu/u'u on the probe set along the objective gradient.
pub static CURVATURE_GRADIENT: ColumnDef = column(
    Table::Trajectory,
    "curvature_gradient",
    ColumnType::F64,
    true,
    "nat/w²",
    Source::Worker,
    "u'Hu/u'u on the probe set along the objective gradient",
)
.asked_by(&[Probe::Hessian]);
/// The same along the last optimiser step.
pub static CURVATURE_UPDATE: ColumnDef = column(
    Table::Trajectory,
    "curvature_update",
    ColumnType::F64,
    true,
    "nat/w²",
    Source::Worker,
    "the same along the last optimiser step",
)
.asked_by(&[Probe::Hessian]);
/// The same along the displacement since the previous snapshot.
pub static CURVATURE_EPOCH: ColumnDef = column(
    Table::Trajectory,
    "curvature_epoch",
    ColumnType::F64,
    true,
    "nat/w²",
    Source::Worker,
    "the same along the displacement since the previous snapshot",
)
.asked_by(&[Probe::Hessian]);
/// The same along θT − θt.
pub static CURVATURE_TO_END: ColumnDef = column(
    Table::Trajectory,
    "curvature_to_end",
    ColumnType::F64,
    true,
    "nat/w²",
    Source::Worker,
    "the same along θT − θt",
)
.asked_by(&[Probe::Hessian]);
/// The same along a random direction: tr H / d plus noise.
pub static CURVATURE_RANDOM: ColumnDef = column(
    Table::Trajectory,
    "curvature_random",
    ColumnType::F64,
    true,
    "nat/w²",
    Source::Worker,
    "the same along a random direction: tr H / d plus noise",
)
.asked_by(&[Probe::Hessian]);
/// The same along the run's first principal components.
pub static CURVATURE_PCS: ColumnDef = column(
    Table::Trajectory,
    "curvature_pcs",
    ColumnType::ListF64,
    true,
    "nat/w²",
    Source::Worker,
    "the same along the run's first principal components",
)
.asked_by(&[Probe::Hessian]);
/// Trace of the objective's Hessian on the probe set, estimated.
pub static HESSIAN_TRACE: ColumnDef = column(
    Table::Trajectory,
    "hessian_trace",
    ColumnType::F64,
    true,
    "nat/w²",
    Source::Worker,
    "trace of the objective's Hessian on the probe set, estimated",
)
.asked_by(&[Probe::Trace]);
/// Its standard error.
pub static HESSIAN_TRACE_SE: ColumnDef = column(
    Table::Trajectory,
    "hessian_trace_se",
    ColumnType::F64,
    true,
    "nat/w²",
    Source::Worker,
    "its standard error",
)
.asked_by(&[Probe::Trace]);
/// ‖H‖_F, estimated from the same products: √ mean ‖Hz‖² over random signs z.
pub static HESSIAN_FROBENIUS: ColumnDef = column(
    Table::Trajectory,
    "hessian_frobenius",
    ColumnType::F64,
    true,
    "nat/w²",
    Source::Worker,
    "‖H‖_F, estimated from the same products: √ mean ‖Hz‖² over random signs z",
)
.asked_by(&[Probe::Trace]);
/// Trace of the Gauss–Newton part, estimated with the same vectors.
pub static GAUSS_NEWTON_TRACE: ColumnDef = column(
    Table::Trajectory,
    "gauss_newton_trace",
    ColumnType::F64,
    true,
    "nat/w²",
    Source::Worker,
    "trace of the Gauss–Newton part, estimated with the same vectors",
)
.asked_by(&[Probe::Trace]);
/// Spectral mass below −near_zero_width.
pub static NEGATIVE_MASS: ColumnDef = column(
    Table::Trajectory,
    "negative_mass",
    ColumnType::F64,
    true,
    "frac",
    Source::Worker,
    "spectral mass below −near_zero_width",
)
.asked_by(&[Probe::Spectrum]);
/// Its standard error over the draws.
pub static NEGATIVE_MASS_SE: ColumnDef = column(
    Table::Trajectory,
    "negative_mass_se",
    ColumnType::F64,
    true,
    "frac",
    Source::Worker,
    "its standard error over the draws",
)
.asked_by(&[Probe::Spectrum]);
/// Spectral mass within ±near_zero_width.
pub static NEAR_ZERO_MASS: ColumnDef = column(
    Table::Trajectory,
    "near_zero_mass",
    ColumnType::F64,
    true,
    "frac",
    Source::Worker,
    "spectral mass within ±near_zero_width",
)
.asked_by(&[Probe::Spectrum]);
/// What counts as near zero: 0.001 of the largest Ritz value in size.
pub static NEAR_ZERO_WIDTH: ColumnDef = column(
    Table::Trajectory,
    "near_zero_width",
    ColumnType::F64,
    true,
    "nat/w²",
    Source::Worker,
    "what counts as near zero: 0.001 of the largest Ritz value in size",
)
.asked_by(&[Probe::Spectrum]);
/// ‖g in f32 − g in f64‖ of the objective on the probe set.
pub static GRADIENT_ERROR: ColumnDef = column(
    Table::Trajectory,
    "gradient_error",
    ColumnType::F64,
    true,
    "nat/w",
    Source::Worker,
    "‖g in f32 − g in f64‖ of the objective on the probe set",
)
.asked_by(&[Probe::Gradients]);
/// Simple noise scale: noise_trace / ‖gradient without its noise‖².
pub static NOISE_SCALE: ColumnDef = column(
    Table::Trajectory,
    "noise_scale",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "simple noise scale: noise_trace / ‖gradient without its noise‖²",
)
.asked_by(&[Probe::Gradients]);
/// Cosine of the objective gradient with the previous snapshot's.
pub static GRADIENT_COSINE_PREVIOUS: ColumnDef = column(
    Table::Trajectory,
    "gradient_cosine_previous",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "cosine of the objective gradient with the previous snapshot's",
)
.asked_by(&[Probe::Gradients]);
/// Cosine of the previous snapshot's objective gradient with minus the displacement since.
pub static GRADIENT_COSINE_STEP: ColumnDef = column(
    Table::Trajectory,
    "gradient_cosine_step",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "cosine of the previous snapshot's objective gradient with minus the displacement since",
)
.asked_by(&[Probe::Gradients]);
/// Mean cosine over pairs of minibatch gradients.
pub static GRADIENT_COSINE_MEAN: ColumnDef = column(
    Table::Trajectory,
    "gradient_cosine_mean",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "mean cosine over pairs of minibatch gradients",
)
.asked_by(&[Probe::Gradients]);
/// Smallest of them.
pub static GRADIENT_COSINE_MIN: ColumnDef =
    column(Table::Trajectory, "gradient_cosine_min", ColumnType::F64, true, "1", Source::Worker, "smallest of them")
        .asked_by(&[Probe::Gradients]);
/// L(θ + r g/‖g‖) − L(θ) on the probe set.
pub static ASCENT_SHARPNESS: ColumnDef = column(
    Table::Trajectory,
    "ascent_sharpness",
    ColumnType::F64,
    true,
    "nat",
    Source::Worker,
    "L(θ + r g/‖g‖) − L(θ) on the probe set",
)
.asked_by(&[Probe::Sharpness]);
/// R.
pub static ASCENT_RADIUS: ColumnDef =
    column(Table::Trajectory, "ascent_radius", ColumnType::F64, true, "w", Source::Worker, "r")
        .asked_by(&[Probe::Sharpness]);
/// Mean of L(θ + r u) − L(θ) over random unit directions u.
pub static RANDOM_SHARPNESS: ColumnDef = column(
    Table::Trajectory,
    "random_sharpness",
    ColumnType::F64,
    true,
    "nat",
    Source::Worker,
    "mean of L(θ + r u) − L(θ) over random unit directions u",
)
.asked_by(&[Probe::Sharpness]);
/// Its standard error.
pub static RANDOM_SHARPNESS_SE: ColumnDef = column(
    Table::Trajectory,
    "random_sharpness_se",
    ColumnType::F64,
    true,
    "nat",
    Source::Worker,
    "its standard error",
)
.asked_by(&[Probe::Sharpness]);
/// R of random_sharpness.
pub static RANDOM_RADIUS: ColumnDef =
    column(Table::Trajectory, "random_radius", ColumnType::F64, true, "w", Source::Worker, "r of random_sharpness")
        .asked_by(&[Probe::Sharpness]);
/// Share of test examples whose predicted class differs from the previous snapshot's.
pub static PREDICTION_CHANGE: ColumnDef = column(
    Table::Trajectory,
    "prediction_change",
    ColumnType::F64,
    true,
    "frac",
    Source::Worker,
    "share of test examples whose predicted class differs from the previous snapshot's",
)
.asked_by(&[Probe::Predictions]);
/// Mean KL divergence over test examples of the predicted distribution from the previous snapshot's.
pub static PREDICTION_KL: ColumnDef = column(
    Table::Trajectory,
    "prediction_kl",
    ColumnType::F64,
    true,
    "nat",
    Source::Worker,
    "mean KL divergence over test examples of the predicted distribution from the previous snapshot's",
)
.asked_by(&[Probe::Predictions]);
/// ‖θt − its projection onto the PCA plane‖ / ‖θt − mean of the path‖.
pub static OFF_PLANE_FRACTION: ColumnDef = column(
    Table::Trajectory,
    "off_plane_fraction",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "‖θt − its projection onto the PCA plane‖ / ‖θt − mean of the path‖",
)
.asked_by(&[Probe::Surface]);
/// Loss on the probe set at the projection of θt onto the PCA plane.
pub static LOSS_ON_PLANE: ColumnDef = column(
    Table::Trajectory,
    "loss_on_plane",
    ColumnType::F64,
    true,
    "nat",
    Source::Worker,
    "loss on the probe set at the projection of θt onto the PCA plane",
)
.asked_by(&[Probe::Surface]);
/// Hessian-vector products that probes spent here.
pub static PROBE_HVPS: ColumnDef = column(
    Table::Trajectory,
    "probe_hvps",
    ColumnType::U32,
    true,
    "1",
    Source::Worker,
    "Hessian-vector products that probes spent here",
)
.asked_by(&[Probe::Hessian, Probe::Trace, Probe::Spectrum]);
/// Passes over the probe set that probes spent here beside the default ones.
pub static PROBE_FORWARDS: ColumnDef = column(
    Table::Trajectory,
    "probe_forwards",
    ColumnType::U32,
    true,
    "1",
    Source::Worker,
    "passes over the probe set that probes spent here beside the default ones",
)
.asked_by(&[Probe::Gradients, Probe::Sharpness, Probe::Predictions, Probe::Surface]);

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
