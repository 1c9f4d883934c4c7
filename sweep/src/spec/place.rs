//! Where a key stands in a sweep file, for who refuses it for a reason that the file alone does not tell.

use std::ops::Range;

use super::error::Fault;
use super::node::{Node, NodeValue};
use super::{Format, SpecError, text};

/// A refusal of a key in a sweep file that can be read, at the place of the key: as an axis, else as a setting, else of
/// the table that it would stand in.
#[must_use]
pub fn refuse_key(
    source: (&str, Format, &str),
    key: &str,
    message: impl Into<String>,
    help: impl Into<String>,
) -> SpecError {
    let (document, format, file) = source;
    let root = text::read(document, format).ok();
    let span = root.and_then(|root| axis(&root, key).or_else(|| nearest(&root, key))).unwrap_or(0..0);
    Fault::new(&span, key, message, help).locate(file, document)
}

/// The key of an axis, whose dots are its own.
fn axis(root: &Node, key: &str) -> Option<Range<usize>> {
    let axes = &entries(root)?.iter().find(|entry| entry.key == "axes")?.node;
    let products = match &axes.value {
        NodeValue::List(products) => products.iter().collect(),
        _ => vec![axes],
    };
    let mut keys = products.into_iter().filter_map(entries).flatten();
    keys.find(|entry| entry.key == key).map(|entry| entry.key_span.clone())
}

/// The longest beginning of a dotted key that is there.
fn nearest(root: &Node, key: &str) -> Option<Range<usize>> {
    let (mut at, mut found) = (root, None);
    for part in key.split('.') {
        let Some(entry) = entries(at).and_then(|entries| entries.iter().find(|entry| entry.key == part)) else { break };
        found = Some(entry.key_span.clone());
        at = &entry.node;
    }
    found
}

fn entries(node: &Node) -> Option<&Vec<super::node::Entry>> {
    match &node.value {
        NodeValue::Table(entries) => Some(entries),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_as_axis_as_setting_or_by_its_table() {
        let document = "name = 'a'\n[train]\nepochs = 3\n[axes]\n'train.momentum' = [0, 1]\n";
        let line = |key: &str| refuse_key((document, Format::Toml, "a.toml"), key, "no", "").line;
        let rows = [("name", 1), ("train.epochs", 3), ("train.momentum", 5), ("train.steps", 2), ("probes.hessian", 1)];
        for (key, expected) in rows {
            assert_eq!(line(key), expected, "{key}");
        }
    }
}
