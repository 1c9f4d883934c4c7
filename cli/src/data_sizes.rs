//! A data set's numbers: as published, as the settings say, or as its files have them.

use traipse_nn::Dataset;
use traipse_sweep::network::Shape;
use traipse_sweep::settings::{DataName, DataSettings};
use traipse_worker::data::{self, published};

use crate::output::{Screen, style};

/// A data set's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DataSizes {
    /// Training examples in use.
    pub(crate) n_train: u64,
    /// Test examples.
    pub(crate) n_test: u64,
    /// Of an example.
    pub(crate) shape: Shape,
    /// Classes, or numbers in a target.
    pub(crate) n_outputs: u64,
    /// Whether examples have targets in place of classes.
    pub(crate) is_regression: bool,
}

/// What is taken for the user's own files where they cannot be read.
const UNKNOWN: DataSizes = DataSizes {
    n_train: 1_000,
    n_test: 1_000,
    shape: Shape { channels: 10, height: 1, width: 1 },
    n_outputs: 10,
    is_regression: false,
};

impl DataSizes {
    /// What the set has where its files are as published, or what is drawn; of the user's own files, a stand-in.
    pub(crate) fn nominal(data: &DataSettings) -> Self {
        let drawn = |n_features: u64, n_outputs: u64, is_regression: bool| Self {
            n_train: data.examples,
            n_test: data.examples,
            shape: Shape::dense(usize::try_from(n_features).unwrap_or(usize::MAX)),
            n_outputs,
            is_regression,
        };
        let whole = match (data.name, published(data.name).sizes) {
            (_, Some(sizes)) => Self {
                n_train: sizes.n_train,
                n_test: sizes.n_test,
                shape: sizes.shape,
                n_outputs: sizes.n_classes,
                is_regression: false,
            },
            (DataName::Blobs, _) => drawn(data.features, data.classes, false),
            (DataName::Spirals, _) => drawn(2, data.classes, false),
            (DataName::Teacher, _) => drawn(data.features, data.classes, data.classes == 1),
            (DataName::Regression, _) => drawn(data.spectrum.len() as u64, 1, true),
            _ => UNKNOWN,
        };
        Self { n_train: data.train_limit.unwrap_or(u64::MAX).min(whole.n_train), ..whole }
    }

    /// The same, but of the user's own files what they have, if they can be read here; else a note says so.
    pub(crate) fn here(data: &DataSettings, screen: &Screen) -> Self {
        if !matches!(data.name, DataName::Npz | DataName::Csv) {
            return Self::nominal(data);
        }
        match data::load(data) {
            Ok(set) => Self::from(&*set),
            Err(error) => {
                let note = style::warning("note");
                screen.note(format!(
                    "{note}: the data cannot be read here, so that sizes and costs are guesses ({error})"
                ));
                Self::nominal(data)
            }
        }
    }

    /// Numbers of an example.
    pub(crate) fn n_features(self) -> u64 {
        self.shape.n_features() as u64
    }
}

impl From<&Dataset> for DataSizes {
    fn from(set: &Dataset) -> Self {
        Self {
            n_train: set.train.len() as u64,
            n_test: set.test.len() as u64,
            shape: set.input_shape(),
            n_outputs: set.n_classes as u64,
            is_regression: set.is_regression(),
        }
    }
}

/// The sizes of some data sets.
#[derive(Debug)]
pub(crate) struct KnownSizes(pub(crate) Vec<(DataSettings, DataSizes)>);

impl KnownSizes {
    /// Of one of them; what is published of any other.
    pub(crate) fn of(&self, data: &DataSettings) -> DataSizes {
        let found = self.0.iter().find(|(other, _)| other == data);
        found.map_or_else(|| DataSizes::nominal(data), |(_, sizes)| *sizes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_has_the_sizes_that_were_foretold() {
        let plain = DataSettings { examples: 40, train_limit: Some(20), ..DataSettings::default() };
        for name in [DataName::Digits, DataName::Blobs, DataName::Spirals, DataName::Teacher, DataName::Regression] {
            let settings = DataSettings { name, ..plain.clone() };
            let set = data::load(&settings).unwrap_or_else(|error| panic!("{name:?}: {error}"));
            assert_eq!(DataSizes::nominal(&settings), DataSizes::from(&*set), "{name:?}");
        }
        let scalar = DataSettings { name: DataName::Teacher, classes: 1, ..plain };
        let set = data::load(&scalar).expect("a teacher can be drawn");
        assert_eq!(DataSizes::nominal(&scalar), DataSizes::from(&*set));
    }
}
