//! The shape of a path: distances, angles and lengths.

use crate::lanes;
use crate::{Missing, StepGram, Trajectory, Window};

/// A trajectory ready to be asked for its distances: from its step Gram matrix where it has one, else from the weights.
#[derive(Debug)]
pub struct Path<'a> {
    trajectory: &'a Trajectory,
    gram: Option<StepGram>,
}

impl<'a> Path<'a> {
    /// Forms the step Gram matrix (see [`Trajectory::step_gram`] for its cost).
    ///
    /// # Panics
    /// If there is no snapshot.
    #[must_use]
    pub fn new(trajectory: &'a Trajectory) -> Self {
        assert!(!trajectory.is_empty(), "a path has a start");
        Self { trajectory, gram: trajectory.step_gram() }
    }

    /// The snapshots.
    #[must_use]
    pub fn trajectory(&self) -> &'a Trajectory {
        self.trajectory
    }

    /// The step Gram matrix.
    ///
    /// # Errors
    /// [`Missing::OneSnapshot`] or [`Missing::TooManySnapshots`].
    pub fn step_gram(&self) -> Result<&StepGram, Missing> {
        let why = if self.n() < 2 { Missing::OneSnapshot } else { Missing::TooManySnapshots };
        self.gram.as_ref().ok_or(why)
    }

    /// ‖θₜ − θₐ‖² of every snapshot t.
    #[must_use]
    pub fn squares_from(&self, a: usize) -> Vec<f64> {
        match &self.gram {
            Some(gram) => gram.squares_from(a),
            None => (0..self.n()).map(|t| lanes::distance_square(self.at(t), self.at(a))).collect(),
        }
    }

    /// (θₜ − θ₀) · (θ_T − θ₀) of every snapshot t.
    fn along_displacement(&self) -> Vec<f64> {
        let (start, end) = (self.at(0), self.at(self.n() - 1));
        match &self.gram {
            Some(gram) => gram.along_displacement(),
            None => (0..self.n()).map(|t| lanes::dot_of_differences([start, self.at(t)], [start, end])).collect(),
        }
    }

    /// Inner product of steps i and j.
    fn step_product(&self, i: usize, j: usize) -> f64 {
        match &self.gram {
            Some(gram) => gram.at(i, j),
            None => lanes::dot_of_differences([self.at(i), self.at(i + 1)], [self.at(j), self.at(j + 1)]),
        }
    }

    fn at(&self, snapshot: usize) -> &'a [f32] {
        self.trajectory.weights(snapshot)
    }

    fn n(&self) -> usize {
        self.trajectory.n_snapshots()
    }
}

/// What the path looks like from each snapshot; every list has one entry a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct Geometry {
    /// ‖θₜ‖.
    pub weight_norm: Vec<f64>,
    /// ‖θₜ − θ₀‖.
    pub from_start: Vec<f64>,
    /// ‖θₜ − θₜ₋₁‖; 0 at the start.
    pub from_previous: Vec<f64>,
    /// ‖θ_T − θₜ‖.
    pub to_end: Vec<f64>,
    /// Cosine between θₜ − θₜ₋₁ and θₜ₋₁ − θₜ₋₂; none before the third snapshot and where either is 0.
    pub turning_cosine: Vec<Option<f64>>,
    /// Cosine between θₜ − θ₀ and θ_T − θ₀; none where either is 0.
    pub cosine_to_end: Vec<Option<f64>>,
}

impl Geometry {
    /// Cost: O(T²) with the matrix, O(T) passes over the weights without.
    #[must_use]
    pub fn of(path: &Path<'_>) -> Self {
        let n = path.n();
        let from_start = roots(path.squares_from(0));
        let from_previous: Vec<f64> = (0..n).map(|t| if t == 0 { 0.0 } else { step_norm(path, t - 1) }).collect();
        let turning_cosine = (0..n)
            .map(|t| {
                let (now, before) = (t.checked_sub(1)?, t.checked_sub(2)?);
                cosine(path.step_product(before, now), from_previous[t], from_previous[t - 1])
            })
            .collect();
        let displacement = from_start[n - 1];
        let cosine_to_end = path
            .along_displacement()
            .into_iter()
            .zip(&from_start)
            .map(|(product, &distance)| cosine(product, distance, displacement))
            .collect();
        Self {
            weight_norm: (0..n).map(|t| lanes::norm_square(path.at(t)).sqrt()).collect(),
            to_end: roots(path.squares_from(n - 1)),
            from_start,
            from_previous,
            turning_cosine,
            cosine_to_end,
        }
    }

    /// The distances between consecutive snapshots, T − 1 of them.
    #[must_use]
    pub fn step_norms(&self) -> &[f64] {
        &self.from_previous[1..]
    }
}

/// A path in a few numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// ‖θ_T − θ₀‖.
    pub displacement: f64,
    /// Sum of the lengths of all optimiser steps.
    pub path_length: f64,
    /// Sum of the distances between consecutive snapshots.
    pub path_length_snapshots: f64,
    /// path_length / displacement, at least 1; none where the end is the start.
    pub tortuosity: Option<f64>,
    /// Persistence pooled over the first third of the steps between snapshots.
    pub persistence_early: Option<f64>,
    /// Persistence pooled over the last third.
    pub persistence_late: Option<f64>,
    /// Mean of the turning cosines that there are.
    pub turning_cosine_mean: Option<f64>,
}

impl Summary {
    /// Sums up a path, given Σ‖Δθ‖ and Σ‖Δθ‖² over the optimiser steps between consecutive snapshots.
    ///
    /// # Panics
    /// If there is not one sum a pair of consecutive snapshots.
    #[must_use]
    pub fn of(geometry: &Geometry, update_length: &[f64], update_square: &[f64]) -> Self {
        let norms = geometry.step_norms();
        assert!(norms.len() == update_length.len() && norms.len() == update_square.len(), "one sum a step");
        let path_length = update_length.iter().sum();
        let displacement = geometry.to_end[0];
        let pooled = |window: Window| {
            let steps = window.steps(norms.len());
            let moved = norms[steps.clone()].iter().map(|norm| norm * norm).sum();
            persistence(moved, update_square[steps].iter().sum())
        };
        let cosines: Vec<f64> = geometry.turning_cosine.iter().copied().flatten().collect();
        Self {
            displacement,
            path_length,
            path_length_snapshots: norms.iter().sum(),
            tortuosity: (displacement > 0.0).then(|| path_length / displacement),
            persistence_early: pooled(Window::Early),
            persistence_late: pooled(Window::Late),
            turning_cosine_mean: (!cosines.is_empty()).then(|| cosines.iter().sum::<f64>() / cosines.len() as f64),
        }
    }
}

/// Squared displacement over the sum of squared steps: 1 for a walk, the number of steps for a line, less if confined.
///
/// None where there was no movement at all.
#[must_use]
pub fn persistence(displacement_square: f64, sum_of_squares: f64) -> Option<f64> {
    (sum_of_squares > 0.0).then(|| displacement_square / sum_of_squares)
}

fn step_norm(path: &Path<'_>, i: usize) -> f64 {
    path.step_product(i, i).sqrt()
}

fn roots(squares: Vec<f64>) -> Vec<f64> {
    squares.into_iter().map(f64::sqrt).collect()
}

fn cosine(product: f64, a: f64, b: f64) -> Option<f64> {
    (a > 0.0 && b > 0.0).then(|| (product / a / b).clamp(-1.0, 1.0))
}
