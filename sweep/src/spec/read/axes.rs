//! `[axes]`: a product of settings, or `[[axes]]`: the union of several.

use serde_json::Value as Json;

use super::{AxisPlace, range, range_kind};
use crate::spec::catalogue::{SETTINGS, STRUCTURE, Setting, dotted, nearest, setting};
use crate::spec::error::Fault;
use crate::spec::node::{Entry, Node, NodeValue, quote};
use crate::spec::{Axis, Product};

/// Most products in a union.
pub(crate) const MAX_PRODUCTS: usize = 1024;
/// Most axes of a product.
pub(crate) const MAX_AXES: usize = 64;
/// Most values of an axis, replicates included.
pub(crate) const MAX_AXIS_VALUES: usize = 100_000;

/// Reads the products and the places of their axes.
pub(super) fn read(node: &Node) -> Result<(Vec<Product>, Vec<Vec<AxisPlace>>), Fault> {
    let NodeValue::List(tables) = &node.value else {
        let (product, places) = product(node)?;
        return Ok((vec![product], vec![places]));
    };
    if tables.is_empty() || tables.len() > MAX_PRODUCTS {
        let message = format!("{} products", tables.len());
        return Err(Fault::new(
            &node.span,
            "axes",
            message,
            format!("give 1 to {MAX_PRODUCTS} tables, or leave it out"),
        ));
    }
    Ok(tables.iter().map(product).collect::<Result<Vec<_>, _>>()?.into_iter().unzip())
}

fn product(node: &Node) -> Result<(Product, Vec<AxisPlace>), Fault> {
    let mut product = Product::default();
    let mut places = Vec::new();
    for (key, entry) in flatten(node, "axes")? {
        let setting = axis_setting(&key, entry)?;
        if product.axes.iter().any(|axis| axis.key == key) {
            return Err(Fault::new(&entry.key_span, key, "the axis stands here twice", "keep one of the two"));
        }
        if product.axes.len() == MAX_AXES {
            let message = format!("more than {MAX_AXES} axes");
            return Err(Fault::new(&entry.key_span, key, message, "zip axes, or split the sweep"));
        }
        let (values, spans) = values(setting, &entry.node)?;
        places.push(AxisPlace { key: entry.key_span.clone(), values: spans });
        product.axes.push(Axis { key, values });
    }
    Ok((product, places))
}

/// The entries of a table of dotted keys; `train.x` unquoted, which TOML nests, is the same key.
pub(super) fn flatten<'a>(node: &'a Node, key: &str) -> Result<Vec<(String, &'a Entry)>, Fault> {
    let mut flat = Vec::new();
    for entry in node.entries(key)? {
        match &entry.node.value {
            NodeValue::Table(inner) if matches!(entry.key.as_str(), "data" | "model" | "train" | "fork") => {
                inner.iter().for_each(|inner| flat.extend(nested(dotted(&entry.key, &inner.key), inner)));
            }
            _ => flat.push((entry.key.clone(), entry)),
        }
    }
    Ok(flat)
}

/// An entry of a section; those of `fork.train` lie one table deeper.
fn nested(key: String, entry: &Entry) -> Vec<(String, &Entry)> {
    match &entry.node.value {
        NodeValue::Table(inner) if key == "fork.train" => {
            inner.iter().map(|inner| (dotted(&key, &inner.key), inner)).collect()
        }
        _ => vec![(key, entry)],
    }
}

/// The setting that an axis varies.
pub(super) fn axis_setting(key: &str, entry: &Entry) -> Result<&'static Setting, Fault> {
    if let Some(setting) = setting(key) {
        return Ok(setting);
    }
    let refuse = |message: &str, help: String| Err(Fault::new(&entry.key_span, key, message, help));
    let last = key.rsplit('.').next().unwrap_or(key);
    if matches!(last, "seed" | "init_seed" | "order_seed" | "seeds") {
        return refuse("seeds are not an axis", "seeds repeat the experiment: write [replicates] seed = 10".into());
    }
    if matches!(last, "branch" | "branches") {
        return refuse("branches are not an axis", "branches repeat a fork: write [fork] branches = 2".into());
    }
    if STRUCTURE.contains(&key) {
        return refuse(
            &format!("{} cannot vary", quote(key)),
            "axes vary settings of [data], [model], [train] and [fork]".into(),
        );
    }
    let near = nearest(key, SETTINGS.iter().map(|setting| setting.key))
        .or_else(|| SETTINGS.iter().map(|setting| setting.key).find(|known| known.ends_with(&format!(".{last}"))));
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "axes are settings by their dotted key, such as \"train.learning_rate\"".into(),
    };
    refuse(&format!("unknown setting {}", quote(key)), help)
}

/// The values of an axis as canonical JSON, and their places.
fn values(setting: &Setting, node: &Node) -> Result<(Vec<Json>, Vec<std::ops::Range<usize>>), Fault> {
    let expanded;
    let items = match &node.value {
        NodeValue::List(items) => items,
        NodeValue::Table(_) => match range_kind(setting.kind) {
            Some(whole) => {
                expanded = range::expand(node, setting.key, whole)?;
                &expanded
            }
            None => return Err(node.mismatch(setting.key, "a list of values (a range needs a number)")),
        },
        _ => {
            return Err(node.mismatch(setting.key, "a list of values, or a range such as { log = [0.01, 1.0], n = 4 }"));
        }
    };
    if items.is_empty() {
        return Err(Fault::new(
            &node.span,
            setting.key,
            "the axis has no values",
            "give at least one, or drop the axis",
        ));
    }
    if items.len() > MAX_AXIS_VALUES {
        let message = format!("{} values", items.len());
        return Err(Fault::new(&node.span, setting.key, message, format!("give at most {MAX_AXIS_VALUES}")));
    }
    let read = |item: &Node| Ok((setting.to_json(&setting.read(item)?), item.span.clone()));
    Ok(items.iter().map(read).collect::<Result<Vec<_>, Fault>>()?.into_iter().unzip())
}
