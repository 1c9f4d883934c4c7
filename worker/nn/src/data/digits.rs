//! The embedded set: 1,797 images of digits, 8 × 8 pixels of 0 to 16.
//!
//! The rows are those of the test file of the UCI *Optical Recognition of Handwritten Digits* (`optdigits.tes`), in
//! its order; see `data/README.md` beside the sources for origin and licence.

use std::io::Read;

use flate2::read::GzDecoder;
use traipse_sweep::network::Shape;
use traipse_sweep::settings::{DataName, DataSettings};

use super::finish::{Decoded, finish};
use super::{Dataset, Error, Split};

static COMPRESSED: &[u8] = include_bytes!("../../data/digits.u8.gz");

const N_ROWS: usize = 1797;
const SIDE: usize = 8;
const N_FEATURES: usize = SIDE * SIDE;
const N_CLASSES: usize = 10;
/// The largest pixel.
const FULL_SCALE: f64 = 16.0;
/// The fifth, tenth, … row of a class, in the order of the file, is a test row.
const TEST_EVERY: usize = 5;

/// Decodes the embedded digits and splits them: 1,442 rows to train on, 355 to test on.
///
/// A row is a test row if it is the fifth, tenth, … of its class in the order of the file.
///
/// # Errors
/// If the settings name another set, or `train_limit` does not fit.
pub fn digits(settings: &DataSettings) -> Result<Dataset, Error> {
    if settings.name != DataName::Digits {
        return Err(Error::Name { found: settings.name.as_str(), expected: "digits" });
    }
    let whole = decode()?;
    let (mut train, mut test) = (Vec::new(), Vec::new());
    let mut seen = [0usize; N_CLASSES];
    for (row, &label) in (0u32..).zip(whole.labels()) {
        let seen = &mut seen[usize::from(label)];
        *seen += 1;
        if seen.is_multiple_of(TEST_EVERY) { &mut test } else { &mut train }.push(row);
    }
    let image = Some(Shape { channels: 1, height: SIDE, width: SIDE });
    let (train, test) = (whole.select(&train), whole.select(&test));
    finish(settings, Decoded { image, n_outputs: N_CLASSES, full_scale: FULL_SCALE, train, test })
}

/// All pixels row after row, then all labels.
fn decode() -> Result<Split, Error> {
    const FILE: &str = "embedded digits";
    let expected = N_ROWS * (N_FEATURES + 1);
    let mut bytes = Vec::with_capacity(expected);
    GzDecoder::new(COMPRESSED)
        .take(expected as u64)
        .read_to_end(&mut bytes)
        .map_err(|source| Error::Gzip { file: FILE.to_owned(), source })?;
    if bytes.len() < expected {
        let (found, expected) = (bytes.len() as u64, expected as u64);
        return Err(Error::Truncated { file: FILE.to_owned(), found, expected });
    }
    let labels = bytes.split_off(N_ROWS * N_FEATURES);
    Ok(Split::of_bytes(N_FEATURES, bytes, labels))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_split_is_the_pinned_one() {
        let data = digits(&DataSettings::default()).unwrap();
        assert_eq!((data.train.len(), data.test.len()), (1442, 355));
        assert_eq!((data.n_features, data.n_classes), (64, 10));
        // The file begins 0 1 2 3 4 5 6 7 8 9, and the first row is the well-known rounded zero.
        assert_eq!(data.train.labels()[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(data.train.bytes()[..8], [0, 0, 5, 13, 9, 1, 0, 0]);
        assert!(data.train.bytes().iter().chain(data.test.bytes()).all(|&byte| byte <= 16));
        assert_eq!(data.examples_of_first(), 64);
    }

    impl Dataset {
        fn examples_of_first(&self) -> usize {
            self.train.examples().row(0).len()
        }
    }

    #[test]
    fn the_hash_is_pinned() {
        let data = digits(&DataSettings::default()).unwrap();
        assert_eq!(data.hash, "dcb3ef779c5b5217821213d27af35eb87fa5b2210a086735f95c1e54ed32f10a");
    }
}
