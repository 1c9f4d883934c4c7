//! The members of a tar archive that are asked for, read into memory: nothing is written, so no path leads anywhere.
//!
//! Formats: ustar, GNU and pax, as `tar` writes them; only a member's last path component is looked at.

use std::io::{self, Read};

use super::file::{Named, Plain};
use super::{Error, MAX_BYTES};

const BLOCK: usize = 512;
/// Most members that are stepped over.
const MAX_MEMBERS: usize = 1 << 16;

/// What is wrong with an archive.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveFault {
    /// Not a tar archive.
    #[error("the header at byte {at} has a wrong checksum: not a tar archive, or damaged; fetch it again")]
    Checksum {
        /// Where.
        at: u64,
    },
    /// Ends in the middle.
    #[error("ends at byte {at}, in the middle of a member: the file is truncated, fetch it again")]
    Truncated {
        /// Where.
        at: u64,
    },
    /// More members than can be.
    #[error("has more than {MAX_MEMBERS} members, not the archive it should be")]
    Members,
    /// A member is not there.
    #[error("has no {wanted}: not the archive it should be")]
    Missing {
        /// Which.
        wanted: String,
    },
    /// Two members of one name.
    #[error("has two members {name}: not the archive it should be")]
    Twice {
        /// Which.
        name: String,
    },
    /// A member is too large.
    #[error("its members have {found} bytes, more than the {MAX_BYTES} that are allowed")]
    TooLarge {
        /// So many.
        found: u64,
    },
}

/// The content of each member that is asked for, in the order of `wanted`.
pub(super) fn members((file, raw): Named<'_>, wanted: &[&str]) -> Result<Vec<Vec<u8>>, Error> {
    let fault = |source| Error::Archive { file: file.to_owned(), source };
    let mut reader = Tar { file, from: Plain::new(raw), at: 0 };
    let mut found: Vec<Option<Vec<u8>>> = vec![None; wanted.len()];
    let mut n_bytes = 0u64;
    for n_members in 0.. {
        let Some(member) = reader.header()? else { break };
        if n_members >= MAX_MEMBERS {
            return Err(fault(ArchiveFault::Members));
        }
        let place = wanted.iter().position(|name| member.is_file && member.name == name.as_bytes());
        let Some(place) = place else {
            reader.skip(member.size)?;
            continue;
        };
        n_bytes = n_bytes.saturating_add(member.size);
        if n_bytes > MAX_BYTES {
            return Err(fault(ArchiveFault::TooLarge { found: n_bytes }));
        }
        if found[place].replace(reader.content(member.size)?).is_some() {
            return Err(fault(ArchiveFault::Twice { name: wanted[place].to_owned() }));
        }
    }
    let missing = |(at, content): (usize, Option<Vec<u8>>)| {
        content.ok_or_else(|| fault(ArchiveFault::Missing { wanted: wanted[at].to_owned() }))
    };
    found.into_iter().enumerate().map(missing).collect()
}

struct Member {
    /// The last component of its path.
    name: Vec<u8>,
    size: u64,
    is_file: bool,
}

struct Tar<'a> {
    file: &'a str,
    from: Plain<'a>,
    at: u64,
}

impl Tar<'_> {
    /// The next header; none at the archive's end, which is a block of zeros, or where nothing follows.
    fn header(&mut self) -> Result<Option<Member>, Error> {
        let at = self.at;
        let mut block = Vec::with_capacity(BLOCK);
        self.read(BLOCK as u64, &mut block)?;
        if block.is_empty() || block.iter().all(|&byte| byte == 0) {
            return Ok(None);
        }
        if block.len() < BLOCK {
            return Err(self.fault(ArchiveFault::Truncated { at: self.at }));
        }
        // The sum is taken with its own eight bytes as blanks.
        let sum = |range: std::ops::Range<usize>| block[range].iter().map(|&byte| u64::from(byte)).sum::<u64>();
        let expected = sum(0..148) + 8 * u64::from(b' ') + sum(156..BLOCK);
        let size = number(&block[124..136]);
        match (number(&block[148..156]) == Some(expected), size) {
            (true, Some(size)) => Ok(Some(Member {
                name: last_component(&block[..100]).to_vec(),
                size,
                is_file: matches!(block[156], b'0' | 0 | b'7'),
            })),
            _ => Err(self.fault(ArchiveFault::Checksum { at })),
        }
    }

    /// A member's bytes; what fills its last block is stepped over.
    fn content(&mut self, size: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        self.read(size, &mut bytes)?;
        if (bytes.len() as u64) < size {
            return Err(self.fault(ArchiveFault::Truncated { at: self.at }));
        }
        self.skip_exactly(size.next_multiple_of(BLOCK as u64) - size)?;
        Ok(bytes)
    }

    fn skip(&mut self, size: u64) -> Result<(), Error> {
        self.skip_exactly(size.checked_next_multiple_of(BLOCK as u64).unwrap_or(u64::MAX))
    }

    fn skip_exactly(&mut self, n: u64) -> Result<(), Error> {
        let skipped = io::copy(&mut self.from.by_ref().take(n), &mut io::sink());
        let skipped = skipped.map_err(|source| Error::Gzip { file: self.file.to_owned(), source })?;
        self.at += skipped;
        if skipped < n { Err(self.fault(ArchiveFault::Truncated { at: self.at })) } else { Ok(()) }
    }

    /// Appends up to `n` bytes.
    fn read(&mut self, n: u64, to: &mut Vec<u8>) -> Result<(), Error> {
        // Reading through `take` grows with what really comes, so a header that lies allocates nothing by itself.
        let read = self.from.by_ref().take(n).read_to_end(to);
        self.at += read.map_err(|source| Error::Gzip { file: self.file.to_owned(), source })? as u64;
        Ok(())
    }

    fn fault(&self, source: ArchiveFault) -> Error {
        Error::Archive { file: self.file.to_owned(), source }
    }
}

/// An octal number, blanks and zeros around it; or, of a large file, big-endian behind a first bit of 1.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        let (high, low) = field.split_at(field.len() - 8);
        let is_small = matches!(high, [0x80, rest @ ..] if rest.iter().all(|&byte| byte == 0));
        return low.try_into().ok().filter(|_| is_small).map(u64::from_be_bytes);
    }
    let text = std::str::from_utf8(field).ok()?.trim_matches([' ', '\0']);
    if text.is_empty() { Some(0) } else { u64::from_str_radix(text, 8).ok() }
}

fn last_component(field: &[u8]) -> &[u8] {
    let name = field.split(|&byte| byte == 0).next().unwrap_or(field);
    name.rsplit(|&byte| byte == b'/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_binary() {
        let mut large = [0u8; 12];
        (large[0], large[10]) = (0x80, 2);
        let rows: [(&[u8], Option<u64>); 7] = [
            (b"00000000144\0", Some(100)),
            (b"   144 \0", Some(100)),
            (b"\0\0\0\0\0\0\0\0\0\0\0\0", Some(0)),
            (b"0000009\0", None),
            (&large, Some(512)),
            (&[0xff; 12], None),
            (&[0xff; 8], None),
        ];
        for (field, expected) in rows {
            assert_eq!(number(field), expected, "{field:?}");
        }
    }
}
