//! A Bᵀ in f64, in tiles: each output one sum in ascending order without fused multiply-adds, the same bits everywhere.

/// Rows and columns of a tile.
const TILE: usize = 4;
/// Terms that are summed before the next tile, so that what a tile reads stays in the cache.
const BLOCK: usize = 512;

/// Adds the inner products of A's rows with B's to `gains` (n × n). Both are given in [`Strips`].
pub(super) fn add(gains: &mut [f64], n: usize, a: &Strips, b: &Strips) {
    let n_terms = a.n_terms;
    for start in (0..n_terms).step_by(BLOCK) {
        let terms = start..n_terms.min(start + BLOCK);
        for row in (0..n).step_by(TILE) {
            let left = &a.strip(row)[terms.clone()];
            for column in (0..n).step_by(TILE) {
                let tile = product(left, &b.strip(column)[terms.clone()]);
                for (i, sums) in tile.iter().enumerate().take(n - row) {
                    let out = &mut gains[(row + i) * n + column..][..TILE.min(n - column)];
                    out.iter_mut().zip(sums).for_each(|(out, sum)| *out += sum);
                }
            }
        }
    }
}

fn product(left: &[[f64; TILE]], right: &[[f64; TILE]]) -> [[f64; TILE]; TILE] {
    let mut tile = [[0.0; TILE]; TILE];
    for (a, b) in left.iter().zip(right) {
        for (sums, a) in tile.iter_mut().zip(a) {
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum += a * b;
            }
        }
    }
    tile
}

/// A matrix in strips of four rows, term by term; missing rows are 0.
#[derive(Debug, Default)]
pub(super) struct Strips {
    n_terms: usize,
    numbers: Vec<[f64; TILE]>,
}

impl Strips {
    /// Makes this the matrix of `n` rows and `n_terms` columns with these numbers.
    pub(super) fn fill(&mut self, n: usize, n_terms: usize, number: impl Fn(usize, usize) -> f64) {
        self.n_terms = n_terms;
        self.numbers.clear();
        self.numbers.resize(n.div_ceil(TILE) * n_terms, [0.0; TILE]);
        for row in 0..n {
            let strip = &mut self.numbers[row / TILE * n_terms..][..n_terms];
            strip.iter_mut().enumerate().for_each(|(term, numbers)| numbers[row % TILE] = number(row, term));
        }
    }

    fn strip(&self, row: usize) -> &[[f64; TILE]] {
        &self.numbers[row / TILE * self.n_terms..][..self.n_terms]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_right_at_every_size() {
        for (n, n_terms) in [(1, 1), (3, 5), (4, 4), (5, 1), (9, 513), (2, 1_030)] {
            let a = |row: usize, term: usize| (row * 3 + term % 7) as f64 - 4.0;
            let b = |row: usize, term: usize| (term % 5) as f64 - row as f64;
            let [mut left, mut right] = [Strips::default(), Strips::default()];
            left.fill(n, n_terms, a);
            right.fill(n, n_terms, b);
            let mut gains = vec![1.0; n * n];
            add(&mut gains, n, &left, &right);
            for row in 0..n {
                for column in 0..n {
                    let sum: f64 = (0..n_terms).map(|term| a(row, term) * b(column, term)).sum();
                    assert_eq!(gains[row * n + column], 1.0 + sum, "{n} rows, {n_terms} terms");
                }
            }
        }
    }
}
