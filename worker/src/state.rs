//! The state folder: a worker's lasting id, and the number of its lives, raised durably before it acts.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use traipse_sweep::{Incarnation, WorkerId};
use ulid::Ulid;

/// Folders that are tried below the user's state folder.
const MAX_FOLDERS: u32 = 4096;
const LOCK: &str = "lock";
const IDENTITY: &str = "identity.json";
/// Of the identity's form.
const VERSION: u32 = 1;

/// Why the state folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither variable says where.
    #[error("neither XDG_STATE_HOME nor HOME is set: give the worker a state folder with --state DIR")]
    NoHome,
    /// Reading or writing failed.
    #[error("cannot {verb} {}: {source}", path.display())]
    Io {
        /// What was tried.
        verb: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another worker has it.
    #[error("another worker uses the state folder {}: give this one its own with --state DIR", folder.display())]
    Locked {
        /// Which folder.
        folder: PathBuf,
    },
    /// All of them have one.
    #[error("all {MAX_FOLDERS} state folders in {} are in use: give this worker its own with --state DIR", parent.display())]
    NoneFree {
        /// Where they are.
        parent: PathBuf,
    },
    /// The identity cannot be read.
    #[error("{} is damaged ({source}): delete it, and the worker becomes a new one", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where it breaks.
        source: serde_json::Error,
    },
    /// A newer program has written it.
    #[error(
        "{} is of version {found}, and this program knows versions up to {known}: start the newer traipse that wrote it, or give \
         this worker another folder with --state DIR", path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
    /// The spool is something else.
    #[error("{} is no spool of outcomes: move it away, or give this worker another folder with --state DIR", path.display())]
    NoSpool {
        /// The file.
        path: PathBuf,
    },
    /// Too many lives.
    #[error("{}: its worker has had every life that a number can count: delete the file", path.display())]
    Exhausted {
        /// The file.
        path: PathBuf,
    },
}

/// A worker's identity in this life. The folder is its own as long as this lives.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) id: WorkerId,
    pub(crate) incarnation: Incarnation,
    pub(crate) folder: PathBuf,
    _lock: File,
}

#[derive(Serialize, Deserialize)]
struct Identity {
    /// Left out by the first programs that wrote it.
    #[serde(default = "first_version")]
    version: u32,
    id: WorkerId,
    incarnation: Incarnation,
}

/// Read by itself: a newer identity may have other fields.
#[derive(Deserialize)]
struct Version {
    #[serde(default = "first_version")]
    version: u32,
}

fn first_version() -> u32 {
    VERSION
}

impl State {
    /// Takes a folder, or the first free one of the user's state folder, and begins a life.
    pub(crate) fn open(folder: Option<&Path>) -> Result<Self, Error> {
        match folder {
            Some(folder) => Self::take(folder)?.ok_or_else(|| Error::Locked { folder: folder.to_owned() }),
            None => Self::first_free(&user_folder()?),
        }
    }

    fn first_free(parent: &Path) -> Result<Self, Error> {
        for n in 1..=MAX_FOLDERS {
            if let Some(state) = Self::take(&parent.join(format!("worker-{n}")))? {
                return Ok(state);
            }
        }
        Err(Error::NoneFree { parent: parent.to_owned() })
    }

    /// None if another worker has the folder.
    fn take(folder: &Path) -> Result<Option<Self>, Error> {
        fs::create_dir_all(folder).map_err(failed("make the state folder", folder))?;
        let path = folder.join(LOCK);
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let lock = open.map_err(failed("open", &path))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Ok(None),
            Err(errno) => return Err(failed("lock", &path)(errno.into())),
        }
        let Identity { id, incarnation, .. } = next_life(folder)?;
        Ok(Some(Self { id, incarnation, folder: folder.to_owned(), _lock: lock }))
    }
}

/// Reads the identity, or makes one, and writes it back with one life more.
fn next_life(folder: &Path) -> Result<Identity, Error> {
    let path = folder.join(IDENTITY);
    let mut identity = match fs::read(&path) {
        Ok(bytes) => read(&bytes, &path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let id = new_id().map_err(failed("read randomness for", &path))?;
            Identity { version: VERSION, id, incarnation: Incarnation(0) }
        }
        Err(error) => return Err(failed("read", &path)(error)),
    };
    let raised = identity.incarnation.0.checked_add(1).ok_or_else(|| Error::Exhausted { path: path.clone() })?;
    identity.incarnation = Incarnation(raised);
    write_whole(folder, &path, &identity).map_err(failed("write", &path))?;
    Ok(identity)
}

fn read(bytes: &[u8], path: &Path) -> Result<Identity, Error> {
    let damaged = |source| Error::Damaged { path: path.to_owned(), source };
    let Version { version } = serde_json::from_slice(bytes).map_err(damaged)?;
    if version > VERSION {
        return Err(Error::Newer { path: path.to_owned(), found: version, known: VERSION });
    }
    serde_json::from_slice(bytes).map_err(damaged)
}

/// Written aside, synced, renamed: an identity is never half there, and a life is never counted twice.
fn write_whole(folder: &Path, path: &Path, identity: &Identity) -> io::Result<()> {
    let aside = path.with_extension("new");
    let mut file = File::create(&aside)?;
    file.write_all(&serde_json::to_vec(identity)?)?;
    file.sync_all()?;
    fs::rename(&aside, path)?;
    File::open(folder)?.sync_all()
}

/// A ULID: the time in milliseconds, then 80 random bits.
fn new_id() -> io::Result<WorkerId> {
    let mut random = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut random)?;
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    Ok(WorkerId(Ulid::from_parts(ms, u128::from_le_bytes(random)).0))
}

fn user_folder() -> Result<PathBuf, Error> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")));
    Ok(state.ok_or(Error::NoHome)?.join("traipse"))
}

fn failed(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { verb, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_keeps_its_id_and_counts_its_lives() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("deep/state");
        let first = State::open(Some(&folder)).unwrap();
        let (id, life) = (first.id, first.incarnation);
        drop(first);
        let second = State::open(Some(&folder)).unwrap();
        assert_eq!((second.id, second.incarnation), (id, Incarnation(life.0 + 1)));
        assert_eq!(life, Incarnation(1));
    }

    #[test]
    fn a_folder_has_one_worker_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let first = State::first_free(parent.path()).unwrap();
        let second = State::first_free(parent.path()).unwrap();
        assert_eq!((first.folder, second.folder), (parent.path().join("worker-1"), parent.path().join("worker-2")));
        assert_ne!(first.id, second.id);
        let error = State::open(Some(&parent.path().join("worker-2"))).unwrap_err();
        assert!(matches!(error, Error::Locked { .. }), "{error}");
        drop(first._lock);
        assert_eq!(State::first_free(parent.path()).unwrap().id, first.id);
    }

    #[test]
    fn bad_folders_are_named() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join(IDENTITY), "{").unwrap();
        let error = State::open(Some(parent.path())).unwrap_err();
        assert!(error.to_string().contains(IDENTITY), "{error}");
        fs::write(parent.path().join(IDENTITY), r#"{"version": 7, "id": 3}"#).unwrap();
        let error = State::open(Some(parent.path())).unwrap_err();
        assert!(matches!(error, Error::Newer { found: 7, known: VERSION, .. }), "{error}");
        fs::write(parent.path().join("file"), "").unwrap();
        let error = State::open(Some(&parent.path().join("file/x"))).unwrap_err();
        assert!(error.to_string().contains("file/x"), "{error}");
    }
}
