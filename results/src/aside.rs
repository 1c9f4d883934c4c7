//! Files that appear whole or not at all: written aside, synced, renamed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::Error;

/// Bytes gathered before they go to the file.
const BUFFER_BYTES: usize = 1 << 18;

/// A file that is being written aside; its bytes are digested on the way.
pub(crate) struct Aside {
    place: Place,
    file: BufWriter<File>,
    hasher: Sha256,
    size: u64,
}

impl Aside {
    /// Begins `<path>.tmp`, over whatever a killed process left there.
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        let mut aside = path.as_os_str().to_owned();
        aside.push(".tmp");
        let place = Place { path: path.to_owned(), aside: PathBuf::from(aside), published: false };
        let file = File::create(&place.aside).map_err(Error::file("create", &place.aside))?;
        Ok(Self { place, file: BufWriter::with_capacity(BUFFER_BYTES, file), hasher: Sha256::new(), size: 0 })
    }

    /// Ends the file: all bytes are on the disk, still aside.
    pub(crate) fn finish(self) -> Result<Finished, Error> {
        let Self { place, file, hasher, size } = self;
        let file = file.into_inner().map_err(|error| error.into_error()).map_err(Error::file("write", &place.aside))?;
        file.sync_all().map_err(Error::file("sync", &place.aside))?;
        Ok(Finished { place, size, sha256: hasher.finalize().into() })
    }
}

impl Write for Aside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A file that is whole and synced, but not yet under its name; dropped unpublished, it is removed.
pub(crate) struct Finished {
    place: Place,
    /// Bytes.
    pub(crate) size: u64,
    /// Digest of the bytes.
    pub(crate) sha256: [u8; 32],
}

impl Finished {
    /// Where the bytes lie for now.
    pub(crate) fn aside(&self) -> &Path {
        &self.place.aside
    }

    /// Gives the file its name and returns it; the folder is synced by [`sync_folder`].
    pub(crate) fn publish(mut self) -> Result<PathBuf, Error> {
        fs::rename(&self.place.aside, &self.place.path).map_err(Error::file("rename", &self.place.aside))?;
        self.place.published = true;
        Ok(self.place.path.clone())
    }
}

/// Writes some files into a folder, which is made where it is missing: all are whole before the first has its name.
pub(crate) fn write_all(dir: &Path, files: &[(String, Vec<u8>)]) -> Result<Vec<PathBuf>, Error> {
    fs::create_dir_all(dir).map_err(Error::file("create the folder", dir))?;
    let mut finished = Vec::new();
    for (name, bytes) in files {
        let path = dir.join(name);
        let mut file = Aside::create(&path)?;
        file.write_all(bytes).map_err(Error::file("write", &path))?;
        finished.push(file.finish()?);
    }
    let paths = finished.into_iter().map(Finished::publish).collect::<Result<_, _>>()?;
    sync_folder(dir)?;
    Ok(paths)
}

/// Makes renames in a folder durable.
pub(crate) fn sync_folder(dir: &Path) -> Result<(), Error> {
    File::open(dir).and_then(|folder| folder.sync_all()).map_err(Error::file("sync the folder", dir))
}

/// The name to be and the name until then.
struct Place {
    path: PathBuf,
    aside: PathBuf,
    published: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.published {
            // Nothing can be done about a file that cannot be removed; the next writer goes over it.
            let _ = fs::remove_file(&self.aside);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_only_when_published() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let mut file = Aside::create(&path).unwrap();
        file.write_all(b"abc").unwrap();
        let finished = file.finish().unwrap();
        assert!(!path.exists());
        assert_eq!(finished.size, 3);
        assert_eq!(finished.sha256[..4], [0xba, 0x78, 0x16, 0xbf]);
        finished.publish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"abc");

        drop(Aside::create(&path).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "an abandoned file leaves nothing behind");
    }
}
