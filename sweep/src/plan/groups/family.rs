//! A family: the groups of one `[[compare]]` in one block, numbered by what is common to the members.

use super::pairs::Choice;
use crate::plan::grid::{Block, ReplicateDigit};
use crate::spec::catalogue::setting;
use crate::spec::node::Node;
use crate::spec::{Compare, Groups, SweepSpec};

/// The groups of one `[[compare]]` in one block: for every choice of all other digits the groups over one.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    /// Which of the spec's.
    pub(crate) compare: usize,
    /// Which block.
    pub(crate) block: usize,
    /// Its first number, counted from the first comparison.
    pub(crate) first: u64,
    /// Its numbers, those left out included.
    pub(crate) n: u64,
    pub(super) over: Facet,
    /// All other digits as they stand in a job's index, the last varying fastest.
    pub(super) rest: Vec<Facet>,
    pub(super) choice: Choice,
    all: bool,
}

/// A digit of a block's jobs, narrowed to the values that are wanted.
#[derive(Clone, Debug)]
pub(super) struct Facet {
    /// Which of the block's; none for a replicate.
    pub(super) digit: Option<usize>,
    /// Values.
    n: u64,
    weight: u64,
    /// The wanted ones, ascending; all where none is named.
    wanted: Option<Vec<u32>>,
}

impl Facet {
    /// How many values are wanted.
    pub(super) fn len(&self) -> u64 {
        self.wanted.as_ref().map_or(self.n, |wanted| wanted.len() as u64)
    }

    /// Whether a value is wanted.
    pub(super) fn has(&self, value: u32) -> bool {
        self.rank(u64::from(value)).is_some()
    }

    /// The place of a value among those wanted.
    pub(super) fn rank(&self, value: u64) -> Option<u64> {
        match &self.wanted {
            None => (value < self.n).then_some(value),
            Some(wanted) => wanted.binary_search(&u32::try_from(value).ok()?).ok().map(|rank| rank as u64),
        }
    }

    /// What the wanted value at `rank` adds to a job's index.
    fn jobs(&self, rank: u64) -> u64 {
        self.weight * self.wanted.as_ref().map_or(rank, |wanted| u64::from(wanted[rank as usize]))
    }

    /// The place among those wanted of the value that the job at `index` has.
    fn rank_of(&self, index: u64) -> Option<u64> {
        self.rank(index / self.weight % self.n)
    }

    /// Leaves only the values that `keeps`.
    fn narrow(&mut self, keeps: impl Fn(u32) -> bool) {
        let kept = match &self.wanted {
            None => (0..self.n as u32).filter(|&value| keeps(value)).collect(),
            Some(wanted) => wanted.iter().copied().filter(|&value| keeps(value)).collect(),
        };
        self.wanted = Some(kept);
    }
}

/// Why a block has no family of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoFamily {
    /// The axis is not there.
    NoAxis,
    /// None of its runs is wanted, or fewer than two values are.
    Empty,
    /// More numbers than a u64 has.
    TooMany,
}

impl Family {
    /// The family of a comparison in a block.
    pub(crate) fn new(
        spec: &SweepSpec,
        compare: usize,
        (at, block): (usize, &Block),
        replicates: &[ReplicateDigit],
        first: u64,
    ) -> Result<Self, NoFamily> {
        let asked = &spec.compare[compare];
        let (mut facets, over) = facets(asked, block, replicates);
        let over = over.ok_or(NoFamily::NoAxis)?;
        for (key, values) in &asked.wanted {
            narrow(spec, block, replicates, &mut facets, key, values).ok_or(NoFamily::Empty)?;
        }
        let over = facets.remove(over);
        let choice = Choice::new(asked.groups, over.len(), asked.max_pairs).ok_or(NoFamily::TooMany)?;
        let n = facets.iter().try_fold(choice.n_groups(), |n, facet| n.checked_mul(facet.len()));
        match n {
            None => Err(NoFamily::TooMany),
            Some(0) => Err(NoFamily::Empty),
            Some(n) => {
                Ok(Self { compare, block: at, first, n, over, rest: facets, choice, all: asked.groups == Groups::All })
            }
        }
    }

    /// The members of a group as indices in the block, ascending. `number` counts from the family's first.
    pub(super) fn members(&self, number: u64) -> Vec<u64> {
        let (mut rest, group) = (number / self.choice.n_groups(), number % self.choice.n_groups());
        let mut base = 0;
        for facet in self.rest.iter().rev() {
            base += facet.jobs(rest % facet.len());
            rest /= facet.len();
        }
        self.choice.members(group).into_iter().map(|rank| base + self.over.jobs(rank)).collect()
    }

    /// The numbers of the groups of the job at `index`, ascending, each with the index of the other member of a pair (of
    /// all: its own). Nothing where it is not wanted.
    pub(super) fn of(&self, index: u64) -> Vec<(u64, u64)> {
        let Some(rank) = self.over.rank_of(index) else { return Vec::new() };
        let rest = self.rest.iter().try_fold(0, |rest, facet| Some(rest * facet.len() + facet.rank_of(index)?));
        let Some(rest) = rest else { return Vec::new() };
        let base = index - self.over.jobs(rank);
        let at = |(group, other)| (rest * self.choice.n_groups() + group, base + self.over.jobs(other));
        self.choice.of(rank).into_iter().map(at).collect()
    }

    /// Whether a group is all values together.
    pub(crate) fn is_all(&self) -> bool {
        self.all
    }

    /// Groups that one run is in at most.
    pub(crate) fn most_of_one(&self) -> u64 {
        self.choice.most_of_one()
    }

    /// Members of a group at most.
    pub(crate) fn n_members(&self) -> u64 {
        self.choice.n_members()
    }

    /// The digit of the block over which its members differ; none for a replicate.
    pub(crate) fn over_digit(&self) -> Option<usize> {
        self.over.digit
    }
}

/// All digits of a block's jobs, replicates among them, and which of them is compared over.
fn facets(asked: &Compare, block: &Block, replicates: &[ReplicateDigit]) -> (Vec<Facet>, Option<usize>) {
    let digits = block.digits.iter().enumerate().map(|(at, digit)| Facet {
        digit: Some(at),
        n: digit.n,
        weight: digit.weight,
        wanted: None,
    });
    let seeds = replicates.iter().map(|digit| Facet { digit: None, n: digit.n, weight: digit.weight, wanted: None });
    let of_digit = block.digits.iter().position(|digit| digit.members.iter().any(|m| m.setting.key == asked.over));
    let of_seed = replicates.iter().position(|digit| digit.key == asked.over);
    let over = of_digit.or(of_seed.map(|at| block.digits.len() + at));
    (digits.chain(seeds).collect(), over)
}

/// Leaves only the runs that have one of the values; none if there is no such run.
fn narrow(
    spec: &SweepSpec,
    block: &Block,
    replicates: &[ReplicateDigit],
    facets: &mut [Facet],
    key: &str,
    values: &[serde_json::Value],
) -> Option<()> {
    if let Some(at) = replicates.iter().position(|digit| digit.key == key) {
        let digit = &replicates[at];
        let facet = &mut facets[block.digits.len() + at];
        facet.narrow(|value| values.iter().any(|json| json.as_u64() == Some(digit.value(spec, u64::from(value)))));
        return (facet.len() > 0).then_some(());
    }
    if key == "branch" {
        // Nothing forks: every run is its own trunk.
        return values.iter().any(|json| json.as_u64() == Some(0)).then_some(());
    }
    let setting = setting(key)?;
    let wanted: Vec<_> = values.iter().filter_map(|json| setting.read(&Node::from_json(json)).ok()).collect();
    for (digit, facet) in block.digits.iter().zip(facets) {
        if let Some(member) = digit.members.iter().find(|member| member.setting.key == key) {
            facet.narrow(|value| wanted.contains(&member.values[value as usize]));
            return (facet.len() > 0).then_some(());
        }
    }
    wanted.contains(&(setting.get)(&spec.base)).then_some(())
}
