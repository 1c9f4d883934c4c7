//! Principal components of a trajectory, exact, from its step Gram matrix.

use nalgebra::{DMatrix, SymmetricEigen};

use crate::{Missing, StepGram};

/// Sweeps of the eigensolver for each snapshot before it gives up; it needs about two.
const MAX_SWEEPS: usize = 100;

/// Scores whose sizes agree to this count as equal when the sign is chosen, so that rounding never decides it.
const SIGN_TIE: f64 = 1e-9;

/// Room for rounding when shares are summed up to 90 or 99 %.
const SHARE_SLACK: f64 = 1e-12;

/// Principal components of the T snapshots about their mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Pca {
    /// Shares of the variance, largest first, at most [`Pca::COMPONENTS`] of the T − 1.
    pub explained: Vec<f64>,
    /// (Σλ)² / Σλ² over the whole spectrum.
    pub participation: f64,
    /// Fewest components that hold 90 % of the variance.
    pub components_90: u32,
    /// Fewest components that hold 99 % of the variance.
    pub components_99: u32,
    /// Scores by snapshot, then component; a component's largest absolute score is positive (the earliest of equals).
    pub scores: Vec<Vec<f64>>,
}

impl Pca {
    /// Components that are reported at most.
    pub const COMPONENTS: usize = 10;

    /// The eigenvectors of the doubly centred Gram matrix of positions, which are running sums of steps.
    ///
    /// Cost: O(T³). The spectrum has an absolute error of some 1e-15 of its largest value.
    ///
    /// # Errors
    /// [`Missing::DidNotMove`], or [`Missing::NotFinite`] where a distance overflowed.
    pub fn of(gram: &StepGram) -> Result<Self, Missing> {
        let n = gram.n_steps() + 1;
        let centred = centred_positions(&gram.dense(0..gram.n_steps()), gram.n_steps());
        let total: f64 = (0..n).map(|t| centred[t * n + t]).sum();
        if !total.is_finite() {
            return Err(Missing::NotFinite);
        }
        if total <= 0.0 {
            return Err(Missing::DidNotMove);
        }
        let matrix = DMatrix::from_row_slice(n, n, &centred);
        let eigen = SymmetricEigen::try_new(matrix, f64::EPSILON, MAX_SWEEPS * n).ok_or(Missing::NotFinite)?;
        Ok(Self::of_eigen(&eigen, n))
    }

    fn of_eigen(eigen: &SymmetricEigen<f64, nalgebra::Dyn>, n: usize) -> Self {
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        // T points about their mean span T − 1 dimensions: the last eigenvalue is 0 by construction.
        order.truncate(n - 1);
        let values: Vec<f64> = order.iter().map(|&k| eigen.eigenvalues[k].max(0.0)).collect();
        let total: f64 = values.iter().sum();
        let kept = Self::COMPONENTS.min(n - 1);
        let components: Vec<Vec<f64>> = (0..kept)
            .map(|k| signed_scores(eigen.eigenvectors.column(order[k]).iter().copied(), values[k].sqrt()))
            .collect();
        Self {
            explained: values[..kept].iter().map(|value| value / total).collect(),
            participation: total * total / values.iter().map(|value| value * value).sum::<f64>(),
            components_90: components_for(&values, 0.9 * total),
            components_99: components_for(&values, 0.99 * total),
            scores: (0..n).map(|t| components.iter().map(|component| component[t]).collect()).collect(),
        }
    }
}

/// The doubly centred Gram matrix of the n + 1 positions reached by n steps with the dense Gram matrix `steps`.
pub(crate) fn centred_positions(steps: &[f64], n: usize) -> Vec<f64> {
    let mut centred = vec![0.0; (n + 1) * (n + 1)];
    fill_centred_positions(steps, n, &mut centred, &mut vec![0.0; n + 1]);
    centred
}

/// Subtracts the means of rows and columns of a symmetric n × n matrix and adds the mean of all.
pub(crate) fn centre(matrix: &mut [f64], n: usize, means: &mut [f64]) {
    for (mean, row) in means.iter_mut().zip(matrix.chunks_exact(n)) {
        *mean = row.iter().sum::<f64>() / n as f64;
    }
    let grand = means[..n].iter().sum::<f64>() / n as f64;
    for (row, &row_mean) in matrix.chunks_exact_mut(n).zip(means.iter()) {
        for (entry, &column_mean) in row.iter_mut().zip(means.iter()) {
            *entry = *entry - row_mean - column_mean + grand;
        }
    }
}

/// As [`centred_positions`], into `centred`, with room for n + 1 means.
pub(crate) fn fill_centred_positions(steps: &[f64], n: usize, centred: &mut [f64], means: &mut [f64]) {
    let width = n + 1;
    centred[..width].fill(0.0);
    for i in 0..n {
        let (above, below) = centred[i * width..(i + 2) * width].split_at_mut(width);
        let mut along = 0.0;
        below[0] = 0.0;
        for j in 0..n {
            along += steps[i * n + j];
            below[j + 1] = above[j + 1] + along;
        }
    }
    centre(&mut centred[..width * width], width, means);
}

fn signed_scores(vector: impl Iterator<Item = f64>, scale: f64) -> Vec<f64> {
    let mut scores: Vec<f64> = vector.map(|entry| entry * scale).collect();
    let largest = scores.iter().fold(0.0, |largest, score| f64::max(largest, score.abs()));
    let decides = scores.iter().find(|score| score.abs() >= largest * (1.0 - SIGN_TIE));
    if decides.is_some_and(|score| *score < 0.0) {
        scores.iter_mut().for_each(|score| *score = -*score);
    }
    scores
}

fn components_for(values: &[f64], wanted: f64) -> u32 {
    let mut sum = 0.0;
    let short = values.iter().take_while(|value| {
        sum += **value;
        sum < wanted * (1.0 - SHARE_SLACK)
    });
    short.count() as u32 + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    /// The step Gram matrix of independent steps with those norms.
    fn independent(norms: &[f64]) -> StepGram {
        let n = norms.len();
        let packed = (0..n).flat_map(|i| (i..n).map(move |j| if i == j { norms[i] * norms[i] } else { 0.0 }));
        StepGram::from_packed(packed.collect()).expect("a triangular number of entries")
    }

    #[test]
    fn a_walk_of_equal_steps_has_the_spectrum_of_the_cosine_transform() {
        for n_snapshots in [3_usize, 11, 41, 200] {
            let t = n_snapshots as f64;
            let pca = Pca::of(&independent(&vec![0.7; n_snapshots - 1])).unwrap();
            for (k, explained) in (1..).zip(&pca.explained) {
                let sine = libm::sin(PI * f64::from(k) / (2.0 * t));
                let expected = 3.0 / (2.0 * (t * t - 1.0) * sine * sine);
                assert!((explained - expected).abs() < 1e-12, "T {t} k {k}: {explained} {expected}");
            }
            let participation = 2.5 * (t * t - 1.0) / (t * t + 3.5);
            assert!((pca.participation - participation).abs() < 1e-10, "{} {participation}", pca.participation);
        }
    }

    #[test]
    fn a_walks_scores_are_cosines() {
        let pca = Pca::of(&independent(&[1.0; 40])).unwrap();
        for k in 0..3 {
            // The second and third are largest inside, where they are negative first.
            let sign = if k == 0 { 1.0 } else { -1.0 };
            let mode = |t: usize| sign * libm::cos(PI * (k + 1) as f64 * (t as f64 + 0.5) / 41.0);
            let norm = (0..41).map(|t| pca.scores[t][k] * pca.scores[t][k]).sum::<f64>().sqrt();
            for t in 0..41 {
                let expected = mode(t) * (2.0_f64 / 41.0).sqrt();
                assert!((pca.scores[t][k] / norm - expected).abs() < 1e-12, "{k} {t}");
            }
        }
    }

    #[test]
    fn a_line_has_one_component() {
        let n = 12;
        let pca = Pca::of(&StepGram::from_packed(vec![4.0; n * (n + 1) / 2]).unwrap()).unwrap();
        assert!((pca.explained[0] - 1.0).abs() < 1e-12 && (pca.participation - 1.0).abs() < 1e-12);
        assert_eq!((pca.components_90, pca.components_99), (1, 1));
        // Equally spaced along the line, with the earliest of the two extreme scores positive.
        for (t, scores) in pca.scores.iter().enumerate() {
            assert!((scores[0] - 2.0 * (6.0 - t as f64)).abs() < 1e-9, "{t} {}", scores[0]);
        }
    }

    #[test]
    fn total_variance_of_a_walk_and_a_line() {
        let n_snapshots = 30.0;
        let trace = |gram: &StepGram| {
            let centred = centred_positions(&gram.dense(0..29), 29);
            (0..30).map(|t| centred[t * 30 + t]).sum::<f64>()
        };
        let walk = trace(&independent(&[1.0; 29]));
        assert!((walk - (n_snapshots * n_snapshots - 1.0) / 6.0).abs() < 1e-9);
        let line = trace(&StepGram::from_packed(vec![1.0; 29 * 15]).unwrap());
        assert!((line - n_snapshots * (n_snapshots * n_snapshots - 1.0) / 12.0).abs() < 1e-9);
    }

    #[test]
    fn a_frozen_path_has_no_components() {
        let frozen = StepGram::from_packed(vec![0.0; 10]).unwrap();
        assert_eq!(Pca::of(&frozen), Err(Missing::DidNotMove));
        let overflown = StepGram::from_packed(vec![f64::INFINITY; 10]).unwrap();
        assert_eq!(Pca::of(&overflown), Err(Missing::NotFinite));
    }
}
