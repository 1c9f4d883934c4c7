//! `[[compare]]`: runs that are measured together. Whether they fit the grid is judged when all is read.

use serde_json::{Value as Json, json};

use super::axes::{axis_setting, flatten};
use super::snapshots::instant;
use super::{Places, words};
use crate::spec::catalogue::{MAX_POINTS, REPLICATE_KEYS, other};
use crate::spec::error::Fault;
use crate::spec::node::{Entry, Node, NodeValue, quote};
use crate::spec::{Align, Compare, CompareProbe, Groups, Instant, Measure};

/// Most comparisons of a file.
const MAX_COMPARE: usize = 256;
/// Most instants of a comparison, and most values of a setting that it names.
const MAX_ITEMS: usize = 10_000;
/// The keys that name the axis, with the groups that each stands for.
pub(crate) const OVER: [(&str, Groups); 3] =
    [("pairs_over", Groups::Pairs), ("neighbours_over", Groups::Neighbours), ("all_over", Groups::All)];
/// What is measured, by name.
pub(crate) const PROBE_WORDS: [&str; 4] = ["interpolation", "distance", "alignment", "prediction"];
const PROBES: [CompareProbe; 4] =
    [CompareProbe::Interpolation, CompareProbe::Distance, CompareProbe::Alignment, CompareProbe::Prediction];
/// Sets of examples, by name.
pub(crate) const MEASURE_WORDS: [&str; 2] = ["train", "test"];
const MEASURES: [Measure; 2] = [Measure::Train, Measure::Test];
/// Alignments, by name.
pub(crate) const ALIGN_WORDS: [&str; 2] = ["none", "weights"];
const ALIGNS: [Align; 2] = [Align::None, Align::Weights];
/// Settings whose values give weights of another shape.
const SHAPES: [&str; 8] = [
    "model.kind",
    "model.hidden",
    "model.preset",
    "model.layers",
    "model.width",
    "model.norm",
    "model.bias",
    "data.features",
];

/// Reads the list, or one table alone.
pub(super) fn read(node: &Node, places: &mut Places) -> Result<Vec<Compare>, Fault> {
    let items = match &node.value {
        NodeValue::Table(_) => std::slice::from_ref(node),
        _ => node.items("compare", "a list of tables, such as [[compare]]")?,
    };
    if items.len() > MAX_COMPARE {
        let message = format!("{} comparisons", items.len());
        return Err(Fault::new(&node.span, "compare", message, format!("give at most {MAX_COMPARE}")));
    }
    items.iter().map(|item| one(item, places)).collect()
}

fn one(node: &Node, places: &mut Places) -> Result<Compare, Fault> {
    let entries = node.entries("compare")?;
    let mut compare = Compare::default();
    let mut over: Option<&Entry> = None;
    for entry in entries {
        if let Some((_, groups)) = OVER.iter().find(|(key, _)| *key == entry.key) {
            if let Some(first) = over {
                let message = format!("{} and {} both say what is compared", first.key, entry.key);
                return Err(Fault::new(
                    &entry.key_span,
                    "compare",
                    message,
                    "keep one; write [[compare]] once more for the other",
                ));
            }
            over = Some(entry);
            compare.groups = *groups;
            compare.over = name(&entry.node, &entry.key)?;
        } else {
            key(&mut compare, entry)?;
        }
    }
    let Some(over) = over else {
        let help = "add pairs_over = \"seed\", say: an axis, seed, init_seed, order_seed or branch";
        return Err(Fault::new(&node.span, "compare", "it does not say over which axis", help));
    };
    places.compare.push(over.key_span.clone());
    fits(&compare, over, entries)?;
    Ok(compare)
}

/// The axis: `replicates.seed` is `seed`.
fn name(node: &Node, key: &str) -> Result<String, Fault> {
    let text =
        node.text(&format!("compare.{key}"), "the name of an axis, such as \"seed\" or \"train.learning_rate\"")?;
    let short = text.strip_prefix("replicates.").filter(|rest| REPLICATE_KEYS.contains(rest));
    Ok(short.unwrap_or(text).to_owned())
}

fn key(compare: &mut Compare, entry: &Entry) -> Result<(), Fault> {
    let node = &entry.node;
    match entry.key.as_str() {
        "probe" => compare.probe = PROBES[words::one(node, "compare.probe", &PROBE_WORDS, &[])?],
        "at" => compare.at = at(node)?,
        "points" => compare.points = node.count("compare.points", 1, u64::from(MAX_POINTS))? as u32,
        "measure" => compare.measure = listed(node, "compare.measure", &MEASURE_WORDS, &MEASURES)?,
        "align" => compare.align = listed(node, "compare.align", &ALIGN_WORDS, &ALIGNS)?,
        "where" => compare.wanted = wanted(node)?,
        "max_pairs" => compare.max_pairs = Some(node.count("compare.max_pairs", 1, u64::from(u32::MAX))? as u32),
        _ => other("compare", entry)?,
    }
    Ok(())
}

fn listed<T: Copy>(node: &Node, key: &str, names: &[&str], all: &[T]) -> Result<Vec<T>, Fault> {
    Ok(words::several(node, key, names, false)?.into_iter().map(|at| all[at]).collect())
}

/// `"start"`, `"end"`, `"epoch 5"`, `"step 300"`: one, or a list.
fn at(node: &Node) -> Result<Vec<Instant>, Fault> {
    const KEY: &str = "compare.at";
    const HELP: &str = "write \"start\", \"end\", \"epoch 5\" or \"step 300\", or a list of them";
    let items = match &node.value {
        NodeValue::Text(_) => std::slice::from_ref(node),
        _ => node.items(KEY, "a list such as [\"start\", \"epoch 5\", \"end\"]")?,
    };
    if items.is_empty() || items.len() > MAX_ITEMS {
        return Err(Fault::new(&node.span, KEY, format!("{} instants", items.len()), HELP));
    }
    let mut found = Vec::new();
    for item in items {
        let text = item.text(KEY, "an instant such as \"end\" or \"epoch 5\"")?;
        let read = match text {
            "start" => Some(Instant::Start),
            "end" => Some(Instant::End),
            _ => instant(text).map(Instant::At),
        };
        let Some(read) = read else {
            return Err(Fault::new(&item.span, KEY, format!("{} is not an instant", quote(text)), HELP));
        };
        if found.contains(&read) {
            return Err(Fault::new(
                &item.span,
                KEY,
                format!("{} stands here twice", quote(text)),
                "drop one of the two",
            ));
        }
        found.push(read);
    }
    Ok(found)
}

/// Settings or replicates, each with a list of the values that members may have.
fn wanted(node: &Node) -> Result<Vec<(String, Vec<Json>)>, Fault> {
    const KEY: &str = "compare.where";
    let mut conditions = Vec::new();
    for (key, entry) in flatten(node, KEY)? {
        let items = entry.node.items(&key, "a list of values, such as [0.1, 0.3]")?;
        if items.is_empty() || items.len() > MAX_ITEMS {
            let message = format!("{} values", items.len());
            return Err(Fault::new(&entry.node.span, key, message, format!("give 1 to {MAX_ITEMS}")));
        }
        let values = if REPLICATE_KEYS.contains(&key.as_str()) {
            items.iter().map(|item| item.count(&key, 0, u64::MAX).map(|seed| json!(seed))).collect::<Result<_, _>>()?
        } else {
            let setting = axis_setting(&key, entry)?;
            items.iter().map(|item| Ok(setting.to_json(&setting.read(item)?))).collect::<Result<_, Fault>>()?
        };
        conditions.push((key, values));
    }
    if conditions.is_empty() {
        let help = "name a setting and its values, such as { \"model.hidden\" = [[128]] }, or leave it out";
        return Err(Fault::new(&node.span, KEY, "a condition on nothing", help));
    }
    conditions.sort_by(|a, b| a.0.cmp(&b.0));
    if let Some(pair) = conditions.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(Fault::new(&node.span, pair[0].0.clone(), "the setting stands here twice", "keep one of the two"));
    }
    Ok(conditions)
}

/// Refuses keys that the probe does not read, and probes that the groups do not fit.
fn fits(compare: &Compare, over: &Entry, entries: &[Entry]) -> Result<(), Fault> {
    let probe = compare.probe.as_str();
    for entry in entries {
        let reads = match entry.key.as_str() {
            "points" | "measure" => compare.probe == CompareProbe::Interpolation,
            "align" => compare.reads_align(),
            "max_pairs" if compare.groups != Groups::Pairs => {
                let message = format!("{} has no pairs to choose from", over.key);
                return Err(Fault::new(
                    &entry.key_span,
                    "compare.max_pairs",
                    message,
                    "leave it out, or use pairs_over",
                ));
            }
            _ => true,
        };
        if !reads {
            let key = format!("compare.{}", entry.key);
            return Err(Fault::new(&entry.key_span, key, format!("{probe} ignores it"), "leave it out"));
        }
    }
    let between_two = matches!(compare.probe, CompareProbe::Interpolation | CompareProbe::Alignment);
    if compare.groups == Groups::All && between_two {
        let message = format!("{probe} is between two runs, and all_over measures all together");
        let help = "use pairs_over, or probe = \"distance\" or \"prediction\"";
        return Err(Fault::new(&over.key_span, "compare.probe", message, help));
    }
    if compare.probe != CompareProbe::Prediction && SHAPES.contains(&compare.over.as_str()) {
        let message = format!("runs that differ in {} have weights of another shape", compare.over);
        return Err(Fault::new(&over.key_span, "compare.probe", message, "use probe = \"prediction\""));
    }
    Ok(())
}
