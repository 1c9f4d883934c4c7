//! How many groups exclusions leave: exact, from rules and digits, never run by run.

use std::collections::{BTreeMap, BTreeSet};

use super::family::Family;
use crate::plan::exclude::{self, Rule};
use crate::plan::grid::{Block, GridError, Part, refuse};

/// Most comparisons of rules that a family may cost the count: well under a second.
const MAX_WORK: usize = 1 << 27;

/// How many groups of a family are made: all members of a pair, and at least two of a whole set, are no excluded cells.
///
/// Walks the digits that are common to a group, grouping their values by the rules that they satisfy; what is left of the
/// rules then says which values of the axis are left out.
pub(super) fn count(family: &Family, block: &Block) -> Result<u64, GridError> {
    if block.rules.is_empty() {
        return Ok(family.n);
    }
    let over = family.over_digit();
    let mut states: BTreeMap<Vec<u16>, u64> = BTreeMap::new();
    states.insert((0..block.rules.len() as u16).collect(), 1);
    for facet in &family.rest {
        let Some(at) = facet.digit.filter(|&at| block.rules.iter().any(|rule| rule.condition(at).is_some())) else {
            states.values_mut().for_each(|ways| *ways *= facet.len());
            continue;
        };
        let groups = exclude::groups(at, facet.len(), &|value| facet.has(value), &block.rules);
        bounded(family, states.keys().map(Vec::len).sum(), groups.len())?;
        let mut next: BTreeMap<Vec<u16>, u64> = BTreeMap::new();
        for (alive, ways) in &states {
            for (satisfied, n) in &groups {
                let still: Vec<u16> = alive.iter().copied().filter(|rule| satisfied[usize::from(*rule)]).collect();
                let matched = |rule: &u16| !waits(&block.rules[usize::from(*rule)], at, over);
                if !still.iter().any(matched) {
                    *next.entry(still).or_default() += ways * n;
                }
            }
        }
        states = next;
    }
    let longest = block.rules.iter().filter_map(|rule| rule.condition(over?)).map(<[u32]>::len).sum::<usize>();
    bounded(family, states.len(), family.choice.work().saturating_add(longest))?;
    let left = |alive: &[u16]| family.choice.n_left(&left_out(family, block, alive));
    Ok(states.iter().map(|(alive, ways)| ways * left(alive)).sum())
}

/// Whether a rule that nothing broke up to a digit has a condition that is still to be looked at.
fn waits(rule: &Rule, at: usize, over: Option<usize>) -> bool {
    let later = |digit: usize| digit > at || Some(digit) == over;
    rule.digits().any(later)
}

/// The ranks of the axis' values that these rules leave out.
fn left_out(family: &Family, block: &Block, alive: &[u16]) -> Vec<u64> {
    let Some(over) = family.over_digit() else { return Vec::new() };
    let values = alive.iter().filter_map(|rule| block.rules[usize::from(*rule)].condition(over)).flatten();
    let ranks: BTreeSet<u64> = values.filter_map(|&value| family.over.rank(u64::from(value))).collect();
    ranks.into_iter().collect()
}

fn bounded(family: &Family, states: usize, each: usize) -> Result<(), GridError> {
    if states.saturating_mul(each) <= MAX_WORK {
        return Ok(());
    }
    let message = "exclusions leave out comparisons in too many ways to be counted";
    refuse(Part::Compare(family.compare), "compare", message, "write fewer exclusions, or split the sweep")
}
