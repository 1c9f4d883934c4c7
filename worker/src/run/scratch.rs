//! Snapshots beyond a bound of memory, in a file that nobody sees.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use traipse_probe::Records;

/// Bytes of one snapshot that are read from the file at a time.
const STRIDE: usize = 256 << 10;

/// How much memory a run's snapshots may use, and where the others go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scratch {
    /// Bytes in memory at most.
    pub memory: u64,
    /// The folder of the scratch file, which is made when it is needed and never has a name to be found by: it is
    /// gone with the run, and with the process however that ends.
    pub folder: PathBuf,
}

impl Default for Scratch {
    /// Everything in memory.
    fn default() -> Self {
        Self { memory: u64::MAX, folder: std::env::temp_dir() }
    }
}

impl Scratch {
    /// Records of that length for one run. Touches no file before it must.
    #[must_use]
    pub fn records(&self, record_bytes: usize) -> Box<dyn Records> {
        Box::new(Spill::new(self, record_bytes))
    }
}

/// Why a run has lost its snapshots: the machine's fault, so that another try may do better.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot {verb} the scratch file for snapshots in {}: {source}: free some space there, give the worker more memory \
     for snapshots with --memory, or another folder with --state", folder.display()
)]
pub struct Error {
    verb: &'static str,
    folder: PathBuf,
    source: io::Error,
}

/// The records of one run.
#[derive(Debug)]
struct Spill {
    scratch: Scratch,
    in_memory: Vec<Vec<u8>>,
    memory_used: u64,
    file: Option<File>,
    n_in_file: u64,
    record_bytes: usize,
}

impl Spill {
    fn new(scratch: &Scratch, record_bytes: usize) -> Self {
        let scratch = scratch.clone();
        Self { scratch, in_memory: Vec::new(), memory_used: 0, file: None, n_in_file: 0, record_bytes }
    }

    fn has_room(&self) -> bool {
        let more = self.memory_used.saturating_add(self.record_bytes as u64);
        self.file.is_none() && more <= self.scratch.memory
    }

    fn write(&mut self, record: &[u8]) -> io::Result<()> {
        let folder = &self.scratch.folder;
        if self.file.is_none() {
            tracing::debug!(folder = %folder.display(), n_in_memory = self.in_memory.len(), "snapshots go to a file");
        }
        let file = match self.file.take() {
            Some(file) => file,
            None => tempfile::tempfile_in(folder).map_err(failed("make", folder))?,
        };
        let file = self.file.insert(file);
        file.write_all_at(record, self.n_in_file * self.record_bytes as u64).map_err(failed("write", folder))?;
        self.n_in_file += 1;
        Ok(())
    }
}

impl Records for Spill {
    fn push(&mut self, record: Vec<u8>) -> io::Result<()> {
        assert_eq!(record.len(), self.record_bytes, "records of one run have one length");
        if self.has_room() {
            self.memory_used += record.len() as u64;
            self.in_memory.push(record);
            return Ok(());
        }
        self.write(&record)
    }

    fn read(&self, record: usize, start: usize, out: &mut [u8]) -> io::Result<()> {
        if let Some(held) = self.in_memory.get(record) {
            out.copy_from_slice(&held[start..start + out.len()]);
            return Ok(());
        }
        let in_file = (record - self.in_memory.len()) as u64;
        assert!(in_file < self.n_in_file && start + out.len() <= self.record_bytes, "record {record} is there");
        let file = self.file.as_ref().expect("records that are not in memory are in the file");
        let at = in_file * self.record_bytes as u64 + start as u64;
        file.read_exact_at(out, at).map_err(failed("read", &self.scratch.folder))
    }

    fn stride(&self) -> usize {
        if self.file.is_some() { STRIDE } else { 0 }
    }
}

fn failed(verb: &'static str, folder: &Path) -> impl FnOnce(io::Error) -> io::Error {
    let folder = folder.to_owned();
    move |source| io::Error::new(source.kind(), Error { verb, folder, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(of: u8) -> Vec<u8> {
        (0..1_000_u32).map(|i| (i as u8).wrapping_mul(7).wrapping_add(of)).collect()
    }

    #[test]
    fn what_is_read_does_not_depend_on_where_it_lies() {
        let folder = tempfile::tempdir().unwrap();
        for memory in [0, 999, 1_000, 2_500, u64::MAX] {
            let mut spill = Spill::new(&Scratch { memory, folder: folder.path().to_owned() }, 1_000);
            (0..5).for_each(|of| spill.push(record(of)).unwrap());
            assert_eq!(spill.in_memory.len() as u64, (memory / 1_000).min(5));
            for of in 0..5 {
                for (start, len) in [(0, 1_000), (17, 300), (999, 1), (1_000, 0)] {
                    let mut out = vec![0; len];
                    spill.read(usize::from(of), start, &mut out).unwrap();
                    assert_eq!(out, record(of)[start..start + len]);
                }
            }
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has no name");
        }
    }

    #[test]
    fn a_folder_that_takes_no_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let nowhere = folder.path().join("nowhere");
        let mut spill = Spill::new(&Scratch { memory: 1_500, folder: nowhere.clone() }, 1_000);
        spill.push(record(0)).unwrap();
        let error = spill.push(record(1)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        let text = error.to_string();
        assert!(text.contains(nowhere.to_str().unwrap()) && text.contains("--memory"), "{text}");
        let mut out = vec![0; 10];
        spill.read(0, 0, &mut out).unwrap();
        assert_eq!(out, record(0)[..10], "what was kept before is still there");
    }

    #[test]
    fn a_full_disk_is_an_error_like_any_other() {
        // The device that is always full.
        let Ok(full) = std::fs::OpenOptions::new().read(true).write(true).open("/dev/full") else { return };
        let mut spill = Spill::new(&Scratch { memory: 0, folder: "/var/full".into() }, 1_000);
        spill.file = Some(full);
        let error = spill.push(record(0)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(error.to_string().contains("/var/full") && error.to_string().contains("write"), "{error}");
    }
}
