//! The folder that tables go to: whose it is, and where `local` keeps its state in it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use traipse_sweep::SweepId;

use crate::error::Error;
use crate::new_id;
use crate::spec_file::SpecFile;

/// What `local` keeps beside the tables.
const STATE_DIR: &str = ".traipse";
/// In it: which sweep the folder belongs to.
const SWEEP_FILE: &str = "sweep.json";
/// Where tables go by default.
const DEFAULT_PARENT: &str = "traipse-out";

/// Which sweep a folder belongs to.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Owner {
    sweep: SweepId,
    name: String,
    /// Canonical JSON.
    spec: String,
}

/// A folder that `local` may use for its sweep.
#[derive(Debug)]
pub(crate) struct OutFolder {
    /// The folder of the tables.
    pub(crate) path: PathBuf,
    /// The sweep that lives in it.
    pub(crate) sweep: SweepId,
    /// What was submitted as that sweep first, as canonical JSON.
    pub(crate) submitted: String,
}

impl OutFolder {
    /// The coordinator's data.
    pub(crate) fn data(&self) -> PathBuf {
        self.state().join("coordinator")
    }

    /// The state of worker `n`.
    pub(crate) fn worker(&self, n: usize) -> PathBuf {
        self.state().join(format!("worker-{n}"))
    }

    fn state(&self) -> PathBuf {
        self.path.join(STATE_DIR)
    }
}

/// The default folder of a sweep's tables.
pub(crate) fn default(name: &str) -> PathBuf {
    Path::new(DEFAULT_PARENT).join(name)
}

/// Takes a folder for the sweep of `file`: a new one, or one in which a sweep of that name was begun, which the file may
/// extend.
///
/// # Errors
/// If the folder holds another sweep, or cannot be written to.
pub(crate) fn take(path: &Path, file: &SpecFile) -> Result<OutFolder, Error> {
    let state = path.join(STATE_DIR);
    let record = state.join(SWEEP_FILE);
    let spec = file.spec().canonical_json();
    if let Some(owner) = read_owner(&record)? {
        if owner.name != file.name() {
            return Err(other_sweep(path, &format!("`{}`", owner.name), owner.sweep, file));
        }
        writable(path)?;
        return Ok(OutFolder { path: path.to_owned(), sweep: owner.sweep, submitted: owner.spec });
    }
    if let Some(sweep) = tables_of(path)? {
        return Err(other_sweep(path, "the tables of another sweep", sweep, file));
    }
    fs::create_dir_all(&state).map_err(|error| unwritable(path, error))?;
    writable(path)?;
    let owner = Owner { sweep: new_id::sweep()?, name: file.name().to_owned(), spec };
    write_owner(&state, &record, &owner).map_err(|error| unwritable(path, error))?;
    Ok(OutFolder { path: path.to_owned(), sweep: owner.sweep, submitted: owner.spec })
}

/// Makes a folder for the tables of `sweep`, unless it holds those of another.
///
/// # Errors
/// As [`take`].
pub(crate) fn open_for(path: &Path, sweep: SweepId, name: &str) -> Result<(), Error> {
    let remedy = format!("give another folder with --out for `{name}` ({sweep})");
    let owner = read_owner(&path.join(STATE_DIR).join(SWEEP_FILE))?.map(|owner| owner.sweep);
    for other in [owner, tables_of(path)?].into_iter().flatten() {
        if other != sweep {
            return Err(Error::wrong_use(format!("{} holds another sweep ({other})", path.display())).help(remedy));
        }
    }
    fs::create_dir_all(path).map_err(|error| unwritable(path, error))?;
    writable(path)
}

fn read_owner(record: &Path) -> Result<Option<Owner>, Error> {
    let text = match fs::read_to_string(record) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound) => return Ok(None),
        Err(error) if error.kind() == ErrorKind::NotADirectory => return Err(unwritable(record, error)),
        text => text.with_context(|| format!("cannot read {}", record.display()))?,
    };
    let owner = serde_json::from_str(&text).map_err(|error| {
        let cause =
            anyhow::Error::new(error).context(format!("{} does not say which sweep it belongs to", record.display()));
        Error::environment(cause).help("give another folder with --out, or remove this one")
    })?;
    Ok(Some(owner))
}

/// Written aside, synced, renamed: after a crash it is whole or not there.
fn write_owner(state: &Path, record: &Path, owner: &Owner) -> std::io::Result<()> {
    let mut aside = tempfile::NamedTempFile::new_in(state)?;
    serde_json::to_writer(&mut aside, owner)?;
    aside.as_file().sync_all()?;
    aside.persist(record)?;
    fs::File::open(state)?.sync_all()
}

fn tables_of(path: &Path) -> Result<Option<SweepId>, Error> {
    traipse_results::holds(path).map_err(Error::environment)
}

/// Tries it: permissions, read-only disks and full ones all show alike.
fn writable(path: &Path) -> Result<(), Error> {
    tempfile::tempfile_in(path).map(drop).map_err(|error| unwritable(path, error))
}

fn unwritable(path: &Path, error: std::io::Error) -> Error {
    let cause = anyhow::Error::new(error).context(format!("cannot write to the folder {}", path.display()));
    Error::environment(cause).help("give a folder that you may write to with --out")
}

fn other_sweep(path: &Path, what: &str, sweep: SweepId, file: &SpecFile) -> Error {
    Error::wrong_use(format!(
        "{} holds {what} ({sweep}), and not `{}` as {} has it now",
        path.display(),
        file.name(),
        file.file
    ))
    .help("give another folder with --out, or remove that one if its results are not needed")
}
