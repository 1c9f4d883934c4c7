//! Where the bytes of snapshots are kept: in memory here, wherever else for whoever can reach a file.

use std::fmt::Debug;
use std::io;

/// Records of one length, added one after the other and read in parts.
///
/// This crate knows memory alone ([`InMemory`]). Its caller may keep them in a file: whatever is read is the same, and
/// so is everything that is computed from it.
pub trait Records: Debug + Send + Sync {
    /// Adds a record behind the others.
    ///
    /// # Errors
    /// If it cannot be kept; the error says where. The others are still there.
    fn push(&mut self, record: Vec<u8>) -> io::Result<()>;

    /// Fills `out` with the bytes of a record from `start` on.
    ///
    /// # Errors
    /// If they cannot be read; the error says where.
    ///
    /// # Panics
    /// If there is no such record, or it ends before.
    fn read(&self, record: usize, start: usize, out: &mut [u8]) -> io::Result<()>;

    /// Bytes of one record that are worth reading at a time: few where a read costs nothing.
    fn stride(&self) -> usize;
}

/// Records in memory, each in a piece of its own. Nothing fails.
#[derive(Debug, Default)]
pub struct InMemory(Vec<Vec<u8>>);

impl Records for InMemory {
    fn push(&mut self, record: Vec<u8>) -> io::Result<()> {
        self.0.push(record);
        Ok(())
    }

    fn read(&self, record: usize, start: usize, out: &mut [u8]) -> io::Result<()> {
        out.copy_from_slice(&self.0[record][start..start + out.len()]);
        Ok(())
    }

    fn stride(&self) -> usize {
        0
    }
}
