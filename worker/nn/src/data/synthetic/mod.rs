//! Sets whose truth is known, drawn from `data.seed`.
//!
//! Every set has three streams of [`Purpose::Synthetic`]: epoch 0 draws its truth, 1 the training examples and 2 the
//! test examples, as many of each. They are computed in f64 and rounded to f32 once.

mod blobs;
mod regression;
mod spirals;
mod teacher;

use traipse_sweep::settings::{DataName, DataSettings};
use traipse_sweep::streams::{Draws, Philox, Purpose};

use super::finish::{Decoded, finish};
use super::{Dataset, Error, MAX_BYTES, Split, Targets, Values};

pub use blobs::blob_centres;
pub use regression::regression_minimiser;
pub use teacher::teacher_weights;

/// Floats are four bytes.
const MAX_NUMBERS: u64 = MAX_BYTES / 4;

/// Draws the set of `settings.name`.
///
/// # Errors
/// If it is not a synthetic set, or its sizes do not fit: the message names the key.
pub fn synthetic(settings: &DataSettings) -> Result<Dataset, Error> {
    let decoded = match settings.name {
        DataName::Blobs => blobs::blobs(settings)?,
        DataName::Spirals => spirals::spirals(settings)?,
        DataName::Teacher => teacher::teacher(settings)?,
        DataName::Regression => regression::regression(settings)?,
        name => return Err(Error::Name { found: name.as_str(), expected: "blobs, spirals, teacher or regression" }),
    };
    finish(settings, decoded)
}

/// The stream of the truth (0), the training examples (1) or the test examples (2).
fn draws(settings: &DataSettings, epoch: u64) -> Draws {
    Philox::new(settings.seed, Purpose::Synthetic).at(epoch)
}

/// Training and test examples of classes that take turns, or of targets; `draw` appends one example and says what is
/// wanted of it.
fn decoded(
    settings: &DataSettings,
    n_features: usize,
    n_outputs: usize,
    mut draw: impl FnMut(&mut Draws, usize, &mut Vec<f32>) -> Wanted,
) -> Result<Decoded, Error> {
    let n = n_examples(settings, n_features, n_outputs)?;
    let [train, test] = [1, 2].map(|epoch| {
        let mut draws = draws(settings, epoch);
        let (mut values, mut labels, mut numbers) = (Vec::with_capacity(n * n_features), Vec::new(), Vec::new());
        for row in 0..n {
            match draw(&mut draws, row, &mut values) {
                Wanted::Class(label) => labels.push(label),
                Wanted::Number(number) => numbers.push(number),
            }
        }
        let targets = if labels.is_empty() { Targets::Numbers(numbers) } else { Targets::Classes(labels) };
        Split::new(n_features, Values::Floats(values), targets)
    });
    Ok(Decoded { image: None, n_outputs, full_scale: 1.0, train, test })
}

/// What is wanted of one example.
enum Wanted {
    Class(u8),
    Number(f32),
}

/// The examples of a split, if they fit.
fn n_examples(settings: &DataSettings, n_features: usize, n_outputs: usize) -> Result<usize, Error> {
    let n = settings.examples;
    let refused =
        |found: u64, wanted: String| Error::Setting { key: "data.examples", found: found.to_string(), wanted };
    if n < n_outputs as u64 {
        return Err(refused(n, format!("at least {n_outputs}, one a class")));
    }
    let most = MAX_NUMBERS / n_features as u64;
    if n > most {
        return Err(refused(n, format!("at most {most} with {n_features} features")));
    }
    Ok(n as usize)
}

/// Two classes at least.
fn n_classes(settings: &DataSettings) -> Result<usize, Error> {
    let found = settings.classes;
    if (2..=256).contains(&found) {
        return Ok(found as usize);
    }
    Err(Error::Setting { key: "data.classes", found: found.to_string(), wanted: "2 to 256".to_owned() })
}

/// Features that a set lets choose.
fn n_features(settings: &DataSettings) -> Result<usize, Error> {
    let found = settings.features;
    if (1..=MAX_FEATURES).contains(&found) {
        return Ok(found as usize);
    }
    Err(Error::Setting { key: "data.features", found: found.to_string(), wanted: format!("1 to {MAX_FEATURES}") })
}

/// Widest example: the widest layer of a network.
const MAX_FEATURES: u64 = 1 << 20;
