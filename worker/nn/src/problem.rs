//! A run's settings joined with its data: shapes, course and penalty.

use std::ops::Range;
use std::sync::Arc;

use traipse_sweep::RunSettings;
use traipse_sweep::settings::{Course, CourseError, ModelKind};

use crate::data::Dataset;

/// Most parameters of one model: 2³¹ floats are 8 GiB, beyond what a slot can hold several times over.
pub const MAX_PARAMETERS: usize = 1 << 31;

/// What is minimised: a network's mean loss on a data set, and how.
#[derive(Clone, Debug)]
pub struct Problem {
    settings: RunSettings,
    data: Arc<Dataset>,
    course: Course,
    layers: Vec<LayerShape>,
    n_parameters: usize,
}

/// Where one layer's parameters lie in θ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerShape {
    /// Inputs of the layer.
    pub inputs: usize,
    /// Outputs of the layer.
    pub outputs: usize,
    /// Its weights, outputs × inputs, row-major.
    pub weight: Range<usize>,
    /// Its biases, if it has any.
    pub bias: Option<Range<usize>>,
}

/// A problem that cannot be trained.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProblemError {
    /// The batch or the length does not fit the data.
    #[error(transparent)]
    Course(#[from] CourseError),
    /// Not a network.
    #[error("model.kind = \"{kind}\" is not trained here: only \"mlp\" has parameters")]
    Kind {
        /// What was asked for.
        kind: &'static str,
    },
    /// A hidden layer without units.
    #[error("model.hidden has a layer of width 0: use widths of at least 1, or [] for softmax regression")]
    Width,
    /// Too many parameters.
    #[error("the model has more than {MAX_PARAMETERS} parameters: use narrower or fewer hidden layers")]
    Size,
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
        if settings.model.kind != ModelKind::Mlp {
            return Err(ProblemError::Kind { kind: "noop" });
        }
        check_numbers(settings)?;
        let course = settings.train.course(data.train.len() as u64)?;
        let layers = shapes(settings, data.n_features, data.n_classes)?;
        let n_parameters = layers.iter().map(|layer| layer.n_parameters()).sum();
        Ok(Self { settings: settings.clone(), data, course, layers, n_parameters })
    }

    /// d, the length of θ.
    #[must_use]
    pub fn n_parameters(&self) -> usize {
        self.n_parameters
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

    /// The layers from the input to the logits.
    #[must_use]
    pub fn layers(&self) -> &[LayerShape] {
        &self.layers
    }

    /// wd/2 ‖θ‖² over the decayed parameters, summed in f64: what the objective adds to the mean loss.
    ///
    /// # Panics
    /// If `theta` does not have [`Self::n_parameters`] values.
    #[must_use]
    pub fn penalty(&self, theta: &[f32]) -> f64 {
        assert_eq!(theta.len(), self.n_parameters, "θ has one value a parameter");
        let decay = self.settings.train.weight_decay;
        if decay == 0.0 {
            return 0.0;
        }
        let square: f64 = self.decayed().map(|range| square(&theta[range])).sum();
        0.5 * decay * square
    }

    /// Adds the penalty's gradient wd·θ over the decayed parameters to `gradient`.
    ///
    /// # Panics
    /// If either slice does not have [`Self::n_parameters`] values.
    pub fn add_penalty_gradient(&self, theta: &[f32], gradient: &mut [f32]) {
        assert_eq!(theta.len(), self.n_parameters, "θ has one value a parameter");
        assert_eq!(gradient.len(), self.n_parameters, "a gradient has one value a parameter");
        let decay = self.settings.train.weight_decay as f32;
        if decay == 0.0 {
            return;
        }
        for range in self.decayed() {
            for (out, &value) in gradient[range.clone()].iter_mut().zip(&theta[range]) {
                *out = decay.mul_add(value, *out);
            }
        }
    }

    /// The parts of θ that decay: all weights, and the biases where `decay_biases` is set.
    fn decayed(&self) -> impl Iterator<Item = Range<usize>> {
        let biases = self.settings.train.decay_biases;
        self.layers.iter().flat_map(move |layer| {
            let bias = layer.bias.clone().filter(|_| biases);
            [Some(layer.weight.clone()), bias].into_iter().flatten()
        })
    }
}

impl LayerShape {
    /// Weights and biases together.
    #[must_use]
    pub fn n_parameters(&self) -> usize {
        self.weight.len() + self.bias.as_ref().map_or(0, Range::len)
    }
}

/// Σ x² in f64 in sixteen fixed lanes.
fn square(values: &[f32]) -> f64 {
    let mut lanes = [0.0f64; 16];
    for chunk in values.chunks(16) {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane += f64::from(value) * f64::from(value);
        }
    }
    lanes.iter().sum()
}

fn shapes(settings: &RunSettings, n_features: usize, n_classes: usize) -> Result<Vec<LayerShape>, ProblemError> {
    let hidden = settings.model.hidden.iter().map(|&width| width as usize);
    let widths: Vec<usize> = std::iter::once(n_features).chain(hidden).chain([n_classes]).collect();
    let mut layers = Vec::with_capacity(widths.len() - 1);
    let mut start = 0usize;
    for pair in widths.windows(2) {
        let (inputs, outputs) = (pair[0], pair[1]);
        if inputs == 0 || outputs == 0 {
            return Err(ProblemError::Width);
        }
        let n_weights = inputs.checked_mul(outputs).filter(|&n| n <= MAX_PARAMETERS).ok_or(ProblemError::Size)?;
        let weight = start..start + n_weights;
        let bias = settings.model.bias.then(|| weight.end..weight.end + outputs);
        start = bias.as_ref().map_or(weight.end, |bias| bias.end);
        if start > MAX_PARAMETERS {
            return Err(ProblemError::Size);
        }
        layers.push(LayerShape { inputs, outputs, weight, bias });
    }
    Ok(layers)
}

fn check_numbers(settings: &RunSettings) -> Result<(), ProblemError> {
    let train = &settings.train;
    let rows: [(&'static str, f64, bool, &'static str); 4] = [
        ("train.learning_rate", train.learning_rate, train.learning_rate >= 0.0, "use a finite number from 0 up"),
        ("train.momentum", train.momentum, (0.0..1.0).contains(&train.momentum), "use a number from 0 to below 1"),
        ("train.weight_decay", train.weight_decay, train.weight_decay >= 0.0, "use a finite number from 0 up"),
        ("model.init_scale", settings.model.init_scale, true, "use a finite number"),
    ];
    for (key, value, fits, wanted) in rows {
        if !fits || !(value as f32).is_finite() {
            return Err(ProblemError::Number { key, value: value.to_string(), wanted });
        }
    }
    Ok(())
}
