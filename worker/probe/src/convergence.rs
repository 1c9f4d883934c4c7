//! When the loss had converged, and what the weights did after that.
//!
//! The question of *Stuck in a What?* (Lipton 2016) in numbers. Travel after convergence says nothing by itself: a
//! path of the same step norms that goes straight, or nowhere in particular, also travels; both stand beside it.

use std::io;

use crate::path::Geometry;
use crate::{Missing, Path};

/// Thresholds of convergence, as shares of the fall of the objective.
pub const THRESHOLDS: [f64; 3] = [0.05, 0.01, 0.001];

/// How much longer than t* a training must be for its t* to count.
const LENGTH_OVER_CONVERGENCE: u64 = 4;

/// The slope is fitted over this last factor of time since t*.
const SLOPE_FACTOR: u64 = 4;

/// Snapshots that a slope needs.
const SLOPE_POINTS: usize = 3;

/// What a run recorded beside its weights; lists have one entry a snapshot.
#[derive(Clone, Copy, Debug)]
pub struct Series<'a> {
    /// The objective on the probe set.
    pub objective: &'a [f64],
    /// Sum of the learning rates so far.
    pub rate_time: &'a [f64],
    /// Σ‖Δθ‖ since the previous snapshot; one entry fewer.
    pub update_length: &'a [f64],
}

/// What happened at and after t*, for one threshold. Lengths are L2 in weight space.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Convergence {
    /// q.
    pub threshold: f64,
    /// The snapshot t*, where there is one.
    pub snapshot: Option<usize>,
    /// Why what follows has no value.
    pub missing: Option<Missing>,
    /// ‖θ_T − θ_t*‖.
    pub travel: Option<f64>,
    /// travel / ‖θ_T − θ₀‖.
    pub travel_fraction: Option<f64>,
    /// The same for a straight line with the same step norms.
    pub travel_fraction_line: Option<f64>,
    /// The same for a random walk with the same step norms.
    pub travel_fraction_walk: Option<f64>,
    /// Share of the path's length after t*.
    pub path_fraction: Option<f64>,
    /// Share of travel² along θ_t*.
    pub radial_share: Option<f64>,
    /// travel over the sum of learning rates after t*.
    pub travel_per_rate_time: Option<f64>,
    /// Log-log slope of ‖θₜ − θ_t*‖² against t − t* over the last factor 4.
    pub slope: Option<f64>,
}

/// t*: the first snapshot from which J(t) − J_min ≤ q (J(0) − J_min), there and at every later one.
///
/// # Errors
/// [`Missing::NotFinite`], [`Missing::NeverFell`], or [`Missing::NotConverged`] where even the end is above.
pub fn converged_at(objective: &[f64], threshold: f64) -> Result<usize, Missing> {
    if objective.iter().any(|value| !value.is_finite()) {
        return Err(Missing::NotFinite);
    }
    let lowest = objective.iter().copied().fold(f64::INFINITY, f64::min);
    let fall = objective.first().map_or(0.0, |start| start - lowest);
    if fall <= 0.0 {
        return Err(Missing::NeverFell);
    }
    let first = objective.iter().rposition(|value| value - lowest > threshold * fall).map_or(0, |last| last + 1);
    if first < objective.len() { Ok(first) } else { Err(Missing::NotConverged) }
}

/// Measures one threshold. Where T < 4 t* only the snapshot is given, since the travel after it says nothing.
///
/// Cost: O(T²), and one pass over two snapshots for the radial share.
///
/// # Errors
/// If the snapshots cannot be read.
pub fn measure(path: &Path<'_>, geometry: &Geometry, series: &Series<'_>, threshold: f64) -> io::Result<Convergence> {
    let none = Convergence { threshold, ..Convergence::default() };
    let snapshot = match converged_at(series.objective, threshold) {
        Ok(snapshot) => snapshot,
        Err(missing) => return Ok(Convergence { missing: Some(missing), ..none }),
    };
    let steps = path.trajectory().steps();
    let end = steps.len() - 1;
    if steps[end] < LENGTH_OVER_CONVERGENCE * steps[snapshot] {
        return Ok(Convergence { snapshot: Some(snapshot), missing: Some(Missing::NotConverged), ..none });
    }
    after(path, geometry, series, Convergence { snapshot: Some(snapshot), ..none }, snapshot)
}

fn after(
    path: &Path<'_>,
    geometry: &Geometry,
    series: &Series<'_>,
    known: Convergence,
    at: usize,
) -> io::Result<Convergence> {
    let norms = geometry.step_norms();
    let (travel, displacement) = (geometry.to_end[at], geometry.to_end[0]);
    let rate_time = series.rate_time[series.rate_time.len() - 1] - series.rate_time[at];
    let moved = norms.iter().any(|norm| *norm > 0.0);
    let slope = slope_since(path, at)?;
    let missing = if moved { slope.err() } else { Some(Missing::DidNotMove) };
    Ok(Convergence {
        missing,
        travel: Some(travel),
        travel_fraction: share(travel, displacement),
        travel_fraction_line: line_fraction(norms, at),
        travel_fraction_walk: walk_fraction(norms, at),
        path_fraction: line_fraction(series.update_length, at),
        radial_share: radial_share(path, at, travel)?,
        travel_per_rate_time: share(travel, rate_time),
        slope: slope.ok(),
        ..known
    })
}

/// Σ of the steps after snapshot `at` over Σ of all: a straight line's travel fraction. None where nothing moved.
#[must_use]
pub fn line_fraction(norms: &[f64], at: usize) -> Option<f64> {
    share(norms[at..].iter().sum(), norms.iter().sum())
}

/// √(Σ of squares after snapshot `at` / Σ of all squares): a random walk's travel fraction. None where nothing moved.
#[must_use]
pub fn walk_fraction(norms: &[f64], at: usize) -> Option<f64> {
    let squares = |norms: &[f64]| norms.iter().map(|norm| norm * norm).sum();
    share(squares(&norms[at..]), squares(norms)).map(f64::sqrt)
}

/// ((θ_T − θ_t*) · θ_t*)² / (‖θ_t*‖² ‖θ_T − θ_t*‖²).
fn radial_share(path: &Path<'_>, at: usize, travel: f64) -> io::Result<Option<f64>> {
    let trajectory = path.trajectory();
    let norm = trajectory.norm_squares()[at].sqrt();
    let is_defined = norm > 0.0 && travel > 0.0;
    if !is_defined {
        return Ok(None);
    }
    let outward = trajectory.sum_over([at, trajectory.n_snapshots() - 1], |[from, end]| from * (end - from))?;
    Ok(Some((outward / norm / travel) * (outward / norm / travel)))
}

/// Least squares through log ‖θₜ − θₐ‖² against log (t − a), over t − a ≥ (T − a) / 4.
pub(crate) fn slope_since(path: &Path<'_>, at: usize) -> io::Result<Result<f64, Missing>> {
    let steps = path.trajectory().steps();
    let length = steps[steps.len() - 1] - steps[at];
    let points: Vec<(f64, f64)> = path
        .squares_from(at)?
        .into_iter()
        .zip(steps)
        .skip(at + 1)
        .map(|(square, step)| (step - steps[at], square))
        .filter(|(time, square)| time * SLOPE_FACTOR >= length && *square > 0.0)
        .map(|(time, square)| (libm::log(time as f64), libm::log(square)))
        .collect();
    Ok(if points.len() < SLOPE_POINTS { Err(Missing::FewPoints) } else { Ok(slope(&points)) })
}

/// Slope of least squares through points of different abscissas.
pub(crate) fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let mean_x = points.iter().map(|point| point.0).sum::<f64>() / n;
    let mean_y = points.iter().map(|point| point.1).sum::<f64>() / n;
    let spread: f64 = points.iter().map(|point| (point.0 - mean_x) * (point.0 - mean_x)).sum();
    let product: f64 = points.iter().map(|point| (point.0 - mean_x) * (point.1 - mean_y)).sum();
    product / spread
}

fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}
