//! Products with second derivatives against differences of gradients, and against each other.
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod support;

use support::{digits_problem, norm};
use traipse_nn::{Curvature, Evaluator, Problem, Rows, Trainer};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::{Activation, Loss};

const MEMORY: usize = 1 << 30;

fn problem(activation: Activation, loss: Loss) -> Problem {
    let mut settings = RunSettings::default();
    settings.model.hidden = vec![21, 9];
    settings.model.activation = activation;
    settings.train.loss = loss;
    settings.train.learning_rate = 0.01;
    digits_problem(&settings)
}

/// θ after a few steps, and two directions.
fn points(problem: &Problem) -> [Vec<f64>; 3] {
    let mut trainer = Trainer::<f64>::new(problem);
    for _ in 0..3 {
        let _ = trainer.step();
    }
    let mut theta = vec![0.0; problem.n_parameters()];
    trainer.parameters_into(&mut theta);
    let wave = |rate: f64| (0..theta.len()).map(|i| libm::sin(rate * (i as f64 + 1.0))).collect::<Vec<f64>>();
    let (first, second) = (wave(0.7), wave(1.3));
    [theta, first, second]
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The derivative of the gradient along v: central differences of fourth order.
fn difference(problem: &Problem, theta: &[f64], v: &[f64], rows: Rows<'_>) -> Vec<f64> {
    const STEP: f64 = 1e-5;
    let mut evaluator = Evaluator::<f64>::new(problem);
    let mut at = |sign: f64| {
        let moved: Vec<f64> = theta.iter().zip(v).map(|(t, v)| t + sign * STEP * v).collect();
        let mut gradient = vec![0.0; theta.len()];
        evaluator.gradient(&moved, rows, &mut gradient);
        gradient
    };
    let [a, b, c, d] = [1.0, -1.0, 2.0, -2.0].map(&mut at);
    (0..theta.len()).map(|i| (8.0 * (a[i] - b[i]) - (c[i] - d[i])) / (12.0 * STEP)).collect()
}

#[test]
fn hessian_products_are_differences_of_gradients() {
    for activation in [Activation::Tanh, Activation::Gelu, Activation::Silu, Activation::Sigmoid, Activation::Identity]
    {
        for loss in [Loss::CrossEntropy, Loss::Mse] {
            let problem = problem(activation, loss);
            let [theta, v, _] = points(&problem);
            let rows: Vec<u32> = (0..77).collect();
            let mut found = vec![0.0; theta.len()];
            let mut curvature = Curvature::at(&problem, &theta, Rows::Train(&rows), MEMORY);
            curvature.hessian(&[&v], &mut [&mut found]);
            let wanted = difference(&problem, &theta, &v, Rows::Train(&rows));
            let error = norm(found.iter().zip(&wanted).map(|(a, b)| a - b)) / norm(wanted.iter().copied());
            assert!(error < 1e-8, "{activation:?} {loss:?}: {error}");
        }
    }
}

#[test]
fn the_hessian_is_symmetric_and_gauss_newton_is_positive() {
    let problem = problem(Activation::Relu, Loss::CrossEntropy);
    let [theta, v, w] = points(&problem);
    let mut curvature = Curvature::at(&problem, &theta, Rows::AllTrain, MEMORY);
    let mut products = [vec![0.0; theta.len()], vec![0.0; theta.len()]];
    let [first, second] = &mut products;
    curvature.hessian(&[&v, &w], &mut [first, second]);
    let (a, b) = (dot(&w, &products[0]), dot(&v, &products[1]));
    assert!((a / b - 1.0).abs() < 1e-12, "{a} {b}");
    let [first, second] = &mut products;
    curvature.gauss_newton(&[&v, &w], &mut [first, second]);
    assert!(dot(&v, &products[0]) > 0.0 && dot(&w, &products[1]) > 0.0);
    // Jᵀ H J through J itself: the mean of the logits' tangents under the softmax's covariance.
    let n_outputs = problem.n_outputs();
    let mut tangents = vec![0.0; problem.data().train.len() * n_outputs];
    curvature.jacobian(&v, &mut tangents);
    assert!(norm(tangents.iter().copied()) > 0.0);
}

#[test]
fn products_do_not_depend_on_what_is_kept() {
    let problem = problem(Activation::Gelu, Loss::CrossEntropy);
    let [theta, v, w] = points(&problem);
    let theta: Vec<f32> = theta.iter().map(|&t| t as f32).collect();
    let (v, w): (Vec<f32>, Vec<f32>) = (v.iter().map(|&v| v as f32).collect(), w.iter().map(|&w| w as f32).collect());
    let bits = |memory: usize| {
        let mut curvature = Curvature::at(&problem, &theta, Rows::AllTrain, memory);
        let mut products = vec![vec![0.0f32; theta.len()]; 6];
        let [a, b, c, d, e, _] = &mut products[..] else { unreachable!() };
        curvature.hessian(&[&v, &w], &mut [a, b]);
        curvature.gauss_newton(&[&v, &w], &mut [c, d]);
        curvature.gradient(e);
        let mut logits = vec![0.0f32; problem.data().train.len() * problem.n_outputs()];
        curvature.jacobian(&v, &mut logits);
        products.push(logits);
        products.concat().iter().map(|value| value.to_bits()).collect::<Vec<_>>()
    };
    assert_eq!(bits(0), bits(MEMORY));
}
