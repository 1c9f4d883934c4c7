//! Which data, and how they are decoded.

use serde::{Deserialize, Serialize};

/// The data set and how it is decoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataSettings {
    /// Which set.
    pub name: DataName,
    /// The folder of a file-backed set.
    pub dir: Option<String>,
    /// How bytes become numbers.
    pub scale: Scale,
    /// Orders `train_limit`.
    pub seed: u64,
    /// A class-balanced subset of this many training examples.
    pub train_limit: Option<u64>,
    /// Share of the training labels that is replaced by another class, drawn evenly.
    pub label_noise: f64,
}

impl Default for DataSettings {
    fn default() -> Self {
        Self { name: DataName::Digits, dir: None, scale: Scale::Unit, seed: 0, train_limit: None, label_noise: 0.0 }
    }
}

/// A data set by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataName {
    /// The 1,797 8×8 images of the UCI optical digits, embedded.
    Digits,
    /// 70,000 28×28 images in IDX files.
    Mnist,
    /// 70,000 28×28 images of clothes in IDX files.
    FashionMnist,
    /// 60,000 32×32 colour images of ten classes in binary batches.
    Cifar10,
    /// The same of a hundred classes.
    Cifar100,
    /// Arrays of the user's own.
    Npz,
    /// A table of the user's own.
    Csv,
    /// Gaussian clouds.
    Blobs,
    /// Interleaved spiral arms in the plane.
    Spirals,
    /// Labels drawn by a random network.
    Teacher,
    /// Linear regression with a chosen spectrum.
    Regression,
}

/// How bytes become numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Bytes / 255; digits / 16.
    Unit,
    /// One mean and deviation a channel (ddof 0, f64) of the training rows in use.
    Standardize,
}
