//! `[probes]`: what is measured.

use super::{snapshots, words};
use crate::spec::catalogue::{PROBE_TABLES, ProbeKey, ProbeKind, ProbeTable, ProbeValue, other};
use crate::spec::error::Fault;
use crate::spec::node::{Entry, Node, NodeValue, quote};
use crate::spec::{ProbeExamples, Probes};

/// Reads the section.
pub(super) fn read(node: &Node) -> Result<Probes, Fault> {
    let mut probes = Probes::default();
    for entry in node.entries("probes")? {
        match PROBE_TABLES.iter().find(|table| table.name == entry.key) {
            Some(table) => sub_table(&mut probes, table, entry)?,
            None if entry.key == "examples" => probes.examples = examples(&entry.node)?,
            None => other("probes", entry)?,
        }
    }
    Ok(probes)
}

fn examples(node: &Node) -> Result<ProbeExamples, Fault> {
    const KEY: &str = "probes.examples";
    match &node.value {
        NodeValue::Text(text) if text == "all" => Ok(ProbeExamples::All),
        NodeValue::Text(text) => {
            let help = "give a number of training examples, or \"all\"";
            Err(Fault::new(&node.span, KEY, format!("{} is not a number of examples", quote(text)), help))
        }
        _ => node.count(KEY, 1, u64::MAX).map(ProbeExamples::First),
    }
}

/// A sub-table, which switches its probe on.
fn sub_table(probes: &mut Probes, table: &ProbeTable, entry: &Entry) -> Result<(), Fault> {
    (table.switch_on)(probes);
    for inner in entry.node.entries(table.section)? {
        match table.keys.iter().find(|key| key.name == inner.key) {
            Some(key) => (key.set)(probes, value(key, &inner.node)?),
            None => other(table.section, inner)?,
        }
    }
    match &probes.hessian {
        Some(hessian) if table.name == "hessian" && hessian.top > hessian.iterations => {
            let message = format!("{} Lanczos steps cannot tell {} eigenvalues", hessian.iterations, hessian.top);
            let help = "give at least as many iterations as top, better six times as many";
            Err(Fault::new(&entry.key_span, "probes.hessian.top", message, help))
        }
        _ => Ok(()),
    }
}

fn value(key: &ProbeKey, node: &Node) -> Result<ProbeValue, Fault> {
    match key.kind {
        ProbeKind::At => snapshots::at(node, key.section).map(ProbeValue::At),
        ProbeKind::Count { min, max } => {
            node.count(key.section, u64::from(min), u64::from(max)).map(|count| ProbeValue::Count(count as u32))
        }
        ProbeKind::Positive { max } => positive(node, key.section, max).map(ProbeValue::Number),
        ProbeKind::Word(now) => words::one(node, key.section, now, &[]).map(ProbeValue::Word),
        ProbeKind::Words { words, empty } => words::several(node, key.section, words, empty).map(ProbeValue::Words),
    }
}

fn positive(node: &Node, key: &str, max: f64) -> Result<f64, Fault> {
    let value = match node.value {
        NodeValue::Int(value) => value as f64,
        NodeValue::Float(value) => value,
        _ => return Err(node.mismatch(key, "a number")),
    };
    if value > 0.0 && value <= max {
        return Ok(value);
    }
    let help = format!("give a number above 0 and at most {max}");
    Err(Fault::new(&node.span, key, format!("{value} is out of range"), help))
}
