//! Which values of an axis make a group, by number: pairs as the rounds of a tournament, neighbours, or all.

use crate::spec::Groups;

/// The groups of `n` values, numbered from 0; values are meant by their rank, `0..n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    groups: Groups,
    /// Values.
    n: u64,
    /// Groups.
    n_groups: u64,
}

impl Choice {
    /// The groups of `n` values; of the pairs only the first so many. None where they are more than a u64 counts.
    pub(super) fn new(groups: Groups, n: u64, max_pairs: Option<u32>) -> Option<Self> {
        let n_groups = match groups {
            Groups::Pairs => {
                let every = n.checked_mul(n.saturating_sub(1))? / 2;
                max_pairs.map_or(every, |most| every.min(u64::from(most)))
            }
            Groups::Neighbours => n.saturating_sub(1),
            Groups::All => u64::from(n >= 2),
        };
        Some(Self { groups, n, n_groups })
    }

    /// How many groups there are.
    pub(super) fn n_groups(&self) -> u64 {
        self.n_groups
    }

    /// Values in a group at most.
    pub(super) fn n_members(&self) -> u64 {
        if self.groups == Groups::All { self.n } else { 2 }
    }

    /// Groups that one value is in at most.
    pub(super) fn most_of_one(&self) -> u64 {
        match self.groups {
            Groups::Pairs => self.n_rounds(),
            Groups::Neighbours => self.n_groups.min(2),
            Groups::All => self.n_groups,
        }
    }

    /// The values of a group, ascending.
    pub(super) fn members(&self, group: u64) -> Vec<u64> {
        match self.groups {
            Groups::Pairs => {
                let (a, b) = self.pair(group);
                vec![a.min(b), a.max(b)]
            }
            Groups::Neighbours => vec![group, group + 1],
            Groups::All => (0..self.n).collect(),
        }
    }

    /// The groups of a value, ascending, each with the other value of the pair (of all: with itself).
    pub(super) fn of(&self, value: u64) -> Vec<(u64, u64)> {
        match self.groups {
            Groups::Pairs => (0..self.n_rounds()).filter_map(|round| self.in_round(round, value)).collect(),
            Groups::Neighbours => {
                let before = value.checked_sub(1).map(|before| (before, before));
                let after = (value < self.n_groups).then_some((value, value + 1));
                before.into_iter().chain(after).collect()
            }
            Groups::All => (0..self.n_groups).map(|group| (group, value)).collect(),
        }
    }

    /// How many groups are left when these values, ascending, are left out.
    pub(super) fn n_left(&self, out: &[u64]) -> u64 {
        let is_in = |value: &u64| out.binary_search(value).is_err();
        let left = self.n - out.len() as u64;
        match self.groups {
            Groups::All => u64::from(left >= 2),
            Groups::Neighbours => {
                let broken = |value: &u64| u64::from(*value > 0 && is_in(&(value - 1))) + u64::from(value + 1 < self.n);
                self.n_groups - out.iter().map(broken).sum::<u64>()
            }
            Groups::Pairs if self.n_groups == self.n * self.n.saturating_sub(1) / 2 => {
                left * left.saturating_sub(1) / 2
            }
            Groups::Pairs => (0..self.n_groups).filter(|&group| self.members(group).iter().all(is_in)).count() as u64,
        }
    }

    /// A bound on the work of [`Self::n_left`].
    pub(super) fn work(&self) -> usize {
        let capped = self.groups == Groups::Pairs && self.n_groups < self.n * self.n.saturating_sub(1) / 2;
        usize::try_from(if capped { self.n_groups } else { self.n }).unwrap_or(usize::MAX)
    }

    /// The modulus of the circle: odd, `n` or one less.
    fn circle(&self) -> u64 {
        if self.n % 2 == 1 { self.n } else { self.n.saturating_sub(1).max(1) }
    }

    /// Pairs of a round, in which every value stands at most once.
    fn per_round(&self) -> u64 {
        (self.n / 2).max(1)
    }

    fn n_rounds(&self) -> u64 {
        self.n_groups.div_ceil(self.per_round())
    }

    /// The circle method of tournaments: in round r, values that lie opposite each other around r meet; of an even number
    /// the last value stands outside the circle and meets r. So any first so many pairs cover the values evenly.
    fn pair(&self, group: u64) -> (u64, u64) {
        let (round, at, circle) = (group / self.per_round(), group % self.per_round(), self.circle());
        let s = if self.n % 2 == 1 { at + 1 } else { at };
        if s == 0 { (round, self.n - 1) } else { ((round + s) % circle, (round + circle - s) % circle) }
    }

    /// The pair of a value in a round, and whom it meets there.
    fn in_round(&self, round: u64, value: u64) -> Option<(u64, u64)> {
        let (even, circle) = (self.n.is_multiple_of(2), self.circle());
        let outside = even && value == self.n - 1;
        let distance = if outside { 0 } else { (value + circle - round) % circle };
        let s = distance.min((circle - distance) % circle);
        let other = match s {
            0 if !even => return None,
            0 if outside => round,
            0 => self.n - 1,
            _ => (round + circle - distance) % circle,
        };
        let group = round * self.per_round() + if even { s } else { s - 1 };
        (group < self.n_groups).then_some((group, other))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const KINDS: [Groups; 3] = [Groups::Pairs, Groups::Neighbours, Groups::All];

    #[test]
    fn groups_are_each_once_and_known_to_their_values() {
        for (kind, n) in KINDS.into_iter().flat_map(|kind| (0..14).map(move |n| (kind, n))) {
            for most in [None, Some(0), Some(1), Some(7), Some(1000)] {
                let choice = Choice::new(kind, n, most).unwrap();
                let groups: Vec<Vec<u64>> = (0..choice.n_groups()).map(|group| choice.members(group)).collect();
                assert_eq!(groups.iter().collect::<BTreeSet<_>>().len(), groups.len(), "{choice:?}");
                assert!(groups.iter().flatten().all(|&value| value < n));
                let mut degree = 0;
                for value in 0..n {
                    let of = choice.of(value);
                    let expected: Vec<u64> =
                        (0..choice.n_groups()).filter(|&group| groups[group as usize].contains(&value)).collect();
                    assert_eq!(of.iter().map(|(group, _)| *group).collect::<Vec<_>>(), expected, "{value} {choice:?}");
                    assert!(of.iter().all(|(group, other)| groups[*group as usize].contains(other)));
                    degree = degree.max(of.len() as u64);
                }
                assert!(degree <= choice.most_of_one());
                for out in [vec![], vec![0], vec![0, 1, 5], (0..n).collect(), (1..n).step_by(2).collect()] {
                    let out: Vec<u64> = out.into_iter().filter(|&value| value < n).collect();
                    let left = |group: &&Vec<u64>| match kind {
                        Groups::All => group.iter().filter(|value| !out.contains(value)).count() >= 2,
                        _ => group.iter().all(|value| !out.contains(value)),
                    };
                    assert_eq!(choice.n_left(&out), groups.iter().filter(left).count() as u64, "{out:?} {choice:?}");
                }
            }
        }
    }

    #[test]
    fn the_first_pairs_cover_the_values_evenly() {
        let choice = Choice::new(Groups::Pairs, 10, Some(5)).unwrap();
        let values: BTreeSet<u64> = (0..5).flat_map(|group| choice.members(group)).collect();
        assert_eq!((values.len(), choice.most_of_one()), (10, 1));
    }
}
