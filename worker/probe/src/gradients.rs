//! Loss and gradients on the probe set, through the evaluator.

use traipse_nn::{Evaluator, Loss, Problem, Rows};

use crate::{Element, lanes};

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

/// Measures at θ over training rows, with the running statistics that go with θ; `scratch` holds one gradient.
///
/// The gradient is that of the batches themselves, the loss that of evaluation mode: with batch norm they are two
/// functions, and the loss costs a forward pass of its own.
///
/// Cost: one gradient over the rows.
pub fn measure<T: Element>(
    problem: &Problem,
    evaluator: &mut Evaluator<T>,
    (theta, buffers): (&[T], &[f64]),
    rows: &[u32],
    scratch: &mut [T],
) -> Gradients {
    let gradient = evaluator.gradient(theta, Rows::Train(rows), scratch);
    let gradient_norm = lanes::norm_square(scratch).sqrt();
    problem.add_penalty_gradient(theta, scratch);
    Gradients {
        penalty: problem.penalty(theta),
        gradient_norm,
        objective_gradient_norm: lanes::norm_square(scratch).sqrt(),
        noise_trace: gradient.noise_trace,
        loss: if buffers.is_empty() { gradient.loss } else { evaluator.loss(theta, buffers, Rows::Train(rows)) },
    }
}
