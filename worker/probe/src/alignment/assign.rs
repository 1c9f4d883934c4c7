//! The linear assignment problem: one column for each row, so that the gains' sum is largest.

use pathfinding::kuhn_munkres::kuhn_munkres;
use pathfinding::matrix::Matrix;

/// Gains become integers below this, so that the solver's comparisons are exact and it ends on any input. Its labels
/// stay below a few thousand times as much.
const SCALE: f64 = (1u64 << 48) as f64;

/// The column of every row of an n × n matrix. Rounding a gain costs 2⁻⁴⁹ of the largest. Cost: O(n³).
///
/// # Panics
/// If there are not n² gains.
pub(super) fn assign(n: usize, gains: &[f64]) -> Vec<usize> {
    let largest = gains.iter().fold(0.0, |largest: f64, gain| largest.max(gain.abs()));
    if n == 0 || largest == 0.0 || !largest.is_finite() {
        return (0..n).collect();
    }
    let whole = gains.iter().map(|gain| (gain / largest * SCALE).round() as i64).collect();
    let matrix = Matrix::from_vec(n, n, whole).expect("a gain for each row and column");
    kuhn_munkres(&matrix).1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(gains: &[f64], columns: &[usize]) -> f64 {
        columns.iter().enumerate().map(|(row, &column)| gains[row * columns.len() + column]).sum()
    }

    /// The best of all permutations, by trying them.
    fn best(gains: &[f64], taken: &mut Vec<usize>, n: usize) -> f64 {
        if taken.len() == n {
            return value(gains, taken);
        }
        let mut highest = f64::NEG_INFINITY;
        for column in 0..n {
            if !taken.contains(&column) {
                taken.push(column);
                highest = highest.max(best(gains, taken, n));
                taken.pop();
            }
        }
        highest
    }

    proptest::proptest! {
        #[test]
        fn no_permutation_is_better(n in 1..7_usize, seed in proptest::collection::vec(-1e3..1e3, 36)) {
            let gains = &seed[..n * n];
            let found = assign(n, gains);
            let mut sorted = found.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..n).collect::<Vec<_>>());
            assert!(value(gains, &found) >= best(gains, &mut Vec::new(), n) - 1e-9);
        }
    }

    #[test]
    fn nothing_to_gain_changes_nothing() {
        assert_eq!(assign(3, &[0.0; 9]), [0, 1, 2]);
        assert_eq!(assign(2, &[f64::NAN, 0.0, f64::INFINITY, 0.0]), [0, 1]);
        assert_eq!(assign(0, &[]), [0; 0]);
    }
}
