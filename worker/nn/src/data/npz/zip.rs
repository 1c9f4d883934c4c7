//! The members of a zip archive, stored or deflated, found by its central directory.

use std::borrow::Cow;
use std::io::Read;

use flate2::Crc;
use flate2::read::DeflateDecoder;

use crate::data::file::Named;
use crate::data::{Error, MAX_BYTES};

/// What is wrong with a zip archive.
#[derive(Debug, thiserror::Error)]
pub enum ZipFault {
    /// No central directory.
    #[error("is not a zip archive, or truncated: it has no central directory; save it again with numpy.savez")]
    Directory,
    /// A member is not there.
    #[error("has no array {wanted}; it has {found}")]
    Missing {
        /// Which.
        wanted: String,
        /// What is there, in words.
        found: String,
    },
    /// A way of packing that is not read.
    #[error("{member} is packed by method {method}, expected 0 (stored) or 8 (deflated): use numpy.savez")]
    Method {
        /// Which.
        member: String,
        /// The format's number.
        method: u16,
    },
    /// A password.
    #[error("{member} is encrypted: save it without a password")]
    Encrypted {
        /// Which.
        member: String,
    },
    /// Beyond the bound.
    #[error("{member} has {found} bytes, more than the {MAX_BYTES} that are allowed")]
    TooLarge {
        /// Which.
        member: String,
        /// Its size by the directory.
        found: u64,
    },
    /// Not what the directory says.
    #[error("{member} is damaged or truncated: save the file again")]
    Damaged {
        /// Which.
        member: String,
    },
}

const END: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;
/// An archive's comment is at most so long, so its end record is not further from the file's end.
const MAX_COMMENT: usize = 0xffff;
const ENTRY: &[u8] = b"PK\x01\x02";
const ENTRY_BYTES: usize = 46;
const LOCAL: &[u8] = b"PK\x03\x04";
const LOCAL_BYTES: usize = 30;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// Names that a message lists.
const MAX_LISTED: usize = 8;
/// Characters of a name that a message repeats.
const MAX_SHOWN: usize = 64;

/// An archive in memory.
pub(super) struct Zip<'a> {
    file: String,
    bytes: &'a [u8],
    entries: Vec<Entry<'a>>,
}

struct Entry<'a> {
    name: &'a [u8],
    flags: u16,
    method: u16,
    crc: u32,
    packed: u32,
    size: u32,
    offset: u32,
}

impl<'a> Zip<'a> {
    /// Reads the directory.
    pub(super) fn new((file, bytes): Named<'a>) -> Result<Self, Error> {
        let entries =
            directory(bytes).ok_or_else(|| Error::Zip { file: file.to_owned(), source: ZipFault::Directory })?;
        Ok(Self { file: file.to_owned(), bytes, entries })
    }

    /// A member's content, checked against its sum.
    pub(super) fn member(&self, wanted: &str) -> Result<Cow<'a, [u8]>, Error> {
        self.find(wanted).map_err(|source| Error::Zip { file: self.file.clone(), source })
    }

    fn find(&self, wanted: &str) -> Result<Cow<'a, [u8]>, ZipFault> {
        let member = || wanted.to_owned();
        let Some(entry) = self.entries.iter().find(|entry| entry.name == wanted.as_bytes()) else {
            let wanted = wanted.trim_end_matches(".npy").to_owned();
            return Err(ZipFault::Missing { wanted, found: self.listing() });
        };
        if entry.flags & 1 != 0 {
            return Err(ZipFault::Encrypted { member: member() });
        }
        if u64::from(entry.size) > MAX_BYTES {
            return Err(ZipFault::TooLarge { member: member(), found: entry.size.into() });
        }
        let damaged = || ZipFault::Damaged { member: member() };
        let packed = self.packed(entry).ok_or_else(damaged)?;
        let content = match entry.method {
            STORED => Cow::Borrowed(packed),
            DEFLATED => {
                let mut bytes = Vec::new();
                // Reading through `take` grows with what really comes, so a directory that lies allocates nothing.
                let read = DeflateDecoder::new(packed).take(u64::from(entry.size) + 1).read_to_end(&mut bytes);
                read.map_err(|_| damaged())?;
                Cow::Owned(bytes)
            }
            method => return Err(ZipFault::Method { member: member(), method }),
        };
        let mut crc = Crc::new();
        crc.update(&content);
        let is_whole = content.len() == entry.size as usize && crc.sum() == entry.crc;
        if is_whole { Ok(content) } else { Err(damaged()) }
    }

    /// The member's bytes as they lie. The sizes of its own header may be left to the directory.
    fn packed(&self, entry: &Entry<'_>) -> Option<&'a [u8]> {
        let local = self.bytes.get(entry.offset as usize..)?;
        if !local.starts_with(LOCAL) || local.len() < LOCAL_BYTES {
            return None;
        }
        let start = LOCAL_BYTES + usize::from(u16_at(local, 26)) + usize::from(u16_at(local, 28));
        local.get(start..)?.get(..entry.packed as usize)
    }

    /// What the archive has, in words.
    fn listing(&self) -> String {
        let shown = |entry: &Entry<'_>| String::from_utf8_lossy(entry.name).chars().take(MAX_SHOWN).collect::<String>();
        let names: Vec<String> = self.entries.iter().take(MAX_LISTED).map(shown).collect();
        match (names.is_empty(), self.entries.len().saturating_sub(MAX_LISTED)) {
            (true, _) => "nothing".to_owned(),
            (false, 0) => names.join(", "),
            (false, n_more) => format!("{} and {n_more} more", names.join(", ")),
        }
    }
}

/// The entries of the central directory; none if there is no whole one.
fn directory(bytes: &[u8]) -> Option<Vec<Entry<'_>>> {
    let last = bytes.len().checked_sub(END_BYTES)?;
    let first = last.saturating_sub(MAX_COMMENT);
    let end = (first..=last).rev().find(|&at| bytes[at..].starts_with(END))?;
    let n = usize::from(u16_at(bytes, end + 10));
    let mut rest = bytes.get(u32_at(bytes, end + 16) as usize..end)?;
    let mut entries = Vec::new();
    for _ in 0..n {
        if !rest.starts_with(ENTRY) || rest.len() < ENTRY_BYTES {
            return None;
        }
        let length = |at| usize::from(u16_at(rest, at));
        let (name, more) = (length(28), length(30) + length(32));
        entries.push(Entry {
            name: rest.get(ENTRY_BYTES..ENTRY_BYTES + name)?,
            flags: u16_at(rest, 8),
            method: u16_at(rest, 10),
            crc: u32_at(rest, 16),
            packed: u32_at(rest, 20),
            size: u32_at(rest, 24),
            offset: u32_at(rest, 42),
        });
        rest = rest.get(ENTRY_BYTES + name + more..)?;
    }
    Some(entries)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
