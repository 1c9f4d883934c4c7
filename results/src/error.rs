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
    /// A folder without tables was given.
    #[error("{} holds no tables of Traipse (no manifest.json with runs.parquet): give the folder that `traipse local` or `traipse collect` wrote", dir.display())]
    NotTables {
        /// Which folder.
        dir: PathBuf,
    },
    /// Tables of another version.
    #[error("{} has version {found}, and this build reads version {expected}: collect the sweep again with this build, or use the one that wrote it", path.display())]
    Version {
        /// The manifest.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The version that is read.
        expected: u32,
    },
    /// A file is not what the manifest beside it lists.
    #[error("{} {}, and manifest.json lists {expected} bytes: the folder was changed or its writing did not end; collect the sweep again", path.display(), found.map_or("is missing".to_owned(), |found| format!("has {found} bytes")))]
    NotAsListed {
        /// Which file.
        path: PathBuf,
        /// Its bytes; none where it is missing.
        found: Option<u64>,
        /// The bytes of the manifest.
        expected: u64,
    },
    /// A cell or run that the sweep does not have.
    #[error("there is no {what} {given} in {}: the tables hold {what}s {held}", dir.display())]
    NoSuch {
        /// `cell` or `run`.
        what: &'static str,
        /// What was asked for.
        given: u64,
        /// What there is, in words.
        held: String,
        /// Which folder.
        dir: PathBuf,
    },
    /// A figure needs what was not measured.
    #[error("the figure {figure} cannot be drawn: {what}")]
    NotMeasured {
        /// Which figure.
        figure: &'static str,
        /// What is missing, and what switches it on.
        what: String,
    },
    /// A figure could not be drawn.
    #[error("the figure {figure} could not be drawn: {what}")]
    Drawing {
        /// Which figure.
        figure: String,
        /// What the drawing library said.
        what: String,
    },
}

impl Error {
    /// Attaches an action and a path to an error of the file system.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { action, path: path.to_owned(), source }
    }

    /// Attaches the manifest's path to what is wrong with it.
    pub(crate) fn manifest(path: &Path) -> impl FnOnce(serde_json::Error) -> Self {
        move |source| Self::Manifest { path: path.to_owned(), source }
    }

    /// Attaches a path to an error of Parquet.
    pub(crate) fn parquet(path: &Path) -> impl FnOnce(ParquetError) -> Self {
        move |source| Self::Parquet { path: path.to_owned(), source }
    }
}
