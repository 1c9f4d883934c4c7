//! How fast a path spreads: the mean squared displacement against the lag.
//!
//! MSD(τ) = mean over t of ‖θ(t + τ) − θ(t)‖² grows as τ for a random walk, as τ² for a straight line, and stays where
//! noise balances a restoring force. Displacements are sums over blocks of the step Gram matrix, so that snapshots close
//! together do not cancel.
//!
//! The displacements of overlapping lags depend on each other: an interval for an exponent comes from runs with other
//! seeds, never from the residuals of its fit.

use std::io;

use crate::convergence::{slope, slope_since};
use crate::{Missing, Path, StepGram, Window};

/// Lags that an exponent needs.
const MIN_LAGS: usize = 3;

/// A mean squared displacement by lag.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The first snapshot of the window.
    pub start: usize,
    /// The last.
    pub end: usize,
    /// Lags in optimiser steps, ascending; empty where there is no curve.
    pub lags: Vec<u64>,
    /// MSD(τ) of each, in squared lengths.
    pub squares: Vec<f64>,
    /// Log-log slope by least squares.
    pub exponent: Result<f64, Missing>,
}

impl Curve {
    /// Of a window from one snapshot to another, for a reason.
    #[must_use]
    pub fn without_values(start: usize, end: usize, missing: Missing) -> Self {
        Self { start, end, lags: Vec::new(), squares: Vec::new(), exponent: Err(missing) }
    }
}

/// The curve of a window of the path whose snapshots were taken at `steps`, over all its origins, fitted at every lag
/// from one stride to `max_lag_percent` of the window.
///
/// Cost: O(n³) in the window's n steps.
///
/// # Panics
/// If there is not one more snapshot than steps.
#[must_use]
pub fn in_window(gram: &StepGram, steps: &[u64], window: Window, max_lag_percent: u32) -> Curve {
    assert_eq!(steps.len(), gram.n_steps() + 1, "a step lies between two snapshots");
    let of = window.steps(gram.n_steps());
    let strides: Vec<u64> = of.clone().map(|i| steps[i + 1] - steps[i]).collect();
    if strides.windows(2).any(|pair| pair[0] != pair[1]) {
        return Curve::without_values(of.start, of.end, Missing::UnequalStrides);
    }
    let n_lags = of.len() * max_lag_percent as usize / 100;
    let squares = mean_squares(gram, of.clone(), n_lags);
    let lags: Vec<u64> = (1..=n_lags as u64).map(|lag| lag * strides.first().copied().unwrap_or(0)).collect();
    Curve { start: of.start, end: of.end, exponent: exponent(&lags, &squares), lags, squares }
}

/// The curve with one origin, snapshot `at`: ‖θₜ − θ_at‖² of every later snapshot, fitted over the last factor 4 of
/// time, as the slope of [`convergence`](crate::convergence) is. Strides may differ.
///
/// Cost: O(T²), or a reading of the weights where there is no matrix.
///
/// # Errors
/// If the snapshots cannot be read.
pub fn from_origin(path: &Path<'_>, at: usize) -> io::Result<Curve> {
    let steps = path.trajectory().steps();
    let squares = path.squares_from(at)?.split_off(at + 1);
    let exponent =
        if squares.iter().all(|square| *square == 0.0) { Err(Missing::StillWindow) } else { slope_since(path, at)? };
    let lags = steps[at + 1..].iter().map(|step| step - steps[at]).collect();
    Ok(Curve { start: at, end: steps.len() - 1, lags, squares, exponent })
}

/// MSD at lags of 1 to `n_lags` strides, over all origins in the window.
fn mean_squares(gram: &StepGram, of: std::ops::Range<usize>, n_lags: usize) -> Vec<f64> {
    let mut sums = vec![0.0; n_lags];
    for origin in of.clone() {
        let mut square = 0.0;
        for (end, sum) in (origin..of.end).zip(&mut sums) {
            let cross: f64 = (origin..end).map(|i| gram.at(i, end)).sum();
            square += 2.0 * cross + gram.at(end, end);
            *sum += f64::max(square, 0.0);
        }
    }
    sums.into_iter().enumerate().map(|(lag, sum)| sum / (of.len() - lag) as f64).collect()
}

fn exponent(lags: &[u64], squares: &[f64]) -> Result<f64, Missing> {
    if lags.len() < MIN_LAGS {
        return Err(Missing::FewLags);
    }
    if squares.iter().any(|square| !square.is_finite()) {
        return Err(Missing::NotFinite);
    }
    let moved = lags.iter().zip(squares).filter(|(_, square)| **square > 0.0);
    let points: Vec<(f64, f64)> = moved.map(|(&lag, &square)| (libm::log(lag as f64), libm::log(square))).collect();
    if points.len() < MIN_LAGS { Err(Missing::StillWindow) } else { Ok(slope(&points)) }
}
