//! YAML to tree, from the parser's events: one document, no anchors, no tags.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use crate::spec::error::Fault;
use crate::spec::node::{Entry, MAX_DEPTH, Node, NodeValue, Seen, add_entry};

/// Reads YAML.
pub(super) fn read(text: &str) -> Result<Node, Fault> {
    let bytes = ByteOffsets::of(text);
    let mut tree = Tree::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let at = bytes.at(error.marker().index());
            Fault::new(&(at..at + 1), "", format!("not valid YAML: {}", error.info()), "")
        })?;
        tree.take(event, bytes.range(span))?;
    }
    Ok(tree.root.unwrap_or(Node { value: NodeValue::Null, span: 0..0 }))
}

/// What is being read, outermost first.
#[derive(Default)]
struct Tree {
    open: Vec<Open>,
    root: Option<Node>,
}

/// A collection that has not ended.
enum Open {
    List { start: usize, items: Vec<Node> },
    Table { start: usize, entries: Vec<Entry>, seen: Seen, key: Option<(String, Range<usize>)> },
}

impl Tree {
    fn take(&mut self, event: Event<'_>, span: Range<usize>) -> Result<(), Fault> {
        match event {
            Event::Alias(_) => Err(extra(&span, "an alias")),
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_extras(&span, anchor, tag.is_some())?;
                let value = if style == ScalarStyle::Plain { plain(&text) } else { NodeValue::Text(text.into_owned()) };
                self.place(Node { value, span })
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_extras(&span, anchor, tag.is_some())?;
                self.open(Open::List { start: span.start, items: Vec::new() }, &span)
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_extras(&span, anchor, tag.is_some())?;
                let (entries, seen) = (Vec::new(), Seen::new());
                self.open(Open::Table { start: span.start, entries, seen, key: None }, &span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(&span),
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(Fault::new(&span, "", "a second document", "a sweep file is one document: split the file"))
            }
            _ => Ok(()),
        }
    }

    fn refuse_extras(&self, span: &Range<usize>, anchor: usize, tagged: bool) -> Result<(), Fault> {
        match (anchor, tagged) {
            (0, false) => Ok(()),
            (_, true) => Err(extra(span, "a tag")),
            _ => Err(extra(span, "an anchor")),
        }
    }

    fn open(&mut self, open: Open, span: &Range<usize>) -> Result<(), Fault> {
        if self.open.len() > MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(Fault::new(span, "", message, "no sweep file needs that"));
        }
        if let Some(Open::Table { key: None, .. }) = self.open.last() {
            return Err(Fault::new(span, "", "a key that is a list or a table", "keys are text"));
        }
        self.open.push(open);
        Ok(())
    }

    fn close(&mut self, span: &Range<usize>) -> Result<(), Fault> {
        let node = match self.open.pop() {
            Some(Open::List { start, items }) => {
                Node { value: NodeValue::List(items), span: start..span.end.max(start) }
            }
            Some(Open::Table { start, entries, .. }) => {
                Node { value: NodeValue::Table(entries), span: start..span.end.max(start) }
            }
            None => return Ok(()),
        };
        self.place(node)
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, node: Node) -> Result<(), Fault> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Table { entries, seen, key, .. }) => match key.take() {
                None => *key = Some(key_of(node)?),
                Some((key, key_span)) => add_entry(entries, seen, Entry { key, key_span, node })?,
            },
        }
        Ok(())
    }
}

fn key_of(node: Node) -> Result<(String, Range<usize>), Fault> {
    match node.value {
        NodeValue::Text(text) => Ok((text, node.span)),
        _ => Err(Fault::new(&node.span, "", format!("a key that is {}", node.found()), "keys are text")),
    }
}

fn extra(span: &Range<usize>, what: &str) -> Fault {
    Fault::new(span, "", format!("{what} is not part of a sweep file"), "write the value out")
}

/// A plain scalar by YAML 1.2's core schema.
fn plain(text: &str) -> NodeValue {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => NodeValue::Null,
        "true" | "True" | "TRUE" => NodeValue::Bool(true),
        "false" | "False" | "FALSE" => NodeValue::Bool(false),
        ".nan" | ".NaN" | ".NAN" => NodeValue::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => NodeValue::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => NodeValue::Float(f64::NEG_INFINITY),
        _ => radix(text).or_else(|| super::number(text)).unwrap_or_else(|| NodeValue::Text(text.to_owned())),
    }
}

fn radix(text: &str) -> Option<NodeValue> {
    let (digits, radix) = match text.get(..2)? {
        "0x" => (&text[2..], 16),
        "0o" => (&text[2..], 8),
        _ => return None,
    };
    i128::from_str_radix(digits, radix).ok().map(NodeValue::Int)
}

/// Where each character starts: the parser counts characters, we count bytes.
struct ByteOffsets {
    /// None where every character is one byte.
    starts: Option<Vec<u32>>,
    len: usize,
}

impl ByteOffsets {
    fn of(text: &str) -> Self {
        let starts = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at as u32).collect());
        Self { starts, len: text.len() }
    }

    fn at(&self, character: usize) -> usize {
        match &self.starts {
            None => character.min(self.len),
            Some(starts) => starts.get(character).map_or(self.len, |&at| at as usize),
        }
    }

    fn range(&self, span: Span) -> Range<usize> {
        self.at(span.start.index())..self.at(span.end.index())
    }
}
