//! `[fork]`: branches of one trunk.

use super::{Places, SweepSpec};
use crate::spec::catalogue::{Setting, dotted, other, setting};
use crate::spec::error::Fault;
use crate::spec::node::{Entry, Node};

/// Most branches of a fork.
pub(crate) const MAX_BRANCHES: u64 = 1024;

/// Reads the section: how many branches, where they part, and what changes there.
pub(super) fn read(node: &Node, spec: &mut SweepSpec, places: &mut Places) -> Result<(), Fault> {
    for entry in node.entries("fork")? {
        match entry.key.as_str() {
            "branches" => {
                spec.n_branches = entry.node.count("fork.branches", 1, MAX_BRANCHES)? as u32;
                places.given.insert("fork.branches".into(), entry.key_span.clone());
            }
            "train" => {
                for inner in entry.node.entries("fork.train")? {
                    one("fork.train", inner, spec, places)?;
                }
            }
            _ => one("fork", entry, spec, places)?,
        }
    }
    Ok(())
}

fn one(section: &str, entry: &Entry, spec: &mut SweepSpec, places: &mut Places) -> Result<(), Fault> {
    let key = dotted(section, &entry.key);
    let Some(setting) = setting(&key) else { return other(section, entry) };
    let both = |other: &str| setting.key != other && places.given.contains_key(other);
    if is_instant(setting) && (both("fork.epoch") || both("fork.step")) {
        let message = "the fork is given twice: epoch and step";
        return Err(Fault::new(&entry.key_span, key, message, "keep exactly one of epoch and step"));
    }
    (setting.set)(&mut spec.base, &setting.read(&entry.node)?);
    places.given.insert(key, entry.key_span.clone());
    Ok(())
}

/// Whether a setting says when a training forks.
pub(crate) fn is_instant(setting: &Setting) -> bool {
    matches!(setting.key, "fork.epoch" | "fork.step")
}
