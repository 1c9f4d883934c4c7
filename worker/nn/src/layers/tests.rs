//! Norms, dropout and additions: derivatives, bits, and plain references.

use traipse_sweep::network::{Layer, Node};
use traipse_sweep::streams::{Philox, Purpose};

use super::check::{Bench, bits, derivatives, node};
use super::{Mode, Noise};
use crate::kernels::{Isa, WIDTH, padded};

const NOISE: Noise = Noise { seed: 3, step: 7, first: 256 };

/// (Channels, height, width) and examples: one panel and several, whole and not, narrow and not.
const SHAPES: [([usize; 3], usize); 6] =
    [([3, 2, 3], 5), ([40, 1, 1], 64), ([1, 20, 20], 16), ([9, 3, 1], 70), ([70, 1, 1], 1), ([2, 17, 17], 33)];

fn batch_norm(shape: [usize; 3]) -> Node {
    Node { buffers: 0..2 * shape[0], ..node(Layer::BatchNorm, shape, shape[0]) }
}

fn layer_norm(shape: [usize; 3]) -> Node {
    node(Layer::LayerNorm, shape, shape.iter().product())
}

fn dropout(shape: [usize; 3]) -> Node {
    node(Layer::Dropout { rate: 0.3 }, shape, 0)
}

fn addition(shape: [usize; 3]) -> Node {
    Node { other: Some(2), ..node(Layer::Add, shape, 0) }
}

/// Running means and variances of up to 70 channels.
fn running(channels: usize) -> Vec<f64> {
    let means = (0..channels).map(|channel| 0.1 * channel as f64);
    means.chain((0..channels).map(|channel| 0.5 + channel as f64)).collect()
}

fn each(check: impl Fn(&Node, usize, &Mode<'_>)) {
    for (shape, n) in SHAPES {
        let running = running(shape[0]);
        for mode in [Mode::Batch, Mode::Training(NOISE), Mode::Evaluation(&running)] {
            for node in [batch_norm(shape), layer_norm(shape), dropout(shape), addition(shape)] {
                // A single number has no spread, and its derivatives are those of a constant over √ε.
                if node.layer != Layer::BatchNorm || n > 1 {
                    check(&node, n, &mode);
                }
            }
        }
    }
}

#[test]
fn derivatives_are_those_of_central_differences() {
    each(derivatives);
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    each(bits);
}
