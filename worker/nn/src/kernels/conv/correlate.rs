//! Tiles of eight channels × 32 examples at one place of the result.

use super::super::epilogue::Epilogue;
use super::super::lanes::{Family, Lanes};
use super::super::real::{Number, Real};
use super::super::tile::{Product, Tile, accumulate, multiply, part};
use super::super::{Op, ROWS, WIDTH, is_narrow, padded, panels};
use super::axis::Axis;
use super::lines::Image;

/// Rows of a smaller tile, for what is left of the channels.
const SOME: usize = 6;

/// Everything about a correlation but its numbers.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(super) source: Image,
    pub(super) result: Image,
    pub(super) kernel: usize,
    pub(super) y: Axis,
    pub(super) x: Axis,
    /// Where the weights of a pair of phases begin, a phase of columns a column.
    bases: Vec<usize>,
    n_packed: usize,
}

impl Plan {
    pub(crate) fn new(source: Image, result: Image, kernel: usize, y: Axis, x: Axis) -> Self {
        assert_eq!((y.source, x.source), (source.height, source.width), "the axes are the source's");
        assert_eq!((y.spans.len(), x.spans.len()), (result.height, result.width), "and the result's");
        let (mut bases, mut n_packed) = (Vec::new(), 0);
        for rows in &y.phases {
            for columns in &x.phases {
                bases.push(n_packed);
                n_packed += rows.len() * columns.len() * source.channels * padded(result.channels);
            }
        }
        Self { source, result, kernel, y, x, bases, n_packed }
    }

    /// Numbers of the weights in the order of [`super::PackByOutputs`] or [`super::PackByInputs`].
    pub(crate) fn packed_numbers(&self) -> usize {
        self.n_packed
    }

    /// Numbers that a correlation of so many terms works in.
    pub(crate) fn room_numbers(&self, terms: usize) -> usize {
        self.result_numbers() + terms * self.window_numbers()
    }

    /// Numbers of the source rows under one row of windows.
    fn window_numbers(&self) -> usize {
        self.y.longest * self.row_numbers()
    }

    fn result_numbers(&self) -> usize {
        self.result_lines() * self.result.channels * WIDTH
    }

    /// Lines between two channels of a row of results: one more than are used, lest they all fall into the same sets of
    /// a cache.
    fn result_lines(&self) -> usize {
        self.result.width + 1
    }

    fn row_numbers(&self) -> usize {
        self.source.width * self.source.channels * WIDTH
    }

    pub(super) fn base(&self, py: usize, px: usize) -> usize {
        self.bases[py * self.x.phases.len() + px]
    }

    pub(super) fn blocks(&self) -> usize {
        padded(self.result.channels) / ROWS
    }
}

/// Σ_terms of windows of the source times weights (+ b).
pub(crate) struct Correlate<'a, T, E> {
    /// Sizes and windows.
    pub(crate) plan: &'a Plan,
    /// (Weights, packed; source in panels of examples).
    pub(crate) terms: &'a [(&'a [T], &'a [T])],
    /// b, padded to whole panels.
    pub(crate) bias: Option<&'a [T]>,
    /// Examples.
    pub(crate) n: usize,
    /// At least [`Plan::room_numbers`].
    pub(crate) room: &'a mut [T],
    /// Where the results go.
    pub(crate) out: &'a mut E,
}

/// Left: packed weights, eight a k. Right: lines in memory, run after run.
#[derive(Clone, Copy)]
struct Runs<'a, T> {
    left: &'a [T],
    right: &'a [T],
    /// Runs, and lines in each.
    n: usize,
    length: usize,
    /// Numbers between two runs on the left.
    left_stride: usize,
    /// The first run's place in the ring of source rows, the numbers in a row, and in all of them.
    first: usize,
    row: usize,
    ring: usize,
    /// Numbers before the run in its row.
    offset: usize,
}

impl<T: Real, E: Epilogue<T>> Op for Correlate<'_, T, E> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let Self { plan, terms, bias, n, room, out } = self;
        let (row, window) = (plan.row_numbers(), plan.window_numbers());
        let (results, windows) = room.split_at_mut(plan.result_numbers());
        let height = padded(plan.source.n_features()) * WIDTH;
        for panel in 0..panels(n) {
            let mut next = 0;
            for y in 0..plan.result.height {
                let span = plan.y.spans[y];
                for place in next.max(span.start)..span.start + span.n {
                    let slot = place % plan.y.longest * row;
                    for (&(_, source), window) in terms.iter().zip(windows.chunks_exact_mut(window)) {
                        plan.source.interleave(&source[panel * height..][..height], place, &mut window[slot..][..row]);
                    }
                }
                next = next.max(span.start + span.n);
                let first = span.start % plan.y.longest * row;
                for x in 0..plan.result.width {
                    for block in 0..plan.blocks() {
                        let rows = (plan.result.channels - block * ROWS).min(ROWS);
                        let mut tile = start(bias, block);
                        for (&(weights, _), window) in terms.iter().zip(windows.chunks_exact(window)) {
                            let product = Runs::new(plan, weights, window, first, [y, x, block]);
                            multiply_rows::<T, F, _>(is_narrow(n, panel), rows, &mut tile, product);
                        }
                        keep(plan, [x, block, rows], &tile, results);
                    }
                }
                put(plan, [panel, y], results, out);
            }
        }
    }
}

/// A tile before anything is added.
#[inline(always)]
fn start<T: Real>(bias: Option<&[T]>, block: usize) -> Tile<T> {
    let mut tile = Tile::default();
    if let Some(bias) = bias {
        for (row, &bias) in tile.0.iter_mut().zip(&bias[block * ROWS..]) {
            *row = [bias; WIDTH];
        }
    }
    tile
}

/// Puts a tile's first `rows` rows into a row of results.
#[inline(always)]
fn keep<T: Real>(plan: &Plan, [x, block, rows]: [usize; 3], tile: &Tile<T>, results: &mut [T]) {
    let stride = plan.result_lines();
    let results = results.as_chunks_mut::<WIDTH>().0[block * ROWS * stride + x..].iter_mut().step_by(stride);
    for (line, out) in tile.0[..rows].iter().zip(results) {
        *out = *line;
    }
}

/// Hands a row of results on, channel by channel: what lies together in memory goes at once, so that the values and
/// gradients that join it are read in order.
#[inline(always)]
fn put<T: Real, E: Epilogue<T>>(plan: &Plan, [panel, y]: [usize; 2], results: &mut [T], out: &mut E) {
    let Image { height, width, .. } = plan.result;
    let features = padded(plan.result.n_features());
    for (channel, results) in results.chunks_exact_mut(plan.result_lines() * WIDTH).enumerate() {
        out.put((panel * features + (channel * height + y) * width) * WIDTH, &mut results[..width * WIDTH]);
    }
}

/// Adds `product` to the first `rows` rows of the tile, and perhaps to others.
#[inline(always)]
fn multiply_rows<T: Real, F: Family, P: Product<T>>(narrow: bool, rows: usize, tile: &mut Tile<T>, product: P) {
    let n = T::On::<F>::N;
    let columns = if narrow { WIDTH / 2 } else { WIDTH };
    if rows > SOME || T::On::<F>::REGISTERS < 32 {
        return multiply::<T, F, P>(narrow, tile, product);
    }
    for column in (0..columns).step_by(2 * n) {
        // SAFETY: `SOME` ≤ ROWS, and the vectors from `column` on lie below `columns`; `F` is right by `Isa`.
        unsafe {
            if columns - column >= 2 * n {
                part::<T, T::On<F>, SOME, 2, P>(tile, 0, column, product);
            } else {
                part::<T, T::On<F>, SOME, 1, P>(tile, 0, column, product);
            }
        }
    }
}

impl<'a, T: Real> Runs<'a, T> {
    /// The window of one place of the result and one block of its channels, whose first source row is at `first`, a
    /// multiple of a row's numbers.
    #[inline(always)]
    fn new(plan: &Plan, weights: &'a [T], window: &'a [T], first: usize, [y, x, block]: [usize; 3]) -> Self {
        let (rows, columns) = (plan.y.spans[y], plan.x.spans[x]);
        let channels = plan.source.channels;
        let (n_rows, n_columns) = (plan.y.phases[rows.phase].len(), plan.x.phases[columns.phase].len());
        let at = plan.base(rows.phase, columns.phase)
            + ((block * n_rows + rows.first) * n_columns + columns.first) * channels * ROWS;
        let (n, length) = if columns.n == 0 { (0, 0) } else { (rows.n, columns.n * channels) };
        let left_stride = n_columns * channels * ROWS;
        let (row, ring) = (plan.row_numbers(), plan.window_numbers());
        let offset = columns.start * channels * WIDTH;
        let runs = Self {
            left: &weights[at.min(weights.len())..],
            right: window,
            n,
            length,
            left_stride,
            first,
            row,
            ring,
            offset,
        };
        if n > 0 {
            assert!((n - 1) * left_stride + length * ROWS <= runs.left.len(), "weights of all runs");
            assert!(offset + length * WIDTH <= row && ring <= window.len() && runs.first + row <= ring, "whole runs");
        }
        runs
    }
}

impl<T: Number> Product<T> for Runs<'_, T> {
    #[inline(always)]
    unsafe fn run<L: Lanes<T>, const MR: usize, const NV: usize>(
        self,
        sums: &mut [[L::V; NV]; MR],
        row: usize,
        column: usize,
    ) {
        let mut slot = self.first;
        for run in 0..self.n {
            // SAFETY: run < n and k < length, for which the left side has numbers; a slot is a multiple of `row` below
            // `ring` (so is the first, by `Correlate`), itself one, and a run lies inside its row, all of which the
            // window has (checked in `new`); row and column stay inside the tile (the caller).
            unsafe {
                let left = self.left.as_ptr().add(run * self.left_stride + row);
                let right = self.right.as_ptr().add(slot + self.offset + column);
                for k in 0..self.length {
                    accumulate::<T, L, MR, NV, 1>(sums, left.add(k * ROWS), right.add(k * WIDTH));
                }
            }
            slot += self.row;
            if slot == self.ring {
                slot = 0;
            }
        }
    }
}
