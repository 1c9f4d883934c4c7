//! Where full-batch L-BFGS goes from a θ: how far a critical point is, and how much lower.

use traipse_nn::{Budget, Evaluator, Lbfgs, Problem, Rows};

use crate::{Missing, lanes};

/// Pairs of steps and gradient changes that are kept.
const HISTORY: usize = 10;

/// ‖∇J‖ that counts as a critical point.
const GRADIENT_NORM: f64 = 1e-10;

/// What a polish came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Polish {
    /// ‖θ* − θ‖, in w.
    pub distance: f64,
    /// J(θ) − J(θ*), in nat.
    pub drop: f64,
    /// ‖∇J(θ*)‖.
    pub gradient_norm: f64,
    /// Iterations that moved.
    pub iterations: u64,
}

/// Minimises the objective over the whole training set in f64, from `theta`, which becomes θ*. It stops after that many
/// iterations, at ‖∇J‖ ≤ 1e-10, or where rounding lets nothing be gained. `go_on` is asked before each iteration.
///
/// The objective is that which the training minimised, with its penalty (none where decay is decoupled); of a network
/// with batch norm, through fixed batches. Cross-entropy on separable data has no finite minimum: there distance grows
/// with the budget, and says little.
///
/// Cost: about 1.1 gradients in f64 an iteration. Memory: 27 times θ in f64.
///
/// # Errors
/// Whatever `go_on` answers. In the result, [`Missing::NotFinite`] where the objective is not a number at θ.
pub fn polish<E>(
    problem: &Problem,
    theta: &mut [f64],
    iterations: u32,
    mut go_on: impl FnMut() -> Result<(), E>,
) -> Result<Result<Polish, Missing>, E> {
    let start = theta.to_vec();
    let mut evaluator = Evaluator::<f64>::new(problem);
    let mut objective = |theta: &[f64], gradient: &mut [f64]| {
        let found = evaluator.gradient(theta, Rows::AllTrain, gradient);
        problem.add_penalty_gradient(theta, gradient);
        found.loss.mean + problem.penalty(theta)
    };
    let mut lbfgs = Lbfgs::new(theta.len(), HISTORY);
    let budget = |iterations| Budget { iterations, gradient_norm: GRADIENT_NORM };
    let first = lbfgs.minimise(theta, budget(0), &mut objective);
    let (mut last, mut n_moved) = (first, 0);
    for _ in 0..iterations {
        go_on()?;
        last = lbfgs.minimise(theta, budget(1), &mut objective);
        n_moved += last.iterations;
        if last.converged || last.iterations == 0 {
            break;
        }
    }
    if !first.value.is_finite() || !first.gradient_norm.is_finite() {
        return Ok(Err(Missing::NotFinite));
    }
    Ok(Ok(Polish {
        distance: lanes::distance_square(&start, theta).sqrt(),
        drop: first.value - last.value,
        gradient_norm: last.gradient_norm,
        iterations: n_moved,
    }))
}
