//! A network as a graph of layers with all shapes worked out: what `[model]` means for data of a given shape.
//!
//! Values are numbered: value 0 is the input, value i + 1 the output of node i. Every node reads one value (an
//! addition reads two), all of them earlier, and the last node's output are the logits. Parameters lie in θ in the
//! order of the nodes, each tensor row-major as PyTorch keeps it, weights before biases.
//!
//! Every conv, dense and block is followed by the model's norm and activation: layer, norm, activation. A layer whose
//! outputs are normalised has no bias of its own, whatever `model.bias` says: the norm's shift does its work, and beside
//! batch norm a bias would be a direction of θ along which no loss changes. The last dense layer, to the classes, has
//! neither norm nor activation.

mod build;
mod error;
mod preset;
mod size;
#[cfg(test)]
mod tests;
mod words;

use std::fmt;
use std::ops::Range;

use crate::settings::{Activation, RunSettings};

pub(crate) use build::choice;
pub use error::{Error, Place, Reason};
pub(crate) use words::Words;

/// Most parameters of one network: 2³¹ floats are 8 GiB, beyond what a slot can hold several times over.
pub const MAX_PARAMETERS: usize = 1 << 31;
/// Most numbers in all values of one example together: thirty-two examples of so many floats are 8 GiB.
pub const MAX_FEATURES: usize = 1 << 26;
/// Most layers in `model.hidden` or `model.layers`.
pub const MAX_LAYERS: usize = 1024;
/// Most channels or units of a layer, and largest kernel, window, stride and padding.
pub const MAX_WIDTH: u32 = 1 << 20;

/// Sizes of one example's value: channels × height × width. Features are counted in that order; a dense value has
/// height and width 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Channels, or units of a dense value.
    pub channels: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
}

/// All layers from the input to the logits.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Of one example.
    pub input: Shape,
    /// In order of execution.
    pub nodes: Vec<Node>,
    /// d, the length of θ.
    pub n_parameters: usize,
    /// Numbers that training keeps beside θ: running means and variances of batch norm, node by node, means first.
    pub n_buffers: usize,
}

/// One layer in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it does.
    pub layer: Layer,
    /// The value that it reads.
    pub input: usize,
    /// The second value of an addition.
    pub other: Option<usize>,
    /// Of its input.
    pub input_shape: Shape,
    /// Of its output.
    pub output_shape: Shape,
    /// Applied to its output.
    pub activation: Activation,
    /// Its weights, if it has any.
    pub weight: Option<Parameter>,
    /// Its biases, if it has any.
    pub bias: Option<Parameter>,
    /// Its place among the buffers; empty but for batch norm.
    pub buffers: Range<usize>,
}

/// A tensor in θ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Row-major: (outputs, inputs), (channels out, channels in, height, width) or (features,).
    pub shape: Vec<usize>,
    /// Where it lies in θ.
    pub range: Range<usize>,
    /// Whether weight decay acts on it: matrices and kernels always, biases and norms' scales with `decay_biases`.
    pub is_matrix: bool,
}

/// What a layer does.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// W x + b over all features of the input.
    Dense,
    /// A convolution over images, as PyTorch's `Conv2d` (a correlation), zeros around.
    Conv {
        /// Height and width of the kernel.
        kernel: usize,
        /// Pixels between two places of the kernel.
        stride: usize,
        /// Pixels of zeros on each side.
        padding: usize,
    },
    /// The largest (or the mean) of each `size` × `size` window.
    Pool {
        /// Which of the two.
        kind: PoolKind,
        /// Height and width of the window.
        size: usize,
        /// Pixels between two windows.
        stride: usize,
    },
    /// (x − mean) / √(variance + ε) · γ + β, each channel over the batch and the pixels; running averages where it is
    /// evaluated. ε = 1e-5, running averages move by 0.1.
    BatchNorm,
    /// The same, each example over all its features, with a γ and β a feature.
    LayerNorm,
    /// Zero with probability `rate`, else x / (1 − rate), in training alone.
    Dropout {
        /// The probability.
        rate: f64,
    },
    /// x + y.
    Add,
}

/// How a window becomes one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PoolKind {
    /// The largest; of equals the first in reading order.
    Max,
    /// The mean.
    Average,
}

impl Network {
    /// The network of `settings.model` for examples of shape `input`, with `n_outputs` logits.
    ///
    /// # Errors
    /// If the model has no network, says its layers twice or not at all, or a layer does not fit what it reads; the
    /// message names the layer and both shapes.
    pub fn of(settings: &RunSettings, input: Shape, n_outputs: usize) -> Result<Self, Error> {
        build::network(&settings.model, input, n_outputs)
    }

    /// The shape of a value: of the input, or of a node's output.
    ///
    /// # Panics
    /// If there is no such value.
    #[must_use]
    pub fn shape(&self, value: usize) -> Shape {
        value.checked_sub(1).map_or(self.input, |node| self.nodes[node].output_shape)
    }
}

impl Node {
    /// Weights and biases together.
    #[must_use]
    pub fn n_parameters(&self) -> usize {
        [&self.weight, &self.bias].into_iter().flatten().map(|parameter| parameter.range.len()).sum()
    }
}

impl Shape {
    /// Numbers in one example's value.
    #[must_use]
    pub fn n_features(self) -> usize {
        self.channels * self.height * self.width
    }

    /// A dense value.
    #[must_use]
    pub fn dense(units: usize) -> Self {
        Self { channels: units, height: 1, width: 1 }
    }
}

/// `16 × 4 × 4`, or `120` of a dense value.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.channels)?;
        if (self.height, self.width) != (1, 1) {
            write!(f, " × {} × {}", self.height, self.width)?;
        }
        Ok(())
    }
}
