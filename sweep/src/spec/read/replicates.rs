//! `[replicates]`: the seeds that repeat the experiment.

use std::collections::BTreeSet;

use super::axes::MAX_AXIS_VALUES;
use crate::spec::catalogue::other;
use crate::spec::error::Fault;
use crate::spec::node::{Entry, Node, NodeValue};
use crate::spec::{ReplicateAxis, ReplicateKey};

/// One run a cell, of seed 0.
pub(super) fn default() -> Vec<ReplicateAxis> {
    vec![ReplicateAxis { key: ReplicateKey::Seed, values: vec![0] }]
}

/// Reads the replicate axes, always in the order seed, init_seed, order_seed.
pub(super) fn read(node: &Node) -> Result<Vec<ReplicateAxis>, Fault> {
    let mut axes = Vec::new();
    for entry in node.entries("replicates")? {
        let key = match entry.key.as_str() {
            "seed" => ReplicateKey::Seed,
            "init_seed" => ReplicateKey::InitSeed,
            "order_seed" => ReplicateKey::OrderSeed,
            _ => {
                other("replicates", entry)?;
                continue;
            }
        };
        axes.push(ReplicateAxis { key, values: seeds(entry)? });
    }
    if axes.is_empty() {
        return Err(Fault::new(&node.span, "replicates", "no replicates", "write seed = 10, or leave the section out"));
    }
    axes.sort_by_key(|axis| axis.key);
    Ok(axes)
}

fn seeds(entry: &Entry) -> Result<Vec<u64>, Fault> {
    let key = format!("replicates.{}", entry.key);
    let NodeValue::List(items) = &entry.node.value else {
        if matches!(entry.node.value, NodeValue::Int(_) | NodeValue::Float(_)) {
            return Ok((0..entry.node.count(&key, 1, MAX_AXIS_VALUES as u64)?).collect());
        }
        return Err(entry.node.mismatch(&key, "a number of seeds, or a list of seeds"));
    };
    if items.is_empty() || items.len() > MAX_AXIS_VALUES {
        let help = format!("give 1 to {MAX_AXIS_VALUES} seeds, or how many: seed = 10");
        return Err(Fault::new(&entry.node.span, key, format!("{} seeds", items.len()), help));
    }
    let mut seen = BTreeSet::new();
    let mut values = Vec::with_capacity(items.len());
    for item in items {
        let seed = item.count(&key, 0, u64::MAX)?;
        if !seen.insert(seed) {
            return Err(Fault::new(&item.span, key, format!("seed {seed} stands here twice"), "drop one of the two"));
        }
        values.push(seed);
    }
    Ok(values)
}
