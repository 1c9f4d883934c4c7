//! A network as a graph of layers with all shapes worked out: what `[model]` means for data of a given shape.
//!
//! Values are numbered: value 0 is the input, value i + 1 the output of node i. Every node reads one value (an
//! addition reads two), all of them earlier, and the last node's output are the logits. Parameters lie in θ in the
//! order of the nodes, each tensor row-major as PyTorch keeps it, weights before biases.

use std::ops::Range;

use crate::settings::Activation;

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
