//! Examples and what is wanted of each.

use ndarray::ArrayView2;

/// Examples in a fixed order.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    n_features: usize,
    len: usize,
    values: Values,
    targets: Targets,
}

/// Examples, row after row.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// As they came; the data set's scalings make them numbers.
    Bytes(Vec<u8>),
    /// Scaled already.
    Floats(Vec<f32>),
}

/// What is wanted of each example.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// A class.
    Classes(Vec<u8>),
    /// The same count of numbers for each, row after row.
    Numbers(Vec<f32>),
}

impl Values {
    /// Numbers in all rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Floats(floats) => floats.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Split {
    /// Joins examples and what is wanted of them.
    ///
    /// # Panics
    /// If there is not one label, or one row of targets, an example: callers have checked it.
    pub fn new(n_features: usize, values: Values, targets: Targets) -> Self {
        assert!(n_features > 0 && values.len().is_multiple_of(n_features), "whole rows");
        let len = values.len() / n_features;
        match &targets {
            Targets::Classes(labels) => assert_eq!(len, labels.len(), "one label an example"),
            Targets::Numbers(numbers) => assert!(len > 0 && numbers.len().is_multiple_of(len), "one row an example"),
        }
        Self { n_features, len, values, targets }
    }

    /// The same of bytes and classes.
    pub(crate) fn of_bytes(n_features: usize, bytes: Vec<u8>, labels: Vec<u8>) -> Self {
        Self::new(n_features, Values::Bytes(bytes), Targets::Classes(labels))
    }

    /// How many examples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Numbers in an example.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// All examples, row after row.
    #[must_use]
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// What is wanted of each.
    #[must_use]
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// All examples as bytes, row after row; empty where they are floats.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.values {
            Values::Bytes(bytes) => bytes,
            Values::Floats(_) => &[],
        }
    }

    /// All examples as floats, row after row; empty where they are bytes.
    #[must_use]
    pub fn floats(&self) -> &[f32] {
        match &self.values {
            Values::Floats(floats) => floats,
            Values::Bytes(_) => &[],
        }
    }

    /// One label an example; empty for a regression.
    #[must_use]
    pub fn labels(&self) -> &[u8] {
        match &self.targets {
            Targets::Classes(labels) => labels,
            Targets::Numbers(_) => &[],
        }
    }

    /// The targets of a regression, row after row; empty where there are labels.
    #[must_use]
    pub fn numbers(&self) -> &[f32] {
        match &self.targets {
            Targets::Numbers(numbers) => numbers,
            Targets::Classes(_) => &[],
        }
    }

    /// The bytes as a matrix, examples × features.
    ///
    /// # Panics
    /// If the examples are floats.
    #[must_use]
    pub fn examples(&self) -> ArrayView2<'_, u8> {
        ArrayView2::from_shape((self.len, self.n_features), self.bytes()).expect("bytes, one row a label")
    }

    /// The given rows, in the given order.
    pub(super) fn select(&self, rows: &[u32]) -> Self {
        let values = match &self.values {
            Values::Bytes(bytes) => Values::Bytes(gather(bytes, self.n_features, rows)),
            Values::Floats(floats) => Values::Floats(gather(floats, self.n_features, rows)),
        };
        let targets = match &self.targets {
            Targets::Classes(labels) => Targets::Classes(gather(labels, 1, rows)),
            Targets::Numbers(numbers) => Targets::Numbers(gather(numbers, numbers.len() / self.len, rows)),
        };
        Self { n_features: self.n_features, len: rows.len(), values, targets }
    }

    /// For what is done to examples and labels before anybody sees them.
    pub(super) fn parts_mut(&mut self) -> (&mut Values, &mut Targets) {
        (&mut self.values, &mut self.targets)
    }
}

fn gather<T: Copy>(from: &[T], n: usize, rows: &[u32]) -> Vec<T> {
    rows.iter().flat_map(|&row| &from[row as usize * n..][..n]).copied().collect()
}
