//! Where the products of a spec lie in those of a larger one, and what forbids it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::exclude::{self, Rule};
use super::super::grid::{Block, Digit, Grid, Member};
use super::super::within::{Renamed, Side, Values, Within, meet};
use super::ExtendError;
use crate::settings::RunSettings;
use crate::spec::SweepSpec;
use crate::spec::catalogue::{SETTINGS, Value};
use crate::spec::read::is_length;

/// A spec and its grid.
pub(super) type Of<'a> = (&'a SweepSpec, &'a Grid);

/// Values that a message lists.
const MAX_LISTED: usize = 12;

/// For each product of the old spec the one of the new that holds it; no run of the new is of two old ones.
pub(super) fn blocks(old: Of<'_>, new: Of<'_>) -> Result<Vec<Within>, ExtendError> {
    let mut found: Vec<Within> = Vec::new();
    let mut taken: Vec<(usize, Vec<Values>)> = Vec::new();
    for at in 0..old.1.blocks.len() {
        let others = (0..new.1.blocks.len()).filter(|other| *other != at);
        let candidates = (at < new.1.blocks.len()).then_some(at).into_iter().chain(others);
        let mut refusal = None;
        let mut fitted = None;
        for to in candidates {
            match fit(old, at, new, to).and_then(|within| free(within, &taken)) {
                Ok(within) => {
                    fitted = Some(within);
                    break;
                }
                Err(error) => _ = refusal.get_or_insert(error),
            }
        }
        match (fitted, refusal) {
            (Some(within), _) => {
                taken.push((within.block, within.values()));
                found.push(within);
            }
            (None, Some(error)) => return Err(error),
            (None, None) => unreachable!("a grid has at least one block"),
        }
    }
    Ok(found)
}

/// Refuses a place where another product of the old spec lies already.
fn free(within: Within, taken: &[(usize, Vec<Values>)]) -> Result<Within, ExtendError> {
    let values = within.values();
    if taken.iter().any(|(block, others)| *block == within.block && meet(others, &values)) {
        let (was, is) = ("several products with a cell in common", "one product with that cell once");
        return Err(ExtendError::differs("axes", was, is, "a cell that the sweep has twice is there once"));
    }
    Ok(within)
}

/// Where a product of the old spec lies in one of the new.
fn fit(old: Of<'_>, at: usize, new: Of<'_>, to: usize) -> Result<Within, ExtendError> {
    let (from, into) = (&old.1.blocks[at], &new.1.blocks[to]);
    let (inner, outer) = (old.1.radices(at), new.1.radices(to));
    let mut sides = Vec::with_capacity(outer.len());
    for digit in &into.digits {
        let (source, values) = axis(old.0, from, digit)?;
        sides.push((source, values));
    }
    all_there(new.0, from, into, &sides)?;
    for replicate in 0..new.1.replicates.len() {
        sides.push(replicates(old, from, new, replicate)?);
    }
    no_seed_lost(old, new)?;
    let side = |((digit, values), outer): ((Option<usize>, Vec<u32>), _)| Side {
        digit,
        inner: digit.map_or(super::super::order::Radix { k: 1, weight: 1 }, |digit| inner[digit]),
        outer,
        values: Some(Arc::new(Renamed::new(values))),
    };
    let within = Within::new(to, sides.into_iter().zip(outer).map(side).collect());
    none_excluded(old.0, from, new.0, into, &within)?;
    Ok(within)
}

/// The old digit that a new one takes its values from, and the new value by the old one; of an axis that the old product
/// did not have, none and the value that all its runs have.
fn axis(spec: &SweepSpec, from: &Block, digit: &Digit) -> Result<(Option<usize>, Vec<u32>), ExtendError> {
    let key = digit.members[0].setting.key;
    let sources: BTreeSet<usize> =
        digit.members.iter().filter_map(|member| find(from, member.setting.key)).map(|(at, _)| at).collect();
    let mut sources = sources.into_iter();
    let (source, more) = (sources.next(), sources.next());
    if more.is_some() {
        let (was, is) = ("axes that vary by themselves", "axes that advance together");
        return Err(ExtendError::differs("grid.zip", was, is, format!("{key} is zipped with another axis")));
    }
    let by_text: BTreeMap<String, u32> =
        (0..digit.n as u32).map(|value| (text(digit, value as usize), value)).collect();
    let n_old = source.map_or(1, |source| from.digits[source].n);
    let place = |value: u64| {
        let words: Vec<String> = digit
            .members
            .iter()
            .map(|member| {
                let setting = member.setting;
                match find(from, setting.key) {
                    Some((_, old)) => setting.to_json(&old.values[value as usize]).to_string(),
                    None => setting.to_json(&(setting.get)(&spec.base)).to_string(),
                }
            })
            .collect();
        let words = words.join(", ");
        by_text.get(&words).copied().ok_or_else(|| {
            let is: Vec<String> = (0..digit.n as usize).take(MAX_LISTED).map(|value| text(digit, value)).collect();
            let more = if digit.n as usize > MAX_LISTED { ", …" } else { "" };
            let is = format!("one of {}{more}", is.join("; "));
            ExtendError::differs(key, words, is, "a value that the sweep has is not there any more")
        })
    };
    let values = (0..n_old).map(place).collect::<Result<_, _>>()?;
    Ok((source, values))
}

/// The values of a digit's members, in words.
fn text(digit: &Digit, value: usize) -> String {
    let words: Vec<String> =
        digit.members.iter().map(|member| member.setting.to_json(&member.values[value]).to_string()).collect();
    words.join(", ")
}

/// The digit that has a key, and the values.
fn find<'a>(block: &'a Block, key: &str) -> Option<(usize, &'a Member)> {
    let mut digits = block.digits.iter().enumerate();
    digits.find_map(|(at, digit)| Some((at, digit.members.iter().find(|member| member.setting.key == key)?)))
}

/// No axis of the old product is lost: what is no axis any more had one value, and has it still; what advanced together
/// does so still.
fn all_there(
    spec: &SweepSpec,
    from: &Block,
    into: &Block,
    sides: &[(Option<usize>, Vec<u32>)],
) -> Result<(), ExtendError> {
    for (at, digit) in from.digits.iter().enumerate() {
        for member in digit.members.iter().filter(|member| find(into, member.setting.key).is_none()) {
            let setting = member.setting;
            let (is, words) = ((setting.get)(&spec.base), |value: &Value| setting.to_json(value).to_string());
            if let Some(was) = member.values.iter().find(|value| **value != is) {
                let message = "an axis of the sweep is none any more";
                return Err(ExtendError::differs(setting.key, words(was), words(&is), message));
            }
        }
        if digit.n > 1 && sides.iter().filter(|(source, _)| *source == Some(at)).count() > 1 {
            let (was, is) = ("axes that advance together", "axes that vary by themselves");
            let message = format!("{} is not zipped any more", digit.members[0].setting.key);
            return Err(ExtendError::differs("grid.zip", was, is, message));
        }
    }
    Ok(())
}

/// As [`axis`], of a replicate: seeds by their values, branches by their numbers.
fn replicates(old: Of<'_>, from: &Block, new: Of<'_>, at: usize) -> Result<(Option<usize>, Vec<u32>), ExtendError> {
    let digit = &new.1.replicates[at];
    let source = old.1.replicates.iter().position(|other| other.key == digit.key);
    let key = if digit.key == "branch" { "fork.branches".to_owned() } else { format!("replicates.{}", digit.key) };
    let Some(source) = source else {
        if digit.key == "branch" {
            return Ok((None, vec![0]));
        }
        let was: Vec<&str> = old.1.replicates.iter().map(|other| other.key).collect();
        let message = "runs that had one seed for all would have seeds apart";
        return Err(ExtendError::differs(key, was.join(", "), digit.key, message));
    };
    let by_seed: BTreeMap<u64, u32> = (0..digit.n).map(|value| (digit.value(new.0, value), value as u32)).collect();
    let other = &old.1.replicates[source];
    let place = |value: u64| {
        let seed = other.value(old.0, value);
        by_seed.get(&seed).copied().ok_or_else(|| {
            let is = format!("{} others", digit.n);
            ExtendError::differs(
                key.clone(),
                seed.to_string(),
                is,
                "a replicate that the sweep has is not there any more",
            )
        })
    };
    Ok((Some(from.digits.len() + source), (0..other.n).map(place).collect::<Result<_, _>>()?))
}

/// No kind of seed is lost, nor are branches.
fn no_seed_lost(old: Of<'_>, new: Of<'_>) -> Result<(), ExtendError> {
    let lost = old.1.replicates.iter().find(|old| new.1.replicates.iter().all(|new| new.key != old.key));
    match lost {
        None => Ok(()),
        Some(lost) => {
            let is: Vec<&str> = new.1.replicates.iter().map(|new| new.key).collect();
            let message = "runs would not be told apart by it any more";
            Err(ExtendError::differs(format!("replicates.{}", lost.key), lost.key, is.join(", "), message))
        }
    }
}

/// No cell of the old product is newly excluded. Cells that were may be there now.
fn none_excluded(
    old: &SweepSpec,
    from: &Block,
    new: &SweepSpec,
    into: &Block,
    within: &Within,
) -> Result<(), ExtendError> {
    if new.exclude.is_empty() {
        return Ok(());
    }
    let digits = narrowed(into, within);
    let has_axes =
        |conditions: &[(String, serde_json::Value)]| conditions.iter().all(|(key, _)| find(from, key).is_some());
    let earlier =
        SweepSpec { exclude: old.exclude.iter().filter(|rule| has_axes(rule)).cloned().collect(), ..new.clone() };
    let before = exclude::rules(&earlier, &digits);
    let now: Vec<Rule> = exclude::rules(new, &digits).into_iter().chain(before.iter().cloned()).collect();
    let count = |rules: &[Rule]| {
        exclude::count(&digits, rules)
            .map_err(|error| ExtendError::differs(error.key, "fewer exclusions", "more", error.message))
    };
    if count(&now)? > count(&before)? {
        let (was, is) = ("cells that are run", "cells that are left out");
        return Err(ExtendError::differs("grid.exclude", was, is, "a cell that the sweep has is excluded"));
    }
    Ok(())
}

/// The digits of a product with the values that an inner one has.
fn narrowed(into: &Block, within: &Within) -> Vec<Digit> {
    let inner = within.radices();
    let narrow = |(at, digit): (usize, &Digit)| {
        let n = inner[at].k;
        let member = |member: &Member| Member {
            setting: member.setting,
            values: (0..n).map(|value| member.values[within.outer_value(at, value) as usize].clone()).collect(),
        };
        Digit { n, weight: digit.weight, members: digit.members.iter().map(member).collect() }
    };
    into.digits.iter().enumerate().map(narrow).collect()
}

/// The runs of the old spec are about the same data, and are trained no shorter.
pub(super) fn same_data_as_long(old: Of<'_>, new: Of<'_>, within: &[Within]) -> Result<(), ExtendError> {
    for (at, within) in within.iter().enumerate() {
        for index in samples(old, at, new.0) {
            let before = old.1.settings(old.0, at, index);
            let now = new.1.settings(new.0, within.block, within.outer(index));
            for setting in SETTINGS {
                let (was, is) = ((setting.get)(&before), (setting.get)(&now));
                let words = |value: &Value| setting.to_json(value).to_string();
                if setting.key.starts_with("data.") && setting.key != "data.dir" && was != is {
                    let message = "another data set is another experiment";
                    return Err(ExtendError::differs(setting.key, words(&was), words(&is), message));
                }
                if let (true, Value::Count(long), Value::Count(short)) = (is_length(setting.key), &was, &is)
                    && short < long
                {
                    let message = "runs that were trained for longer would be trained for less";
                    return Err(ExtendError::differs(setting.key, words(&was), words(&is), message));
                }
            }
        }
    }
    Ok(())
}

/// Whether a product's runs have other trainings than they had.
pub(super) fn trains_otherwise(old: Of<'_>, at: usize, new: Of<'_>, within: &Within) -> bool {
    let id = |settings: &RunSettings| crate::run_id(settings, "");
    samples(old, at, new.0).any(|index| {
        let before = old.1.settings(old.0, at, index);
        let now = new.1.settings(new.0, within.block, within.outer(index));
        id(&before) != id(&now)
    })
}

/// Runs of a product that show how its settings differ under a spec with equal axes: the first where the bases are equal,
/// and else one for every value of every axis, because a value can hide a setting of the base, but not more.
fn samples(old: Of<'_>, block: usize, new: &SweepSpec) -> impl Iterator<Item = u64> {
    let of = |digit: &Digit| (0..digit.n).map(|value| value * digit.weight).collect::<Vec<_>>();
    let digits = old.1.blocks[block].digits.iter().filter(|_| old.0.base != new.base);
    let others: BTreeSet<u64> = digits.flat_map(of).chain([0]).collect();
    others.into_iter()
}
