//! The largest or the mean of every window.

use traipse_sweep::network::{self, Node, PoolKind};

use super::conv::image;
use super::{Dot, Frame, Into, Layer, Room, Saved, Scratch};
use crate::kernels::{
    AverageBackward, AverageForward, Epilogue, MaxBackward, MaxForward, MaxTangent, Outputs, Real, Sink, Tangent,
    Windows,
};

/// Pooling over windows without padding; what no window holds has no effect. Cost: one comparison or addition an input
/// of every window.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    kind: PoolKind,
    windows: Windows,
}

impl Pool {
    /// # Panics
    /// If the node is no pooling.
    pub(crate) fn new(node: &Node) -> Self {
        let network::Layer::Pool { kind, size, stride } = node.layer else { unreachable!("a pooling's node") };
        Self { kind, windows: Windows::new(image(node.input_shape), image(node.output_shape), size, stride) }
    }

    fn gather<T: Real, E: Epilogue<T>>(&self, frame: &Frame<'_, T>, saved: &Saved<T>, delta: &[T], out: &mut E) {
        let (windows, n, indices) = (&self.windows, frame.n, &saved.indices[..]);
        match self.kind {
            PoolKind::Max => frame.isa.run(MaxBackward { windows, delta, n, indices, out }),
            PoolKind::Average => frame.isa.run(AverageBackward { windows, delta, n, out }),
        }
    }
}

impl<T: Real> Layer<T> for Pool {
    fn room(&self, n: usize) -> Room {
        let indices = if self.kind == PoolKind::Max { self.windows.n_indices(n) } else { 0 };
        Room { indices, ..Room::default() }
    }

    fn forward(&self, frame: &Frame<'_, T>, saved: &mut Saved<T>, _: &mut Scratch<T>, out: &mut Outputs<'_, T>) {
        let (windows, n, values, indices) = (&self.windows, frame.n, frame.input.values(), &mut saved.indices[..]);
        match self.kind {
            PoolKind::Max => frame.isa.run(MaxForward { windows, values, n, indices, out }),
            PoolKind::Average => frame.isa.run(AverageForward { windows, values, n, out }),
        }
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
        self.gather(frame, saved, delta, out);
    }

    fn gradient(&self, _: &Frame<'_, T>, _: &Saved<T>, _: &[T], _: &mut Scratch<T>, _: &mut Sink<'_, T>) {}

    fn tangent(
        &self,
        frame: &Frame<'_, T>,
        saved: &Saved<T>,
        dot: &Dot<'_, T>,
        _: &mut Saved<T>,
        _: &mut Scratch<T>,
        out: &mut Tangent<'_, T>,
    ) {
        let (windows, n, indices) = (&self.windows, frame.n, &saved.indices[..]);
        match (dot.input, self.kind) {
            (Some(values), PoolKind::Max) => frame.isa.run(MaxTangent { windows, values, n, indices, out }),
            (Some(values), PoolKind::Average) => frame.isa.run(AverageForward { windows, values, n, out }),
            // Examples do not move, and neither do their pools.
            (None, _) => {
                out.value.fill(T::ZERO);
                out.turn.fill(T::ZERO);
            }
        }
    }

    fn tangent_backward(
        &self,
        frame: &Frame<'_, T>,
        saved: &Saved<T>,
        dot: &Dot<'_, T>,
        _: &Saved<T>,
        _: &mut Scratch<T>,
        into: &mut Into<'_, T>,
    ) {
        let [Some(out), _] = into else { return };
        self.gather(frame, saved, dot.dot_delta, out);
    }

    fn tangent_gradient(
        &self,
        _: &Frame<'_, T>,
        _: &Saved<T>,
        _: &Dot<'_, T>,
        _: &Saved<T>,
        _: &mut Scratch<T>,
        _: &mut Sink<'_, T>,
    ) {
    }
}

#[cfg(test)]
mod tests;
