//! The bits of trainings and evaluations: the same twice, and the same as when `numerics()` was named.
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod support;

use sha2::{Digest, Sha256};
use support::digits_problem;
use traipse_nn::{Evaluator, Rows, Trainer, numerics, probe_order};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::{Activation, BatchSize, Full, Init, Scale};

/// Every activation, init and batch kind once: bits of weights, sums, loss, gradient and noise.
fn digest() -> String {
    let activations = [
        Activation::Relu,
        Activation::Tanh,
        Activation::Gelu,
        Activation::Silu,
        Activation::Sigmoid,
        Activation::Identity,
    ];
    let inits = [
        Init::HeNormal,
        Init::GlorotUniform,
        Init::LecunNormal,
        Init::Orthogonal,
        Init::TorchDefault,
        Init::GlorotNormal,
    ];
    let mut hasher = Sha256::new();
    for (turn, (activation, init)) in activations.into_iter().zip(inits).enumerate() {
        let mut settings = RunSettings::default();
        settings.model.activation = activation;
        settings.model.init = init;
        settings.model.hidden = vec![40, 24];
        settings.data.scale = if turn % 2 == 0 { Scale::Unit } else { Scale::Standardize };
        settings.train.momentum = if turn % 3 == 0 { 0.9 } else { 0.0 };
        settings.train.weight_decay = if turn % 3 == 1 { 0.001 } else { 0.0 };
        settings.train.batch_size = if turn == 4 { BatchSize::Full(Full::Full) } else { BatchSize::Rows(100) };
        run(&settings, &mut hasher);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn run(settings: &RunSettings, hasher: &mut Sha256) {
    let problem = digits_problem(settings);
    let mut trainer = Trainer::<f32>::new(&problem);
    for _ in 0..30 {
        let _ = trainer.step();
    }
    let mut theta = vec![0.0; problem.n_parameters()];
    trainer.parameters_into(&mut theta);
    let mut gradient = vec![0.0; problem.n_parameters()];
    let rows = &probe_order(problem.data())[..300];
    let mut evaluator = Evaluator::new(&problem);
    let found = evaluator.gradient(&theta, Rows::Train(rows), &mut gradient);
    let test = evaluator.loss(&theta, &[], Rows::Test);
    let sums = trainer.take_sums();
    theta.iter().chain(&gradient).for_each(|value| hasher.update(value.to_le_bytes()));
    let reported = [sums.length, sums.square, sums.batch_loss, found.loss.mean, found.noise_trace.unwrap(), test.mean];
    reported.iter().for_each(|value| hasher.update(value.to_le_bytes()));
}

#[test]
fn the_same_bits_twice() {
    assert_eq!(digest(), digest());
}

/// If this fails, the bits of trainings changed: raise the version in `numerics.rs`, say so in the changelog, and
/// only then write the new digest here.
#[test]
fn the_bits_are_those_that_numerics_names() {
    assert_eq!(
        (numerics().as_str(), digest().as_str()),
        ("nn1-f32-fma-chain", "cb85b2496da18f89b539f93c3f6b75b5d388da20a5039105b31c6f4f59fa36ba")
    );
}
