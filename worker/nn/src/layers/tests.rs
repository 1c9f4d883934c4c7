//! Norms, dropout and additions: derivatives, bits, and plain references.

use traipse_sweep::network::{Layer, Node};
use traipse_sweep::streams::{Philox, Purpose};

use super::check::{Bench, bits, derivatives, node};
use super::{Mode, Noise};
use crate::kernels::{Isa, WIDTH, padded};

const NOISE: Noise = Noise { seed: 3, branch: 0, step: 7, first: 256 };

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

/// Value of feature f of example i.
fn at(values: &[f64], n_features: usize, f: usize, i: usize) -> f64 {
    values[((i / WIDTH) * padded(n_features) + f) * WIDTH + i % WIDTH]
}

#[test]
fn batch_norm_is_the_plain_one() {
    for (shape, n) in SHAPES {
        let (node, n_features, pixels) = (batch_norm(shape), shape.iter().product(), shape[1] * shape[2]);
        let bench = Bench::<f64>::new(&node, n, Isa::detect());
        let point = bench.point(&mut Philox::new(5, Purpose::Init).at(n as u64));
        let running = running(shape[0]);
        for mode in [Mode::Batch, Mode::Evaluation(&running)] {
            let [found, _] = bench.run(&point, &mode, None);
            for channel in 0..shape[0] {
                let all = |f: &dyn Fn(f64) -> f64| -> f64 {
                    let pixels = channel * pixels..(channel + 1) * pixels;
                    let examples = |feature| (0..n).map(move |i| (feature, i));
                    pixels.flat_map(examples).map(|(feature, i)| f(at(&point.input, n_features, feature, i))).sum()
                };
                let count = (n * pixels) as f64;
                let (mean, variance) = match mode {
                    Mode::Evaluation(_) => (running[channel], running[shape[0] + channel]),
                    _ => {
                        let mean = all(&|x| x) / count;
                        (mean, all(&|x| (x - mean) * (x - mean)) / count)
                    }
                };
                let (scale, shift) = (point.parameters[channel], point.parameters[bench.n_parameters / 2 + channel]);
                for (feature, i) in (channel * pixels..(channel + 1) * pixels).flat_map(|f| (0..n).map(move |i| (f, i)))
                {
                    let x = at(&point.input, n_features, feature, i);
                    let wanted = (x - mean) / (variance + 1e-5).sqrt() * scale + shift;
                    let found = at(&found.output, n_features, feature, i);
                    assert!((found - wanted).abs() < 1e-12, "{shape:?}: {found} is not {wanted}");
                }
            }
        }
    }
}

#[test]
fn layer_norm_is_the_plain_one() {
    for (shape, n) in SHAPES {
        let (node, n_features) = (layer_norm(shape), shape.iter().product());
        let bench = Bench::<f64>::new(&node, n, Isa::detect());
        let point = bench.point(&mut Philox::new(6, Purpose::Init).at(n as u64));
        let [found, _] = bench.run(&point, &Mode::Batch, None);
        for i in 0..n {
            let all = || (0..n_features).map(|feature| at(&point.input, n_features, feature, i));
            let mean = all().sum::<f64>() / n_features as f64;
            let variance = all().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n_features as f64;
            for (feature, x) in all().enumerate() {
                let (scale, shift) = (point.parameters[feature], point.parameters[bench.n_parameters / 2 + feature]);
                let wanted = (x - mean) / (variance + 1e-5).sqrt() * scale + shift;
                let found = at(&found.output, n_features, feature, i);
                assert!((found - wanted).abs() < 1e-12, "{shape:?}: {found} is not {wanted}");
            }
        }
    }
}

#[test]
fn dropout_follows_the_draws_of_each_example() {
    for (shape, n) in SHAPES {
        let (node, n_features) = (dropout(shape), shape.iter().product::<usize>());
        let bench = Bench::<f64>::new(&node, n, Isa::detect());
        let point = bench.point(&mut Philox::new(7, Purpose::Init).at(n as u64));
        let [found, _] = bench.run(&point, &Mode::Training(NOISE), None);
        for i in 0..n {
            // The bench builds the layer behind another dropout layer, hence part 1 << 32.
            let mut draws = Philox::new(3, Purpose::Dropout).at_part(7, 1 << 32 | (256 + i as u64));
            let halves: Vec<u64> = (0..n_features.div_ceil(2))
                .flat_map(|_| {
                    let word = draws.next_u64();
                    [word % (1 << 32), word >> 32]
                })
                .collect();
            for (feature, &half) in halves[..n_features].iter().enumerate() {
                let kept = half >= 1_288_490_189;
                let wanted = if kept { at(&point.input, n_features, feature, i) * (1.0 / 0.7) } else { 0.0 };
                assert_eq!(at(&found.output, n_features, feature, i), wanted, "{shape:?}, example {i}");
            }
        }
    }
}

/// A channel far from 0 keeps its variance: 1e4 ± 1 in f32, whose squares need 27 bits.
#[test]
fn batch_norm_keeps_a_small_spread_about_a_large_mean() {
    let node = batch_norm([1, 20, 20]);
    let bench = Bench::<f32>::new(&node, 48, Isa::detect());
    let mut point = bench.point(&mut Philox::new(8, Purpose::Init).at(0));
    point.input.iter_mut().for_each(|x| *x += 1e4);
    (point.parameters[0], point.parameters[WIDTH]) = (1.0, 0.0);
    let [found, _] = bench.run(&point, &Mode::Batch, None);
    let outputs = || found.output.iter().map(|&y| f64::from(y)).filter(|&y| y != 0.0);
    let n = outputs().count() as f64;
    let (mean, square) = (outputs().sum::<f64>() / n, outputs().map(|y| y * y).sum::<f64>() / n);
    assert!(mean.abs() < 1e-3 && (square - 1.0).abs() < 1e-3, "{mean}, {square}");
}

/// As PyTorch: by a tenth, the variance unbiased, and a single number's taken as it is.
#[test]
fn running_statistics_move_by_a_tenth() {
    for n in [1, 40] {
        let node = batch_norm([3, 1, 1]);
        let bench = Bench::<f64>::new(&node, n, Isa::detect());
        let point = bench.point(&mut Philox::new(9, Purpose::Init).at(n as u64));
        let before = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let mut running = before;
        bench.update_running(&point, &mut running);
        for channel in 0..3 {
            let all = || (0..n).map(|i| at(&point.input, 3, channel, i));
            let mean = all().sum::<f64>() / n as f64;
            let squares = all().map(|x| (x - mean) * (x - mean)).sum::<f64>();
            let variance = if n == 1 { 0.0 } else { squares / (n - 1) as f64 };
            let wanted = [0.9 * before[channel] + 0.1 * mean, 0.9 * before[3 + channel] + 0.1 * variance];
            let found = [running[channel], running[3 + channel]];
            assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-14), "{n}: {found:?} is not {wanted:?}");
        }
    }
}
