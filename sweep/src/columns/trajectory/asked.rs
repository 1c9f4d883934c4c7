//! The columns of `trajectory.parquet` that probes bring when they are asked for.

use super::super::{ColumnDef, ColumnType, Probe, Source, Table, column};

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
