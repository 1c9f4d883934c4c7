//! How jobs that are numbered by some values of each digit lie in a block that has all of them.

use std::sync::Arc;

use super::order::Radix;

/// Values of a digit, ascending.
pub(crate) type Values = Arc<[u32]>;

/// A map from the indices of an inner numbering into those of a block, each digit by itself.
#[derive(Clone, Debug)]
pub(crate) struct Within {
    /// The block.
    pub(crate) block: usize,
    /// One a digit of the block, replicates behind the axes.
    sides: Vec<Side>,
}

/// One digit of a block, narrowed to the values that the inner jobs have.
#[derive(Clone, Debug)]
pub(crate) struct Side {
    /// Which digit of the inner numbering; none where it has no such digit and all its jobs have one value.
    pub(crate) digit: Option<usize>,
    /// The digit of the inner numbering.
    pub(crate) inner: Radix,
    /// The digit of the block.
    pub(crate) outer: Radix,
    /// The block's value by the inner one; the same where absent.
    pub(crate) values: Option<Arc<Renamed>>,
}

/// Inner values under the names that they have in the block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Renamed {
    outer: Vec<u32>,
    /// The same by the block's value, ascending.
    inner: Vec<(u32, u32)>,
}

impl Renamed {
    /// From the block's value of each inner one, no two equal.
    pub(crate) fn new(outer: Vec<u32>) -> Self {
        let mut inner: Vec<(u32, u32)> = outer.iter().copied().zip(0..).collect();
        inner.sort_unstable();
        Self { outer, inner }
    }
}

impl Side {
    fn outer(&self, value: u64) -> u64 {
        self.values.as_ref().map_or(value, |values| u64::from(values.outer[value as usize]))
    }

    fn inner(&self, value: u64) -> Option<u64> {
        let Some(values) = &self.values else { return (value < self.inner.k).then_some(value) };
        let value = u32::try_from(value).ok()?;
        let at = values.inner.binary_search_by_key(&value, |(outer, _)| *outer).ok()?;
        Some(u64::from(values.inner[at].1))
    }

    /// The block's values, ascending.
    fn set(&self) -> Values {
        match &self.values {
            None => (0..self.inner.k as u32).collect(),
            Some(values) => values.inner.iter().map(|(outer, _)| *outer).collect(),
        }
    }

    /// This side of the inner numbering seen through the same digit of a block around the block.
    fn then(&self, next: &Self) -> Self {
        let values = match (&self.values, &next.values) {
            (None, None) => None,
            _ => Some(Arc::new(Renamed::new(
                (0..self.inner.k).map(|value| next.outer(self.outer(value)) as u32).collect(),
            ))),
        };
        Self { digit: self.digit, inner: self.inner, outer: next.outer, values }
    }
}

impl Within {
    /// From its sides, one a digit of the block.
    pub(crate) fn new(block: usize, sides: Vec<Side>) -> Self {
        Self { block, sides }
    }

    /// All jobs of a block with these digits.
    pub(crate) fn whole(block: usize, digits: &[Radix]) -> Self {
        let side = |(at, radix): (usize, &Radix)| Side { digit: Some(at), inner: *radix, outer: *radix, values: None };
        Self { block, sides: digits.iter().enumerate().map(side).collect() }
    }

    /// The jobs that have these values, numbered lexicographically; and how many they are.
    pub(crate) fn of(block: usize, digits: &[Radix], values: &[Values]) -> (Self, u64) {
        let (mut weight, mut sides) = (1_u64, Vec::new());
        for (at, (outer, values)) in digits.iter().zip(values).enumerate().rev() {
            let inner = Radix { k: values.len() as u64, weight };
            weight *= inner.k;
            let all = inner.k == outer.k;
            let values = (!all).then(|| Arc::new(Renamed::new(values.to_vec())));
            sides.push(Side { digit: Some(at), inner, outer: *outer, values });
        }
        sides.reverse();
        (Self { block, sides }, weight)
    }

    /// The index in the block.
    pub(crate) fn outer(&self, inner: u64) -> u64 {
        let of = |side: &Side| side.outer(inner / side.inner.weight % side.inner.k) * side.outer.weight;
        self.sides.iter().map(of).sum()
    }

    /// The inner index of a job of the block; none where it has a value that no inner job has.
    pub(crate) fn inner(&self, outer: u64) -> Option<u64> {
        let of = |side: &Side| Some(side.inner(outer / side.outer.weight % side.outer.k)? * side.inner.weight);
        self.sides.iter().map(of).sum()
    }

    /// This numbering in the block around its block.
    pub(crate) fn then(&self, next: &Self) -> Self {
        let side = |side: &Side| side.digit.map_or_else(|| side.clone(), |digit| self.sides[digit].then(side));
        Self { block: next.block, sides: next.sides.iter().map(side).collect() }
    }

    /// The block's values of the inner jobs, by digit.
    pub(crate) fn values(&self) -> Vec<Values> {
        self.sides.iter().map(Side::set).collect()
    }

    /// The inner digits, in the order of the block's.
    pub(crate) fn radices(&self) -> Vec<Radix> {
        self.sides.iter().map(|side| side.inner).collect()
    }

    /// The block's value of an inner value of a digit of the block.
    pub(crate) fn outer_value(&self, digit: usize, value: u64) -> u64 {
        self.sides[digit].outer(value)
    }
}

/// What is left of a product when another is taken out of it: at most one product a digit, no two of which share a job.
/// Digits before the j-th at the values that both have, the j-th at those that only the first has, the rest at all.
pub(crate) fn minus(of: &[Values], out: &[Values]) -> Vec<Vec<Values>> {
    let both: Vec<Values> =
        of.iter().zip(out).map(|(of, out)| kept(of, |value| out.binary_search(value).is_ok())).collect();
    if both.iter().any(|values| values.is_empty()) {
        return vec![of.to_vec()];
    }
    let mut left = Vec::new();
    for (at, (all, out)) in of.iter().zip(out).enumerate() {
        let only = kept(all, |value| out.binary_search(value).is_err());
        if !only.is_empty() {
            left.push([&both[..at], &[only], &of[at + 1..]].concat());
        }
    }
    left
}

/// Whether two products share a job.
pub(crate) fn meet(a: &[Values], b: &[Values]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.iter().any(|value| b.binary_search(value).is_ok()))
}

fn kept(values: &Values, keeps: impl Fn(&u32) -> bool) -> Values {
    values.iter().copied().filter(|value| keeps(value)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn radices(lengths: &[u64]) -> Vec<Radix> {
        let mut weight = 1;
        let mut digits: Vec<Radix> = Vec::new();
        for &k in lengths.iter().rev() {
            digits.push(Radix { k, weight });
            weight *= k;
        }
        digits.reverse();
        digits
    }

    fn some(n: u64, mask: u32) -> Values {
        (0..n as u32).filter(|value| mask >> value & 1 == 1).collect()
    }

    proptest! {
        /// A product less others is a union of disjoint products that hold the rest, each numbered without gaps.
        #[test]
        fn what_is_left_covers_the_rest_once(
            lengths in proptest::collection::vec(1_u64..5, 1..4),
            masks in proptest::collection::vec([1_u32..16, 1_u32..16, 1_u32..16], 0..3),
        ) {
            let digits = radices(&lengths);
            let all: Vec<Values> = lengths.iter().map(|&n| (0..n as u32).collect()).collect();
            let out: Vec<Vec<Values>> = masks
                .iter()
                .map(|mask| lengths.iter().zip(mask).map(|(&n, &mask)| some(n, mask)).collect())
                .collect();
            let mut left = vec![all];
            for out in &out {
                left = left.iter().flat_map(|of| minus(of, out)).collect();
            }
            let mut covered = BTreeSet::new();
            for values in &left {
                let (within, n) = Within::of(0, &digits, values);
                for inner in 0..n {
                    let outer = within.outer(inner);
                    prop_assert_eq!(within.inner(outer), Some(inner));
                    prop_assert!(covered.insert(outer));
                }
            }
            let n: u64 = lengths.iter().product();
            for job in 0..n {
                let is_out = out.iter().any(|out| {
                    digits.iter().zip(out).all(|(digit, values)| values.contains(&((job / digit.weight % digit.k) as u32)))
                });
                prop_assert_eq!(covered.contains(&job), !is_out);
            }
        }
    }
}
