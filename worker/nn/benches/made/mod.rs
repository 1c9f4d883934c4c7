//! Data that need no file, and the networks of the benches.
#![allow(dead_code, clippy::unwrap_used, reason = "each bench uses a part; a bench may unwrap")]

use std::sync::Arc;

use traipse_nn::data::{Scaling, Split, Targets, Values};
use traipse_nn::{Dataset, Problem};
use traipse_sweep::RunSettings;
use traipse_sweep::network::Shape;
use traipse_sweep::settings::{BatchSize, ModelKind, Norm, Preset};

const N_DIGITS: usize = 10_000;
const N_PICTURES: usize = 1_024;

/// Images of 28×28 as sparse as MNIST's: a fifth of the pixels is lit, in a blob of its own shape a class.
pub(crate) fn mnist_like() -> Arc<Dataset> {
    digits(0.0)
}

/// The same where a pixel that is not lit is not zero either, so that nothing can be left out.
pub(crate) fn without_zeros() -> Arc<Dataset> {
    digits(0.125)
}

fn digits(offset: f32) -> Arc<Dataset> {
    let pixel = |i: usize| {
        let (row, y, x) = (i / 784, i / 28 % 28, i % 28);
        let class = row % 10;
        let lit = 5 < x && x < 22 && 5 < y && y < 22 && (x * 3 + y * (class + 1) + row / 10) % 10 < 6;
        if lit { noise(i) | 1 } else { 0 }
    };
    dataset(Shape { channels: 1, height: 28, width: 28 }, (0..N_DIGITS * 784).map(pixel).collect(), offset)
}

/// Noise of the shape of CIFAR's pictures.
pub(crate) fn pictures() -> Arc<Dataset> {
    dataset(Shape { channels: 3, height: 32, width: 32 }, (0..N_PICTURES * 3072).map(noise).collect(), 0.0)
}

fn noise(i: usize) -> u8 {
    ((i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8
}

fn dataset(shape: Shape, bytes: Vec<u8>, offset: f32) -> Arc<Dataset> {
    let n_features = shape.n_features();
    let labels = (0..bytes.len() / n_features).map(|row| (row % 10) as u8).collect();
    let split = Split::new(n_features, Values::Bytes(bytes), Targets::Classes(labels));
    let scaling = Scaling { scale: 1.0 / 255.0, offset };
    Arc::new(Dataset {
        n_features,
        n_classes: 10,
        image: Some(shape),
        test: split.clone(),
        train: split,
        scaling,
        scalings: vec![scaling],
        hash: String::new(),
    })
}

/// A preset, or the widths of hidden layers.
pub(crate) fn network(net: &str) -> RunSettings {
    let mut settings = RunSettings::default();
    match net {
        "lenet5" => (settings.model.kind, settings.model.preset) = (ModelKind::Cnn, Some(Preset::Lenet5)),
        "resnet8" => {
            (settings.model.kind, settings.model.preset) = (ModelKind::Resnet, Some(Preset::Resnet8));
            settings.model.norm = Norm::Batch;
            settings.train.momentum = 0.9;
        }
        widths => settings.model.hidden = widths.split(',').map(|width| width.parse().unwrap()).collect(),
    }
    settings.train.learning_rate = 0.05;
    settings
}

pub(crate) fn problem(settings: &RunSettings, batch: u32, data: Arc<Dataset>) -> Problem {
    let mut settings = settings.clone();
    settings.train.batch_size = BatchSize::Rows(batch);
    Problem::new(&settings, data).unwrap()
}
