//! The gradient by the weights: sums over examples and places, in sixteen fixed lanes.
//!
//! A weight's sum is one chain a lane, in the order of panels of examples, rows, columns, halves of the panel. Strips
//! of a few rows keep δ in the first-level cache while all weights pass by; between strips the chains wait in memory.

use super::super::lanes::{Family, Lanes};
use super::super::real::Real;
use super::super::sink::Sink;
use super::super::{LANES, Op, ROWS, WIDTH, fold, is_narrow, padded, panels};
use super::lines::Image;
use super::strip::Strip;

/// Places of a strip of the result: eight channels of them are 32 KiB of `f32`.
const STRIP: usize = 32;
/// Most numbers of all chains at once, 8 MiB of `f32`; beyond it, 32 outputs at a time.
const CHAINS: usize = 1 << 21;

/// Sizes of a convolution, and how it is cut for the gradient by its weights.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patch {
    pub(super) source: Image,
    pub(super) result: Image,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
    /// Rows of the result in a strip.
    pub(super) rows: usize,
    /// Source rows that a strip reads, and lines of one channel in each.
    pub(super) ring: usize,
    pub(super) length: usize,
    /// Outputs whose chains run at once.
    group: usize,
}

impl Patch {
    pub(crate) fn new(source: Image, result: Image, [kernel, stride, padding]: [usize; 3]) -> Self {
        let rows = (STRIP / result.width).clamp(1, result.height);
        let panel = source.channels * kernel * kernel * LANES * WIDTH;
        let group = (CHAINS / panel).clamp(1, panels(result.channels)) * WIDTH;
        let (ring, length) = ((rows - 1) * stride + kernel, (result.width - 1) * stride + kernel);
        Self { source, result, kernel, stride, padding, rows, ring, length, group }
    }

    /// Numbers of the chains.
    pub(crate) fn chain_numbers(&self) -> usize {
        self.group.min(padded(self.result.channels)) * self.depth() * LANES
    }

    /// Numbers of the strips.
    pub(crate) fn strip_numbers(&self) -> usize {
        self.ring_numbers() + self.group.min(padded(self.result.channels)) * self.rows * self.result.width * WIDTH
    }

    pub(super) fn ring_numbers(&self) -> usize {
        self.ring * self.row_numbers()
    }

    pub(super) fn row_numbers(&self) -> usize {
        self.source.channels * self.length * WIDTH
    }

    /// Weights of one output.
    pub(super) fn depth(&self) -> usize {
        self.source.channels * self.kernel * self.kernel
    }

    /// The source row that a tap of a row of the result meets.
    #[inline(always)]
    pub(super) fn meets(&self, y: usize, ky: usize) -> Option<usize> {
        (y * self.stride + ky).checked_sub(self.padding).filter(|&row| row < self.source.height)
    }
}

/// Σ_terms Σ_places a δ: the gradient by the weights, handed to a sink.
pub(crate) struct ConvGradient<'a, 'b, T> {
    /// Sizes.
    pub(crate) patch: &'a Patch,
    /// (a, δ), both in panels of examples.
    pub(crate) terms: &'a [(&'a [T], &'a [T])],
    /// Examples.
    pub(crate) n: usize,
    /// At least [`Patch::chain_numbers`].
    pub(crate) chains: &'a mut [T],
    /// At least [`Patch::strip_numbers`].
    pub(crate) strips: &'a mut [T],
    /// Where the weights begin among all parameters.
    pub(crate) at: usize,
    /// What becomes of the gradient.
    pub(crate) sink: &'a mut Sink<'b, T>,
}

impl<T: Real> Op for ConvGradient<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let Self { patch, terms, n, chains, strips, at, sink } = self;
        let (ring, deltas) = strips.split_at_mut(patch.ring_numbers());
        let outputs = patch.result.channels;
        for first in (0..outputs).step_by(patch.group) {
            let group = Group { patch, first, blocks: padded((outputs - first).min(patch.group)) / ROWS };
            let chains = &mut chains[..group.blocks * patch.depth() * ROWS * LANES];
            chains.fill(T::ZERO);
            for &(source, delta) in terms {
                for panel in 0..panels(n) {
                    let halves = if is_narrow(n, panel) { 1 } else { 2 };
                    group.panel::<T, F>(source, delta, [panel, halves], ring, deltas, chains);
                }
            }
            group.finish::<T, F>(chains, at, sink);
        }
    }
}

/// Blocks of eight outputs whose chains run at once.
#[derive(Clone, Copy)]
struct Group<'a> {
    patch: &'a Patch,
    first: usize,
    blocks: usize,
}

impl Group<'_> {
    /// One panel of examples, strip by strip.
    #[inline(always)]
    fn panel<T: Real, F: Family>(
        &self,
        source: &[T],
        delta: &[T],
        [panel, halves]: [usize; 2],
        ring: &mut [T],
        deltas: &mut [T],
        chains: &mut [T],
    ) {
        let patch = self.patch;
        let (heights, row) =
            ([patch.source, patch.result].map(|image| padded(image.n_features()) * WIDTH), patch.row_numbers());
        let (source, delta) = (&source[panel * heights[0]..][..heights[0]], &delta[panel * heights[1]..][..heights[1]]);
        let width = patch.result.width * ROWS * WIDTH;
        let mut next = 0;
        for y in (0..patch.result.height).step_by(patch.rows) {
            let rows = patch.rows.min(patch.result.height - y);
            let end = ((y + rows - 1) * patch.stride + patch.kernel).saturating_sub(patch.padding);
            let begin = (y * patch.stride).saturating_sub(patch.padding).max(next);
            for place in begin..end.min(patch.source.height) {
                let out = &mut ring[place % patch.ring * row..][..row];
                patch.source.border(source, place, patch.padding, patch.length, out);
            }
            next = end.max(next);
            for (block, deltas) in deltas.chunks_exact_mut(patch.rows * width).take(self.blocks).enumerate() {
                for (row, out) in deltas.chunks_exact_mut(width).take(rows).enumerate() {
                    patch.result.octet(delta, y + row, self.first + block * ROWS, out);
                }
            }
            let strip = Strip { patch, ring, deltas, y, rows, halves };
            strip.add::<F>(chains, self.blocks, patch.result.channels - self.first);
        }
    }

    /// Folds the lanes, and hands the sums on.
    #[inline(always)]
    fn finish<T: Real, F: Family>(&self, chains: &[T], at: usize, sink: &mut Sink<'_, T>) {
        let depth = self.patch.depth();
        let blocks = WIDTH / ROWS;
        for panel in 0..self.blocks.div_ceil(blocks) {
            let at = at + (self.first / WIDTH + panel) * padded(depth) * WIDTH;
            for k in 0..depth {
                let mut sums = [T::ZERO; WIDTH];
                let mut stretch = [T::ZERO; WIDTH];
                sink.start(at + k * WIDTH, &mut stretch);
                for block in 0..blocks.min(self.blocks - panel * blocks) {
                    let chains = &chains[((panel * blocks + block) * depth + k) * ROWS * LANES..][..ROWS * LANES];
                    let out = &mut sums[block * ROWS..][..ROWS];
                    fold_eight::<T, F>(chains, out);
                }
                for (value, sum) in stretch.iter_mut().zip(sums) {
                    *value += sum;
                }
                sink.take::<F>(at + k * WIDTH, &stretch, true);
            }
        }
    }
}

/// Folds eight times sixteen lanes in the order of [`fold`].
#[inline(always)]
fn fold_eight<T: Real, F: Family>(chains: &[T], out: &mut [T]) {
    let mut halves = [[T::ZERO; ROWS]; ROWS];
    for (half, lanes) in halves.iter_mut().zip(chains.as_chunks::<LANES>().0) {
        for (i, half) in half.iter_mut().enumerate() {
            *half = lanes[i] + lanes[i + ROWS];
        }
    }
    let mut lanes = [[T::ZERO; ROWS]; ROWS];
    // SAFETY: eight rows of eight numbers on both sides; `F` is right by `Isa`.
    unsafe { T::On::<F>::transpose8(halves.as_ptr().cast(), ROWS, lanes.as_mut_ptr().cast(), ROWS) };
    for half in [4, 2, 1] {
        let (low, high) = lanes.split_at_mut(half);
        for (low, high) in low.iter_mut().zip(high) {
            for (low, &high) in low.iter_mut().zip(&*high) {
                *low += high;
            }
        }
    }
    out.copy_from_slice(&lanes[0]);
}

/// Sums of δ over examples and places, handed to a sink.
pub(crate) struct ConvBias<'a, 'b, T> {
    /// Sizes.
    pub(crate) patch: &'a Patch,
    /// δ in panels of examples.
    pub(crate) delta: &'a [T],
    /// Examples.
    pub(crate) n: usize,
    /// Where b begins among all parameters.
    pub(crate) at: usize,
    /// What becomes of the gradient.
    pub(crate) sink: &'a mut Sink<'b, T>,
}

impl<T: Real> Op for ConvBias<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let Self { patch, delta, n, at, sink } = self;
        let Image { channels, height, width } = patch.result;
        let (plane, features) = (height * width * WIDTH, padded(patch.result.n_features()) * WIDTH);
        for first in (0..channels).step_by(WIDTH) {
            let mut stretch = [T::ZERO; WIDTH];
            sink.start(at + first, &mut stretch);
            for (channel, out) in (first..channels).zip(&mut stretch) {
                let mut sums = [T::ZERO; LANES];
                for panel in 0..panels(n) {
                    for values in delta[panel * features + channel * plane..][..plane].as_chunks::<LANES>().0 {
                        for (sum, &value) in sums.iter_mut().zip(values) {
                            *sum += value;
                        }
                    }
                }
                *out += fold(sums);
            }
            sink.take::<F>(at + first, &stretch, false);
        }
    }
}
