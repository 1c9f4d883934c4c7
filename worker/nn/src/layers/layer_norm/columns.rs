//! Sums over the features of 32 examples, and what is written feature by feature.

use crate::kernels::{Buffer, Epilogue, Number, ROWS, Real, WIDTH};

/// Features whose sums are chains in `T`, before they are added in f64.
const CHAIN: usize = 256;

/// One number for each of 32 examples.
pub(super) type Row<T> = [T; WIDTH];

/// What belongs to 32 examples: μ and r, or how they move.
#[derive(Clone, Copy)]
pub(super) struct Columns<T> {
    pub(super) mean: Row<T>,
    pub(super) inverse: Row<T>,
}

/// What each feature adds to `K` rows.
pub(super) trait Feature<T, const K: usize> {
    /// Adds feature `feature`'s part. To be `#[inline(always)]`.
    fn add(&self, feature: usize, to: &mut [Row<T>; K]);
}

impl<T: Real> Columns<T> {
    /// Those of a panel.
    #[inline(always)]
    pub(super) fn load(saved: &Buffer<T>, panel: usize) -> Self {
        let (rows, _) = saved[panel * 2 * WIDTH..].as_chunks::<WIDTH>();
        Self { mean: rows[0], inverse: rows[1] }
    }

    #[inline(always)]
    pub(super) fn store(&self, saved: &mut Buffer<T>, panel: usize) {
        let (rows, _) = saved[panel * 2 * WIDTH..].as_chunks_mut::<WIDTH>();
        rows[0] = self.mean;
        rows[1] = self.inverse;
    }
}

/// Σ over the features: each lane sums up to 256 features in `T`, and these sums in f64.
#[inline(always)]
pub(super) fn sums<T: Real, const K: usize>(n_features: usize, each: &impl Feature<T, K>) -> [Row<f64>; K] {
    let mut totals = [[0.0; WIDTH]; K];
    for first in (0..n_features).step_by(CHAIN) {
        let mut sums = [[T::ZERO; WIDTH]; K];
        for feature in first..(first + CHAIN).min(n_features) {
            each.add(feature, &mut sums);
        }
        for (total, sum) in totals.as_flattened_mut().iter_mut().zip(sums.as_flattened()) {
            *total += sum.wide();
        }
    }
    totals
}

/// Writes one row a feature, from `start` on.
#[inline(always)]
pub(super) fn put<T: Real>(n_features: usize, each: &impl Feature<T, 1>, start: usize, out: &mut impl Epilogue<T>) {
    let mut results = [[[T::ZERO; WIDTH]; 1]; ROWS];
    for first in (0..n_features).step_by(ROWS) {
        let n = (n_features - first).min(ROWS);
        for (feature, result) in (first..).zip(&mut results[..n]) {
            *result = [[T::ZERO; WIDTH]];
            each.add(feature, result);
        }
        out.put(start + first * WIDTH, results[..n].as_flattened_mut().as_flattened_mut());
    }
}

/// All lanes in another type.
#[inline(always)]
pub(super) fn narrow<T: Number>(row: &Row<f64>) -> Row<T> {
    let mut result = [T::ZERO; WIDTH];
    for (to, &from) in result.iter_mut().zip(row) {
        *to = T::of(from);
    }
    result
}
