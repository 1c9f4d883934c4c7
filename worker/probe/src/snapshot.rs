//! What is kept of a training at one step, and how it lies in bytes.

use traipse_nn::Real;
use traipse_sweep::settings::Precision;

use crate::lanes;

/// θ in the precision of its training.
#[derive(Clone, Debug, PartialEq)]
pub enum Weights {
    /// 24 bits.
    F32(Vec<f32>),
    /// 53 bits.
    F64(Vec<f64>),
}

/// A number that θ can be made of.
pub trait Element: Real + Into<f64> {
    /// Which of the two.
    const PRECISION: Precision;

    /// θ, its type forgotten.
    fn weights(theta: Vec<Self>) -> Weights;

    /// θ, if it has this type.
    fn theta(weights: &Weights) -> Option<&[Self]>;
}

/// A training at one step: what it takes to evaluate its network there.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// θ: all that distances and directions are made of.
    pub weights: Weights,
    /// What the network keeps beside θ (running means and variances of batch norm); empty where there is nothing.
    pub buffers: Vec<f64>,
}

/// What the snapshots of one training have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// d, the length of θ.
    pub n_parameters: usize,
    /// Of θ.
    pub precision: Precision,
    /// Numbers beside θ.
    pub n_buffers: usize,
}

impl Element for f32 {
    const PRECISION: Precision = Precision::F32;

    fn weights(theta: Vec<Self>) -> Weights {
        Weights::F32(theta)
    }

    fn theta(weights: &Weights) -> Option<&[Self]> {
        if let Weights::F32(theta) = weights { Some(theta) } else { None }
    }
}

impl Element for f64 {
    const PRECISION: Precision = Precision::F64;

    fn weights(theta: Vec<Self>) -> Weights {
        Weights::F64(theta)
    }

    fn theta(weights: &Weights) -> Option<&[Self]> {
        if let Weights::F64(theta) = weights { Some(theta) } else { None }
    }
}

impl Weights {
    /// d.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
        }
    }

    /// Whether there is no parameter.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Of the numbers.
    #[must_use]
    pub fn precision(&self) -> Precision {
        match self {
            Self::F32(_) => Precision::F32,
            Self::F64(_) => Precision::F64,
        }
    }

    /// All numbers in f64; exact.
    #[must_use]
    pub fn widened(&self) -> Vec<f64> {
        match self {
            Self::F32(values) => values.iter().map(|&value| f64::from(value)).collect(),
            Self::F64(values) => values.clone(),
        }
    }

    /// ‖θ‖², in sixteen lanes.
    #[must_use]
    pub fn norm_square(&self) -> f64 {
        match self {
            Self::F32(values) => lanes::norm_square(values),
            Self::F64(values) => lanes::norm_square(values),
        }
    }
}

impl Snapshot {
    /// One in f32 with nothing beside θ.
    #[must_use]
    pub fn f32(theta: Vec<f32>) -> Self {
        Self { weights: Weights::F32(theta), buffers: Vec::new() }
    }

    /// What it has in common with the others.
    #[must_use]
    pub fn form(&self) -> Form {
        Form { n_parameters: self.weights.len(), precision: self.weights.precision(), n_buffers: self.buffers.len() }
    }

    /// θ, then the buffers, little-endian.
    #[must_use]
    pub fn to_record(&self) -> Vec<u8> {
        let mut record = Vec::with_capacity(self.form().record_bytes());
        match &self.weights {
            Weights::F32(values) => values.iter().for_each(|value| record.extend_from_slice(&value.to_le_bytes())),
            Weights::F64(values) => values.iter().for_each(|value| record.extend_from_slice(&value.to_le_bytes())),
        }
        self.buffers.iter().for_each(|value| record.extend_from_slice(&value.to_le_bytes()));
        record
    }

    /// Reads a record of [`Form::record_bytes`] bytes.
    ///
    /// # Panics
    /// If it has fewer.
    #[must_use]
    pub fn from_record(record: &[u8], form: Form) -> Self {
        let (theta, buffers) = record.split_at(form.n_parameters * form.width());
        Self {
            weights: match form.precision {
                Precision::F32 => {
                    Weights::F32(theta.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
                }
                Precision::F64 => Weights::F64(numbers(theta)),
            },
            buffers: numbers(buffers),
        }
    }
}

impl Form {
    /// Of snapshots in f32 with nothing beside θ.
    #[must_use]
    pub fn f32(n_parameters: usize) -> Self {
        Self { n_parameters, precision: Precision::F32, n_buffers: 0 }
    }

    /// Bytes of one parameter.
    #[must_use]
    pub fn width(self) -> usize {
        match self.precision {
            Precision::F32 => size_of::<f32>(),
            Precision::F64 => size_of::<f64>(),
        }
    }

    /// Bytes of one snapshot: θ, then the buffers in f64, all little-endian.
    #[must_use]
    pub fn record_bytes(self) -> usize {
        self.n_parameters * self.width() + self.n_buffers * size_of::<f64>()
    }

    /// Turns the bytes of some parameters into numbers; exact in either precision.
    pub(crate) fn widen(self, bytes: &[u8], out: &mut [f64]) {
        match self.precision {
            Precision::F32 => {
                for (value, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
                    *value = f64::from(f32::from_le_bytes(*bytes));
                }
            }
            Precision::F64 => {
                for (value, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
                    *value = f64::from_le_bytes(*bytes);
                }
            }
        }
    }
}

fn numbers(bytes: &[u8]) -> Vec<f64> {
    bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_holds_all_bits() {
        let odd = [f64::MIN_POSITIVE / 4.0, -0.0, 1.0 / 3.0, f64::MAX];
        let snapshots = [
            Snapshot { weights: Weights::F64(odd.to_vec()), buffers: vec![0.1, f64::NAN] },
            Snapshot { weights: Weights::F32(vec![1e-45, -0.0, 0.1]), buffers: vec![0.25] },
            Snapshot::f32(Vec::new()),
        ];
        for snapshot in snapshots {
            let record = snapshot.to_record();
            assert_eq!(record.len(), snapshot.form().record_bytes());
            let again = Snapshot::from_record(&record, snapshot.form());
            assert_eq!(again.to_record(), record);
            let mut wide = vec![0.0; snapshot.weights.len()];
            snapshot.form().widen(&record, &mut wide);
            match again.weights {
                Weights::F32(values) => assert!(values.iter().zip(&wide).all(|(a, b)| f64::from(*a) == *b)),
                Weights::F64(values) => assert_eq!(values, wide),
            }
        }
    }
}
