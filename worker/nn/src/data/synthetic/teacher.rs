//! What a random network says: a student of the same shape can learn it exactly.

use traipse_sweep::settings::DataSettings;
use traipse_sweep::streams::Draws;

use super::{Decoded, Error, Wanted, decoded, draws, n_features};

/// Most weights of a teacher.
const MAX_WEIGHTS: u64 = 1 << 24;
/// Most multiply-adds that drawing a set may take, in all.
const MAX_WORK: u64 = 1 << 33;

/// Examples are standard normals; the teacher is an MLP of tanh layers of the widths `teacher` without biases, whose
/// outputs get `noise` times a standard normal each. The class is the largest output (of equals the first); with
/// `classes = 1` the output itself is the target.
pub(super) fn teacher(settings: &DataSettings) -> Result<Decoded, Error> {
    let n_features = n_features(settings)?;
    if !(1..=256).contains(&settings.classes) {
        let (found, wanted) = (settings.classes.to_string(), "1 (a target) to 256".to_owned());
        return Err(Error::Setting { key: "data.classes", found, wanted });
    }
    check(settings)?;
    let network = Teacher { weights: teacher_weights(settings) };
    let n_outputs = settings.classes as usize;
    let mut outputs = Vec::new();
    decoded(settings, n_features, n_outputs, |draws, _, values| {
        let start = values.len();
        values.extend((0..n_features).map(|_| draws.normal() as f32));
        network.run(&values[start..], &mut outputs);
        add_noise(settings.noise, draws, &mut outputs);
        let [output] = outputs[..] else { return Wanted::Class(largest(&outputs)) };
        Wanted::Number(output as f32)
    })
}

/// The teacher's weights, one matrix a layer, outputs × inputs, row after row: normal with variance 1 / inputs, as
/// they are in f32.
#[must_use]
pub fn teacher_weights(settings: &DataSettings) -> Vec<Vec<f32>> {
    let mut draws = draws(settings, 0);
    let layer = |pair: &[u64]| {
        let deviation = 1.0 / (pair[0] as f64).sqrt();
        (0..pair[0] * pair[1]).map(|_| (deviation * draws.normal()) as f32).collect()
    };
    widths(settings).windows(2).map(layer).collect()
}

fn widths(settings: &DataSettings) -> Vec<u64> {
    let hidden = settings.teacher.iter().map(|&width| u64::from(width));
    [settings.features].into_iter().chain(hidden).chain([settings.classes]).collect()
}

/// Whether the teacher can be held, and asked so often.
fn check(settings: &DataSettings) -> Result<(), Error> {
    let layers = widths(settings);
    let n = layers.windows(2).map(|pair| pair[0].saturating_mul(pair[1])).fold(0, u64::saturating_add);
    let most = MAX_WEIGHTS.min(MAX_WORK / settings.examples.max(1));
    if n <= most && settings.teacher.iter().all(|&width| width > 0) {
        return Ok(());
    }
    let (found, wanted) = (format!("{:?}", settings.teacher), format!("widths that make at most {most} weights"));
    Err(Error::Setting { key: "data.teacher", found, wanted })
}

struct Teacher {
    weights: Vec<Vec<f32>>,
}

impl Teacher {
    /// One example through the network, in f64.
    fn run(&self, example: &[f32], outputs: &mut Vec<f64>) {
        let mut values: Vec<f64> = example.iter().copied().map(f64::from).collect();
        for (layer, weights) in self.weights.iter().enumerate() {
            let is_last = layer + 1 == self.weights.len();
            let sum = |row: &[f32]| row.iter().zip(&values).map(|(&weight, value)| f64::from(weight) * value).sum();
            let next = weights.chunks_exact(values.len()).map(|row| {
                let sum: f64 = sum(row);
                if is_last { sum } else { libm::tanh(sum) }
            });
            values = next.collect();
        }
        *outputs = values;
    }
}

fn add_noise(noise: f64, draws: &mut Draws, outputs: &mut [f64]) {
    outputs.iter_mut().for_each(|output| *output += noise * draws.normal());
}

fn largest(outputs: &[f64]) -> u8 {
    let mut best = 0;
    for (at, output) in outputs.iter().enumerate() {
        if *output > outputs[best] {
            best = at;
        }
    }
    best as u8
}
