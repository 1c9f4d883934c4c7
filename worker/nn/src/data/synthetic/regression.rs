//! Linear regression with a chosen spectrum: the loss is a quadratic whose every number is known.

use traipse_sweep::settings::DataSettings;

use super::{Decoded, Error, Split, Targets, Values, draws};

/// Most multiply-adds that making the features orthogonal may take, a split.
const MAX_WORK: u64 = 1 << 31;
/// Sums run in so many fixed lanes.
const LANES: usize = 8;

/// X with X'X/n = diag(`spectrum`) and columns orthogonal to the constant, and y = X w* + r with r orthogonal to both
/// and ‖r‖²/n = `noise`².
///
/// So half the mean squared error is smallest at w* and bias 0, where it is `noise`²/2, and its Hessian there, and
/// everywhere, is diag(`spectrum`), with 1 for the bias. X is rounded to f32, each eigenvalue to some 1e-7 of itself;
/// y is made of the rounded X. The test examples are another such X and r with the same w*.
pub(super) fn regression(settings: &DataSettings) -> Result<Decoded, Error> {
    check(settings)?;
    let n = settings.examples as usize;
    let minimiser = regression_minimiser(settings);
    let [train, test] = [1, 2].map(|epoch| split(settings, n, epoch, &minimiser));
    Ok(Decoded { image: None, n_outputs: 1, full_scale: 1.0, train, test })
}

/// w*, the weights at which the regression's loss is smallest: standard normals, one a feature.
#[must_use]
pub fn regression_minimiser(settings: &DataSettings) -> Vec<f64> {
    let mut draws = draws(settings, 0);
    settings.spectrum.iter().map(|_| draws.normal()).collect()
}

fn check(settings: &DataSettings) -> Result<(), Error> {
    let p = settings.spectrum.len() as u64;
    let is_usable = |value: &f64| *value >= 0.0 && (*value as f32).is_finite();
    if p == 0 || !settings.spectrum.iter().all(is_usable) {
        let (found, wanted) = (format!("{:?}", settings.spectrum), "at least one finite number from 0 up".to_owned());
        return Err(Error::Setting { key: "data.spectrum", found, wanted });
    }
    // The constant and the residual take a direction each.
    let (least, most) = (p + 2, MAX_WORK / (p * p));
    if (least..=most).contains(&settings.examples) {
        return Ok(());
    }
    let (found, wanted) = (settings.examples.to_string(), format!("{least} to {most} with {p} features"));
    Err(Error::Setting { key: "data.examples", found, wanted })
}

fn split(settings: &DataSettings, n: usize, epoch: u64, minimiser: &[f64]) -> Split {
    let p = settings.spectrum.len();
    let mut columns = orthonormal(settings, n, p + 1, epoch);
    let residual = columns.split_off(p * n);
    let mut values = vec![0.0f32; n * p];
    for (at, (column, eigenvalue)) in columns.chunks_exact(n).zip(&settings.spectrum).enumerate() {
        let scale = (n as f64 * eigenvalue).sqrt();
        for (row, value) in column.iter().enumerate() {
            values[row * p + at] = (scale * value) as f32;
        }
    }
    let scale = (n as f64).sqrt() * settings.noise;
    let target = |(row, residual): (&[f32], &f64)| {
        let sum: f64 = row.iter().zip(minimiser).map(|(&x, w)| f64::from(x) * w).sum();
        (sum + scale * residual) as f32
    };
    let targets = values.chunks_exact(p).zip(&residual).map(target).collect();
    Split::new(p, Values::Floats(values), Targets::Numbers(targets))
}

/// So many columns of n numbers, orthonormal and orthogonal to the constant: normals by Gram and Schmidt, twice, since
/// once loses digits.
fn orthonormal(settings: &DataSettings, n: usize, n_columns: usize, epoch: u64) -> Vec<f64> {
    let mut draws = draws(settings, epoch);
    let mut columns: Vec<f64> = (0..n * n_columns).map(|_| draws.normal()).collect();
    for at in 0..n_columns {
        let (before, rest) = columns.split_at_mut(at * n);
        let column = &mut rest[..n];
        for _ in 0..2 {
            let mean = column.iter().sum::<f64>() / n as f64;
            column.iter_mut().for_each(|value| *value -= mean);
            for other in before.chunks_exact(n) {
                let along = dot(column, other);
                column.iter_mut().zip(other).for_each(|(value, other)| *value -= along * other);
            }
        }
        let length = dot(column, column).sqrt();
        column.iter_mut().for_each(|value| *value /= length);
    }
    columns
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    for (a, b) in a.chunks(LANES).zip(b.chunks(LANES)) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    lanes.iter().sum()
}
