//! What single layers do on the path: distances in their part of weight space, and the shape of their weights.

use std::io;
use std::ops::Range;

use crate::chords::PART_BYTES;
use crate::lanes::{self, Lanes, fold};
use crate::spectrum::dot;
use crate::{Lanczos, Missing, Trajectory};

/// Products with W'W after which the largest singular value must have settled.
const MAX_PRODUCTS: usize = 300;

/// Residual of ‖W‖², as a share of it, above which it has not.
const SETTLED: f64 = 1e-6;

/// A layer's way through its part of weight space; every list has one entry a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerPath {
    /// ‖θₜ‖ of the layer.
    pub weight_norm: Vec<f64>,
    /// ‖θₜ − θ₀‖.
    pub from_start: Vec<f64>,
    /// ‖θₜ − θₜ₋₁‖; 0 at the start.
    pub from_previous: Vec<f64>,
    /// ‖θ_T − θₜ‖.
    pub to_end: Vec<f64>,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    weight: Lanes,
    from_start: Lanes,
    from_previous: Lanes,
    to_end: Lanes,
}

/// The ways of layers whose parameters lie in these ranges of θ.
///
/// Cost: reads every snapshot once. Memory: 512 bytes a snapshot while it lasts, and four parts of snapshots.
///
/// # Errors
/// If the snapshots cannot be read.
///
/// # Panics
/// If there is no snapshot, or a range ends behind θ.
pub fn paths(trajectory: &Trajectory, layers: &[Range<usize>]) -> io::Result<Vec<LayerPath>> {
    assert!(!trajectory.is_empty(), "a path has a start");
    layers.iter().map(|layer| path(trajectory, layer.clone())).collect()
}

fn path(trajectory: &Trajectory, layer: Range<usize>) -> io::Result<LayerPath> {
    let n = trajectory.n_snapshots();
    let mut sums = vec![Sums::default(); n];
    let [mut start, mut end, mut last, mut now] = [const { Vec::new() }; 4];
    let square = |[a, b]: [f64; 2]| (a - b) * (a - b);
    for part in trajectory.parts_of(layer, trajectory.part_len(PART_BYTES)) {
        part.read(0, &mut start)?;
        part.read(n - 1, &mut end)?;
        last.clone_from(&start);
        for (t, sums) in sums.iter_mut().enumerate() {
            part.read(t, &mut now)?;
            lanes::add(&mut sums.weight, [&now], |[now]| now * now);
            lanes::add(&mut sums.from_start, [&now, &start], square);
            lanes::add(&mut sums.from_previous, [&now, &last], square);
            lanes::add(&mut sums.to_end, [&now, &end], square);
            std::mem::swap(&mut last, &mut now);
        }
    }
    let roots = |of: fn(&Sums) -> Lanes| sums.iter().map(|sums| fold(of(sums)).sqrt()).collect();
    Ok(LayerPath {
        weight_norm: roots(|sums| sums.weight),
        from_start: roots(|sums| sums.from_start),
        from_previous: roots(|sums| sums.from_previous),
        to_end: roots(|sums| sums.to_end),
    })
}

/// ‖W‖_F² / ‖W‖², from 1 (one direction) to the smaller side (all alike), of a row-major matrix with `columns` columns.
///
/// ‖W‖² is the largest Ritz value of W'W or W W', whichever is smaller, by Lanczos iteration in f64 with full
/// re-orthogonalisation: at most the largest eigenvalue, and within its residual of one. The residual is below 1e-12 of
/// it, or after 300 products below 1e-6.
///
/// For a Gaussian matrix of n × m entries of variance 1/m the Marchenko–Pastur law has ‖W‖² → (1 + √(n/m))², and so a
/// stable rank of n / (1 + √(n/m))².
///
/// Cost: two passes over W a product, some 20 to 100 of them.
///
/// # Errors
/// [`Missing::DidNotMove`] never; [`Missing::NotFinite`], [`Missing::NoMatrix`] where W is 0 or empty,
/// [`Missing::NotSettled`].
///
/// # Panics
/// If there is not a whole number of rows.
pub fn stable_rank(weights: &[f64], columns: usize) -> Result<f64, Missing> {
    assert!(columns > 0 && weights.len().is_multiple_of(columns), "whole rows");
    let rows = weights.len() / columns;
    let frobenius = lanes::norm_square(weights);
    if !frobenius.is_finite() {
        return Err(Missing::NotFinite);
    }
    if frobenius == 0.0 {
        return Err(Missing::NoMatrix);
    }
    let mut between = vec![0.0; rows.max(columns)];
    let n = rows.min(columns);
    let pairs = Lanczos::default().leading(n, 1, MAX_PRODUCTS, |vector, product| {
        if rows <= columns {
            times_rows(weights, columns, vector, &mut between);
            by_rows(weights, columns, &between, product);
        } else {
            by_rows(weights, columns, vector, &mut between);
            times_rows(weights, columns, &between, product);
        }
    });
    if pairs.residual > SETTLED { Err(Missing::NotSettled) } else { Ok(frobenius / pairs.values[0]) }
}

/// W' x.
fn times_rows(weights: &[f64], columns: usize, x: &[f64], product: &mut [f64]) {
    let product = &mut product[..columns];
    product.fill(0.0);
    for (row, &x) in weights.chunks_exact(columns).zip(x) {
        product.iter_mut().zip(row).for_each(|(product, entry)| *product += x * entry);
    }
}

/// W x.
fn by_rows(weights: &[f64], columns: usize, x: &[f64], product: &mut [f64]) {
    for (product, row) in product.iter_mut().zip(weights.chunks_exact(columns)) {
        *product = dot(row, &x[..columns]);
    }
}
