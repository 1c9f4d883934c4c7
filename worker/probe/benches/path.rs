//! What the path probes cost at the size of the default sweep: T = 41 snapshots of 784-256-256-10.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use traipse_probe::nulls::{self, Setup};
use traipse_probe::pca::Pca;
use traipse_probe::{Form, Path, Snapshot, StepGram, Trajectory};
use traipse_sweep::spec::NullKind;

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
    let drifting = (0..n).flat_map(|i| (i..n).map(move |j| if i == j { 1.0 } else { 0.2 }));
    let gram = StepGram::from_packed(drifting.collect()).expect("n (n + 1) / 2 entries");
    c.bench_function("pca", |b| b.iter(|| Pca::of(black_box(&gram))));
    for kind in [NullKind::Walk, NullKind::Signs, NullKind::Shuffled] {
        let setup = Setup { kinds: &[kind], samples: 200, seed: 0, learning_rate: &vec![0.1; n], ..Setup::default() };
        c.bench_function(kind.as_str(), |b| b.iter(|| nulls::test_gram(black_box(&gram), N_PARAMETERS, &setup)));
    }
}

criterion_group! { name = benches; config = Criterion::default().sample_size(10); targets = costs }
criterion_main!(benches);
