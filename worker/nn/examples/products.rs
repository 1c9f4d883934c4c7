//! Times a gradient and Hessian–vector products at fixed weights on the first 10,000 training images of MNIST, in
//! turns, in seconds of the processor's time. `products MNIST_FOLDER HIDDEN ROUNDS`.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "an example reads files and prints")]

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use traipse_nn::data::{IdxFiles, mnist};
use traipse_nn::{Curvature, Evaluator, Problem, Rows, Trainer};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::DataName;

/// Examples that are differentiated over.
const N_EXAMPLES: u32 = 10_000;
/// What the passes at θ may take.
const MEMORY: usize = 1 << 30;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, hidden, rounds] = &arguments[..] else { bail!("usage: products MNIST_FOLDER HIDDEN ROUNDS") };
    let mut settings = RunSettings::default();
    settings.data.name = DataName::Mnist;
    settings.model.hidden =
        hidden.split(',').filter(|width| !width.is_empty()).map(str::parse).collect::<Result<_, _>>()?;
    let problem = Problem::new(&settings, Arc::new(load(Path::new(folder), &settings)?))?;
    let mut trainer = Trainer::<f32>::new(&problem);
    for _ in 0..100 {
        let _ = trainer.step();
    }
    let mut theta = vec![0.0; problem.n_parameters()];
    trainer.parameters_into(&mut theta);
    let rows: Vec<u32> = (0..N_EXAMPLES).collect();
    let mut evaluator = Evaluator::new(&problem);
    let mut curvature = Curvature::at(&problem, &theta, Rows::Train(&rows), MEMORY);
    let direction: Vec<f32> = theta.iter().map(|value| value * value).collect();
    let mut out = vec![0.0; theta.len()];
    for _ in 0..rounds.parse()? {
        let start = cpu_seconds();
        evaluator.gradient(&theta, Rows::Train(&rows), &mut out);
        let gradient = cpu_seconds() - start;
        let start = cpu_seconds();
        curvature.hessian(&[&direction], &mut [&mut out]);
        let hessian = cpu_seconds() - start;
        let start = cpu_seconds();
        curvature.gauss_newton(&[&direction], &mut [&mut out]);
        let gauss_newton = cpu_seconds() - start;
        println!(
            "gradient {gradient:.4} hessian {hessian:.4} gauss_newton {gauss_newton:.4} ratio {:.3}",
            hessian / gradient
        );
    }
    Ok(())
}

fn load(folder: &Path, settings: &RunSettings) -> Result<traipse_nn::Dataset> {
    let read = |name: &str| std::fs::read(folder.join(name)).with_context(|| name.to_owned());
    let names = [
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
    ];
    let bytes = names.iter().map(|name| read(name)).collect::<Result<Vec<_>>>()?;
    let file = |i: usize| (names[i], &bytes[i][..]);
    let files = IdxFiles { train_images: file(0), train_labels: file(1), test_images: file(2), test_labels: file(3) };
    Ok(mnist(&settings.data, &files)?)
}

/// The processor's time of this process so far.
fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
