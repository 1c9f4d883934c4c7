//! `[execution]`: how the sweep is scheduled.

use std::collections::BTreeMap;

use super::{duration, words};
use crate::spec::catalogue::{dotted, other};
use crate::spec::error::Fault;
use crate::spec::node::{Entry, Node, quote};
use crate::spec::{Execution, OnFailure, Order, Require};

/// Most attempts of a job.
pub(crate) const MAX_ATTEMPTS: u64 = 1000;
/// Priorities lie between minus this and this.
pub(crate) const MAX_PRIORITY: i32 = 1000;
/// Most labels that may be required.
pub(crate) const MAX_LABELS: usize = 64;
/// Longest name or value of a label, in bytes.
pub(crate) const MAX_LABEL: usize = 256;
/// The orders by name.
pub(crate) const ORDER_WORDS: [&str; 2] = ["balanced", "grid"];

/// What a failure does to the others, by name.
pub(crate) const ON_FAILURE_WORDS: [&str; 2] = ["continue", "stop"];

/// Reads the section.
pub(super) fn read(node: &Node) -> Result<Execution, Fault> {
    let mut execution = Execution::default();
    for entry in node.entries("execution")? {
        match entry.key.as_str() {
            "order" => {
                let at = words::one(&entry.node, "execution.order", &ORDER_WORDS, &[])?;
                execution.order = if at == 0 { Order::Balanced } else { Order::Grid };
            }
            "max_attempts" => {
                execution.max_attempts = entry.node.count("execution.max_attempts", 1, MAX_ATTEMPTS)? as u32;
            }
            "time_limit" => execution.time_limit = duration::read(&entry.node, "execution.time_limit")?,
            "stall_limit" => execution.stall_limit = duration::read(&entry.node, "execution.stall_limit")?,
            "on_failure" => {
                let at = words::one(&entry.node, "execution.on_failure", &ON_FAILURE_WORDS, &[])?;
                execution.on_failure = if at == 0 { OnFailure::Continue } else { OnFailure::Stop };
            }
            "priority" => execution.priority = entry.node.signed("execution.priority", MAX_PRIORITY)?,
            "max_concurrent" => {
                execution.max_concurrent = entry.node.count("execution.max_concurrent", 0, u64::MAX)?;
            }
            "require" => execution.require = require(&entry.node)?,
            _ => other("execution", entry)?,
        }
    }
    Ok(execution)
}

fn require(node: &Node) -> Result<Require, Fault> {
    let mut require = Require::default();
    for entry in node.entries("execution.require")? {
        match entry.key.as_str() {
            "labels" => require.labels = labels(&entry.node)?,
            "memory_mb" => require.memory_mb = entry.node.count("execution.require.memory_mb", 0, u64::MAX)?,
            _ => other("execution.require", entry)?,
        }
    }
    Ok(require)
}

fn labels(node: &Node) -> Result<BTreeMap<String, String>, Fault> {
    const KEY: &str = "execution.require.labels";
    let entries = node.entries(KEY)?;
    if entries.len() > MAX_LABELS {
        let message = format!("{} labels", entries.len());
        return Err(Fault::new(&node.span, KEY, message, format!("require at most {MAX_LABELS}")));
    }
    entries.iter().map(label).collect()
}

/// A label as a worker can carry it: no empty texts, no spaces around them.
fn label(entry: &Entry) -> Result<(String, String), Fault> {
    let key = dotted("execution.require.labels", &entry.key);
    let value = entry.node.text(&key, "text such as gpu = \"a100\"")?;
    for (text, span) in [(entry.key.as_str(), &entry.key_span), (value, &entry.node.span)] {
        if text.is_empty() || text.trim() != text || text.len() > MAX_LABEL {
            let help = format!("write 1 to {MAX_LABEL} bytes without spaces around them, as in gpu = \"a100\"");
            return Err(Fault::new(span, key.as_str(), format!("{} is no part of a label", quote(text)), help));
        }
    }
    Ok((entry.key.clone(), value.to_owned()))
}
