//! The network.

use serde::{Deserialize, Serialize};

/// The network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelSettings {
    /// What is trained.
    pub kind: ModelKind,
    /// Widths of the hidden layers of an `mlp`; empty for softmax regression.
    pub hidden: Vec<u32>,
    /// A named network (`cnn`, `resnet`).
    pub preset: Option<Preset>,
    /// The layers one by one, in words (`cnn`, `resnet`); empty where a preset names them.
    pub layers: Vec<String>,
    /// Channels of the first stage (`resnet`).
    pub width: Option<u32>,
    /// Between the layers.
    pub activation: Activation,
    /// Between a layer's products and its activation.
    pub norm: Norm,
    /// Probability that a hidden unit is dropped in a training step.
    pub dropout: f64,
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
            preset: None,
            layers: Vec::new(),
            width: None,
            activation: Activation::Relu,
            norm: Norm::None,
            dropout: 0.0,
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
    /// Convolutions, then dense layers.
    Cnn,
    /// Residual blocks of convolutions.
    Resnet,
    /// A planted truth: one dense layer from the data to the outputs. With MSE its loss has one minimum.
    Linear,
    /// A planted truth: the same without bias on regression data with MSE, so that the loss is a quadratic whose Hessian
    /// is X'X / n everywhere.
    Quadratic,
    /// A planted truth: a linear model whose steps are standard normal times the learning rate, whatever the loss.
    Walk,
    /// Does nothing: measures the orchestrator.
    Noop,
}

impl ModelKind {
    /// Whether it is a planted truth: one dense layer, whatever `model` says of others.
    #[must_use]
    pub fn is_planted(self) -> bool {
        matches!(self, Self::Linear | Self::Quadratic | Self::Walk)
    }
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

/// A network by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// LeCun et al. 1998: two 5×5 convolutions with average pooling, dense 120 and 84.
    Lenet5,
    /// He et al. 2016 for CIFAR with one block a stage.
    Resnet8,
    /// The same with three blocks a stage.
    Resnet20,
}

/// What normalises a layer's products before its activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Norm {
    /// Nothing.
    None,
    /// Each channel over the batch (Ioffe, Szegedy 2015).
    Batch,
    /// Each example over its features (Ba, Kiros, Hinton 2016).
    Layer,
}
