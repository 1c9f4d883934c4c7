//! What a file is, read from its first bytes before SQLite opens it: opening may write, and a file of others, or of a newer
//! version, must stay as it is.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::open::SCHEMA_VERSION;
use super::{Damage, Error, log};

/// "TRAP": names the file's kind in SQLite's header.
pub(super) const APPLICATION_ID: u32 = 0x5452_4150;

/// SQLite's header, and what stands where in it.
const HEADER_BYTES: usize = 100;
const MAGIC: &[u8] = b"SQLite format 3\0";
const PAGE_SIZE_AT: usize = 16;
const N_PAGES_AT: usize = 28;
const SCHEMA_COOKIE_AT: usize = 40;
const VERSION_AT: usize = 60;
const KIND_AT: usize = 68;

/// Looks at the header, and refuses what this build must not touch.
///
/// # Errors
/// If the file is something else, newer, emptied out or cut off.
pub(super) fn check(path: &Path) -> Result<(), Error> {
    let Some((header, length)) =
        read(path).map_err(|source| Error::Open { path: path.to_owned(), source: source.into() })?
    else {
        return Ok(());
    };
    let damaged = |damage| Err(Error::Damaged { path: path.to_owned(), damage });
    if header.iter().all(|byte| *byte == 0) {
        return damaged(Damage::Zeros);
    }
    let foreign = Err(Error::Foreign { path: path.to_owned() });
    if header.len() < HEADER_BYTES || !header.starts_with(MAGIC) {
        return foreign;
    }
    let (kind, version) = (number(&header, KIND_AT), number(&header, VERSION_AT));
    if kind != APPLICATION_ID {
        // A life that ended while it made the file has left its kind in the log, or nothing at all.
        let is_new = kind == 0 && (log::has_frames(path) || number(&header, SCHEMA_COOKIE_AT) == 0);
        return if is_new { Ok(()) } else { foreign };
    }
    if version > SCHEMA_VERSION {
        return Err(Error::Version { path: path.to_owned(), found: version.into(), expected: SCHEMA_VERSION.into() });
    }
    // Pages that are still in the log alone are counted only when they are moved.
    let expected = u64::from(number(&header, N_PAGES_AT)) * page_size(&header);
    if length < expected && !log::has_frames(path) {
        return damaged(Damage::Truncated { expected, found: length });
    }
    Ok(())
}

/// The first bytes and the file's length; none for a file that is not there, or empty.
fn read(path: &Path) -> io::Result<Option<(Vec<u8>, u64)>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    let mut header = Vec::with_capacity(HEADER_BYTES);
    file.take(HEADER_BYTES as u64).read_to_end(&mut header)?;
    Ok((!header.is_empty()).then_some((header, length)))
}

/// 1 stands for 65,536, which two bytes cannot hold.
fn page_size(header: &[u8]) -> u64 {
    match u16::from_be_bytes([header[PAGE_SIZE_AT], header[PAGE_SIZE_AT + 1]]) {
        1 => 65_536,
        size => size.into(),
    }
}

fn number(header: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
}
