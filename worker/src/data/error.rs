//! Why there is no data: the file, what was found, what is expected and what to do.

use std::path::PathBuf;

use traipse_nn::data as decode;
use traipse_sweep::FailureClass;
use traipse_sweep::settings::DataName;

use super::files::{remedy, what};

/// Why there is no data.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A set that is read from files, and no folder.
    #[error("data.dir is not set: give the folder that holds {}; {}", what(*.name), remedy(*.name, None))]
    NoFolder {
        /// Of which set.
        name: DataName,
    },
    /// The folder cannot be read.
    #[error(
        "cannot read the folder {} (data.dir): {source}; it should hold {}; {}",
        folder.display(), what(*.name), remedy(*.name, Some(folder))
    )]
    Folder {
        /// Of which set.
        name: DataName,
        /// Which.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder has no file of that name.
    #[error(
        "{} (data.dir) has no {wanted}; it has {found}; {}",
        folder.display(), remedy(*.name, Some(folder))
    )]
    Missing {
        /// Of which set.
        name: DataName,
        /// Where it was looked for.
        folder: PathBuf,
        /// What was looked for, in words.
        wanted: String,
        /// What is there, in words.
        found: String,
    },
    /// Several files where one is wanted.
    #[error("{} (data.dir) has several .npz files ({found}): leave one there", folder.display())]
    Several {
        /// Where.
        folder: PathBuf,
        /// Which, in words.
        found: String,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {source}", file.display())]
    Read {
        /// Which.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is far larger than it can be.
    #[error("{} has {size} bytes, more than the {most} that a file of data may have", file.display())]
    TooLarge {
        /// Which.
        file: PathBuf,
        /// Its size.
        size: u64,
        /// The bound.
        most: u64,
    },
    /// The bytes are not what they should be.
    #[error(transparent)]
    Decode(#[from] decode::Error),
}

impl Error {
    /// Whether another try, or another worker, may succeed: files can be put right, settings cannot.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        use decode::Error as Decode;
        match self {
            Self::NoFolder { .. }
            | Self::Decode(
                Decode::TrainLimit { .. }
                | Decode::Name { .. }
                | Decode::Setting { .. }
                | Decode::Noise { .. }
                | Decode::NoiseOnTargets { .. },
            ) => FailureClass::Invalid,
            _ => FailureClass::Transient,
        }
    }
}
