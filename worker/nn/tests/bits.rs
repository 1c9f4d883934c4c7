//! The bits of trainings and evaluations: the same twice, and the same as when `numerics()` was named.
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod support;

use sha2::{Digest, Sha256};
use support::digits_problem;
use traipse_nn::{Curvature, Evaluator, Real, Rows, Trainer, numerics, probe_order};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::{Activation, BatchSize, Full, Init, Precision, Scale};

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

/// Networks, optimisers, schedules and precisions of every kind once.
const TRAININGS: [(&str, &str); 7] = [
    (
        r#"{"kind": "cnn", "layers": ["conv 6 3x3 pad 1", "pool max 2", "conv 9 2x2", "dense 11"]}"#,
        r#"{"optimizer": "adam", "learning_rate": 0.003, "schedule": "cosine"}"#,
    ),
    (
        r#"{"kind": "resnet", "layers": ["block 5", "block 7 stride 2", "pool global"], "norm": "batch"}"#,
        r#"{"momentum": 0.9, "nesterov": true, "augment": ["crop4", "flip"], "weight_decay": 0.001}"#,
    ),
    (
        r#"{"kind": "resnet", "layers": ["pool average 2", "block 3", "dense 6"], "norm": "layer", "activation": "silu"}"#,
        r#"{"optimizer": "adamw", "learning_rate": 0.003, "weight_decay": 0.1, "warmup_epochs": 1.0, "loss": "mse"}"#,
    ),
    (
        r#"{"hidden": [30, 20], "norm": "batch", "dropout": 0.2, "activation": "gelu"}"#,
        r#"{"optimizer": "rmsprop", "learning_rate": 0.001, "momentum": 0.5, "schedule": "linear"}"#,
    ),
    (r#"{"hidden": [30, 20], "norm": "layer", "dropout": 0.2, "activation": "tanh"}"#, r#"{"batch_size": 300}"#),
    (r#"{"hidden": [12]}"#, r#"{"optimizer": "lbfgs", "batch_size": "full", "weight_decay": 0.01}"#),
    (
        r#"{"hidden": [25, 25], "activation": "sigmoid"}"#,
        r#"{"precision": "f64", "schedule": {"step": [0.5], "factor": 0.1}, "momentum": 0.9}"#,
    ),
];

/// Bits of weights, running statistics, losses, a gradient and products with second derivatives.
fn train<T: Real>(settings: &RunSettings, hasher: &mut Sha256) {
    let problem = digits_problem(settings);
    let mut trainer = Trainer::<T>::new(&problem);
    for _ in 0..20 {
        let _ = trainer.step();
    }
    let mut theta = vec![T::of(0.0); problem.n_parameters()];
    trainer.parameters_into(&mut theta);
    let rows = &probe_order(problem.data())[..150];
    let rows = Rows::Train(rows);
    let mut results = [(); 3].map(|()| theta.clone());
    let [gradient, hessian, gauss_newton] = &mut results;
    let mut evaluator = Evaluator::<T>::new(&problem);
    let found = evaluator.gradient(&theta, rows, gradient);
    let test = evaluator.loss(&theta, trainer.buffers(), Rows::Test);
    let mut curvature = Curvature::at(&problem, &theta, rows, usize::MAX);
    curvature.hessian(&[gradient], &mut [hessian]);
    curvature.gauss_newton(&[gradient], &mut [gauss_newton]);
    let sums = trainer.take_sums();
    let reported = [sums.length, sums.square, sums.batch_loss, found.loss.mean, test.mean, test.error];
    let values = theta.iter().chain(results.iter().flatten()).map(|value| value.wide());
    for value in values.chain(trainer.buffers().iter().copied()).chain(reported) {
        hasher.update(value.to_le_bytes());
    }
}

fn digest_of_all_layers() -> String {
    let mut hasher = Sha256::new();
    for (model, train_settings) in TRAININGS {
        let model = serde_json::from_str(model).unwrap();
        let settings =
            RunSettings { model, train: serde_json::from_str(train_settings).unwrap(), ..RunSettings::default() };
        match settings.train.precision {
            Precision::F32 => train::<f32>(&settings, &mut hasher),
            Precision::F64 => train::<f64>(&settings, &mut hasher),
        }
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
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
        ("nn1-fma-chain", "cb85b2496da18f89b539f93c3f6b75b5d388da20a5039105b31c6f4f59fa36ba")
    );
}

/// The same for every other layer, optimiser, schedule, loss and precision.
#[test]
fn the_bits_of_all_layers_are_those_that_numerics_names() {
    assert_eq!(
        (numerics().as_str(), digest_of_all_layers().as_str()),
        ("nn1-fma-chain", "db4ca54df958dce47f08f59e59797a53d0ce467fead122659671bb16d190a1e9")
    );
}
