//! One strip's share of the gradient by the weights, tile by tile.

use super::super::lanes::{Family, Lanes};
use super::super::real::Real;
use super::super::{LANES, ROWS, WIDTH};
use super::gradient::Patch;

/// A strip ready to be multiplied.
pub(super) struct Strip<'a, T> {
    pub(super) patch: &'a Patch,
    /// Source rows: [row modulo `ring`][channel][place].
    pub(super) ring: &'a [T],
    /// δ: [block of eight][row][place][8].
    pub(super) deltas: &'a [T],
    pub(super) y: usize,
    pub(super) rows: usize,
    pub(super) halves: usize,
}

/// A few chains: consecutive taps and channels of one row of the kernel, times up to eight outputs.
struct Chains<'a, T> {
    /// The first output's of the block; [k][8][lane].
    block: &'a mut [T],
    /// (Numbers before a column's chains, numbers before its lines in a source row).
    columns: [(usize, usize); MOST_COLUMNS],
    ky: usize,
    /// Which block of δ.
    delta: &'a [T],
    used: usize,
}

/// Columns of the widest tile.
const MOST_COLUMNS: usize = 5;

impl<T: Real> Strip<'_, T> {
    /// Adds it to all chains of these blocks, the last of which may have less than eight of the `outputs`.
    #[inline(always)]
    pub(super) fn add<F: Family>(&self, chains: &mut [T], blocks: usize, outputs: usize) {
        let patch = self.patch;
        let Patch { kernel, length, .. } = *patch;
        let wanted = if kernel.is_multiple_of(5) { 5 } else { 3 };
        let delta = patch.rows * patch.result.width * ROWS * WIDTH;
        let all = patch.source.channels * kernel;
        for block in 0..blocks {
            let used = (outputs - block * ROWS).min(ROWS);
            for ky in 0..kernel {
                let (mut channel, mut kx) = (0, 0);
                for first in (0..all).step_by(wanted) {
                    let n = wanted.min(all - first);
                    let mut columns = [(0, 0); MOST_COLUMNS];
                    for column in &mut columns[..n] {
                        let k = (channel * kernel + ky) * kernel + kx;
                        *column = (k * ROWS * LANES, (channel * length + kx) * WIDTH);
                        (channel, kx) = if kx + 1 == kernel { (channel + 1, 0) } else { (channel, kx + 1) };
                    }
                    let numbers = patch.depth() * ROWS * LANES;
                    let mut chains = Chains {
                        block: &mut chains[block * numbers..][..numbers],
                        columns,
                        ky,
                        delta: &self.deltas[block * delta..][..delta],
                        used,
                    };
                    match n {
                        1 => self.columns::<F, 1>(&mut chains),
                        2 => self.columns::<F, 2>(&mut chains),
                        3 => self.columns::<F, 3>(&mut chains),
                        4 => self.columns::<F, 4>(&mut chains),
                        _ => self.columns::<F, 5>(&mut chains),
                    }
                }
            }
        }
    }

    /// Rows of the tile by what fits the registers.
    #[inline(always)]
    fn columns<F: Family, const N: usize>(&self, chains: &mut Chains<'_, T>) {
        let wide = T::On::<F>::REGISTERS >= 32;
        match (wide, N, chains.used) {
            (true, 1..=3, 7..) => self.tiles::<F, N, 8>(chains),
            (true, 1..=3, 5..) => self.tiles::<F, N, 6>(chains),
            (_, 5, 5..=6) if wide => self.tiles::<F, N, 3>(chains),
            (true, _, _) => self.tiles::<F, N, 4>(chains),
            (false, 1..=3, _) => self.tiles::<F, N, 4>(chains),
            (false, _, _) => self.tiles::<F, N, 2>(chains),
        }
    }

    #[inline(always)]
    fn tiles<F: Family, const N: usize, const MR: usize>(&self, chains: &mut Chains<'_, T>) {
        let Patch { kernel, stride, length, ring, result, .. } = *self.patch;
        let (last, row) = ((result.width - 1) * stride * WIDTH + WIDTH, self.patch.row_numbers());
        assert!(self.ring.len() >= ring * row && self.rows * result.width * ROWS * WIDTH <= chains.delta.len());
        assert!(
            chains.columns[..N].iter().all(|&(at, from)| at + ROWS * LANES <= chains.block.len() && from + last <= row)
        );
        assert!(kernel <= length && chains.used.next_multiple_of(MR) <= ROWS, "tiles stay inside their block");
        for first in (0..chains.used).step_by(MR) {
            for lane in (0..LANES).step_by(T::On::<F>::N) {
                // SAFETY: the strip's rows, the block of δ, the chains of all columns and their lines at all places are
                // there (asserted), first + MR ≤ ROWS, and lane + N ≤ LANES; `F` is right by `Isa`.
                unsafe { self.tile::<T::On<F>, N, MR>(chains, first, lane) };
            }
        }
    }

    /// Rows `first …` and columns of one tile over all places of the strip, in registers.
    ///
    /// # Safety
    /// What [`Self::tiles`] asserts; the processor has the instructions of `L`.
    #[inline(always)]
    unsafe fn tile<L: Lanes<T>, const N: usize, const MR: usize>(
        &self,
        chains: &mut Chains<'_, T>,
        first: usize,
        lane: usize,
    ) {
        let Patch { stride, ring, result, .. } = *self.patch;
        // SAFETY: the caller's contract.
        unsafe {
            // Loops, not closures: a closure would not inherit the instructions of its caller.
            let mut sums = [[L::splat(T::ZERO); N]; MR];
            for (r, sums) in sums.iter_mut().enumerate() {
                for (sum, &(at, _)) in sums.iter_mut().zip(&chains.columns) {
                    *sum = L::load(chains.block.as_ptr().add(at + (first + r) * LANES + lane));
                }
            }
            for row in 0..self.rows {
                let Some(place) = self.patch.meets(self.y + row, chains.ky) else { continue };
                let mut delta = chains.delta.as_ptr().add((row * result.width * ROWS + first) * WIDTH + lane);
                let source = self.ring.as_ptr().add(place % ring * self.patch.row_numbers() + lane);
                let mut lines = [source; N];
                for (line, &(_, from)) in lines.iter_mut().zip(&chains.columns) {
                    *line = source.add(from);
                }
                for x in 0..result.width {
                    for half in 0..self.halves {
                        let at = x * stride * WIDTH + half * LANES;
                        add_place::<T, L, N, MR>(&mut sums, &lines, at, delta.add(half * LANES));
                    }
                    delta = delta.wrapping_add(ROWS * WIDTH);
                }
            }
            for (r, sums) in sums.into_iter().enumerate() {
                for (sum, &(at, _)) in sums.into_iter().zip(&chains.columns) {
                    L::store(chains.block.as_mut_ptr().add(at + (first + r) * LANES + lane), sum);
                }
            }
        }
    }
}

/// One place, one vector of lanes: every row's δ times every column's line.
///
/// # Safety
/// All pointers are valid for what is read; the processor has the instructions of `L`.
#[inline(always)]
unsafe fn add_place<T: Real, L: Lanes<T>, const N: usize, const MR: usize>(
    sums: &mut [[L::V; N]; MR],
    lines: &[*const T; N],
    at: usize,
    delta: *const T,
) {
    // SAFETY: the caller's contract.
    unsafe {
        let mut values = [L::splat(T::ZERO); N];
        for (value, line) in values.iter_mut().zip(lines) {
            *value = L::load(line.add(at));
        }
        for (r, sums) in sums.iter_mut().enumerate() {
            let delta = L::load(delta.add(r * WIDTH));
            for (sum, &value) in sums.iter_mut().zip(&values) {
                *sum = L::fma(delta, value, *sum);
            }
        }
    }
}
