//! 512-bit vectors.

use std::arch::x86_64::*;

use super::super::tile::{Product, Tile, part};
use super::super::{LANES, ROWS, WIDTH};
use super::shuffles::{transpose_bytes_sse, transpose8_avx};
use super::{Family, Lanes};

/// 512-bit vectors: a tile of `f32` in sixteen registers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512;

// SAFETY of the implementations below: each method is one instruction (or a fixed sequence) on the caller's
// pointers; the callers in `tile` and `transpose` state why these are valid, and `Isa` why the instructions exist.
impl Family for Avx512 {
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
}

impl Lanes<f32> for Avx512 {
    type V = __m512;
    const N: usize = 16;
    const REGISTERS: usize = 32;

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
    unsafe fn add(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn sub(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn div(a: __m512, b: __m512) -> __m512 {
        unsafe { _mm512_div_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn sqrt(a: __m512) -> __m512 {
        unsafe { _mm512_sqrt_ps(a) }
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
    unsafe fn tile<P: Product<f32>>(narrow: bool, tile: &mut Tile<f32>, product: P) {
        unsafe {
            if narrow {
                part::<f32, Self, ROWS, 1, P>(tile, 0, 0, product);
            } else {
                part::<f32, Self, ROWS, 2, P>(tile, 0, 0, product);
            }
        }
    }

    #[inline(always)]
    unsafe fn transpose8(from: *const f32, stride: usize, to: *mut f32, pitch: usize) {
        unsafe { transpose8_avx(from, stride, to, pitch) }
    }
}

impl Lanes<f64> for Avx512 {
    type V = __m512d;
    const N: usize = 8;
    const REGISTERS: usize = 32;

    #[inline(always)]
    unsafe fn splat(value: f64) -> __m512d {
        unsafe { _mm512_set1_pd(value) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f64) -> __m512d {
        unsafe { _mm512_loadu_pd(from) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f64, value: __m512d) {
        unsafe { _mm512_storeu_pd(to, value) }
    }

    #[inline(always)]
    unsafe fn fma(a: __m512d, b: __m512d, c: __m512d) -> __m512d {
        unsafe { _mm512_fmadd_pd(a, b, c) }
    }

    #[inline(always)]
    unsafe fn mul(a: __m512d, b: __m512d) -> __m512d {
        unsafe { _mm512_mul_pd(a, b) }
    }

    #[inline(always)]
    unsafe fn add(a: __m512d, b: __m512d) -> __m512d {
        unsafe { _mm512_add_pd(a, b) }
    }

    #[inline(always)]
    unsafe fn sub(a: __m512d, b: __m512d) -> __m512d {
        unsafe { _mm512_sub_pd(a, b) }
    }

    #[inline(always)]
    unsafe fn div(a: __m512d, b: __m512d) -> __m512d {
        unsafe { _mm512_div_pd(a, b) }
    }

    #[inline(always)]
    unsafe fn sqrt(a: __m512d) -> __m512d {
        unsafe { _mm512_sqrt_pd(a) }
    }

    #[inline(always)]
    unsafe fn add_squares(sums: &mut [f64; LANES], first: usize, values: __m512d) {
        unsafe {
            let to = sums[first..first + 8].as_mut_ptr();
            _mm512_storeu_pd(to, _mm512_fmadd_pd(values, values, _mm512_loadu_pd(to)));
        }
    }

    #[inline(always)]
    unsafe fn tile<P: Product<f64>>(narrow: bool, tile: &mut Tile<f64>, product: P) {
        for column in (0..if narrow { WIDTH / 2 } else { WIDTH }).step_by(16) {
            unsafe { part::<f64, Self, ROWS, 2, P>(tile, 0, column, product) };
        }
    }
}
