//! Planes through weight space, and the loss on them.
//!
//! A picture of the loss on a plane shows what lies in it, and a path hardly ever does: so every point of a path comes
//! with its distance from the plane, and with the loss at its projection beside its own.

use std::io;

use traipse_nn::{Evaluator, Problem, Real, Rows};
use traipse_sweep::streams::Draws;

use crate::curvature::directions::principal;
use crate::pca::Pca;
use crate::{Missing, Trajectory, lanes};

/// A second axis counts where this share of it is left, once the first is taken out.
const LEAST_SHARE: f64 = 1e-6;

/// A second component counts where it has this share of the variance: less is rounding.
const LEAST_VARIANCE: f64 = 1e-12;

/// How far a picture goes beyond what it must show, as a share of its width.
const MARGIN: f64 = 0.2;

/// A plane with an origin and two orthonormal axes, in f64. Memory: three times θ in f64.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    origin: Vec<f64>,
    axes: [Vec<f64>; 2],
}

/// A point seen from a plane; all in w.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Projection {
    /// Coordinates of the nearest point of the plane.
    pub at: [f64; 2],
    /// Distance from it.
    pub off_plane: f64,
    /// Distance from the origin.
    pub from_origin: f64,
}

/// Working memory for losses on a plane.
#[derive(Clone, Debug)]
pub struct Place<T> {
    theta: Vec<T>,
    buffers: Vec<f64>,
}

impl Plane {
    /// Through `origin` along two directions, which are made orthonormal in their order.
    ///
    /// # Errors
    /// [`Missing::NoPlane`] where the two are parallel or one is zero.
    ///
    /// # Panics
    /// If lengths differ.
    pub fn new(origin: Vec<f64>, mut first: Vec<f64>, mut second: Vec<f64>) -> Result<Self, Missing> {
        let whole = lanes::norm_square(&second).sqrt();
        normalise(&mut first).ok_or(Missing::NoPlane)?;
        // Twice: what rounding left of the first axis goes the second time.
        for _ in 0..2 {
            take_out(&first, &mut second);
        }
        let left = normalise(&mut second).ok_or(Missing::NoPlane)?;
        if left < LEAST_SHARE * whole { Err(Missing::NoPlane) } else { Ok(Self { origin, axes: [first, second] }) }
    }

    /// Through the path's mean along its first two principal components. Cost: reads every snapshot twice.
    ///
    /// # Errors
    /// If the snapshots cannot be read; in the result [`Missing::NoPlane`] where there is no second component.
    pub fn of_components(trajectory: &Trajectory, pca: &Pca) -> io::Result<Result<Self, Missing>> {
        if pca.explained.get(1).is_none_or(|share| *share < LEAST_VARIANCE) {
            return Ok(Err(Missing::NoPlane));
        }
        let mut mean = vec![0.0; trajectory.form().n_parameters];
        for at in 0..trajectory.n_snapshots() {
            let theta = trajectory.snapshot(at)?.weights.widened();
            mean.iter_mut().zip(theta).for_each(|(sum, value)| *sum += value);
        }
        let n = trajectory.n_snapshots() as f64;
        mean.iter_mut().for_each(|sum| *sum /= n);
        let mut axes = principal(trajectory, &pca.scores, 2)?.into_iter();
        let (first, second) = (axes.next().unwrap_or_default(), axes.next().unwrap_or_default());
        Ok(Self::new(mean, first, second))
    }

    /// Through three points, the first of them its origin, the last on its first axis.
    ///
    /// # Errors
    /// [`Missing::NoPlane`] where they lie on a line.
    pub fn through([start, middle, end]: [&[f64]; 3]) -> Result<Self, Missing> {
        let from_start = |to: &[f64]| to.iter().zip(start).map(|(to, from)| to - from).collect();
        Self::new(start.to_vec(), from_start(end), from_start(middle))
    }

    /// Through θ along two random directions, filter-normalised (Li et al. 2018): each filter (row of a matrix) of a
    /// direction has the norm of that filter of θ, biases and norm layers stand still. The second direction is drawn
    /// orthogonal to the first filter by filter, so that both keep those norms. Returns the norm of such a direction
    /// too: the unit in which such pictures are usually drawn.
    ///
    /// # Errors
    /// [`Missing::NoPlane`] where all filters have one input, or are zero.
    pub fn random(problem: &Problem, theta: Vec<f64>, mut draws: [Draws; 2]) -> Result<(Self, f64), Missing> {
        let first = filter_direction(problem, &theta, &mut draws[0], None);
        let second = filter_direction(problem, &theta, &mut draws[1], Some(&first));
        let extent = lanes::norm_square(&first).sqrt();
        Ok((Self::new(theta, first, second)?, extent))
    }

    /// Seen from the plane.
    ///
    /// # Panics
    /// If `theta` has another length.
    #[must_use]
    pub fn project(&self, theta: &[f64]) -> Projection {
        let [x, y] = self.axes.each_ref().map(|axis| lanes::dot_with_difference(axis, [&self.origin, theta]));
        let rest = self.rest(theta, [x, y]);
        // Once more on what is left, which rounding may have left askew.
        let [dx, dy] = self.axes.each_ref().map(|axis| lanes::dot(&rest, axis));
        let at = [x + dx, y + dy];
        Projection {
            at,
            off_plane: lanes::norm_square(&self.rest(theta, at)).sqrt(),
            from_origin: lanes::distance_square(theta, &self.origin).sqrt(),
        }
    }

    /// The point at these coordinates.
    #[must_use]
    pub fn point(&self, at: [f64; 2]) -> Vec<f64> {
        (0..self.origin.len()).map(|index| self.entry(index, at)).collect()
    }

    /// θ − the point of the plane at these coordinates.
    fn rest(&self, theta: &[f64], at: [f64; 2]) -> Vec<f64> {
        theta.iter().enumerate().map(|(index, value)| value - self.entry(index, at)).collect()
    }

    /// One parameter of the point at these coordinates.
    fn entry(&self, index: usize, [x, y]: [f64; 2]) -> f64 {
        self.origin[index] + x * self.axes[0][index] + y * self.axes[1][index]
    }

    /// The mean loss over the rows at these coordinates, θ rounded once; with batch norm its running statistics are
    /// estimated there from the same rows. Cost: one forward pass, two with batch norm.
    pub fn loss<T: Real>(&self, evaluator: &mut Evaluator<T>, at: [f64; 2], rows: &[u32], place: &mut Place<T>) -> f64 {
        place.theta.iter_mut().enumerate().for_each(|(index, value)| *value = T::of(self.entry(index, at)));
        place.loss(evaluator, rows)
    }
}

impl<T: Real> Place<T> {
    /// For a problem.
    #[must_use]
    pub fn new(problem: &Problem) -> Self {
        Self { theta: vec![T::ZERO; problem.n_parameters()], buffers: vec![0.0; problem.n_buffers()] }
    }

    /// The mean loss at a θ as [`Plane::loss`] measures it.
    ///
    /// # Panics
    /// If it has another length.
    pub fn loss_at(&mut self, evaluator: &mut Evaluator<T>, theta: &[T], rows: &[u32]) -> f64 {
        self.theta.copy_from_slice(theta);
        self.loss(evaluator, rows)
    }

    fn loss(&mut self, evaluator: &mut Evaluator<T>, rows: &[u32]) -> f64 {
        evaluator.estimate_buffers(&self.theta, rows, &mut self.buffers);
        evaluator.loss(&self.theta, &self.buffers, Rows::Train(rows)).mean
    }
}

/// Evenly spaced coordinates that show all of `shown` with a margin of a fifth on both sides.
///
/// # Panics
/// If there are fewer than two points.
#[must_use]
pub fn frame(shown: impl Iterator<Item = f64>, n_points: u32) -> Vec<f64> {
    let (low, high) = shown.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    let margin = MARGIN * (high - low);
    evenly(low - margin, high + margin, n_points)
}

/// Evenly spaced coordinates, the two ends among them.
///
/// # Panics
/// If there are fewer than two points.
#[must_use]
pub fn evenly(low: f64, high: f64, n_points: u32) -> Vec<f64> {
    assert!(n_points >= 2, "a side has two ends");
    let last = f64::from(n_points - 1);
    (0..n_points).map(|i| low + (high - low) * (f64::from(i) / last)).collect()
}

/// Random normals over the matrices, each row scaled to the norm of θ's, and orthogonal to another's row where given.
fn filter_direction(problem: &Problem, theta: &[f64], draws: &mut Draws, other: Option<&[f64]>) -> Vec<f64> {
    let mut direction = vec![0.0; theta.len()];
    let matrices = problem.layers().iter().filter(|layer| layer.shape.len() > 1);
    for layer in matrices {
        let width = layer.weight.len() / layer.outputs;
        for start in layer.weight.clone().step_by(width) {
            let filter = start..start + width;
            let row = &mut direction[filter.clone()];
            row.fill_with(|| draws.normal());
            let whole = lanes::norm_square(row).sqrt();
            if let Some(other) = other {
                let square = lanes::norm_square(&other[filter.clone()]);
                let share = if square > 0.0 { lanes::dot(&other[filter.clone()], row) / square } else { 0.0 };
                row.iter_mut().zip(&other[filter.clone()]).for_each(|(entry, other)| *entry -= share * other);
            }
            let norm = lanes::norm_square(row).sqrt();
            let wanted = lanes::norm_square(&theta[filter]).sqrt();
            let scale = if norm > LEAST_SHARE * whole { wanted / norm } else { 0.0 };
            row.iter_mut().for_each(|entry| *entry *= scale);
        }
    }
    direction
}

fn take_out(unit: &[f64], rest: &mut [f64]) {
    let share = lanes::dot(unit, rest);
    rest.iter_mut().zip(unit).for_each(|(entry, unit)| *entry -= share * unit);
}

/// Makes it a unit vector. Its norm; none where it has no direction.
fn normalise(vector: &mut [f64]) -> Option<f64> {
    let norm = lanes::norm_square(vector).sqrt();
    let is_usable = norm > 0.0 && norm.is_finite();
    is_usable.then(|| {
        vector.iter_mut().for_each(|entry| *entry /= norm);
        norm
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_have_coordinates_and_a_distance() {
        let plane = Plane::through([&[1.0, 0.0, 0.0], &[2.0, 1.0, 0.0], &[4.0, 0.0, 0.0]]).unwrap();
        let found = plane.project(&[4.0, 4.0, -12.0]);
        assert_eq!((found.at, found.off_plane, found.from_origin), ([3.0, 4.0], 12.0, 13.0));
        assert_eq!(plane.project(&[1.0, 0.0, 0.0]).at, [0.0, 0.0]);
    }

    #[test]
    fn points_on_a_line_span_no_plane() {
        let line = |x: f64| [x, 2.0 * x, 1.0 / 3.0];
        assert_eq!(Plane::through([&line(0.1), &line(0.7), &line(5.0)]), Err(Missing::NoPlane));
        assert_eq!(Plane::through([&line(0.1), &line(0.7), &line(0.1)]), Err(Missing::NoPlane));
    }

    #[test]
    fn a_frame_shows_all_with_a_margin() {
        let found = frame([0.0, 10.0, 4.0].into_iter(), 8);
        assert_eq!(found, [-2.0, 0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0]);
    }
}
