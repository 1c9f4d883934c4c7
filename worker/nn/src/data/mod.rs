//! Data sets: bytes in memory, decoded and split the same way everywhere.
//!
//! Examples stay bytes, one shared copy for all slots, and become `f32` a batch at a time: x = byte · scale + offset,
//! one fused multiply-add.

mod digits;
mod error;
mod idx;
mod order;
mod subset;

use ndarray::ArrayView2;

pub use digits::digits;
pub use error::Error;
pub use idx::{IdxFiles, MAX_BYTES, MAX_EXAMPLES, mnist};
pub use order::probe_order;

/// Examples to train on and examples to test on.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Numbers in an example.
    pub n_features: usize,
    /// Labels run from 0 to below this.
    pub n_classes: usize,
    /// The examples that training sees.
    pub train: Split,
    /// The examples that it does not see.
    pub test: Split,
    /// How a byte becomes a number.
    pub scaling: Scaling,
    /// SHA-256 in hex over shapes, scaling, bytes and labels, in order: equal hash, equal data.
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

/// Examples in a fixed order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    n_features: usize,
    bytes: Vec<u8>,
    labels: Vec<u8>,
}

impl Split {
    /// Joins examples and labels.
    ///
    /// # Panics
    /// If there is not one label an example: callers have checked it.
    pub(crate) fn new(n_features: usize, bytes: Vec<u8>, labels: Vec<u8>) -> Self {
        assert_eq!(bytes.len(), n_features * labels.len(), "one label an example");
        Self { n_features, bytes, labels }
    }

    /// How many examples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// All examples, row after row.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// One label an example.
    #[must_use]
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The examples as a matrix, examples × features.
    ///
    /// # Panics
    /// Never: the lengths were checked when the split was made.
    #[must_use]
    pub fn examples(&self) -> ArrayView2<'_, u8> {
        ArrayView2::from_shape((self.len(), self.n_features), &self.bytes).expect("one row a label, checked in new")
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
