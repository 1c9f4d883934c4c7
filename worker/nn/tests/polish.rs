//! Polishing: L-BFGS in f64 from where a training in f32 ended, on the evaluator's objective.
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

use std::sync::Arc;

use traipse_nn::data::digits;
use traipse_nn::{Budget, Evaluator, Lbfgs, Minimum, Problem, Rows, Step, Trainer};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::Activation;

/// Trains some epochs, then minimises. The objective where training ended, and what was found.
fn polish(hidden: &[u32], iterations: u64) -> (f64, Minimum) {
    let mut settings = RunSettings::default();
    (settings.model.hidden, settings.model.activation) = (hidden.to_vec(), Activation::Tanh);
    (settings.train.weight_decay, settings.train.decay_biases) = (0.01, true);
    let problem = Problem::new(&settings, Arc::new(digits(&settings.data).unwrap())).unwrap();
    let mut trainer = Trainer::<f32>::new(&problem);
    for _ in 0..5 * problem.course().steps_per_epoch {
        assert_eq!(trainer.step(), Step::Ok);
    }
    let mut theta = vec![0.0f32; problem.n_parameters()];
    trainer.parameters_into(&mut theta);
    let mut theta: Vec<f64> = theta.iter().map(|&value| f64::from(value)).collect();
    let mut evaluator = Evaluator::<f64>::new(&problem);
    let mut objective = |theta: &[f64], gradient: &mut [f64]| {
        let found = evaluator.gradient(theta, Rows::AllTrain, gradient);
        problem.add_penalty_gradient(theta, gradient);
        found.loss.mean + problem.penalty(theta)
    };
    let before = objective(&theta, &mut vec![0.0; theta.len()]);
    let budget = Budget { iterations, gradient_norm: 1e-10 };
    (before, Lbfgs::new(theta.len(), 20).minimise(&mut theta, budget, objective))
}

#[test]
fn a_convex_problem_is_solved_to_rounding() {
    let (before, found) = polish(&[], 300);
    assert!(found.converged && found.value < before, "{found:?} from {before}");
    assert!(found.evaluations <= found.iterations * 11 / 10 + 10, "{found:?}");
}

#[test]
fn a_smooth_network_is_polished_far_below_where_training_ends() {
    let (before, found) = polish(&[12], 400);
    assert!(found.value < before && found.gradient_norm < 1e-4, "{found:?} from {before}");
}
