//! Exact measures at a point of weight space: mean loss, error, gradient, gradient noise.

use crate::problem::Problem;

/// Measures a problem at any θ. Keeps its working memory between calls (one chunk of at most 512 rows).
#[derive(Debug)]
pub struct Evaluator {
    problem: Problem,
}

/// Which examples to measure on.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'a> {
    /// These training examples, by row.
    Train(&'a [u32]),
    /// All training examples.
    AllTrain,
    /// All test examples.
    Test,
}

/// A mean over examples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss {
    /// Mean loss, in nat.
    pub mean: f64,
    /// Share of the examples that is misclassified; of equal largest logits the first counts.
    pub error: f64,
    /// How many examples.
    pub n: u64,
}

/// What a gradient evaluation found beside the gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gradient {
    /// The loss at the same place.
    pub loss: Loss,
    /// tr Σ of the per-example gradients (divisor n), exact for dense layers:
    /// Σ_l mean_i (‖a_i‖² + 1)‖δ_i‖² less the squared norm of the mean gradient. None for no examples.
    pub noise_trace: Option<f64>,
}

impl Evaluator {
    /// For one problem.
    #[must_use]
    pub fn new(problem: &Problem) -> Self {
        Self { problem: problem.clone() }
    }

    /// The mean loss at `theta`.
    ///
    /// # Panics
    /// If `theta` does not have one value a parameter, or a row does not exist.
    pub fn loss(&mut self, _theta: &[f32], _rows: Rows<'_>) -> Loss {
        let _ = &self.problem;
        unimplemented!("in the next commit")
    }

    /// The mean loss at `theta`, and its gradient (without penalty) in `out`.
    ///
    /// # Panics
    /// If `theta` or `out` does not have one value a parameter, or a row does not exist.
    pub fn gradient(&mut self, _theta: &[f32], _rows: Rows<'_>, _out: &mut [f32]) -> Gradient {
        unimplemented!("in the next commit")
    }
}
