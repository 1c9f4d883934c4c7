//! Products of a dense layer: forward, by its inputs, by its weights.
//!
//! Each takes up to two terms whose products are added in one chain: a tangent is W ȧ + V a, and so on.

use super::epilogue::Epilogue;
use super::lanes::{Family, Lanes};
use super::pack::Packed;
use super::real::Real;
use super::sink::Sink;
use super::tile::{Across, Down, Sparse, Tile, multiply};
use super::{Op, ROWS, WIDTH, is_narrow, padded, panels};

/// What a product reads of examples.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Left<'a, T> {
    /// Input bytes, zeros left out; by rows or by columns, as the product wants it.
    Packed(&'a Packed<T>),
    /// A value in panels of examples.
    Values(&'a [T]),
}

/// Σ_terms W a (+ b).
pub(crate) struct DenseForward<'a, T, E> {
    /// (W in panels, a; packed by rows where packed).
    pub(crate) terms: &'a [(&'a [T], Left<'a, T>)],
    /// b, padded to whole panels.
    pub(crate) bias: Option<&'a [T]>,
    /// Examples.
    pub(crate) n: usize,
    /// Rows of W.
    pub(crate) inputs: usize,
    /// Columns of W.
    pub(crate) outputs: usize,
    /// Where the results go.
    pub(crate) out: &'a mut E,
}

impl<T: Real, E: Epilogue<T>> Op for DenseForward<'_, T, E> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        match self.terms {
            [(weights, Left::Packed(packed))] => self.packed::<F>(weights, packed),
            _ => self.values::<F>(),
        }
    }
}

impl<T: Real, E: Epilogue<T>> DenseForward<'_, T, E> {
    /// Tiles of eight outputs × 32 examples.
    #[inline(always)]
    fn values<F: Family>(self) {
        let (height, rows) = (padded(self.inputs), padded(self.outputs));
        for panel in 0..panels(self.n) {
            for block in 0..rows / ROWS {
                let mut tile = Tile::default();
                if let Some(bias) = self.bias {
                    for (row, &bias) in tile.0.iter_mut().zip(&bias[block * ROWS..]) {
                        *row = [bias; WIDTH];
                    }
                }
                for (weights, left) in self.terms {
                    let Left::Values(values) = left else { unreachable!("a packed term stands alone") };
                    let values = &values[panel * height * WIDTH..][..height * WIDTH];
                    let product = Down::new(weights, height, block, self.inputs, values);
                    multiply::<T, F, _>(is_narrow(self.n, panel), &mut tile, product);
                }
                self.out.put((panel * rows + block * ROWS) * WIDTH, tile.0.as_flattened_mut());
            }
        }
    }

    /// Tiles of eight examples × 32 outputs, turned before they are put.
    #[inline(always)]
    fn packed<F: Family>(self, weights: &[T], packed: &Packed<T>) {
        let (height, rows) = (padded(self.inputs), padded(self.outputs));
        for unit in 0..panels(self.outputs) {
            let weights = &weights[unit * height * WIDTH..][..height * WIDTH];
            let mut start = [T::ZERO; WIDTH];
            if let Some(bias) = self.bias {
                start.copy_from_slice(&bias[unit * WIDTH..][..WIDTH]);
            }
            let used = (rows - unit * WIDTH).min(WIDTH);
            for panel in 0..panels(self.n) {
                let mut square = Square([[T::ZERO; WIDTH]; WIDTH]);
                for group in 0..padded((self.n - panel * WIDTH).min(WIDTH)) / ROWS {
                    let mut tile = Tile([start; ROWS]);
                    let product = Sparse::new(packed, panel * (WIDTH / ROWS) + group, weights);
                    multiply::<T, F, _>(is_narrow(self.outputs, unit), &mut tile, product);
                    turn::<T, F>(&tile, group, used, &mut square);
                }
                let at = (panel * rows + unit * WIDTH) * WIDTH;
                self.out.put(at, square.0[..used].as_flattened_mut());
            }
        }
    }
}

/// 32 outputs × 32 examples.
#[repr(C, align(64))]
struct Square<T>([[T; WIDTH]; WIDTH]);

/// Puts a tile of eight examples × `used` outputs into columns `group · 8 …` of the square.
#[inline(always)]
fn turn<T: Real, F: Family>(tile: &Tile<T>, group: usize, used: usize, square: &mut Square<T>) {
    assert!(used <= WIDTH && used.is_multiple_of(ROWS) && group < WIDTH / ROWS, "whole blocks of the square");
    for first in (0..used).step_by(ROWS) {
        // SAFETY: eight rows of eight numbers in the tile from column `first`, and eight rows of eight numbers in the
        // square from (first, group · 8), all inside (asserted); `F` is right by `Isa`.
        unsafe {
            let from = tile.0.as_ptr().cast::<T>().add(first);
            let to = square.0.as_mut_ptr().cast::<T>().add(first * WIDTH + group * ROWS);
            T::On::<F>::transpose8(from, WIDTH, to, WIDTH);
        }
    }
}

/// Σ_terms Wᵀ δ: the gradient by the layer's inputs.
pub(crate) struct DenseBackward<'a, T, E> {
    /// (W in panels, δ in panels of examples).
    pub(crate) terms: &'a [(&'a [T], &'a [T])],
    /// Examples.
    pub(crate) n: usize,
    /// Rows of W.
    pub(crate) inputs: usize,
    /// Columns of W.
    pub(crate) outputs: usize,
    /// Where the results go.
    pub(crate) out: &'a mut E,
}

impl<T: Real, E: Epilogue<T>> Op for DenseBackward<'_, T, E> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let (height, rows) = (padded(self.inputs), padded(self.outputs));
        for panel in 0..panels(self.n) {
            for block in 0..height / ROWS {
                let mut tile = Tile::default();
                for (weights, delta) in self.terms {
                    let delta = &delta[panel * rows * WIDTH..][..rows * WIDTH];
                    let product = Across::new(weights, height, block, self.outputs, delta);
                    multiply::<T, F, _>(is_narrow(self.n, panel), &mut tile, product);
                }
                self.out.put((panel * height + block * ROWS) * WIDTH, tile.0.as_flattened_mut());
            }
        }
    }
}

/// Σ_terms a δᵀ: the gradient by the weights, handed to a sink tile by tile.
pub(crate) struct DenseGradient<'a, 'b, T> {
    /// (a; packed by columns where packed, δ in panels of outputs).
    pub(crate) terms: &'a [(Left<'a, T>, &'a [T])],
    /// Examples.
    pub(crate) n: usize,
    /// Rows of W.
    pub(crate) inputs: usize,
    /// Columns of W.
    pub(crate) outputs: usize,
    /// Where W begins among all parameters.
    pub(crate) at: usize,
    /// What becomes of the gradient.
    pub(crate) sink: &'a mut Sink<'b, T>,
}

impl<T: Real> Op for DenseGradient<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let (height, rows) = (padded(self.inputs), padded(self.n));
        for panel in 0..panels(self.outputs) {
            let narrow = is_narrow(self.outputs, panel);
            for group in 0..height / ROWS {
                if self.is_zero(group) {
                    continue;
                }
                let used = (self.inputs - group * ROWS).min(ROWS);
                let at = self.at + (panel * height + group * ROWS) * WIDTH;
                let mut tile = Tile::default();
                self.sink.start(at, tile.0[..used].as_flattened_mut());
                for (left, delta) in self.terms {
                    let delta = &delta[panel * rows * WIDTH..][..rows * WIDTH];
                    match left {
                        Left::Packed(packed) => {
                            multiply::<T, F, _>(narrow, &mut tile, Sparse::new(packed, group, delta));
                        }
                        Left::Values(values) => {
                            multiply::<T, F, _>(narrow, &mut tile, Across::new(values, height, group, self.n, delta));
                        }
                    }
                }
                self.sink.take::<F>(at, tile.0[..used].as_flattened(), true);
            }
        }
    }
}

impl<T: Real> DenseGradient<'_, '_, T> {
    /// Whether the group's inputs are zero in all examples, and a gradient of zero changes nothing.
    #[inline(always)]
    fn is_zero(&self, group: usize) -> bool {
        let empty = |left: &Left<'_, T>| matches!(left, Left::Packed(packed) if packed.group(group).1.is_empty());
        self.terms.iter().all(|(left, _)| empty(left)) && self.sink.ignores_zero()
    }
}

/// Sums of δ over examples, handed to a sink.
pub(crate) struct BiasGradient<'a, 'b, T> {
    /// δ in panels of outputs.
    pub(crate) delta: &'a [T],
    /// Examples.
    pub(crate) n: usize,
    /// Biases.
    pub(crate) outputs: usize,
    /// Where b begins among all parameters.
    pub(crate) at: usize,
    /// What becomes of the gradient.
    pub(crate) sink: &'a mut Sink<'b, T>,
}

impl<T: Real> Op for BiasGradient<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let rows = padded(self.n);
        for panel in 0..panels(self.outputs) {
            let at = self.at + panel * WIDTH;
            let mut sums = [T::ZERO; WIDTH];
            self.sink.start(at, &mut sums);
            for row in self.delta[panel * rows * WIDTH..][..self.n * WIDTH].as_chunks::<WIDTH>().0 {
                for (sum, &value) in sums.iter_mut().zip(row) {
                    *sum += value;
                }
            }
            self.sink.take::<F>(at, &sums, false);
        }
    }
}
