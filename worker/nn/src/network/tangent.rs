//! Along a direction in parameter space: tangents of all values, and of the gradient.

use crate::kernels::{Buffer, Finish, Real, Sink, Tangent, is_smooth};
use crate::layers::{Dot, Mode, Saved};

use super::tape::{Tape, frame, into, slope};
use super::{Network, value_numbers};

/// What follows from a direction, for one chunk at a time.
#[derive(Debug)]
pub(crate) struct Dots<T> {
    values: Vec<Buffer<T>>,
    /// Kept bend times the tangent of the pre-activation; empty where the activation is piecewise linear.
    turns: Vec<Buffer<T>>,
    deltas: Vec<Buffer<T>>,
    saved: Vec<Saved<T>>,
    /// Stands for bends that nobody wants.
    nothing: Vec<Buffer<T>>,
}

impl<T: Real> Dots<T> {
    /// Room for `capacity` examples.
    pub(crate) fn new(network: &Network<T>, capacity: usize) -> Self {
        let nodes = &network.shape.nodes;
        let size = |at: usize| value_numbers(nodes[at].output_shape.n_features(), capacity);
        let buffers = |keep: &dyn Fn(usize) -> bool| -> Vec<Buffer<T>> {
            (0..nodes.len()).map(|at| Buffer::zeros(if keep(at) { size(at) } else { 0 })).collect()
        };
        Self {
            values: buffers(&|_| true),
            turns: buffers(&|at| is_smooth(nodes[at].activation)),
            deltas: buffers(&|_| true),
            saved: network.layers.iter().map(|layer| Saved::new(layer.room(capacity).tangent_numbers, 0)).collect(),
            nothing: buffers(&|_| false),
        }
    }

    /// Tangents of the logits, in panels.
    pub(crate) fn logits(&self) -> &[T] {
        &self.values[self.values.len() - 1]
    }
}

impl<T: Real> Tape<T> {
    /// The Jacobian–vector product: tangents of all values along `direction` (in panel layout).
    pub(crate) fn tangent(
        &mut self,
        network: &Network<T>,
        parameters: &[T],
        direction: &[T],
        mode: &Mode<'_>,
        dots: &mut Dots<T>,
    ) {
        for (at, layer) in network.layers.iter().enumerate() {
            let (before, after) = dots.values.split_at_mut(at);
            let dot = dot(network, at, direction, before, [&[], &[]]);
            let frame = frame(network, at, mode, parameters, &self.input, &self.values.out);
            let mut out = Tangent {
                slope: slope(network, at + 1, &self.values.out, &self.values.slope),
                value: &mut after[0],
                bend: &self.values.bend[at],
                turn: &mut dots.turns[at],
            };
            layer.tangent(&frame, &self.saved[at], &dot, &mut dots.saved[at], &mut self.scratch, &mut out);
        }
    }

    /// After [`Self::tangent`]: the tangent of the gradient, times `scale`, into the sink. The Hessian–vector product.
    pub(crate) fn tangent_backward(
        &mut self,
        network: &Network<T>,
        parameters: &[T],
        direction: &[T],
        mode: &Mode<'_>,
        dots: &mut Dots<T>,
        sink: &mut Sink<'_, T>,
    ) {
        for (at, layer) in network.layers.iter().enumerate().rev() {
            let (below, this) = dots.deltas.split_at_mut(at);
            let dot = dot(network, at, direction, &dots.values, [&self.deltas[at], &this[0]]);
            let frame = frame(network, at, mode, parameters, &self.input, &self.values.out);
            let (out, slopes, turns) = (&self.values.out, &self.values.slope, &dots.turns);
            let finish = |value: usize, bend| Finish {
                slope: slope(network, value, out, slopes),
                bend,
                plus: &turns[value - 1][..],
            };
            let mut into = into(network, at, below, &mut dots.nothing, finish);
            layer.tangent_backward(&frame, &self.saved[at], &dot, &dots.saved[at], &mut self.scratch, &mut into);
            layer.tangent_gradient(&frame, &self.saved[at], &dot, &dots.saved[at], &mut self.scratch, sink);
        }
    }

    /// Takes a gradient by the logits that stands in `dots` down, as [`Tape::backward`] does with the loss's own.
    pub(crate) fn pull_back(
        &mut self,
        network: &Network<T>,
        parameters: &[T],
        mode: &Mode<'_>,
        dots: &mut Dots<T>,
        sink: &mut Sink<'_, T>,
    ) {
        for (at, layer) in network.layers.iter().enumerate().rev() {
            let (below, this) = dots.deltas.split_at_mut(at);
            let frame = frame(network, at, mode, parameters, &self.input, &self.values.out);
            let (out, slopes) = (&self.values.out, &self.values.slope);
            let finish = |value: usize, bend| Finish { slope: slope(network, value, out, slopes), bend, plus: &[] };
            let mut into = into(network, at, below, &mut dots.nothing, finish);
            layer.backward(&frame, &self.saved[at], &this[0], &mut self.scratch, &mut into);
            layer.gradient(&frame, &self.saved[at], &this[0], &mut self.scratch, sink);
        }
    }

    /// Puts scale · H ż into `dots` as the gradient by the logits, H being the loss's Hessian by them.
    pub(crate) fn bend_loss(&self, network: &Network<T>, scale: T, dots: &mut Dots<T>) {
        let last = network.layers.len() - 1;
        let (dot, out) = (&dots.values[last], &mut dots.deltas[last]);
        network.head.bend(network.isa, self.logits(), self.targets(), dot, scale, out);
    }
}

fn dot<'a, T: Real>(
    network: &Network<T>,
    at: usize,
    parameters: &'a [T],
    values: &'a [Buffer<T>],
    [delta, dot_delta]: [&'a [T]; 2],
) -> Dot<'a, T> {
    let node = &network.shape.nodes[at];
    let of = |value: usize| value.checked_sub(1).map(|index| &values[index][..]);
    Dot { parameters, input: of(node.input), other: node.other.and_then(of), delta, dot_delta }
}
