//! One bench a row of docs/performance.md's table: steps of training, gradients, curvature, slots, default probes.
//!
//! `cargo bench -p traipse-nn --bench train`. The images are made, not MNIST, so that no file is needed.
//! `benches/twins.sh` runs the same work beside other programs.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench may unwrap and use threads")]

mod made;

use std::hint::black_box;
use std::time::Instant;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use made::{mnist_like, network, pictures, problem};
use traipse_nn::{Curvature, Evaluator, Problem, Rows, Trainer, probe_order};

fn steps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("step");
    let nets = [("256,256", 128), ("128", 64), ("32", 64), ("lenet5", 64), ("resnet8", 64)];
    for (net, batch) in nets {
        let data = if net == "resnet8" { pictures() } else { mnist_like() };
        let mut trainer = Trainer::<f32>::new(&problem(&network(net), batch, data));
        group.throughput(Throughput::Elements(u64::from(batch)));
        group.sample_size(if net == "resnet8" { 10 } else { 100 });
        group.bench_function(BenchmarkId::from_parameter(format!("{net} x {batch}")), |bencher| {
            bencher.iter(|| trainer.step());
        });
    }
    group.finish();
}

/// θ of the start, which needs no training.
fn start(problem: &Problem) -> Vec<f32> {
    let mut theta = vec![0.0; problem.n_parameters()];
    Trainer::<f32>::new(problem).parameters_into(&mut theta);
    theta
}

fn curvature(criterion: &mut Criterion) {
    let problem = problem(&network("256,256"), 128, mnist_like());
    let theta = start(&problem);
    let mut out = theta.clone();
    let mut group = criterion.benchmark_group("curvature of 10000");
    group.sample_size(10);
    let mut evaluator = Evaluator::<f32>::new(&problem);
    group.bench_function("gradient", |bencher| {
        bencher.iter(|| black_box(evaluator.gradient(&theta, Rows::AllTrain, &mut out)));
    });
    let mut curvature = Curvature::<f32>::at(&problem, &theta, Rows::AllTrain, usize::MAX);
    group.bench_function("hessian", |bencher| bencher.iter(|| curvature.hessian(&[&theta], &mut [&mut out])));
    group.bench_function("gauss-newton", |bencher| bencher.iter(|| curvature.gauss_newton(&[&theta], &mut [&mut out])));
    group.finish();
}

/// The same steps in one thread and in two at once; two cores should take as long.
fn slots(criterion: &mut Criterion) {
    let problem = problem(&network("256,256"), 128, mnist_like());
    let mut group = criterion.benchmark_group("slots");
    for n in [1, 2] {
        let mut trainers: Vec<_> = (0..n).map(|_| Trainer::<f32>::new(&problem)).collect();
        group.throughput(Throughput::Elements(128 * n));
        group.bench_function(BenchmarkId::from_parameter(n), |bencher| {
            bencher.iter_custom(|steps| {
                let start = Instant::now();
                std::thread::scope(|scope| {
                    for trainer in &mut trainers {
                        scope.spawn(|| (0..steps).for_each(|_| assert_eq!(trainer.step(), traipse_nn::Step::Ok)));
                    }
                });
                start.elapsed()
            });
        });
    }
    group.finish();
}

fn probes(criterion: &mut Criterion) {
    let problem = problem(&network("256,256"), 128, mnist_like());
    let mut evaluator = Evaluator::<f32>::new(&problem);
    let theta = start(&problem);
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

criterion_group!(benches, steps, curvature, slots, probes);
criterion_main!(benches);
