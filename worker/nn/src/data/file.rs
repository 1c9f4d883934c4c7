//! A file as it lies: its name for messages, and its bytes, plain or gzip.

use std::borrow::Cow;
use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use super::{Error, MAX_BYTES};

/// A file's name for messages, and its bytes.
pub type Named<'a> = (&'a str, &'a [u8]);

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Reads a file's content, whichever way it lies.
pub(super) enum Plain<'a> {
    Bytes(&'a [u8]),
    Gzip(Box<MultiGzDecoder<&'a [u8]>>),
}

impl<'a> Plain<'a> {
    pub(super) fn new(raw: &'a [u8]) -> Self {
        if raw.starts_with(&GZIP) { Self::Gzip(Box::new(MultiGzDecoder::new(raw))) } else { Self::Bytes(raw) }
    }
}

impl Read for Plain<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Bytes(bytes) => bytes.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
        }
    }
}

/// All of a file's content, at most [`MAX_BYTES`].
pub(super) fn content<'a>((file, raw): Named<'a>) -> Result<Cow<'a, [u8]>, Error> {
    let Plain::Gzip(decoder) = Plain::new(raw) else { return Ok(Cow::Borrowed(raw)) };
    let mut bytes = Vec::new();
    // Reading through `take` grows with what really comes.
    let read = decoder.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|source| Error::Gzip { file: file.to_owned(), source })?;
    if bytes.len() as u64 > MAX_BYTES {
        let (file, found) = (file.to_owned(), bytes.len() as u64);
        return Err(Error::TooMany { file, found, what: "bytes at least", limit: MAX_BYTES });
    }
    Ok(Cow::Owned(bytes))
}
