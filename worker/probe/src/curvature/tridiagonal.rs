//! The small symmetric tridiagonal matrix that Lanczos leaves, taken apart.

/// QL steps an eigenvalue may take; two or three are usual.
const MAX_STEPS: u32 = 60;

/// Eigenvalues and unit eigenvectors of a symmetric tridiagonal matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Tridiagonal {
    /// Ascending.
    pub values: Vec<f64>,
    /// One an eigenvalue, in the same order.
    pub vectors: Vec<Vec<f64>>,
}

impl Tridiagonal {
    /// Takes apart the matrix with this diagonal and these couplings of each entry to the next.
    ///
    /// Implicit QL with Wilkinson's shift (EISPACK's `tql2`). Cost: about 3 n³. Errors: some ε of the largest eigenvalue.
    ///
    /// # Panics
    /// If there is not one coupling fewer than entries.
    #[must_use]
    pub fn of(diagonal: &[f64], couplings: &[f64]) -> Self {
        let n = diagonal.len();
        assert_eq!(couplings.len() + 1, n, "{n} entries are coupled {} times", couplings.len());
        let mut d = diagonal.to_vec();
        let mut e = couplings.to_vec();
        e.push(0.0);
        let mut z: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect()).collect();
        for low in 0..n {
            for _ in 0..MAX_STEPS {
                let high = (low..n - 1).find(|&i| e[i].abs() <= f64::EPSILON * (d[i].abs() + d[i + 1].abs()));
                let high = high.unwrap_or(n - 1);
                if high == low {
                    break;
                }
                step(&mut d, &mut e, &mut z, low, high);
            }
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| d[a].total_cmp(&d[b]));
        Self {
            values: order.iter().map(|&i| d[i]).collect(),
            vectors: order.iter().map(|&i| std::mem::take(&mut z[i])).collect(),
        }
    }
}

/// One implicit QL step on the block from `low` to `high`; rows of `z` become eigenvectors.
fn step(d: &mut [f64], e: &mut [f64], z: &mut [Vec<f64>], low: usize, high: usize) {
    let half = (d[low + 1] - d[low]) / (2.0 * e[low]);
    let mut g = d[high] - d[low] + e[low] / (half + libm::hypot(half, 1.0).copysign(half));
    let (mut sine, mut cosine, mut shift) = (1.0, 1.0, 0.0);
    for i in (low..high).rev() {
        let (f, b) = (sine * e[i], cosine * e[i]);
        let r = libm::hypot(f, g);
        e[i + 1] = r;
        if r == 0.0 {
            // The block fell apart on the way: what is above stands, the rest is tried again.
            d[i + 1] -= shift;
            e[high] = 0.0;
            return;
        }
        (sine, cosine) = (f / r, g / r);
        g = d[i + 1] - shift;
        let turned = (d[i] - g) * sine + 2.0 * cosine * b;
        shift = sine * turned;
        d[i + 1] = g + shift;
        g = cosine * turned - b;
        rotate(z, i, sine, cosine);
    }
    d[low] -= shift;
    e[low] = g;
    e[high] = 0.0;
}

fn rotate(z: &mut [Vec<f64>], i: usize, sine: f64, cosine: f64) {
    let (before, after) = z.split_at_mut(i + 1);
    for (x, y) in before[i].iter_mut().zip(&mut after[0]) {
        (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn assert_apart(diagonal: &[f64], couplings: &[f64]) -> Tridiagonal {
        let (n, apart) = (diagonal.len(), Tridiagonal::of(diagonal, couplings));
        let scale = diagonal.iter().chain(couplings).fold(1e-300, |most: f64, entry| most.max(entry.abs()));
        assert!(apart.values.windows(2).all(|pair| pair[0] <= pair[1]));
        for (i, (value, vector)) in apart.values.iter().zip(&apart.vectors).enumerate() {
            for (j, other) in apart.vectors.iter().enumerate() {
                let dot: f64 = vector.iter().zip(other).map(|(a, b)| a * b).sum();
                assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-13, "{i} {j} {dot}");
            }
            for row in 0..n {
                let left = if row > 0 { couplings[row - 1] * vector[row - 1] } else { 0.0 };
                let right = if row + 1 < n { couplings[row] * vector[row + 1] } else { 0.0 };
                let rest = left + diagonal[row] * vector[row] + right - value * vector[row];
                assert!(rest.abs() < 1e-13 * scale, "row {row} of {i}: {rest}");
            }
        }
        apart
    }

    proptest! {
        #[test]
        fn vectors_are_eigenvectors(
            (diagonal, couplings) in (1_usize..40).prop_flat_map(|n| {
                (prop::collection::vec(-1.0..1.0, n), prop::collection::vec(-1.0..1.0, n - 1))
            }),
        ) {
            assert_apart(&diagonal, &couplings);
        }
    }

    #[test]
    fn the_second_difference_has_cosines() {
        let n = 50;
        let apart = assert_apart(&vec![2.0; n], &vec![-1.0; n - 1]);
        for (k, value) in apart.values.iter().enumerate() {
            let expected = 2.0 - 2.0 * libm::cos(std::f64::consts::PI * (k + 1) as f64 / (n + 1) as f64);
            assert!((value - expected).abs() < 1e-14, "{value} {expected}");
        }
    }

    #[test]
    fn blocks_and_zeros() {
        assert_eq!(assert_apart(&[3.0], &[]).values, [3.0]);
        assert_eq!(assert_apart(&[0.0; 5], &[0.0; 4]).values, [0.0; 5]);
        let apart = assert_apart(&[0.0, 0.0, 5.0, 0.0, 0.0], &[1.0, 0.0, 0.0, 1e-20]);
        assert!((apart.values[0] + 1.0).abs() < 1e-15 && (apart.values[4] - 5.0).abs() < 1e-15);
    }
}
