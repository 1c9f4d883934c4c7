//! The few vector instructions that products need, for each family.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use super::tile::{Product, Tile, part};
use super::{LANES, ROWS, WIDTH};

/// A family's vectors of `f32`. The methods may only run where the processor has the family's instructions, which
/// [`super::Isa`] sees to.
pub(crate) trait Lanes: Copy {
    /// A vector.
    type V: Copy;
    /// Floats in it.
    const N: usize;

    /// All lanes `value`.
    unsafe fn splat(value: f32) -> Self::V;
    /// Lanes from memory, any alignment.
    unsafe fn load(from: *const f32) -> Self::V;
    /// Lanes to memory, any alignment.
    unsafe fn store(to: *mut f32, value: Self::V);
    /// a · b + c, rounded once.
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// a · b.
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    /// a − b.
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V;
    /// Adds the squares of `N` values, widened, to as many sums from `first` on.
    unsafe fn add_squares(sums: &mut [f64; LANES], first: usize, values: Self::V);
    /// Adds `product` to the tile (to its first half where `narrow`), in parts that fit the registers.
    unsafe fn tile<P: Product>(narrow: bool, tile: &mut Tile, product: P);
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
    /// Transposes 8 × 8 floats; rows are `stride` floats apart on the one side, `pitch` on the other.
    #[inline(always)]
    unsafe fn transpose8(from: *const f32, stride: usize, to: *mut f32, pitch: usize) {
        for i in 0..8 {
            for j in 0..8 {
                // SAFETY: the caller has eight rows of eight floats on both sides.
                unsafe { *to.add(j * pitch + i) = *from.add(i * stride + j) };
            }
        }
    }
}

/// 512-bit vectors: a tile in sixteen registers.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(crate) struct Avx512;

/// 256-bit vectors with fused multiply-add: a tile in four parts.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(crate) struct Avx2;

/// What the compiler makes of arrays: correct everywhere, fast where multiply-add is native.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

// SAFETY of the three implementations below: each method is one instruction (or a fixed sequence) on the caller's
// pointers; the callers in `tile` and `transpose` state why these are valid, and `Isa` why the instructions exist.
#[cfg(target_arch = "x86_64")]
impl Lanes for Avx512 {
    type V = __m512;
    const N: usize = 16;

    #[inline(always)]
    fn prefetch(at: &u8) {
        // SAFETY: a prefetch of any address is allowed, and this one is valid.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(at).cast()) }
    }

    #[inline(always)]
    unsafe fn transpose_bytes(x: [u64; 8]) -> [u64; 8] {
        unsafe { transpose_bytes_sse(x) }
    }

    #[inline(always)]
    unsafe fn keep(
        block: [u64; ROWS],
        valid: u8,
        dense: bool,
        first: usize,
        offsets: &mut [u32; ROWS],
        words: &mut [u64; ROWS],
    ) -> usize {
        unsafe {
            let block = _mm512_loadu_si512(block.as_ptr().cast());
            let kept = (_mm512_test_epi64_mask(block, block) | if dense { 0xff } else { 0 }) & valid;
            let steps = _mm256_setr_epi32(0, 32, 64, 96, 128, 160, 192, 224);
            let at = _mm256_add_epi32(_mm256_set1_epi32((first * WIDTH) as i32), steps);
            _mm512_storeu_si512(words.as_mut_ptr().cast(), _mm512_maskz_compress_epi64(kept, block));
            _mm256_storeu_si256(offsets.as_mut_ptr().cast(), _mm256_maskz_compress_epi32(kept, at));
            kept.count_ones() as usize
        }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> __m512 {
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m512 {
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, value: __m512) {
        unsafe { _mm512_storeu_ps(to, value) }
    }

    #[inline(always)]
    unsafe fn fma(a: __m512, b: __m512, c: __m512) -> __m512 {
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    unsafe fn mul(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn sub(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn add_squares(sums: &mut [f64; LANES], first: usize, values: __m512) {
        unsafe {
            let (low, high) = (_mm512_castps512_ps256(values), _mm512_extractf32x8_ps::<1>(values));
            let (low, high) = (_mm512_cvtps_pd(low), _mm512_cvtps_pd(high));
            let to = sums[first..first + 16].as_mut_ptr();
            _mm512_storeu_pd(to, _mm512_fmadd_pd(low, low, _mm512_loadu_pd(to)));
            _mm512_storeu_pd(to.add(8), _mm512_fmadd_pd(high, high, _mm512_loadu_pd(to.add(8))));
        }
    }

    #[inline(always)]
    unsafe fn tile<P: Product>(narrow: bool, tile: &mut Tile, product: P) {
        unsafe {
            if narrow {
                part::<Self, ROWS, 1, P>(tile, 0, 0, product);
            } else {
                part::<Self, ROWS, 2, P>(tile, 0, 0, product);
            }
        }
    }

    #[inline(always)]
    unsafe fn transpose8(from: *const f32, stride: usize, to: *mut f32, pitch: usize) {
        unsafe { transpose8_avx(from, stride, to, pitch) }
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes for Avx2 {
    type V = __m256;
    const N: usize = 8;

    #[inline(always)]
    fn prefetch(at: &u8) {
        // SAFETY: a prefetch of any address is allowed, and this one is valid.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(at).cast()) }
    }

    #[inline(always)]
    unsafe fn transpose_bytes(x: [u64; 8]) -> [u64; 8] {
        unsafe { transpose_bytes_sse(x) }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> __m256 {
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m256 {
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, value: __m256) {
        unsafe { _mm256_storeu_ps(to, value) }
    }

    #[inline(always)]
    unsafe fn fma(a: __m256, b: __m256, c: __m256) -> __m256 {
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    unsafe fn mul(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn sub(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_sub_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn add_squares(sums: &mut [f64; LANES], first: usize, values: __m256) {
        unsafe {
            let (low, high) = (_mm256_castps256_ps128(values), _mm256_extractf128_ps::<1>(values));
            let (low, high) = (_mm256_cvtps_pd(low), _mm256_cvtps_pd(high));
            let to = sums[first..first + 8].as_mut_ptr();
            _mm256_storeu_pd(to, _mm256_fmadd_pd(low, low, _mm256_loadu_pd(to)));
            _mm256_storeu_pd(to.add(4), _mm256_fmadd_pd(high, high, _mm256_loadu_pd(to.add(4))));
        }
    }

    #[inline(always)]
    unsafe fn tile<P: Product>(narrow: bool, tile: &mut Tile, product: P) {
        for column in (0..if narrow { WIDTH / 2 } else { WIDTH }).step_by(16) {
            for row in (0..ROWS).step_by(4) {
                unsafe { part::<Self, 4, 2, P>(tile, row, column, product) };
            }
        }
    }

    #[inline(always)]
    unsafe fn transpose8(from: *const f32, stride: usize, to: *mut f32, pitch: usize) {
        unsafe { transpose8_avx(from, stride, to, pitch) }
    }
}

impl Lanes for Portable {
    type V = [f32; 4];
    const N: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: f32) -> [f32; 4] {
        [value; 4]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> [f32; 4] {
        unsafe { from.cast::<[f32; 4]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, value: [f32; 4]) {
        unsafe { to.cast::<[f32; 4]>().write_unaligned(value) }
    }

    #[inline(always)]
    unsafe fn fma(a: [f32; 4], b: [f32; 4], c: [f32; 4]) -> [f32; 4] {
        [a[0].mul_add(b[0], c[0]), a[1].mul_add(b[1], c[1]), a[2].mul_add(b[2], c[2]), a[3].mul_add(b[3], c[3])]
    }

    #[inline(always)]
    unsafe fn mul(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        [a[0] * b[0], a[1] * b[1], a[2] * b[2], a[3] * b[3]]
    }

    #[inline(always)]
    unsafe fn sub(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        [a[0] - b[0], a[1] - b[1], a[2] - b[2], a[3] - b[3]]
    }

    #[inline(always)]
    unsafe fn add_squares(sums: &mut [f64; LANES], first: usize, values: [f32; 4]) {
        for (sum, value) in sums[first..first + 4].iter_mut().zip(values) {
            *sum = f64::from(value).mul_add(f64::from(value), *sum);
        }
    }

    #[inline(always)]
    unsafe fn tile<P: Product>(narrow: bool, tile: &mut Tile, product: P) {
        for column in (0..if narrow { WIDTH / 2 } else { WIDTH }).step_by(8) {
            for row in (0..ROWS).step_by(4) {
                unsafe { part::<Self, 4, 2, P>(tile, row, column, product) };
            }
        }
    }
}

/// Three rounds of exchanges: pairs, quadruples, halves.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn transpose8_avx(from: *const f32, stride: usize, to: *mut f32, pitch: usize) {
    // SAFETY: the caller has eight rows of eight floats on both sides, and AVX.
    unsafe {
        let mut rows = [_mm256_setzero_ps(); 8];
        for (i, row) in rows.iter_mut().enumerate() {
            *row = _mm256_loadu_ps(from.add(i * stride));
        }
        let mut pairs = rows;
        for i in 0..4 {
            pairs[2 * i] = _mm256_unpacklo_ps(rows[2 * i], rows[2 * i + 1]);
            pairs[2 * i + 1] = _mm256_unpackhi_ps(rows[2 * i], rows[2 * i + 1]);
        }
        let mut quads = pairs;
        for i in [0, 1, 4, 5] {
            let to = i / 4 * 4 + i % 4 * 2;
            quads[to] = _mm256_shuffle_ps::<0x44>(pairs[i], pairs[i + 2]);
            quads[to + 1] = _mm256_shuffle_ps::<0xEE>(pairs[i], pairs[i + 2]);
        }
        for i in 0..4 {
            _mm256_storeu_ps(to.add(i * pitch), _mm256_permute2f128_ps::<0x20>(quads[i], quads[i + 4]));
            _mm256_storeu_ps(to.add((i + 4) * pitch), _mm256_permute2f128_ps::<0x31>(quads[i], quads[i + 4]));
        }
    }
}

/// Interleaves bytes, then pairs, then quadruples.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn transpose_bytes_sse(x: [u64; 8]) -> [u64; 8] {
    // SAFETY: SSE2 is part of x86-64; the array is sixty-four bytes on both sides.
    unsafe {
        let pair = |i: usize| _mm_unpacklo_epi8(_mm_cvtsi64_si128(x[i] as i64), _mm_cvtsi64_si128(x[i + 1] as i64));
        let (a, b, c, d) = (pair(0), pair(2), pair(4), pair(6));
        let (e, f) = (_mm_unpacklo_epi16(a, b), _mm_unpackhi_epi16(a, b));
        let (g, h) = (_mm_unpacklo_epi16(c, d), _mm_unpackhi_epi16(c, d));
        let mut out = [0u64; 8];
        let to: *mut __m128i = out.as_mut_ptr().cast();
        _mm_storeu_si128(to, _mm_unpacklo_epi32(e, g));
        _mm_storeu_si128(to.add(1), _mm_unpackhi_epi32(e, g));
        _mm_storeu_si128(to.add(2), _mm_unpacklo_epi32(f, h));
        _mm_storeu_si128(to.add(3), _mm_unpackhi_epi32(f, h));
        out
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
        assert_eq!(unsafe { Portable::transpose_bytes(block) }, wanted);
        #[cfg(target_arch = "x86_64")]
        // SAFETY: SSE2 is part of x86-64.
        assert_eq!(unsafe { transpose_bytes_sse(block) }, wanted);
    }
}
