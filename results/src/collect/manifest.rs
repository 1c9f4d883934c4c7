//! `manifest.json`: what a folder of tables holds, and the digest of every file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use traipse_sweep::SweepId;

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

/// The one key that tells folders apart.
#[derive(Deserialize)]
struct Owner {
    sweep: SweepId,
}

/// Writes the manifest aside.
pub(crate) fn write(
    input: &Collect,
    out: &Path,
    files: &[TableFile],
    n_runs: &[(String, u64)],
    cpu_features: &BTreeSet<String>,
) -> Result<Finished, Error> {
    let path = out.join(NAME);
    let manifest = Manifest {
        manifest: VERSION,
        sweep: input.sweep,
        name: &input.plan.spec().name,
        state: &input.state,
        partial: !input.complete,
        n_runs: n_runs.iter().map(|(outcome, count)| (outcome.as_str(), *count)).collect(),
        build: &input.build,
        numerics: &input.numerics,
        cpu_features,
        files: files.iter().map(|file| (file.name.as_str(), Entry::of(file))).collect(),
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
    let path = dir.join(NAME);
    let text = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(Error::file("read", &path))?,
    };
    let owner: Owner = serde_json::from_slice(&text).map_err(|source| Error::Manifest { path, source })?;
    Ok(Some(owner.sweep))
}
