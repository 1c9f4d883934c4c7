//! Sums over a channel, and linear combinations of its values.

use crate::kernels::{Epilogue, LANES, ROWS, Real, WIDTH, fold, padded, panels};

/// Rows of 32 examples whose sums are chains in `T`, before they are added in f64.
const CHAIN: usize = 256;

/// Where the channels of a chunk of examples lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) channels: usize,
    pub(super) pixels: usize,
    /// Examples.
    pub(super) n: usize,
}

/// A linear combination of `N` values: factor_0 (value_0 − centre) + Σ factor_j value_j + constant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<T, const N: usize> {
    pub(super) centre: T,
    pub(super) factors: [T; N],
    pub(super) constant: T,
}

impl Place {
    /// Numbers in a channel.
    pub(super) fn count(self) -> f64 {
        (self.n * self.pixels) as f64
    }

    /// Where a channel begins in a panel.
    #[inline(always)]
    fn start(self, panel: usize, channel: usize) -> usize {
        (panel * padded(self.channels * self.pixels) + channel * self.pixels) * WIDTH
    }

    #[inline(always)]
    fn rows<T>(self, values: &[T], start: usize) -> &[[T; WIDTH]] {
        values[start..][..self.pixels * WIDTH].as_chunks::<WIDTH>().0
    }

    /// Lanes of a panel that hold examples.
    #[inline(always)]
    fn used(self, panel: usize) -> usize {
        (self.n - panel * WIDTH).min(WIDTH)
    }

    /// Σ (l − c_l) and Σ (l − c_l)(r − c_r) over a channel of the examples.
    ///
    /// Each lane of a panel sums up to 256 pixels in `T`, then joins sixteen lanes (the example's index modulo
    /// sixteen) in f64, which are folded at the end.
    #[inline(always)]
    pub(super) fn sums<T: Real>(self, channel: usize, [left, right]: [&[T]; 2], centres: [T; 2]) -> [f64; 2] {
        let mut totals = [[0.0f64; LANES]; 2];
        for panel in 0..panels(self.n) {
            let (start, used) = (self.start(panel, channel), self.used(panel));
            let (left, right) = (self.rows(left, start), self.rows(right, start));
            for (left, right) in left.chunks(CHAIN).zip(right.chunks(CHAIN)) {
                let mut sums = chains(left, right, centres);
                for (total, sums) in totals.iter_mut().zip(&mut sums) {
                    sums[used..].fill(T::ZERO);
                    let (low, high) = sums.split_at(LANES);
                    for (lane, total) in total.iter_mut().enumerate() {
                        *total = *total + low[lane].wide() + high[lane].wide();
                    }
                }
            }
        }
        totals.map(fold)
    }

    /// Hands a linear combination of `values` on, row by row; 0 in the lanes beyond the last example.
    #[inline(always)]
    pub(super) fn mix<T: Real, E: Epilogue<T>, const N: usize>(
        self,
        channel: usize,
        values: [&[T]; N],
        parts: Parts<T, N>,
        out: &mut E,
    ) {
        let mut results = [[T::ZERO; WIDTH]; ROWS];
        for panel in 0..panels(self.n) {
            let (start, used) = (self.start(panel, channel), self.used(panel));
            let values = values.map(|values| self.rows(values, start));
            for first in (0..self.pixels).step_by(ROWS) {
                let n = (self.pixels - first).min(ROWS);
                for (i, result) in results[..n].iter_mut().enumerate() {
                    combine(&values, first + i, parts, result);
                    result[used..].fill(T::ZERO);
                }
                out.put(start + first * WIDTH, results[..n].as_flattened_mut());
            }
        }
    }
}

#[inline(always)]
fn chains<T: Real>(left: &[[T; WIDTH]], right: &[[T; WIDTH]], [from, about]: [T; 2]) -> [[T; WIDTH]; 2] {
    let (mut sums, mut products) = ([T::ZERO; WIDTH], [T::ZERO; WIDTH]);
    for (left, right) in left.iter().zip(right) {
        for lane in 0..WIDTH {
            let value = left[lane] - from;
            sums[lane] += value;
            products[lane] = value.fma(right[lane] - about, products[lane]);
        }
    }
    [sums, products]
}

/// One row. Loops over indices alone: calls of closures and iterators may not inherit the caller's instructions.
#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "see above")]
fn combine<T: Real, const N: usize>(
    values: &[&[[T; WIDTH]]; N],
    row: usize,
    parts: Parts<T, N>,
    result: &mut [T; WIDTH],
) {
    let first = &values[0][row];
    for lane in 0..WIDTH {
        result[lane] = (first[lane] - parts.centre).fma(parts.factors[0], parts.constant);
    }
    for j in 1..N {
        let (value, factor) = (&values[j][row], parts.factors[j]);
        for lane in 0..WIDTH {
            result[lane] = value[lane].fma(factor, result[lane]);
        }
    }
}
