//! Tree to spec: one reader a section, every key checked, every place remembered for the checks of the whole.

mod axes;
pub(crate) mod compare;
pub(crate) mod duration;
pub(crate) mod execution;
pub(crate) mod fork;
mod grid;
mod probes;
mod range;
mod replicates;
mod snapshots;
pub(crate) mod words;

use std::collections::BTreeMap;
use std::ops::Range;

use super::catalogue::{Kind, dotted, other, setting};
use super::error::Fault;
use super::node::{Entry, Node, NodeValue, quote};
use super::{Execution, Probes, Product, Snapshots, SweepSpec};
use crate::settings::RunSettings;

pub(crate) use axes::{MAX_AXES, MAX_AXIS_VALUES, MAX_PRODUCTS};
pub(crate) use grid::MAX_RULES;

/// The version of this grammar.
const SPEC_VERSION: u64 = 1;
/// Longest name.
const MAX_NAME: usize = 64;

/// Where the parts of a spec stand in its text.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// Settings that the file gives, by dotted key.
    pub(crate) given: BTreeMap<String, Range<usize>>,
    /// By product, by axis.
    pub(crate) axes: Vec<Vec<AxisPlace>>,
    /// By zip.
    pub(crate) zip: Vec<Range<usize>>,
    /// By exclusion.
    pub(crate) exclude: Vec<Range<usize>>,
    /// By comparison.
    pub(crate) compare: Vec<Range<usize>>,
    /// Of `[axes]`, else of the file's first line.
    pub(crate) grid: Range<usize>,
}

/// Where an axis stands.
#[derive(Debug)]
pub(crate) struct AxisPlace {
    /// Its key.
    pub(crate) key: Range<usize>,
    /// Each value; all the same for a range.
    pub(crate) values: Vec<Range<usize>>,
}

/// Reads the whole file.
pub(crate) fn spec(root: &Node) -> Result<(SweepSpec, Places), Fault> {
    let entries = match &root.value {
        NodeValue::Table(entries) => entries.as_slice(),
        _ => return Err(root.mismatch("", "a table of sections such as `name`, `[model]`, `[train]` and `[axes]`")),
    };
    let mut places = Places::default();
    let mut read = empty();
    for entry in entries {
        section(&mut read, &mut places, entry)?;
    }
    if read.name.is_empty() {
        return Err(Fault::new(&(0..0), "name", "the name is missing", "add a line such as name = \"lr-by-width\""));
    }
    if places.axes.is_empty() {
        places.axes.push(Vec::new());
    }
    Ok((read, places))
}

fn empty() -> SweepSpec {
    SweepSpec {
        name: String::new(),
        base: RunSettings::default(),
        snapshots: Snapshots::default(),
        probes: Probes::default(),
        products: vec![Product::default()],
        zip: Vec::new(),
        exclude: Vec::new(),
        replicates: replicates::default(),
        n_branches: 1,
        compare: Vec::new(),
        execution: Execution::default(),
    }
}

fn section(read: &mut SweepSpec, places: &mut Places, entry: &Entry) -> Result<(), Fault> {
    match entry.key.as_str() {
        "spec" => version(&entry.node),
        "name" => {
            read.name = name(&entry.node)?;
            Ok(())
        }
        "data" | "model" | "train" => settings(&mut read.base, places, entry),
        "snapshots" => {
            read.snapshots = snapshots::read(&entry.node)?;
            Ok(())
        }
        "probes" => {
            read.probes = probes::read(&entry.node)?;
            Ok(())
        }
        "axes" => {
            places.grid = entry.key_span.clone();
            (read.products, places.axes) = axes::read(&entry.node)?;
            Ok(())
        }
        "grid" => grid::read(&entry.node, read, places),
        "replicates" => {
            read.replicates = replicates::read(&entry.node)?;
            Ok(())
        }
        "fork" => fork::read(&entry.node, read, places),
        "compare" => {
            read.compare = compare::read(&entry.node, places)?;
            Ok(())
        }
        "execution" => {
            read.execution = execution::read(&entry.node)?;
            Ok(())
        }
        _ => other("", entry),
    }
}

fn version(node: &Node) -> Result<(), Fault> {
    match node.value {
        NodeValue::Int(1) => Ok(()),
        _ => {
            let message = format!("this version reads grammar {SPEC_VERSION}, found {}", node.found());
            Err(Fault::new(&node.span, "spec", message, "write spec = 1"))
        }
    }
}

fn name(node: &Node) -> Result<String, Fault> {
    let text = node.text("name", "text")?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !text.is_empty() && text.len() <= MAX_NAME && text.chars().all(plain) && !text.starts_with('-') {
        return Ok(text.to_owned());
    }
    let mut better: String =
        text.to_lowercase().chars().map(|c| if plain(c) { c } else { '-' }).take(MAX_NAME).collect();
    better = better.trim_matches('-').to_owned();
    let rule = format!("a name is 1 to {MAX_NAME} characters of a-z, 0-9 and -, not starting with -");
    let help = if better.is_empty() { rule } else { format!("{rule}, such as {}", quote(&better)) };
    Err(Fault::new(&node.span, "name", format!("{} is not a name", quote(text)), help))
}

/// `[data]`, `[model]`, `[train]`: settings from the catalogue.
fn settings(base: &mut RunSettings, places: &mut Places, entry: &Entry) -> Result<(), Fault> {
    let mut length: Option<&str> = None;
    for inner in entry.node.entries(&entry.key)? {
        let key = dotted(&entry.key, &inner.key);
        let Some(setting) = setting(&key) else {
            other(&entry.key, inner)?;
            continue;
        };
        let value = setting.read(&inner.node)?;
        if is_length(&key) {
            if let Some(first) = length {
                let message = format!("the length of the training is given twice: {first} and {}", inner.key);
                return Err(Fault::new(
                    &inner.key_span,
                    key,
                    message,
                    "keep exactly one of epochs, steps and examples",
                ));
            }
            length = Some(&inner.key);
        }
        (setting.set)(base, &value);
        places.given.insert(key, inner.key_span.clone());
    }
    Ok(())
}

/// Whether a key is one of the three lengths of a training.
pub(crate) fn is_length(key: &str) -> bool {
    matches!(key, "train.epochs" | "train.steps" | "train.examples")
}

/// Whether ranges make sense for a setting, and whether its values are whole.
fn range_kind(kind: Kind) -> Option<bool> {
    match kind {
        Kind::Count { .. } | Kind::Batch => Some(true),
        Kind::Number { .. } => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::spec::catalogue::STRUCTURE;

    #[test]
    fn sections_are_in_the_catalogue() {
        for key in
            ["spec", "name", "data", "model", "train", "snapshots", "probes", "axes", "grid", "replicates", "execution"]
        {
            assert!(STRUCTURE.contains(&key), "{key}");
        }
    }
}
