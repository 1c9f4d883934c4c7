//! A run's snapshots in order, kept to be measured.

use crate::StepGram;

/// A run's snapshots in order: the flat weights θ of each, in f32, as they were trained.
///
/// Memory: 4 bytes a parameter and snapshot, and nothing else of size.
#[derive(Clone, Debug)]
pub struct Trajectory {
    n_parameters: usize,
    steps: Vec<u64>,
    weights: Vec<Vec<f32>>,
}

impl Trajectory {
    /// An empty trajectory of a network with that many parameters, with room for `n_snapshots`.
    #[must_use]
    pub fn new(n_parameters: usize, n_snapshots: usize) -> Self {
        Self { n_parameters, steps: Vec::with_capacity(n_snapshots), weights: Vec::with_capacity(n_snapshots) }
    }

    /// Adds the weights after `step` optimiser updates.
    ///
    /// # Panics
    /// If `step` is not beyond the last one, or the weights have another length: bugs in the caller.
    pub fn push(&mut self, step: u64, weights: Vec<f32>) {
        assert_eq!(weights.len(), self.n_parameters, "weights of one network have one length");
        assert!(self.steps.last().is_none_or(|&last| last < step), "snapshots come in the order of their steps");
        self.steps.push(step);
        self.weights.push(weights);
    }

    /// T: how many snapshots there are.
    #[must_use]
    pub fn n_snapshots(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is no snapshot yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The steps of the snapshots.
    #[must_use]
    pub fn steps(&self) -> &[u64] {
        &self.steps
    }

    /// The weights of a snapshot.
    ///
    /// # Panics
    /// If there is no such snapshot.
    #[must_use]
    pub fn weights(&self, snapshot: usize) -> &[f32] {
        &self.weights[snapshot]
    }

    /// The inner products of the step differences; none where T is 0, 1 or above [`StepGram::MAX_SNAPSHOTS`].
    ///
    /// Cost: reads every snapshot once; T²/2 multiply-adds a parameter.
    #[must_use]
    pub fn step_gram(&self) -> Option<StepGram> {
        let wanted = (2..=StepGram::MAX_SNAPSHOTS).contains(&self.n_snapshots());
        wanted.then(|| StepGram::of_snapshots(&self.weights))
    }
}
