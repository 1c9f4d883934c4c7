//! Convolutions of images.

use traipse_sweep::network::{self, Node, Shape};

use super::{Dot, Frame, Into, Layer, Places, Room, Saved, Scratch};
use crate::kernels::{
    Axis, ConvBias, ConvGradient, Correlate, Epilogue, Image, Outputs, PackByInputs, PackByOutputs, Patch, Plan, Real,
    Sink, Tangent, panel_numbers,
};

/// A correlation with zeros around, as PyTorch's `Conv2d`. Cost: channels in × channels out × kernel² multiply-adds a
/// place of the output forward, by its inputs, and by its weights each, but for taps beyond the borders.
#[derive(Clone, Debug)]
pub(crate) struct Conv {
    at: Places,
    weight_numbers: usize,
    forward: Plan,
    backward: Plan,
    patch: Patch,
}

impl Conv {
    /// # Panics
    /// If the node is no convolution.
    pub(crate) fn new(node: &Node, at: Places) -> Self {
        let network::Layer::Conv { kernel, stride, padding } = node.layer else { unreachable!("a convolution's node") };
        let (input, output) = (image(node.input_shape), image(node.output_shape));
        let sizes = [kernel, stride, padding];
        let axes = |way: fn(usize, usize, [usize; 3]) -> Axis, from: Image, to: Image| {
            Plan::new(from, to, kernel, way(from.height, to.height, sizes), way(from.width, to.width, sizes))
        };
        Self {
            at,
            weight_numbers: panel_numbers(input.channels * kernel * kernel, output.channels),
            forward: axes(Axis::forward, input, output),
            backward: axes(Axis::backward, output, input),
            patch: Patch::new(input, output, sizes),
        }
    }

    fn weights<'a, T>(&self, parameters: &'a [T]) -> &'a [T] {
        &parameters[self.at.weight..][..self.weight_numbers]
    }

    /// Σ_terms of weights times inputs, plus the biases of `parameters`.
    fn outputs<T: Real, E: Epilogue<T>>(
        &self,
        frame: &Frame<'_, T>,
        terms: &[(&[T], &[T])],
        parameters: &[T],
        scratch: &mut Scratch<T>,
        out: &mut E,
    ) {
        let plan = &self.forward;
        let (isa, weights) = (
            frame.isa,
            self.packed(terms, plan, &mut scratch.first, |weights, out| {
                frame.isa.run(PackByOutputs { plan, weights, out });
            }),
        );
        let bias = self.at.bias.map(|at| &parameters[at..]);
        isa.run(Correlate { plan, terms: &weights[..terms.len()], bias, n: frame.n, room: &mut scratch.second, out });
    }

    /// Σ_terms of transposed weights times δ.
    fn inputs<T: Real, E: Epilogue<T>>(
        &self,
        frame: &Frame<'_, T>,
        terms: &[(&[T], &[T])],
        scratch: &mut Scratch<T>,
        out: &mut E,
    ) {
        let plan = &self.backward;
        let (isa, weights) = (
            frame.isa,
            self.packed(terms, plan, &mut scratch.first, |weights, out| {
                frame.isa.run(PackByInputs { plan, weights, out });
            }),
        );
        isa.run(Correlate {
            plan,
            terms: &weights[..terms.len()],
            bias: None,
            n: frame.n,
            room: &mut scratch.second,
            out,
        });
    }

    /// The terms with their weights packed; of two, the second stands last.
    fn packed<'a, T: Real>(
        &self,
        terms: &[(&[T], &'a [T])],
        plan: &Plan,
        room: &'a mut [T],
        pack: impl Fn(&[T], &mut [T]),
    ) -> [(&'a [T], &'a [T]); 2] {
        let mut packed = [(&[][..], &[][..]); 2];
        let rooms = room.chunks_exact_mut(plan.packed_numbers());
        for ((&(weights, source), room), out) in terms.iter().zip(rooms).zip(&mut packed) {
            pack(self.weights(weights), room);
            *out = (room, source);
        }
        packed
    }

    /// Σ_terms of inputs times δ, and the sums of `delta`.
    fn sums<T: Real>(
        &self,
        frame: &Frame<'_, T>,
        terms: &[(&[T], &[T])],
        delta: &[T],
        scratch: &mut Scratch<T>,
        sink: &mut Sink<'_, T>,
    ) {
        let Self { at, patch, .. } = self;
        let (n, chains, strips) = (frame.n, &mut scratch.first[..], &mut scratch.second[..]);
        frame.isa.run(ConvGradient { patch, terms, n, chains, strips, at: at.weight, sink });
        if let Some(at) = at.bias {
            frame.isa.run(ConvBias { patch, delta, n, at, sink });
        }
    }
}

/// The shape as kernels have it.
pub(super) fn image(Shape { channels, height, width }: Shape) -> Image {
    Image { channels, height, width }
}

impl<T: Real> Layer<T> for Conv {
    fn room(&self, _: usize) -> Room {
        let plans = [&self.forward, &self.backward];
        let products = plans.map(|plan| (2 * plan.packed_numbers()).max(plan.room_numbers(2)));
        let sums = self.patch.chain_numbers().max(self.patch.strip_numbers());
        Room { scratch: sums.max(products[0]).max(products[1]), ..Room::default() }
    }

    fn forward(&self, frame: &Frame<'_, T>, _: &mut Saved<T>, scratch: &mut Scratch<T>, out: &mut Outputs<'_, T>) {
        let terms = &[(frame.parameters, frame.input.values())];
        self.outputs(frame, terms, frame.parameters, scratch, out);
    }

    fn backward(
        &self,
        frame: &Frame<'_, T>,
        _: &Saved<T>,
        delta: &[T],
        scratch: &mut Scratch<T>,
        into: &mut Into<'_, T>,
    ) {
        let [Some(out), _] = into else { return };
        self.inputs(frame, &[(frame.parameters, delta)], scratch, out);
    }

    fn gradient(
        &self,
        frame: &Frame<'_, T>,
        _: &Saved<T>,
        delta: &[T],
        scratch: &mut Scratch<T>,
        sink: &mut Sink<'_, T>,
    ) {
        self.sums(frame, &[(frame.input.values(), delta)], delta, scratch, sink);
    }

    fn tangent(
        &self,
        frame: &Frame<'_, T>,
        _: &Saved<T>,
        dot: &Dot<'_, T>,
        _: &mut Saved<T>,
        scratch: &mut Scratch<T>,
        out: &mut Tangent<'_, T>,
    ) {
        let still = (dot.parameters, frame.input.values());
        match dot.input {
            Some(input) => {
                self.outputs(frame, &[(frame.parameters, input), still], dot.parameters, scratch, out);
            }
            None => self.outputs(frame, &[still], dot.parameters, scratch, out),
        }
    }

    fn tangent_backward(
        &self,
        frame: &Frame<'_, T>,
        _: &Saved<T>,
        dot: &Dot<'_, T>,
        _: &Saved<T>,
        scratch: &mut Scratch<T>,
        into: &mut Into<'_, T>,
    ) {
        let [Some(out), _] = into else { return };
        let terms = &[(frame.parameters, dot.dot_delta), (dot.parameters, dot.delta)];
        self.inputs(frame, terms, scratch, out);
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
        let still = (frame.input.values(), dot.dot_delta);
        match dot.input {
            Some(input) => self.sums(frame, &[still, (input, dot.delta)], dot.dot_delta, scratch, sink),
            None => self.sums(frame, &[still], dot.dot_delta, scratch, sink),
        }
    }
}

#[cfg(test)]
mod tests;
