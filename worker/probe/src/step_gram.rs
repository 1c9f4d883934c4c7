//! S: the inner products of a trajectory's step differences.

use crate::lanes::{LANES, fold};

/// Parameters taken together: all differences over them stay in the second-level cache for T up to 256.
const CHUNK: usize = 16 * LANES;

/// The symmetric matrix S[i][j] = (θᵢ₊₁ − θᵢ) · (θⱼ₊₁ − θⱼ) of a trajectory's n = T − 1 steps between snapshots.
///
/// Differences are formed and summed in f64: a squared distance is then a sum over a block of S, where
/// Gᵢᵢ + Gⱼⱼ − 2 Gᵢⱼ over the weights themselves would cancel for snapshots that lie close together.
#[derive(Clone, Debug, PartialEq)]
pub struct StepGram {
    n: usize,
    packed: Vec<f64>,
}

impl StepGram {
    /// The longest trajectory whose matrix is kept: 255 × 256 / 2 numbers, 261 KB.
    pub const MAX_SNAPSHOTS: usize = 256;

    /// The matrix of snapshots of equal length, at least two.
    ///
    /// Each inner product is summed in sixteen lanes, parameter by parameter.
    pub(crate) fn of_snapshots(weights: &[Vec<f32>]) -> Self {
        let n = weights.len() - 1;
        let n_parameters = weights[0].len();
        let mut sums = vec![[0.0; LANES]; n * (n + 1) / 2];
        let mut differences = vec![0.0; n * CHUNK];
        for start in (0..n_parameters).step_by(CHUNK) {
            let len = CHUNK.min(n_parameters - start);
            // A short last chunk is filled up with zeros, which change no lane.
            differences.fill(0.0);
            for (pair, row) in weights.windows(2).zip(differences.chunks_exact_mut(CHUNK)) {
                let (before, after) = (&pair[0][start..start + len], &pair[1][start..start + len]);
                for ((difference, &after), &before) in row.iter_mut().zip(after).zip(before) {
                    *difference = f64::from(after) - f64::from(before);
                }
            }
            add_products(&differences, n, &mut sums);
        }
        Self { n, packed: sums.into_iter().map(fold).collect() }
    }

    /// A matrix from its packed upper triangle, row by row.
    ///
    /// Returns none if the length is not n (n + 1) / 2 for some n ≥ 1.
    #[must_use]
    pub fn from_packed(packed: Vec<f64>) -> Option<Self> {
        let n = (1..).take_while(|n| n * (n + 1) / 2 <= packed.len()).last()?;
        (n * (n + 1) / 2 == packed.len()).then_some(Self { n, packed })
    }

    /// n: the number of steps, one less than the number of snapshots.
    #[must_use]
    pub fn n_steps(&self) -> usize {
        self.n
    }

    /// The upper triangle, row by row: what `gram.parquet` holds.
    #[must_use]
    pub fn packed(&self) -> &[f64] {
        &self.packed
    }

    /// S[i][j], for either order of i and j.
    ///
    /// # Panics
    /// If there is no such step.
    #[must_use]
    pub fn at(&self, i: usize, j: usize) -> f64 {
        let (i, j) = (i.min(j), i.max(j));
        assert!(j < self.n, "step {j} of {}", self.n);
        self.packed[i * self.n - i * (i + 1) / 2 + j]
    }

    /// Squared distances ‖θₜ − θₐ‖² of every snapshot from snapshot `a`, by growing the block of S a step at a time.
    ///
    /// # Panics
    /// If there is no such snapshot.
    #[must_use]
    pub fn squares_from(&self, a: usize) -> Vec<f64> {
        assert!(a <= self.n, "snapshot {a} of {}", self.n + 1);
        let mut squares = vec![0.0; self.n + 1];
        let (before, after) = squares.split_at_mut(a);
        let mut sum = 0.0;
        for (t, square) in (a + 1..).zip(&mut after[1..]) {
            let cross: f64 = (a..t - 1).map(|i| self.at(i, t - 1)).sum();
            sum += 2.0 * cross + self.at(t - 1, t - 1);
            *square = f64::max(sum, 0.0);
        }
        sum = 0.0;
        for (t, square) in before.iter_mut().enumerate().rev() {
            let cross: f64 = (t + 1..a).map(|j| self.at(t, j)).sum();
            sum += 2.0 * cross + self.at(t, t);
            *square = f64::max(sum, 0.0);
        }
        squares
    }

    /// (θₜ − θ₀) · (θ_T − θ₀) of every snapshot.
    #[must_use]
    pub fn along_displacement(&self) -> Vec<f64> {
        let mut sum = 0.0;
        let mut along = vec![0.0];
        for i in 0..self.n {
            sum += (0..self.n).map(|j| self.at(i, j)).sum::<f64>();
            along.push(sum);
        }
        along
    }

    /// The block of some steps, dense and row-major.
    pub(crate) fn dense(&self, steps: std::ops::Range<usize>) -> Vec<f64> {
        steps.clone().flat_map(|i| steps.clone().map(move |j| self.at(i, j))).collect()
    }
}

/// Adds every pair of rows' products, lane by lane.
fn add_products(differences: &[f64], n: usize, sums: &mut [[f64; LANES]]) {
    let row = |i: usize| differences[i * CHUNK..(i + 1) * CHUNK].as_chunks::<LANES>().0;
    let mut sums = sums.iter_mut();
    for i in 0..n {
        for (j, sum) in (i..n).zip(&mut sums) {
            let mut lanes = *sum;
            for (a, b) in row(i).iter().zip(row(j)) {
                for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
                    *lane += a * b;
                }
            }
            *sum = lanes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes;

    fn snapshots(n_snapshots: usize, n_parameters: usize) -> Vec<Vec<f32>> {
        let value = |t: usize, i: usize| ((t * 7919 + i * 104_729) % 1009) as f32 / 1009.0 - 0.3;
        (0..n_snapshots).map(|t| (0..n_parameters).map(|i| value(t, i)).collect()).collect()
    }

    #[test]
    fn entries_are_the_inner_products_of_differences() {
        for n_parameters in [1, 15, 16, 255, 256, 257, 700] {
            let weights = snapshots(5, n_parameters);
            let gram = StepGram::of_snapshots(&weights);
            for i in 0..4 {
                for j in i..4 {
                    let of = |k: usize| [&weights[k][..], &weights[k + 1][..]];
                    assert_eq!(gram.at(i, j), lanes::dot_of_differences(of(i), of(j)), "{n_parameters} {i} {j}");
                    assert_eq!(gram.at(j, i), gram.at(i, j));
                }
            }
        }
    }

    #[test]
    fn block_sums_are_distances() {
        let weights = snapshots(9, 300);
        let gram = StepGram::of_snapshots(&weights);
        for a in 0..9 {
            for (t, square) in gram.squares_from(a).into_iter().enumerate() {
                let direct = lanes::distance_square(&weights[t], &weights[a]);
                assert!((square - direct).abs() <= 1e-13 * direct.max(1.0), "{a} {t}: {square} {direct}");
            }
        }
    }

    #[test]
    fn packed_lengths_are_triangular() {
        assert_eq!(StepGram::from_packed(vec![1.0; 6]).map(|gram| gram.n_steps()), Some(3));
        assert!(StepGram::from_packed(vec![1.0; 5]).is_none());
        assert!(StepGram::from_packed(Vec::new()).is_none());
    }
}
