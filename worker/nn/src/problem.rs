//! A run's settings joined with its data: the network, its course and penalty.

use std::ops::Range;
use std::sync::Arc;

use traipse_sweep::RunSettings;
use traipse_sweep::network::{self, Network, Parameter};
use traipse_sweep::settings::{BatchSize, Course, CourseError, Full, Loss, ModelKind, Optimizer, Sampling, Schedule};

use crate::data::Dataset;
use crate::kernels::Real;

/// What is minimised: a network's mean loss on a data set, and how.
#[derive(Clone, Debug)]
pub struct Problem {
    settings: RunSettings,
    data: Arc<Dataset>,
    course: Course,
    network: Network,
    layers: Vec<LayerShape>,
}

/// Where one layer's parameters lie in θ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerShape {
    /// Inputs of one output: fan-in.
    pub inputs: usize,
    /// Outputs, or channels.
    pub outputs: usize,
    /// Of the weights, as PyTorch has it: (outputs, inputs), (channels out, channels in, height, width) or (features,).
    pub shape: Vec<usize>,
    /// Its weights, row-major.
    pub weight: Range<usize>,
    /// Its biases, if it has any.
    pub bias: Option<Range<usize>>,
}

/// A problem that cannot be trained.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ProblemError {
    /// The batch or the length does not fit the data.
    #[error(transparent)]
    Course(#[from] CourseError),
    /// The settings make no network for these data.
    #[error(transparent)]
    Network(#[from] network::Error),
    /// A quadratic of something else.
    #[error(
        "model.kind = \"quadratic\" is the squared error of numbers: use data.name = \"regression\" and \
         train.loss = \"mse\""
    )]
    Quadratic,
    /// Cross-entropy of numbers.
    #[error(
        "train.loss = \"cross-entropy\" needs classes, and these data have numbers as targets: use train.loss = \"mse\""
    )]
    Targets,
    /// A line search over a function that changes from look to look.
    #[error("train.optimizer = \"lbfgs\" minimises one fixed function: it needs {wanted}")]
    Lbfgs {
        /// The setting that would be right.
        wanted: &'static str,
    },
    /// Changes of images, for data that are none.
    #[error(
        "train.augment changes images, and these data have {n_features} numbers an example without height and width: \
         use train.augment = []"
    )]
    Augment {
        /// Numbers an example.
        n_features: usize,
    },
    /// A setting that is not a usable number.
    #[error("{key} = {value} is not usable: {wanted}")]
    Number {
        /// The dotted key.
        key: &'static str,
        /// What was found.
        value: String,
        /// What would be right.
        wanted: &'static str,
    },
}

impl Problem {
    /// Joins settings and data.
    ///
    /// # Errors
    /// If the settings cannot be trained on these data; the message names the key and the remedy.
    pub fn new(settings: &RunSettings, data: Arc<Dataset>) -> Result<Self, ProblemError> {
        check_numbers(settings)?;
        check_optimizer(settings)?;
        let course = settings.train.course(data.train.len() as u64)?;
        let network = Network::of(settings, data.input_shape(), data.n_classes)?;
        if data.is_regression() && settings.train.loss == Loss::CrossEntropy {
            return Err(ProblemError::Targets);
        }
        if settings.model.kind == ModelKind::Quadratic && !(data.is_regression() && settings.train.loss == Loss::Mse) {
            return Err(ProblemError::Quadratic);
        }
        let shape = data.input_shape();
        if !settings.train.augment.is_empty() && (shape.height, shape.width) == (1, 1) {
            return Err(ProblemError::Augment { n_features: shape.n_features() });
        }
        let layers = layers(&network);
        Ok(Self { settings: settings.clone(), data, course, network, layers })
    }

    /// d, the length of θ.
    #[must_use]
    pub fn n_parameters(&self) -> usize {
        self.network.n_parameters
    }

    /// Numbers that are kept beside θ: running statistics of batch norm.
    #[must_use]
    pub fn n_buffers(&self) -> usize {
        self.network.n_buffers
    }

    /// Logits an example.
    #[must_use]
    pub fn n_outputs(&self) -> usize {
        self.data.n_classes
    }

    /// All layers with their shapes.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Rows in a batch, steps in an epoch, steps in all.
    #[must_use]
    pub fn course(&self) -> Course {
        self.course
    }

    /// What it is trained and measured on.
    #[must_use]
    pub fn data(&self) -> &Arc<Dataset> {
        &self.data
    }

    /// The settings that it was made of.
    #[must_use]
    pub fn settings(&self) -> &RunSettings {
        &self.settings
    }

    /// The layers that have weights, from the input to the logits.
    #[must_use]
    pub fn layers(&self) -> &[LayerShape] {
        &self.layers
    }

    /// wd/2 ‖θ‖² over the decayed parameters, summed in f64: what the objective adds to the mean loss. 0 where decay is
    /// decoupled from the gradient (`adamw`).
    ///
    /// # Panics
    /// If `theta` does not have [`Self::n_parameters`] values.
    #[must_use]
    pub fn penalty<T: Real>(&self, theta: &[T]) -> f64 {
        assert_eq!(theta.len(), self.n_parameters(), "θ has one value a parameter");
        let decay = self.penalty_decay();
        if decay == 0.0 {
            return 0.0;
        }
        let square: f64 = self.decayed().map(|range| square(&theta[range])).sum();
        0.5 * decay * square
    }

    /// Adds the penalty's gradient wd·θ over the decayed parameters to `gradient`. (Its Hessian–vector product is the
    /// same with a direction in place of θ.)
    ///
    /// # Panics
    /// If either slice does not have [`Self::n_parameters`] values.
    pub fn add_penalty_gradient<T: Real>(&self, theta: &[T], gradient: &mut [T]) {
        assert_eq!(theta.len(), self.n_parameters(), "θ has one value a parameter");
        assert_eq!(gradient.len(), self.n_parameters(), "a gradient has one value a parameter");
        let decay = T::of(self.penalty_decay());
        if decay == T::ZERO {
            return;
        }
        for range in self.decayed() {
            for (out, &value) in gradient[range.clone()].iter_mut().zip(&theta[range]) {
                *out = decay.fma(value, *out);
            }
        }
    }

    /// wd, where it is part of the objective.
    fn penalty_decay(&self) -> f64 {
        let train = &self.settings.train;
        if train.optimizer == Optimizer::Adamw { 0.0 } else { train.weight_decay }
    }

    /// The parts of θ that decay: matrices and kernels, and all else where `decay_biases` is set.
    fn decayed(&self) -> impl Iterator<Item = Range<usize>> {
        let all = self.settings.train.decay_biases;
        let tensors = self.network.nodes.iter().flat_map(|node| [&node.weight, &node.bias]).flatten();
        tensors.filter(move |tensor| all || tensor.is_matrix).map(|tensor| tensor.range.clone())
    }
}

impl LayerShape {
    /// Where its parameters lie in θ: biases follow their weights.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.weight.start..self.weight.end + self.bias.as_ref().map_or(0, Range::len)
    }

    /// Weights and biases together.
    #[must_use]
    pub fn n_parameters(&self) -> usize {
        self.weight.len() + self.bias.as_ref().map_or(0, Range::len)
    }
}

/// Σ x² in f64 in sixteen fixed lanes.
fn square<T: Real>(values: &[T]) -> f64 {
    let mut lanes = [0.0f64; 16];
    for chunk in values.chunks(16) {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane += value.wide() * value.wide();
        }
    }
    lanes.iter().sum()
}

fn layers(network: &Network) -> Vec<LayerShape> {
    let shape = |weight: &Parameter, bias: Option<&Parameter>| LayerShape {
        inputs: weight.shape[1..].iter().product(),
        outputs: weight.shape[0],
        shape: weight.shape.clone(),
        weight: weight.range.clone(),
        bias: bias.map(|bias| bias.range.clone()),
    };
    let nodes = network.nodes.iter();
    nodes.filter_map(|node| node.weight.as_ref().map(|weight| shape(weight, node.bias.as_ref()))).collect()
}

fn check_numbers(settings: &RunSettings) -> Result<(), ProblemError> {
    let train = &settings.train;
    let share = |value: f64| (0.0..1.0).contains(&value);
    const SHARE: &str = "use a number from 0 to below 1";
    const FROM_ZERO: &str = "use a finite number from 0 up";
    let mut rows: Vec<(&'static str, f64, bool, &'static str)> = vec![
        ("train.learning_rate", train.learning_rate, train.learning_rate >= 0.0, FROM_ZERO),
        ("train.momentum", train.momentum, share(train.momentum), SHARE),
        ("train.beta1", train.beta1, share(train.beta1), SHARE),
        ("train.beta2", train.beta2, share(train.beta2), SHARE),
        ("train.alpha", train.alpha, share(train.alpha), SHARE),
        // Where a gradient was always 0, ε alone stands under the fraction; it must not round to 0.
        ("train.epsilon", train.epsilon, train.epsilon as f32 > 0.0, "use a number above 1e-45"),
        ("train.weight_decay", train.weight_decay, train.weight_decay >= 0.0, FROM_ZERO),
        ("train.warmup_epochs", train.warmup_epochs, train.warmup_epochs >= 0.0, FROM_ZERO),
        ("model.init_scale", settings.model.init_scale, true, "use a finite number"),
    ];
    if let Schedule::Step { step, factor } = &train.schedule {
        rows.extend(step.iter().map(|&epoch| ("train.schedule.step", epoch, epoch >= 0.0, FROM_ZERO)));
        rows.push(("train.schedule.factor", *factor, *factor >= 0.0, FROM_ZERO));
    }
    for (key, value, fits, wanted) in rows {
        if !fits || !(value as f32).is_finite() {
            return Err(ProblemError::Number { key, value: value.to_string(), wanted });
        }
    }
    Ok(())
}

/// Whether what the optimiser minimises is one function, where it has to be.
fn check_optimizer(settings: &RunSettings) -> Result<(), ProblemError> {
    let train = &settings.train;
    let rows = [
        (train.batch_size == BatchSize::Full(Full::Full), "train.batch_size = \"full\""),
        (train.sampling != Sampling::Replacement, "train.sampling = \"shuffle\" or \"fixed\""),
        (settings.model.dropout == 0.0, "model.dropout = 0"),
        (train.augment.is_empty(), "train.augment = []"),
    ];
    match rows.into_iter().find(|(fits, _)| !fits) {
        Some((_, wanted)) if train.optimizer == Optimizer::Lbfgs => Err(ProblemError::Lbfgs { wanted }),
        _ => Ok(()),
    }
}
