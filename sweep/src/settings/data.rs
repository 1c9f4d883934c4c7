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
    /// Seeds `train_limit`, `label_noise` and synthetic sets.
    pub seed: u64,
    /// A class-balanced subset of this many training examples.
    pub train_limit: Option<u64>,
    /// Share of the training labels that is replaced by another class, drawn evenly.
    pub label_noise: f64,
    /// Training examples of a synthetic set, and as many test examples.
    pub examples: u64,
    /// Numbers in an example of blobs and teacher.
    pub features: u64,
    /// Classes of blobs, spirals and teacher; 1 makes the teacher's output itself the target of a regression.
    pub classes: u64,
    /// Standard deviation of what a synthetic set adds to its truth.
    pub noise: f64,
    /// Widths of the teacher's hidden layers.
    pub teacher: Vec<u32>,
    /// Eigenvalues of X'X/n of the regression, one a feature.
    pub spectrum: Vec<f64>,
}

impl Default for DataSettings {
    fn default() -> Self {
        Self {
            name: DataName::Digits,
            dir: None,
            scale: Scale::Unit,
            seed: 0,
            train_limit: None,
            label_noise: 0.0,
            examples: 1000,
            features: 2,
            classes: 3,
            noise: 0.1,
            teacher: vec![16],
            spectrum: vec![1.0, 0.1],
        }
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

impl DataName {
    /// Every set, in the order of the documentation.
    pub const ALL: [Self; 11] = [
        Self::Digits,
        Self::Mnist,
        Self::FashionMnist,
        Self::Cifar10,
        Self::Cifar100,
        Self::Npz,
        Self::Csv,
        Self::Blobs,
        Self::Spirals,
        Self::Teacher,
        Self::Regression,
    ];

    /// As it stands in a sweep file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::Mnist => "mnist",
            Self::FashionMnist => "fashion-mnist",
            Self::Cifar10 => "cifar10",
            Self::Cifar100 => "cifar100",
            Self::Npz => "npz",
            Self::Csv => "csv",
            Self::Blobs => "blobs",
            Self::Spirals => "spirals",
            Self::Teacher => "teacher",
            Self::Regression => "regression",
        }
    }

    /// Whether it is read from files in `data.dir`.
    #[must_use]
    pub const fn has_files(self) -> bool {
        matches!(self, Self::Mnist | Self::FashionMnist | Self::Cifar10 | Self::Cifar100 | Self::Npz | Self::Csv)
    }

    /// Whether it reads that key of `[data]`.
    #[must_use]
    pub fn reads(self, key: &str) -> bool {
        match key {
            "data.dir" => self.has_files(),
            "data.examples" | "data.noise" => self.is_synthetic(),
            "data.features" => matches!(self, Self::Blobs | Self::Teacher),
            "data.classes" => matches!(self, Self::Blobs | Self::Spirals | Self::Teacher),
            "data.teacher" => self == Self::Teacher,
            "data.spectrum" => self == Self::Regression,
            "data.label_noise" => self != Self::Regression,
            _ => true,
        }
    }

    /// Whether it is drawn from `data.seed`.
    #[must_use]
    pub const fn is_synthetic(self) -> bool {
        matches!(self, Self::Blobs | Self::Spirals | Self::Teacher | Self::Regression)
    }
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
