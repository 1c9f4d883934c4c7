//! How many directions a path takes: the shape of its scores, the components of its steps, and those of its windows.
//!
//! Every number follows from the step Gram matrix S. A window's leading components are combinations of its own steps,
//! u = Σ bᵢ Δᵢ, so that the inner products between two windows' components are B S B', and no vector of the size of the
//! weights is formed.

use std::ops::Range;

use nalgebra::{DMatrix, SymmetricEigen};
use traipse_sweep::spec;

use crate::nulls::copy_block;
use crate::pca::{Pca, centre, fill_centred_positions};
use crate::spectrum::{self, Pairs};
use crate::{Lanczos, Missing, StepGram};

/// Components whose scores are compared with cosines.
const LISSAJOUS_COMPONENTS: usize = 3;

/// Variance below this share of the whole is rounding.
const ROUNDING: f64 = 1e-12;

/// The dimension of a path in numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Dimension {
    /// Mean over k = 1, 2, 3 of |correlation of the scores of component k with cos(πk(t + ½)/T)|, over those of the
    /// three that have any variance. 1 for a random walk in many dimensions.
    pub lissajous_correlation: Result<f64, Missing>,
    /// Shares of variance of the components of the T − 1 steps about their mean, largest first, at most
    /// [`Pca::COMPONENTS`](crate::pca::Pca::COMPONENTS). 1 / (T − 2) each for orthogonal steps of equal length.
    pub increments_explained: Result<Vec<f64>, Missing>,
    /// (Σλ)² / Σλ² of the steps.
    pub increments_participation: Result<f64, Missing>,
    /// Share of the first component in each window.
    pub window_explained: Result<Vec<f64>, Missing>,
    /// Largest principal angle, in radians, between the leading subspaces of each window and the next.
    pub window_angles: Result<Vec<f64>, Missing>,
}

/// Measures the dimension of a path with the step Gram matrix `gram`.
///
/// Of n steps, window w of W holds those from ⌊w n / W⌋ to ⌊(w + 1) n / W⌋, with the snapshots at both its ends: three
/// windows are the thirds of [`Window`](crate::Window). A window's subspace is spanned by its leading `components`, less
/// those whose variance is rounding; between subspaces of p and q dimensions there are min(p, q) principal angles
/// (Björck and Golub 1973), here arc cosines of singular values: those below 1e-7 are rounding.
///
/// Cost: O(T³).
#[must_use]
pub fn measure(gram: &StepGram, settings: &spec::Dimension) -> Dimension {
    let n = gram.n_steps();
    let found = Measure::new(settings, Solver::Full).measure(&gram.dense(0..n), n, Pca::COMPONENTS);
    Dimension {
        lissajous_correlation: found.lissajous,
        increments_explained: found.increments.clone().map(|shares| shares.explained),
        increments_participation: found.increments.map(|shares| shares.participation),
        window_explained: found.window_explained.into_iter().collect(),
        window_angles: found.window_angles.into_iter().collect(),
    }
}

/// What is measured of one step Gram matrix, the path's or a surrogate's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    /// Shares of the second and the third component of the positions.
    pub(crate) explained: [Result<f64, Missing>; 2],
    pub(crate) lissajous: Result<f64, Missing>,
    pub(crate) increments: Result<Shares, Missing>,
    /// One a window.
    pub(crate) window_explained: Vec<Result<f64, Missing>>,
    /// One a pair of consecutive windows.
    pub(crate) window_angles: Vec<Result<f64, Missing>>,
}

/// How variance is shared out among components.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shares {
    pub(crate) explained: Vec<f64>,
    pub(crate) participation: f64,
}

/// How eigenpairs are found.
#[derive(Debug)]
pub(crate) enum Solver {
    /// By the full decomposition: also where eigenvalues are equal.
    Full,
    /// By iteration, in a fraction of the time.
    Iterated(Lanczos),
}

impl Solver {
    pub(crate) fn iterated() -> Self {
        Self::Iterated(Lanczos::default())
    }
}

/// Measures step Gram matrices, with room kept from one to the next.
#[derive(Debug)]
pub(crate) struct Measure {
    n_windows: usize,
    components: usize,
    solver: Solver,
    centred: Vec<f64>,
    means: Vec<f64>,
}

/// The leading directions of a window, as combinations of its steps.
#[derive(Debug)]
struct Subspace {
    steps: Range<usize>,
    explained: f64,
    /// A row a direction, a column a step.
    directions: Vec<Vec<f64>>,
}

impl Measure {
    pub(crate) fn new(settings: &spec::Dimension, solver: Solver) -> Self {
        Self {
            n_windows: settings.windows as usize,
            components: settings.components as usize,
            solver,
            centred: Vec::new(),
            means: Vec::new(),
        }
    }

    /// Measures n steps with that dense Gram matrix; of the steps' components the first `n_shares`.
    pub(crate) fn measure(&mut self, steps: &[f64], n: usize, n_shares: usize) -> Found {
        let enough = if n < 2 { Err(Missing::ShortWindow) } else { Ok(()) };
        let positions = enough.and_then(|()| self.positions(steps, n, LISSAJOUS_COMPONENTS));
        let share = |k: usize| match &positions {
            Ok((pairs, total)) => Ok(pairs.values.get(k).map_or(0.0, |value| value / total)),
            Err(missing) => Err(*missing),
        };
        let explained = [share(1), share(2)];
        let lissajous = positions.and_then(|(pairs, total)| lissajous(&pairs, total));
        let increments = enough.and_then(|()| self.increments(steps, n, n_shares));
        let subspaces: Vec<Result<Subspace, Missing>> = (0..self.n_windows)
            .map(|w| enough.and_then(|()| self.subspace(steps, n, window(w, self.n_windows, n))))
            .collect();
        let angle = |pair: &[Result<Subspace, Missing>]| match (&pair[0], &pair[1]) {
            (Ok(before), Ok(after)) => Ok(largest_angle(steps, n, before, after)),
            (Err(missing), _) | (_, Err(missing)) => Err(*missing),
        };
        Found {
            explained,
            lissajous,
            increments,
            window_angles: subspaces.windows(2).map(angle).collect(),
            window_explained: subspaces.into_iter().map(|subspace| subspace.map(|found| found.explained)).collect(),
        }
    }

    /// The leading components of n + 1 positions about their mean, and their total variance.
    fn positions(&mut self, steps: &[f64], n: usize, wanted: usize) -> Result<(Pairs, f64), Missing> {
        let width = n + 1;
        self.centred.resize(width * width, 0.0);
        self.means.resize(width, 0.0);
        fill_centred_positions(steps, n, &mut self.centred, &mut self.means);
        let total = trace(&self.centred, width);
        if !total.is_finite() {
            return Err(Missing::NotFinite);
        }
        if total <= 0.0 { Err(Missing::DidNotMove) } else { Ok((self.pairs(width, wanted), total)) }
    }

    fn increments(&mut self, steps: &[f64], n: usize, n_shares: usize) -> Result<Shares, Missing> {
        let uncentred = trace(steps, n);
        self.centred.clear();
        self.centred.extend_from_slice(steps);
        self.means.resize(n.max(self.means.len()), 0.0);
        centre(&mut self.centred, n, &mut self.means[..n]);
        let total = trace(&self.centred, n);
        let squares = spectrum::dot(&self.centred, &self.centred);
        if !squares.is_finite() {
            return Err(Missing::NotFinite);
        }
        if uncentred <= 0.0 {
            return Err(Missing::DidNotMove);
        }
        if total <= ROUNDING * uncentred {
            return Err(Missing::EqualSteps);
        }
        // n steps about their mean span n − 1 dimensions.
        let pairs = self.pairs(n, n_shares.min(n - 1));
        Ok(Shares {
            explained: pairs.values.iter().map(|value| value / total).collect(),
            participation: total * total / squares,
        })
    }

    /// The leading subspace of the snapshots around some of the n steps.
    fn subspace(&mut self, steps: &[f64], n: usize, of: Range<usize>) -> Result<Subspace, Missing> {
        let mut block = Vec::new();
        copy_block(steps, n, of.clone(), &mut block);
        let is_still = |missing| if missing == Missing::DidNotMove { Missing::StillWindow } else { missing };
        let (pairs, total) = self.positions(&block, of.len(), self.components).map_err(is_still)?;
        let has_variance = |value: &&f64| **value > ROUNDING * total;
        let rank = pairs.values.iter().take_while(has_variance).count();
        let directions = pairs.vectors[..rank].iter().zip(&pairs.values);
        Ok(Subspace {
            explained: f64::min(pairs.values[0] / total, 1.0),
            directions: directions.map(|(vector, value)| along_steps(vector, value.sqrt())).collect(),
            steps: of,
        })
    }

    /// The leading eigenpairs of the n × n matrix in `centred`.
    fn pairs(&mut self, n: usize, wanted: usize) -> Pairs {
        let matrix = &self.centred[..n * n];
        match &mut self.solver {
            Solver::Iterated(lanczos) => {
                lanczos.leading(n, wanted, n, |vector, product| spectrum::multiply(matrix, vector, product))
            }
            Solver::Full => all_pairs(matrix, n, wanted),
        }
    }
}

fn all_pairs(matrix: &[f64], n: usize, wanted: usize) -> Pairs {
    let eigen = SymmetricEigen::new(DMatrix::from_row_slice(n, n, matrix));
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    order.truncate(wanted);
    Pairs {
        values: order.iter().map(|&k| eigen.eigenvalues[k].max(0.0)).collect(),
        vectors: order.iter().map(|&k| eigen.eigenvectors.column(k).iter().copied().collect()).collect(),
        residual: 0.0,
    }
}

/// The steps of window `w` of `n_windows` among n.
fn window(w: usize, n_windows: usize, n: usize) -> Range<usize> {
    w * n / n_windows..(w + 1) * n / n_windows
}

fn lissajous(pairs: &Pairs, total: f64) -> Result<f64, Missing> {
    let has_variance = |value: &&f64| **value > ROUNDING * total;
    let rank = pairs.values.iter().take_while(has_variance).count();
    let correlations = pairs.vectors[..rank].iter().zip(1..).map(|(vector, k)| {
        let n = vector.len() as f64;
        let cosine = |t: usize| libm::cos(std::f64::consts::PI * f64::from(k) * (t as f64 + 0.5) / n);
        correlation(vector, &(0..vector.len()).map(cosine).collect::<Vec<_>>()).abs()
    });
    Ok(correlations.sum::<f64>() / rank as f64)
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let sum = |of: &dyn Fn(f64, f64) -> f64| a.iter().zip(b).map(|(a, b)| of(a - mean_a, b - mean_b)).sum::<f64>();
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
}

/// The unit vector X' a / √λ as a combination of steps: x_t is a sum of the steps before t, so that step i has the sum
/// of a over the snapshots after it. The mean drops out, since the entries of a sum to 0.
fn along_steps(vector: &[f64], deviation: f64) -> Vec<f64> {
    let mut sum = 0.0;
    let mut along: Vec<f64> = vector[1..]
        .iter()
        .rev()
        .map(|entry| {
            sum += entry;
            sum / deviation
        })
        .collect();
    along.reverse();
    along
}

/// Of the min(p, q) principal angles between two subspaces the largest.
fn largest_angle(steps: &[f64], n: usize, before: &Subspace, after: &Subspace) -> f64 {
    let product = |b: &[f64], a: &[f64]| -> f64 {
        let rows = before.steps.clone().zip(b);
        rows.map(|(i, b)| b * spectrum::dot(a, &steps[i * n + after.steps.start..i * n + after.steps.end])).sum()
    };
    let cosines = DMatrix::from_fn(before.directions.len(), after.directions.len(), |i, j| {
        product(&before.directions[i], &after.directions[j])
    });
    let smallest = cosines.singular_values().iter().copied().fold(1.0, f64::min);
    libm::acos(smallest)
}

fn trace(matrix: &[f64], n: usize) -> f64 {
    matrix[..n * n].iter().step_by(n + 1).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SETTINGS: spec::Dimension = spec::Dimension { windows: 3, components: 2 };

    fn close(a: &Result<f64, Missing>, b: &Result<f64, Missing>) -> bool {
        match (a, b) {
            (Ok(a), Ok(b)) => (a - b).abs() < 1e-7,
            (a, b) => a == b,
        }
    }

    proptest! {
        #[test]
        fn iterating_finds_what_the_full_decomposition_does(
            (n, entries) in (3_usize..24).prop_flat_map(|n| (Just(n), prop::collection::vec(-1.0..1.0, n * 30))),
        ) {
            let row = |i: usize| &entries[i * 30..(i + 1) * 30];
            let steps: Vec<f64> =
                (0..n).flat_map(|i| (0..n).map(move |j| (i, j))).map(|(i, j)| spectrum::dot(row(i), row(j))).collect();
            let full = Measure::new(&SETTINGS, Solver::Full).measure(&steps, n, 1);
            let iterated = Measure::new(&SETTINGS, Solver::iterated()).measure(&steps, n, 1);
            let pairs = full.window_explained.iter().zip(&iterated.window_explained);
            prop_assert!(pairs.chain(full.window_angles.iter().zip(&iterated.window_angles)).all(|(a, b)| close(a, b)));
            prop_assert!(close(&full.lissajous, &iterated.lissajous), "{full:?} {iterated:?}");
            let (full, iterated) = (full.increments.unwrap(), iterated.increments.unwrap());
            prop_assert!((full.explained[0] - iterated.explained[0]).abs() < 1e-9);
            prop_assert!(full.participation == iterated.participation);
        }
    }
}
