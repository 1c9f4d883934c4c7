//! The shape of a path: distances, angles and lengths.

use std::io;

use crate::chords::{self, Chords};
use crate::{Missing, StepGram, Trajectory, Window};

/// A trajectory ready to be asked for its distances: from its step Gram matrix where it has one, else from what one
/// reading of the weights gave.
#[derive(Debug)]
pub struct Path<'a> {
    trajectory: &'a Trajectory,
    known: Known,
}

#[derive(Debug)]
enum Known {
    Gram(StepGram),
    Chords(Chords),
}

impl<'a> Path<'a> {
    /// Forms the step Gram matrix (see [`Trajectory::step_gram`] for its cost), or reads every snapshot once.
    ///
    /// # Errors
    /// If the snapshots cannot be read.
    ///
    /// # Panics
    /// If there is no snapshot.
    pub fn new(trajectory: &'a Trajectory) -> io::Result<Self> {
        assert!(!trajectory.is_empty(), "a path has a start");
        let known = match trajectory.step_gram()? {
            Some(gram) => Known::Gram(gram),
            None => Known::Chords(Chords::of(trajectory)?),
        };
        Ok(Self { trajectory, known })
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
        match &self.known {
            Known::Gram(gram) => Ok(gram),
            Known::Chords(_) if self.n() < 2 => Err(Missing::OneSnapshot),
            Known::Chords(_) => Err(Missing::TooManySnapshots),
        }
    }

    /// ‖θₜ − θₐ‖² of every snapshot t. Cost: without the matrix, another reading of the weights where `a` is neither
    /// the start nor the end.
    ///
    /// # Errors
    /// If the snapshots cannot be read.
    ///
    /// # Panics
    /// If there is no such snapshot.
    pub fn squares_from(&self, a: usize) -> io::Result<Vec<f64>> {
        match &self.known {
            Known::Gram(gram) => Ok(gram.squares_from(a)),
            Known::Chords(chords) if a == 0 => Ok(chords.from_start.clone()),
            Known::Chords(chords) if a == self.n() - 1 => Ok(chords.to_end.clone()),
            Known::Chords(_) => chords::squares_from(self.trajectory, a),
        }
    }

    fn squares_to_end(&self) -> Vec<f64> {
        match &self.known {
            Known::Gram(gram) => gram.squares_from(self.n() - 1),
            Known::Chords(chords) => chords.to_end.clone(),
        }
    }

    fn squares_from_start(&self) -> Vec<f64> {
        match &self.known {
            Known::Gram(gram) => gram.squares_from(0),
            Known::Chords(chords) => chords.from_start.clone(),
        }
    }

    /// (θₜ − θ₀) · (θ_T − θ₀) of every snapshot t.
    fn along_displacement(&self) -> Vec<f64> {
        match &self.known {
            Known::Gram(gram) => gram.along_displacement(),
            Known::Chords(chords) => chords.along_displacement.clone(),
        }
    }

    /// ‖θₜ − θₜ₋₁‖² of snapshot t, which is not the start.
    fn step_square(&self, t: usize) -> f64 {
        match &self.known {
            Known::Gram(gram) => gram.at(t - 1, t - 1),
            Known::Chords(chords) => chords.step_squares[t],
        }
    }

    /// (θₜ₋₁ − θₜ₋₂) · (θₜ − θₜ₋₁) of snapshot t, which is at least the third.
    fn turning_product(&self, t: usize) -> f64 {
        match &self.known {
            Known::Gram(gram) => gram.at(t - 2, t - 1),
            Known::Chords(chords) => chords.turning_products[t],
        }
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
    /// Cost: O(T²) with the matrix, O(T) without.
    #[must_use]
    pub fn of(path: &Path<'_>) -> Self {
        let n = path.n();
        let from_start = roots(path.squares_from_start());
        let step_norm = |t: usize| if t == 0 { 0.0 } else { path.step_square(t).sqrt() };
        let from_previous: Vec<f64> = (0..n).map(step_norm).collect();
        let turning = |t: usize| cosine(path.turning_product(t), from_previous[t], from_previous[t - 1]);
        let turning_cosine = (0..n).map(|t| if t < 2 { None } else { turning(t) }).collect();
        let displacement = from_start[n - 1];
        let cosine_to_end = path
            .along_displacement()
            .into_iter()
            .zip(&from_start)
            .map(|(product, &distance)| cosine(product, distance, displacement))
            .collect();
        Self {
            weight_norm: roots(path.trajectory().norm_squares().to_vec()),
            to_end: roots(path.squares_to_end()),
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

fn roots(squares: Vec<f64>) -> Vec<f64> {
    squares.into_iter().map(f64::sqrt).collect()
}

fn cosine(product: f64, a: f64, b: f64) -> Option<f64> {
    (a > 0.0 && b > 0.0).then(|| (product / a / b).clamp(-1.0, 1.0))
}
