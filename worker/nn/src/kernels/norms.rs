//! Squared norms of examples, in f64: what the gradient noise is made of.

use super::lanes::Family;
use super::pack::Examples;
use super::real::Real;
use super::{Op, WIDTH, padded};

/// ‖column‖² of a value in panels of examples: one chain in f64 an example, feature by feature.
pub(crate) struct ColumnSquares<'a, T> {
    /// In panels, `padded(features)` rows high.
    pub(crate) values: &'a [T],
    /// Rows in use.
    pub(crate) features: usize,
    /// One an example.
    pub(crate) out: &'a mut [f64],
}

/// ‖x‖² of examples, from exact integer sums.
pub(crate) struct ExampleSquares<'a> {
    /// Which.
    pub(crate) examples: Examples<'a>,
    /// One an example.
    pub(crate) out: &'a mut [f64],
}

impl<T: Real> Op for ColumnSquares<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        let height = padded(self.features) * WIDTH;
        for (out, panel) in self.out.chunks_mut(WIDTH).zip(self.values.chunks(height)) {
            let mut sums = [0.0f64; WIDTH];
            for row in &panel.as_chunks::<WIDTH>().0[..self.features] {
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum = value.wide().mul_add(value.wide(), *sum);
                }
            }
            out.copy_from_slice(&sums[..out.len()]);
        }
    }
}

impl Op for ExampleSquares<'_> {
    type Output = ();

    #[inline(always)]
    fn run<F: Family>(self) {
        /// Bytes whose squares fit a u32 together.
        const PART: usize = 1 << 16;
        let (scale, offset) = (f64::from(self.examples.scaling.scale), f64::from(self.examples.scaling.offset));
        for (index, out) in self.out.iter_mut().enumerate() {
            let bytes = self.examples.example(index);
            let (mut first, mut second) = (0u64, 0u64);
            for part in bytes.chunks(PART) {
                let (mut sum, mut square) = (0u32, 0u32);
                for &byte in part {
                    sum += u32::from(byte);
                    square += u32::from(byte) * u32::from(byte);
                }
                first += u64::from(sum);
                second += u64::from(square);
            }
            let (first, second, n) = (first as f64, second as f64, bytes.len() as f64);
            *out = scale * scale * second + 2.0 * scale * offset * first + offset * offset * n;
        }
    }
}
