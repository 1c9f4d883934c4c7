//! The balanced order: any prefix of it covers every axis evenly.

/// A bijection between positions and indices of a block, O(axes) both ways.
///
/// Position `i` has mixed-radix digits `d_j`, the first axis' fastest. Axis `j` takes its value number
/// `(d_j + (i mod P_j)) mod k_j`, with `P_j` the product of the earlier radices, sent through a fixed permutation. So in
/// every prefix, the counts of an axis' values differ by at most `k_j`. Replicate axes are axes like the others and
/// come last: the first `n_cells` positions hold every cell once, with the seeds spread evenly over them.
///
/// Replicates that are compared with each other are *siblings*: they stand next to each other, so that a comparison need
/// not wait, and the order is that of their families.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// The first varies slowest.
    siblings: Vec<Radix>,
    n_siblings: u64,
    axes: Vec<OrderAxis>,
}

/// A digit of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Radix {
    /// Values.
    pub(crate) k: u64,
    /// Indices between two neighbouring values.
    pub(crate) weight: u64,
}

#[derive(Clone, Debug)]
struct OrderAxis {
    /// Values.
    k: u64,
    /// The product of the earlier axes' values: P.
    earlier: u64,
    /// Indices between two neighbouring values.
    weight: u64,
    /// The permutation is a multiplication by this, coprime to `k`; near k over the golden ratio, so that
    /// consecutive values lie far apart.
    factor: u64,
    /// Its inverse mod `k`.
    inverse: u64,
}

impl Order {
    /// The order of a block with these digits, whose sizes' product fits u64.
    pub(crate) fn new(axes: impl Iterator<Item = Radix>, siblings: Vec<Radix>) -> Self {
        let mut earlier = 1_u64;
        let axes = axes
            .map(|Radix { k, weight }| {
                let (factor, inverse) = scatter(k);
                let axis = OrderAxis { k, earlier, weight, factor, inverse };
                earlier = earlier.wrapping_mul(k);
                axis
            })
            .collect();
        let n_siblings = siblings.iter().map(|radix| radix.k).product();
        Self { siblings, n_siblings, axes }
    }

    /// The index at a position.
    pub(crate) fn index_at(&self, position: u64) -> u64 {
        let mut index = 0;
        let (mut sibling, position) = (position % self.n_siblings, position / self.n_siblings);
        for radix in self.siblings.iter().rev() {
            index += sibling % radix.k * radix.weight;
            sibling /= radix.k;
        }
        for axis in &self.axes {
            let digit = position / axis.earlier % axis.k;
            let turned = (digit + position % axis.earlier % axis.k) % axis.k;
            index += times(turned, axis.factor, axis.k) * axis.weight;
        }
        index
    }

    /// The position of an index: the inverse of [`Self::index_at`].
    pub(crate) fn position_of(&self, index: u64) -> u64 {
        let mut position = 0;
        for axis in &self.axes {
            let turned = times(index / axis.weight % axis.k, axis.inverse, axis.k);
            // `position` holds the earlier digits, so it is already i mod P.
            let digit = (turned + axis.k - position % axis.k) % axis.k;
            position += digit * axis.earlier;
        }
        let sibling = |at, radix: &Radix| at * radix.k + index / radix.weight % radix.k;
        position * self.n_siblings + self.siblings.iter().fold(0, sibling)
    }
}

/// `a · b mod k`.
fn times(a: u64, b: u64, k: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(k)) as u64
}

/// A number coprime to `k` near k / φ, and its inverse mod `k`.
fn scatter(k: u64) -> (u64, u64) {
    if k <= 2 {
        return (1 % k, 1 % k);
    }
    let near = (u128::from(k) * 618 / 1000) as u64;
    // k - 1 is coprime to k, so the search ends.
    let factor = (near.max(1)..k).find(|&factor| gcd(factor, k) == 1).unwrap_or(1);
    (factor, inverse(factor, k))
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The inverse of `a` mod `k`, which is coprime to it (extended Euclid).
fn inverse(a: u64, k: u64) -> u64 {
    let (mut r, mut next_r) = (i128::from(k), i128::from(a));
    let (mut t, mut next_t) = (0_i128, 1_i128);
    while next_r != 0 {
        let quotient = r / next_r;
        (t, next_t) = (next_t, t - quotient * next_t);
        (r, next_r) = (next_r, r - quotient * next_r);
    }
    t.rem_euclid(i128::from(k)) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn radices() -> impl Strategy<Value = Vec<u64>> {
        proptest::collection::vec(1_u64..9, 0..5)
    }

    /// The order of an index with these digits, the last varying fastest; the last so many are siblings.
    fn order(radices: &[u64], n_siblings: usize) -> Order {
        let mut weight = 1;
        let mut digits: Vec<Radix> = Vec::new();
        for &k in radices.iter().rev() {
            digits.push(Radix { k, weight });
            weight *= k;
        }
        digits.reverse();
        let siblings = digits.split_off(digits.len() - n_siblings);
        Order::new(digits.into_iter(), siblings)
    }

    proptest! {
        #[test]
        fn it_is_a_bijection(radices in radices(), n_siblings in 0_usize..3) {
            let order = order(&radices, n_siblings.min(radices.len()));
            let n: u64 = radices.iter().product();
            let mut seen = vec![false; n as usize];
            for position in 0..n {
                let index = order.index_at(position);
                prop_assert!(index < n && !seen[index as usize]);
                seen[index as usize] = true;
                prop_assert_eq!(order.position_of(index), position);
            }
        }

        #[test]
        fn every_prefix_is_even(radices in radices()) {
            let order = order(&radices, 0);
            let n: u64 = radices.iter().product();
            let mut counts: Vec<Vec<u64>> = radices.iter().map(|&k| vec![0; k as usize]).collect();
            for position in 0..n {
                let mut rest = order.index_at(position);
                for (axis, &k) in radices.iter().enumerate().rev() {
                    counts[axis][(rest % k) as usize] += 1;
                    rest /= k;
                }
                for (counts, &k) in counts.iter().zip(&radices) {
                    let (low, high) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
                    prop_assert!(high - low <= k, "{counts:?} after {position} of {radices:?}");
                }
            }
        }

        #[test]
        fn large_blocks_invert(radices in proptest::collection::vec(1_u64..70_000, 1..4), at in any::<u64>()) {
            let order = order(&radices, 0);
            let position = at % radices.iter().product::<u64>();
            prop_assert_eq!(order.position_of(order.index_at(position)), position);
        }
    }

    #[test]
    fn the_first_positions_hold_every_cell_once() {
        // Three by four cells, five seeds, which are the last axis.
        let order = order(&[3, 4, 5], 0);
        let mut cells: Vec<u64> = (0..12).map(|position| order.index_at(position) / 5).collect();
        cells.sort_unstable();
        assert_eq!(cells, (0..12).collect::<Vec<_>>());
    }

    #[test]
    fn siblings_stand_next_to_each_other() {
        let order = order(&[3, 4, 2], 1);
        for position in (0..24).step_by(2) {
            let [a, b] = [position, position + 1].map(|position| order.index_at(position));
            assert_eq!((a / 2, a % 2, b % 2), (b / 2, 0, 1));
        }
    }
}
