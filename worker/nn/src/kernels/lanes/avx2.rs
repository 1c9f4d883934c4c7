//! 256-bit vectors.

use std::arch::x86_64::*;

use super::super::tile::{Product, Tile, part};
use super::super::{LANES, ROWS, WIDTH};
use super::shuffles::{transpose_bytes_sse, transpose8_avx};
use super::{Family, Lanes};

/// 256-bit vectors with fused multiply-add: a tile of `f32` in four parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2;

// SAFETY of the implementations below: each method is one instruction (or a fixed sequence) on the caller's
// pointers; the callers in `tile` and `transpose` state why these are valid, and `Isa` why the instructions exist.
impl Family for Avx2 {
    #[inline(always)]
    fn prefetch(at: &u8) {
        // SAFETY: a prefetch of any address is allowed, and this one is valid.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(at).cast()) }
    }

    #[inline(always)]
    unsafe fn transpose_bytes(x: [u64; 8]) -> [u64; 8] {
        unsafe { transpose_bytes_sse(x) }
    }
}

impl Lanes<f32> for Avx2 {
    type V = __m256;
    const N: usize = 8;
    const REGISTERS: usize = 16;

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
    unsafe fn add(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn sub(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_sub_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn div(a: __m256, b: __m256) -> __m256 {
        unsafe { _mm256_div_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn sqrt(a: __m256) -> __m256 {
        unsafe { _mm256_sqrt_ps(a) }
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
    unsafe fn tile<P: Product<f32>>(narrow: bool, tile: &mut Tile<f32>, product: P) {
        for column in (0..if narrow { WIDTH / 2 } else { WIDTH }).step_by(16) {
            for row in (0..ROWS).step_by(4) {
                unsafe { part::<f32, Self, 4, 2, P>(tile, row, column, product) };
            }
        }
    }

    #[inline(always)]
    unsafe fn transpose8(from: *const f32, stride: usize, to: *mut f32, pitch: usize) {
        unsafe { transpose8_avx(from, stride, to, pitch) }
    }
}

impl Lanes<f64> for Avx2 {
    type V = __m256d;
    const N: usize = 4;
    const REGISTERS: usize = 16;

    #[inline(always)]
    unsafe fn splat(value: f64) -> __m256d {
        unsafe { _mm256_set1_pd(value) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f64) -> __m256d {
        unsafe { _mm256_loadu_pd(from) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f64, value: __m256d) {
        unsafe { _mm256_storeu_pd(to, value) }
    }

    #[inline(always)]
    unsafe fn fma(a: __m256d, b: __m256d, c: __m256d) -> __m256d {
        unsafe { _mm256_fmadd_pd(a, b, c) }
    }

    #[inline(always)]
    unsafe fn mul(a: __m256d, b: __m256d) -> __m256d {
        unsafe { _mm256_mul_pd(a, b) }
    }

    #[inline(always)]
    unsafe fn add(a: __m256d, b: __m256d) -> __m256d {
        unsafe { _mm256_add_pd(a, b) }
    }

    #[inline(always)]
    unsafe fn sub(a: __m256d, b: __m256d) -> __m256d {
        unsafe { _mm256_sub_pd(a, b) }
    }

    #[inline(always)]
    unsafe fn div(a: __m256d, b: __m256d) -> __m256d {
        unsafe { _mm256_div_pd(a, b) }
    }

    #[inline(always)]
    unsafe fn sqrt(a: __m256d) -> __m256d {
        unsafe { _mm256_sqrt_pd(a) }
    }

    #[inline(always)]
    unsafe fn add_squares(sums: &mut [f64; LANES], first: usize, values: __m256d) {
        unsafe {
            let to = sums[first..first + 4].as_mut_ptr();
            _mm256_storeu_pd(to, _mm256_fmadd_pd(values, values, _mm256_loadu_pd(to)));
        }
    }

    #[inline(always)]
    unsafe fn tile<P: Product<f64>>(narrow: bool, tile: &mut Tile<f64>, product: P) {
        for column in (0..if narrow { WIDTH / 2 } else { WIDTH }).step_by(8) {
            for row in (0..ROWS).step_by(4) {
                unsafe { part::<f64, Self, 4, 2, P>(tile, row, column, product) };
            }
        }
    }
}
