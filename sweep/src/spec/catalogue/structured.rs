//! Settings whose values have parts: layers in words, schedules, stop rules, changes of images.

use super::suggest::nearest;
use super::value::{MAX_LAYERS, number, short};
use crate::network::Words;
use crate::settings::{Augment, Schedule, ScheduleWord, Stop};
use crate::spec::error::Fault;
use crate::spec::node::{Entry, Node, NodeValue, quote};
use crate::spec::read::words;

/// Most steps of a schedule.
const MAX_STEPS: usize = 1024;
/// Latest step of a schedule, in epochs, and largest factor.
const MAX_NUMBER: f64 = 1e9;

/// What a schedule may be, for messages.
const SCHEDULES: &str = "\"constant\", \"cosine\", \"linear\", or a table such as { step = [20, 30], factor = 0.1 }: times factor at each epoch";

/// `["conv 16 3x3", "pool max 2", "dense 120"]`, each layer judged by its words.
pub(super) fn layers(node: &Node, key: &str) -> Result<Vec<String>, Fault> {
    let items = node.items(key, "a list of layers such as [\"conv 16 3x3\", \"pool max 2\", \"dense 120\"]")?;
    if items.len() > MAX_LAYERS {
        let message = format!("{} layers", items.len());
        return Err(Fault::new(&node.span, key, message, format!("give at most {MAX_LAYERS}")));
    }
    let read = |(at, item): (usize, &Node)| {
        let text = item.text(key, "a layer in words such as \"conv 16 3x3\"")?;
        match Words::read(text) {
            Ok(_) => Ok(text.split_whitespace().collect::<Vec<_>>().join(" ")),
            Err(reason) => {
                let reason = reason.to_string();
                let (problem, help) = reason.split_once(": write ").unwrap_or((&reason, ""));
                Err(Fault::new(
                    &item.span,
                    key,
                    format!("layer {at}, counted from 0: {problem}"),
                    format!("write {help}"),
                ))
            }
        }
    };
    items.iter().enumerate().map(read).collect()
}

/// A word, or a table of steps.
pub(super) fn schedule(node: &Node, key: &str) -> Result<Schedule, Fault> {
    match &node.value {
        NodeValue::Text(_) => {
            let words = [ScheduleWord::Constant, ScheduleWord::Cosine, ScheduleWord::Linear];
            let at = words::one(node, key, &["constant", "cosine", "linear"], &[])?;
            Ok(Schedule::Word(words[at]))
        }
        NodeValue::Table(entries) => steps(node, key, entries),
        _ => Err(node.mismatch(key, SCHEDULES)),
    }
}

fn steps(node: &Node, key: &str, entries: &[Entry]) -> Result<Schedule, Fault> {
    known(entries, key, &["step", "factor"])?;
    let find = |name: &str| entries.iter().find(|entry| entry.key == name).map(|entry| &entry.node);
    let (Some(steps), Some(factor)) = (find("step"), find("factor")) else {
        return Err(Fault::new(
            &node.span,
            key,
            "a schedule of steps needs step and factor",
            format!("write {SCHEDULES}"),
        ));
    };
    let items = steps.items(key, "a list of epochs such as [20, 30]")?;
    if items.is_empty() || items.len() > MAX_STEPS {
        let message = format!("{} epochs", items.len());
        return Err(Fault::new(&steps.span, key, message, format!("give 1 to {MAX_STEPS}, or \"constant\"")));
    }
    let step = items.iter().map(|item| number(item, key, 0.0, MAX_NUMBER, false)).collect::<Result<Vec<_>, _>>()?;
    if let Some(at) = step.windows(2).position(|pair| pair[0] >= pair[1]) {
        let message = format!("epoch {} stands after epoch {}", short(step[at + 1]), short(step[at]));
        return Err(Fault::new(&items[at + 1].span, key, message, "let the epochs rise, each named once"));
    }
    Ok(Schedule::Step { step, factor: number(factor, key, 0.0, MAX_NUMBER, false)? })
}

/// A table of one rule.
pub(super) fn stop(node: &Node, key: &str) -> Result<Stop, Fault> {
    const EXPECTED: &str = "a table such as { train_error = 0.0 }";
    match &node.value {
        NodeValue::Table(entries) => {
            known(entries, key, &["train_error"])?;
            match entries.first() {
                Some(entry) => number(&entry.node, key, 0.0, 1.0, false).map(|train_error| Stop { train_error }),
                None => Err(Fault::new(&node.span, key, "a stop rule without a rule", format!("write {EXPECTED}"))),
            }
        }
        _ => Err(node.mismatch(key, EXPECTED)),
    }
}

/// A list of words, each once.
pub(super) fn augment(node: &Node, key: &str) -> Result<Vec<Augment>, Fault> {
    let all = [Augment::Crop4, Augment::Flip];
    let mut found: Vec<Augment> = Vec::new();
    for item in node.items(key, "a list such as [\"crop4\", \"flip\"]")? {
        let word = all[words::one(item, key, &["crop4", "flip"], &[])?];
        if found.contains(&word) {
            return Err(Fault::new(
                &item.span,
                key,
                format!("{} stands here twice", name(word)),
                "keep one of the two",
            ));
        }
        found.push(word);
    }
    Ok(found)
}

/// Refuses keys of a table that are not among `names`.
fn known(entries: &[Entry], key: &str, names: &[&str]) -> Result<(), Fault> {
    let Some(entry) = entries.iter().find(|entry| !names.contains(&entry.key.as_str())) else { return Ok(()) };
    let help = match nearest(&entry.key, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known here: {}", names.join(", ")),
    };
    Err(Fault::new(&entry.key_span, key, format!("unknown key {}", quote(&entry.key)), help))
}

fn name(augment: Augment) -> &'static str {
    match augment {
        Augment::Crop4 => "crop4",
        Augment::Flip => "flip",
    }
}

/// `conv 16 3x3, pool max 2`.
pub(super) fn layers_label(layers: &[String]) -> String {
    if layers.is_empty() { "none".into() } else { layers.join(", ") }
}

/// `cosine`, or `0.1 at 20|30`.
pub(super) fn schedule_label(schedule: &Schedule) -> String {
    match schedule {
        Schedule::Word(ScheduleWord::Constant) => "constant".into(),
        Schedule::Word(ScheduleWord::Cosine) => "cosine".into(),
        Schedule::Word(ScheduleWord::Linear) => "linear".into(),
        Schedule::Step { step, factor } => {
            let step: Vec<String> = step.iter().map(|epoch| short(*epoch)).collect();
            format!("{} at {}", short(*factor), step.join("|"))
        }
    }
}

/// `train_error 0`.
pub(super) fn stop_label(stop: &Stop) -> String {
    format!("train_error {}", short(stop.train_error))
}

/// `crop4+flip`.
pub(super) fn augment_label(augment: &[Augment]) -> String {
    let names: Vec<&str> = augment.iter().map(|&augment| name(augment)).collect();
    if names.is_empty() { "none".into() } else { names.join("+") }
}
