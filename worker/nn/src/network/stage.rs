//! The parts of one layer's work alone, for benches.

use crate::kernels::{Finish, Outputs, Real, Sink};
use crate::layers::Mode;

use super::Network;
use super::tape::{Tape, frame, into, slope};

impl<T: Real> Tape<T> {
    /// What [`Tape::forward`] does for one node.
    pub(crate) fn forward_one(&mut self, network: &Network<T>, at: usize, parameters: &[T], mode: &Mode<'_>) {
        let (before, after) = self.values.out.split_at_mut(at);
        let frame = frame(network, at, mode, parameters, &self.input, before);
        let mut out = Outputs {
            activation: network.shape.nodes[at].activation,
            value: &mut after[0],
            slope: &mut self.values.slope[at],
            bend: &mut self.values.bend[at],
        };
        network.layers[at].forward(&frame, &mut self.saved[at], &mut self.scratch, &mut out);
    }

    /// The gradients by one node's inputs, as [`Tape::backward`] has them.
    pub(crate) fn backward_one(&mut self, network: &Network<T>, at: usize, parameters: &[T], mode: &Mode<'_>) {
        let Self { input, values, deltas, saved, scratch, .. } = self;
        let (below, this) = deltas.split_at_mut(at);
        let frame = frame(network, at, mode, parameters, input, &values.out);
        let (out, slopes) = (&values.out, &values.slope);
        let finish = |value: usize, bend| Finish { slope: slope(network, value, out, slopes), bend, plus: &[] };
        let mut into = into(network, at, below, &mut values.bend, finish);
        network.layers[at].backward(&frame, &saved[at], &this[0], scratch, &mut into);
    }

    /// The gradient by one node's parameters, added to `sums`.
    pub(crate) fn gradient_one(&mut self, network: &Network<T>, at: usize, mode: &Mode<'_>, sums: &mut [T]) {
        let frame = frame(network, at, mode, &[], &self.input, &self.values.out);
        let delta = &self.deltas[at][..];
        network.layers[at].gradient(&frame, &self.saved[at], delta, &mut self.scratch, &mut Sink::Sum(sums));
    }
}
