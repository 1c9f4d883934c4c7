//! Text to tree: TOML, YAML and JSON become one kind of [`Node`].

mod json;
mod toml;
mod yaml;

use super::Format;
use super::error::Fault;
use super::node::{Node, NodeValue};

/// Reads the text of a sweep file as a tree, in the document's order, without repeated keys.
pub(crate) fn read(text: &str, format: Format) -> Result<Node, Fault> {
    match format {
        Format::Toml => toml::read(text),
        Format::Yaml => yaml::read(text),
        Format::Json => json::read(text),
    }
}

/// A number of JSON or of YAML's core schema: whole where it is written so.
fn number(word: &str) -> Option<NodeValue> {
    let plausible = word.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    if !plausible || !word.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole = word.parse().ok().map(NodeValue::Int);
    whole.or_else(|| word.parse().ok().map(NodeValue::Float))
}
