//! Ranges: `{ log = [a, b], n }`, `{ linear = [a, b], n }`, `{ from, to, step }`, resolved once, when the file is read.
//!
//! The ends are exactly those that were written. Inner values of log and linear ranges are rounded to 4 significant
//! digits, so that tables and labels stay readable; those of steps to 12, which only removes the noise of decimal
//! fractions. `libm` makes them the same on every machine.

use super::axes::MAX_AXIS_VALUES;
use crate::spec::catalogue::nearest;
use crate::spec::error::Fault;
use crate::spec::node::{Entry, Node, NodeValue, quote};

const KEYS: [&str; 6] = ["log", "linear", "n", "from", "to", "step"];
const HELP: &str = "a range is { log = [a, b], n = 5 }, { linear = [a, b], n = 5 } or { from = a, to = b, step = c }";

/// The values of a range; whole numbers where `whole`.
pub(super) fn expand(node: &Node, key: &str, whole: bool) -> Result<Vec<Node>, Fault> {
    let entries = node.entries(key)?;
    for entry in entries {
        if !KEYS.contains(&entry.key.as_str()) {
            let help = match nearest(&entry.key, KEYS.into_iter()) {
                Some(near) => format!("did you mean `{near}`? {HELP}"),
                None => HELP.to_owned(),
            };
            return Err(Fault::new(
                &entry.key_span,
                key,
                format!("unknown key {} in a range", quote(&entry.key)),
                help,
            ));
        }
    }
    let get = |name: &str| entries.iter().find(|entry| entry.key == name);
    let values = match (get("log"), get("linear"), get("n"), get("from"), get("to"), get("step")) {
        (Some(ends), None, Some(n), None, None, None) => log(ends, count(n, key)?, key, whole)?,
        (None, Some(ends), Some(n), None, None, None) => linear(ends, count(n, key)?, key, whole)?,
        (None, None, None, Some(from), Some(to), Some(step)) => steps([from, to, step], key, whole)?,
        _ => return Err(Fault::new(&node.span, key, "not a range", HELP)),
    };
    Ok(values.into_iter().map(|value| Node { value, span: node.span.clone() }).collect())
}

fn count(entry: &Entry, key: &str) -> Result<usize, Fault> {
    entry.node.count(key, 2, MAX_AXIS_VALUES as u64).map(|n| n as usize)
}

fn log(ends: &Entry, n: usize, key: &str, whole: bool) -> Result<Vec<NodeValue>, Fault> {
    let [a, b] = pair(&ends.node, key)?;
    let (start, end) = (finite(a, key)?, finite(b, key)?);
    if start <= 0.0 || end <= 0.0 {
        let message = format!("a log range from {start} to {end}");
        return Err(Fault::new(&ends.node.span, key, message, "both ends must be above zero"));
    }
    let (low, high) = (libm::log(start), libm::log(end));
    let inner = |i: usize| {
        let value = libm::exp(low + (high - low) * (i as f64) / ((n - 1) as f64));
        let value = if whole { value } else { rounded(value, 4) };
        if whole { NodeValue::Int(value.round() as i128) } else { NodeValue::Float(value) }
    };
    Ok((0..n).map(|i| end_or(i, n, a, b, inner)).collect())
}

fn linear(ends: &Entry, n: usize, key: &str, whole: bool) -> Result<Vec<NodeValue>, Fault> {
    let [a, b] = pair(&ends.node, key)?;
    if whole {
        return whole_linear(ends, n, key);
    }
    let (start, end) = (finite(a, key)?, finite(b, key)?);
    let inner = |i: usize| {
        let share = (i as f64) / ((n - 1) as f64);
        NodeValue::Float(rounded(start * (1.0 - share) + end * share, 4))
    };
    Ok((0..n).map(|i| end_or(i, n, a, b, inner)).collect())
}

fn whole_linear(ends: &Entry, n: usize, key: &str) -> Result<Vec<NodeValue>, Fault> {
    let [a, b] = pair(&ends.node, key)?;
    let (a, b) = (i128::from(a.count(key, 0, u64::MAX)?), i128::from(b.count(key, 0, u64::MAX)?));
    let intervals = (n - 1) as i128;
    if (b - a) % intervals != 0 {
        let message = format!("{n} values from {a} to {b} are not all whole numbers");
        let help =
            format!("{} is not a multiple of n - 1 = {intervals}: change n or an end, or list the values", b - a);
        return Err(Fault::new(&ends.node.span, key, message, help));
    }
    Ok((0..=intervals).map(|i| NodeValue::Int(a + (b - a) / intervals * i)).collect())
}

fn steps(entries: [&Entry; 3], key: &str, whole: bool) -> Result<Vec<NodeValue>, Fault> {
    let [from, to, step] = entries.map(|entry| finite(&entry.node, key));
    let (from, to, step) = (from?, to?, step?);
    let span = entries[0].key_span.start..entries[2].node.span.end.max(entries[0].key_span.end);
    let refuse = |message: String, help: &str| Err(Fault::new(&span, key, message, help));
    let intervals = (to - from) / step;
    if !intervals.is_finite() || intervals < 0.0 {
        return refuse(format!("step {step} does not lead from {from} to {to}"), "give a step towards `to`");
    }
    if intervals > (MAX_AXIS_VALUES - 1) as f64 {
        return refuse(format!("more than {MAX_AXIS_VALUES} values"), "take a larger step");
    }
    let n = intervals.round();
    if (intervals - n).abs() > 1e-9 * n.max(1.0) {
        let last = rounded(from + step * intervals.floor(), 12);
        return refuse(format!("steps of {step} from {from} miss {to}"), &format!("let it end at to = {last}"));
    }
    let n = n as usize;
    let inner = |i: usize| {
        let value = rounded(from + step * (i as f64), 12);
        if whole && value.fract() == 0.0 { NodeValue::Int(value as i128) } else { NodeValue::Float(value) }
    };
    Ok((0..=n).map(|i| end_or(i, n + 1, &entries[0].node, &entries[1].node, inner)).collect())
}

/// The ends as they were written, and `inner` between.
fn end_or(i: usize, n: usize, a: &Node, b: &Node, inner: impl Fn(usize) -> NodeValue) -> NodeValue {
    if i == 0 {
        a.value.clone()
    } else if i == n - 1 {
        b.value.clone()
    } else {
        inner(i)
    }
}

fn pair<'a>(node: &'a Node, key: &str) -> Result<[&'a Node; 2], Fault> {
    match node.items(key, "the two ends, such as [0.01, 1.0]")? {
        [a, b] => Ok([a, b]),
        _ => Err(node.mismatch(key, "the two ends, such as [0.01, 1.0]")),
    }
}

fn finite(node: &Node, key: &str) -> Result<f64, Fault> {
    match node.value {
        NodeValue::Int(value) => Ok(value as f64),
        NodeValue::Float(value) if value.is_finite() => Ok(value),
        _ => Err(node.mismatch(key, "a finite number")),
    }
}

/// To that many significant decimal digits, correctly.
fn rounded(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits - 1).parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(range: serde_json::Value, whole: bool) -> Result<Vec<f64>, String> {
        let nodes = expand(&Node::from_json(&range), "k", whole).map_err(|fault| fault.message)?;
        Ok(nodes
            .iter()
            .map(|node| match node.value {
                NodeValue::Int(value) => value as f64,
                NodeValue::Float(value) => value,
                _ => f64::NAN,
            })
            .collect())
    }

    #[test]
    fn ranges_have_exact_ends_and_rounded_inner_values() {
        let rows = [
            (json!({"log": [0.01, 0.3], "n": 4}), false, vec![0.01, 0.03107, 0.09655, 0.3]),
            (json!({"log": [1.0, 0.001], "n": 4}), false, vec![1.0, 0.1, 0.01, 0.001]),
            (json!({"linear": [0, 1], "n": 4}), false, vec![0.0, 0.3333, 0.6667, 1.0]),
            (json!({"from": 0.1, "to": 0.5, "step": 0.1}), false, vec![0.1, 0.2, 0.3, 0.4, 0.5]),
            (json!({"from": 3, "to": 1, "step": -1}), true, vec![3.0, 2.0, 1.0]),
            (json!({"linear": [10, 40], "n": 4}), true, vec![10.0, 20.0, 30.0, 40.0]),
            (json!({"log": [16, 256], "n": 5}), true, vec![16.0, 32.0, 64.0, 128.0, 256.0]),
            (json!({"from": 1000, "to": 1001, "step": 0.25}), false, vec![1000.0, 1000.25, 1000.5, 1000.75, 1001.0]),
            (json!({"from": 2, "to": 2, "step": 1}), true, vec![2.0]),
        ];
        for (range, whole, expected) in rows {
            assert_eq!(values(range.clone(), whole), Ok(expected), "{range}");
        }
    }

    #[test]
    fn a_wrong_range_is_refused() {
        let rows = [
            (json!({"linear": [1, 2], "n": 3}), true, "not all whole"),
            (json!({"log": [0, 2], "n": 3}), false, "log range from 0"),
            (json!({"log": [1, 2]}), false, "not a range"),
            (json!({"log": [1, 2], "n": 1}), false, "1 is out of range"),
            (json!({"log": [1, 2, 3], "n": 2}), false, "expected the two ends"),
            (json!({"log": [1, 2], "linear": [1, 2], "n": 2}), false, "not a range"),
            (json!({"from": 1, "to": 10, "step": 2}), true, "miss 10"),
            (json!({"from": 1, "to": 10, "step": 0}), false, "does not lead"),
            (json!({"from": 1, "to": 10, "step": -1}), false, "does not lead"),
            (json!({"from": 0, "to": 1e18, "step": 1}), false, "more than"),
            (json!({"lug": [1, 2], "n": 2}), false, "unknown key `lug`"),
        ];
        for (range, whole, words) in rows {
            let message = values(range.clone(), whole).unwrap_err();
            assert!(message.contains(words), "{range}: {message}");
        }
    }
}
