//! The few vector instructions that the kernels need, for each family and both number types.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;
#[cfg(target_arch = "x86_64")]
mod shuffles;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512;
pub(crate) use portable::Portable;

use super::real::Number;
use super::tile::{Product, Tile};
use super::{LANES, ROWS, WIDTH};

/// A family of vector instructions. Its methods, and those of [`Lanes`], may only run where the processor has the
/// family's instructions, which [`super::Isa`] sees to.
pub trait Family: Copy + Lanes<f32> + Lanes<f64> {
    /// Transposes 8 × 8 bytes: byte j of word i becomes byte i of word j.
    #[inline(always)]
    unsafe fn transpose_bytes(mut x: [u64; 8]) -> [u64; 8] {
        for i in [0, 1, 2, 3] {
            exchange::<4>(&mut x, i, 0x0000_0000_ffff_ffff);
        }
        for i in [0, 1, 4, 5] {
            exchange::<2>(&mut x, i, 0x0000_ffff_0000_ffff);
        }
        for i in [0, 2, 4, 6] {
            exchange::<1>(&mut x, i, 0x00ff_00ff_00ff_00ff);
        }
        x
    }
    /// Moves the words in `valid` that are not zero (or all of them, where `dense`) to the front of `words`, and panel
    /// offsets of their k's (from `first` on) to that of `offsets`. How many; what stands behind them is arbitrary.
    #[inline(always)]
    unsafe fn keep(
        block: [u64; ROWS],
        valid: u8,
        dense: bool,
        first: usize,
        offsets: &mut [u32; ROWS],
        words: &mut [u64; ROWS],
    ) -> usize {
        let mut count = 0;
        for (i, word) in block.into_iter().enumerate() {
            // Written always, counted only if kept: no branch to mispredict.
            (offsets[count % ROWS], words[count % ROWS]) = (((first + i) * WIDTH) as u32, word);
            count += usize::from((dense | (word != 0)) & (valid >> i & 1 == 1));
        }
        count
    }
    /// Asks for a cache line that will be read soon; changes nothing else.
    #[inline(always)]
    fn prefetch(_at: &u8) {}
}

/// A family's vectors of `T`.
pub trait Lanes<T: Number>: Copy {
    /// A vector.
    type V: Copy;
    /// Numbers in it; divides sixteen.
    const N: usize;
    /// Registers that hold one.
    const REGISTERS: usize;

    /// All lanes `value`.
    unsafe fn splat(value: T) -> Self::V;
    /// Lanes from memory, any alignment.
    unsafe fn load(from: *const T) -> Self::V;
    /// Lanes to memory, any alignment.
    unsafe fn store(to: *mut T, value: Self::V);
    /// a · b + c, rounded once.
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// a · b.
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    /// a + b.
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    /// a − b.
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V;
    /// a / b.
    unsafe fn div(a: Self::V, b: Self::V) -> Self::V;
    /// √a.
    unsafe fn sqrt(a: Self::V) -> Self::V;
    /// Adds the squares of `N` values, widened, to as many sums from `first` on.
    unsafe fn add_squares(sums: &mut [f64; LANES], first: usize, values: Self::V);
    /// Adds `product` to the tile (to its first half where `narrow`), in parts that fit the registers.
    unsafe fn tile<P: Product<T>>(narrow: bool, tile: &mut Tile<T>, product: P);
    /// Transposes 8 × 8 numbers; rows are `stride` numbers apart on the one side, `pitch` on the other.
    #[inline(always)]
    unsafe fn transpose8(from: *const T, stride: usize, to: *mut T, pitch: usize) {
        for i in 0..8 {
            for j in 0..8 {
                // SAFETY: the caller has eight rows of eight numbers on both sides.
                unsafe { *to.add(j * pitch + i) = *from.add(i * stride + j) };
            }
        }
    }
}

/// Exchanges the bytes outside `mask` of word i with those inside it of word i + D.
#[inline(always)]
fn exchange<const D: usize>(x: &mut [u64; 8], i: usize, mask: u64) {
    let (low, high) = (x[i], x[i + D]);
    x[i] = low & mask | (high & mask) << (D * 8);
    x[i + D] = (low >> (D * 8)) & mask | high & !mask;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_transposed() {
        let block: [u64; 8] = std::array::from_fn(|i| u64::from_le_bytes(std::array::from_fn(|j| (8 * i + j) as u8)));
        let wanted = std::array::from_fn(|j| u64::from_le_bytes(std::array::from_fn(|i| (8 * i + j) as u8)));
        // SAFETY: nothing but arrays.
        assert_eq!(unsafe { <Portable as Family>::transpose_bytes(block) }, wanted);
        #[cfg(target_arch = "x86_64")]
        // SAFETY: SSE2 is part of x86-64.
        assert_eq!(unsafe { shuffles::transpose_bytes_sse(block) }, wanted);
    }
}
