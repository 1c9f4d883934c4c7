//! The largest eigenvalues of a small symmetric matrix, many times over.

use nalgebra::{DMatrix, SymmetricEigen};

/// Residual, as a share of the eigenvalue, at which the iteration stops; the eigenvalue's error is at most that.
const TOLERANCE: f64 = 1e-10;

/// The same where eigenvectors are wanted: their error is the residual over the gap to the next eigenvalue.
const VECTOR_TOLERANCE: f64 = 1e-12;

/// Steps beyond the wanted pairs after which their residuals are looked at first, and steps between two looks.
const FIRST_LOOK: usize = 9;
const NEXT_LOOK: usize = 4;

/// Steps of bisection: enough for the last bit of a double.
const BISECTIONS: u32 = 60;

/// Below this share of the matrix's size a new direction is rounding, and the space is invariant.
const BREAKDOWN: f64 = 1e-13;

/// Lanczos iteration with full re-orthogonalisation, with its room kept between calls.
///
/// The start is the first mode of a random walk's spectrum, which is close to the first component of most paths, plus
/// an irregular part that no eigenvector is orthogonal to. It runs until the residual of the largest Ritz value is
/// below 1e-10 of it, at worst to the full dimension, where it is exact.
#[derive(Clone, Debug, Default)]
pub struct Lanczos {
    start: Vec<f64>,
    basis: Vec<f64>,
    diagonal: Vec<f64>,
    off_diagonal: Vec<f64>,
}

/// The largest eigenvalues of a symmetric positive semi-definite matrix, with their eigenvectors.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pairs {
    /// Descending.
    pub(crate) values: Vec<f64>,
    /// Of unit length, one a value.
    pub(crate) vectors: Vec<Vec<f64>>,
    /// ‖A v − λ v‖ / λ₁ of the worst of them.
    pub(crate) residual: f64,
}

impl Lanczos {
    /// The largest eigenvalue of a symmetric positive semi-definite matrix, dense and row-major, n × n.
    ///
    /// Cost: k n² with k from 5 to n, about 12 for a random walk's matrix.
    ///
    /// # Panics
    /// If the matrix is not n × n.
    pub fn largest_eigenvalue(&mut self, matrix: &[f64], n: usize) -> f64 {
        assert_eq!(matrix.len(), n * n, "a matrix of {n} rows");
        self.begin(n);
        let scale = (0..n).map(|i| matrix[i * n + i]).fold(0.0, f64::max);
        for k in 0..n {
            let rest = self.step(n, k, |vector, product| multiply(matrix, vector, product));
            if rest <= BREAKDOWN * scale {
                break;
            }
            if k >= 4 && k % 2 == 0 {
                let value = self.top_ritz_value();
                if rest * self.last_component(value) <= TOLERANCE * value {
                    return value;
                }
            }
            if k + 1 < n {
                self.off_diagonal.push(rest);
                self.basis[(k + 1) * n..(k + 2) * n].iter_mut().for_each(|entry| *entry /= rest);
            }
        }
        self.top_ritz_value()
    }

    /// The `wanted` largest eigenvalues and their eigenvectors of the positive semi-definite n × n matrix that
    /// `multiply` stands for: it sets its second argument to the product with its first. Fewer pairs where the matrix
    /// has no more that this start can tell apart: of equal eigenvalues one is found.
    ///
    /// Cost: products until the residuals are below 1e-12 of the largest eigenvalue, `max_steps` at most.
    pub(crate) fn leading(
        &mut self,
        n: usize,
        wanted: usize,
        max_steps: usize,
        mut multiply: impl FnMut(&[f64], &mut [f64]),
    ) -> Pairs {
        self.begin(n);
        let last = max_steps.clamp(1, n) - 1;
        for k in 0..last {
            let rest = self.step(n, k, &mut multiply);
            let scale = self.diagonal.iter().copied().fold(0.0, f64::max);
            if rest <= BREAKDOWN * scale {
                return self.ritz_pairs(n, wanted, 0.0);
            }
            if k + 1 >= wanted + FIRST_LOOK && (k + 1 - wanted - FIRST_LOOK).is_multiple_of(NEXT_LOOK) {
                let pairs = self.ritz_pairs(n, wanted, rest);
                if pairs.residual <= VECTOR_TOLERANCE {
                    return pairs;
                }
            }
            self.off_diagonal.push(rest);
            self.basis[(k + 1) * n..(k + 2) * n].iter_mut().for_each(|entry| *entry /= rest);
        }
        let rest = self.step(n, last, &mut multiply);
        self.ritz_pairs(n, wanted, rest)
    }

    /// The largest eigenpairs of the tridiagonal matrix so far, back in the whole space.
    fn ritz_pairs(&self, n: usize, wanted: usize, rest: f64) -> Pairs {
        let m = self.diagonal.len();
        let tridiagonal = DMatrix::from_fn(m, m, |i, j| match i.abs_diff(j) {
            0 => self.diagonal[i],
            1 => self.off_diagonal[i.min(j)],
            _ => 0.0,
        });
        let eigen = SymmetricEigen::new(tridiagonal);
        let mut order: Vec<usize> = (0..m).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        order.truncate(wanted);
        let values: Vec<f64> = order.iter().map(|&k| eigen.eigenvalues[k].max(0.0)).collect();
        let last = |&k: &usize| eigen.eigenvectors[(m - 1, k)].abs();
        let worst = order.iter().map(last).fold(0.0, f64::max) * rest;
        let vector = |&k: &usize| {
            let mut vector = vec![0.0; n];
            for (basis, &entry) in self.basis.chunks_exact(n).zip(eigen.eigenvectors.column(k).iter()) {
                add_scaled(&mut vector, basis, entry);
            }
            vector
        };
        let residual = if values[0] > 0.0 { worst / values[0] } else { 0.0 };
        Pairs { vectors: order.iter().map(vector).collect(), values, residual }
    }

    fn begin(&mut self, n: usize) {
        if self.start.len() != n {
            self.start = start(n);
        }
        self.basis.clear();
        self.basis.extend_from_slice(&self.start);
        self.diagonal.clear();
        self.off_diagonal.clear();
    }

    /// Multiplies basis vector k, takes out all earlier ones twice, leaves the rest at k + 1 and returns its norm.
    fn step(&mut self, n: usize, k: usize, multiply: impl FnOnce(&[f64], &mut [f64])) -> f64 {
        self.basis.resize((k + 2) * n, 0.0);
        let (basis, rest) = self.basis.split_at_mut((k + 1) * n);
        let rest = &mut rest[..n];
        multiply(&basis[k * n..], rest);
        self.diagonal.push(dot(rest, &basis[k * n..]));
        for _ in 0..2 {
            for vector in basis.chunks_exact(n) {
                let product = dot(rest, vector);
                add_scaled(rest, vector, -product);
            }
        }
        dot(rest, rest).sqrt()
    }

    /// The largest eigenvalue of the tridiagonal matrix so far, by bisection on the signs of its pivots.
    fn top_ritz_value(&self) -> f64 {
        let mut low = self.diagonal.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut high = low;
        for (i, diagonal) in self.diagonal.iter().enumerate() {
            let left = if i > 0 { self.off_diagonal[i - 1] } else { 0.0 };
            let right = self.off_diagonal.get(i).copied().unwrap_or(0.0);
            high = f64::max(high, diagonal + left + right);
        }
        for _ in 0..BISECTIONS {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                break;
            }
            if self.is_above_spectrum(middle) { high = middle } else { low = middle }
        }
        high
    }

    fn is_above_spectrum(&self, x: f64) -> bool {
        let mut pivot = x - self.diagonal[0];
        for (diagonal, off) in self.diagonal[1..].iter().zip(&self.off_diagonal) {
            if pivot <= 0.0 {
                return false;
            }
            pivot = x - diagonal - off * off / pivot;
        }
        pivot > 0.0
    }

    /// The last component of the unit eigenvector of the tridiagonal matrix, found from its end, where it is smallest.
    fn last_component(&self, value: f64) -> f64 {
        let (mut ahead, mut entry, mut square) = (0.0, 1.0, 1.0);
        for i in (1..self.diagonal.len()).rev() {
            let coupling = self.off_diagonal.get(i).copied().unwrap_or(0.0);
            let before = ((value - self.diagonal[i]) * entry - coupling * ahead) / self.off_diagonal[i - 1];
            (ahead, entry) = (entry, before);
            square += entry * entry;
        }
        1.0 / f64::sqrt(square)
    }
}

/// cos(π (t + ½) / n) plus an irregular quarter of its size, of unit length.
fn start(n: usize) -> Vec<f64> {
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let entry = |t: usize| {
        let mode = libm::cos(std::f64::consts::PI * (t as f64 + 0.5) / n as f64);
        let irregular = (t + 1) as f64 * golden;
        mode + 0.5 * (irregular - irregular.floor() - 0.5)
    };
    let start: Vec<f64> = (0..n).map(entry).collect();
    let norm = dot(&start, &start).sqrt();
    start.into_iter().map(|entry| entry / norm).collect()
}

/// The product of a dense symmetric matrix with a vector.
pub(crate) fn multiply(matrix: &[f64], vector: &[f64], product: &mut [f64]) {
    product.fill(0.0);
    for (row, &entry) in matrix.chunks_exact(vector.len()).zip(vector) {
        add_scaled(product, row, entry);
    }
}

/// Inner product in four lanes.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (a.as_chunks::<4>(), b[..a.len()].as_chunks::<4>());
    let mut lanes = [0.0; 4];
    for (a, b) in a.0.iter().zip(b.0) {
        for lane in 0..4 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = a.1.iter().zip(b.1).map(|(a, b)| a * b).sum();
    lanes[0] + lanes[2] + (lanes[1] + lanes[3]) + rest
}

fn add_scaled(to: &mut [f64], vector: &[f64], scale: f64) {
    for (to, entry) in to.iter_mut().zip(vector) {
        *to += scale * entry;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::DMatrix;
    use proptest::prelude::*;

    fn of(matrix: &DMatrix<f64>) -> f64 {
        Lanczos::default().largest_eigenvalue(matrix.as_slice(), matrix.nrows())
    }

    proptest! {
        #[test]
        fn agrees_with_the_full_decomposition(
            (n, entries) in (1_usize..20).prop_flat_map(|n| (Just(n), prop::collection::vec(-1.0..1.0, n * n))),
        ) {
            let root = DMatrix::from_vec(n, n, entries);
            let matrix: DMatrix<f64> = &root * root.transpose();
            let expected = matrix.symmetric_eigenvalues().max();
            prop_assert!((of(&matrix) - expected).abs() <= 1e-10 * expected, "{} {expected}", of(&matrix));
        }
    }

    #[test]
    fn leading_pairs_agree_with_the_full_decomposition() {
        let n = 60;
        let root = DMatrix::from_fn(n, 20, |i, j| libm::sin((i * i * (j + 1)) as f64) / (j + 1) as f64);
        let matrix: DMatrix<f64> = &root * root.transpose();
        let mut exact: Vec<f64> = matrix.symmetric_eigenvalues().iter().copied().collect();
        exact.sort_by(|a, b| b.total_cmp(a));
        let pairs = Lanczos::default().leading(n, 4, n, |vector, product| multiply(matrix.as_slice(), vector, product));
        assert!(pairs.residual <= VECTOR_TOLERANCE, "{}", pairs.residual);
        for (value, vector) in pairs.values.iter().zip(&pairs.vectors) {
            let mut rest = vec![0.0; n];
            multiply(matrix.as_slice(), vector, &mut rest);
            add_scaled(&mut rest, vector, -value);
            assert!(dot(&rest, &rest).sqrt() <= 1e-11 * exact[0], "{value}");
        }
        let off = pairs.values.iter().zip(&exact).map(|(value, exact)| (value - exact).abs()).fold(0.0, f64::max);
        assert!(off < 1e-12 * exact[0], "{off}");
        // Few steps say how far they came; a matrix of rank one has no second pair.
        let short = Lanczos::default().leading(n, 1, 3, |vector, product| multiply(matrix.as_slice(), vector, product));
        let nearest = exact.iter().map(|exact| (exact - short.values[0]).abs()).fold(f64::INFINITY, f64::min);
        assert!(short.residual > 1e-6 && nearest <= short.residual * short.values[0], "{short:?}");
        let ones = vec![1.0; n * n];
        let one = Lanczos::default().leading(n, 3, n, |vector, product| multiply(&ones, vector, product));
        assert!((one.values[0] - n as f64).abs() < 1e-10 && one.values[1..].iter().all(|value| *value < 1e-10));
    }

    #[test]
    fn degenerate_matrices() {
        assert_eq!(of(&DMatrix::zeros(7, 7)), 0.0);
        assert!((of(&DMatrix::identity(30, 30)) - 1.0).abs() < 1e-12);
        assert!((of(&DMatrix::from_element(9, 9, 2.0)) - 18.0).abs() < 1e-12);
        assert!((of(&DMatrix::from_element(1, 1, 3.0)) - 3.0).abs() < 1e-15);
        // A pair of largest eigenvalues far from the start, one part in a million apart.
        let mut diagonal = vec![1.0; 40];
        (diagonal[11], diagonal[23]) = (5.0, 5.000_005);
        let near = of(&DMatrix::from_diagonal(&nalgebra::DVector::from_vec(diagonal)));
        assert!((near - 5.000_005).abs() < 1e-9, "{near}");
    }
}
