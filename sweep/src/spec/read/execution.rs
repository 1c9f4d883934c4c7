//! `[execution]`: how the sweep is scheduled.

use super::{duration, words};
use crate::spec::catalogue::other;
use crate::spec::error::Fault;
use crate::spec::node::Node;
use crate::spec::{Execution, OnFailure, Order};

/// Most attempts of a job.
pub(crate) const MAX_ATTEMPTS: u64 = 1000;
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
            _ => other("execution", entry)?,
        }
    }
    Ok(execution)
}
