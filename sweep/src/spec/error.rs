//! What is wrong with a sweep file, where, and what would be right.

use std::fmt;
use std::ops::Range;

/// A refusal of a sweep file: one place, one key, one remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    /// The file's name, as it was given to [`super::parse`].
    pub file: String,
    /// From 1; 0 where the error belongs to no place (a spec that was not read from text).
    pub line: usize,
    /// From 1, in characters; 0 where the error belongs to no place.
    pub column: usize,
    /// Bytes of the text, for a reader that shows the source; empty where the error belongs to no place.
    pub span: Range<usize>,
    /// Dotted, such as `train.learning_rate`; empty where the text itself cannot be read.
    pub key: String,
    /// What was found and why it cannot be.
    pub message: String,
    /// What would be right; may be empty.
    pub help: String,
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file)?;
        if self.line > 0 {
            write!(f, "{}:{}:", self.line, self.column)?;
        }
        if !self.key.is_empty() {
            write!(f, " {}:", self.key)?;
        }
        write!(f, " {}", self.message)?;
        if !self.help.is_empty() {
            write!(f, "\n  help: {}", self.help)?;
        }
        Ok(())
    }
}

impl std::error::Error for SpecError {}

/// An error on its way out of the reader: its place is still a range of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) span: Range<usize>,
    pub(crate) key: String,
    pub(crate) message: String,
    pub(crate) help: String,
}

impl Fault {
    pub(crate) fn new(
        span: &Range<usize>,
        key: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { span: span.clone(), key: key.into(), message: message.into(), help: help.into() }
    }

    /// Finds line and column: walks the text once.
    pub(crate) fn locate(self, file: &str, text: &str) -> SpecError {
        let end = floor_char(text, self.span.end);
        let start = floor_char(text, self.span.start).min(end);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line = text[..start].matches('\n').count() + 1;
        let column = text[line_start..start].chars().count() + 1;
        SpecError {
            file: file.to_owned(),
            line,
            column,
            span: start..end,
            key: self.key,
            message: self.message,
            help: self.help,
        }
    }
}

/// The last character boundary at or before `at`.
fn floor_char(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_and_survive_any_span() {
        let text = "a = 1\nß = ü\n";
        let at = |span: Range<usize>| {
            let error = Fault::new(&span, "k", "m", "h").locate("f", text);
            (error.line, error.column)
        };
        assert_eq!(at(0..1), (1, 1));
        assert_eq!(at(11..13), (2, 5));
        assert_eq!(at(7..8), (2, 1));
        assert_eq!(at(Range { start: 99, end: 3 }), (1, 4));
        assert_eq!(at(99..200), (3, 1));
    }

    #[test]
    fn an_error_reads_as_file_line_column_key() {
        let error = Fault::new(&(0..1), "train.lr", "unknown key", "did you mean it?").locate("x.toml", "lr");
        assert_eq!(error.to_string(), "x.toml:1:1: train.lr: unknown key\n  help: did you mean it?");
    }
}
