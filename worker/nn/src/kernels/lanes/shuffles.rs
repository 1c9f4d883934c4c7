//! Shuffles of 256-bit and 128-bit registers.

use std::arch::x86_64::*;

/// Three rounds of exchanges: pairs, quadruples, halves.
#[inline(always)]
pub(super) unsafe fn transpose8_avx(from: *const f32, stride: usize, to: *mut f32, pitch: usize) {
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
#[inline(always)]
pub(super) unsafe fn transpose_bytes_sse(x: [u64; 8]) -> [u64; 8] {
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
