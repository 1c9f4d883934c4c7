use traipse_sweep::network::{Layer, Node, Shape};

use super::super::plain::{Bench, node, wave};
use crate::kernels::{Isa, Real};

/// (input, channels out, kernel, stride, padding, examples).
type Case = ([usize; 3], usize, usize, usize, usize, usize);

const CASES: [Case; 18] = [
    ([1, 1, 1], 1, 1, 1, 0, 1),
    ([1, 7, 6], 6, 5, 1, 2, 40),
    ([6, 9, 8], 16, 5, 1, 0, 33),
    ([3, 8, 8], 16, 3, 1, 1, 64),
    ([16, 8, 6], 16, 3, 1, 1, 16),
    ([16, 7, 8], 35, 3, 2, 1, 17),
    ([16, 5, 5], 32, 1, 2, 0, 48),
    ([9, 4, 4], 70, 1, 1, 0, 5),
    ([11, 6, 5], 8, 2, 3, 0, 12),
    ([2, 9, 9], 5, 7, 2, 3, 20),
    ([4, 3, 4], 3, 2, 1, 4, 9),
    ([5, 10, 3], 4, 3, 4, 2, 31),
    ([8, 6, 6], 7, 4, 2, 1, 32),
    ([2, 33, 34], 9, 3, 1, 1, 10),
    ([7, 2, 40], 2, 2, 2, 0, 3),
    ([3, 6, 6], 4, 6, 1, 0, 18),
    // Chains of more than one group of outputs.
    ([300, 5, 5], 40, 5, 1, 0, 3),
    ([2, 1, 9], 3, 3, 3, 1, 35),
];

fn network_node(([c, h, w], outputs, kernel, stride, padding, _): Case) -> Node {
    let input = Shape { channels: c, height: h, width: w };
    let side = |side: usize| (side + 2 * padding - kernel) / stride + 1;
    let output = Shape { channels: outputs, height: side(h), width: side(w) };
    node(Layer::Conv { kernel, stride, padding }, input, output, Some(vec![outputs, c, kernel, kernel]))
}

/// Calls `each` with (place in the output, in the weights, in the input) of every product.
fn products(case: Case, node: &Node, mut each: impl FnMut(usize, usize, usize)) {
    let ([c, h, w], outputs, kernel, stride, padding, n) = case;
    let out = node.output_shape;
    for example in 0..n {
        for o in 0..outputs {
            for y in 0..out.height {
                for x in 0..out.width {
                    let to = ((example * outputs + o) * out.height + y) * out.width + x;
                    for k in 0..c * kernel * kernel {
                        let (channel, ky, kx) = (k / kernel / kernel, k / kernel % kernel, k % kernel);
                        let (Some(row), Some(column)) =
                            ((y * stride + ky).checked_sub(padding), (x * stride + kx).checked_sub(padding))
                        else {
                            continue;
                        };
                        if row < h && column < w {
                            each(to, o * c * kernel * kernel + k, ((example * c + channel) * h + row) * w + column);
                        }
                    }
                }
            }
        }
    }
}

fn forward(case: Case, node: &Node, theta: &[f64], input: &[f64], bias: bool) -> Vec<f64> {
    let (plane, channels) = (node.output_shape.height * node.output_shape.width, node.output_shape.channels);
    let biases = &theta[theta.len() - channels..];
    let mut out = vec![0.0; case.5 * channels * plane];
    for (i, out) in out.iter_mut().enumerate() {
        *out = if bias { biases[i / plane % channels] } else { 0.0 };
    }
    products(case, node, |to, weight, from| out[to] += theta[weight] * input[from]);
    out
}

fn inputs(case: Case, node: &Node, theta: &[f64], delta: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; case.5 * node.input_shape.n_features()];
    products(case, node, |from, weight, to| out[to] += theta[weight] * delta[from]);
    out
}

/// By weights and biases.
fn sums(case: Case, node: &Node, input: &[f64], delta: &[f64], bias: bool) -> Vec<f64> {
    let (plane, channels) = (node.output_shape.height * node.output_shape.width, node.output_shape.channels);
    let mut out = vec![0.0; node.n_parameters()];
    products(case, node, |from, weight, to| out[weight] += input[to] * delta[from]);
    let first = out.len() - channels;
    for (i, &delta) in delta.iter().enumerate().filter(|_| bias) {
        out[first + i / plane % channels] += delta;
    }
    out
}

fn plus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

struct Given {
    theta: [Vec<f64>; 2],
    input: [Vec<f64>; 2],
    delta: [Vec<f64>; 2],
}

fn given(case: Case, node: &Node) -> Given {
    let (n, inputs, outputs) = (case.5, node.input_shape.n_features(), node.output_shape.n_features());
    let narrow = |values: Vec<f64>| values.into_iter().map(|value| f64::from(value as f32)).collect();
    let pair = |n: usize, rate: f64| [narrow(wave(n, rate)), narrow(wave(n, rate + 0.4))];
    Given { theta: pair(node.n_parameters(), 0.9), input: pair(n * inputs, 1.1), delta: pair(n * outputs, 2.3) }
}

/// Everything that the layer computes.
fn found<T: Real>(case: Case, node: &Node, isa: Isa) -> [Vec<f64>; 6] {
    let Given { theta, input, delta } = given(case, node);
    let mut bench = Bench::<T>::new(node, case.5, isa);
    let out = bench.forward(&theta[0], &input[0]);
    let [back, gradient] = bench.backward(&theta[0], &input[0], &delta[0]);
    let pairs = [&theta, &input, &delta].map(|pair| pair.each_ref().map(|values| &values[..]));
    let [dot, dot_back, dot_gradient] = bench.tangent(pairs[0], pairs[1], pairs[2]);
    [out, back, gradient, dot, dot_back, dot_gradient]
}

/// The same by plain loops.
fn wanted(case: Case, node: &Node) -> [Vec<f64>; 6] {
    let Given { theta: [w, v], input: [a, b], delta: [d, e] } = given(case, node);
    [
        forward(case, node, &w, &a, true),
        inputs(case, node, &w, &d),
        sums(case, node, &a, &d, true).iter().map(|value| value + 1.0).collect(),
        plus(&forward(case, node, &v, &a, true), &forward(case, node, &w, &b, false)),
        plus(&inputs(case, node, &w, &e), &inputs(case, node, &v, &d)),
        plus(&sums(case, node, &a, &e, true), &sums(case, node, &b, &d, false)),
    ]
}

fn check<T: Real>(case: Case, tolerance: f64) {
    let node = network_node(case);
    for (which, (found, wanted)) in found::<T>(case, &node, Isa::detect()).iter().zip(wanted(case, &node)).enumerate() {
        assert_eq!(found.len(), wanted.len());
        let size = wanted.iter().fold(1.0f64, |size, value| size.max(value.abs()));
        for (i, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
            assert!((found - wanted).abs() <= tolerance * size, "{case:?}: {which} at {i}: {found}, not {wanted}");
        }
    }
}

#[test]
fn convolutions_are_those_of_plain_loops() {
    for case in CASES {
        check::<f64>(case, 1e-13);
        check::<f32>(case, 1e-5);
    }
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    for case in CASES {
        let node = network_node(case);
        let all = Isa::available();
        let bits = |values: [Vec<f64>; 6]| values.concat().into_iter().map(f64::to_bits).collect::<Vec<_>>();
        let wanted = (bits(found::<f32>(case, &node, all[0])), bits(found::<f64>(case, &node, all[0])));
        for &isa in &all[1..] {
            assert!(bits(found::<f32>(case, &node, isa)) == wanted.0, "{case:?} f32 {}", isa.name());
            assert!(bits(found::<f64>(case, &node, isa)) == wanted.1, "{case:?} f64 {}", isa.name());
        }
    }
}
