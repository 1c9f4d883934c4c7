//! Units that are dropped in training.

use traipse_sweep::network::Node;

use super::{Dot, Frame, Into, Layer, Mode, Noise, Room, Saved, Scratch};
use crate::kernels::{Epilogue, Family, Op, Outputs, ROWS, Real, Sink, Tangent, WIDTH, padded, panels};

/// 2³²: draws are 32 bits.
const RANGE: f64 = 4_294_967_296.0;
/// Words drawn at once, and the features that they decide on.
const WORDS: usize = 64;

/// In training, 0 with probability `rate`, else x / (1 − rate) (Srivastava et al. 2014, scaled in training); else x.
///
/// The i-th example of a batch has draws of its own: feature f (channel, then y, then x) is dropped where its 32 bits,
/// the low half of word f / 2 for even f and the high half for odd f, are below rate · 2³², rounded. Cost: a bit a
/// number kept, half a word drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dropout {
    n_features: usize,
    /// Dropout layers before this one.
    index: u64,
    /// Draws below it drop.
    threshold: u32,
    /// 1 / (1 − rate).
    scale: f64,
}

/// Draws which units stay. Bits of examples beyond the last are 0.
struct Draw<'a> {
    layer: &'a Dropout,
    noise: Noise,
    n: usize,
    keep: &'a mut [u32],
}

/// Hands on values, those alone whose bits are set and scaled, or all as they are.
struct Masked<'a, T, E> {
    values: &'a [T],
    /// A word a row of 32 examples.
    keep: Option<&'a [u32]>,
    scale: T,
    out: &'a mut E,
}

impl Dropout {
    pub(crate) fn new(node: &Node, rate: f64, n_dropouts: usize) -> Self {
        Self {
            n_features: node.output_shape.n_features(),
            index: n_dropouts as u64,
            threshold: (rate * RANGE).round() as u32,
            scale: 1.0 / (1.0 - rate),
        }
    }

    /// Rows of 32 examples in a chunk.
    fn n_rows(&self, n: usize) -> usize {
        panels(n) * padded(self.n_features)
    }

    fn pass<T: Real, E: Epilogue<T>>(&self, frame: &Frame<'_, T>, saved: &Saved<T>, values: &[T], out: &mut E) {
        let n_rows = self.n_rows(frame.n);
        let keep = matches!(frame.mode, Mode::Training(_)).then(|| &saved.indices[..n_rows]);
        frame.isa.run(Masked { values: &values[..n_rows * WIDTH], keep, scale: T::of(self.scale), out });
    }
}

impl Op for Draw<'_> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let Self { layer, noise, n, keep } = self;
        keep.fill(0);
        for (panel, rows) in keep.chunks_mut(padded(layer.n_features)).enumerate() {
            for lane in 0..(n - panel * WIDTH).min(WIDTH) {
                let mut draws = noise.dropout(layer.index, panel * WIDTH + lane);
                for rows in rows[..layer.n_features].chunks_mut(2 * WORDS) {
                    let mut words = [0; WORDS];
                    draws.fill(&mut words[..rows.len().div_ceil(2)]);
                    let mut halves = [[0; 2]; WORDS];
                    for (halves, word) in halves.iter_mut().zip(words) {
                        *halves = [word as u32, (word >> 32) as u32];
                    }
                    for (row, &half) in rows.iter_mut().zip(halves.as_flattened()) {
                        *row |= u32::from(half >= layer.threshold) << lane;
                    }
                }
            }
        }
    }
}

impl<T: Real, E: Epilogue<T>> Op for Masked<'_, T, E> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let mut results = [[T::ZERO; WIDTH]; ROWS];
        for (block, values) in self.values.as_chunks::<WIDTH>().0.as_chunks::<ROWS>().0.iter().enumerate() {
            match self.keep {
                None => results = *values,
                Some(keep) => {
                    let keep = &keep[block * ROWS..][..ROWS];
                    for ((results, values), &keep) in results.iter_mut().zip(values).zip(keep) {
                        for lane in 0..WIDTH {
                            let is_kept = keep >> lane & 1 == 1;
                            results[lane] = if is_kept { values[lane] * self.scale } else { T::ZERO };
                        }
                    }
                }
            }
            self.out.put(block * ROWS * WIDTH, results.as_flattened_mut());
        }
    }
}

impl<T: Real> Layer<T> for Dropout {
    fn room(&self, n: usize) -> Room {
        Room { indices: self.n_rows(n), ..Room::default() }
    }

    fn forward(&self, frame: &Frame<'_, T>, saved: &mut Saved<T>, _: &mut Scratch<T>, out: &mut Outputs<'_, T>) {
        if let Mode::Training(noise) = frame.mode {
            let keep = &mut saved.indices[..self.n_rows(frame.n)];
            frame.isa.run(Draw { layer: self, noise: *noise, n: frame.n, keep });
        }
        self.pass(frame, saved, frame.input.values(), out);
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
        self.pass(frame, saved, delta, out);
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
        if let Some(input) = dot.input {
            return self.pass(frame, saved, input, out);
        }
        for block in 0..self.n_rows(frame.n) / ROWS {
            out.put(block * ROWS * WIDTH, &mut [T::ZERO; ROWS * WIDTH]);
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
        self.pass(frame, saved, dot.dot_delta, out);
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
