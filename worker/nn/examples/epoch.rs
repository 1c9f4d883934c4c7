//! Times epochs of training, and the default probes beside them, in seconds of the processor's time: on a busy machine
//! these say more than the clock on the wall.
//!
//! `epoch MNIST_FOLDER HIDDEN BATCH EPOCHS [probes] [standardize]`, for example `epoch data/mnist 256,256 128 3 probes`.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "an example reads files and prints")]

mod support;

use anyhow::{Result, bail, ensure};
use support::{cpu_seconds, load};
use traipse_nn::{Evaluator, Problem, Rows, Step, Trainer, probe_order};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::{BatchSize, DataName, Scale};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, hidden, batch, epochs, rest @ ..] = &arguments[..] else {
        bail!("usage: epoch MNIST_FOLDER HIDDEN BATCH EPOCHS [probes] [standardize]");
    };
    let mut settings = RunSettings::default();
    settings.data.name = DataName::Mnist;
    settings.model.hidden =
        hidden.split(',').filter(|width| !width.is_empty()).map(str::parse).collect::<Result<_, _>>()?;
    settings.train.batch_size = BatchSize::Rows(batch.parse()?);
    if rest.iter().any(|word| word == "standardize") {
        settings.data.scale = Scale::Standardize;
    }
    let problem = Problem::new(&settings, load(folder, &settings)?)?;
    train(&problem, epochs.parse()?)?;
    if rest.iter().any(|word| word == "probes") {
        probe(&problem);
    }
    Ok(())
}

fn train(problem: &Problem, epochs: u64) -> Result<()> {
    let mut trainer = Trainer::<f32>::new(problem);
    for epoch in 1..=epochs {
        let start = cpu_seconds();
        for _ in 0..problem.course().steps_per_epoch {
            ensure!(trainer.step() == Step::Ok, "diverged");
        }
        let seconds = cpu_seconds() - start;
        let sums = trainer.take_sums();
        println!("epoch {epoch} seconds {seconds:.4} loss {:.5}", sums.batch_loss / sums.n_steps as f64);
    }
    let mut theta = vec![0.0; problem.n_parameters()];
    trainer.parameters_into(&mut theta);
    let loss = Evaluator::new(problem).loss(&theta, &[], Rows::Test);
    println!("test loss {:.5} error {:.4}", loss.mean, loss.error);
    Ok(())
}

fn probe(problem: &Problem) {
    let mut evaluator = Evaluator::new(problem);
    let mut trainer = Trainer::<f32>::new(problem);
    for _ in 0..2 * problem.course().steps_per_epoch {
        let _ = trainer.step();
    }
    let mut theta = vec![0.0; problem.n_parameters()];
    let mut gradient = theta.clone();
    trainer.parameters_into(&mut theta);
    let order = probe_order(problem.data());
    let probe = &order[..order.len().min(5000)];
    for _ in 0..5 {
        let start = cpu_seconds();
        let found = evaluator.gradient(&theta, Rows::Train(probe), &mut gradient);
        let gradient_end = cpu_seconds();
        let test = evaluator.loss(&theta, &[], Rows::Test);
        let test_end = cpu_seconds();
        let train = evaluator.loss(&theta, &[], Rows::AllTrain);
        let end = cpu_seconds();
        let parts = [gradient_end - start, test_end - gradient_end, end - test_end];
        println!(
            "probe gradient {:.4} test {:.4} train {:.4} noise {:?}",
            parts[0], parts[1], parts[2], found.noise_trace
        );
        println!("      test loss {:.5} train loss {:.5}", test.mean, train.mean);
    }
}
