//! The Gram matrix of random directions, drawn without drawing the directions.
//!
//! If the rows of X (n × d) are independent standard normal vectors, X X' is a Wishart matrix, and X = L Q with Q of
//! orthonormal rows and L lower trapezoidal: independent standard normals below the diagonal and χ variables of
//! d, d − 1, … degrees of freedom on it (Bartlett 1933). So n²/2 numbers stand for n d of them, exactly. Normalising
//! the rows of L makes the directions uniform on the sphere.

use traipse_sweep::streams::Draws;

/// Up to here a χ² variable is a sum of squares of normals; above, Marsaglia and Tsang's method for Γ.
const MAX_SUMMED: usize = 16;

/// Fills `factor` (n rows, row-major, n columns; those from `dimension` on stay 0) with rows of the given norms in
/// independent, uniformly random directions of `dimension`-dimensional space.
pub(super) fn random_steps(norms: &[f64], dimension: usize, draws: &mut Draws, factor: &mut [f64]) {
    bartlett(norms.len(), dimension, draws, factor);
    scale_rows(norms, factor);
}

/// As [`random_steps`], with rows that correlate as those of `root` times independent ones do.
pub(super) fn correlated_steps(
    root: &[f64],
    norms: &[f64],
    dimension: usize,
    draws: &mut Draws,
    independent: &mut [f64],
    factor: &mut [f64],
) {
    let n = norms.len();
    bartlett(n, dimension, draws, independent);
    factor.fill(0.0);
    for (i, row) in factor.chunks_exact_mut(n).enumerate() {
        for (j, other) in independent.chunks_exact(n).enumerate().take(i + 1) {
            let share = root[i * n + j];
            row[..=j].iter_mut().zip(other).for_each(|(entry, other)| *entry += share * other);
        }
    }
    scale_rows(norms, factor);
}

/// Fills `factor` with L: L L' is the Gram matrix of n standard normal vectors of `dimension` numbers.
fn bartlett(n: usize, dimension: usize, draws: &mut Draws, factor: &mut [f64]) {
    factor.fill(0.0);
    for (i, row) in factor.chunks_exact_mut(n).enumerate() {
        for entry in &mut row[..i.min(dimension)] {
            *entry = draws.normal();
        }
        if i < dimension {
            row[i] = chi_square(dimension - i, draws).sqrt();
        }
    }
}

fn scale_rows(norms: &[f64], factor: &mut [f64]) {
    for (row, norm) in factor.chunks_exact_mut(norms.len()).zip(norms) {
        let length = row.iter().map(|entry| entry * entry).sum::<f64>().sqrt();
        row.iter_mut().for_each(|entry| *entry *= norm / length);
    }
}

/// L L' of the n × n lower triangle `factor`.
pub(super) fn gram_of(factor: &[f64], n: usize, gram: &mut [f64]) {
    for i in 0..n {
        for j in 0..=i {
            let product = crate::spectrum::dot(&factor[j * n..=j * n + j], &factor[i * n..]);
            gram[i * n + j] = product;
            gram[j * n + i] = product;
        }
    }
}

/// A χ² variable, which is 2 Γ(freedom / 2).
fn chi_square(freedom: usize, draws: &mut Draws) -> f64 {
    if freedom <= MAX_SUMMED {
        return (0..freedom).map(|_| draws.normal()).map(|normal| normal * normal).sum();
    }
    let d = freedom as f64 / 2.0 - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = draws.normal();
        let v = 1.0 + c * x;
        if v <= 0.0 {
            continue;
        }
        let cube = v * v * v;
        // The uniform is taken from (0, 1], whose logarithm is finite.
        let uniform = 1.0 - draws.next_f64();
        if libm::log(uniform) < 0.5 * x * x + d - d * cube + d * libm::log(cube) {
            return 2.0 * d * cube;
        }
    }
}
