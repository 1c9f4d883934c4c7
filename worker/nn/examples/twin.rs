//! Our side of `benches/twins.sh`: one piece of work, timed, as `seconds S`.
//!
//! - `twin train FOLDER NET BATCH STEPS SCALE`: steps of a training. NET is the widths of hidden layers, or a preset;
//!   FOLDER is MNIST's, or `random` for 1,024 images of 3×32×32 random bytes.
//! - `twin gradient FOLDER HIDDEN N` and `twin hvp FOLDER HIDDEN N`: one over N training examples.
//! - `twin slots FOLDER NET BATCH STEPS N`: the same training in N threads at once, by the clock on the wall
//!   and (`processor S`) by the processor's.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "an example reads files, threads and prints")]

mod support;

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use support::{cpu_seconds, load};
use traipse_nn::data::{Scaling, Split, Targets, Values};
use traipse_nn::{Curvature, Dataset, Evaluator, Problem, Rows, Step, Trainer};
use traipse_sweep::RunSettings;
use traipse_sweep::network::Shape;
use traipse_sweep::settings::{BatchSize, DataName, ModelKind, Norm, Preset, Scale};

/// Images of the data set `random`.
const N_RANDOM: usize = 1024;
/// Steps before the clock starts.
const WARM_UP: u64 = 8;
/// Products that are timed.
const REPEATS: u32 = 3;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let seconds = match words[..] {
        ["train", folder, net, batch, steps, scale] => {
            let problem = problem(folder, net, batch.parse()?, scale)?;
            let mut trainer = Trainer::<f32>::new(&problem);
            run(&mut trainer, WARM_UP)?;
            let start = cpu_seconds();
            run(&mut trainer, steps.parse()?)?;
            cpu_seconds() - start
        }
        ["gradient", folder, net, n] => gradient(&problem(folder, net, 128, "unit")?, n.parse()?),
        ["hvp", folder, net, n] => hvp(&problem(folder, net, 128, "unit")?, n.parse()?),
        ["slots", folder, net, batch, steps, n] => {
            slots(&problem(folder, net, batch.parse()?, "unit")?, steps.parse()?, n.parse()?)?
        }
        _ => bail!("see the top of twin.rs for the arguments"),
    };
    println!("seconds {seconds:.5}");
    Ok(())
}

fn problem(folder: &str, net: &str, batch: u32, scale: &str) -> Result<Problem> {
    let mut settings = RunSettings::default();
    settings.train.batch_size = BatchSize::Rows(batch);
    settings.data.scale = if scale == "standardize" { Scale::Standardize } else { Scale::Unit };
    match net {
        "lenet5" => {
            (settings.model.kind, settings.model.preset) = (ModelKind::Cnn, Some(Preset::Lenet5));
            settings.train.learning_rate = 0.05;
        }
        "resnet8" => {
            (settings.model.kind, settings.model.preset) = (ModelKind::Resnet, Some(Preset::Resnet8));
            settings.model.norm = Norm::Batch;
            (settings.train.learning_rate, settings.train.momentum) = (0.05, 0.9);
        }
        widths => settings.model.hidden = widths.split(',').map(str::parse).collect::<Result<_, _>>()?,
    }
    let data = if folder == "random" {
        Arc::new(random())
    } else {
        settings.data.name = DataName::Mnist;
        load(folder, &settings)?
    };
    Ok(Problem::new(&settings, data)?)
}

/// Images that mean nothing.
fn random() -> Dataset {
    let shape = Shape { channels: 3, height: 32, width: 32 };
    let byte = |i: usize| ((i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8;
    let values = Values::Bytes((0..N_RANDOM * shape.n_features()).map(byte).collect());
    let labels = Targets::Classes((0..N_RANDOM).map(|row| (row % 10) as u8).collect());
    let split = Split::new(shape.n_features(), values, labels);
    let scaling = Scaling { scale: 1.0 / 255.0, offset: 0.0 };
    Dataset {
        n_features: shape.n_features(),
        n_classes: 10,
        image: Some(shape),
        test: split.clone(),
        train: split,
        scaling,
        scalings: vec![scaling],
        hash: String::new(),
    }
}

fn run(trainer: &mut Trainer<f32>, steps: u64) -> Result<()> {
    for _ in 0..steps {
        ensure!(trainer.step() == Step::Ok, "diverged");
    }
    Ok(())
}

/// θ after a few steps, and the first rows.
fn a_point(problem: &Problem, n: u32) -> (Vec<f32>, Vec<u32>) {
    let mut trainer = Trainer::<f32>::new(problem);
    for _ in 0..100 {
        let _ = trainer.step();
    }
    let mut theta = vec![0.0; problem.n_parameters()];
    trainer.parameters_into(&mut theta);
    (theta, (0..n).collect())
}

fn gradient(problem: &Problem, n: u32) -> f64 {
    let (theta, rows) = a_point(problem, n);
    let mut evaluator = Evaluator::<f32>::new(problem);
    let mut out = theta.clone();
    timed(|| {
        let _ = evaluator.gradient(&theta, Rows::Train(&rows), &mut out);
    })
}

fn hvp(problem: &Problem, n: u32) -> f64 {
    let (theta, rows) = a_point(problem, n);
    let mut curvature = Curvature::<f32>::at(problem, &theta, Rows::Train(&rows), usize::MAX);
    let mut out = theta.clone();
    timed(|| curvature.hessian(&[&theta], &mut [&mut out]))
}

/// Seconds of one call, after a first that does not count.
fn timed(mut work: impl FnMut()) -> f64 {
    work();
    let start = cpu_seconds();
    for _ in 0..REPEATS {
        work();
    }
    (cpu_seconds() - start) / f64::from(REPEATS)
}

fn slots(problem: &Problem, steps: u64, n: usize) -> Result<f64> {
    let mut trainers: Vec<_> = (0..n).map(|_| Trainer::<f32>::new(problem)).collect();
    let (start, cpu) = (Instant::now(), cpu_seconds());
    std::thread::scope(|scope| {
        let threads: Vec<_> = trainers.iter_mut().map(|trainer| scope.spawn(|| run(trainer, steps))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().ok().context("a slot panicked")?)
    })?;
    let seconds = start.elapsed().as_secs_f64();
    println!("processor {:.5}", cpu_seconds() - cpu);
    Ok(seconds)
}
