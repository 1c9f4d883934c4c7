use traipse_sweep::network::{Layer, Node, PoolKind, Shape};

use super::super::plain::{Bench, node, wave};
use crate::kernels::{Isa, Real};

/// (input, window, stride, examples).
type Case = ([usize; 3], usize, usize, usize);

const CASES: [Case; 7] = [
    ([1, 1, 1], 1, 1, 1),
    ([6, 8, 6], 2, 2, 40),
    ([3, 7, 9], 2, 2, 17),
    ([5, 9, 8], 3, 2, 33),
    ([9, 6, 6], 3, 1, 5),
    ([4, 8, 8], 8, 8, 64),
    ([2, 9, 7], 2, 3, 12),
];

fn network_node(kind: PoolKind, ([channels, height, width], size, stride, _): Case) -> Node {
    let side = |side: usize| (side - size) / stride + 1;
    let (input, output) =
        (Shape { channels, height, width }, Shape { channels, height: side(height), width: side(width) });
    node(Layer::Pool { kind, size, stride }, input, output, None)
}

/// The inputs of every window, in reading order.
fn windows(case: Case, node: &Node) -> Vec<Vec<usize>> {
    let ([channels, height, width], size, stride, n) = case;
    let mut all = Vec::new();
    for image in 0..n * channels {
        for y in 0..node.output_shape.height {
            for x in 0..node.output_shape.width {
                let tap = |k: usize| (image * height + y * stride + k / size) * width + x * stride + k % size;
                all.push((0..size * size).map(tap).collect());
            }
        }
    }
    all
}

/// Each window's inputs and their shares.
fn shares(kind: PoolKind, case: Case, node: &Node, input: &[f64]) -> Vec<Vec<(usize, f64)>> {
    let of = |window: Vec<usize>| match kind {
        PoolKind::Average => {
            let share = 1.0 / window.len() as f64;
            window.into_iter().map(|at| (at, share)).collect()
        }
        PoolKind::Max => {
            let best = window.iter().fold(window[0], |best, &at| if input[at] > input[best] { at } else { best });
            vec![(best, 1.0)]
        }
    };
    windows(case, node).into_iter().map(of).collect()
}

/// Everything that the layer computes. The inputs repeat, so that there are equals.
fn found<T: Real>(kind: PoolKind, case: Case, node: &Node, isa: Isa) -> ([Vec<f64>; 4], [Vec<f64>; 4]) {
    let (n, inputs, outputs) = (case.3, node.input_shape.n_features(), node.output_shape.n_features());
    let input: Vec<f64> = wave(n * inputs, 1.1).iter().map(|value| (value * 4.0).round()).collect();
    let [dot_input, delta, dot_delta] =
        [(inputs, 0.7), (outputs, 1.9), (outputs, 2.3)].map(|(size, rate)| wave(n * size, rate));
    let mut bench = Bench::<T>::new(node, n, isa);
    let out = bench.forward(&[], &input);
    let [back, _] = bench.backward(&[], &input, &delta);
    let [dot, dot_back, _] = bench.tangent([&[], &[]], [&input, &dot_input], [&delta, &dot_delta]);
    let shares = shares(kind, case, node, &input);
    let pick = |values: &[f64]| {
        shares.iter().map(|shares| shares.iter().map(|&(at, share)| share * values[at]).sum()).collect::<Vec<f64>>()
    };
    let spread = |delta: &[f64]| {
        let mut out = vec![0.0; n * inputs];
        for (shares, delta) in shares.iter().zip(delta) {
            for &(at, share) in shares {
                out[at] += share * delta;
            }
        }
        out
    };
    ([out, back, dot, dot_back], [pick(&input), spread(&delta), pick(&dot_input), spread(&dot_delta)])
}

#[test]
fn pools_are_those_of_plain_loops_on_every_instruction_set() {
    for kind in [PoolKind::Max, PoolKind::Average] {
        for case in CASES {
            let node = network_node(kind, case);
            let mut bits = Vec::new();
            for isa in Isa::available() {
                let (wide, wanted) = found::<f64>(kind, case, &node, isa);
                let (narrow, _) = found::<f32>(kind, case, &node, isa);
                for (tolerance, found) in [(1e-14, &wide), (1e-6, &narrow)] {
                    for (found, wanted) in found.iter().flatten().zip(wanted.iter().flatten()) {
                        assert!((found - wanted).abs() <= tolerance * 4.0, "{kind:?} {case:?}: {found}, not {wanted}");
                    }
                }
                bits.push([wide, narrow].map(|found| found.concat().into_iter().map(f64::to_bits).collect::<Vec<_>>()));
            }
            assert!(bits.iter().all(|other| *other == bits[0]), "{kind:?} {case:?}");
        }
    }
}
