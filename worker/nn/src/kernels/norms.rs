//! Squared norms of rows, in f64: what the gradient noise is made of.

use super::lanes::Lanes;
use super::pack::Examples;
use super::{LANES, Op, WIDTH, padded, panels};

/// ‖row‖² of a matrix in panels, in sixteen lanes.
pub(crate) struct RowSquares<'a> {
    /// In panels, `padded(out.len())` rows high.
    pub(crate) values: &'a [f32],
    /// Columns in use.
    pub(crate) columns: usize,
    /// One a row.
    pub(crate) out: &'a mut [f64],
}

/// ‖x‖² of examples, from exact integer sums.
pub(crate) struct ExampleSquares<'a> {
    /// Which.
    pub(crate) examples: Examples<'a>,
    /// One an example.
    pub(crate) out: &'a mut [f64],
}

impl Op for RowSquares<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let rows = padded(self.out.len());
        for (row, out) in self.out.iter_mut().enumerate() {
            let mut lanes = [0.0; LANES];
            for panel in 0..panels(self.columns) {
                let used = (self.columns - panel * WIDTH).min(WIDTH);
                let whole = self.values[(panel * rows + row) * WIDTH..].first_chunk().expect("a row of a panel");
                let mut part = [0.0f32; WIDTH];
                let values: &[f32; WIDTH] = if used == WIDTH {
                    whole
                } else {
                    // The activation of nothing need not be nothing.
                    part[..used].copy_from_slice(&whole[..used]);
                    &part
                };
                for i in (0..WIDTH).step_by(L::N) {
                    // SAFETY: i + L::N ≤ WIDTH, as L::N divides it; `L` is right by `Isa`.
                    unsafe { L::add_squares(&mut lanes, i % LANES, L::load(values.as_ptr().add(i))) };
                }
            }
            *out = lanes.iter().sum();
        }
    }
}

impl Op for ExampleSquares<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
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
