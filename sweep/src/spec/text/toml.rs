//! TOML to tree.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::spec::error::Fault;
use crate::spec::node::{Entry, MAX_DEPTH, Node, NodeValue};

/// Reads TOML. The parser itself refuses repeated keys and nesting that would exhaust the stack.
pub(super) fn read(text: &str) -> Result<Node, Fault> {
    let document = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        Fault::new(&span, "", format!("not valid TOML: {}", error.message().trim_end()), "")
    })?;
    let span = document.span();
    Ok(Node { value: table(document.get_ref(), 0)?, span })
}

fn node(value: &Spanned<DeValue<'_>>, depth: usize) -> Result<Node, Fault> {
    let span = value.span();
    if depth > MAX_DEPTH {
        return Err(Fault::new(
            &span,
            "",
            format!("nested deeper than {MAX_DEPTH} levels"),
            "no sweep file needs that",
        ));
    }
    let value = match value.get_ref() {
        DeValue::String(text) => NodeValue::Text(text.to_string()),
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .map(NodeValue::Int)
            .map_err(|_| Fault::new(&span, "", format!("the number {number} is too large"), ""))?,
        DeValue::Float(number) => NodeValue::Float(number.as_str().parse().map_err(|_| {
            Fault::new(&span, "", format!("{} is not a number", number.as_str()), "write it as 0.1 or 1e-3")
        })?),
        DeValue::Boolean(truth) => NodeValue::Bool(*truth),
        DeValue::Datetime(_) => NodeValue::Date,
        DeValue::Array(items) => {
            NodeValue::List(items.iter().map(|item| node(item, depth + 1)).collect::<Result<_, _>>()?)
        }
        DeValue::Table(entries) => table(entries, depth + 1)?,
    };
    Ok(Node { value, span })
}

fn table(entries: &DeTable<'_>, depth: usize) -> Result<NodeValue, Fault> {
    let mut read = entries
        .iter()
        .map(|(key, value)| {
            Ok(Entry { key: key.get_ref().to_string(), key_span: key.span(), node: node(value, depth)? })
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    // The parser sorts keys by name; the order of axes is the document's.
    read.sort_by_key(|entry| entry.key_span.start);
    Ok(NodeValue::Table(read))
}
