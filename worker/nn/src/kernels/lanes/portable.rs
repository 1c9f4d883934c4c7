//! Plain arrays.

use super::super::tile::{Product, Tile, part};
use super::super::{LANES, ROWS, WIDTH};
use super::{Family, Lanes};

/// What the compiler makes of arrays: correct everywhere, fast where multiply-add is native.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portable;

// SAFETY of the implementations below: each method is one instruction (or a fixed sequence) on the caller's
// pointers; the callers in `tile` and `transpose` state why these are valid, and `Isa` why the instructions exist.
impl Family for Portable {}

impl Lanes<f32> for Portable {
    type V = [f32; 4];
    const N: usize = 4;
    const REGISTERS: usize = 16;

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
    unsafe fn add(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]]
    }

    #[inline(always)]
    unsafe fn sub(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        [a[0] - b[0], a[1] - b[1], a[2] - b[2], a[3] - b[3]]
    }

    #[inline(always)]
    unsafe fn div(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        [a[0] / b[0], a[1] / b[1], a[2] / b[2], a[3] / b[3]]
    }

    #[inline(always)]
    unsafe fn sqrt(a: [f32; 4]) -> [f32; 4] {
        a.map(f32::sqrt)
    }

    #[inline(always)]
    unsafe fn add_squares(sums: &mut [f64; LANES], first: usize, values: [f32; 4]) {
        for (sum, value) in sums[first..first + 4].iter_mut().zip(values) {
            *sum = f64::from(value).mul_add(f64::from(value), *sum);
        }
    }

    #[inline(always)]
    unsafe fn tile<P: Product<f32>>(narrow: bool, tile: &mut Tile<f32>, product: P) {
        for column in (0..if narrow { WIDTH / 2 } else { WIDTH }).step_by(8) {
            for row in (0..ROWS).step_by(4) {
                unsafe { part::<f32, Self, 4, 2, P>(tile, row, column, product) };
            }
        }
    }
}

impl Lanes<f64> for Portable {
    type V = [f64; 4];
    const N: usize = 4;
    const REGISTERS: usize = 16;

    #[inline(always)]
    unsafe fn splat(value: f64) -> [f64; 4] {
        [value; 4]
    }

    #[inline(always)]
    unsafe fn load(from: *const f64) -> [f64; 4] {
        unsafe { from.cast::<[f64; 4]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f64, value: [f64; 4]) {
        unsafe { to.cast::<[f64; 4]>().write_unaligned(value) }
    }

    #[inline(always)]
    unsafe fn fma(a: [f64; 4], b: [f64; 4], c: [f64; 4]) -> [f64; 4] {
        [a[0].mul_add(b[0], c[0]), a[1].mul_add(b[1], c[1]), a[2].mul_add(b[2], c[2]), a[3].mul_add(b[3], c[3])]
    }

    #[inline(always)]
    unsafe fn mul(a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
        [a[0] * b[0], a[1] * b[1], a[2] * b[2], a[3] * b[3]]
    }

    #[inline(always)]
    unsafe fn add(a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
        [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]]
    }

    #[inline(always)]
    unsafe fn sub(a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
        [a[0] - b[0], a[1] - b[1], a[2] - b[2], a[3] - b[3]]
    }

    #[inline(always)]
    unsafe fn div(a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
        [a[0] / b[0], a[1] / b[1], a[2] / b[2], a[3] / b[3]]
    }

    #[inline(always)]
    unsafe fn sqrt(a: [f64; 4]) -> [f64; 4] {
        a.map(f64::sqrt)
    }

    #[inline(always)]
    unsafe fn add_squares(sums: &mut [f64; LANES], first: usize, values: [f64; 4]) {
        for (sum, value) in sums[first..first + 4].iter_mut().zip(values) {
            *sum = value.mul_add(value, *sum);
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
