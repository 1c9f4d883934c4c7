//! A folder of tables, opened to be read: what it holds, and streams over the few columns that somebody wants.

mod cell;
mod stream;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use traipse_sweep::columns::Table;

pub(crate) use cell::{CellRuns, CellStream, NullTest, RunRow, Sibling, SnapshotRow, Threshold};
pub(crate) use stream::Stream;

use crate::Error;
use crate::collect::MANIFEST_VERSION;

/// The manifest's name.
const MANIFEST: &str = "manifest.json";

/// A folder of tables of one sweep.
#[derive(Clone, Debug)]
pub struct Tables {
    dir: PathBuf,
    manifest: Manifest,
}

/// What `manifest.json` says.
#[derive(Clone, Debug, Deserialize)]
pub struct Manifest {
    /// Version of its keys.
    pub manifest: u32,
    /// The sweep's id.
    pub sweep: String,
    /// Its name.
    pub name: String,
    /// Its state in words, such as `completed`.
    pub state: String,
    /// Whether jobs were still to come when the tables were written.
    pub partial: bool,
    /// Runs by outcome.
    pub n_runs: BTreeMap<String, u64>,
    /// Comparisons by outcome; empty where the sweep has none.
    #[serde(default)]
    pub n_comparisons: BTreeMap<String, u64>,
    /// Version of what wrote the tables.
    pub build: String,
    /// Name of the arithmetic that the sweep pinned.
    pub numerics: String,
    /// CPU features of the workers.
    pub cpu_features: Vec<String>,
    /// The files.
    pub files: BTreeMap<String, FileEntry>,
    /// The sweep file as canonical JSON.
    pub spec: Value,
}

/// A file of the folder.
#[derive(Clone, Debug, Deserialize)]
pub struct FileEntry {
    /// Rows of the table.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Digest of the bytes, in hex.
    pub sha256: String,
}

impl Tables {
    /// Opens the folder that `traipse local` or `traipse collect` wrote. Reads the manifest alone.
    ///
    /// # Errors
    /// If the folder holds no tables of this version, or tables that its manifest does not describe.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let tables = Self::open_unchecked(dir)?;
        tables.check_files()?;
        Ok(tables)
    }

    /// The same, whatever the files are.
    pub(crate) fn open_unchecked(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(MANIFEST);
        let text = match fs::read(&path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Err(Error::NotTables { dir: dir.to_owned() });
            }
            read => read.map_err(Error::file("read", &path))?,
        };
        let value: Value = serde_json::from_slice(&text).map_err(Error::manifest(&path))?;
        let version = value.get("manifest").and_then(Value::as_u64);
        if let Some(found) = version.filter(|found| *found != u64::from(MANIFEST_VERSION)) {
            return Err(Error::Version { path, found, expected: MANIFEST_VERSION });
        }
        let manifest: Manifest = serde_json::from_value(value).map_err(Error::manifest(&path))?;
        Ok(Self { dir: dir.to_owned(), manifest })
    }

    /// What the manifest says.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether the folder has a table with rows.
    pub(crate) fn has(&self, table: Table) -> bool {
        self.manifest.files.get(&file_name(table)).is_some_and(|file| file.rows > 0)
    }

    /// Opens a table for some columns; none where the folder does not have it.
    pub(crate) fn stream(&self, table: Table, columns: &[&'static str]) -> Result<Option<Stream>, Error> {
        self.has(table).then(|| Stream::open(&self.path(table), columns)).transpose()
    }

    /// Gives every row of some runs (ascending) to a reader, with the place of its run among them. Reads the row groups
    /// that can hold them alone. Without the table, or without rows of those runs, nothing is given.
    pub(crate) fn each_row_of(
        &self,
        table: Table,
        columns: &[&'static str],
        runs: &[u64],
        mut take: impl FnMut(&Stream, usize),
    ) -> Result<(), Error> {
        let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return Ok(()) };
        if !self.has(table) {
            return Ok(());
        }
        let mut row = Stream::open_runs(&self.path(table), columns, *first..=*last)?;
        while !row.is_over() {
            let run = row.count("run").unwrap_or_default();
            if run > *last {
                break;
            }
            if let Ok(at) = runs.binary_search(&run) {
                take(&row, at);
            }
            row.advance()?;
        }
        Ok(())
    }

    /// The cells in order, with what verdicts read of their runs.
    pub(crate) fn cells(&self) -> Result<CellStream, Error> {
        CellStream::open(self)
    }

    fn path(&self, table: Table) -> PathBuf {
        self.dir.join(file_name(table))
    }

    /// A folder whose files have other sizes than its manifest says was left by a collection that did not end.
    fn check_files(&self) -> Result<(), Error> {
        for (name, entry) in &self.manifest.files {
            let path = self.dir.join(name);
            let found = match fs::metadata(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                found => Some(found.map_err(Error::file("read", &path))?.len()),
            };
            if found != Some(entry.bytes) {
                return Err(Error::NotAsListed { path, found, expected: entry.bytes });
            }
        }
        let needed = file_name(Table::Runs);
        if self.manifest.files.contains_key(&needed) { Ok(()) } else { Err(Error::NotTables { dir: self.dir.clone() }) }
    }
}

fn file_name(table: Table) -> String {
    format!("{}.parquet", table.as_str())
}
