//! One tile of a product: `ROWS` × `WIDTH` outputs, each one chain of fused multiply-adds in ascending k.

use super::lanes::{Family, Lanes};
use super::pack::Packed;
use super::real::{Number, Real};
use super::{ROWS, WIDTH};

/// The outputs of a tile, a cache line or two a row.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct Tile<T>(pub(crate) [[T; WIDTH]; ROWS]);

/// The operands of a tile. Made by safe constructors that check all bounds, so that `run` only has to stay inside
/// the tile.
pub trait Product<T: Number>: Copy {
    /// Adds Σ_k left(row + r, k) · right(k, column + v · N + lane) to `sums`, k ascending.
    ///
    /// # Safety
    /// `row + MR` ≤ `ROWS`, `column + NV · L::N` ≤ `WIDTH`, and the processor has the instructions of `L`.
    unsafe fn run<L: Lanes<T>, const MR: usize, const NV: usize>(
        self,
        sums: &mut [[L::V; NV]; MR],
        row: usize,
        column: usize,
    );
}

/// Left: packed values, eight a k. Right: the panel's rows at the packed offsets.
#[derive(Clone, Copy)]
pub(crate) struct Sparse<'a, T> {
    values: &'a [T],
    offsets: &'a [u32],
    panel: &'a [T],
}

/// Left: eight rows of activations in panels. Right: the panel's rows in order.
#[derive(Clone, Copy)]
pub(crate) struct Across<'a, T> {
    left: &'a [T],
    stride: usize,
    depth: usize,
    panel: &'a [T],
}

/// Left: eight columns of an activation panel, k down its rows. Right: the panel's rows in order.
#[derive(Clone, Copy)]
pub(crate) struct Down<'a, T> {
    left: &'a [T],
    depth: usize,
    panel: &'a [T],
}

impl<'a, T: Real> Sparse<'a, T> {
    /// Group `group` of `packed` against `panel`.
    #[inline(always)]
    pub(crate) fn new(packed: &'a Packed<T>, group: usize, panel: &'a [T]) -> Self {
        // Packing writes only offsets of whole rows below `depth`, and eight values a k.
        assert!(packed.depth() * WIDTH <= panel.len(), "the panel has a row for every packed offset");
        let (values, offsets) = packed.group(group);
        assert_eq!(values.len(), offsets.len() * ROWS, "eight values a k");
        Self { values, offsets, panel }
    }
}

impl<'a, T: Real> Across<'a, T> {
    /// Rows `block · ROWS …` of activations `values` (`rows` high, `depth` columns) against `panel`.
    #[inline(always)]
    pub(crate) fn new(values: &'a [T], rows: usize, block: usize, depth: usize, panel: &'a [T]) -> Self {
        assert!((block + 1) * ROWS <= rows && depth.div_ceil(WIDTH) * rows * WIDTH <= values.len(), "rows exist");
        assert!(depth * WIDTH <= panel.len(), "the panel has a row for every column on the left");
        Self { left: &values[block * ROWS * WIDTH..], stride: rows * WIDTH, depth, panel }
    }
}

impl<T> Default for Tile<T>
where
    T: Real,
{
    #[inline(always)]
    fn default() -> Self {
        Self([[T::ZERO; WIDTH]; ROWS])
    }
}

impl<'a, T: Real> Down<'a, T> {
    /// Columns `group · ROWS …` of activations `values` (`rows` high) down to row `depth`, against `panel`.
    #[inline(always)]
    pub(crate) fn new(values: &'a [T], rows: usize, group: usize, depth: usize, panel: &'a [T]) -> Self {
        let start = group * ROWS / WIDTH * rows * WIDTH;
        assert!(depth <= rows && start + rows * WIDTH <= values.len(), "the group's panel exists");
        assert!(depth * WIDTH <= panel.len(), "the panel has a row for every row on the left");
        Self { left: &values[start + group * ROWS % WIDTH..], depth, panel }
    }
}

/// Adds `product` to the tile, to its first half of columns alone where `narrow`.
#[inline(always)]
pub(crate) fn multiply<T: Real, F: Family, P: Product<T>>(narrow: bool, tile: &mut Tile<T>, product: P) {
    // SAFETY: `Lanes::tile` divides the tile into parts inside it; `F` is right by `Isa`.
    unsafe { T::On::<F>::tile(narrow, tile, product) }
}

/// Adds `product` to `MR` rows and `NV` vectors of the tile, in registers.
///
/// # Safety
/// As [`Product::run`].
#[inline(always)]
pub(crate) unsafe fn part<T: Number, L: Lanes<T>, const MR: usize, const NV: usize, P: Product<T>>(
    tile: &mut Tile<T>,
    row: usize,
    column: usize,
    product: P,
) {
    // SAFETY: the caller keeps rows and columns inside the tile; `L` is right by `Isa`.
    unsafe {
        // Loops, not closures: a closure would not inherit the instructions of its caller.
        let mut sums = [[L::splat(T::ZERO); NV]; MR];
        for (r, sums) in sums.iter_mut().enumerate() {
            for (v, sum) in sums.iter_mut().enumerate() {
                *sum = L::load(tile.0[row + r].as_ptr().add(column + v * L::N));
            }
        }
        product.run::<L, MR, NV>(&mut sums, row, column);
        for (r, sums) in sums.into_iter().enumerate() {
            for (v, sum) in sums.into_iter().enumerate() {
                L::store(tile.0[row + r].as_mut_ptr().add(column + v * L::N), sum);
            }
        }
    }
}

/// One k: `MR` values on the left, `STEP` floats apart, times `NV` vectors on the right.
///
/// # Safety
/// Both pointers are valid for what is read; the processor has the instructions of `L`.
#[inline(always)]
pub(crate) unsafe fn accumulate<T: Number, L: Lanes<T>, const MR: usize, const NV: usize, const STEP: usize>(
    sums: &mut [[L::V; NV]; MR],
    left: *const T,
    right: *const T,
) {
    // SAFETY: the caller's contract.
    unsafe {
        let mut vectors = [L::splat(T::ZERO); NV];
        for (v, vector) in vectors.iter_mut().enumerate() {
            *vector = L::load(right.add(v * L::N));
        }
        for (r, sums) in sums.iter_mut().enumerate() {
            let value = L::splat(*left.add(r * STEP));
            for (sum, &vector) in sums.iter_mut().zip(&vectors) {
                *sum = L::fma(value, vector, *sum);
            }
        }
    }
}

impl<T: Number> Product<T> for Sparse<'_, T> {
    #[inline(always)]
    unsafe fn run<L: Lanes<T>, const MR: usize, const NV: usize>(
        self,
        sums: &mut [[L::V; NV]; MR],
        row: usize,
        column: usize,
    ) {
        let (values, panel) = (self.values.as_ptr(), self.panel.as_ptr());
        for (k, &offset) in self.offsets.iter().enumerate() {
            // SAFETY: k < offsets.len() = values.len() / ROWS; an offset plus WIDTH is within the panel (checked in
            // `new`); row and column stay inside the tile (the caller).
            unsafe {
                let left = values.add(k * ROWS + row);
                accumulate::<T, L, MR, NV, 1>(sums, left, panel.add(offset as usize + column));
            }
        }
    }
}

impl<T: Number> Product<T> for Across<'_, T> {
    #[inline(always)]
    unsafe fn run<L: Lanes<T>, const MR: usize, const NV: usize>(
        self,
        sums: &mut [[L::V; NV]; MR],
        row: usize,
        column: usize,
    ) {
        let (mut left, mut right, mut rest) = (self.left.as_ptr(), self.panel.as_ptr(), self.depth);
        while rest > 0 {
            let n = rest.min(WIDTH);
            // SAFETY: the left panel of these n ≤ WIDTH columns exists, and so do its eight rows, WIDTH apart; the right
            // panel has `depth` rows (both checked in `new`); row and column stay inside the tile (the caller).
            unsafe {
                for k in 0..n {
                    let value = left.add(row * WIDTH + k);
                    accumulate::<T, L, MR, NV, WIDTH>(sums, value, right.add(k * WIDTH + column));
                }
                right = right.add(n * WIDTH);
            }
            left = left.wrapping_add(self.stride);
            rest -= n;
        }
    }
}

impl<T: Number> Product<T> for Down<'_, T> {
    #[inline(always)]
    unsafe fn run<L: Lanes<T>, const MR: usize, const NV: usize>(
        self,
        sums: &mut [[L::V; NV]; MR],
        row: usize,
        column: usize,
    ) {
        let (left, right) = (self.left.as_ptr(), self.panel.as_ptr());
        for k in 0..self.depth {
            // SAFETY: both panels have `depth` rows of WIDTH floats (checked in `new`), and a group's eight columns lie
            // inside one panel, as ROWS divides WIDTH; row and column stay inside the tile (the caller).
            unsafe {
                let value = left.add(k * WIDTH + row);
                accumulate::<T, L, MR, NV, 1>(sums, value, right.add(k * WIDTH + column));
            }
        }
    }
}
