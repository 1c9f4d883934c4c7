//! `[probes]`: what is measured.

use super::words;
use crate::spec::catalogue::other;
use crate::spec::error::Fault;
use crate::spec::node::{Node, NodeValue, quote};
use crate::spec::{NullKind, Nulls, ProbeExamples, Probes};

/// Most samples of a null.
pub(crate) const MAX_SAMPLES: u64 = 100_000;
/// The nulls by name, in the order of [`NULL_KINDS`].
pub(crate) const NULL_WORDS: [&str; 3] = ["walk", "signs", "shuffled"];
const NULL_KINDS: [NullKind; 3] = [NullKind::Walk, NullKind::Signs, NullKind::Shuffled];

/// Reads the section.
pub(super) fn read(node: &Node) -> Result<Probes, Fault> {
    let mut probes = Probes::default();
    for entry in node.entries("probes")? {
        match entry.key.as_str() {
            "examples" => probes.examples = examples(&entry.node)?,
            "nulls" => probes.nulls = nulls(&entry.node)?,
            _ => other("probes", entry)?,
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

fn nulls(node: &Node) -> Result<Nulls, Fault> {
    let mut nulls = Nulls::default();
    for entry in node.entries("probes.nulls")? {
        match entry.key.as_str() {
            "kinds" => nulls.kinds = kinds(&entry.node)?,
            "samples" => nulls.samples = entry.node.count("probes.nulls.samples", 1, MAX_SAMPLES)? as u32,
            _ => other("probes.nulls", entry)?,
        }
    }
    Ok(nulls)
}

fn kinds(node: &Node) -> Result<Vec<NullKind>, Fault> {
    const KEY: &str = "probes.nulls.kinds";
    let mut kinds = Vec::new();
    for item in node.items(KEY, "a list of nulls, such as [\"walk\", \"signs\"]")? {
        let kind = NULL_KINDS[words::one(item, KEY, &NULL_WORDS, &[])?];
        if kinds.contains(&kind) {
            let message = format!("`{}` stands here twice", kind.as_str());
            return Err(Fault::new(&item.span, KEY, message, "drop one of the two"));
        }
        kinds.push(kind);
    }
    Ok(kinds)
}
