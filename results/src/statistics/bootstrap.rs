//! Percentile limits of a mean by resampling runs: one matrix of counts a cell, shared by all its metrics.

use std::cmp::Ordering;

use traipse_sweep::streams::{Philox, Purpose};

use super::design::Design;
use super::quantile::{between, position};

/// Resamples of a cell.
pub(crate) const N_RESAMPLES: usize = 2000;
/// Runs above which a cell is not resampled: t is exact enough there, and the matrix would fill the memory.
pub(crate) const MAX_RUNS: usize = 10_000;
/// Share below the lower and above the upper limit.
const TAIL: f64 = 0.025;
/// Runs up to which equal resamples are found and counted once: few runs have few distinct resamples.
const PACKED_RUNS: usize = 12;
/// Bits of a packed count: at most [`PACKED_RUNS`].
const PACKED_BITS: usize = 5;

const _: () = assert!(PACKED_RUNS * PACKED_BITS <= 64 && PACKED_RUNS < 1 << PACKED_BITS);

/// How often each resample takes each run.
pub(crate) struct Resamples {
    n_runs: usize,
    /// How often each distinct resample was drawn.
    multiplicity: Vec<u32>,
    /// Run by run: its count in each distinct resample.
    counts: Vec<u16>,
}

impl Resamples {
    /// Draws the resamples of a cell of `n_runs` runs: runs for independent ones, levels of both seeds where they
    /// are crossed (the count of a run is then the product of its levels' counts). None where a cell has fewer than
    /// two runs or more than [`MAX_RUNS`].
    ///
    /// Resample b of cell c is the stream (c, bootstrap, b). Cost: [`N_RESAMPLES`] × runs draws.
    pub(crate) fn draw(cell: u64, n_runs: usize, design: &Design) -> Option<Self> {
        if !(2..=MAX_RUNS).contains(&n_runs) {
            return None;
        }
        let mut rows = vec![0_u16; N_RESAMPLES * n_runs];
        let philox = Philox::new(cell, Purpose::Bootstrap);
        for (resample, row) in rows.chunks_exact_mut(n_runs).enumerate() {
            let mut draws = philox.at(resample as u64);
            let mut below = |n: usize| draws.below(n as u64) as usize;
            match design {
                Design::Iid => (0..n_runs).for_each(|_| row[below(n_runs)] += 1),
                Design::Crossed { first, second } => {
                    let (first_counts, second_counts) = (level_counts(first, &mut below), level_counts(second, below));
                    for (run, count) in row.iter_mut().enumerate() {
                        let product = first_counts[first[run] as usize] * second_counts[second[run] as usize];
                        *count = u16::try_from(product).unwrap_or(u16::MAX);
                    }
                }
            }
        }
        Some(Self::gather(&rows, n_runs))
    }

    /// Limits for the mean of one metric over the resamples: `values` by run, NaN where a run has none. A resample
    /// without any value has no mean and is left out. None if fewer than two runs have a value.
    pub(crate) fn limits(&self, values: &[f64]) -> Option<(f64, f64)> {
        let present: Vec<usize> = (0..self.n_runs).filter(|&run| !values[run].is_nan()).collect();
        if present.len() < 2 {
            return None;
        }
        let n = self.multiplicity.len();
        let (mut total, mut weight) = (vec![0.0_f64; n], vec![0.0_f64; n]);
        // Around one of the values, so that equal values have exactly equal means.
        let centre = values[present[0]];
        for run in present {
            let (value, counts) = (values[run] - centre, &self.counts[run * n..(run + 1) * n]);
            for ((total, weight), count) in total.iter_mut().zip(&mut weight).zip(counts) {
                *total += f64::from(*count) * value;
                *weight += f64::from(*count);
            }
        }
        let mut means: Vec<(f64, u32)> = total
            .iter()
            .zip(&weight)
            .zip(&self.multiplicity)
            .filter(|((_, weight), _)| **weight > 0.0)
            .map(|((total, weight), times)| (centre + total / weight, *times))
            .collect();
        let drawn: usize = means.iter().map(|mean| mean.1 as usize).sum();
        Some((weighted_quantile(&mut means, drawn, TAIL), weighted_quantile(&mut means, drawn, 1.0 - TAIL)))
    }

    /// Turns rows of counts into columns, equal rows of few runs once.
    fn gather(rows: &[u16], n_runs: usize) -> Self {
        let mut order: Vec<(u64, u32)> = (0..N_RESAMPLES as u32).map(|row| (0, row)).collect();
        let mut multiplicity = vec![1; N_RESAMPLES];
        if n_runs <= PACKED_RUNS {
            for (key, row) in &mut order {
                let row = &rows[*row as usize * n_runs..][..n_runs];
                *key = row.iter().fold(0, |key, &count| key << PACKED_BITS | u64::from(count));
            }
            order.sort_unstable();
            multiplicity = order.chunk_by(|a, b| a.0 == b.0).map(|equal| equal.len() as u32).collect();
            order.dedup_by_key(|entry| entry.0);
        }
        let column = |run: usize| order.iter().map(move |entry| rows[entry.1 as usize * n_runs + run]);
        let counts = (0..n_runs).flat_map(column).collect();
        Self { n_runs, multiplicity, counts }
    }
}

/// Resamples the levels of one seed: how often each is taken.
fn level_counts(levels: &[u32], mut below: impl FnMut(usize) -> usize) -> Vec<u32> {
    let n = levels.iter().max().map_or(0, |&level| level as usize + 1);
    let mut counts = vec![0; n];
    (0..n).for_each(|_| counts[below(n)] += 1);
    counts
}

/// Quantile of type 7 of values that stand for several draws each, `drawn` in all.
fn weighted_quantile(means: &mut [(f64, u32)], drawn: usize, p: f64) -> f64 {
    let (below, share) = position(drawn, p);
    let above = (below + 1).min(drawn - 1);
    let ascending = |a: &(f64, u32), b: &(f64, u32)| a.0.total_cmp(&b.0).then(Ordering::Equal);
    if means.len() == drawn {
        let (_, low, rest) = means.select_nth_unstable_by(below, ascending);
        let high = rest.iter().map(|mean| mean.0).fold(f64::INFINITY, f64::min);
        return between(low.0, if above > below { high } else { low.0 }, share);
    }
    means.sort_unstable_by(ascending);
    let statistic = |at: usize| {
        let mut passed = 0;
        let reached = means.iter().find(|mean| {
            passed += mean.1 as usize;
            passed > at
        });
        reached.expect("an order statistic lies below the number of draws").0
    };
    between(statistic(below), statistic(above), share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_a_resample_add_up() {
        let resamples = Resamples::draw(7, 5, &Design::Iid).unwrap();
        let n = resamples.multiplicity.len();
        assert!(n <= 126, "five runs have 126 distinct resamples");
        assert_eq!(resamples.multiplicity.iter().sum::<u32>() as usize, N_RESAMPLES);
        for resample in 0..n {
            assert_eq!((0..5).map(|run| resamples.counts[run * n + resample]).sum::<u16>(), 5);
        }
    }

    #[test]
    fn packed_and_plain_resamples_give_the_same_limits() {
        let values = [0.3, 0.1, 0.7, 0.2];
        let packed = Resamples::draw(3, 4, &Design::Iid).unwrap();
        let n = packed.multiplicity.len();
        let expand = |run: usize| {
            let counts = packed.counts[run * n..(run + 1) * n].iter().zip(&packed.multiplicity);
            counts.flat_map(|(count, times)| std::iter::repeat_n(*count, *times as usize))
        };
        let counts = (0..4).flat_map(expand).collect();
        let plain = Resamples { n_runs: 4, multiplicity: vec![1; N_RESAMPLES], counts };
        assert_eq!(packed.limits(&values), plain.limits(&values));
    }

    #[test]
    fn limits_lie_where_the_normal_law_says() {
        // 400 values 0..400: the resampled mean has sd 115.47 / √400 = 5.77.
        let values: Vec<f64> = (0..400).map(f64::from).collect();
        let (low, high) = Resamples::draw(0, 400, &Design::Iid).unwrap().limits(&values).unwrap();
        assert!((low - (199.5 - 1.96 * 5.77)).abs() < 1.0, "{low}");
        assert!((high - (199.5 + 1.96 * 5.77)).abs() < 1.0, "{high}");
    }

    #[test]
    fn crossed_seeds_are_resampled_by_level() {
        // The value is the level of the first seed alone: only two levels, so a quarter of the means are 0.
        let design = Design::Crossed { first: vec![0, 0, 0, 1, 1, 1], second: vec![0, 1, 2, 0, 1, 2] };
        let resamples = Resamples::draw(1, 6, &design).unwrap();
        assert_eq!(resamples.limits(&[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]), Some((0.0, 1.0)));
    }

    #[test]
    fn missing_and_equal_values() {
        let resamples = Resamples::draw(2, 5, &Design::Iid).unwrap();
        assert_eq!(resamples.limits(&[0.1, f64::NAN, 0.1, 0.1, f64::NAN]), Some((0.1, 0.1)));
        assert_eq!(resamples.limits(&[0.1, f64::NAN, f64::NAN, f64::NAN, f64::NAN]), None);
        assert!(Resamples::draw(2, 1, &Design::Iid).is_none());
        assert!(Resamples::draw(2, MAX_RUNS + 1, &Design::Iid).is_none());
    }
}
