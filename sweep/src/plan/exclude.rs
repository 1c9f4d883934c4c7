//! Cells that are left out: rules over digits, their exact count, and rules that match nothing.

use std::collections::BTreeMap;

use super::grid::{Block, Digit, GridError, Part, axis_names, refuse};
use crate::spec::SweepSpec;
use crate::spec::node::Node;

/// Most comparisons of rules that a digit may cost the count: well under a second.
const MAX_WORK: usize = 1 << 27;

/// An exclusion in one block: a cell is left out if each of these digits has one of these values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    /// By digit, ascending; at least one. Values ascending.
    conditions: Vec<(usize, Vec<u32>)>,
}

impl Rule {
    /// Whether the job at `index` of the block is left out by this rule.
    pub(crate) fn matches(&self, digits: &[Digit], index: u64) -> bool {
        self.conditions.iter().all(|(digit, values)| holds(values, digits[*digit].at(index)))
    }

    /// Whether it looks at no other digits than these.
    pub(crate) fn is_about(&self, digits: &[usize]) -> bool {
        self.conditions.iter().all(|(digit, _)| digits.contains(digit))
    }

    /// The digits that it looks at, ascending.
    pub(super) fn digits(&self) -> impl Iterator<Item = usize> {
        self.conditions.iter().map(|(digit, _)| *digit)
    }

    /// The values of a digit that it matches; none where it does not look at it.
    pub(super) fn condition(&self, digit: usize) -> Option<&[u32]> {
        self.conditions.iter().find(|(at, _)| *at == digit).map(|(_, values)| values.as_slice())
    }

    fn last_digit(&self) -> usize {
        self.conditions.last().map_or(0, |(digit, _)| *digit)
    }
}

fn holds(values: &[u32], at: usize) -> bool {
    values.binary_search(&(at as u32)).is_ok()
}

/// The exclusions that match something in a product with these digits.
pub(super) fn rules(spec: &SweepSpec, digits: &[Digit]) -> Vec<Rule> {
    spec.exclude.iter().filter_map(|conditions| rule(conditions, digits)).collect()
}

/// None where an axis is missing from the product, or a value from its axis.
fn rule(conditions: &[(String, serde_json::Value)], digits: &[Digit]) -> Option<Rule> {
    let mut found: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    for (key, json) in conditions {
        let mut places = digits.iter().enumerate();
        let (digit, member) = places.find_map(|(at, digit)| {
            digit.members.iter().find(|member| member.setting.key == key).map(|member| (at, member))
        })?;
        let value = member.setting.read(&Node::from_json(json)).ok()?;
        let same = |at: &u32| member.values[*at as usize] == value;
        let matching: Vec<u32> = (0..member.values.len() as u32).filter(same).collect();
        let kept = found.entry(digit).or_insert_with(|| matching.clone());
        kept.retain(|at| matching.binary_search(at).is_ok());
    }
    let conditions: Vec<(usize, Vec<u32>)> = found.into_iter().collect();
    let possible = !conditions.is_empty() && conditions.iter().all(|(_, values)| !values.is_empty());
    possible.then_some(Rule { conditions })
}

/// Every exclusion must match something in some block.
pub(super) fn check(spec: &SweepSpec, blocks: &[Block]) -> Result<(), GridError> {
    for (at, conditions) in spec.exclude.iter().enumerate() {
        if blocks.iter().any(|block| rule(conditions, &block.digits).is_some()) {
            continue;
        }
        let is_axis = |key: &str| spec.products.iter().any(|product| product.axes.iter().any(|axis| axis.key == key));
        if let Some((key, _)) = conditions.iter().find(|(key, _)| !is_axis(key)) {
            let help = format!("axes here: {}", axis_names(spec));
            return refuse(Part::Exclude(at), key, format!("`{key}` is not an axis of this sweep"), help);
        }
        let words: Vec<String> = conditions.iter().map(|(key, json)| format!("{key} = {json}")).collect();
        let message = format!("the exclusion {} matches no cell", words.join(", "));
        return refuse(Part::Exclude(at), "grid.exclude", message, "name values that the axes have, or drop it");
    }
    Ok(())
}

/// How many cells of a block the rules leave out.
///
/// Walks the digits that rules mention, grouping the values of each by which rules they satisfy; never the replicates,
/// never the cells. The state is the set of rules that can still match.
pub(super) fn count(digits: &[Digit], rules: &[Rule]) -> Result<u64, GridError> {
    if rules.is_empty() {
        return Ok(0);
    }
    let mut states: BTreeMap<Vec<u16>, u64> = BTreeMap::new();
    states.insert((0..rules.len() as u16).collect(), 1);
    let mut excluded = 0_u64;
    let mut rest: u64 = digits.iter().map(|digit| digit.n).product();
    for (at, digit) in digits.iter().enumerate() {
        rest /= digit.n;
        let mentioned = rules.iter().any(|rule| rule.condition(at).is_some());
        if !mentioned {
            states.values_mut().for_each(|ways| *ways *= digit.n);
            continue;
        }
        let groups = groups(at, digit.n, &|_| true, rules);
        let alive: usize = states.keys().map(Vec::len).sum();
        if alive.saturating_mul(groups.len()) > MAX_WORK {
            let message = "the exclusions combine in too many ways to be counted";
            return refuse(Part::Exclude(0), "grid.exclude", message, "write fewer of them, or split the sweep");
        }
        let mut next: BTreeMap<Vec<u16>, u64> = BTreeMap::new();
        for (alive, ways) in states {
            for (satisfied, n) in &groups {
                let still: Vec<u16> = alive.iter().copied().filter(|rule| satisfied[usize::from(*rule)]).collect();
                if still.iter().any(|rule| rules[usize::from(*rule)].last_digit() == at) {
                    excluded += ways * n * rest;
                } else if still.iter().any(|rule| rules[usize::from(*rule)].last_digit() > at) {
                    *next.entry(still).or_default() += ways * n;
                }
            }
        }
        states = next;
    }
    Ok(excluded)
}

/// The values of a digit by the set of rules that they do not break, with how many values share it: of `n` values those
/// that `has` lets through.
pub(super) fn groups(at: usize, n: u64, has: &dyn Fn(u32) -> bool, rules: &[Rule]) -> BTreeMap<Vec<bool>, u64> {
    let conditions: Vec<Option<&[u32]>> = rules.iter().map(|rule| rule.condition(at)).collect();
    let mut special: Vec<u32> = conditions.iter().flatten().copied().flatten().copied().collect();
    special.sort_unstable();
    special.dedup();
    special.retain(|&value| has(value));
    let satisfied = |holds: &dyn Fn(&[u32]) -> bool| -> Vec<bool> {
        conditions.iter().map(|condition| condition.is_none_or(holds)).collect()
    };
    let mut groups = BTreeMap::new();
    for &value in &special {
        *groups.entry(satisfied(&|values| holds(values, value as usize))).or_default() += 1;
    }
    let others = n - special.len() as u64;
    if others > 0 {
        *groups.entry(satisfied(&|_| false)).or_default() += others;
    }
    groups
}
