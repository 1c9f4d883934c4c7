//! Words: one of a few known ones.

use crate::spec::catalogue::nearest;
use crate::spec::error::Fault;
use crate::spec::node::{Node, NodeValue, quote};

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

/// The indices among `now` of the words of a list, in its order, without repeats; of one word alone too.
pub(crate) fn several(node: &Node, key: &str, now: &[&str], empty: bool) -> Result<Vec<usize>, Fault> {
    let expected = format!("a list of words such as [\"{}\"]", now[0]);
    let items = match &node.value {
        NodeValue::Text(_) => std::slice::from_ref(node),
        _ => node.items(key, &expected)?,
    };
    if items.is_empty() && !empty {
        let help = format!("name at least one of {}", now.join(", "));
        return Err(Fault::new(&node.span, key, "the list is empty", help));
    }
    let mut found = Vec::new();
    for item in items {
        let at = one(item, key, now, &[])?;
        if found.contains(&at) {
            let message = format!("{} stands here twice", quote(now[at]));
            return Err(Fault::new(&item.span, key, message, "drop one of the two"));
        }
        found.push(at);
    }
    Ok(found)
}
