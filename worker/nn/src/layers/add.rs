//! x + y.

use traipse_sweep::network::Node;

use super::{Dot, Frame, Into, Layer, Room, Saved, Scratch};
use crate::kernels::{Epilogue, Family, Op, Outputs, ROWS, Real, Sink, Tangent, WIDTH, panel_numbers};

/// x + y. Cost: reads two values, writes one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Add {
    n_features: usize,
}

/// Hands on one value, or the sum of two.
struct Join<'a, T, E> {
    /// One or two, as long as each other.
    values: &'a [&'a [T]],
    out: &'a mut E,
}

impl Add {
    pub(crate) fn new(node: &Node) -> Self {
        Self { n_features: node.output_shape.n_features() }
    }

    fn join<T: Real, E: Epilogue<T>>(&self, frame: &Frame<'_, T>, values: &[&[T]], out: &mut E) {
        let n = panel_numbers(self.n_features, frame.n);
        match *values {
            [value] => frame.isa.run(Join { values: &[&value[..n]], out }),
            [first, second] => frame.isa.run(Join { values: &[&first[..n], &second[..n]], out }),
            _ => unreachable!("an addition has one or two values that move"),
        }
    }

    /// The gradient by a sum is that by each part.
    fn split<T: Real>(&self, frame: &Frame<'_, T>, delta: &[T], into: &mut Into<'_, T>) {
        for out in into.iter_mut().flatten() {
            self.join(frame, &[delta], out);
        }
    }
}

impl<T: Real, E: Epilogue<T>> Op for Join<'_, T, E> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        const STRETCH: usize = ROWS * WIDTH;
        let mut results = [T::ZERO; STRETCH];
        let first = self.values[0].as_chunks::<STRETCH>().0;
        let second = self.values.get(1).map(|values| values.as_chunks::<STRETCH>().0);
        for (at, first) in first.iter().enumerate() {
            results.copy_from_slice(first);
            if let Some(second) = second {
                for (result, &value) in results.iter_mut().zip(&second[at]) {
                    *result += value;
                }
            }
            self.out.put(at * STRETCH, &mut results);
        }
    }
}

impl<T: Real> Layer<T> for Add {
    fn room(&self, _: usize) -> Room {
        Room::default()
    }

    fn forward(&self, frame: &Frame<'_, T>, _: &mut Saved<T>, _: &mut Scratch<T>, out: &mut Outputs<'_, T>) {
        self.join(frame, &[frame.input.values(), frame.other], out);
    }

    fn backward(&self, frame: &Frame<'_, T>, _: &Saved<T>, delta: &[T], _: &mut Scratch<T>, into: &mut Into<'_, T>) {
        self.split(frame, delta, into);
    }

    fn gradient(&self, _: &Frame<'_, T>, _: &Saved<T>, _: &[T], _: &mut Scratch<T>, _: &mut Sink<'_, T>) {}

    fn tangent(
        &self,
        frame: &Frame<'_, T>,
        _: &Saved<T>,
        dot: &Dot<'_, T>,
        _: &mut Saved<T>,
        _: &mut Scratch<T>,
        out: &mut Tangent<'_, T>,
    ) {
        match (dot.input, dot.other) {
            (Some(first), Some(second)) => self.join(frame, &[first, second], out),
            (Some(one), None) | (None, Some(one)) => self.join(frame, &[one], out),
            (None, None) => unreachable!("at most one part of a sum is the examples themselves"),
        }
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
        self.split(frame, dot.dot_delta, into);
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
