//! The balanced order: any prefix of it covers every axis evenly.

/// A bijection between positions and indices of a block, O(axes) both ways.
///
/// Position `i` has mixed-radix digits `d_j`, the first axis' fastest. Axis `j` takes its value number
/// `(d_j + (i mod P_j)) mod k_j`, with `P_j` the product of the earlier radices, sent through a fixed permutation. So in
/// every prefix, the counts of an axis' values differ by at most `k_j`. Replicate axes are axes like the others and
/// come last: the first `n_cells` positions hold every cell once, with the seeds spread evenly over them.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    axes: Vec<OrderAxis>,
}

#[derive(Clone, Debug)]
struct OrderAxis {
    /// Values.
    k: u64,
    /// The product of the earlier axes' values: P.
    earlier: u64,
    /// Indices between two neighbouring values: the last axis' is 1.
    weight: u64,
    /// The permutation is a multiplication by this, coprime to `k`; near k over the golden ratio, so that
    /// consecutive values lie far apart.
    factor: u64,
    /// Its inverse mod `k`.
    inverse: u64,
}

impl Order {
    /// The order of a block with these radices, whose product fits u64.
    pub(crate) fn new(radices: impl Iterator<Item = u64>) -> Self {
        let mut earlier = 1_u64;
        let mut axes: Vec<OrderAxis> = radices
            .map(|k| {
                let (factor, inverse) = scatter(k);
                let axis = OrderAxis { k, earlier, weight: 1, factor, inverse };
                earlier = earlier.wrapping_mul(k);
                axis
            })
            .collect();
        let mut weight = 1_u64;
        for axis in axes.iter_mut().rev() {
            axis.weight = weight;
            weight = weight.wrapping_mul(axis.k);
        }
        Self { axes }
    }

    /// The index at a position.
    pub(crate) fn index_at(&self, position: u64) -> u64 {
        let mut index = 0;
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
        position
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

    proptest! {
        #[test]
        fn it_is_a_bijection(radices in radices()) {
            let order = Order::new(radices.iter().copied());
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
            let order = Order::new(radices.iter().copied());
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
            let order = Order::new(radices.iter().copied());
            let position = at % radices.iter().product::<u64>();
            prop_assert_eq!(order.position_of(order.index_at(position)), position);
        }
    }

    #[test]
    fn the_first_positions_hold_every_cell_once() {
        // Three by four cells, five seeds, which are the last axis.
        let order = Order::new([3, 4, 5].into_iter());
        let mut cells: Vec<u64> = (0..12).map(|position| order.index_at(position) / 5).collect();
        cells.sort_unstable();
        assert_eq!(cells, (0..12).collect::<Vec<_>>());
    }
}
