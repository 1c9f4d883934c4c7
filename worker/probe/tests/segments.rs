//! Segments through losses that are known: a product of two weights, a linear regression, a network with batch norm.
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod support;

use support::{digits_problem, regression, start};
use traipse_nn::{Evaluator, Problem, Rows, Step, Trainer, probe_order};
use traipse_probe::Element;
use traipse_probe::segment::{Curve, Walk};
use traipse_sweep::settings::Norm;

fn between<T: Element>(problem: &Problem, ends: [&[f64]; 2], n_interior: u32) -> Curve {
    let ends = ends.map(|end| end.iter().map(|&value| T::of(value)).collect::<Vec<T>>());
    let rows = probe_order(problem.data());
    let walk = Walk { n_interior, rows: &rows, with_test: true };
    Curve::between(problem, &mut Evaluator::<T>::new(problem), [&ends[0], &ends[1]], &walk)
}

/// (uv − 1)²/2 as a network: one input 1, one hidden unit, target 1, no biases.
#[test]
fn a_product_of_two_weights_has_a_barrier_between_its_valleys() {
    let problem = regression(&[1.0], &[1.0], |settings| {
        (settings.model.hidden, settings.model.bias) = (vec![1], false);
    });
    for (ends, wanted) in [([[1.0, 1.0], [-1.0, -1.0]], 0.5), ([[2.0, 0.5], [0.5, 2.0]], 0.158_203_125)] {
        for curve in
            [between::<f32>(&problem, [&ends[0], &ends[1]], 25), between::<f64>(&problem, [&ends[0], &ends[1]], 25)]
        {
            let found = curve.barriers().unwrap();
            assert!((found.chord - wanted).abs() < 1e-7 && (found.mean - wanted).abs() < 1e-7, "{found:?}");
            assert_eq!(found.violations, 25);
            assert!(curve.loss_error < 1e-7 && curve.train_error.iter().all(|error| error.is_nan()));
            assert_eq!(curve.test_loss, curve.train_loss, "the same examples");
        }
    }
}

#[test]
fn a_linear_regression_is_an_exact_parabola() {
    let x = [1.0, 0.5, -0.25, 2.0, -1.5, 0.75];
    let problem = regression(&x, &[0.3, -0.1, 0.8], |settings| settings.model.hidden = vec![]);
    let curve = between::<f64>(&problem, [&[3.0, -2.0, 1.0], &[-1.0, 0.5, 0.25]], 9);
    let bends: Vec<f64> = curve.train_loss.windows(3).map(|v| v[0] - 2.0 * v[1] + v[2]).collect();
    assert!(bends.iter().all(|bend| (bend - bends[0]).abs() < 1e-12 && *bend > 0.0), "{bends:?}");
    let found = curve.barriers().unwrap();
    assert!(found.chord < 0.0 && found.max < 0.0 && found.violations == 0);
    assert!(found.mean <= 0.5 * (curve.train_loss[0] - curve.train_loss[10]).abs());
}

#[test]
fn ends_are_what_the_evaluator_says_and_errors_are_small() {
    let problem = digits_problem(|settings| settings.model.hidden = vec![12]);
    let (from, to) = (start(&problem, 0), start(&problem, 1));
    let curve = between::<f32>(&problem, [&from, &to], 5);
    let rows = probe_order(problem.data());
    for (theta, at) in [(from, 0), (to, 6)] {
        let theta: Vec<f32> = theta.iter().map(|&value| value as f32).collect();
        let found = Evaluator::<f32>::new(&problem).loss(&theta, &[], Rows::Train(&rows));
        assert_eq!((found.mean, found.error), (curve.train_loss[at], curve.train_error[at]));
    }
    assert!(curve.loss_error > 0.0 && curve.loss_error < 1e-5, "{}", curve.loss_error);
    let exact = between::<f64>(&problem, [&start(&problem, 0), &start(&problem, 1)], 5);
    assert!(exact.loss_error < 1e-13, "{}", exact.loss_error);
}

/// With statistics of its own, halfway between a trained network and itself is that network.
#[test]
fn batch_norm_is_settled_at_every_point() {
    let problem = digits_problem(|settings| (settings.model.hidden, settings.model.norm) = (vec![16], Norm::Batch));
    let mut trainer = Trainer::<f64>::new(&problem);
    for _ in 0..60 {
        assert_eq!(trainer.step(), Step::Ok);
    }
    let mut theta = vec![0.0; problem.n_parameters()];
    trainer.parameters_into(&mut theta);
    let still = between::<f64>(&problem, [&theta, &theta], 2);
    assert!(still.train_loss.iter().all(|loss| (loss - still.train_loss[0]).abs() < 1e-12));
    let running = Evaluator::<f64>::new(&problem).loss(&theta, trainer.buffers(), Rows::AllTrain).mean;
    assert!((still.train_loss[0] / running - 1.0).abs() < 0.2, "{} and {running}", still.train_loss[0]);
    assert!(still.loss_error < 1e-12);
}
