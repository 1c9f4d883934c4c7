//! Checked conversions between messages and nouns. Every error names the field, by its path in the message.

pub mod facts;
pub mod ids;
pub mod outcome;
pub mod report;
pub mod rows;
pub mod state;

use traipse_sweep::ids::IdError;

/// A message that does not convert: where, and why.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct Error {
    /// The field's path, such as `reports[3].lease`, or a table's column, such as `trajectory.step`.
    pub place: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    /// Required, and not there.
    #[error("is missing")]
    Missing,
    /// Not a ULID.
    #[error(transparent)]
    Id(#[from] IdError),
    /// Another number of bytes, rows or columns than there must be.
    #[error("has {found} {what} where {expected} are expected")]
    Length {
        /// Of what.
        what: &'static str,
        /// How many there are.
        found: u64,
        /// How many there must be.
        expected: u64,
    },
    /// Not one of an enum's values.
    #[error("{0} is not one of its values")]
    Unknown(i64),
    /// A number that is too large for its type, or not finite.
    #[error("{0} is out of range")]
    Range(String),
    /// A column of another type.
    #[error("holds {found} where the schema says {expected}")]
    Type {
        /// What was found.
        found: &'static str,
        /// What the schema says.
        expected: &'static str,
    },
    /// A null in a column that must have a value.
    #[error("row {0} is null, and the column must have a value")]
    Null(u32),
    /// Bits set beyond the last row.
    #[error("has bits set beyond its last row")]
    SurplusBits,
    /// A table that the schema does not have, or one that is out of order or given twice.
    #[error("table {0} is not in the schema, out of order, or given twice")]
    Table(u32),
    /// List ends that go down or past the values.
    #[error("its lists do not end where its values do")]
    Lists,
    /// Made for another schema.
    #[error("is of schema {found:016x} where the sweep's is {expected:016x}")]
    Schema {
        /// What was found.
        found: u64,
        /// The sweep's.
        expected: u64,
    },
    /// Written by another version.
    #[error("is of version {found}, and this build reads version {expected}")]
    Version {
        /// What was found.
        found: u32,
        /// What this build reads.
        expected: u32,
    },
    /// Not a protobuf message of that type at all.
    #[error("does not decode: {0}")]
    Decode(#[from] prost::DecodeError),
}

impl Problem {
    /// Names the place.
    #[must_use]
    pub fn at(self, place: impl Into<String>) -> Error {
        Error { place: place.into(), problem: self }
    }
}

impl Error {
    /// Puts the path of the message that holds the field before the field's own.
    #[must_use]
    pub fn within(mut self, outer: impl std::fmt::Display) -> Self {
        self.place = format!("{outer}.{}", self.place);
        self
    }
}

/// A required field.
fn required<T>(value: Option<T>, place: &str) -> Result<T, Error> {
    value.ok_or_else(|| Problem::Missing.at(place))
}

/// Exactly `N` bytes.
fn exact_bytes<const N: usize>(bytes: &[u8], place: &str) -> Result<[u8; N], Error> {
    bytes
        .try_into()
        .map_err(|_| Problem::Length { what: "bytes", found: bytes.len() as u64, expected: N as u64 }.at(place))
}
