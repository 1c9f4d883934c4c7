//! Layers: what each does forward, backward, and along a tangent.
//!
//! A layer reads one value (an addition two) in panels of examples and writes one, with its activation. It is told
//! where its parameters lie in panel layout. Everything is a function of the arguments; what a layer needs again on
//! the way back it puts into its [`Saved`]. To add a layer: its file, and its line in [`build`].

mod add;
mod batch_norm;
#[cfg(test)]
mod check;
mod conv;
mod dense;
mod dropout;
mod layer_norm;
#[cfg(test)]
mod plain;
mod pool;
#[cfg(test)]
mod tests;

use std::fmt::Debug;

use traipse_sweep::network::{self, Node};
use traipse_sweep::streams::{Draws, Philox, Purpose};

use crate::kernels::{Buffer, Delta, Isa, Left, Outputs, Packed, Real, Sink, Tangent};

/// How far a training step moves running statistics towards those of its batch (PyTorch's).
pub(crate) const RUNNING_SHARE: f64 = 0.1;

/// The layer of a node whose parameters lie at these places; `n_dropouts` dropout layers come before it.
pub(crate) fn build<T: Real>(node: &Node, at: Places, n_dropouts: usize) -> Box<dyn Layer<T>> {
    match node.layer {
        network::Layer::Add => Box::new(add::Add::new(node)),
        network::Layer::BatchNorm => Box::new(batch_norm::BatchNorm::new(node, at)),
        network::Layer::Dropout { rate } => Box::new(dropout::Dropout::new(node, rate, n_dropouts)),
        network::Layer::LayerNorm => Box::new(layer_norm::LayerNorm::new(node, at)),
        network::Layer::Dense => Box::new(dense::Dense::new(node, at)),
        network::Layer::Conv { .. } => Box::new(conv::Conv::new(node, at)),
        network::Layer::Pool { .. } => Box::new(pool::Pool::new(node)),
    }
}

/// Where a layer's parameters begin among all, in panel layout.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Places {
    /// Of the weights.
    pub(crate) weight: usize,
    /// Of the biases.
    pub(crate) bias: Option<usize>,
}

/// How a chunk goes through layers that do not treat examples alike.
#[derive(Clone, Debug)]
pub(crate) enum Mode<'a> {
    /// A training step: batch statistics, units dropped by these draws (a stream of its own for every node).
    Training(Noise),
    /// Batch statistics, nothing dropped: what gradients and curvature are measured with.
    Batch,
    /// The given running statistics, nothing dropped.
    Evaluation(&'a [f64]),
}

/// Names the draws of one chunk of a training step. They are an example's own, so chunks change nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Noise {
    /// Of the training's order.
    pub(crate) seed: u64,
    /// Of the fork's branch; 0 is the trunk's.
    pub(crate) branch: u64,
    /// Optimiser steps before this one.
    pub(crate) step: u64,
    /// Position in the batch of the chunk's first example.
    pub(crate) first: u64,
}

/// What a layer sees of a chunk of examples.
#[derive(Clone, Debug)]
pub(crate) struct Frame<'a, T> {
    /// The instructions to run with.
    pub(crate) isa: Isa,
    /// Examples.
    pub(crate) n: usize,
    /// How.
    pub(crate) mode: &'a Mode<'a>,
    /// All parameters in panel layout; empty where only a gradient by them is asked for.
    pub(crate) parameters: &'a [T],
    /// The value that the layer reads.
    pub(crate) input: Input<'a, T>,
    /// The second value of an addition; else empty.
    pub(crate) other: &'a [T],
}

/// A value as a layer reads it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Input<'a, T> {
    /// The examples' bytes, zeros left out, in both orders. Dense layers alone read these.
    Packed {
        /// Groups of eight examples.
        rows: &'a Packed<T>,
        /// Groups of eight features.
        columns: &'a Packed<T>,
    },
    /// In panels of examples.
    Values(&'a [T]),
}

/// What a layer keeps of one chunk, of the size that it asked for.
#[derive(Debug, Default)]
pub(crate) struct Saved<T> {
    /// Numbers.
    pub(crate) numbers: Buffer<T>,
    /// Positions.
    pub(crate) indices: Vec<u32>,
}

/// Working memory. What a way back leaves here is there for the gradient by the parameters, which is asked for right
/// after it with the same arguments; beyond that no layer relies on it.
#[derive(Debug, Default)]
pub(crate) struct Scratch<T> {
    /// As large as any layer asked for.
    pub(crate) first: Buffer<T>,
    /// Likewise.
    pub(crate) second: Buffer<T>,
}

/// How much memory a layer needs for a chunk.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Room {
    /// Of [`Saved::numbers`].
    pub(crate) numbers: usize,
    /// Of [`Saved::indices`].
    pub(crate) indices: usize,
    /// Of each part of [`Scratch`].
    pub(crate) scratch: usize,
    /// Of the numbers saved along a tangent.
    pub(crate) tangent_numbers: usize,
}

/// A direction in parameter space, and what follows from it at one layer.
#[derive(Clone, Debug)]
pub(crate) struct Dot<'a, T> {
    /// The direction, in panel layout.
    pub(crate) parameters: &'a [T],
    /// The tangent of the layer's input; none for the examples, which do not move.
    pub(crate) input: Option<&'a [T]>,
    /// The tangent of the second value of an addition; none where it does not move.
    pub(crate) other: Option<&'a [T]>,
    /// δ; empty in the forward direction.
    pub(crate) delta: &'a [T],
    /// The tangent of δ; empty in the forward direction.
    pub(crate) dot_delta: &'a [T],
}

/// Where the gradients by a layer's two values go; none where nobody wants them.
pub(crate) type Into<'a, T> = [Option<Delta<'a, T>>; 2];

/// One layer. In all of it, δ is the gradient by the layer's output before its activation, in panels, and zero in the
/// lanes beyond the last example; gradients written must be so too.
pub(crate) trait Layer<T: Real>: Debug + Send + Sync {
    /// What it needs for `n` examples.
    fn room(&self, n: usize) -> Room;

    /// The layer's output.
    fn forward(&self, frame: &Frame<'_, T>, saved: &mut Saved<T>, scratch: &mut Scratch<T>, out: &mut Outputs<'_, T>);

    /// The gradients by its inputs. Linear in `delta`.
    fn backward(
        &self,
        frame: &Frame<'_, T>,
        saved: &Saved<T>,
        delta: &[T],
        scratch: &mut Scratch<T>,
        into: &mut Into<'_, T>,
    );

    /// The gradient by its parameters, asked for right after [`Self::backward`]. Linear in `delta`; nothing for a layer without parameters.
    fn gradient(
        &self,
        frame: &Frame<'_, T>,
        saved: &Saved<T>,
        delta: &[T],
        scratch: &mut Scratch<T>,
        sink: &mut Sink<'_, T>,
    );

    /// The tangent of its output.
    fn tangent(
        &self,
        frame: &Frame<'_, T>,
        saved: &Saved<T>,
        dot: &Dot<'_, T>,
        dot_saved: &mut Saved<T>,
        scratch: &mut Scratch<T>,
        out: &mut Tangent<'_, T>,
    );

    /// The tangents of the gradients by its inputs.
    fn tangent_backward(
        &self,
        frame: &Frame<'_, T>,
        saved: &Saved<T>,
        dot: &Dot<'_, T>,
        dot_saved: &Saved<T>,
        scratch: &mut Scratch<T>,
        into: &mut Into<'_, T>,
    );

    /// The tangent of the gradient by its parameters, asked for right after [`Self::tangent_backward`].
    fn tangent_gradient(
        &self,
        frame: &Frame<'_, T>,
        saved: &Saved<T>,
        dot: &Dot<'_, T>,
        dot_saved: &Saved<T>,
        scratch: &mut Scratch<T>,
        sink: &mut Sink<'_, T>,
    );

    /// Moves the running statistics by a share of the way to what a chunk saved; nothing for a layer without them.
    fn update_running(&self, _n: usize, _saved: &Saved<T>, _share: f64, _running: &mut [f64]) {}
}

impl<'a, T> Input<'a, T> {
    /// The value in panels.
    ///
    /// # Panics
    /// For packed bytes: a network makes these for a dense layer alone.
    pub(crate) fn values(self) -> &'a [T] {
        match self {
            Self::Values(values) => values,
            Self::Packed { .. } => unreachable!("bytes are packed only where a dense layer alone reads them"),
        }
    }

    fn by_rows(self) -> Left<'a, T> {
        match self {
            Self::Values(values) => Left::Values(values),
            Self::Packed { rows, .. } => Left::Packed(rows),
        }
    }

    fn by_columns(self) -> Left<'a, T> {
        match self {
            Self::Values(values) => Left::Values(values),
            Self::Packed { columns, .. } => Left::Packed(columns),
        }
    }
}

impl<T: Real> Saved<T> {
    /// Of the given sizes.
    pub(crate) fn new(numbers: usize, indices: usize) -> Self {
        Self { numbers: Buffer::zeros(numbers), indices: vec![0; indices] }
    }
}

impl<T: Real> Scratch<T> {
    /// Twice that many numbers.
    pub(crate) fn new(n: usize) -> Self {
        Self { first: Buffer::zeros(n), second: Buffer::zeros(n) }
    }
}

impl Noise {
    /// What the `layer`-th dropout layer (from 0) draws for example `index` of the chunk.
    pub(crate) fn dropout(&self, layer: u64, index: usize) -> Draws {
        self.streams(Purpose::Dropout).at_part(self.step, layer << 32 | (self.first + index as u64))
    }

    fn streams(&self, purpose: Purpose) -> Philox {
        Philox::new(self.seed, purpose).branch(self.branch)
    }

    /// What augmentation draws for example `index` of the chunk.
    pub(crate) fn augment(&self, index: usize) -> Draws {
        self.streams(Purpose::Augment).at_part(self.step, self.first + index as u64)
    }
}
