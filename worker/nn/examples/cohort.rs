//! How much faster runs of one shape train as a cohort than one after another, in seconds of the processor's time.
//!
//! `cohort MNIST_FOLDER HIDDEN BATCH MEMBERS ROUNDS`, for example `cohort data/mnist 32 64 8 5`.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "an example reads files and prints")]

mod support;

use anyhow::{Result, bail, ensure};
use support::{cpu_seconds, load};
use traipse_nn::{Cohort, Population, Problem, Step, Trainer};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::{BatchSize, DataName};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, hidden, batch, members, rounds] = &arguments[..] else {
        bail!("usage: cohort MNIST_FOLDER HIDDEN BATCH MEMBERS ROUNDS");
    };
    let mut settings = RunSettings::default();
    settings.data.name = DataName::Mnist;
    settings.model.hidden = hidden.split(',').map(str::parse).collect::<Result<_, _>>()?;
    settings.train.batch_size = BatchSize::Rows(batch.parse()?);
    let data = load(folder, &settings)?;
    let mut problems = Vec::new();
    for member in 0..members.parse()? {
        settings.streams.init_seed = member;
        problems.push(Problem::new(&settings, data.clone())?);
    }
    let steps = problems[0].course().steps_per_epoch;
    let mut trainers: Vec<_> = problems.iter().map(Trainer::<f32>::new).collect();
    let mut cohort = Cohort::<f32>::new(&problems)?;
    let mut ratios = Vec::new();
    for _ in 0..rounds.parse()? {
        let start = cpu_seconds();
        for trainer in &mut trainers {
            for _ in 0..steps {
                ensure!(trainer.step() == Step::Ok, "diverged");
            }
        }
        let middle = cpu_seconds();
        ensure!(cohort.advance(steps).iter().all(|step| *step == Step::Ok), "diverged");
        let (alone, together) = (middle - start, cpu_seconds() - middle);
        println!("alone {alone:.4} s, together {together:.4} s, ratio {:.3}", together / alone);
        ratios.push(together / alone);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median {:.3}", ratios[ratios.len() / 2]);
    Ok(())
}
