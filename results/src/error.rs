//! What can go wrong between rows and files.

use std::io;
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;
use traipse_sweep::columns::Table;

/// Why tables could not be written or read. Every variant names the file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system refused.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was tried, such as `create`.
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Parquet could not be written or read.
    #[error("{}: not a readable or writable Parquet file", path.display())]
    Parquet {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: ParquetError,
    },
    /// A row block does not have the columns of its schema.
    #[error("the rows of job {job} do not fit the schema: {what}")]
    Block {
        /// Whose rows.
        job: u64,
        /// What is wrong, naming table and column.
        what: String,
    },
    /// A segment does not hold what it should.
    #[error("segment {}: {what}", path.display())]
    Segment {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Two segments hold rows that exclude each other.
    #[error("the segments of {} hold rows of job {job} that no run of the sweep can have", table.as_str())]
    Foreign {
        /// Which table.
        table: Table,
        /// Which job.
        job: u64,
    },
    /// A manifest cannot be understood.
    #[error("{}: not a manifest of Traipse tables: remove it or choose another folder", path.display())]
    Manifest {
        /// Which file.
        path: PathBuf,
        /// Why not, where it is JSON at all.
        source: serde_json::Error,
    },
}

impl Error {
    /// Attaches an action and a path to an error of the file system.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { action, path: path.to_owned(), source }
    }

    /// Attaches a path to an error of Parquet.
    pub(crate) fn parquet(path: &Path) -> impl FnOnce(ParquetError) -> Self {
        move |source| Self::Parquet { path: path.to_owned(), source }
    }
}
