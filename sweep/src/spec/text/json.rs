//! JSON to tree. `serde_json` judges the syntax; the walk then finds the places that it does not keep.

use std::ops::Range;

use serde::de::IgnoredAny;

use crate::spec::error::Fault;
use crate::spec::node::{Entry, MAX_DEPTH, Node, NodeValue, Seen, add_entry};

/// Reads JSON.
pub(super) fn read(text: &str) -> Result<Node, Fault> {
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| syntax(text, &error))?;
    let mut walk = Walk { text, at: 0 };
    walk.value(0)
}

fn syntax(text: &str, error: &serde_json::Error) -> Fault {
    let line_start = match error.line() {
        0 | 1 => 0,
        line => text.match_indices('\n').nth(line - 2).map_or(0, |(at, _)| at + 1),
    };
    let at = (line_start + error.column().saturating_sub(1)).min(text.len());
    let words = error.to_string();
    let words = words.rsplit_once(" at line ").map_or(words.as_str(), |(words, _)| words);
    Fault::new(&(at..(at + 1).min(text.len())), "", format!("not valid JSON: {words}"), "")
}

/// A walk over text that is known to be valid JSON.
struct Walk<'a> {
    text: &'a str,
    at: usize,
}

impl Walk<'_> {
    fn value(&mut self, depth: usize) -> Result<Node, Fault> {
        self.blanks();
        let start = self.at;
        if depth > MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(Fault::new(&(start..start + 1), "", message, "no sweep file needs that"));
        }
        let value = match self.peek() {
            b'{' => self.table(depth)?,
            b'[' => self.list(depth)?,
            b'"' => NodeValue::Text(self.string()?.0),
            _ => self.scalar()?,
        };
        Ok(Node { value, span: start..self.at })
    }

    fn table(&mut self, depth: usize) -> Result<NodeValue, Fault> {
        let (mut entries, mut seen) = (Vec::new(), Seen::new());
        self.at += 1;
        loop {
            self.blanks();
            match self.peek() {
                b'"' => {
                    let (key, key_span) = self.string()?;
                    self.blanks();
                    self.at += 1; // the colon
                    let node = self.value(depth + 1)?;
                    add_entry(&mut entries, &mut seen, Entry { key, key_span, node })?;
                }
                b',' => self.at += 1,
                _ => break,
            }
        }
        self.at += 1;
        Ok(NodeValue::Table(entries))
    }

    fn list(&mut self, depth: usize) -> Result<NodeValue, Fault> {
        let mut items = Vec::new();
        self.at += 1;
        loop {
            self.blanks();
            match self.peek() {
                b']' | 0 => break,
                b',' => self.at += 1,
                _ => items.push(self.value(depth + 1)?),
            }
        }
        self.at += 1;
        Ok(NodeValue::List(items))
    }

    fn string(&mut self) -> Result<(String, Range<usize>), Fault> {
        let start = self.at;
        self.at += 1;
        while !matches!(self.peek(), b'"' | 0) {
            self.at += if self.peek() == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        let span = start..self.at.min(self.text.len());
        let text = serde_json::from_str(self.text.get(span.clone()).unwrap_or_default())
            .map_err(|error| Fault::new(&span, "", format!("not valid JSON text: {error}"), ""))?;
        Ok((text, span))
    }

    fn scalar(&mut self) -> Result<NodeValue, Fault> {
        let start = self.at;
        while !matches!(self.peek(), b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r' | 0) {
            self.at += 1;
        }
        let word = self.text.get(start..self.at).unwrap_or_default();
        let value = match word {
            "null" => Some(NodeValue::Null),
            "true" => Some(NodeValue::Bool(true)),
            "false" => Some(NodeValue::Bool(false)),
            _ => super::number(word),
        };
        value.ok_or_else(|| Fault::new(&(start..self.at), "", format!("`{word}` is not a JSON value"), ""))
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    /// The byte here; 0, which no JSON text contains, at the end.
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }
}
