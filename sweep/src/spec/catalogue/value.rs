//! A setting's value, checked: from the tree, to canonical JSON, to words for people.

use serde_json::{Value as Json, json};

use super::{Kind, Setting, structured};
use crate::network;
use crate::settings::{Augment, Schedule, Stop};
use crate::spec::error::Fault;
use crate::spec::node::{Node, NodeValue, quote};
use crate::spec::read::words;

/// Widest layer.
pub(crate) const MAX_WIDTH: u64 = network::MAX_WIDTH as u64;
/// Most hidden layers.
pub(crate) const MAX_LAYERS: usize = network::MAX_LAYERS;
/// Longest text.
pub(crate) const MAX_TEXT_BYTES: usize = 4096;

/// A checked value of a [`Setting`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// Absent.
    Null,
    /// A truth.
    Truth(bool),
    /// A count; also rows of a batch.
    Count(u64),
    /// A finite number, never −0.
    Number(f64),
    /// Text.
    Text(String),
    /// The index of a word.
    Word(usize),
    /// Widths.
    Widths(Vec<u32>),
    /// Numbers, as [`Self::Number`].
    Numbers(Vec<f64>),
    /// The batch `full`.
    Full,
    /// Layers in words, one space between two.
    Layers(Vec<String>),
    /// A schedule.
    Schedule(Schedule),
    /// What ends a training early.
    Stop(Stop),
    /// Changes of images.
    Augment(Vec<Augment>),
}

impl Setting {
    /// Reads a value of this setting.
    pub(crate) fn read(&self, node: &Node) -> Result<Value, Fault> {
        match self.kind {
            Kind::Count { optional: true, .. } | Kind::Word { optional: true, .. } | Kind::Text | Kind::Stop
                if node.value == NodeValue::Null =>
            {
                Ok(Value::Null)
            }
            Kind::Word { now, later, .. } => words::one(node, self.key, now, later).map(Value::Word),
            Kind::Count { min, max, .. } => node.count(self.key, min, max).map(Value::Count),
            Kind::Number { min, max, below } => number(node, self.key, min, max, below).map(Value::Number),
            Kind::Truth => node.truth(self.key).map(Value::Truth),
            Kind::Text => text(node, self.key).map(Value::Text),
            Kind::Widths => widths(node, self.key).map(Value::Widths),
            Kind::Numbers { min, max, most } => numbers(node, self.key, min, max, most).map(Value::Numbers),
            Kind::Batch => batch(node, self.key),
            Kind::Layers => structured::layers(node, self.key).map(Value::Layers),
            Kind::Schedule => structured::schedule(node, self.key).map(Value::Schedule),
            Kind::Stop => structured::stop(node, self.key).map(Value::Stop),
            Kind::Augment => structured::augment(node, self.key).map(Value::Augment),
        }
    }

    /// The canonical JSON of a value of this setting.
    pub(crate) fn to_json(&self, value: &Value) -> Json {
        match (value, self.kind) {
            (Value::Null, _) => Json::Null,
            (Value::Truth(value), _) => json!(value),
            (Value::Count(value), _) => json!(value),
            (Value::Number(value), _) => json!(value),
            (Value::Text(value), _) => json!(value),
            (Value::Word(at), Kind::Word { now, .. }) => json!(now.get(*at)),
            (Value::Word(_), _) => Json::Null,
            (Value::Widths(value), _) => json!(value),
            (Value::Numbers(value), _) => json!(value),
            (Value::Full, _) => json!("full"),
            (Value::Layers(value), _) => json!(value),
            (Value::Schedule(value), _) => json!(value),
            (Value::Stop(value), _) => json!(value),
            (Value::Augment(value), _) => json!(value),
        }
    }

    /// The value for a table's text column and for labels: `256-256`, `0.1`, `relu`.
    pub(crate) fn label(&self, value: &Value) -> String {
        match value {
            Value::Widths(widths) if widths.is_empty() => "none".into(),
            Value::Widths(widths) => widths.iter().map(u32::to_string).collect::<Vec<_>>().join("-"),
            Value::Numbers(values) => values.iter().map(|value| short(*value)).collect::<Vec<_>>().join("|"),
            Value::Number(value) => short(*value),
            Value::Null => "none".into(),
            Value::Layers(layers) => structured::layers_label(layers),
            Value::Schedule(schedule) => structured::schedule_label(schedule),
            Value::Stop(stop) => structured::stop_label(stop),
            Value::Augment(augment) => structured::augment_label(augment),
            _ => match self.to_json(value) {
                Json::String(text) => text,
                json => json.to_string(),
            },
        }
    }
}

/// The shortest text that reads back as the number, without an exponent where that stays short.
pub(super) fn short(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-4..1e7).contains(&size) { format!("{value}") } else { format!("{value:e}") }
}

pub(super) fn number(node: &Node, key: &str, min: f64, max: f64, below: bool) -> Result<f64, Fault> {
    let value = match node.value {
        NodeValue::Int(value) => value as f64,
        NodeValue::Float(value) => value,
        _ => return Err(node.mismatch(key, "a number")),
    };
    if value >= min && (value < max || (!below && value == max)) {
        // Adding zero turns −0, which would print and hash apart, into 0.
        return Ok(value + 0.0);
    }
    let wrong = if value.is_finite() { "is out of range" } else { "is not a finite number" };
    let upper = if below { format!("below {max}") } else { format!("at most {max:e}") };
    Err(Fault::new(
        &node.span,
        key,
        format!("{value} {wrong}"),
        format!("give a number of at least {} and {upper}", short(min)),
    ))
}

fn text(node: &Node, key: &str) -> Result<String, Fault> {
    let text = node.text(key, "text")?;
    if text.is_empty() || text.len() > MAX_TEXT_BYTES || text.contains('\0') {
        let message = format!("{} bytes of text, or text with a zero byte", text.len());
        return Err(Fault::new(&node.span, key, message, format!("give 1 to {MAX_TEXT_BYTES} bytes")));
    }
    Ok(text.to_owned())
}

fn widths(node: &Node, key: &str) -> Result<Vec<u32>, Fault> {
    const EXPECTED: &str = "a list of layer widths such as [256, 256], or [] for softmax regression";
    let items = node.items(key, EXPECTED)?;
    if items.len() > MAX_LAYERS {
        let message = format!("{} hidden layers", items.len());
        return Err(Fault::new(&node.span, key, message, format!("give at most {MAX_LAYERS}")));
    }
    items.iter().map(|item| item.count(key, 1, MAX_WIDTH).map(|width| width as u32)).collect()
}

fn numbers(node: &Node, key: &str, min: f64, max: f64, most: usize) -> Result<Vec<f64>, Fault> {
    let items = node.items(key, "a list of numbers such as [1, 0.1]")?;
    if items.is_empty() || items.len() > most {
        let message = format!("{} numbers", items.len());
        return Err(Fault::new(&node.span, key, message, format!("give 1 to {most}")));
    }
    items.iter().map(|item| number(item, key, min, max, false)).collect()
}

fn batch(node: &Node, key: &str) -> Result<Value, Fault> {
    match &node.value {
        NodeValue::Text(text) if text == "full" => Ok(Value::Full),
        NodeValue::Text(text) => {
            let message = format!("{} is not a batch size", quote(text));
            Err(Fault::new(&node.span, key, message, "give a number of rows, or \"full\" for gradient descent"))
        }
        _ => node.count(key, 1, u64::from(u32::MAX)).map(Value::Count),
    }
}
