//! The data folder: one coordinator at a time, its token, and the places of everything else.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::Error;

/// Fewest characters of a token.
const MIN_TOKEN: usize = 16;

/// An open data folder; its lock is held until it is dropped.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder if it is not there, and takes it for this process.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        make(path).map_err(Error::folder("make the data folder", path))?;
        let file = path.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&file)
            .map_err(Error::folder("open", &file))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(Error::Locked { path: path.to_owned() }),
            Err(errno) => Err(Error::folder("lock", file)(errno.into())),
        }
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The journal and ledger.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("journal.sqlite")
    }

    /// The sealed rows.
    pub(crate) fn segments(&self) -> PathBuf {
        self.path.join("segments")
    }

    /// The artifacts, unless they go elsewhere.
    pub(crate) fn artifacts(&self) -> PathBuf {
        self.path.join("artifacts")
    }

    /// The token in the folder; made, readable by its owner alone, if there is none.
    pub(crate) fn token(&self) -> Result<String, Error> {
        let path = self.path.join("token");
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let token = text.trim();
                let good = token.len() >= MIN_TOKEN && token.bytes().all(|byte| byte.is_ascii_graphic());
                if good { Ok(token.to_owned()) } else { Err(Error::Token { path }) }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.make_token(&path),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(Error::Token { path }),
            Err(error) => Err(Error::folder("read", path)(error)),
        }
    }

    fn make_token(&self, path: &Path) -> Result<String, Error> {
        let token: String = random::<32>()?.iter().map(|byte| format!("{byte:02x}")).collect();
        let aside = self.path.join("token.new");
        let written = || -> io::Result<()> {
            let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&aside)?;
            writeln!(file, "{token}")?;
            file.sync_all()?;
            std::fs::rename(&aside, path)?;
            File::open(&self.path)?.sync_all()
        };
        written().map_err(Error::folder("write", path))?;
        Ok(token)
    }
}

/// A new folder is its owner's alone: the journal holds the secret of lease tokens.
fn make(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made,
    }
}

/// Bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let source = "/dev/urandom";
    let mut bytes = [0; N];
    File::open(source).and_then(|mut file| file.read_exact(&mut bytes)).map_err(Error::folder("read", source))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_token_is_made_once_and_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(&dir.path().join("deep/data")).unwrap();
        let token = folder.token().unwrap();
        assert_eq!(token.len(), 64);
        assert_eq!(folder.token().unwrap(), token);
        let file = folder.path().join("token");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&file, "short\n").unwrap();
        assert!(folder.token().unwrap_err().to_string().contains("delete it"));
    }

    #[test]
    fn a_folder_has_one_coordinator() {
        let dir = tempfile::tempdir().unwrap();
        let first = Folder::open(dir.path()).unwrap();
        let error = Folder::open(dir.path()).unwrap_err().to_string();
        assert!(error.contains(&dir.path().display().to_string()), "{error}");
        drop(first);
        assert!(Folder::open(dir.path()).is_ok());
    }
}
