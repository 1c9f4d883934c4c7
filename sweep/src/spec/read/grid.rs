//! `[grid]`: axes that advance together, and cells that are left out.

use super::axes::{axis_setting, flatten};
use super::{Places, SweepSpec};
use crate::spec::catalogue::other;
use crate::spec::error::Fault;
use crate::spec::node::Node;

/// Most exclusions, and most zips.
pub(crate) const MAX_RULES: usize = 1024;

/// Reads `zip` and `exclude`. Whether they fit the axes is judged when all is read.
pub(super) fn read(node: &Node, spec: &mut SweepSpec, places: &mut Places) -> Result<(), Fault> {
    for entry in node.entries("grid")? {
        match entry.key.as_str() {
            "zip" => {
                for item in bounded(&entry.node, "grid.zip", "a list of lists of axes")? {
                    spec.zip.push(zip(item)?);
                    places.zip.push(item.span.clone());
                }
            }
            "exclude" => {
                for item in bounded(&entry.node, "grid.exclude", "a list of tables of axes and values")? {
                    spec.exclude.push(exclusion(item)?);
                    places.exclude.push(item.span.clone());
                }
            }
            _ => other("grid", entry)?,
        }
    }
    Ok(())
}

fn bounded<'a>(node: &'a Node, key: &str, expected: &str) -> Result<&'a [Node], Fault> {
    let items = node.items(key, expected)?;
    if items.len() > MAX_RULES {
        let help = format!("give at most {MAX_RULES}");
        return Err(Fault::new(&node.span, key, format!("{} entries", items.len()), help));
    }
    Ok(items)
}

fn zip(node: &Node) -> Result<Vec<String>, Fault> {
    const EXPECTED: &str = "a list of at least two axes, such as [\"train.batch_size\", \"train.epochs\"]";
    let items = node.items("grid.zip", EXPECTED)?;
    if items.len() < 2 {
        return Err(node.mismatch("grid.zip", EXPECTED));
    }
    items.iter().map(|item| item.text("grid.zip", "the dotted key of an axis").map(str::to_owned)).collect()
}

fn exclusion(node: &Node) -> Result<Vec<(String, serde_json::Value)>, Fault> {
    let mut conditions = Vec::new();
    for (key, entry) in flatten(node, "grid.exclude")? {
        let setting = axis_setting(&key, entry)?;
        let value = setting.read(&entry.node)?;
        conditions.push((key, setting.to_json(&value)));
    }
    if conditions.is_empty() {
        return Err(Fault::new(
            &node.span,
            "grid.exclude",
            "an exclusion of nothing",
            "name at least one axis and value",
        ));
    }
    conditions.sort_by(|a, b| a.0.cmp(&b.0));
    if let Some(pair) = conditions.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(Fault::new(&node.span, pair[0].0.clone(), "the axis stands here twice", "keep one of the two"));
    }
    Ok(conditions)
}
