//! Initial weights: drawn in f64 in θ's order, layer by layer, then rounded to the training's precision.
//!
//! Layer l draws from the stream (init_seed, [`Purpose::Init`], epoch l): its weights output by output, then, for
//! `torch-default` alone, its biases. Other biases start at 0. Fan-in is the layer's inputs, fan-out its outputs.

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
    let (fan_in, fan_out) = (layer.inputs as f64, layer.outputs as f64);
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
