//! Each example normalised over all its features.
//!
//! With mean μ and (biased) variance σ² of an example's F features, r = 1 / √(σ² + ε) and x̂ = r (x − μ), the output is
//! γ x̂ + β, a γ and β a feature. Lanes are examples, so sums over features never leave a lane; sums over examples, for
//! the gradients by γ and β, are sixteen lanes folded in a fixed order.

mod backward;
mod columns;
mod forward;
mod gradient;

use traipse_sweep::network::Node;

use super::{Dot, Frame, Into, Layer, Places, Room, Saved, Scratch};
use crate::kernels::{Outputs, Real, Sink, Tangent, WIDTH, padded, panels};
use backward::{AlongBackward, Backward};
use forward::{Along, Forward};
use gradient::Gradient;

/// γ x̂ + β (Ba, Kiros, Hinton 2016). Cost: reads its input three times, a panel of 32 examples at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerNorm {
    n_features: usize,
    weight: usize,
    bias: usize,
}

impl LayerNorm {
    pub(crate) fn new(node: &Node, at: Places) -> Self {
        let n_features = node.output_shape.n_features();
        Self { n_features, weight: at.weight, bias: at.bias.unwrap_or_default() }
    }

    /// (γ, β), or a direction's part of them.
    fn scales<'a, T>(&self, parameters: &'a [T]) -> [&'a [T]; 2] {
        [self.weight, self.bias].map(|at| &parameters[at..][..self.n_features])
    }

    /// Where a panel of 32 examples begins.
    fn start(&self, panel: usize) -> usize {
        panel * padded(self.n_features) * WIDTH
    }

    /// The features of the examples of a panel.
    fn rows<'a, T>(&self, values: &'a [T], panel: usize) -> &'a [[T; WIDTH]] {
        values[self.start(panel)..][..self.n_features * WIDTH].as_chunks::<WIDTH>().0
    }
}

impl<T: Real> Layer<T> for LayerNorm {
    /// Two numbers an example: μ and r, or how they move.
    fn room(&self, n: usize) -> Room {
        let numbers = panels(n) * 2 * WIDTH;
        Room { numbers, tangent_numbers: numbers, ..Room::default() }
    }

    fn forward(&self, frame: &Frame<'_, T>, saved: &mut Saved<T>, _: &mut Scratch<T>, out: &mut Outputs<'_, T>) {
        frame.isa.run(Forward { layer: self, frame, saved, out });
    }

    fn backward(
        &self,
        frame: &Frame<'_, T>,
        saved: &Saved<T>,
        delta: &[T],
        _: &mut Scratch<T>,
        into: &mut Into<'_, T>,
    ) {
        let [Some(out), _] = into else { return };
        frame.isa.run(Backward { layer: self, frame, saved, delta, out });
    }

    fn gradient(
        &self,
        frame: &Frame<'_, T>,
        saved: &Saved<T>,
        delta: &[T],
        _: &mut Scratch<T>,
        sink: &mut Sink<'_, T>,
    ) {
        frame.isa.run(Gradient { layer: self, frame, saved, delta, along: None, sink });
    }

    fn tangent(
        &self,
        frame: &Frame<'_, T>,
        saved: &Saved<T>,
        dot: &Dot<'_, T>,
        dot_saved: &mut Saved<T>,
        _: &mut Scratch<T>,
        out: &mut Tangent<'_, T>,
    ) {
        frame.isa.run(Along { layer: self, frame, saved, dot, dot_saved, out });
    }

    fn tangent_backward(
        &self,
        frame: &Frame<'_, T>,
        saved: &Saved<T>,
        dot: &Dot<'_, T>,
        dot_saved: &Saved<T>,
        _: &mut Scratch<T>,
        into: &mut Into<'_, T>,
    ) {
        let [Some(out), _] = into else { return };
        frame.isa.run(AlongBackward { layer: self, frame, saved, dot, dot_saved, out });
    }

    fn tangent_gradient(
        &self,
        frame: &Frame<'_, T>,
        saved: &Saved<T>,
        dot: &Dot<'_, T>,
        dot_saved: &Saved<T>,
        _: &mut Scratch<T>,
        sink: &mut Sink<'_, T>,
    ) {
        frame.isa.run(Gradient {
            layer: self,
            frame,
            saved,
            delta: dot.dot_delta,
            along: Some((dot, dot_saved)),
            sink,
        });
    }
}
