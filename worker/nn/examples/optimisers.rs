//! What each optimiser costs beside plain gradient descent, in seconds of the processor's time an epoch.
//!
//! `optimisers MNIST_FOLDER HIDDEN BATCH ROUNDS`, for example `optimisers data/mnist 256,256 128 5`.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "an example reads files and prints")]

mod support;

use anyhow::{Result, bail, ensure};
use support::{cpu_seconds, load};
use traipse_nn::{Problem, Step, Trainer};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::{BatchSize, DataName, Optimizer};

/// Name, optimiser, momentum, Nesterov.
const ROWS: [(&str, Optimizer, f64, bool); 7] = [
    ("sgd", Optimizer::Sgd, 0.0, false),
    ("momentum", Optimizer::Sgd, 0.9, false),
    ("nesterov", Optimizer::Sgd, 0.9, true),
    ("rmsprop", Optimizer::Rmsprop, 0.0, false),
    ("rmsprop with momentum", Optimizer::Rmsprop, 0.9, false),
    ("adam", Optimizer::Adam, 0.0, false),
    ("adamw", Optimizer::Adamw, 0.0, false),
];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, hidden, batch, rounds] = &arguments[..] else {
        bail!("usage: optimisers MNIST_FOLDER HIDDEN BATCH ROUNDS");
    };
    let mut settings = RunSettings::default();
    settings.data.name = DataName::Mnist;
    settings.model.hidden = hidden.split(',').map(str::parse).collect::<Result<_, _>>()?;
    settings.train.batch_size = BatchSize::Rows(batch.parse()?);
    settings.train.learning_rate = 1e-3;
    // Decay makes sgd visit every weight too, as the others do.
    settings.train.weight_decay = 1e-4;
    let data = load(folder, &settings)?;
    let mut trainers = Vec::new();
    for (_, optimizer, momentum, nesterov) in ROWS {
        let train = &mut settings.train;
        (train.optimizer, train.momentum, train.nesterov) = (optimizer, momentum, nesterov);
        trainers.push(Trainer::<f32>::new(&Problem::new(&settings, data.clone())?));
    }
    let problem = Problem::new(&settings, data)?;
    let steps = problem.course().steps_per_epoch;
    let mut best = [f64::INFINITY; ROWS.len()];
    for _ in 0..rounds.parse::<u32>()? {
        for (trainer, best) in trainers.iter_mut().zip(&mut best) {
            let start = cpu_seconds();
            for _ in 0..steps {
                ensure!(trainer.step() == Step::Ok, "diverged");
            }
            *best = best.min(cpu_seconds() - start);
        }
    }
    for ((name, ..), seconds) in ROWS.into_iter().zip(best) {
        println!("{name:22} {seconds:.4} s, {:.3} of sgd", seconds / best[0]);
    }
    Ok(())
}
