//! Labels that are wrong on purpose.

use traipse_sweep::settings::DataSettings;
use traipse_sweep::streams::{Philox, Purpose};

use super::{Error, Split, Targets};

/// Replaces round(`label_noise` · n) of the n training labels by another class, drawn evenly.
///
/// One stream, (`data.seed`, [`Purpose::LabelNoise`], 0): it shuffles the rows, and then the first rows of that order
/// draw one of the other classes each, in turn. So what a smaller share changes, a larger one changes in the same way.
pub(super) fn replace(settings: &DataSettings, n_classes: usize, train: &mut Split) -> Result<(), Error> {
    let share = settings.label_noise;
    if share == 0.0 {
        return Ok(());
    }
    let n = train.len();
    let (_, Targets::Classes(labels)) = train.parts_mut() else { return Err(Error::NoiseOnTargets { share }) };
    if n_classes < 2 || !(0.0..=1.0).contains(&share) {
        return Err(Error::Noise { share, n_classes });
    }
    let n_replaced = (share * n as f64).round() as usize;
    let mut rows: Vec<u32> = (0..n as u32).collect();
    let mut draws = Philox::new(settings.seed, Purpose::LabelNoise).at(0);
    draws.shuffle(&mut rows);
    for &row in &rows[..n_replaced] {
        let label = &mut labels[row as usize];
        let other = draws.below(n_classes as u64 - 1) as u8;
        *label = if other < *label { other } else { other + 1 };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::digits_with;

    fn noisy(label_noise: f64) -> crate::Dataset {
        digits_with(&DataSettings { label_noise, ..DataSettings::default() })
    }

    fn changed(share: f64) -> Vec<(usize, u8)> {
        let (clean, noisy) = (noisy(0.0), noisy(share));
        assert_eq!((clean.train.bytes(), &clean.test), (noisy.train.bytes(), &noisy.test));
        assert_ne!(clean.hash, noisy.hash);
        let pairs = clean.train.labels().iter().zip(noisy.train.labels()).enumerate();
        pairs.filter(|(_, (clean, noisy))| clean != noisy).map(|(row, (_, &noisy))| (row, noisy)).collect()
    }

    #[test]
    fn exactly_the_asked_share_changes_and_grows_with_it() {
        let [few, many] = [0.1, 0.4].map(changed);
        assert_eq!((few.len(), many.len()), (144, 577), "round(share · 1442)");
        assert!(few.iter().all(|change| many.contains(change)));
        assert_eq!(changed(1.0).len(), 1442);
    }

    /// The first of 144, by NumPy's Philox.
    #[test]
    fn rows_and_classes_are_those_of_the_stream() {
        let expected = [(11, 6), (22, 0), (28, 9), (42, 1), (49, 9), (63, 1), (65, 0), (77, 2)];
        assert_eq!(changed(0.1)[..8], expected);
    }

    #[test]
    fn the_other_classes_are_drawn_evenly() {
        let mut counts = [0u32; 10];
        changed(1.0).iter().for_each(|&(_, label)| counts[usize::from(label)] += 1);
        // Each about 144 with a standard deviation of about 11.
        assert!(counts.iter().all(|count| (100..190).contains(count)), "{counts:?}");
    }
}
