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
        "the journal {} has schema version {found}, and this build reads version {expected}: use the build that wrote it",
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
    #[error("the journal {} is damaged: {damage}; put it back from a copy", path.display())]
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
    /// A batch does not decode.
    #[error("batch {seq}: {source}")]
    Facts {
        /// Which batch.
        seq: u64,
        /// What is wrong with it.
        source: convert::Error,
    },
    /// No snapshot matches its digest, and the facts before it are gone.
    #[error("no snapshot matches its digest")]
    Snapshot,
    /// A value that must be there is not, or is not of its type.
    #[error("{0} is missing or malformed")]
    Value(&'static str),
}
