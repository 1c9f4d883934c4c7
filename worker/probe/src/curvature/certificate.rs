//! A proof that the objective is not convex at a point.

use traipse_nn::{Curvature, Problem, Rows};

use super::panels;
use crate::lanes;

/// Rows that are linearised together at least; their passes are kept for the one product.
const BLOCK_ROWS: usize = 4096;

/// v'Hv / v'v of the full training objective in f64: below 0 it proves that the objective is not convex at θ, since no
/// convex function has a direction of negative curvature. It is no eigenvalue, and says nothing where it is above 0.
/// None where it is not finite.
///
/// A subset's lowest Ritz vector often has positive curvature on the full set, so the subset's eigenvalue proves
/// nothing about the objective.
///
/// Cost: a gradient and a product over the training set in f64. Memory: the passes of some 4,096 rows.
///
/// # Panics
/// If θ or v does not have one value a parameter.
#[must_use]
pub fn certificate(problem: &Problem, theta: &[f64], direction: &[f64]) -> Option<f64> {
    let n = problem.data().train.len();
    // Batch norm mixes the examples of a batch, so no batch may be torn.
    let batch = usize::try_from(problem.course().batch_rows).unwrap_or(usize::MAX).clamp(1, n.max(1));
    let block = BLOCK_ROWS.div_ceil(batch).saturating_mul(batch);
    let rows: Vec<u32> = (0..u32::try_from(n).unwrap_or(u32::MAX)).collect();
    let mut image = vec![0.0; theta.len()];
    let mut form = 0.0;
    for rows in rows.chunks(block) {
        let mut curvature = Curvature::<f64>::at(problem, theta, Rows::Train(rows), usize::MAX);
        curvature.hessian(&[direction], &mut [&mut image]);
        form += rows.len() as f64 / n as f64 * panels::dot_of(direction, &image);
    }
    image.fill(0.0);
    problem.add_penalty_gradient(direction, &mut image);
    let value = (form + panels::dot_of(direction, &image)) / lanes::norm_square(direction);
    value.is_finite().then_some(value)
}
