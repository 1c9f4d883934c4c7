//! What can be wrong with data.

use super::{ArchiveFault, ArrayFault, TableFault, ZipFault};

/// Data that cannot be used. Every message names the file, what was found and what was expected.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The compressed stream is damaged.
    #[error("{file}: not a readable gzip stream: fetch the file again")]
    Gzip {
        /// Which file.
        file: String,
        /// The decoder's reason.
        source: std::io::Error,
    },
    /// Fewer bytes than the header needs.
    #[error("{file}: ends after {found} of {expected} bytes: the file is truncated, fetch it again")]
    Truncated {
        /// Which file.
        file: String,
        /// Bytes that there are.
        found: u64,
        /// Bytes that the header promises.
        expected: u64,
    },
    /// More bytes than the header says.
    #[error("{file}: has bytes beyond the {expected} that its header promises: not the file it should be")]
    TooLong {
        /// Which file.
        file: String,
        /// Bytes that the header promises.
        expected: u64,
    },
    /// Not an IDX file of this kind.
    #[error(
        "{file}: begins with 0x{found:08x}, expected 0x{expected:08x}, an IDX file of {what}: are files mixed up in \
         data.dir?"
    )]
    Magic {
        /// Which file.
        file: String,
        /// The first four bytes.
        found: u32,
        /// What they should be.
        expected: u32,
        /// In words.
        what: &'static str,
    },
    /// Not records of one length.
    #[error(
        "{file}: {found} bytes are not whole records of {record}: not the binary version of the set that data.name \
         says, or truncated; fetch it again"
    )]
    Records {
        /// Which file.
        file: String,
        /// Bytes that there are.
        found: u64,
        /// Bytes of one record.
        record: u64,
    },
    /// A damaged tar archive.
    #[error("{file}: {source}")]
    Archive {
        /// Which file.
        file: String,
        /// What is wrong.
        source: ArchiveFault,
    },
    /// A damaged zip archive.
    #[error("{file}: {source}")]
    Zip {
        /// Which file.
        file: String,
        /// What is wrong.
        source: ZipFault,
    },
    /// An array that is not what it should be.
    #[error("{file}: {array} {source}")]
    Array {
        /// Which file.
        file: String,
        /// Which array.
        array: &'static str,
        /// What is wrong.
        source: ArrayFault,
    },
    /// A table that is not what it should be.
    #[error("{file}: line {line}: {source}")]
    Table {
        /// Which file.
        file: String,
        /// From 1.
        line: u64,
        /// What is wrong.
        source: TableFault,
    },
    /// A setting of a synthetic set that does not fit.
    #[error("{key} = {found} does not fit: use {wanted}")]
    Setting {
        /// The dotted key.
        key: &'static str,
        /// What was asked for.
        found: String,
        /// What would fit.
        wanted: String,
    },
    /// A header beyond every bound.
    #[error("{file}: it holds or promises {found} {what}, more than the {limit} that are allowed")]
    TooMany {
        /// Which file.
        file: String,
        /// What the header says.
        found: u64,
        /// Of what.
        what: &'static str,
        /// The bound.
        limit: u64,
    },
    /// Nothing to train or test on.
    #[error("{file}: holds no {what}")]
    Empty {
        /// Which file.
        file: String,
        /// Of what.
        what: &'static str,
    },
    /// Labels and images disagree.
    #[error(
        "{labels_file}: {found} labels for the {expected} images of {images_file}: the files do not belong together"
    )]
    Counts {
        /// The file of labels.
        labels_file: String,
        /// The file of images.
        images_file: String,
        /// Labels.
        found: u64,
        /// Images.
        expected: u64,
    },
    /// Images of other sizes in training and test files.
    #[error("{file}: images of {found:?} pixels, expected {expected:?} as in {other}")]
    Shape {
        /// Which file.
        file: String,
        /// Rows and columns.
        found: (u32, u32),
        /// Those of the other file.
        expected: (u32, u32),
        /// The other file.
        other: String,
    },
    /// A label beyond the classes.
    #[error("{file}: label {found} at row {row}, expected 0 to {last}")]
    Label {
        /// Which file.
        file: String,
        /// The label.
        found: u8,
        /// Where, from 0.
        row: usize,
        /// The largest label.
        last: u8,
    },
    /// A subset that cannot be taken.
    #[error(
        "data.train_limit = {limit} does not fit: use {n_classes} (one a class) to {n_train}, the training examples"
    )]
    TrainLimit {
        /// What was asked for.
        limit: u64,
        /// Classes.
        n_classes: usize,
        /// Training examples.
        n_train: usize,
    },
    /// Label noise where there are no labels.
    #[error("data.label_noise = {share} needs classes, but these data have targets: leave it at 0")]
    NoiseOnTargets {
        /// What was asked for.
        share: f64,
    },
    /// Label noise that cannot be drawn.
    #[error("data.label_noise = {share} with {n_classes} classes does not fit: use 0 to 1 and at least two classes")]
    Noise {
        /// What was asked for.
        share: f64,
        /// Classes.
        n_classes: usize,
    },
    /// The wrong decoder for the set.
    #[error("data.name = \"{found}\", but these are the data of \"{expected}\"")]
    Name {
        /// What the settings say.
        found: &'static str,
        /// What the decoder makes.
        expected: &'static str,
    },
}
