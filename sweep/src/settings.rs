//! A run's settings: all that decides its training, with every default written out.
//!
//! The serde form of these types *is* the canonical form: keys as in the sweep file, unknown keys refused. What a
//! version knows but cannot yet do is refused when the spec is read, not here.

use serde::{Deserialize, Serialize};

/// Everything that a run computes is a function of this.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunSettings {
    /// The data set and how it is decoded.
    pub data: DataSettings,
    /// The network.
    pub model: ModelSettings,
    /// The optimiser and its course.
    pub train: TrainSettings,
    /// The seeds of the random streams.
    pub streams: Streams,
}

/// The data set and how it is decoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataSettings {
    /// Which set.
    pub name: DataName,
    /// The folder of a file-backed set.
    pub dir: Option<String>,
    /// How bytes become numbers.
    pub scale: Scale,
    /// Orders `train_limit`.
    pub seed: u64,
    /// A class-balanced subset of this many training examples.
    pub train_limit: Option<u64>,
}

impl Default for DataSettings {
    fn default() -> Self {
        Self { name: DataName::Digits, dir: None, scale: Scale::Unit, seed: 0, train_limit: None }
    }
}

/// A data set by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataName {
    /// The 1,797 8×8 images of the UCI optical digits, embedded.
    Digits,
    /// 70,000 28×28 images in IDX files.
    Mnist,
}

/// How bytes become numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Bytes / 255; digits / 16.
    Unit,
    /// One mean and deviation a channel (ddof 0, f64) of the training rows in use.
    Standardize,
}

/// The network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelSettings {
    /// What is trained.
    pub kind: ModelKind,
    /// Widths of the hidden layers; empty for softmax regression.
    pub hidden: Vec<u32>,
    /// Between the layers.
    pub activation: Activation,
    /// How the weights start; biases start at 0 (but for `torch-default`).
    pub init: Init,
    /// Multiplies the initial weights.
    pub init_scale: f64,
    /// Whether layers have biases.
    pub bias: bool,
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self {
            kind: ModelKind::Mlp,
            hidden: vec![256, 256],
            activation: Activation::Relu,
            init: Init::HeNormal,
            init_scale: 1.0,
            bias: true,
        }
    }
}

/// What is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// `W x + b` a layer with the activation between.
    Mlp,
    /// Does nothing: measures the orchestrator.
    Noop,
}

/// Between the layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// max(0, x).
    Relu,
    /// Hyperbolic tangent.
    Tanh,
    /// x Φ(x), with the exact normal distribution function.
    Gelu,
    /// x σ(x).
    Silu,
    /// σ(x) = 1 / (1 + e⁻ˣ).
    Sigmoid,
    /// x: a deep linear network.
    Identity,
}

/// How weights start. Fan-in, not truncated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Init {
    /// N(0, 2 / fan_in).
    HeNormal,
    /// U(±√(6 / fan_in)).
    HeUniform,
    /// N(0, 2 / (fan_in + fan_out)).
    GlorotNormal,
    /// U(±√(6 / (fan_in + fan_out))).
    GlorotUniform,
    /// N(0, 1 / fan_in).
    LecunNormal,
    /// U(±√(3 / fan_in)).
    LecunUniform,
    /// Rows or columns orthonormal (Saxe et al. 2014).
    Orthogonal,
    /// U(±1 / √fan_in), weights and biases: what `torch.nn.Linear` does.
    TorchDefault,
}

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
    /// m in v = m v + g, no dampening.
    pub momentum: f64,
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
}

impl Default for TrainSettings {
    fn default() -> Self {
        Self {
            loss: Loss::CrossEntropy,
            optimizer: Optimizer::Sgd,
            learning_rate: 0.1,
            momentum: 0.0,
            weight_decay: 0.0,
            decay_biases: false,
            batch_size: BatchSize::Rows(128),
            epochs: Some(40),
            steps: None,
            examples: None,
            sampling: Sampling::Shuffle,
            last_batch: LastBatch::Keep,
        }
    }
}

/// The mean loss over examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// −log softmax(z)[label], in nats.
    CrossEntropy,
}

/// The rule of the update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// v = m v + g; θ = θ − η v.
    Sgd,
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

/// The seeds of the random streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Streams {
    /// Seeds what the other two do not (nulls), and both of them where they are not set apart.
    pub seed: u64,
    /// Seeds the initial weights.
    pub init_seed: u64,
    /// Seeds the data order.
    pub order_seed: u64,
}

/// What a step costs and how many there are, given the data's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// Rows in a full batch.
    pub batch_rows: u64,
    /// Steps in an epoch.
    pub steps_per_epoch: u64,
    /// Steps in all.
    pub total_steps: u64,
}

impl TrainSettings {
    /// The course of a training on `n_train` examples.
    ///
    /// # Errors
    /// In words, if the batch is larger than the data, is zero, or the length is zero.
    pub fn course(&self, n_train: u64) -> Result<Course, CourseError> {
        let batch_rows = match self.batch_size {
            BatchSize::Rows(rows) => u64::from(rows),
            BatchSize::Full(Full::Full) => n_train,
        };
        if batch_rows == 0 || batch_rows > n_train {
            return Err(CourseError::Batch { batch_rows, n_train });
        }
        let steps_per_epoch = match self.last_batch {
            LastBatch::Keep => n_train.div_ceil(batch_rows),
            LastBatch::Drop => n_train / batch_rows,
        };
        let total_steps = match (self.epochs, self.steps, self.examples) {
            (Some(epochs), None, None) => epochs.saturating_mul(steps_per_epoch),
            (None, Some(steps), None) => steps,
            (None, None, Some(examples)) => examples.div_ceil(batch_rows),
            _ => return Err(CourseError::Length),
        };
        if total_steps == 0 {
            return Err(CourseError::Empty);
        }
        Ok(Course { batch_rows, steps_per_epoch, total_steps })
    }
}

/// A course that cannot be trained.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CourseError {
    /// The batch does not fit the data.
    #[error(
        "train.batch_size = {batch_rows} does not fit the {n_train} training examples: use 1 to {n_train}, or \"full\""
    )]
    Batch {
        /// Rows asked for.
        batch_rows: u64,
        /// Rows that there are.
        n_train: u64,
    },
    /// None or several of the three lengths.
    #[error("exactly one of train.epochs, train.steps and train.examples says how long to train")]
    Length,
    /// Nothing to do.
    #[error("the training has no steps: give at least one epoch, step or example")]
    Empty,
}
