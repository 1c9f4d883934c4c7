//! Initial weights: drawn in f64 in θ's order, layer by layer, then rounded to the training's precision.
//!
//! Layer l draws from the stream (init_seed, [`Purpose::Init`], epoch l): its weights output by output, then, for
//! `torch-default` alone, its biases. Other biases start at 0. Fan-in is the inputs of one output: of a convolution
//! channels in × height × width of the kernel; fan-out is the outputs: channels out × height × width of the kernel.

use traipse_sweep::settings::Init;
use traipse_sweep::streams::{Draws, Philox, Purpose};

use crate::problem::{LayerShape, Problem};

/// θ at step 0.
pub(crate) fn parameters(problem: &Problem) -> Vec<f64> {
    let model = &problem.settings().model;
    let streams = Philox::new(problem.settings().streams.init_seed, Purpose::Init);
    let mut theta = vec![0.0; problem.n_parameters()];
    for (index, layer) in (0u64..).zip(problem.layers()) {
        // A norm begins as the identity: scale 1, shift 0.
        if layer.shape.len() == 1 {
            theta[layer.weight.clone()].fill(1.0);
            continue;
        }
        let mut draws = streams.at(index);
        let weights = weights(model.init, layer, &mut draws);
        for (to, from) in theta[layer.weight.clone()].iter_mut().zip(weights) {
            *to = model.init_scale * from;
        }
        if let (Init::TorchDefault, Some(bias)) = (model.init, &layer.bias) {
            let bound = 1.0 / (layer.inputs as f64).sqrt();
            theta[bias.clone()].fill_with(|| bound * symmetric(&mut draws));
        }
    }
    theta
}

/// The weights of one layer, outputs × inputs, before `init_scale`.
fn weights(init: Init, layer: &LayerShape, draws: &mut Draws) -> Vec<f64> {
    let kernel: usize = layer.shape[2..].iter().product();
    let (fan_in, fan_out) = (layer.inputs as f64, (layer.outputs * kernel) as f64);
    let (deviation, bound) = match init {
        Init::HeNormal => (Some((2.0 / fan_in).sqrt()), 0.0),
        Init::GlorotNormal => (Some((2.0 / (fan_in + fan_out)).sqrt()), 0.0),
        Init::LecunNormal => (Some((1.0 / fan_in).sqrt()), 0.0),
        Init::HeUniform => (None, (6.0 / fan_in).sqrt()),
        Init::GlorotUniform => (None, (6.0 / (fan_in + fan_out)).sqrt()),
        Init::LecunUniform => (None, (3.0 / fan_in).sqrt()),
        Init::TorchDefault => (None, 1.0 / fan_in.sqrt()),
        Init::Orthogonal => return orthogonal(layer, draws),
    };
    let n = layer.inputs * layer.outputs;
    match deviation {
        Some(deviation) => (0..n).map(|_| deviation * draws.normal()).collect(),
        None => (0..n).map(|_| bound * symmetric(draws)).collect(),
    }
}

/// Uniform in [−1, 1).
fn symmetric(draws: &mut Draws) -> f64 {
    2.0 * draws.next_f64() - 1.0
}

/// Q of the QR decomposition of a matrix of normals (outputs × inputs, or its transpose where that is wider than
/// high), with R's diagonal positive, which makes Q unique (Saxe, McClelland, Ganguli 2014).
fn orthogonal(layer: &LayerShape, draws: &mut Draws) -> Vec<f64> {
    let (outputs, inputs) = (layer.outputs, layer.inputs);
    let drawn: Vec<f64> = (0..outputs * inputs).map(|_| draws.normal()).collect();
    // The vectors to make orthonormal are the shorter side's: rows where there are fewer rows, else columns.
    let by_rows = outputs <= inputs;
    let mut vectors: Vec<Vec<f64>> = if by_rows {
        drawn.chunks(inputs).map(<[f64]>::to_vec).collect()
    } else {
        (0..inputs).map(|column| drawn.iter().skip(column).step_by(inputs).copied().collect()).collect()
    };
    orthonormalise(&mut vectors);
    if by_rows {
        return vectors.concat();
    }
    (0..outputs * inputs).map(|i| vectors[i % inputs][i / inputs]).collect()
}

/// Gram–Schmidt, each vector twice, which is as orthogonal as Householder's method.
fn orthonormalise(vectors: &mut [Vec<f64>]) {
    for i in 0..vectors.len() {
        let (done, rest) = vectors.split_at_mut(i);
        let vector = &mut rest[0];
        for _ in 0..2 {
            for other in done.iter() {
                let along = dot(vector, other);
                vector.iter_mut().zip(other).for_each(|(value, &other)| *value -= along * other);
            }
        }
        let length = dot(vector, vector).sqrt();
        vector.iter_mut().for_each(|value| *value /= length);
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 16];
    for (a, b) in a.chunks(16).zip(b.chunks(16)) {
        for (lane, (&a, &b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += a * b;
        }
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::digits_with;
    use std::sync::Arc;
    use traipse_sweep::RunSettings;
    use traipse_sweep::settings::ModelKind;

    /// The kernels (24, 10, 3, 3) of a second convolution: fan-in 90, fan-out 216.
    fn kernels(init: Init) -> (Vec<f64>, Vec<f64>) {
        let mut settings = RunSettings::default();
        settings.model.kind = ModelKind::Cnn;
        settings.model.layers = ["conv 10 3x3", "conv 24 3x3", "dense 7"].map(String::from).to_vec();
        settings.model.init = init;
        let problem = Problem::new(&settings, Arc::new(digits_with(&settings.data))).unwrap();
        let (theta, layer) = (parameters(&problem), &problem.layers()[1]);
        assert_eq!((&layer.shape[..], layer.inputs), (&[24, 10, 3, 3][..], 90));
        (theta[layer.weight.clone()].to_vec(), theta[layer.bias.clone().unwrap()].to_vec())
    }

    #[test]
    fn kernels_have_the_spread_of_their_fans() {
        let rows = [
            (Init::HeNormal, 2.0 / 90.0),
            (Init::HeUniform, 2.0 / 90.0),
            (Init::GlorotNormal, 2.0 / 306.0),
            (Init::GlorotUniform, 2.0 / 306.0),
            (Init::LecunNormal, 1.0 / 90.0),
            (Init::LecunUniform, 1.0 / 90.0),
            (Init::TorchDefault, 1.0 / 270.0),
        ];
        for (init, variance) in rows {
            let (weights, biases) = kernels(init);
            let found = dot(&weights, &weights) / weights.len() as f64;
            // 2160 weights: a standard error of 3 % for normals.
            assert!((found / variance - 1.0).abs() < 0.1, "{init:?}: {found} is not {variance}");
            let largest = weights.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
            let bound = (3.0 * variance).sqrt();
            let is_normal = matches!(init, Init::HeNormal | Init::GlorotNormal | Init::LecunNormal);
            assert_eq!(largest > bound, is_normal, "{init:?}");
            assert!(is_normal || largest > 0.99 * bound, "{init:?}");
            let is_torch = init == Init::TorchDefault;
            assert!(biases.iter().all(|bias| (*bias != 0.0) == is_torch && bias.abs() <= bound), "{init:?}");
        }
    }

    #[test]
    fn kernels_are_orthonormal_as_a_matrix_of_channels_out() {
        let (weights, _) = kernels(Init::Orthogonal);
        let rows: Vec<&[f64]> = weights.chunks(90).collect();
        for (i, a) in rows.iter().enumerate() {
            for (j, b) in rows.iter().enumerate() {
                assert!((dot(a, b) - f64::from(u8::from(i == j))).abs() < 1e-14, "{i}, {j}");
            }
        }
    }
}
