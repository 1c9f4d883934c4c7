//! Work on many long vectors at once, block by block so that each is read once, in f64 and in one order.

use crate::Element;
use crate::lanes::{self, LANES, Lanes};

/// Entries of each vector that are worked on together: some sixty vectors of them fit a core's cache.
const BLOCK: usize = 64 * LANES;

/// Takes the orthonormal `basis` (vectors of `rest.len()` entries, one after the other) out of `rest`, twice, and
/// returns the sums of both passes' coefficients.
///
/// Classical Gram–Schmidt with one repetition, which is as good as Householder's (Giraud et al. 2005). The second
/// pass's coefficients are formed while the first pass's parts are taken out, so the basis is read three times.
pub(super) fn orthogonalise<T: Element>(rest: &mut [f64], basis: &[T]) -> Vec<f64> {
    let first = products(rest, basis);
    let mut sums = vec![Lanes::default(); first.len()];
    let d = rest.len();
    for start in (0..d).step_by(BLOCK) {
        let rest = &mut rest[start..d.min(start + BLOCK)];
        take_out(rest, basis, d, start, &first);
        add_products(&mut sums, rest, basis, d, start);
    }
    let second: Vec<f64> = sums.into_iter().map(lanes::fold).collect();
    for start in (0..d).step_by(BLOCK) {
        take_out(&mut rest[start..d.min(start + BLOCK)], basis, d, start, &second);
    }
    first.iter().zip(&second).map(|(first, second)| first + second).collect()
}

/// The inner products of `vector` with every vector of `basis`.
pub(super) fn products<T: Element>(vector: &[f64], basis: &[T]) -> Vec<f64> {
    let d = vector.len();
    let mut sums = vec![Lanes::default(); basis.len() / d];
    for start in (0..d).step_by(BLOCK) {
        add_products(&mut sums, &vector[start..d.min(start + BLOCK)], basis, d, start);
    }
    sums.into_iter().map(lanes::fold).collect()
}

/// Σⱼ coefficients[k][j] · basis[j] for every k, rounded once.
pub(super) fn combine<T: Element>(basis: &[T], d: usize, coefficients: &[&[f64]]) -> Vec<Vec<T>> {
    let mut out = vec![Vec::with_capacity(d); coefficients.len()];
    let mut sums = [0.0; BLOCK];
    for start in (0..d).step_by(BLOCK) {
        let sums = &mut sums[..BLOCK.min(d - start)];
        for (out, coefficients) in out.iter_mut().zip(coefficients) {
            sums.fill(0.0);
            for (&coefficient, vector) in coefficients.iter().zip(basis.chunks_exact(d)) {
                add_scaled(sums, &vector[start..], coefficient);
            }
            out.extend(sums.iter().map(|&sum| T::of(sum)));
        }
    }
    out
}

/// a · b.
pub(super) fn dot_of<T: Element>(a: &[T], b: &[T]) -> f64 {
    let mut sum = Lanes::default();
    lanes::add(&mut sum, [a, b], |[a, b]| a * b);
    lanes::fold(sum)
}

fn take_out<T: Element>(rest: &mut [f64], basis: &[T], d: usize, start: usize, coefficients: &[f64]) {
    for (vector, &coefficient) in basis.chunks_exact(d).zip(coefficients) {
        add_scaled(rest, &vector[start..], -coefficient);
    }
}

fn add_products<T: Element>(sums: &mut [Lanes], part: &[f64], basis: &[T], d: usize, start: usize) {
    for (sum, vector) in sums.iter_mut().zip(basis.chunks_exact(d)) {
        add_product(sum, &vector[start..start + part.len()], part);
    }
}

fn add_product<T: Element>(sum: &mut Lanes, a: &[T], b: &[f64]) {
    let mut lanes = *sum;
    let (a, b) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.0.iter().zip(b.0) {
        for lane in 0..LANES {
            lanes[lane] += a[lane].wide() * b[lane];
        }
    }
    for ((lane, a), b) in lanes.iter_mut().zip(a.1).zip(b.1) {
        *lane += a.wide() * b;
    }
    *sum = lanes;
}

/// As many entries as `to` has.
fn add_scaled<T: Element>(to: &mut [f64], vector: &[T], scale: f64) {
    for (to, entry) in to.iter_mut().zip(vector) {
        *to += scale * entry.wide();
    }
}
