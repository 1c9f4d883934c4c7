//! The training loop's inside: one optimiser step at a time.

use crate::problem::Problem;

/// A training under way: weights, optimiser state, the position in the data order, and the sums of its updates.
///
/// Memory: the weights (twice with momentum), and the activations of one batch of at most 512 rows.
#[derive(Debug)]
pub struct Trainer {
    problem: Problem,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// The weights moved.
    Ok,
    /// The minibatch loss or the update is not finite: the weights mean nothing any more.
    Diverged,
}

/// Sums over the optimiser steps since they were last taken.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UpdateSums {
    /// How many steps.
    pub n_steps: u64,
    /// Σ‖Δθ‖, in w.
    pub length: f64,
    /// Σ‖Δθ‖², in w².
    pub square: f64,
    /// Σ of the minibatch mean losses, in nat.
    pub batch_loss: f64,
}

impl Trainer {
    /// At step 0, with the initial weights of the problem's `init_seed`.
    #[must_use]
    pub fn new(problem: &Problem) -> Self {
        Self { problem: problem.clone() }
    }

    /// One optimiser step. Allocates nothing.
    pub fn step(&mut self) -> Step {
        unimplemented!("in the next commit")
    }

    /// Optimiser steps so far, one that diverged included.
    #[must_use]
    pub fn steps_done(&self) -> u64 {
        unimplemented!("in the next commit")
    }

    /// Examples in all batches so far.
    #[must_use]
    pub fn examples_seen(&self) -> u64 {
        unimplemented!("in the next commit")
    }

    /// Sum of the learning rates of all steps so far.
    #[must_use]
    pub fn rate_time(&self) -> f64 {
        unimplemented!("in the next commit")
    }

    /// The learning rate of the next step.
    #[must_use]
    pub fn learning_rate(&self) -> f64 {
        self.problem.settings().train.learning_rate
    }

    /// Copies θ out, in the order of [`Problem::layers`].
    ///
    /// # Panics
    /// If `out` does not have [`Problem::n_parameters`] values.
    pub fn parameters_into(&self, _out: &mut [f32]) {
        unimplemented!("in the next commit")
    }

    /// The sums since the last call, which sets them to zero.
    pub fn take_sums(&mut self) -> UpdateSums {
        unimplemented!("in the next commit")
    }
}
