//! S: the inner products of a trajectory's step differences.

use std::io;

use crate::Trajectory;
use crate::lanes::{LANES, Lanes, fold};
use crate::trajectory::{CHUNK, Part};

/// Bytes of all snapshots' parts that are held at a time, where they are not in memory anyway.
const HELD_BYTES: usize = 16 << 20;

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

    /// The matrix of a trajectory of at least two snapshots.
    ///
    /// Each inner product is summed in sixteen lanes, parameter by parameter, whatever the parts that are read.
    pub(crate) fn of(trajectory: &Trajectory) -> io::Result<Self> {
        let n = trajectory.n_snapshots() - 1;
        let mut sums = vec![Lanes::default(); n * (n + 1) / 2];
        let mut block = Block::new(trajectory);
        for part in trajectory.parts(block.len) {
            block.read(part)?;
            for start in (0..part.len).step_by(CHUNK) {
                add_products(block.differences(start, CHUNK.min(part.len - start)), n, &mut sums);
            }
        }
        Ok(Self { n, packed: sums.into_iter().map(fold).collect() })
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

/// The same part of all snapshots, as bytes, and the differences over one chunk of it.
struct Block<'a> {
    trajectory: &'a Trajectory,
    /// Parameters of a whole part.
    len: usize,
    bytes: Vec<u8>,
    /// A row of [`CHUNK`] numbers for each step: they stay in the second-level cache for T up to 256.
    differences: Vec<f64>,
    before: [f64; CHUNK],
    after: [f64; CHUNK],
}

impl<'a> Block<'a> {
    fn new(trajectory: &'a Trajectory) -> Self {
        let n_snapshots = trajectory.n_snapshots();
        let len = trajectory.part_len(HELD_BYTES / n_snapshots);
        Self {
            trajectory,
            len,
            bytes: vec![0; n_snapshots * len * trajectory.form().width()],
            differences: vec![0.0; (n_snapshots - 1) * CHUNK],
            before: [0.0; CHUNK],
            after: [0.0; CHUNK],
        }
    }

    fn read(&mut self, part: Part<'_>) -> io::Result<()> {
        let width = self.trajectory.form().width();
        for (at, bytes) in self.bytes.chunks_exact_mut(self.len * width).enumerate() {
            part.bytes(at, &mut bytes[..part.len * width])?;
        }
        Ok(())
    }

    /// The steps over `len` parameters from `start` on. A short chunk is filled up with zeros, which change no lane.
    fn differences(&mut self, start: usize, len: usize) -> &[f64] {
        let form = self.trajectory.form();
        let mut rows = self.bytes.chunks_exact(self.len * form.width());
        let range = start * form.width()..(start + len) * form.width();
        self.differences.fill(0.0);
        if let Some(first) = rows.next() {
            form.widen(&first[range.clone()], &mut self.before[..len]);
        }
        for (row, differences) in rows.zip(self.differences.chunks_exact_mut(CHUNK)) {
            form.widen(&row[range.clone()], &mut self.after[..len]);
            for ((difference, after), before) in differences.iter_mut().zip(&self.after[..len]).zip(&self.before) {
                *difference = after - before;
            }
            std::mem::swap(&mut self.before, &mut self.after);
        }
        &self.differences
    }
}

/// Adds every pair of rows' products, lane by lane.
fn add_products(differences: &[f64], n: usize, sums: &mut [Lanes]) {
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
    use crate::{InMemory, Records, Snapshot, Weights, lanes};

    fn snapshots(n_snapshots: usize, n_parameters: usize) -> Vec<Vec<f32>> {
        let value = |t: usize, i: usize| ((t * 7919 + i * 104_729) % 1009) as f32 / 1009.0 - 0.3;
        (0..n_snapshots).map(|t| (0..n_parameters).map(|i| value(t, i)).collect()).collect()
    }

    /// Records in memory that want to be read as if they were not.
    #[derive(Debug, Default)]
    struct Far(InMemory, usize);

    impl Records for Far {
        fn push(&mut self, record: Vec<u8>) -> io::Result<()> {
            self.0.push(record)
        }

        fn read(&self, record: usize, start: usize, out: &mut [u8]) -> io::Result<()> {
            self.0.read(record, start, out)
        }

        fn stride(&self) -> usize {
            self.1
        }
    }

    fn gram_of(snapshots: impl IntoIterator<Item = Snapshot>, stride: usize) -> StepGram {
        let mut snapshots = snapshots.into_iter().peekable();
        let form = snapshots.peek().unwrap().form();
        let mut trajectory = Trajectory::new(form, Box::new(Far(InMemory::default(), stride)));
        (0..).zip(snapshots).for_each(|(step, snapshot)| trajectory.push(step, &snapshot).unwrap());
        trajectory.step_gram().unwrap().unwrap()
    }

    #[test]
    fn entries_are_the_inner_products_of_differences() {
        for n_parameters in [1, 15, 16, 255, 256, 257, 700, 5_000] {
            let weights = snapshots(5, n_parameters);
            let gram = gram_of(weights.iter().cloned().map(Snapshot::f32), 0);
            for i in 0..4 {
                for j in i..4 {
                    let of = |k: usize| [&weights[k][..], &weights[k + 1][..]];
                    assert_eq!(gram.at(i, j), lanes::dot_of_differences(of(i), of(j)), "{n_parameters} {i} {j}");
                    assert_eq!(gram.at(j, i), gram.at(i, j));
                }
            }
            for stride in [1, 1_024, 5_000, 1 << 20] {
                assert_eq!(gram, gram_of(weights.iter().cloned().map(Snapshot::f32), stride), "{stride}");
            }
        }
    }

    #[test]
    fn wide_weights_and_what_lies_beside_them() {
        let wide = |weights: &Vec<f32>| Weights::F64(weights.iter().map(|&value| f64::from(value)).collect());
        let weights = snapshots(6, 321);
        let narrow = gram_of(weights.iter().cloned().map(Snapshot::f32), 512);
        let beside = |weights| Snapshot { weights: wide(weights), buffers: vec![7.0; 5] };
        assert_eq!(narrow, gram_of(weights.iter().map(beside), 2_048), "buffers are no part of the path");
        // A step that f32 cannot hold.
        let small =
            [0.1, 0.1 + 1e-12].map(|value| Snapshot { weights: Weights::F64(vec![value]), buffers: Vec::new() });
        assert!((gram_of(small, 0).at(0, 0).sqrt() - 1e-12).abs() < 1e-16);
    }

    #[test]
    fn block_sums_are_distances() {
        let weights = snapshots(9, 300);
        let gram = gram_of(weights.iter().cloned().map(Snapshot::f32), 0);
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
