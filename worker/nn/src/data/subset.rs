//! From decoded bytes to a data set: the subset in use, the scaling, the hash.

use sha2::{Digest, Sha256};
use traipse_sweep::settings::{DataSettings, Scale};
use traipse_sweep::streams::{Philox, Purpose};

use super::{Dataset, Error, Scaling, Split, order};

/// Takes the training subset, computes the scaling over it, and hashes what is left.
pub(super) fn finish(
    settings: &DataSettings,
    n_classes: usize,
    full_scale: f64,
    train: Split,
    test: Split,
) -> Result<Dataset, Error> {
    let train = limit(settings, n_classes, train)?;
    let scaling = match settings.scale {
        Scale::Unit => Scaling { scale: (1.0 / full_scale) as f32, offset: 0.0 },
        Scale::Standardize => standardize(train.bytes()),
    };
    let n_features = train.n_features;
    let hash = hash(n_features, n_classes, scaling, &train, &test);
    Ok(Dataset { n_features, n_classes, train, test, scaling, hash })
}

/// The first `train_limit` rows of a class-balanced order, kept in the order of the file.
fn limit(settings: &DataSettings, n_classes: usize, train: Split) -> Result<Split, Error> {
    let Some(limit) = settings.train_limit else { return Ok(train) };
    let fits = (n_classes as u64..=train.len() as u64).contains(&limit);
    if !fits {
        return Err(Error::TrainLimit { limit, n_classes, n_train: train.len() });
    }
    let mut rows = order::balanced(train.labels(), n_classes, Philox::new(settings.seed, Purpose::TrainLimit));
    rows.truncate(limit as usize);
    rows.sort_unstable();
    Ok(select(&train, &rows))
}

/// The given rows, in the given order.
pub(super) fn select(split: &Split, rows: &[u32]) -> Split {
    let n = split.n_features;
    let bytes = rows.iter().flat_map(|&row| &split.bytes[row as usize * n..][..n]).copied().collect();
    let labels = rows.iter().map(|&row| split.labels[row as usize]).collect();
    Split::new(n, bytes, labels)
}

/// One mean and deviation over all bytes (one channel; ddof 0): exact sums in integers, then f64.
fn standardize(bytes: &[u8]) -> Scaling {
    let mut counts = [0u64; 256];
    for &byte in bytes {
        counts[usize::from(byte)] += 1;
    }
    let n = bytes.len() as f64;
    let mean = counts.iter().zip(0u64..).map(|(&count, value)| count * value).sum::<u64>() as f64 / n;
    let variance = counts.iter().zip(0u32..).map(|(&count, value)| count as f64 * (f64::from(value) - mean).powi(2));
    let deviation = (variance.sum::<f64>() / n).sqrt();
    // Constant images have no deviation to divide by; they are only centred.
    let scale = if deviation > 0.0 { 1.0 / deviation } else { 1.0 };
    Scaling { scale: scale as f32, offset: (-mean * scale) as f32 }
}

fn hash(n_features: usize, n_classes: usize, scaling: Scaling, train: &Split, test: &Split) -> String {
    let mut hasher = Sha256::new();
    hasher.update(b"traipse data 1");
    for n in [n_features, n_classes, train.len(), test.len()] {
        hasher.update((n as u64).to_le_bytes());
    }
    hasher.update(scaling.scale.to_le_bytes());
    hasher.update(scaling.offset.to_le_bytes());
    for split in [train, test] {
        hasher.update(split.bytes());
        hasher.update(split.labels());
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::digits_with;

    #[test]
    fn standardised_examples_have_mean_zero_and_deviation_one() {
        let data = digits_with(&DataSettings { scale: Scale::Standardize, ..DataSettings::default() });
        let n = data.train.bytes().len() as f64;
        let x: Vec<f64> = data
            .train
            .bytes()
            .iter()
            .map(|&byte| f64::from(f32::from(byte).mul_add(data.scaling.scale, data.scaling.offset)))
            .collect();
        let mean = x.iter().sum::<f64>() / n;
        let variance = x.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
        assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-6, "{mean} {variance}");
    }

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
