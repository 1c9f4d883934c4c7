//! Small problems for tests.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test file uses a part; tests may unwrap")]

use std::sync::Arc;

use traipse_nn::data::{Scaling, Split, Targets, Values, digits};
use traipse_nn::{Dataset, Problem, Trainer};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::{Activation, BatchSize, Full, Loss};

/// A network on the embedded digits.
pub fn digits_problem(change: impl FnOnce(&mut RunSettings)) -> Problem {
    let mut settings = RunSettings::default();
    change(&mut settings);
    Problem::new(&settings, Arc::new(digits(&settings.data).unwrap())).unwrap()
}

/// A linear network on one target an example; the test set is the training set.
pub fn regression(x: &[f32], y: &[f32], change: impl FnOnce(&mut RunSettings)) -> Problem {
    let mut settings = RunSettings::default();
    (settings.model.activation, settings.train.loss) = (Activation::Identity, Loss::Mse);
    settings.train.batch_size = BatchSize::Full(Full::Full);
    change(&mut settings);
    let n_features = x.len() / y.len();
    let split = Split::new(n_features, Values::Floats(x.to_vec()), Targets::Numbers(y.to_vec()));
    let data = Dataset {
        n_features,
        n_classes: 1,
        image: None,
        train: split.clone(),
        test: split,
        scaling: Scaling::NONE,
        scalings: vec![Scaling::NONE],
        hash: String::new(),
    };
    Problem::new(&settings, Arc::new(data)).unwrap()
}

/// The initial weights of another `init_seed`.
pub fn start(problem: &Problem, seed: u64) -> Vec<f64> {
    let mut settings = problem.settings().clone();
    settings.streams.init_seed = seed;
    let problem = Problem::new(&settings, Arc::clone(problem.data())).unwrap();
    let mut theta = vec![0.0; problem.n_parameters()];
    Trainer::<f64>::new(&problem).parameters_into(&mut theta);
    theta
}
