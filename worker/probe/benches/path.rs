//! What the path probes cost at the size of the default sweep: T = 41 snapshots of 784-256-256-10, and at T = 200.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use traipse_probe::nulls::{self, LayerSteps, Momentum, Setup};
use traipse_probe::pca::Pca;
use traipse_probe::{Form, Path, Snapshot, StepGram, Trajectory, Window, diffusion, dimension, layers};
use traipse_sweep::spec::{Dimension, NullKind};

const N_SNAPSHOTS: u64 = 41;
const N_PARAMETERS: usize = 269_322;

fn trajectory() -> Trajectory {
    let mut trajectory = Trajectory::in_memory(Form::f32(N_PARAMETERS));
    let mut theta = vec![0.0_f32; N_PARAMETERS];
    for step in 0..N_SNAPSHOTS {
        for (i, weight) in theta.iter_mut().enumerate() {
            *weight += ((i as u64 * 31 + step * 17) % 101) as f32 * 1e-3 - 0.05;
        }
        trajectory.push(step, &Snapshot::f32(theta.clone())).expect("memory takes all");
    }
    trajectory
}

fn costs(c: &mut Criterion) {
    let trajectory = trajectory();
    c.bench_function("step_gram", |b| b.iter(|| black_box(&trajectory).step_gram()));
    let path = Path::new(&trajectory).expect("memory gives all");
    c.bench_function("geometry", |b| b.iter(|| traipse_probe::path::Geometry::of(black_box(&path))));
    let n = N_SNAPSHOTS as usize - 1;
    let gram = drifting(n);
    c.bench_function("pca", |b| b.iter(|| Pca::of(black_box(&gram))));
    nulls_of(c, n, "");
}

/// Two hundred snapshots of the same network: the longest path that is measured in full.
fn long_path(c: &mut Criterion) {
    nulls_of(c, 199, "_200");
    let gram = drifting(199);
    c.bench_function("pca_200", |b| b.iter(|| Pca::of(black_box(&gram))));
    let settings = Dimension { windows: 3, components: 2 };
    c.bench_function("dimension_200", |b| b.iter(|| dimension::measure(black_box(&gram), &settings)));
    let steps: Vec<u64> = (0..200).map(|t| t * 469).collect();
    c.bench_function("diffusion_200", |b| {
        b.iter(|| diffusion::in_window(black_box(&gram), &steps, Window::Late, 50));
    });
    let weights: Vec<f64> =
        (0..784 * 256).map(|i: u32| f64::from(i.wrapping_mul(2_654_435_761) >> 8) - 8.4e6).collect();
    c.bench_function("stable_rank_784x256", |b| b.iter(|| layers::stable_rank(black_box(&weights), 784)));
}

/// 200 samples of every kind, without and with the numbers of the dimension.
fn nulls_of(c: &mut Criterion, n: usize, suffix: &str) {
    let gram = drifting(n);
    let layers: Vec<LayerSteps> =
        [200_960, 65_792, 2_570].map(|n_parameters| LayerSteps { n_parameters, norms: vec![1.0; n] }).to_vec();
    let steps: Vec<u64> = (0..=n as u64).map(|t| t * 469).collect();
    let asked = Dimension { windows: 3, components: 2 };
    for kind in NullKind::EVERY {
        for dimension in [None, Some(&asked)] {
            let setup = Setup {
                kinds: &[kind],
                samples: 200,
                seed: 0,
                learning_rate: &vec![0.1; n],
                dimension,
                layers: &layers,
                momentum: Some(Momentum { beta: 0.9, nesterov: false }),
                steps: &steps,
            };
            let with = if dimension.is_some() { "_dimension" } else { "" };
            let name = format!("{}{suffix}{with}", kind.as_str());
            c.bench_function(&name, |b| b.iter(|| nulls::test_gram(black_box(&gram), N_PARAMETERS, &setup)));
        }
    }
}

fn drifting(n: usize) -> StepGram {
    let entries = (0..n).flat_map(|i| (i..n).map(move |j| if i == j { 1.0 } else { 0.2 }));
    StepGram::from_packed(entries.collect()).expect("n (n + 1) / 2 entries")
}

criterion_group! { name = benches; config = Criterion::default().sample_size(10); targets = costs, long_path }
criterion_main!(benches);
