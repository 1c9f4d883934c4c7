//! How sharp a minimum an optimiser can hold on to.

use traipse_sweep::settings::{Optimizer, TrainSettings};

use crate::Missing;

/// 1 / the curvature above which the optimiser's steps of this learning rate grow along an eigenvector of a quadratic:
/// 2/η for gradient descent, (2 + 2β)/η with momentum β, (2 + 2β)/(η(1 + 2β)) with Nesterov's (Cohen et al. 2021).
/// Times a curvature it is the sharpness ratio, 1 at the edge of stability.
///
/// # Errors
/// [`Missing::NoThreshold`] of optimisers that scale their steps by what they saw: the curvature itself then has no
/// threshold.
pub fn inverse_threshold(train: &TrainSettings, learning_rate: f64) -> Result<f64, Missing> {
    if train.optimizer != Optimizer::Sgd {
        return Err(Missing::NoThreshold);
    }
    let momentum = train.momentum;
    let gain = if train.nesterov { 1.0 + 2.0 * momentum } else { 1.0 };
    Ok(learning_rate * gain / (2.0 + 2.0 * momentum))
}
