//! A network's parameters in panels, and one chunk's way through it and back.

use traipse_sweep::settings::Activation;

use crate::data::{Scaling, Split};
use crate::kernels::{
    BiasGradient, Buffer, Forward, InputGradient, Isa, Left, PackColumns, PackRows, Packed, Raw, Sink, Softmax,
    SoftmaxSums, Transpose, WIDTH, WeightGradient, needs_slope, padded, panels,
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
    raw: Raw,
    labels: Vec<u8>,
    by_rows: Packed,
    /// Present where gradients are wanted.
    back: Option<Back>,
    /// Outputs of each layer.
    outputs: Vec<Buffer>,
    n_rows: usize,
}

/// What the way back needs.
#[derive(Debug)]
struct Back {
    by_columns: Packed,
    slopes: Vec<Buffer>,
    deltas: Vec<Buffer>,
    /// One a layer above the first: columns beyond the layer's inputs must stay zero.
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
    pub(crate) fn pack<T: Copy>(&self, problem: &Problem, theta: &[T], values: &mut [T]) {
        self.each(problem, |flat, at| values[at] = theta[flat]);
    }

    /// From panels to θ.
    pub(crate) fn unpack<T: Copy>(&self, problem: &Problem, values: &[T], theta: &mut [T]) {
        self.each(problem, |flat, at| theta[flat] = values[at]);
    }

    /// Calls `f` with every parameter's position in θ and in panels.
    fn each(&self, problem: &Problem, mut f: impl FnMut(usize, usize)) {
        for (layer, shape) in self.layers.iter().zip(problem.layers()) {
            for output in 0..layer.outputs {
                let (flat, at) = (shape.weight.start + output * layer.inputs, layer.weight_at(0, output));
                for input in 0..layer.inputs {
                    f(flat + input, at + input * WIDTH);
                }
            }
            if let (Some(range), Some(at)) = (&shape.bias, layer.bias) {
                range.clone().enumerate().for_each(|(output, flat)| f(flat, at + output));
            }
        }
    }
}

impl Layer {
    fn n_weights(&self) -> usize {
        panels(self.outputs) * self.inputs * WIDTH
    }

    /// Where the weight from `input` to `output` stands.
    fn weight_at(&self, input: usize, output: usize) -> usize {
        self.weight + (output / WIDTH * self.inputs + input) * WIDTH + output % WIDTH
    }
}

impl Pass {
    /// Room for `capacity` examples.
    pub(crate) fn new(network: &Network, capacity: usize, gradients: bool) -> Self {
        let n_features = network.layers[0].inputs;
        let rows = padded(capacity);
        let panel_values = |n: usize| panels(n) * rows * WIDTH;
        let outputs = network.layers.iter().map(|layer| Buffer::zeros(panel_values(layer.outputs))).collect();
        let back = gradients.then(|| {
            let keep = needs_slope(network.activation);
            let hidden = &network.layers[..network.layers.len() - 1];
            let transposed =
                network.layers[1..].iter().map(|layer| panels(layer.inputs) * padded(layer.outputs) * WIDTH);
            Back {
                by_columns: Packed::new(padded(n_features) / crate::kernels::ROWS, capacity),
                slopes: hidden.iter().map(|l| Buffer::zeros(if keep { panel_values(l.outputs) } else { 0 })).collect(),
                deltas: hidden.iter().map(|layer| Buffer::zeros(panel_values(layer.outputs))).collect(),
                transposed: transposed.map(Buffer::zeros).collect(),
            }
        });
        Self {
            raw: Raw::new(capacity, n_features),
            labels: Vec::with_capacity(capacity),
            by_rows: Packed::new(rows / crate::kernels::ROWS, n_features),
            back,
            outputs,
            n_rows: 0,
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
        self.raw.fill(split.bytes(), rows);
        self.labels.clear();
        self.labels.extend(rows.iter().map(|&row| split.labels()[row as usize]));
        self.n_rows = rows.len();
        network.isa.run(PackRows { raw: &self.raw, scaling: network.scaling, packed: &mut self.by_rows });
        let last = network.layers.len() - 1;
        for (index, layer) in network.layers.iter().enumerate() {
            let (before, after) = self.outputs.split_at_mut(index);
            let slopes = self.back.as_mut().filter(|_| gradient.is_some() && needs_slope(network.activation));
            network.isa.run(Forward {
                left: left(before.last(), &self.by_rows, padded(self.n_rows), layer),
                n_rows: self.n_rows,
                weights: &parameters[layer.weight..][..layer.n_weights()],
                bias: layer.bias.map(|at| &parameters[at..]),
                inputs: layer.inputs,
                outputs: layer.outputs,
                activation: if index == last { Activation::Identity } else { network.activation },
                out: &mut after[0],
                slopes: slopes.and_then(|back| back.slopes.get_mut(index)).map(|slopes| &mut slopes[..]),
            });
        }
        network.isa.run(Softmax {
            logits: &mut self.outputs[last],
            labels: &self.labels,
            n_classes: network.layers[last].outputs,
            scale: gradient.unwrap_or(1.0),
            gradient: gradient.is_some(),
        })
    }

    /// Runs the chunk's gradients backward from the logits, without touching any parameter.
    ///
    /// # Panics
    /// If the pass was made without gradients: a bug.
    pub(crate) fn backward(&mut self, network: &Network, parameters: &[f32], layer: usize) {
        let back = self.back.as_mut().expect("a pass for gradients was asked for");
        let shape = network.layers[layer];
        network.isa.run(Transpose {
            weights: &parameters[shape.weight..][..shape.n_weights()],
            inputs: shape.inputs,
            outputs: shape.outputs,
            out: &mut back.transposed[layer - 1],
        });
        let (deltas, above) = back.deltas.split_at_mut(layer);
        network.isa.run(InputGradient {
            delta: above.first().unwrap_or(&self.outputs[self.outputs.len() - 1]),
            n_rows: self.n_rows,
            transposed: &back.transposed[layer - 1],
            inputs: shape.inputs,
            outputs: shape.outputs,
            activation: network.activation,
            below: &self.outputs[layer - 1],
            slopes: &back.slopes[layer - 1],
            out: &mut deltas[layer - 1],
        });
    }

    /// Hands a layer's gradient to the sink: weights, then biases.
    ///
    /// # Panics
    /// If the pass was made without gradients: a bug.
    pub(crate) fn gradient<S: Sink>(&mut self, network: &Network, layer: usize, sink: &mut S) {
        let back = self.back.as_mut().expect("a pass for gradients was asked for");
        if layer == 0 {
            network.isa.run(PackColumns { raw: &self.raw, scaling: network.scaling, packed: &mut back.by_columns });
        }
        let shape = network.layers[layer];
        let delta = back.deltas.get(layer).unwrap_or(&self.outputs[self.outputs.len() - 1]);
        let (n_rows, inputs, outputs) = (self.n_rows, shape.inputs, shape.outputs);
        let left = left(layer.checked_sub(1).map(|i| &self.outputs[i]), &back.by_columns, padded(n_rows), &shape);
        network.isa.run(WeightGradient { left, delta, n_rows, inputs, outputs, at: shape.weight, sink });
        if let Some(at) = shape.bias {
            network.isa.run(BiasGradient { delta, n_rows, outputs, at, sink });
        }
    }

    /// Σ_l Σ_i (‖a_i‖² + 1)‖δ_i‖² over the chunk (without the 1 where there are no biases), after all of
    /// [`Self::backward`]; ‖·‖² in f64.
    pub(crate) fn gradient_squares(&self, network: &Network) -> f64 {
        let Some(back) = &self.back else { return 0.0 };
        let rows = padded(self.n_rows);
        let mut sum = 0.0;
        for (index, layer) in network.layers.iter().enumerate() {
            let delta = back.deltas.get(index).unwrap_or(&self.outputs[self.outputs.len() - 1]);
            let one = if layer.bias.is_some() { 1.0 } else { 0.0 };
            for row in 0..self.n_rows {
                let input = match index.checked_sub(1) {
                    None => self.raw.square(row, network.scaling),
                    Some(below) => row_square(&self.outputs[below], rows, row, layer.inputs),
                };
                sum += (input + one) * row_square(delta, rows, row, layer.outputs);
            }
        }
        sum
    }
}

/// A layer's inputs: packed bytes for the first, the outputs of the layer before for the others.
fn left<'a>(before: Option<&'a Buffer>, packed: &'a Packed, rows: usize, layer: &Layer) -> Left<'a> {
    match before {
        None => Left::Packed(packed),
        Some(values) => Left::Panels { values, rows, columns: layer.inputs },
    }
}

/// ‖row‖² of a matrix in panels, in f64.
fn row_square(values: &[f32], rows: usize, row: usize, columns: usize) -> f64 {
    let mut lanes = [0.0f64; 16];
    for panel in 0..panels(columns) {
        let used = (columns - panel * WIDTH).min(WIDTH);
        let values = &values[(panel * rows + row) * WIDTH..][..used];
        for chunk in values.chunks(16) {
            for (lane, &value) in lanes.iter_mut().zip(chunk) {
                *lane += f64::from(value) * f64::from(value);
            }
        }
    }
    lanes.iter().sum()
}
