//! MNIST's four files, under any of the names by which they go around.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use traipse_nn::Dataset;
use traipse_nn::data::{self as decode, IdxFiles, MAX_BYTES};
use traipse_sweep::settings::DataSettings;

use super::Error;

/// Where the files can be had.
pub(super) const SOURCE: &str = "https://ossci-datasets.s3.amazonaws.com/mnist/";
/// Names that a message lists of what is there instead.
const MAX_LISTED: usize = 8;

const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

/// One file as it lies.
struct Raw {
    path: String,
    bytes: Vec<u8>,
}

pub(super) fn mnist(settings: &DataSettings) -> Result<Dataset, Error> {
    let folder = Path::new(settings.dir.as_deref().ok_or(Error::NoFolder)?);
    fs::read_dir(folder).map_err(|source| Error::Folder { folder: folder.to_owned(), source })?;
    let [train_images, train_labels, test_images, test_labels] =
        [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS].map(|name| find(folder, name));
    let files = [train_images?, train_labels?, test_images?, test_labels?];
    let [train_images, train_labels, test_images, test_labels] =
        files.each_ref().map(|raw| (raw.path.as_str(), raw.bytes.as_slice()));
    Ok(decode::mnist(settings, &IdxFiles { train_images, train_labels, test_images, test_labels })?)
}

/// Reads the first of the names that is there: with `-idx` or `.idx`, plain or `.gz`.
fn find(folder: &Path, name: &'static str) -> Result<Raw, Error> {
    let dotted = name.replace("-idx", ".idx");
    for candidate in [name, &dotted] {
        for suffix in ["", ".gz"] {
            if let Some(raw) = read(folder.join(format!("{candidate}{suffix}")))? {
                return Ok(raw);
            }
        }
    }
    Err(Error::Missing { folder: folder.to_owned(), name, found: listing(folder) })
}

/// None if there is no such file.
fn read(path: PathBuf) -> Result<Option<Raw>, Error> {
    let failed = |source| Error::Read { file: path.clone(), source };
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let size = file.metadata().map_err(failed)?.len();
    if size > MAX_BYTES {
        return Err(Error::TooLarge { file: path, size, most: MAX_BYTES });
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    Ok(Some(Raw { path: path.display().to_string(), bytes }))
}

/// What a folder has, in words.
fn listing(folder: &Path) -> String {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    let n_more = names.len().saturating_sub(MAX_LISTED);
    names.truncate(MAX_LISTED);
    match (names.is_empty(), n_more) {
        (true, _) => "no files".to_owned(),
        (false, 0) => names.join(", "),
        (false, _) => format!("{} and {n_more} more", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use traipse_sweep::settings::DataName;

    fn idx(magic: u32, sizes: &[u32], bytes: &[u8]) -> Vec<u8> {
        let words = [magic].into_iter().chain(sizes.iter().copied());
        words.flat_map(u32::to_be_bytes).chain(bytes.iter().copied()).collect()
    }

    /// Twenty images of 2×2 to train on, ten to test on.
    fn write(folder: &Path, names: [&str; 4]) {
        for (name, n) in [(names[0], 20u32), (names[2], 10)] {
            fs::write(folder.join(name), idx(0x803, &[n, 2, 2], &vec![7; 4 * n as usize])).unwrap();
        }
        for (name, n) in [(names[1], 20u8), (names[3], 10)] {
            let labels: Vec<u8> = (0..n).map(|i| i % 10).collect();
            fs::write(folder.join(name), idx(0x801, &[n.into()], &labels)).unwrap();
        }
    }

    fn settings(folder: &Path) -> DataSettings {
        let dir = Some(folder.to_str().unwrap().to_owned());
        DataSettings { name: DataName::Mnist, dir, ..DataSettings::default() }
    }

    #[test]
    fn both_kinds_of_name_are_read() {
        let usual = [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS];
        let dotted = usual.map(|name| name.replace("-idx", ".idx"));
        for names in [usual, dotted.each_ref().map(String::as_str)] {
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), names);
            let data = mnist(&settings(folder.path())).unwrap();
            assert_eq!((data.n_features, data.train.len(), data.test.len()), (4, 20, 10));
        }
    }

    #[test]
    fn a_missing_file_is_named_with_what_is_there_and_where_to_get_it() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), [TRAIN_IMAGES, TRAIN_LABELS, "t10k-images", TEST_LABELS]);
        let error = mnist(&settings(folder.path())).unwrap_err().to_string();
        for part in [TEST_IMAGES, "t10k-images,", "https://", folder.path().to_str().unwrap()] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    #[test]
    fn a_mislabelled_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), [TRAIN_LABELS, TRAIN_IMAGES, TEST_IMAGES, TEST_LABELS]);
        let error = mnist(&settings(folder.path())).unwrap_err().to_string();
        assert!(error.contains(TRAIN_IMAGES), "{error}");
        fs::write(folder.path().join(TRAIN_IMAGES), [0, 0]).unwrap();
        assert!(mnist(&settings(folder.path())).unwrap_err().to_string().contains(TRAIN_IMAGES));
    }
}
