//! A network's parameters in panels, and one chunk's way through it and back.

use traipse_sweep::settings::Activation;

use crate::data::{Scaling, Split};
use crate::kernels::{
    Between, BiasGradient, Buffer, Convert, ExampleSquares, Examples, Forward, InputGradient, Isa, Left, PackColumns,
    PackRows, Packed, ROWS, RowSquares, Sink, Softmax, SoftmaxSums, Transpose, WIDTH, WeightGradient, needs_slope,
    padded, panels,
};
use crate::problem::Problem;

/// Shapes and places of all layers in panel layout.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) isa: Isa,
    pub(crate) layers: Vec<Layer>,
    pub(crate) n_values: usize,
    activation: Activation,
    scaling: Scaling,
}

/// One layer in panel layout: W has `inputs` rows in each panel of 32 outputs; b is padded to whole panels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layer {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) weight: usize,
    pub(crate) bias: Option<usize>,
}

/// The working memory of one chunk of examples.
#[derive(Debug)]
pub(crate) struct Pass {
    rows: Vec<u32>,
    labels: Vec<u8>,
    by_rows: Packed,
    /// Outputs of each layer.
    outputs: Vec<Buffer>,
    slopes: Vec<Buffer>,
    /// δ of each layer but the last, whose δ takes the place of its outputs.
    deltas: Vec<Buffer>,
    by_columns: Packed,
    /// Wᵀ, one a layer above the first: columns beyond the layer's inputs must stay zero.
    transposed: Vec<Buffer>,
}

impl Network {
    pub(crate) fn new(problem: &Problem, isa: Isa) -> Self {
        let mut n_values = 0;
        let mut layers = Vec::with_capacity(problem.layers().len());
        for shape in problem.layers() {
            let weight = n_values;
            n_values += panels(shape.outputs) * shape.inputs * WIDTH;
            let bias = shape.bias.is_some().then_some(n_values);
            n_values += if shape.bias.is_some() { panels(shape.outputs) * WIDTH } else { 0 };
            layers.push(Layer { inputs: shape.inputs, outputs: shape.outputs, weight, bias });
        }
        let activation = problem.settings().model.activation;
        Self { isa, layers, n_values, activation, scaling: problem.data().scaling }
    }

    fn examples<'a>(&self, split: &'a Split, rows: &'a [u32]) -> Examples<'a> {
        Examples { bytes: split.bytes(), n_features: self.layers[0].inputs, rows, scaling: self.scaling }
    }

    /// Weights and biases of all layers as parts: (from, to, weights).
    pub(crate) fn parts(&self) -> Vec<(usize, usize, bool)> {
        let mut parts = Vec::with_capacity(2 * self.layers.len());
        for layer in &self.layers {
            parts.push((layer.weight, layer.weight + layer.n_weights(), true));
            parts.extend(layer.bias.map(|at| (at, at + panels(layer.outputs) * WIDTH, false)));
        }
        parts
    }

    /// From θ to panels; padding is left as it is.
    pub(crate) fn pack(&self, problem: &Problem, theta: &[f32], values: &mut [f32]) {
        for (layer, shape) in self.layers.iter().zip(problem.layers()) {
            let between = Between::In(&theta[shape.weight.clone()], &mut values[layer.weight..][..layer.n_weights()]);
            self.isa.run(Convert { inputs: layer.inputs, outputs: layer.outputs, between });
            if let (Some(range), Some(at)) = (&shape.bias, layer.bias) {
                values[at..][..layer.outputs].copy_from_slice(&theta[range.clone()]);
            }
        }
    }

    /// From panels to θ.
    pub(crate) fn unpack(&self, problem: &Problem, values: &[f32], theta: &mut [f32]) {
        for (layer, shape) in self.layers.iter().zip(problem.layers()) {
            let between = Between::Out(&values[layer.weight..][..layer.n_weights()], &mut theta[shape.weight.clone()]);
            self.isa.run(Convert { inputs: layer.inputs, outputs: layer.outputs, between });
            if let (Some(range), Some(at)) = (&shape.bias, layer.bias) {
                theta[range.clone()].copy_from_slice(&values[at..][..layer.outputs]);
            }
        }
    }
}

impl Layer {
    fn n_weights(&self) -> usize {
        panels(self.outputs) * self.inputs * WIDTH
    }
}

impl Pass {
    /// Room for `capacity` examples.
    pub(crate) fn new(network: &Network, capacity: usize) -> Self {
        let n_features = network.layers[0].inputs;
        let rows = padded(capacity);
        let panel_values = |n: usize| panels(n) * rows * WIDTH;
        let hidden = &network.layers[..network.layers.len() - 1];
        let slopes = |n: usize| if needs_slope(network.activation) { panel_values(n) } else { 0 };
        let transposed = |layer: &Layer| panels(layer.inputs) * padded(layer.outputs) * WIDTH;
        Self {
            rows: Vec::with_capacity(capacity),
            labels: Vec::with_capacity(capacity),
            by_rows: Packed::new(rows / ROWS, n_features),
            outputs: network.layers.iter().map(|layer| Buffer::zeros(panel_values(layer.outputs))).collect(),
            slopes: hidden.iter().map(|layer| Buffer::zeros(slopes(layer.outputs))).collect(),
            deltas: hidden.iter().map(|layer| Buffer::zeros(panel_values(layer.outputs))).collect(),
            by_columns: Packed::new(padded(n_features) / ROWS, capacity),
            transposed: network.layers[1..].iter().map(|layer| Buffer::zeros(transposed(layer))).collect(),
        }
    }

    /// Takes in examples, runs them forward, and sums their losses. With `gradient`, a scale, the gradients by the
    /// logits (times the scale) are ready for [`Self::backward`].
    pub(crate) fn forward(
        &mut self,
        network: &Network,
        parameters: &[f32],
        split: &Split,
        rows: &[u32],
        gradient: Option<f32>,
    ) -> SoftmaxSums {
        self.rows.clear();
        self.rows.extend_from_slice(rows);
        self.labels.clear();
        self.labels.extend(rows.iter().map(|&row| split.labels()[row as usize]));
        let examples = network.examples(split, &self.rows);
        network.isa.run(PackRows { examples, packed: &mut self.by_rows });
        for layer in 0..network.layers.len() {
            self.forward_layer(network, parameters, layer, gradient.is_some());
        }
        let last = network.layers.len() - 1;
        network.isa.run(Softmax {
            logits: &mut self.outputs[last],
            labels: &self.labels,
            n_classes: network.layers[last].outputs,
            scale: gradient.unwrap_or(1.0),
            gradient: gradient.is_some(),
        })
    }

    fn forward_layer(&mut self, network: &Network, parameters: &[f32], layer: usize, gradient: bool) {
        let (shape, n_rows) = (network.layers[layer], self.rows.len());
        let (before, after) = self.outputs.split_at_mut(layer);
        let left = match before.last() {
            None => Left::Packed(&self.by_rows),
            Some(values) => Left::Panels { values, rows: padded(n_rows), columns: shape.inputs },
        };
        let is_last = layer == network.layers.len() - 1;
        let slopes = self.slopes.get_mut(layer).filter(|slopes| gradient && !slopes.is_empty());
        network.isa.run(Forward {
            left,
            n_rows,
            weights: &parameters[shape.weight..][..shape.n_weights()],
            bias: shape.bias.map(|at| &parameters[at..]),
            inputs: shape.inputs,
            outputs: shape.outputs,
            activation: if is_last { Activation::Identity } else { network.activation },
            out: &mut after[0],
            slopes: slopes.map(|slopes| &mut slopes[..]),
        });
    }

    /// Takes the chunk's δ from layer `layer` (from 1) to the one below, without touching any parameter.
    pub(crate) fn backward(&mut self, network: &Network, parameters: &[f32], layer: usize) {
        let (shape, n_rows) = (network.layers[layer], self.rows.len());
        let transposed = &mut self.transposed[layer - 1];
        network.isa.run(Transpose {
            weights: &parameters[shape.weight..][..shape.n_weights()],
            inputs: shape.inputs,
            outputs: shape.outputs,
            out: transposed,
        });
        let (deltas, above) = self.deltas.split_at_mut(layer);
        network.isa.run(InputGradient {
            delta: above.first().unwrap_or(&self.outputs[self.outputs.len() - 1]),
            n_rows,
            transposed,
            inputs: shape.inputs,
            outputs: shape.outputs,
            activation: network.activation,
            below: &self.outputs[layer - 1],
            slopes: &self.slopes[layer - 1],
            out: &mut deltas[layer - 1],
        });
    }

    /// Hands a layer's gradient to the sink: weights, then biases.
    pub(crate) fn gradient<S: Sink>(&mut self, network: &Network, split: &Split, layer: usize, sink: &mut S) {
        let Layer { inputs, outputs, weight, bias } = network.layers[layer];
        let n_rows = self.rows.len();
        let left = if layer == 0 {
            let examples = network.examples(split, &self.rows);
            network.isa.run(PackColumns { examples, packed: &mut self.by_columns });
            Left::Packed(&self.by_columns)
        } else {
            Left::Panels { values: &self.outputs[layer - 1], rows: padded(n_rows), columns: inputs }
        };
        let delta = self.deltas.get(layer).unwrap_or(&self.outputs[self.outputs.len() - 1]);
        network.isa.run(WeightGradient { left, delta, n_rows, inputs, outputs, at: weight, sink });
        if let Some(at) = bias {
            network.isa.run(BiasGradient { delta, n_rows, outputs, at, sink });
        }
    }

    /// Σ_l Σ_i (‖a_i‖² + 1)‖δ_i‖² over the chunk (without the 1 where there are no biases), after all of
    /// [`Self::backward`]; everything in f64.
    pub(crate) fn gradient_squares(&self, network: &Network, split: &Split, scratch: &mut [Vec<f64>; 2]) -> f64 {
        let mut sum = 0.0;
        for (index, layer) in network.layers.iter().enumerate() {
            let [inputs, deltas] = scratch.each_mut().map(|scratch| {
                scratch.resize(self.rows.len(), 0.0);
                &mut scratch[..]
            });
            match index.checked_sub(1) {
                None => {
                    let examples = network.examples(split, &self.rows);
                    network.isa.run(ExampleSquares { examples, out: inputs });
                }
                Some(below) => {
                    let values = &self.outputs[below];
                    network.isa.run(RowSquares { values, columns: layer.inputs, out: inputs });
                }
            }
            let values = self.deltas.get(index).unwrap_or(&self.outputs[self.outputs.len() - 1]);
            network.isa.run(RowSquares { values, columns: layer.outputs, out: deltas });
            let one = if layer.bias.is_some() { 1.0 } else { 0.0 };
            sum += inputs.iter().zip(deltas).map(|(input, delta)| (*input + one) * *delta).sum::<f64>();
        }
        sum
    }
}
