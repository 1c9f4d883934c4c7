//! Words: one of a few known ones.

use crate::spec::catalogue::nearest;
use crate::spec::error::Fault;
use crate::spec::node::{Node, quote};

/// The index among `now` of the word in `node`; those of `later` are known but not available yet.
pub(crate) fn one(node: &Node, key: &str, now: &[&str], later: &[&str]) -> Result<usize, Fault> {
    let text = node.text(key, &format!("one of {}", now.join(", ")))?;
    if let Some(at) = now.iter().position(|word| *word == text) {
        return Ok(at);
    }
    let available = format!("available: {}", now.join(", "));
    let refuse = |message: String, help: String| Err(Fault::new(&node.span, key, message, help));
    if later.contains(&text) {
        return refuse(format!("{} is not available in this version", quote(text)), available);
    }
    match nearest(text, now.iter().copied()) {
        Some(near) => refuse(format!("unknown value {}", quote(text)), format!("did you mean `{near}`? {available}")),
        None => refuse(format!("unknown value {}", quote(text)), available),
    }
}
