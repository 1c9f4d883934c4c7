//! `manifest.json`: what a folder of tables holds, and the digest of every file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use traipse_sweep::SweepId;
use traipse_sweep::columns::Table;

use super::{Collect, TableFile};
use crate::Error;
use crate::aside::{Aside, Finished};

/// The file's name.
pub(crate) const NAME: &str = "manifest.json";
/// Raised when keys change their meaning.
pub(crate) const VERSION: u32 = 1;

#[derive(Serialize)]
struct Manifest<'a> {
    manifest: u32,
    sweep: SweepId,
    name: &'a str,
    state: &'a str,
    partial: bool,
    n_runs: BTreeMap<&'a str, u64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    n_comparisons: BTreeMap<&'a str, u64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    absent: BTreeMap<&'a str, &'a str>,
    build: &'a str,
    numerics: &'a str,
    cpu_features: &'a BTreeSet<String>,
    files: BTreeMap<&'a str, Entry<'a>>,
    spec: Value,
}

#[derive(Serialize)]
struct Entry<'a> {
    rows: u64,
    bytes: u64,
    sha256: &'a str,
}

impl<'a> Entry<'a> {
    fn of(file: &'a TableFile) -> Self {
        Self { rows: file.n_rows, bytes: file.size, sha256: &file.sha256 }
    }
}

/// The files of a manifest.
#[derive(Deserialize)]
struct Listed {
    files: BTreeMap<String, IgnoredAny>,
}

/// The one key that tells folders apart.
#[derive(Deserialize)]
struct Owner {
    sweep: SweepId,
}

/// What was collected.
#[derive(Clone, Copy)]
pub(crate) struct Contents<'a> {
    pub(crate) files: &'a [TableFile],
    /// By outcome.
    pub(crate) n_runs: &'a [(String, u64)],
    /// By outcome.
    pub(crate) n_comparisons: &'a [(String, u64)],
    /// Tables that could not be made, and why.
    pub(crate) absent: &'a [(Table, String)],
    pub(crate) cpu_features: &'a BTreeSet<String>,
}

/// Writes the manifest aside.
pub(crate) fn write(input: &Collect, out: &Path, contents: Contents<'_>) -> Result<Finished, Error> {
    let path = out.join(NAME);
    let manifest = Manifest {
        manifest: VERSION,
        sweep: input.sweep,
        name: &input.plan.spec().name,
        state: &input.state,
        partial: !input.complete,
        n_runs: by_name(contents.n_runs),
        n_comparisons: by_name(contents.n_comparisons),
        absent: contents.absent.iter().map(|(table, why)| (table.as_str(), why.as_str())).collect(),
        build: &input.build,
        numerics: &input.numerics,
        cpu_features: contents.cpu_features,
        files: contents.files.iter().map(|file| (file.name.as_str(), Entry::of(file))).collect(),
        spec: serde_json::from_str(&input.spec).map_err(|source| Error::Manifest { path: path.clone(), source })?,
    };
    let mut text = serde_json::to_vec_pretty(&manifest).expect("texts and numbers always serialise");
    text.push(b'\n');
    let mut file = Aside::create(&path)?;
    file.write_all(&text).map_err(Error::file("write", &path))?;
    file.finish()
}

/// The sweep that a manifest names; none where there is no manifest.
pub(crate) fn owner(dir: &Path) -> Result<Option<SweepId>, Error> {
    Ok(read::<Owner>(dir)?.map(|owner| owner.sweep))
}

/// The files that a manifest names; empty where there is no manifest, or one that cannot be understood.
pub(crate) fn files(dir: &Path) -> BTreeSet<String> {
    let listed = read::<Listed>(dir).ok().flatten();
    listed.map(|listed| listed.files.into_keys().collect()).unwrap_or_default()
}

fn read<T: DeserializeOwned>(dir: &Path) -> Result<Option<T>, Error> {
    let path = dir.join(NAME);
    let text = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(Error::file("read", &path))?,
    };
    serde_json::from_slice(&text).map(Some).map_err(|source| Error::Manifest { path, source })
}

fn by_name(counts: &[(String, u64)]) -> BTreeMap<&str, u64> {
    counts.iter().map(|(outcome, count)| (outcome.as_str(), *count)).collect()
}
