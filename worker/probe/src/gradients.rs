//! Loss and gradients on the probe set, through the evaluator.

use traipse_nn::{Evaluator, Loss, Problem, Rows};

use crate::lanes;

/// Loss and gradients of the loss and of the objective at one θ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gradients {
    /// Mean loss and error over the rows, without penalty.
    pub loss: Loss,
    /// wd/2 ‖θ‖² over the decayed parameters.
    pub penalty: f64,
    /// ‖g‖ of the mean loss.
    pub gradient_norm: f64,
    /// ‖g‖ with the penalty's gradient added.
    pub objective_gradient_norm: f64,
    /// Trace of the covariance of the per-example gradients, where the network allows it.
    pub noise_trace: Option<f64>,
}

impl Gradients {
    /// J = loss + penalty, on the same rows.
    #[must_use]
    pub fn objective(&self) -> f64 {
        self.loss.mean + self.penalty
    }
}

/// Measures at θ over training rows; `scratch` holds one gradient.
///
/// Cost: one gradient over the rows.
pub fn measure(
    problem: &Problem,
    evaluator: &mut Evaluator,
    theta: &[f32],
    rows: &[u32],
    scratch: &mut [f32],
) -> Gradients {
    let gradient = evaluator.gradient(theta, Rows::Train(rows), scratch);
    let gradient_norm = lanes::norm_square(scratch).sqrt();
    problem.add_penalty_gradient(theta, scratch);
    Gradients {
        penalty: problem.penalty(theta),
        gradient_norm,
        objective_gradient_norm: lanes::norm_square(scratch).sqrt(),
        noise_trace: gradient.noise_trace,
        loss: gradient.loss,
    }
}
