//! IDX, the format of MNIST: big-endian header, then bytes; plain or gzip.

use std::io::Read;

use traipse_sweep::network::Shape;
use traipse_sweep::settings::{DataName, DataSettings};

use super::file::{Named, Plain};
use super::finish::{Decoded, finish};
use super::{Dataset, Error, Split};

/// Most bytes that one decoded file may have: twenty times MNIST's training images.
pub const MAX_BYTES: u64 = 1 << 30;
/// Most examples in one file: row numbers are `u32` with room to spare.
pub const MAX_EXAMPLES: u64 = 1 << 24;
const IMAGES: u32 = 0x0000_0803;
const LABELS: u32 = 0x0000_0801;
const N_CLASSES: usize = 10;
const FULL_SCALE: f64 = 255.0;

/// The four files of an IDX set: (name for messages, raw bytes, plain or gzip).
#[derive(Clone, Copy, Debug)]
pub struct IdxFiles<'a> {
    /// Images to train on.
    pub train_images: Named<'a>,
    /// Their labels.
    pub train_labels: Named<'a>,
    /// Images to test on.
    pub test_images: Named<'a>,
    /// Their labels.
    pub test_labels: Named<'a>,
}

/// Decodes the four files of MNIST or Fashion-MNIST, which have one format and one set of names.
///
/// # Errors
/// If a file is damaged, is not what it should be, or disagrees with another; the message names the file, what was
/// found and what was expected. A header that lies about its size allocates nothing.
pub fn mnist(settings: &DataSettings, files: &IdxFiles<'_>) -> Result<Dataset, Error> {
    if !matches!(settings.name, DataName::Mnist | DataName::FashionMnist) {
        return Err(Error::Name { found: settings.name.as_str(), expected: "mnist or fashion-mnist" });
    }
    let (train, train_shape) = split(files.train_images, files.train_labels)?;
    let (test, test_shape) = split(files.test_images, files.test_labels)?;
    if train_shape != test_shape {
        let (file, other) = (files.test_images.0.to_owned(), files.train_images.0.to_owned());
        return Err(Error::Shape { file, found: test_shape, expected: train_shape, other });
    }
    let image = Some(Shape { channels: 1, height: train_shape.0 as usize, width: train_shape.1 as usize });
    finish(settings, Decoded { image, n_outputs: N_CLASSES, full_scale: FULL_SCALE, train, test })
}

/// One pair of files, checked against each other.
fn split(images: Named<'_>, labels: Named<'_>) -> Result<(Split, (u32, u32)), Error> {
    let (shape, pixels) = decode(images, IMAGES, "images")?;
    let (_, classes) = decode(labels, LABELS, "labels")?;
    let n_features = shape[1] as usize * shape[2] as usize;
    if classes.len() != shape[0] as usize {
        return Err(Error::Counts {
            labels_file: labels.0.to_owned(),
            images_file: images.0.to_owned(),
            found: classes.len() as u64,
            expected: u64::from(shape[0]),
        });
    }
    if let Some(row) = classes.iter().position(|&label| usize::from(label) >= N_CLASSES) {
        let (file, last) = (labels.0.to_owned(), N_CLASSES as u8 - 1);
        return Err(Error::Label { file, found: classes[row], row, last });
    }
    Ok((Split::of_bytes(n_features, pixels, classes), (shape[1], shape[2])))
}

/// The sizes (1 where the file has fewer dimensions) and the bytes of one file.
fn decode((file, raw): Named<'_>, magic: u32, what: &'static str) -> Result<([u32; 3], Vec<u8>), Error> {
    let from = &mut Plain::new(raw);
    let n_sizes = (magic & 0xff) as usize;
    let header = 4 + 4 * n_sizes as u64;
    let first = word(file, from, 0, header)?;
    if first != magic {
        return Err(Error::Magic { file: file.to_owned(), found: first, expected: magic, what });
    }
    let mut sizes = [1u32; 3];
    for (i, size) in sizes.iter_mut().take(n_sizes).enumerate() {
        *size = word(file, from, 4 + 4 * i as u64, header)?;
    }
    let n_bytes = check_sizes(file, sizes, what)?;
    let mut bytes = Vec::new();
    // Reading through `take` grows with what really comes, so a header that lies allocates nothing by itself.
    let read = from.by_ref().take(n_bytes).read_to_end(&mut bytes);
    read.map_err(|source| Error::Gzip { file: file.to_owned(), source })?;
    let (found, expected) = (header + bytes.len() as u64, header + n_bytes);
    if found < expected {
        return Err(Error::Truncated { file: file.to_owned(), found, expected });
    }
    let more = from.read(&mut [0]).map_err(|source| Error::Gzip { file: file.to_owned(), source })?;
    if more > 0 {
        return Err(Error::TooLong { file: file.to_owned(), expected });
    }
    Ok((sizes, bytes))
}

/// The next big-endian word of the header.
fn word(file: &str, from: &mut impl Read, at: u64, header: u64) -> Result<u32, Error> {
    let mut bytes = Vec::with_capacity(4);
    let read = from.by_ref().take(4).read_to_end(&mut bytes);
    read.map_err(|source| Error::Gzip { file: file.to_owned(), source })?;
    match bytes.as_slice().try_into() {
        Ok(word) => Ok(u32::from_be_bytes(word)),
        Err(_) => Err(Error::Truncated { file: file.to_owned(), found: at + bytes.len() as u64, expected: header }),
    }
}

/// The bytes that the header promises, if it is within bounds.
fn check_sizes(file: &str, sizes: [u32; 3], what: &'static str) -> Result<u64, Error> {
    let [n, rows, columns] = sizes.map(u64::from);
    if n == 0 || rows == 0 || columns == 0 {
        return Err(Error::Empty { file: file.to_owned(), what });
    }
    if n > MAX_EXAMPLES {
        return Err(Error::TooMany { file: file.to_owned(), found: n, what, limit: MAX_EXAMPLES });
    }
    let n_bytes = (rows * columns).saturating_mul(n);
    if n_bytes > MAX_BYTES {
        return Err(Error::TooMany { file: file.to_owned(), found: n_bytes, what: "bytes", limit: MAX_BYTES });
    }
    Ok(n_bytes)
}
