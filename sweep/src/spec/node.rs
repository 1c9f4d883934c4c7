//! One tree for all three formats: values with their places, in the document's order.

use std::ops::Range;

use serde_json::Value as Json;

use super::error::Fault;

/// Deepest nesting of a sweep file.
pub(crate) const MAX_DEPTH: usize = 32;

/// A value and the bytes that it was read from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: NodeValue,
    pub(crate) span: Range<usize>,
}

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NodeValue {
    /// YAML and JSON only.
    Null,
    /// A truth.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// Any other number, infinities and NaN included.
    Float(f64),
    /// Text.
    Text(String),
    /// TOML only: nothing in a sweep file is a date.
    Date,
    /// A list.
    List(Vec<Node>),
    /// A table, without repeated keys.
    Table(Vec<Entry>),
}

/// One key of a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) node: Node,
}

impl Node {
    /// Names the value for a message: ``the text `abc` ``.
    pub(crate) fn found(&self) -> String {
        match &self.value {
            NodeValue::Null => "null".into(),
            NodeValue::Bool(value) => format!("the truth value {value}"),
            NodeValue::Int(value) => format!("the number {value}"),
            NodeValue::Float(value) => format!("the number {value:?}"),
            NodeValue::Text(text) => format!("the text {}", quote(text)),
            NodeValue::Date => "a date".into(),
            NodeValue::List(items) if items.is_empty() => "an empty list".into(),
            NodeValue::List(items) => format!("a list of {}", items.len()),
            NodeValue::Table(_) => "a table".into(),
        }
    }

    /// The entries of a table; null, an empty YAML section, is an empty table.
    pub(crate) fn entries(&self, key: &str) -> Result<&[Entry], Fault> {
        match &self.value {
            NodeValue::Table(entries) => Ok(entries),
            NodeValue::Null => Ok(&[]),
            _ => Err(self.mismatch(key, "a table")),
        }
    }

    /// The items of a list.
    pub(crate) fn items(&self, key: &str, expected: &str) -> Result<&[Node], Fault> {
        match &self.value {
            NodeValue::List(items) => Ok(items),
            _ => Err(self.mismatch(key, expected)),
        }
    }

    /// A whole number in `min..=max`. A number written with a fraction of zero counts as whole.
    pub(crate) fn count(&self, key: &str, min: u64, max: u64) -> Result<u64, Fault> {
        const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53: whole floats up to here are exact
        let (whole, shown) = match self.value {
            NodeValue::Int(value) => (Some(value), value.to_string()),
            NodeValue::Float(value) if value.fract() == 0.0 => {
                ((value.abs() <= EXACT).then_some(value as i128), format!("{value:?}"))
            }
            _ => return Err(self.mismatch(key, "a whole number")),
        };
        match whole.and_then(|whole| u64::try_from(whole).ok()).filter(|value| (min..=max).contains(value)) {
            Some(value) => Ok(value),
            None => Err(Fault::new(
                &self.span,
                key,
                format!("{shown} is out of range"),
                format!("give a whole number from {min} to {max}"),
            )),
        }
    }

    /// A whole number within `-most..=most`.
    pub(crate) fn signed(&self, key: &str, most: i32) -> Result<i32, Fault> {
        let whole = match self.value {
            NodeValue::Int(value) => i32::try_from(value).ok(),
            NodeValue::Float(value) if value.fract() == 0.0 && value.abs() <= f64::from(most) => Some(value as i32),
            NodeValue::Float(value) if value.fract() == 0.0 => None,
            _ => return Err(self.mismatch(key, "a whole number")),
        };
        whole.filter(|value| (-most..=most).contains(value)).ok_or_else(|| {
            let help = format!("give a whole number from -{most} to {most}");
            Fault::new(&self.span, key, format!("{} is out of range", self.shown()), help)
        })
    }

    /// The number, as it is written.
    fn shown(&self) -> String {
        self.found().trim_start_matches("the number ").to_owned()
    }

    /// Text.
    pub(crate) fn text(&self, key: &str, expected: &str) -> Result<&str, Fault> {
        match &self.value {
            NodeValue::Text(text) => Ok(text),
            _ => Err(self.mismatch(key, expected)),
        }
    }

    /// True or false.
    pub(crate) fn truth(&self, key: &str) -> Result<bool, Fault> {
        match self.value {
            NodeValue::Bool(value) => Ok(value),
            _ => Err(self.mismatch(key, "true or false")),
        }
    }

    /// The error of a value of the wrong type.
    pub(crate) fn mismatch(&self, key: &str, expected: &str) -> Fault {
        Fault::new(&self.span, key, format!("expected {expected}, found {}", self.found()), String::new())
    }

    /// The tree of a JSON value, without places.
    pub(crate) fn from_json(json: &Json) -> Self {
        let value = match json {
            Json::Null => NodeValue::Null,
            Json::Bool(value) => NodeValue::Bool(*value),
            Json::Number(number) => match number.as_i128() {
                Some(value) => NodeValue::Int(value),
                None => NodeValue::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => NodeValue::Text(text.clone()),
            Json::Array(items) => NodeValue::List(items.iter().map(Self::from_json).collect()),
            Json::Object(entries) => NodeValue::Table(
                entries
                    .iter()
                    .map(|(key, json)| Entry { key: key.clone(), key_span: 0..0, node: Self::from_json(json) })
                    .collect(),
            ),
        };
        Self { value, span: 0..0 }
    }
}

/// Adds a key to a table that is being read, refusing a repeated one.
pub(crate) fn add_entry(entries: &mut Vec<Entry>, seen: &mut Seen, entry: Entry) -> Result<(), Fault> {
    if !seen.insert(entry.key.clone()) {
        return Err(Fault::new(&entry.key_span, entry.key, "the key stands here twice", "keep one of the two"));
    }
    entries.push(entry);
    Ok(())
}

/// The keys that a table has so far.
pub(crate) type Seen = std::collections::BTreeSet<String>;

/// Text between backticks, cut where it is long.
pub(crate) fn quote(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.chars().count() <= LONGEST {
        return format!("`{text}`");
    }
    let cut: String = text.chars().take(LONGEST).collect();
    format!("`{cut}…`")
}
