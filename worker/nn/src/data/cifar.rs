//! CIFAR-10 and CIFAR-100 in their binary version: records of one or two label bytes and 3,072 pixels, plain or gzip,
//! each file by itself or all in the published archive.

use traipse_sweep::network::Shape;
use traipse_sweep::settings::{DataName, DataSettings};

use super::file::{Named, content};
use super::finish::{Decoded, finish};
use super::{Dataset, Error, MAX_BYTES, MAX_EXAMPLES, Split, tar};

/// A pixel's three colours are planes one after the other, rows from the top: features are (channel, row, column).
const IMAGE: Shape = Shape { channels: 3, height: 32, width: 32 };
const FULL_SCALE: f64 = 255.0;

/// What distinguishes the two sets.
#[derive(Clone, Copy, Debug)]
pub struct CifarFormat {
    /// Names of the files to train on, in order.
    pub train: &'static [&'static str],
    /// Name of the file to test on.
    pub test: &'static str,
    /// Name of the archive that holds them.
    pub archive: &'static str,
    /// Name of the folder that the archive unpacks to.
    pub folder: &'static str,
    /// Label bytes before the pixels; the last of them counts.
    n_labels: usize,
    n_classes: u8,
}

const CIFAR10: CifarFormat = CifarFormat {
    train: &["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"],
    test: "test_batch.bin",
    archive: "cifar-10-binary.tar.gz",
    folder: "cifar-10-batches-bin",
    n_labels: 1,
    n_classes: 10,
};

/// Of the two labels, coarse and fine, the fine one is used.
const CIFAR100: CifarFormat = CifarFormat {
    train: &["train.bin"],
    test: "test.bin",
    archive: "cifar-100-binary.tar.gz",
    folder: "cifar-100-binary",
    n_labels: 2,
    n_classes: 100,
};

/// The files of `cifar10` or `cifar100`; none for another set.
#[must_use]
pub fn cifar_format(name: DataName) -> Option<&'static CifarFormat> {
    match name {
        DataName::Cifar10 => Some(&CIFAR10),
        DataName::Cifar100 => Some(&CIFAR100),
        _ => None,
    }
}

/// Decodes the files of CIFAR-10 or CIFAR-100, which of them `settings.name` says.
///
/// # Errors
/// If a file is damaged or is not what it should be; the message names the file, what was found and what was
/// expected.
pub fn cifar(settings: &DataSettings, train: &[Named<'_>], test: Named<'_>) -> Result<Dataset, Error> {
    let format = format(settings)?;
    let image = Some(IMAGE);
    let n_outputs = usize::from(format.n_classes);
    let (train, test) = (split(format, train)?, split(format, &[test])?);
    finish(settings, Decoded { image, n_outputs, full_scale: FULL_SCALE, train, test })
}

/// The same from the published archive, `.tar` or `.tar.gz`.
///
/// # Errors
/// As [`cifar`], and if the archive is damaged or lacks a file.
pub fn cifar_archive(settings: &DataSettings, archive: Named<'_>) -> Result<Dataset, Error> {
    let format = format(settings)?;
    let wanted: Vec<&str> = format.train.iter().copied().chain([format.test]).collect();
    let members = tar::members(archive, &wanted)?;
    let names: Vec<String> = wanted.iter().map(|name| format!("{}: {name}", archive.0)).collect();
    let files: Vec<Named<'_>> = names.iter().zip(&members).map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    let (test, train) = files.split_last().expect("a test file was asked for");
    cifar(settings, train, *test)
}

fn format(settings: &DataSettings) -> Result<&'static CifarFormat, Error> {
    let found = settings.name.as_str();
    cifar_format(settings.name).ok_or(Error::Name { found, expected: "cifar10 or cifar100" })
}

fn split(format: &CifarFormat, files: &[Named<'_>]) -> Result<Split, Error> {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for &file in files {
        append(format, file, &mut pixels, &mut labels)?;
    }
    Ok(Split::of_bytes(IMAGE.n_features(), pixels, labels))
}

fn append(format: &CifarFormat, file: Named<'_>, pixels: &mut Vec<u8>, labels: &mut Vec<u8>) -> Result<(), Error> {
    let named = || file.0.to_owned();
    let bytes = content(file)?;
    let record = format.n_labels + IMAGE.n_features();
    if bytes.is_empty() {
        return Err(Error::Empty { file: named(), what: "images" });
    }
    if !bytes.len().is_multiple_of(record) {
        return Err(Error::Records { file: named(), found: bytes.len() as u64, record: record as u64 });
    }
    let n_bytes = (pixels.len() + bytes.len()) as u64;
    if n_bytes > MAX_BYTES {
        return Err(Error::TooMany { file: named(), found: n_bytes, what: "bytes", limit: MAX_BYTES });
    }
    debug_assert!(n_bytes / record as u64 <= MAX_EXAMPLES, "bytes bound examples");
    for (row, record) in bytes.chunks_exact(record).enumerate() {
        let (head, image) = record.split_at(format.n_labels);
        let label = head[format.n_labels - 1];
        if label >= format.n_classes {
            return Err(Error::Label { file: named(), found: label, row, last: format.n_classes - 1 });
        }
        labels.push(label);
        pixels.extend_from_slice(image);
    }
    Ok(())
}
