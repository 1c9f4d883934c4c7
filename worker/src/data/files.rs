//! The files of a data set, under any of the names by which they go around.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use traipse_nn::Dataset;
use traipse_nn::data::{self as decode, CifarFormat, IdxFiles, MAX_BYTES, Named, cifar_format};
use traipse_sweep::settings::{DataName, DataSettings};

use super::{Error, published};

/// Names that a message lists of what is there instead.
const MAX_LISTED: usize = 8;

const IDX: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];
const CSV: [&str; 2] = ["train.csv", "test.csv"];
/// What an archive of arrays ends with.
const NPZ: &str = "npz";

/// One file as it lies.
struct Raw {
    path: String,
    bytes: Vec<u8>,
}

impl Raw {
    fn named(&self) -> Named<'_> {
        (&self.path, &self.bytes)
    }
}

/// Reads a set's files and decodes them.
pub(super) fn load(settings: &DataSettings) -> Result<Dataset, Error> {
    let name = settings.name;
    let folder = Path::new(settings.dir.as_deref().ok_or(Error::NoFolder { name })?);
    let files = find(name, folder)?.iter().map(|path| read(path)).collect::<Result<Vec<Raw>, Error>>()?;
    let named: Vec<Named<'_>> = files.iter().map(Raw::named).collect();
    let data = match (name, &named[..]) {
        (DataName::Npz, &[file]) => decode::npz(settings, file),
        (DataName::Csv, &[train, test]) => decode::csv(settings, train, test),
        (DataName::Cifar10 | DataName::Cifar100, &[archive]) => decode::cifar_archive(settings, archive),
        (DataName::Cifar10 | DataName::Cifar100, [train @ .., test]) => decode::cifar(settings, train, *test),
        (_, &[train_images, train_labels, test_images, test_labels]) => {
            decode::mnist(settings, &IdxFiles { train_images, train_labels, test_images, test_labels })
        }
        (name, _) => Err(decode::Error::Name { found: name.as_str(), expected: "a set that is read from files" }),
    };
    Ok(data?)
}

/// Whether a folder holds the files of a set; they are not looked into.
#[must_use]
pub fn is_present(name: DataName, folder: &Path) -> bool {
    !name.has_files() || find(name, folder).is_ok()
}

/// The files that a set reads, each plain or with `.gz`; CIFAR's in its archive as well. None for a set without files.
#[must_use]
pub fn file_names(name: DataName) -> Vec<String> {
    match (name, cifar_format(name)) {
        (_, Some(format)) => format.train.iter().chain([&format.test]).map(|&name| name.to_owned()).collect(),
        (DataName::Mnist | DataName::FashionMnist, _) => IDX.map(str::to_owned).to_vec(),
        (DataName::Csv, _) => CSV.map(str::to_owned).to_vec(),
        (DataName::Npz, _) => vec![format!("one .{NPZ} file")],
        _ => Vec::new(),
    }
}

/// What the folder of a set holds, in words.
pub(super) fn what(name: DataName) -> String {
    let names = file_names(name).join(", ");
    match (name, cifar_format(name)) {
        (_, Some(format)) => format!("{} (or, plain or .gz, {names})", format.archive),
        (DataName::Mnist | DataName::FashionMnist, _) => {
            let set = if name == DataName::Mnist { "MNIST" } else { "Fashion-MNIST" };
            format!("{set}'s four IDX files, plain or .gz ({names})")
        }
        (DataName::Npz, _) => format!("{names} with the arrays x_train, y_train, x_test and y_test"),
        _ => format!("{names}, plain or .gz"),
    }
}

/// Where the files come from, in words.
pub(super) fn remedy(name: DataName, folder: Option<&PathBuf>) -> String {
    let Some(file) = published(name).files.first() else { return "write it with a tool of your own".to_owned() };
    let (base, _) = file.url.rsplit_once('/').unwrap_or((file.url, ""));
    let dir = folder.map_or_else(|| "DIR".to_owned(), |folder| folder.display().to_string());
    format!("get it from {base}/, or by `traipse data fetch {} --dir {dir}`", name.as_str())
}

/// The paths of a set's files, in the order of [`file_names`]; or of CIFAR's archive alone.
fn find(name: DataName, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    fs::read_dir(folder).map_err(|source| Error::Folder { name, folder: folder.to_owned(), source })?;
    match (name, cifar_format(name)) {
        (DataName::Npz, _) => npz(folder).map(|path| vec![path]),
        (_, Some(format)) => cifar(name, format, folder),
        _ => file_names(name).iter().map(|wanted| one(name, folder, wanted)).collect(),
    }
}

/// The binary files, in the folder or in the one that the archive unpacks to; else the archive.
fn cifar(name: DataName, format: &CifarFormat, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let files = |folder: &Path| -> Result<Vec<PathBuf>, Error> {
        file_names(name).iter().map(|wanted| one(name, folder, wanted)).collect()
    };
    let missing = match files(folder) {
        Ok(found) => return Ok(found),
        Err(missing) => missing,
    };
    let tar = format.archive.trim_end_matches(".gz");
    let elsewhere = files(&folder.join(format.folder)).ok();
    let archive = [format.archive, tar].into_iter().find_map(|wanted| there(folder.join(wanted)));
    elsewhere.or_else(|| archive.map(|path| vec![path])).ok_or(missing)
}

/// The only archive of arrays.
fn npz(folder: &Path) -> Result<PathBuf, Error> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == NPZ)).collect();
    found.sort_unstable();
    match &found[..] {
        [only] => Ok(only.clone()),
        [] => Err(missing(DataName::Npz, folder, "file that ends with .npz")),
        _ => Err(Error::Several { folder: folder.to_owned(), found: list(found.iter().map(|path| base_name(path))) }),
    }
}

/// The first of the names that is there: with `-idx` or `.idx`, plain or `.gz`.
fn one(name: DataName, folder: &Path, wanted: &str) -> Result<PathBuf, Error> {
    let dotted = wanted.replace("-idx", ".idx");
    let names = [wanted, &dotted].map(|name| ["", ".gz"].map(|suffix| format!("{name}{suffix}")));
    let found = names.iter().flatten().find_map(|name| there(folder.join(name)));
    found.ok_or_else(|| missing(name, folder, &format!("{wanted} or {wanted}.gz")))
}

/// The path, if something is there: that it is no file, reading it will say.
fn there(path: PathBuf) -> Option<PathBuf> {
    path.exists().then_some(path)
}

fn missing(name: DataName, folder: &Path, wanted: &str) -> Error {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let found = list(entries.map(|entry| base_name(&entry.path())));
    Error::Missing { name, folder: folder.to_owned(), wanted: wanted.to_owned(), found }
}

fn read(path: &Path) -> Result<Raw, Error> {
    let failed = |source| Error::Read { file: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    if size > MAX_BYTES {
        return Err(Error::TooLarge { file: path.to_owned(), size, most: MAX_BYTES });
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    Ok(Raw { path: path.display().to_string(), bytes })
}

fn base_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// What a folder has, in words.
fn list(names: impl Iterator<Item = String>) -> String {
    let mut names: Vec<String> = names.collect();
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

    const TRAIN_IMAGES: &str = IDX[0];
    const TRAIN_LABELS: &str = IDX[1];
    const TEST_LABELS: &str = IDX[3];

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

    fn of(name: DataName, folder: &Path) -> Result<Dataset, Error> {
        let dir = Some(folder.to_str().unwrap().to_owned());
        load(&DataSettings { name, dir, ..DataSettings::default() })
    }

    fn mnist(folder: &Path) -> Result<Dataset, Error> {
        of(DataName::Mnist, folder)
    }

    #[track_caller]
    fn refused(data: Result<Dataset, Error>, words: &[&str]) {
        let error = data.unwrap_err().to_string();
        for word in words {
            assert!(error.contains(word), "{word}: {error}");
        }
    }

    #[test]
    fn both_kinds_of_name_are_read() {
        let dotted = IDX.map(|name| name.replace("-idx", ".idx"));
        for names in [IDX, dotted.each_ref().map(String::as_str)] {
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), names);
            let data = mnist(folder.path()).unwrap();
            assert_eq!((data.n_features, data.train.len(), data.test.len()), (4, 20, 10));
        }
    }

    #[test]
    fn a_missing_file_is_named_with_what_is_there_and_where_to_get_it() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), [TRAIN_IMAGES, TRAIN_LABELS, "t10k-images", TEST_LABELS]);
        let words = [IDX[2], "t10k-images,", "https://", "data fetch mnist --dir", folder.path().to_str().unwrap()];
        refused(mnist(folder.path()), &words);
    }

    #[test]
    fn a_mislabelled_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), [TRAIN_LABELS, TRAIN_IMAGES, IDX[2], TEST_LABELS]);
        refused(mnist(folder.path()), &[TRAIN_IMAGES]);
        fs::write(folder.path().join(TRAIN_IMAGES), [0, 0]).unwrap();
        refused(mnist(folder.path()), &[TRAIN_IMAGES, "after 2 of 16"]);
    }

    fn record(label: u8) -> Vec<u8> {
        [vec![label], vec![9; 3072]].concat()
    }

    #[test]
    fn cifar_is_read_from_the_folder_or_the_one_that_its_archive_unpacks_to() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("cifar-10-batches-bin");
        fs::create_dir(&inner).unwrap();
        refused(of(DataName::Cifar10, folder.path()), &["data_batch_1.bin.gz", "it has cifar-10-batches-bin", "~kriz"]);
        for (label, name) in (0..).zip(file_names(DataName::Cifar10)) {
            fs::write(inner.join(name), record(label)).unwrap();
        }
        let data = of(DataName::Cifar10, folder.path()).unwrap();
        assert_eq!((data.train.labels(), data.test.labels()), (&[0, 1, 2, 3, 4][..], &[5][..]));
        assert_eq!(of(DataName::Cifar10, &inner).unwrap().hash, data.hash);
        assert!(is_present(DataName::Cifar10, &inner) && !is_present(DataName::Cifar100, &inner));
        let outer = tempfile::tempdir().unwrap();
        fs::write(outer.path().join("cifar-10-binary.tar.gz"), b"no archive").unwrap();
        refused(of(DataName::Cifar10, outer.path()), &["cifar-10-binary.tar.gz", "byte 10"]);
    }

    #[test]
    fn tables_are_read_and_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("train.csv"), "1,0\n2,1\n").unwrap();
        refused(of(DataName::Csv, folder.path()), &["test.csv or test.csv.gz", "it has train.csv"]);
        fs::write(folder.path().join("test.csv"), "1,0\n2,x\n").unwrap();
        refused(of(DataName::Csv, folder.path()), &["test.csv", "line 2", "`x`"]);
        fs::write(folder.path().join("test.csv"), "1,0\n2,1\n").unwrap();
        assert_eq!(of(DataName::Csv, folder.path()).unwrap().train.floats(), [1.0, 2.0]);
    }

    #[test]
    fn arrays_are_read_from_the_only_archive() {
        let folder = tempfile::tempdir().unwrap();
        refused(of(DataName::Npz, folder.path()), &["no file that ends with .npz", "no files"]);
        fs::write(folder.path().join("a.npz"), "not a zip").unwrap();
        refused(of(DataName::Npz, folder.path()), &["a.npz", "not a zip archive"]);
        fs::write(folder.path().join("b.npz"), "").unwrap();
        refused(of(DataName::Npz, folder.path()), &["several", "a.npz, b.npz", "leave one"]);
    }
}
