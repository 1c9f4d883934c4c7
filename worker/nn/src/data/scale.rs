//! How examples become numbers.

use traipse_sweep::network::Shape;
use traipse_sweep::settings::Scale;

use super::{Scaling, Split, Values};

/// The scalings of bytes, one for all or one a channel, from the training rows alone; floats are scaled here and now.
///
/// Unit: bytes / `full_scale`; floats stay as they are. Standardise: one mean and deviation a channel (ddof 0, f64).
pub(super) fn scale(kind: Scale, full_scale: f64, shape: Shape, train: &mut Split, test: &mut Split) -> Vec<Scaling> {
    match (kind, train.values()) {
        (Scale::Unit, Values::Bytes(_)) => vec![Scaling { scale: (1.0 / full_scale) as f32, offset: 0.0 }],
        (Scale::Unit, Values::Floats(_)) => vec![Scaling::NONE],
        (Scale::Standardize, Values::Bytes(bytes)) => {
            (0..shape.channels).map(|channel| standardize_bytes(bytes, shape, channel)).collect()
        }
        (Scale::Standardize, Values::Floats(floats)) => {
            let moments: Vec<_> = (0..shape.channels).map(|channel| moments(floats, shape, channel)).collect();
            for split in [train, test] {
                apply(split, shape, &moments);
            }
            vec![Scaling::NONE]
        }
    }
}

/// The numbers of one channel, example after example.
fn channel<T: Copy>(values: &[T], shape: Shape, channel: usize) -> impl Iterator<Item = T> {
    let area = shape.height * shape.width;
    values.chunks_exact(shape.n_features()).flat_map(move |row| row[channel * area..][..area].iter().copied())
}

/// Exact sums in integers, then f64.
fn standardize_bytes(bytes: &[u8], shape: Shape, at: usize) -> Scaling {
    let mut counts = [0u64; 256];
    channel(bytes, shape, at).for_each(|byte| counts[usize::from(byte)] += 1);
    let n = counts.iter().sum::<u64>() as f64;
    let mean = counts.iter().zip(0u64..).map(|(&count, value)| count * value).sum::<u64>() as f64 / n;
    let variance = counts.iter().zip(0u32..).map(|(&count, value)| count as f64 * (f64::from(value) - mean).powi(2));
    let scale = factor((variance.sum::<f64>() / n).sqrt());
    Scaling { scale: scale as f32, offset: (-mean * scale) as f32 }
}

/// Constant channels have no deviation to divide by; they are only centred.
fn factor(deviation: f64) -> f64 {
    if deviation > 0.0 { 1.0 / deviation } else { 1.0 }
}

/// Mean and factor of a channel of floats, in two passes.
fn moments(floats: &[f32], shape: Shape, at: usize) -> (f64, f64) {
    let n = (floats.len() / shape.channels) as f64;
    let mean = channel(floats, shape, at).map(f64::from).sum::<f64>() / n;
    let variance = channel(floats, shape, at).map(|x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
    (mean, factor(variance.sqrt()))
}

fn apply(split: &mut Split, shape: Shape, moments: &[(f64, f64)]) {
    let area = shape.height * shape.width;
    if let (Values::Floats(floats), _) = split.parts_mut() {
        for row in floats.chunks_exact_mut(shape.n_features()) {
            for (x, (mean, factor)) in row.iter_mut().enumerate().map(|(i, x)| (x, moments[i / area])) {
                *x = ((f64::from(*x) - mean) * factor) as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use traipse_sweep::settings::DataSettings;

    use super::*;
    use crate::data::Targets;
    use crate::data::finish::{Decoded, finish};
    use crate::data::tests::digits_with;

    fn mean_and_variance(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
        let n = values.clone().count() as f64;
        let mean = values.clone().sum::<f64>() / n;
        (mean, values.map(|value| (value - mean).powi(2)).sum::<f64>() / n)
    }

    #[test]
    fn standardised_examples_have_mean_zero_and_deviation_one() {
        let data = digits_with(&DataSettings { scale: Scale::Standardize, ..DataSettings::default() });
        let of = |&byte: &u8| f64::from(f32::from(byte).mul_add(data.scaling.scale, data.scaling.offset));
        let (mean, variance) = mean_and_variance(data.train.bytes().iter().map(of));
        assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-6, "{mean} {variance}");
    }

    /// Two channels of 1 × 3 pixels with far-apart means; the third feature of the second is the widest.
    fn two_channels(values: Values) -> Decoded {
        let split = Split::new(6, values, Targets::Classes(vec![0, 1]));
        let image = Some(Shape { channels: 2, height: 1, width: 3 });
        Decoded { image, n_outputs: 2, full_scale: 255.0, train: split.clone(), test: split }
    }

    #[test]
    fn each_channel_is_standardised_by_itself_in_bytes_and_in_floats_alike() {
        let settings = DataSettings { scale: Scale::Standardize, ..DataSettings::default() };
        let bytes = vec![1u8, 2, 3, 100, 150, 200, 4, 5, 6, 101, 151, 250];
        let floats = bytes.iter().map(|&byte| f32::from(byte)).collect();
        for values in [Values::Bytes(bytes), Values::Floats(floats)] {
            let data = finish(&settings, two_channels(values)).unwrap();
            let mut rows = [[0.0; 6]; 2];
            for (row, out) in rows.iter_mut().enumerate() {
                data.example_into(&data.train, row, out);
            }
            for channel in [0..3, 3..6] {
                let of = rows.iter().flat_map(|row| &row[channel.clone()]).map(|&x| f64::from(x));
                let (mean, variance) = mean_and_variance(of);
                assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-6, "{mean} {variance}");
            }
        }
    }
}
