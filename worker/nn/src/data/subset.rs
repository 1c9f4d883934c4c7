//! The training examples in use.

use traipse_sweep::settings::DataSettings;
use traipse_sweep::streams::{Philox, Purpose};

use super::{Error, Split, order};

/// The first `train_limit` rows of a class-balanced order, kept in the order of the file.
pub(super) fn limit(settings: &DataSettings, n_outputs: usize, train: Split) -> Result<Split, Error> {
    let Some(limit) = settings.train_limit else { return Ok(train) };
    let n_classes = order::n_groups(&train, n_outputs);
    let fits = (n_classes as u64..=train.len() as u64).contains(&limit);
    if !fits {
        return Err(Error::TrainLimit { limit, n_classes, n_train: train.len() });
    }
    let mut rows = order::balanced(&train, n_outputs, Philox::new(settings.seed, Purpose::TrainLimit));
    rows.truncate(limit as usize);
    rows.sort_unstable();
    Ok(train.select(&rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::digits_with;

    #[test]
    fn a_limit_keeps_classes_balanced_and_depends_on_its_seed() {
        let of = |seed| digits_with(&DataSettings { train_limit: Some(200), seed, ..DataSettings::default() });
        let data = of(0);
        let mut counts = [0; 10];
        data.train.labels().iter().for_each(|&label| counts[usize::from(label)] += 1);
        assert_eq!(counts, [20; 10]);
        assert_eq!(data.hash, of(0).hash);
        assert_ne!(data.hash, of(1).hash);
        assert_eq!(data.test.len(), 355);
    }

    #[test]
    fn a_limit_that_does_not_fit_is_refused() {
        for limit in [0, 9, 1443] {
            let settings = DataSettings { train_limit: Some(limit), ..DataSettings::default() };
            let error = crate::data::digits(&settings).unwrap_err().to_string();
            assert!(error.contains("train_limit") && error.contains("1442"), "{error}");
        }
    }
}
