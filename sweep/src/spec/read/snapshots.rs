//! `[snapshots]`: when weights are measured.

use crate::spec::catalogue::other;
use crate::spec::error::Fault;
use crate::spec::node::{Node, NodeValue, quote};
use crate::spec::{SnapshotRule, Snapshots, Span};

/// Most rules of a plan, and most epochs of a list.
const MAX_RULES: usize = 10_000;
/// Largest `n` of a log rule.
pub(crate) const MAX_LOG: u64 = 100_000;
const HELP: &str = "write \"every epoch\", \"every 10 steps\", { every = \"10 steps\", from = \"epoch 38\", to = \"epoch 40\" }, \
     { log = 40 } or a list of epochs such as [0, 1, 2, 4]";

/// Reads the section.
pub(super) fn read(node: &Node) -> Result<Snapshots, Fault> {
    let mut snapshots = Snapshots::default();
    for entry in node.entries("snapshots")? {
        match entry.key.as_str() {
            "at" => snapshots.at = rules(&entry.node, "snapshots.at")?,
            "keep" => snapshots.keep = entry.node.truth("snapshots.keep")?,
            _ => other("snapshots", entry)?,
        }
    }
    Ok(snapshots)
}

/// A rule, or a list of rules; a list of whole numbers alone is one rule, a list of epochs.
fn rules(node: &Node, key: &str) -> Result<Vec<SnapshotRule>, Fault> {
    let NodeValue::List(items) = &node.value else {
        return Ok(vec![rule(node, key)?]);
    };
    several(node, &items.iter().collect::<Vec<_>>(), key)
}

/// The same for a probe, which may also name the `start` and the `end`: both are always among its snapshots.
pub(super) fn at(node: &Node, key: &str) -> Result<Vec<SnapshotRule>, Fault> {
    let is_named = |item: &&Node| matches!(&item.value, NodeValue::Text(text) if text == "start" || text == "end");
    match &node.value {
        NodeValue::List(items) => several(node, &items.iter().filter(|item| !is_named(item)).collect::<Vec<_>>(), key),
        _ if is_named(&node) => Ok(Vec::new()),
        _ => rules(node, key),
    }
}

fn several(node: &Node, items: &[&Node], key: &str) -> Result<Vec<SnapshotRule>, Fault> {
    if items.len() > MAX_RULES {
        return Err(Fault::new(&node.span, key, format!("{} rules", items.len()), format!("give at most {MAX_RULES}")));
    }
    let is_number = |item: &&Node| matches!(item.value, NodeValue::Int(_) | NodeValue::Float(_));
    if !items.is_empty() && items.iter().all(is_number) {
        return Ok(vec![SnapshotRule::Epochs(epochs(items.iter().copied(), key)?)]);
    }
    items.iter().map(|item| rule(item, key)).collect()
}

fn epochs<'a>(items: impl Iterator<Item = &'a Node>, key: &str) -> Result<Vec<u64>, Fault> {
    items.map(|item| item.count(key, 0, u64::MAX)).collect()
}

fn rule(node: &Node, key: &str) -> Result<SnapshotRule, Fault> {
    match &node.value {
        NodeValue::Text(text) => match text.strip_prefix("every ").and_then(interval) {
            Some(interval) => Ok(SnapshotRule::Every { interval, from: None, to: None }),
            None => Err(Fault::new(&node.span, key, format!("{} is not a rule", quote(text)), HELP)),
        },
        NodeValue::List(items) if items.len() <= MAX_RULES => Ok(SnapshotRule::Epochs(epochs(items.iter(), key)?)),
        NodeValue::Table(_) => table(node, key),
        _ => Err(Fault::new(&node.span, key, format!("{} is not a rule", node.found()), HELP)),
    }
}

fn table(node: &Node, key: &str) -> Result<SnapshotRule, Fault> {
    let (mut log, mut every, mut from, mut to) = (None, None, None, None);
    for entry in node.entries(key)? {
        let bad = |text: &str| Fault::new(&entry.node.span, key, format!("{} is not an instant", quote(text)), HELP);
        match entry.key.as_str() {
            "log" => log = Some(entry.node.count(key, 1, MAX_LOG)? as u32),
            "every" => {
                let text = entry.node.text(key, "text such as \"10 steps\"")?;
                let words = text.strip_prefix("every ").unwrap_or(text);
                every = Some(interval(words).ok_or_else(|| bad(text))?);
            }
            "from" | "to" => {
                let text = entry.node.text(key, "text such as \"epoch 38\"")?;
                let at = Some(instant(text).ok_or_else(|| bad(text))?);
                if entry.key == "from" { from = at } else { to = at }
            }
            _ => {
                let message = format!("unknown key {} in a rule", quote(&entry.key));
                return Err(Fault::new(&entry.key_span, key, message, HELP));
            }
        }
    }
    match (log, every) {
        (Some(n), None) if from.is_none() && to.is_none() => Ok(SnapshotRule::Log { n }),
        (None, Some(interval)) => Ok(SnapshotRule::Every { interval, from, to }),
        _ => Err(Fault::new(&node.span, key, "not a rule", HELP)),
    }
}

/// `epoch`, `5 epochs`, `step`, `10 steps`; at least one.
fn interval(text: &str) -> Option<Span> {
    let mut words = text.split_whitespace();
    let (first, second) = (words.next()?, words.next());
    if words.next().is_some() {
        return None;
    }
    let (n, unit) = match second {
        None => (1, first),
        Some(unit) => (first.parse().ok().filter(|&n| n > 0)?, unit),
    };
    span(n, unit)
}

/// `epoch 38`, `step 100`.
pub(super) fn instant(text: &str) -> Option<Span> {
    let (unit, n) = text.trim().split_once(' ')?;
    span(n.trim().parse().ok()?, unit)
}

fn span(n: u64, unit: &str) -> Option<Span> {
    match unit {
        "epoch" | "epochs" => Some(Span::Epochs(n)),
        "step" | "steps" => Some(Span::Steps(n)),
        _ => None,
    }
}
