//! Steps of training and the default probes, on images as sparse as MNIST's.
//!
//! `cargo bench -p traipse-nn`. The images are drawn, not MNIST: a fifth of the pixels is lit, in a blob of its own
//! shape a class, so that no file is needed. `examples/epoch.rs` times real epochs.
#![allow(clippy::unwrap_used, reason = "a bench may unwrap")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use traipse_nn::data::{IdxFiles, mnist};
use traipse_nn::{Dataset, Evaluator, Problem, Rows, Trainer, probe_order};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::{BatchSize, DataName};

const N: u32 = 10_000;

fn file(header: &[u32], body: impl Iterator<Item = u8>) -> Vec<u8> {
    header.iter().flat_map(|word| word.to_be_bytes()).chain(body).collect()
}

fn data(settings: &RunSettings) -> Arc<Dataset> {
    let pixel = |i: u32| {
        let (row, y, x) = (i / 784, i / 28 % 28, i % 28);
        let (class, noise) = (row % 10, (i.wrapping_mul(2_654_435_761) >> 24) as u8);
        let lit = 5 < x && x < 22 && 5 < y && y < 22 && (x * 3 + y * (class + 1) + row / 10) % 10 < 6;
        if lit { noise | 1 } else { 0 }
    };
    let images = file(&[0x803, N, 28, 28], (0..N * 784).map(pixel));
    let labels = file(&[0x801, N], (0..N).map(|i| (i % 10) as u8));
    let (images, labels) = (("images", &images[..]), ("labels", &labels[..]));
    let files = IdxFiles { train_images: images, train_labels: labels, test_images: images, test_labels: labels };
    Arc::new(mnist(&settings.data, &files).unwrap())
}

fn problem(hidden: &[u32], batch: u32) -> Problem {
    let mut settings = RunSettings::default();
    settings.data.name = DataName::Mnist;
    settings.model.hidden = hidden.to_vec();
    settings.train.batch_size = BatchSize::Rows(batch);
    Problem::new(&settings, data(&settings)).unwrap()
}

fn steps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("step");
    for (hidden, batch) in [(&[256, 256][..], 128), (&[128], 64), (&[32], 64)] {
        let problem = problem(hidden, batch);
        let mut trainer = Trainer::<f32>::new(&problem);
        group.throughput(Throughput::Elements(u64::from(batch)));
        group.bench_function(BenchmarkId::from_parameter(format!("{hidden:?}x{batch}")), |bencher| {
            bencher.iter(|| trainer.step());
        });
    }
    group.finish();
}

fn probes(criterion: &mut Criterion) {
    let problem = problem(&[256, 256], 128);
    let mut evaluator = Evaluator::new(&problem);
    let mut theta = vec![0.0; problem.n_parameters()];
    Trainer::<f32>::new(&problem).parameters_into(&mut theta);
    let mut gradient = theta.clone();
    let order = probe_order(problem.data());
    let mut group = criterion.benchmark_group("probe");
    group.sample_size(20);
    group.bench_function("gradient of 5000", |bencher| {
        bencher.iter(|| black_box(evaluator.gradient(&theta, Rows::Train(&order[..5000]), &mut gradient)));
    });
    group.bench_function("loss of 10000", |bencher| {
        bencher.iter(|| black_box(evaluator.loss(&theta, &[], Rows::Test)));
    });
    group.finish();
}

criterion_group!(benches, steps, probes);
criterion_main!(benches);
