//! The write-ahead log, looked through before SQLite does. SQLite takes a log up to the first frame whose checksum is wrong,
//! and drops what follows without a word: right for a write that was cut short by a crash, wrong for a byte that went
//! bad, since what follows was answered. The two can be told apart: every commit is synced before the next is written, so a
//! crash can only harm the last transaction. A bad frame with another transaction behind it is damage.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use super::{Damage, Error};

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// The magic number; its last bit says in which order the checksums read bytes.
const MAGIC: u32 = 0x377f_0682;
/// SQLite's largest page.
const MAX_PAGE_BYTES: usize = 65_536;

/// Checks the log beside the file.
///
/// # Errors
/// If a transaction that was durable is damaged.
pub(super) fn check(path: &Path) -> Result<(), Error> {
    let reading = |source: io::Error| Error::Read { path: log_path(path), source: source.into() };
    match first_damage(path).map_err(reading)? {
        Some(frame) => {
            Err(Error::Damaged { path: path.to_owned(), damage: Damage::Log { path: log_path(path), frame } })
        }
        None => Ok(()),
    }
}

/// Whether there is a log with anything in it.
pub(super) fn has_frames(path: &Path) -> bool {
    std::fs::metadata(log_path(path)).is_ok_and(|found| found.len() > HEADER_BYTES as u64)
}

fn log_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// The number of the first bad frame, counted from 1, if another transaction follows that of it; 0 is the header.
fn first_damage(path: &Path) -> io::Result<Option<u64>> {
    let file = match File::open(log_path(path)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut reader = BufReader::new(file);
    let mut header = [0; HEADER_BYTES];
    if !fill(&mut reader, &mut header)? {
        return Ok(None);
    }
    let Some(mut log) = Log::of(&header) else {
        // The header is synced before the first frame is written.
        return Ok(fill(&mut reader, &mut [0; FRAME_HEADER_BYTES])?.then_some(0));
    };
    let mut frame = vec![0; FRAME_HEADER_BYTES + log.page_bytes];
    let (mut number, mut bad, mut is_over) = (0, None, false);
    while fill(&mut reader, &mut frame)? {
        number += 1;
        // What an earlier round of the log has left has other salts, and none of this round follows it.
        let is_good = log.take(&frame) && frame[8..16] == log.salts;
        if is_good && is_over {
            return Ok(bad);
        }
        if !is_good {
            bad = bad.or(Some(number));
        }
        let commits = word(&frame[4..8], true) != 0;
        is_over |= bad.is_some() && commits;
    }
    Ok(None)
}

/// What the header says, and the checksum so far.
struct Log {
    page_bytes: usize,
    salts: [u8; 8],
    is_big: bool,
    sum: (u32, u32),
}

impl Log {
    /// None if it is no header: to SQLite, such a log is empty.
    fn of(header: &[u8; HEADER_BYTES]) -> Option<Self> {
        let magic = word(&header[0..4], true);
        let page_bytes = word(&header[8..12], true) as usize;
        if magic & !1 != MAGIC || !(512..=MAX_PAGE_BYTES).contains(&page_bytes) || !page_bytes.is_power_of_two() {
            return None;
        }
        let is_big = magic & 1 == 1;
        let sum = sum((0, 0), &header[..24], is_big);
        let mut salts = [0; 8];
        salts.copy_from_slice(&header[16..24]);
        let stored = (word(&header[24..28], true), word(&header[28..32], true));
        (sum == stored).then_some(Self { page_bytes, salts, is_big, sum })
    }

    /// Whether a frame's checksum follows from the one stored before it; goes on from the one stored in it.
    fn take(&mut self, frame: &[u8]) -> bool {
        let (header, page) = frame.split_at(FRAME_HEADER_BYTES);
        let found = sum(sum(self.sum, &header[..8], self.is_big), page, self.is_big);
        self.sum = (word(&header[16..20], true), word(&header[20..24], true));
        found == self.sum
    }
}

/// SQLite's running checksum over pairs of words.
fn sum(mut sum: (u32, u32), bytes: &[u8], is_big: bool) -> (u32, u32) {
    for pair in bytes.chunks_exact(8) {
        sum.0 = sum.0.wrapping_add(word(&pair[..4], is_big)).wrapping_add(sum.1);
        sum.1 = sum.1.wrapping_add(word(&pair[4..], is_big)).wrapping_add(sum.0);
    }
    sum
}

fn word(bytes: &[u8], is_big: bool) -> u32 {
    let bytes = [bytes[0], bytes[1], bytes[2], bytes[3]];
    if is_big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
}

/// False at the end, also in the middle of what was asked for.
fn fill(reader: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
