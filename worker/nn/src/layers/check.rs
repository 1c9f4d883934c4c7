//! Checks of any layer in f64 against central differences of itself, and of its bits on all instruction sets.

use traipse_sweep::network::Node;
use traipse_sweep::settings::Activation;
use traipse_sweep::streams::{Draws, Philox, Purpose};

use super::{Dot, Frame, Input, Layer, Mode, Places, Saved, Scratch, build};
use crate::kernels::{Delta, Isa, Outputs, Real, Sink, Slope, Tangent, WIDTH, padded, panel_numbers, panels};

/// Step of the differences.
const STEP: f64 = 1e-5;

/// A layer alone: its parameters in panel layout, weights first.
pub(super) struct Bench<T: Real> {
    node: Node,
    layer: Box<dyn Layer<T>>,
    isa: Isa,
    pub(super) n: usize,
    pub(super) n_parameters: usize,
}

/// Where a layer is looked at.
#[derive(Clone)]
pub(super) struct Point<T> {
    pub(super) parameters: Vec<T>,
    pub(super) input: Vec<T>,
    pub(super) other: Vec<T>,
    pub(super) delta: Vec<T>,
}

/// What it makes of it. Padding is 0.
pub(super) struct Found<T> {
    pub(super) output: Vec<T>,
    pub(super) inputs: [Vec<T>; 2],
    pub(super) parameters: Vec<T>,
}

/// Numbers from −1 to 1.
pub(super) fn random<T: Real>(draws: &mut Draws, n: usize) -> Vec<T> {
    (0..n).map(|_| T::of(2.0 * draws.next_f64() - 1.0)).collect()
}

impl<T: Real> Bench<T> {
    pub(super) fn new(node: &Node, n: usize, isa: Isa) -> Self {
        let size = |shape: &[usize]| match shape {
            [n] => panels(*n) * WIDTH,
            shape => panel_numbers(shape[1..].iter().product(), shape[0]),
        };
        let n_weights = node.weight.as_ref().map_or(0, |weight| size(&weight.shape));
        let n_biases = node.bias.as_ref().map_or(0, |bias| size(&bias.shape));
        let at = Places { weight: 0, bias: node.bias.as_ref().map(|_| n_weights) };
        let node = Node { activation: Activation::Identity, ..node.clone() };
        Self { layer: build(&node, at, 1), node, isa, n, n_parameters: n_weights + n_biases }
    }

    /// Numbers in panels of its input or output.
    fn sizes(&self) -> [usize; 2] {
        [&self.node.input_shape, &self.node.output_shape].map(|shape| panel_numbers(shape.n_features(), self.n))
    }

    /// A random place; δ is 0 in all padding.
    pub(super) fn point(&self, draws: &mut Draws) -> Point<T> {
        let [inputs, outputs] = self.sizes();
        let mut delta = random(draws, outputs);
        self.clear(self.node.output_shape.n_features(), &mut delta);
        let parameters = random(draws, self.n_parameters);
        let other = if self.node.other.is_some() { random(draws, inputs) } else { Vec::new() };
        Point { parameters, input: random(draws, inputs), other, delta }
    }

    /// Zeros beyond the features and the examples.
    fn clear(&self, n_features: usize, values: &mut [T]) {
        for (at, value) in values.iter_mut().enumerate() {
            let (row, example) =
                (at / WIDTH % padded(n_features), at / WIDTH / padded(n_features) * WIDTH + at % WIDTH);
            if row >= n_features || example >= self.n {
                *value = T::ZERO;
            }
        }
    }

    fn frame<'a>(&self, at: &'a Point<T>, mode: &'a Mode<'a>) -> Frame<'a, T> {
        let input = Input::Values(&at.input);
        Frame { isa: self.isa, n: self.n, mode, parameters: &at.parameters, input, other: &at.other }
    }

    /// Forward, back, and where a direction is given the tangents of it all.
    pub(super) fn run(&self, at: &Point<T>, mode: &Mode<'_>, along: Option<&Point<T>>) -> [Found<T>; 2] {
        let room = self.layer.room(self.n);
        let mut saved = Saved::new(room.numbers, room.indices);
        let mut scratch = Scratch::new(room.scratch);
        let frame = self.frame(at, mode);
        let mut output = vec![T::ZERO; self.sizes()[1]];
        let activation = Activation::Identity;
        let mut out = Outputs { activation, value: &mut output, slope: &mut [], bend: &mut [] };
        self.layer.forward(&frame, &mut saved, &mut scratch, &mut out);
        let gradient = self.back(|into, sink| {
            self.layer.backward(&frame, &saved, &at.delta, &mut scratch, into);
            self.layer.gradient(&Frame { parameters: &[], ..frame.clone() }, &saved, &at.delta, &mut scratch, sink);
        });
        let still = self.found(output.clone(), gradient);
        let Some(along) = along else {
            return [still, Found { output: Vec::new(), inputs: Default::default(), parameters: Vec::new() }];
        };
        let mut dot_saved = Saved::new(room.tangent_numbers, 0);
        let dot = Dot {
            parameters: &along.parameters,
            input: Some(&along.input),
            other: (!along.other.is_empty()).then_some(&along.other[..]),
            delta: &at.delta,
            dot_delta: &along.delta,
        };
        let mut value = vec![T::ZERO; output.len()];
        let slope = Slope { activation, value: &output, slope: &[] };
        let mut out = Tangent { slope, value: &mut value, bend: &[], turn: &mut [] };
        self.layer.tangent(&frame, &saved, &dot, &mut dot_saved, &mut scratch, &mut out);
        let gradient = self.back(|into, sink| {
            self.layer.tangent_backward(&frame, &saved, &dot, &dot_saved, &mut scratch, into);
            self.layer.tangent_gradient(&frame, &saved, &dot, &dot_saved, &mut scratch, sink);
        });
        [still, self.found(value, gradient)]
    }

    /// Moves running statistics by what a training chunk saves.
    pub(super) fn update_running(&self, at: &Point<T>, running: &mut [f64]) {
        let room = self.layer.room(self.n);
        let mut saved = Saved::new(room.numbers, room.indices);
        let mut output = vec![T::ZERO; self.sizes()[1]];
        let mut out = Outputs { activation: Activation::Identity, value: &mut output, slope: &mut [], bend: &mut [] };
        let mode = Mode::Batch;
        self.layer.forward(&self.frame(at, &mode), &mut saved, &mut Scratch::new(room.scratch), &mut out);
        self.layer.update_running(self.n, &saved, super::RUNNING_SHARE, running);
    }

    /// Runs a way back into fresh gradients.
    fn back(&self, run: impl FnOnce(&mut super::Into<'_, T>, &mut Sink<'_, T>)) -> ([Vec<T>; 2], Vec<T>) {
        let n = self.sizes()[0];
        let mut inputs = [vec![T::ZERO; n], vec![T::ZERO; if self.node.other.is_some() { n } else { 0 }]];
        let mut parameters = vec![T::ZERO; self.n_parameters];
        let has_other = self.node.other.is_some();
        let [first, second] = &mut inputs;
        let mut into = [
            Some(Delta { out: first, add: false, finish: None }),
            has_other.then_some(Delta { out: second, add: false, finish: None }),
        ];
        run(&mut into, &mut Sink::Sum(&mut parameters));
        (inputs, parameters)
    }

    fn found(&self, mut output: Vec<T>, (mut inputs, parameters): ([Vec<T>; 2], Vec<T>)) -> Found<T> {
        let n_features = self.node.input_shape.n_features();
        for input in &mut inputs {
            // Lanes beyond the last example must be zero already; rows of padding may hold anything.
            let before = input.clone();
            self.clear(n_features, input);
            let height = padded(n_features);
            for (at, value) in before.iter().enumerate().filter(|(at, _)| at / WIDTH % height < n_features) {
                assert!(*value == input[at], "a gradient in a lane without an example");
            }
        }
        self.clear(self.node.output_shape.n_features(), &mut output);
        Found { output, inputs, parameters }
    }
}

/// Everything that was found, one after another.
fn all<T: Real>(found: &Found<T>) -> Vec<f64> {
    let parts = [&found.output, &found.inputs[0], &found.inputs[1], &found.parameters];
    parts.into_iter().flatten().map(|value| value.wide()).collect()
}

/// `at` and `times` a direction.
fn moved(at: &Point<f64>, along: &Point<f64>, times: f64) -> Point<f64> {
    let add = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + times * b).collect();
    Point {
        parameters: add(&at.parameters, &along.parameters),
        input: add(&at.input, &along.input),
        other: add(&at.other, &along.other),
        delta: add(&at.delta, &along.delta),
    }
}

/// Checks gradients and all tangents of one layer at a random place.
pub(super) fn derivatives(node: &Node, n: usize, mode: &Mode<'_>) {
    let bench = Bench::<f64>::new(node, n, Isa::detect());
    let mut draws = Philox::new(1, Purpose::Init).at(n as u64);
    let (at, along) = (bench.point(&mut draws), bench.point(&mut draws));
    let [still, dot] = bench.run(&at, mode, Some(&along));
    let ends = [STEP, -STEP].map(|step| bench.run(&moved(&at, &along, step), mode, None));
    let [plus, minus] = ends.each_ref().map(|[found, _]| all(found));
    for (i, (found, (plus, minus))) in all(&dot).into_iter().zip(plus.into_iter().zip(minus)).enumerate() {
        let wanted = (plus - minus) / (2.0 * STEP);
        assert!((found - wanted).abs() < 1e-6 * (1.0 + wanted.abs()), "{node:?}, {n}: tangent {i}: {found}, {wanted}");
    }
    // ⟨δ, tangent of the output⟩ = ⟨gradients, direction⟩.
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let left = product(&at.delta, &dot.output);
    let inputs = product(&still.inputs[0], &along.input) + product(&still.inputs[1], &along.other);
    let right = inputs + product(&still.parameters, &along.parameters);
    assert!((left - right).abs() < 1e-9 * (1.0 + left.abs()), "{node:?}, {n}: {left} is not {right}");
}

/// Checks that every instruction set gives the same bits, in both precisions.
pub(super) fn bits(node: &Node, n: usize, mode: &Mode<'_>) {
    fn run<T: Real>(node: &Node, n: usize, mode: &Mode<'_>, isa: Isa) -> Vec<u64> {
        let bench = Bench::<T>::new(node, n, isa);
        let mut draws = Philox::new(2, Purpose::Init).at(n as u64);
        let (at, along) = (bench.point(&mut draws), bench.point(&mut draws));
        let found = bench.run(&at, mode, Some(&along));
        found.iter().flat_map(all).map(f64::to_bits).collect()
    }
    let isas = Isa::available();
    for &isa in &isas[1..] {
        assert_eq!(run::<f32>(node, n, mode, isas[0]), run::<f32>(node, n, mode, isa), "f32, {}", isa.name());
        assert_eq!(run::<f64>(node, n, mode, isas[0]), run::<f64>(node, n, mode, isa), "f64, {}", isa.name());
    }
}

/// A node without a network around it.
pub(super) fn node(layer: traipse_sweep::network::Layer, shape: [usize; 3], n_scales: usize) -> Node {
    use traipse_sweep::network::{Parameter, Shape};
    let [channels, height, width] = shape;
    let shape = Shape { channels, height, width };
    let parameter = |from: usize| Parameter { shape: vec![n_scales], range: from..from + n_scales, is_matrix: false };
    let has_scales = n_scales > 0;
    Node {
        layer,
        input: 1,
        other: None,
        input_shape: shape,
        output_shape: shape,
        activation: Activation::Identity,
        weight: has_scales.then(|| parameter(0)),
        bias: has_scales.then(|| parameter(n_scales)),
        buffers: 0..0,
    }
}
