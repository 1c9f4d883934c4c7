//! W x + b over all features.

use traipse_sweep::network::Node;

use super::{Dot, Frame, Into, Layer, Places, Room, Saved, Scratch};
use crate::kernels::{
    BiasGradient, DenseBackward, DenseForward, DenseGradient, Outputs, Real, Sink, Tangent, Turn, panel_numbers,
};

/// W x + b. Cost: inputs × outputs multiply-adds an example forward, by its inputs, and by its weights each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dense {
    inputs: usize,
    outputs: usize,
    at: Places,
}

impl Dense {
    pub(crate) fn new(node: &Node, at: Places) -> Self {
        Self { inputs: node.input_shape.n_features(), outputs: node.output_shape.n_features(), at }
    }

    fn weights<'a, T>(&self, parameters: &'a [T]) -> &'a [T] {
        &parameters[self.at.weight..][..panel_numbers(self.inputs, self.outputs)]
    }

    /// δ in panels of outputs.
    fn turn<T: Real>(&self, frame: &Frame<'_, T>, delta: &[T], out: &mut [T]) {
        frame.isa.run(Turn { values: delta, features: self.outputs, n: frame.n, out });
    }
}

impl<T: Real> Layer<T> for Dense {
    fn room(&self, n: usize) -> Room {
        Room { scratch: panel_numbers(n, self.outputs), ..Room::default() }
    }

    fn forward(&self, frame: &Frame<'_, T>, _: &mut Saved<T>, _: &mut Scratch<T>, out: &mut Outputs<'_, T>) {
        frame.isa.run(DenseForward {
            terms: &[(self.weights(frame.parameters), frame.input.by_rows())],
            bias: self.at.bias.map(|at| &frame.parameters[at..]),
            n: frame.n,
            inputs: self.inputs,
            outputs: self.outputs,
            out,
        });
    }

    fn backward(&self, frame: &Frame<'_, T>, _: &Saved<T>, delta: &[T], _: &mut Scratch<T>, into: &mut Into<'_, T>) {
        let [Some(out), _] = into else { return };
        let terms = &[(self.weights(frame.parameters), delta)];
        frame.isa.run(DenseBackward { terms, n: frame.n, inputs: self.inputs, outputs: self.outputs, out });
    }

    fn gradient(
        &self,
        frame: &Frame<'_, T>,
        _: &Saved<T>,
        delta: &[T],
        scratch: &mut Scratch<T>,
        sink: &mut Sink<'_, T>,
    ) {
        let Self { inputs, outputs, at } = *self;
        self.turn(frame, delta, &mut scratch.first);
        let (delta, n) = (&scratch.first[..], frame.n);
        let terms = &[(frame.input.by_columns(), delta)];
        frame.isa.run(DenseGradient { terms, n, inputs, outputs, at: at.weight, sink });
        if let Some(at) = at.bias {
            frame.isa.run(BiasGradient { delta, n, outputs, at, sink });
        }
    }

    fn tangent(
        &self,
        frame: &Frame<'_, T>,
        _: &Saved<T>,
        dot: &Dot<'_, T>,
        _: &mut Saved<T>,
        _: &mut Scratch<T>,
        out: &mut Tangent<'_, T>,
    ) {
        let still = (self.weights(dot.parameters), frame.input.by_rows());
        let moving =
            dot.input.map(|input| [(self.weights(frame.parameters), super::Input::Values(input).by_rows()), still]);
        frame.isa.run(DenseForward {
            terms: moving.as_ref().map_or(&[still][..], |terms| &terms[..]),
            bias: self.at.bias.map(|at| &dot.parameters[at..]),
            n: frame.n,
            inputs: self.inputs,
            outputs: self.outputs,
            out,
        });
    }

    fn tangent_backward(
        &self,
        frame: &Frame<'_, T>,
        _: &Saved<T>,
        dot: &Dot<'_, T>,
        _: &Saved<T>,
        _: &mut Scratch<T>,
        into: &mut Into<'_, T>,
    ) {
        let [Some(out), _] = into else { return };
        let terms = &[(self.weights(frame.parameters), dot.dot_delta), (self.weights(dot.parameters), dot.delta)];
        frame.isa.run(DenseBackward { terms, n: frame.n, inputs: self.inputs, outputs: self.outputs, out });
    }

    fn tangent_gradient(
        &self,
        frame: &Frame<'_, T>,
        _: &Saved<T>,
        dot: &Dot<'_, T>,
        _: &Saved<T>,
        scratch: &mut Scratch<T>,
        sink: &mut Sink<'_, T>,
    ) {
        let Self { inputs, outputs, at } = *self;
        self.turn(frame, dot.dot_delta, &mut scratch.first);
        let (dot_delta, n) = (&scratch.first[..], frame.n);
        let still = (frame.input.by_columns(), dot_delta);
        if let Some(input) = dot.input {
            self.turn(frame, dot.delta, &mut scratch.second);
            let terms = &[still, (super::Input::Values(input).by_columns(), &scratch.second[..])];
            frame.isa.run(DenseGradient { terms, n, inputs, outputs, at: at.weight, sink });
        } else {
            frame.isa.run(DenseGradient { terms: &[still], n, inputs, outputs, at: at.weight, sink });
        }
        if let Some(at) = at.bias {
            frame.isa.run(BiasGradient { delta: dot_delta, n, outputs, at, sink });
        }
    }
}
