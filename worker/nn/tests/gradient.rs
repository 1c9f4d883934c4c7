//! Loss, gradient and gradient noise against the oracle, and the oracle against finite differences.
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod support;

use support::{Reference, digits_problem, norm, widen};
use traipse_nn::{Evaluator, Problem, Rows, Trainer, probe_order};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::{Activation, Scale};

const ACTIVATIONS: [Activation; 6] =
    [Activation::Relu, Activation::Tanh, Activation::Gelu, Activation::Silu, Activation::Sigmoid, Activation::Identity];

fn problem(activation: Activation, hidden: &[u32], bias: bool, scale: Scale) -> Problem {
    let mut settings = RunSettings::default();
    settings.data.scale = scale;
    settings.model.hidden = hidden.to_vec();
    settings.model.activation = activation;
    settings.model.bias = bias;
    settings.streams.init_seed = 3;
    digits_problem(&settings)
}

/// θ after a few steps, so that biases are not zero.
fn a_point(problem: &Problem) -> Vec<f32> {
    let mut trainer = Trainer::<f32>::new(problem);
    for _ in 0..3 {
        let _ = trainer.step();
    }
    let mut theta = vec![0.0; problem.n_parameters()];
    trainer.parameters_into(&mut theta);
    theta
}

#[test]
fn the_oracle_agrees_with_finite_differences() {
    for activation in ACTIVATIONS {
        let problem = problem(activation, &[7, 5], true, Scale::Standardize);
        let reference = Reference::new(&problem);
        let theta = widen(&a_point(&problem));
        let rows: Vec<u32> = (0..20).collect();
        let (gradient, _) = reference.gradient(&theta, &rows);
        for i in (0..theta.len()).step_by(17) {
            let at = |step: f64| {
                let mut moved = theta.clone();
                moved[i] += step;
                reference.loss(&moved, &rows)
            };
            let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((difference - gradient[i]).abs() < 1e-8, "{activation:?} {i}: {difference} {}", gradient[i]);
        }
    }
}

#[test]
fn gradients_are_right_for_every_activation_and_depth() {
    let shapes: [&[u32]; 6] = [&[], &[1], &[17], &[33, 5], &[40, 16, 32], &[8, 7, 65, 3]];
    for (turn, activation) in ACTIVATIONS.into_iter().enumerate() {
        for (i, hidden) in shapes.into_iter().enumerate() {
            let scale = if (turn + i) % 2 == 0 { Scale::Unit } else { Scale::Standardize };
            check(&problem(activation, hidden, (turn + i) % 3 != 0, scale));
        }
    }
}

fn check(problem: &Problem) {
    let (theta, reference) = (a_point(problem), Reference::new(problem));
    let label = format!("{:?} {:?}", problem.settings().model, problem.settings().data.scale);
    // 137 rows make one whole chunk and a ragged one.
    let rows: Vec<u32> = probe_order(problem.data())[..137].to_vec();
    let mut found = vec![0.0; theta.len()];
    let got = Evaluator::new(problem).gradient(&theta, Rows::Train(&rows), &mut found);
    let theta = widen(&theta);
    let (wanted, trace) = reference.gradient(&theta, &rows);
    // What rounding acts on are the examples' gradients, whose root mean square is √(tr Σ + ‖g‖²).
    let size = norm(wanted.iter().copied().chain([trace.sqrt()]));
    let error = norm(wanted.iter().zip(&found).map(|(w, &f)| w - f64::from(f))) / size;
    assert!(error < 5e-7, "{label}: gradient off by {error}");
    let loss = reference.loss(&theta, &rows);
    assert!((got.loss.mean / loss - 1.0).abs() < 1e-6, "{label}: loss {} is not {loss}", got.loss.mean);
    let noise = got.noise_trace.unwrap();
    assert!((noise / trace - 1.0).abs() < 1e-5, "{label}: noise trace {noise} is not {trace}");
}

#[test]
fn zero_weights_lose_ln_10_and_order_does_not_matter() {
    let problem = problem(Activation::Relu, &[20], true, Scale::Unit);
    let mut evaluator = Evaluator::new(&problem);
    let loss = evaluator.loss(&vec![0.0; problem.n_parameters()], &[], Rows::Test);
    assert!((loss.mean - std::f64::consts::LN_10).abs() < 1e-7);
    assert_eq!(loss.n, 355);
    let theta = a_point(&problem);
    let all: Vec<u32> = (0..problem.data().train.len() as u32).collect();
    assert_eq!(evaluator.loss(&theta, &[], Rows::Train(&all)), evaluator.loss(&theta, &[], Rows::AllTrain));
    assert!(evaluator.loss(&theta, &[], Rows::Train(&[])).mean.is_nan());
}

#[test]
fn a_tiny_loss_keeps_its_digits() {
    let problem = problem(Activation::Identity, &[], true, Scale::Unit);
    // Softmax regression on biases alone: class 0 leads by 30 nats.
    let mut theta = vec![0.0; problem.n_parameters()];
    theta[640] = 30.0;
    let row = problem.data().train.labels().iter().position(|&label| label == 0).unwrap() as u32;
    let mut gradient = vec![0.0; theta.len()];
    let found = Evaluator::new(&problem).gradient(&theta, Rows::Train(&[row]), &mut gradient);
    let wanted = 9.0 * libm::exp(-30.0);
    assert!((found.loss.mean / wanted - 1.0).abs() < 1e-6, "{}", found.loss.mean);
    assert!((gradient[640] / -wanted - 1.0).abs() < 1e-6, "{}", gradient[640]);
}
