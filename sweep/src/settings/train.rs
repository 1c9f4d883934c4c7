//! The optimiser and its course.

use serde::{Deserialize, Serialize};

/// The optimiser and its course.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainSettings {
    /// The mean loss over examples.
    pub loss: Loss,
    /// The rule of the update.
    pub optimizer: Optimizer,
    /// η.
    pub learning_rate: f64,
    /// m in v = m v + g, no dampening (`sgd`, `rmsprop`).
    pub momentum: f64,
    /// Whether the update looks ahead: g + m v (`sgd`).
    pub nesterov: bool,
    /// Decay of the mean gradient (`adam`, `adamw`).
    pub beta1: f64,
    /// Decay of the mean square (`adam`, `adamw`).
    pub beta2: f64,
    /// Decay of the mean square (`rmsprop`).
    pub alpha: f64,
    /// Added to the root of the mean square (`adam`, `adamw`, `rmsprop`).
    pub epsilon: f64,
    /// L2 in the objective: wd/2 ‖θ‖² over decayed parameters.
    pub weight_decay: f64,
    /// Whether biases decay too.
    pub decay_biases: bool,
    /// Examples in a step.
    pub batch_size: BatchSize,
    /// Passes over the training set: exactly one of `epochs`, `steps`, `examples` is set.
    pub epochs: Option<u64>,
    /// Optimiser updates.
    pub steps: Option<u64>,
    /// Examples seen.
    pub examples: Option<u64>,
    /// How batches are drawn.
    pub sampling: Sampling,
    /// What becomes of an epoch's short last batch.
    pub last_batch: LastBatch,
    /// How the learning rate goes.
    pub schedule: Schedule,
    /// Epochs over which the rate first rises from 0, linearly by step.
    pub warmup_epochs: f64,
    /// Ends the training early, tested at snapshots.
    pub stop: Option<Stop>,
    /// Random changes of the images, in order.
    pub augment: Vec<Augment>,
    /// Of weights, gradients and activations.
    pub precision: Precision,
}

impl Default for TrainSettings {
    fn default() -> Self {
        Self {
            loss: Loss::CrossEntropy,
            optimizer: Optimizer::Sgd,
            learning_rate: 0.1,
            momentum: 0.0,
            nesterov: false,
            beta1: 0.9,
            beta2: 0.999,
            alpha: 0.99,
            epsilon: 1e-8,
            weight_decay: 0.0,
            decay_biases: false,
            batch_size: BatchSize::Rows(128),
            epochs: Some(40),
            steps: None,
            examples: None,
            sampling: Sampling::Shuffle,
            last_batch: LastBatch::Keep,
            schedule: Schedule::Constant,
            warmup_epochs: 0.0,
            stop: None,
            augment: Vec::new(),
            precision: Precision::F32,
        }
    }
}

/// The mean loss over examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// −log softmax(z)[label], in nats.
    CrossEntropy,
    /// Mean over examples of half the sum over outputs of squared differences from one-hot targets.
    Mse,
}

/// The rule of the update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// v = m v + g; θ = θ − η v.
    Sgd,
    /// Kingma, Ba 2015; weight decay is part of the gradient.
    Adam,
    /// Loshchilov, Hutter 2019; weight decay acts on the weights alone.
    Adamw,
    /// Hinton 2012, as PyTorch has it (not centred).
    Rmsprop,
    /// Limited-memory BFGS on the full batch, with a line search.
    Lbfgs,
}

/// Examples in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum BatchSize {
    /// That many rows.
    Rows(u32),
    /// All of them: gradient descent.
    Full(Full),
}

/// The word `"full"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Full {
    /// All rows.
    Full,
}

/// How batches are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sampling {
    /// A new permutation each epoch.
    Shuffle,
    /// Each row drawn independently.
    Replacement,
    /// One permutation, the same each epoch.
    Fixed,
}

/// What becomes of an epoch's short last batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LastBatch {
    /// Used; the mean is over its own rows.
    Keep,
    /// Left out.
    Drop,
}

/// How the learning rate goes after the warm-up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", untagged)]
pub enum Schedule {
    /// One of the words.
    Word(ScheduleWord),
    /// Times `factor` at each of these epochs.
    Step {
        /// Epochs, rising.
        step: Vec<f64>,
        /// The factor.
        factor: f64,
    },
}

impl Schedule {
    /// The same rate all along.
    #[allow(non_upper_case_globals, reason = "reads as the variant that it stands for")]
    pub const Constant: Self = Self::Word(ScheduleWord::Constant);
}

/// A schedule without numbers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleWord {
    /// The same rate all along.
    Constant,
    /// Half a cosine from the rate to 0 over the steps after the warm-up.
    Cosine,
    /// A line from the rate to 0 over the same steps.
    Linear,
}

/// What ends a training early.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// At the first snapshot whose train_error is at most this.
    pub train_error: f64,
}

/// A random change of an image, drawn anew each time that it is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Augment {
    /// Four pixels of zeros around, then a crop of the old size at a random place.
    Crop4,
    /// Mirrored left to right with probability one half.
    Flip,
}

/// Of weights, gradients and activations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 24 bits.
    F32,
    /// 53 bits: the control for any claim about floors.
    F64,
}
