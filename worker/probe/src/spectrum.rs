//! The largest eigenvalue of a small symmetric matrix, many times over.

/// Residual, as a share of the eigenvalue, at which the iteration stops; the eigenvalue's error is at most that.
const TOLERANCE: f64 = 1e-10;

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
            let rest = self.step(matrix, n, k);
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

    fn begin(&mut self, n: usize) {
        if self.start.len() != n {
            self.start = start(n);
        }
        self.basis.resize((n + 1) * n, 0.0);
        self.basis[..n].copy_from_slice(&self.start);
        self.diagonal.clear();
        self.off_diagonal.clear();
    }

    /// Multiplies basis vector k, takes out all earlier ones twice, leaves the rest at k + 1 and returns its norm.
    fn step(&mut self, matrix: &[f64], n: usize, k: usize) -> f64 {
        let (basis, rest) = self.basis.split_at_mut((k + 1) * n);
        let rest = &mut rest[..n];
        rest.fill(0.0);
        for (row, &entry) in matrix.chunks_exact(n).zip(&basis[k * n..]) {
            add_scaled(rest, row, entry);
        }
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
