//! One layer alone, with values and parameters in plain order, for tests against slow references.

use traipse_sweep::network::{self, Node, Parameter, Shape};
use traipse_sweep::settings::Activation;

use super::{Dot, Frame, Input, Layer, Mode, Places, Saved, Scratch, build};
use crate::kernels::{
    Between, Buffer, Convert, Delta, Isa, Outputs, Real, Sink, Slope, Tangent, WIDTH, padded, panel_numbers, panels,
};

/// A layer for `n` examples.
pub(super) struct Bench<T: Real> {
    pub(super) isa: Isa,
    pub(super) n: usize,
    node: Node,
    layer: Box<dyn Layer<T>>,
    at: Places,
    saved: Saved<T>,
    scratch: Scratch<T>,
}

/// A node between the input and nothing.
pub(super) fn node(layer: network::Layer, input: Shape, output: Shape, weight: Option<Vec<usize>>) -> Node {
    let bias = weight.as_ref().map(|weight| vec![weight[0]]);
    let mut end = 0;
    let mut place = |shape: Vec<usize>| {
        let range = end..end + shape.iter().product::<usize>();
        end = range.end;
        Parameter { is_matrix: shape.len() > 1, shape, range }
    };
    let (weight, bias) = (weight.map(&mut place), bias.map(&mut place));
    let activation = Activation::Identity;
    Node {
        layer,
        input: 0,
        other: None,
        input_shape: input,
        output_shape: output,
        activation,
        weight,
        bias,
        buffers: 0..0,
    }
}

/// Numbers between −1 and 1 that do not repeat.
pub(super) fn wave(n: usize, rate: f64) -> Vec<f64> {
    (0..n).map(|i| libm::sin(rate * (i as f64 + 1.0) * (1.0 + 0.01 * rate))).collect()
}

impl<T: Real> Bench<T> {
    pub(super) fn new(node: &Node, n: usize, isa: Isa) -> Self {
        let weight =
            node.weight.as_ref().map_or(0, |weight| panel_numbers(weight.shape[1..].iter().product(), weight.shape[0]));
        let at = Places { weight: 0, bias: node.bias.as_ref().map(|_| weight) };
        let layer = build::<T>(node, at, 0);
        let room = layer.room(n);
        let (saved, scratch) = (Saved::new(room.numbers, room.indices), Scratch::new(room.scratch));
        Self { isa, n, node: node.clone(), layer, at, saved, scratch }
    }

    /// θ in panels.
    fn panels(&self, theta: &[f64]) -> Buffer<T> {
        let Some(weight) = &self.node.weight else { return Buffer::zeros(0) };
        let (outputs, inputs) = (weight.shape[0], weight.shape[1..].iter().product());
        let mut out = Buffer::zeros(panel_numbers(inputs, outputs) + panels(outputs) * WIDTH);
        let flat: Vec<T> = theta.iter().map(|&value| T::of(value)).collect();
        let between = Between::In(&flat[weight.range.clone()], &mut out);
        self.isa.run(Convert { inputs, outputs, between });
        if let (Some(bias), Some(at)) = (&self.node.bias, self.at.bias) {
            out[at..][..outputs].copy_from_slice(&flat[bias.range.clone()]);
        }
        out
    }

    /// Panels to θ.
    fn theta(&self, values: &[T]) -> Vec<f64> {
        let (Some(weight), Some(bias)) = (&self.node.weight, &self.node.bias) else { return Vec::new() };
        let (outputs, inputs) = (weight.shape[0], weight.shape[1..].iter().product());
        let mut flat = vec![T::ZERO; bias.range.end];
        let at = panel_numbers(inputs, outputs);
        self.isa.run(Convert { inputs, outputs, between: Between::Out(&values[..at], &mut flat) });
        flat[bias.range.clone()].copy_from_slice(&values[at..][..outputs]);
        flat.into_iter().map(T::wide).collect()
    }

    /// Examples one after another to panels; what stands beyond them is arbitrary for values, and zero for δ.
    fn spread(&self, values: &[f64], beyond: f64) -> Buffer<T> {
        let features = values.len() / self.n;
        let mut out = Buffer::zeros(panels(self.n) * padded(features) * WIDTH);
        out.fill(T::of(beyond));
        for (i, &value) in values.iter().enumerate() {
            out[place(i, features)] = T::of(value);
        }
        out
    }

    fn gather(&self, values: &[T], features: usize) -> Vec<f64> {
        (0..self.n * features).map(|i| values[place(i, features)].wide()).collect()
    }

    fn frame<'a>(&self, parameters: &'a [T], input: &'a [T]) -> Frame<'a, T> {
        const MODE: &Mode<'_> = &Mode::Batch;
        Frame { isa: self.isa, n: self.n, mode: MODE, parameters, input: Input::Values(input), other: &[] }
    }

    fn sizes(&self) -> [usize; 2] {
        [self.node.input_shape.n_features(), self.node.output_shape.n_features()]
    }

    /// The layer's outputs.
    pub(super) fn forward(&mut self, theta: &[f64], input: &[f64]) -> Vec<f64> {
        let (theta, input) = (self.panels(theta), self.spread(input, 3.0));
        let mut value = self.spread(&vec![0.0; self.n * self.sizes()[1]], 0.0);
        let mut saved = std::mem::take(&mut self.saved);
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut out = Outputs { activation: Activation::Identity, value: &mut value, slope: &mut [], bend: &mut [] };
        self.layer.forward(&self.frame(&theta, &input), &mut saved, &mut scratch, &mut out);
        (self.saved, self.scratch) = (saved, scratch);
        self.gather(&value, self.sizes()[1])
    }

    /// The gradients by its inputs and by θ, the latter on top of ones.
    pub(super) fn backward(&mut self, theta: &[f64], input: &[f64], delta: &[f64]) -> [Vec<f64>; 2] {
        let (theta, input, delta) = (self.panels(theta), self.spread(input, 3.0), self.spread(delta, 0.0));
        let (mut back, mut sums) = (input.clone(), theta.clone());
        sums.fill(T::ONE);
        let frame = Frame { isa: self.isa, ..self.frame(&theta, &input) };
        let mut into = [Some(Delta { out: &mut back, add: false, finish: None }), None];
        self.layer.backward(&frame, &self.saved, &delta, &mut self.scratch, &mut into);
        self.layer.gradient(&frame, &self.saved, &delta, &mut self.scratch, &mut Sink::Sum(&mut sums));
        self.check_beyond(&back);
        [self.gather(&back, self.sizes()[0]), self.theta(&sums)]
    }

    /// Lanes beyond the last example of a gradient are zero.
    fn check_beyond(&self, gradient: &[T]) {
        let features = self.sizes()[0];
        for i in self.n * features..panels(self.n) * WIDTH * features {
            assert_eq!(gradient[place(i, features)].wide(), 0.0, "a lane beyond the last example");
        }
    }

    /// The tangents of its outputs, of the gradient by its inputs and of that by θ, for the direction (dθ, da), and for
    /// δ and its tangent.
    pub(super) fn tangent(
        &mut self,
        [theta, dot_theta]: [&[f64]; 2],
        [input, dot_input]: [&[f64]; 2],
        [delta, dot_delta]: [&[f64]; 2],
    ) -> [Vec<f64>; 3] {
        let (theta, parameters) = (self.panels(theta), self.panels(dot_theta));
        let (input, dot_input) = (self.spread(input, 3.0), self.spread(dot_input, 2.0));
        let (delta, dot_delta) = (self.spread(delta, 0.0), self.spread(dot_delta, 0.0));
        let frame = Frame { isa: self.isa, ..self.frame(&theta, &input) };
        let (mut value, mut back, mut sums) = (delta.clone(), input.clone(), theta.clone());
        sums.fill(T::ZERO);
        let mut dot_saved = Saved::new(self.layer.room(self.n).tangent_numbers, 0);
        let dot =
            Dot { parameters: &parameters, input: Some(&dot_input), other: None, delta: &delta, dot_delta: &dot_delta };
        let slope = Slope { activation: Activation::Identity, value: &[], slope: &[] };
        let mut out = Tangent { slope, value: &mut value, bend: &[], turn: &mut [] };
        self.layer.tangent(&frame, &self.saved, &dot, &mut dot_saved, &mut self.scratch, &mut out);
        let mut into = [Some(Delta { out: &mut back, add: false, finish: None }), None];
        self.layer.tangent_backward(&frame, &self.saved, &dot, &dot_saved, &mut self.scratch, &mut into);
        let sink = &mut Sink::Sum(&mut sums);
        self.layer.tangent_gradient(&frame, &self.saved, &dot, &dot_saved, &mut self.scratch, sink);
        self.check_beyond(&back);
        let [inputs, outputs] = self.sizes();
        [self.gather(&value, outputs), self.gather(&back, inputs), self.theta(&sums)]
    }
}

/// Where number `i` of examples one after another lies in panels.
fn place(i: usize, features: usize) -> usize {
    let (example, feature) = (i / features, i % features);
    (example / WIDTH * padded(features) + feature) * WIDTH + example % WIDTH
}
