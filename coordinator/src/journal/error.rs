//! Why the journal cannot be opened, read or written.

use std::path::PathBuf;

use traipse_proto::convert;

/// Why the journal cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be opened.
    #[error("cannot open the journal {}: {source}", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: sqlx::Error,
    },
    /// The file is something else.
    #[error(
        "{} is not a journal of Traipse: move it away, or choose another data folder; nothing was changed",
        path.display()
    )]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
    /// The file was written by another version.
    #[error(
        "the journal {} has schema version {found}, and this build reads version {expected}: use the build that wrote it; \
         nothing was changed",
        path.display()
    )]
    Version {
        /// Which file.
        path: PathBuf,
        /// What was found.
        found: i64,
        /// What this build reads.
        expected: i64,
    },
    /// What is whole, but not of this build's words.
    #[error(
        "batch {seq} of the journal {} holds what this build does not know ({source}): use the build that wrote it; \
         nothing was changed",
        path.display()
    )]
    OtherBuild {
        /// Which file.
        path: PathBuf,
        /// Which batch.
        seq: u64,
        /// What is not known.
        source: convert::Error,
    },
    /// A setting on which durability rests did not take.
    #[error(
        "the journal {} would not be durable: {pragma} is {found}, not {expected}; its file system may not support it",
        path.display()
    )]
    NotDurable {
        /// Which file.
        path: PathBuf,
        /// Which setting.
        pragma: &'static str,
        /// What it is.
        found: String,
        /// What it must be.
        expected: &'static str,
    },
    /// The file is damaged.
    #[error(
        "the journal {} is damaged: {damage}; nothing was changed: put the whole data folder back from a copy, or \
         start with another one (docs/operations.md, Recovery)",
        path.display()
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        damage: Damage,
    },
    /// A transaction failed.
    #[error("cannot write to the journal {}: {source}; make room or repair the disk, then start again: all that was answered is kept", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: sqlx::Error,
    },
    /// A query failed.
    #[error("cannot read the journal {}: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: sqlx::Error,
    },
    /// A batch does not follow the last one: a bug.
    #[error("batch {found} does not follow batch {last}, which is a bug: nothing was written")]
    OutOfOrder {
        /// Its number.
        found: u64,
        /// The last one's.
        last: u64,
    },
    /// The owner of the connection has ended.
    #[error("the journal is closed")]
    Closed,
}

/// What is wrong with a journal.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// The file begins with zeros.
    #[error("it begins with zeros, as a file does whose blocks were lost in a crash of the machine")]
    Zeros,
    /// The file is shorter than it was.
    #[error("it is cut off: {found} bytes, of at least {expected}")]
    Truncated {
        /// Bytes that its header counts.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// A transaction in the log is damaged, and others follow it.
    #[error("frame {frame} of its log {} does not match its checksum, and transactions that were durable follow it", path.display())]
    Log {
        /// The log.
        path: PathBuf,
        /// Counted from 1; 0 is the header.
        frame: u64,
    },
    /// SQLite's own check.
    #[error("{0}")]
    Pages(String),
    /// A batch's bytes are not those of its digest.
    #[error("batch {0} does not match its digest")]
    Digest(u64),
    /// A batch is missing.
    #[error("batch {found} follows batch {last}")]
    Gap {
        /// The one before.
        last: u64,
        /// The one found.
        found: u64,
    },
    /// No snapshot matches its digest, and the facts before it are gone.
    #[error("neither of its snapshots is whole, and the facts before them are gone")]
    Snapshot,
    /// The facts end before a snapshot that is damaged, or begin after the one that is used.
    #[error("batches {first} to {last} are missing")]
    Missing {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// A value that must be there is not, or is not of its type.
    #[error("{0} is missing or malformed")]
    Value(&'static str),
}
