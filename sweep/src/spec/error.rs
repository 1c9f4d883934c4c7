//! What is wrong with a sweep file, where, and what would be right.

use std::fmt;
use std::ops::Range;

/// A refusal of a sweep file: one place, one key, one remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    /// The file's name, as it was given to [`super::parse`].
    pub file: String,
    /// From 1; 0 where the error belongs to no place (a grid that is too large).
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
