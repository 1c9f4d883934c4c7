//! The oracle: a multi-layer perceptron in plain `f64`, slow and simple.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test file uses a part; tests may unwrap")]

use std::sync::Arc;

use traipse_nn::data::digits;
use traipse_nn::{Dataset, Problem};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::Activation;

/// A network as the oracle sees it.
pub struct Reference {
    pub problem: Problem,
    activation: Activation,
}

/// One example's pre-activations and activations, layer by layer.
struct Trace {
    inputs: Vec<Vec<f64>>,
    logits: Vec<f64>,
    before: Vec<Vec<f64>>,
}

pub fn digits_problem(settings: &RunSettings) -> Problem {
    Problem::new(settings, Arc::new(digits(&settings.data).unwrap())).unwrap()
}

/// An example as the engine sees it.
pub fn example(data: &Dataset, row: usize) -> Vec<f64> {
    let scaling = data.scaling;
    let bytes = &data.train.bytes()[row * data.n_features..][..data.n_features];
    bytes.iter().map(|&byte| f64::from(f32::from(byte).mul_add(scaling.scale, scaling.offset))).collect()
}

impl Reference {
    pub fn new(problem: &Problem) -> Self {
        Self { problem: problem.clone(), activation: problem.settings().model.activation }
    }

    /// Mean loss over training rows.
    pub fn loss(&self, theta: &[f64], rows: &[u32]) -> f64 {
        let data = self.problem.data();
        let losses = rows.iter().map(|&row| {
            let trace = self.forward(theta, example(data, row as usize));
            let largest = trace.logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = trace.logits.iter().map(|z| libm::exp(z - largest)).sum();
            libm::log(sum) + largest - trace.logits[usize::from(data.train.labels()[row as usize])]
        });
        losses.sum::<f64>() / rows.len() as f64
    }

    /// The gradient of one example's loss.
    pub fn example_gradient(&self, theta: &[f64], row: usize) -> Vec<f64> {
        let data = self.problem.data();
        let trace = self.forward(theta, example(data, row));
        let largest = trace.logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = trace.logits.iter().map(|z| libm::exp(z - largest)).sum();
        let mut delta: Vec<f64> = trace.logits.iter().map(|z| libm::exp(z - largest) / sum).collect();
        delta[usize::from(data.train.labels()[row])] -= 1.0;
        let mut gradient = vec![0.0; theta.len()];
        for (index, layer) in self.problem.layers().iter().enumerate().rev() {
            let inputs = &trace.inputs[index];
            for (o, &d) in delta.iter().enumerate() {
                for (i, &x) in inputs.iter().enumerate() {
                    gradient[layer.weight.start + o * layer.inputs + i] = d * x;
                }
                if let Some(bias) = &layer.bias {
                    gradient[bias.start + o] = d;
                }
            }
            if index > 0 {
                let weight = &theta[layer.weight.clone()];
                delta = (0..layer.inputs)
                    .map(|i| {
                        let sum: f64 = delta.iter().enumerate().map(|(o, d)| d * weight[o * layer.inputs + i]).sum();
                        sum * slope(self.activation, trace.before[index - 1][i])
                    })
                    .collect();
            }
        }
        gradient
    }

    /// The gradient of the mean loss over training rows, and the trace of the per-example covariance.
    pub fn gradient(&self, theta: &[f64], rows: &[u32]) -> (Vec<f64>, f64) {
        let n = rows.len() as f64;
        let all: Vec<Vec<f64>> = rows.iter().map(|&row| self.example_gradient(theta, row as usize)).collect();
        let mean: Vec<f64> = (0..theta.len()).map(|i| all.iter().map(|g| g[i]).sum::<f64>() / n).collect();
        let trace = all.iter().map(|g| g.iter().zip(&mean).map(|(g, m)| (g - m) * (g - m)).sum::<f64>()).sum::<f64>();
        (mean, trace / n)
    }

    fn forward(&self, theta: &[f64], mut values: Vec<f64>) -> Trace {
        let mut trace = Trace { inputs: Vec::new(), logits: Vec::new(), before: Vec::new() };
        let last = self.problem.layers().len() - 1;
        for (index, layer) in self.problem.layers().iter().enumerate() {
            let before: Vec<f64> = (0..layer.outputs)
                .map(|o| {
                    let weights = &theta[layer.weight.start + o * layer.inputs..][..layer.inputs];
                    let bias = layer.bias.as_ref().map_or(0.0, |bias| theta[bias.start + o]);
                    bias + weights.iter().zip(&values).map(|(w, x)| w * x).sum::<f64>()
                })
                .collect();
            trace.inputs.push(values);
            if index == last {
                trace.logits = before;
                break;
            }
            values = before.iter().map(|&z| activate(self.activation, z)).collect();
            trace.before.push(before);
        }
        trace
    }
}

pub fn activate(activation: Activation, z: f64) -> f64 {
    match activation {
        Activation::Relu => z.max(0.0),
        Activation::Tanh => libm::tanh(z),
        Activation::Gelu => z * 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2),
        Activation::Silu => z / (1.0 + libm::exp(-z)),
        Activation::Sigmoid => 1.0 / (1.0 + libm::exp(-z)),
        Activation::Identity => z,
    }
}

fn slope(activation: Activation, z: f64) -> f64 {
    let sigmoid = 1.0 / (1.0 + libm::exp(-z));
    match activation {
        Activation::Relu => f64::from(u8::from(z > 0.0)),
        Activation::Tanh => 1.0 - libm::tanh(z) * libm::tanh(z),
        Activation::Gelu => {
            0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
                + z * libm::exp(-0.5 * z * z) / libm::sqrt(std::f64::consts::TAU)
        }
        Activation::Silu => sigmoid * (1.0 + z * (1.0 - sigmoid)),
        Activation::Sigmoid => sigmoid * (1.0 - sigmoid),
        Activation::Identity => 1.0,
    }
}

pub fn norm(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().map(|v| v * v).sum::<f64>().sqrt()
}

pub fn widen(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}
