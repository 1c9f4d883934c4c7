//! Data sets: examples in memory, decoded and split the same way everywhere.
//!
//! Examples that came as bytes stay bytes, one shared copy for all slots, and become `f32` a batch at a time:
//! x = byte · scale + offset, one fused multiply-add. Others are `f32`, scaled once when they are read.

mod cifar;
mod csv;
mod digits;
mod error;
mod file;
mod finish;
mod hash;
mod idx;
mod noise;
mod npz;
mod order;
mod scale;
mod split;
mod subset;
mod synthetic;
mod tar;

use traipse_sweep::network::Shape;

pub use cifar::{CifarFormat, cifar, cifar_archive, cifar_format};
pub use csv::{TableFault, csv};
pub use digits::digits;
pub use error::Error;
pub use file::Named;
pub use idx::{IdxFiles, MAX_BYTES, MAX_EXAMPLES, mnist};
pub use npz::{ArrayFault, ZipFault, npz};
pub use order::probe_order;
pub use split::{Split, Targets, Values};
pub use synthetic::{blob_centres, regression_minimiser, synthetic, teacher_weights};
pub use tar::ArchiveFault;

/// Examples to train on and examples to test on.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Numbers in an example.
    pub n_features: usize,
    /// What a network has to put out: labels run from 0 to below this; of a regression, numbers in a target.
    pub n_classes: usize,
    /// The examples' channels, rows and columns, where they are images: features are counted in that order.
    pub image: Option<Shape>,
    /// The examples that training sees.
    pub train: Split,
    /// The examples that it does not see.
    pub test: Split,
    /// How a byte of the first channel becomes a number: of every channel, where there is one scaling.
    pub scaling: Scaling,
    /// How a byte becomes a number: one for all channels, or one a channel of [`Self::input_shape`]. Floats were
    /// scaled when they were read; theirs is one, and changes nothing.
    pub scalings: Vec<Scaling>,
    /// SHA-256 in hex over shapes, scalings, examples and labels, in order: equal hash, equal data.
    pub hash: String,
}

/// x = byte · scale + offset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaling {
    /// Factor.
    pub scale: f32,
    /// Summand; 0 keeps a zero byte zero.
    pub offset: f32,
}

impl Scaling {
    /// Changes nothing.
    pub const NONE: Self = Self { scale: 1.0, offset: 0.0 };
}

impl Dataset {
    /// The shape of one example: that of the images, else one channel a feature.
    #[must_use]
    pub fn input_shape(&self) -> Shape {
        self.image.unwrap_or(Shape::dense(self.n_features))
    }

    /// Whether the examples have targets (numbers) in place of labels (classes).
    #[must_use]
    pub fn is_regression(&self) -> bool {
        matches!(self.train.targets(), Targets::Numbers(_))
    }

    /// The scaling of one feature's bytes.
    #[must_use]
    pub fn scaling_of(&self, feature: usize) -> Scaling {
        let shape = self.input_shape();
        self.scalings.get(feature / (shape.height * shape.width)).copied().unwrap_or(self.scaling)
    }

    /// One example of a split as numbers, as networks see it.
    ///
    /// # Panics
    /// If there is no such row, or `out` does not have one place a feature.
    pub fn example_into(&self, split: &Split, row: usize, out: &mut [f32]) {
        assert_eq!(out.len(), self.n_features, "one place a feature");
        match split.values() {
            Values::Floats(values) => out.copy_from_slice(&values[row * self.n_features..][..self.n_features]),
            Values::Bytes(bytes) => {
                let bytes = &bytes[row * self.n_features..][..self.n_features];
                for (feature, (out, &byte)) in out.iter_mut().zip(bytes).enumerate() {
                    let scaling = self.scaling_of(feature);
                    *out = f32::from(byte).mul_add(scaling.scale, scaling.offset);
                }
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use traipse_sweep::settings::DataSettings;

    pub(crate) fn digits_with(settings: &DataSettings) -> Dataset {
        digits(settings).unwrap()
    }
}
