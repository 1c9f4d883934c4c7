//! The neighbourhood of a point: closed forms on a linear regression, and a small network beside PyTorch in f64.
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod support;

use std::convert::Infallible;
use std::sync::Arc;

use nalgebra::{DMatrix, DVector};
use serde_json::Value;
use support::{digits_problem, regression};
use traipse_nn::data::{Scaling, Split, Targets, Values};
use traipse_nn::{Dataset, Evaluator, Problem, Rows, probe_order};
use traipse_probe::noise::{self, Minibatches};
use traipse_probe::polish::{Polish, polish};
use traipse_probe::predictions::Predictions;
use traipse_probe::segment::{Curve, Walk};
use traipse_probe::sharpness::{self, Place};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::{Activation, BatchSize};
use traipse_sweep::streams::{Philox, Purpose};

const X: [f32; 12] = [1.0, 0.5, -0.25, 2.0, -1.5, 0.75, 0.25, -1.0, 1.5, 1.25, -0.5, -2.0];
const Y: [f32; 6] = [0.3, -0.1, 0.8, -0.6, 0.2, 1.1];

/// A linear regression of two inputs and a bias, its Hessian and its minimiser.
fn quadratic() -> (Problem, DMatrix<f64>, DVector<f64>) {
    let problem = regression(&X, &Y, |settings| settings.model.hidden = vec![]);
    let design = DMatrix::from_fn(6, 3, |row, column| if column < 2 { f64::from(X[2 * row + column]) } else { 1.0 });
    let targets = DVector::from_iterator(6, Y.iter().map(|&y| f64::from(y)));
    let hessian = design.transpose() * &design / 6.0;
    let minimiser = hessian.clone().lu().solve(&(design.transpose() * targets / 6.0)).unwrap();
    (problem, hessian, minimiser)
}

fn place<'a>(evaluator: &mut Evaluator<f64>, theta: &'a [f64], rows: &'a [u32], radius: f64) -> Place<'a, f64> {
    let loss = evaluator.loss(theta, &[], Rows::Train(rows)).mean;
    Place { theta, buffers: &[], loss, rows, radius }
}

fn polished(problem: &Problem, theta: &mut [f64], iterations: u32) -> Polish {
    polish(problem, theta, iterations, || Ok::<(), Infallible>(())).unwrap().unwrap()
}

#[test]
fn a_quadratic_rises_by_its_trace_at_random() {
    let (problem, hessian, minimiser) = quadratic();
    let mut evaluator = Evaluator::<f64>::new(&problem);
    let rows = probe_order(problem.data());
    let place = place(&mut evaluator, minimiser.as_slice(), &rows, 0.3);
    let streams = Philox::new(1, Purpose::SharpnessDirections);
    let found = sharpness::random(&mut evaluator, &place, 4000, |at| streams.at_part(0, u64::from(at))).unwrap();
    let (wanted, error) = (0.5 * 0.09 * hessian.trace() / 3.0, found.standard_error.unwrap());
    assert!((found.mean - wanted).abs() < 4.0 * error && error < 0.02 * wanted, "{found:?} is not {wanted}");
    let one = sharpness::random(&mut evaluator, &place, 1, |_| streams.at(0)).unwrap();
    assert_eq!(one.standard_error, None);
}

#[test]
fn a_quadratic_rises_along_its_gradient_by_slope_and_curvature() {
    let (problem, hessian, minimiser) = quadratic();
    let mut evaluator = Evaluator::<f64>::new(&problem);
    let rows = probe_order(problem.data());
    let away = &minimiser + DVector::from_row_slice(&[0.5, -1.0, 0.25]);
    let gradient = &hessian * (&away - &minimiser);
    let (norm, radius) = (gradient.norm(), 0.2);
    let curvature = gradient.dot(&(&hessian * &gradient)) / (norm * norm);
    let place = place(&mut evaluator, away.as_slice(), &rows, radius);
    let found = sharpness::ascent(&mut evaluator, &place).unwrap();
    assert!((found - (radius * norm + 0.5 * radius * radius * curvature)).abs() < 1e-12);
}

#[test]
fn a_regression_is_polished_to_its_least_squares() {
    let (problem, hessian, minimiser) = quadratic();
    let start = [2.0, -1.0, 0.5];
    let mut theta = start;
    let found = polished(&problem, &mut theta, 100);
    let off = DVector::from_row_slice(&start) - &minimiser;
    assert!(found.gradient_norm <= 1e-10 && found.iterations < 20, "{found:?}");
    assert!((found.distance - off.norm()).abs() < 1e-9);
    assert!((found.drop - 0.5 * off.dot(&(&hessian * &off))).abs() < 1e-10);
    assert!(theta.iter().zip(&minimiser).all(|(found, wanted)| (found - wanted).abs() < 1e-9));
    // From there nothing moves; with no budget neither.
    assert_eq!(polished(&problem, &mut theta, 100).iterations, 0);
    let still = polished(&problem, &mut start.clone(), 0);
    assert_eq!((still.distance, still.drop, still.iterations), (0.0, 0.0, 0));
    assert_eq!(polish(&problem, &mut theta.clone(), 3, || Err("stop")).unwrap_err(), "stop");
}

/// At weights of zero every class has the same probability.
#[test]
fn a_network_of_zeros_has_the_loss_of_guessing_and_the_gradient_of_the_shares() {
    let problem = digits_problem(|settings| settings.model.hidden = vec![]);
    let labels = problem.data().train.labels();
    let rows: Vec<u32> = (0..1000).collect();
    let theta = vec![0.0; problem.n_parameters()];
    let mut gradient = theta.clone();
    let mut evaluator = Evaluator::<f64>::new(&problem);
    noise::objective_gradient(&problem, &mut evaluator, &theta, &rows, &mut gradient);
    let loss = evaluator.loss(&theta, &[], Rows::Train(&rows)).mean;
    assert!((loss - libm::log(10.0)).abs() < 1e-14);
    for (class, value) in gradient[theta.len() - 10..].iter().enumerate() {
        let share = labels[..1000].iter().filter(|&&label| usize::from(label) == class).count() as f64 / 1000.0;
        assert!((value - (0.1 - share)).abs() < 1e-14);
    }
}

#[test]
fn single_precision_is_off_by_its_rounding() {
    let problem = digits_problem(|settings| settings.model.hidden = vec![20]);
    let theta: Vec<f32> = support::start(&problem, 0).into_iter().map(|value| value as f32).collect();
    let rows = probe_order(problem.data());
    let mut gradient = theta.clone();
    noise::objective_gradient(&problem, &mut Evaluator::<f32>::new(&problem), &theta, &rows, &mut gradient);
    let norm = gradient.iter().map(|&g| f64::from(g) * f64::from(g)).sum::<f64>().sqrt();
    let mut exact = Evaluator::<f64>::new(&problem);
    let error = noise::gradient_error(&problem, &mut exact, (&theta[..], &gradient[..]), &rows);
    assert!(error > 1e-10 * norm && error < 1e-5 * norm, "{error} of {norm}");
}

/// A table of PyTorch's, and the network that it is about.
struct Oracle {
    value: Value,
    problem: Problem,
}

impl Oracle {
    fn new() -> Self {
        let value: Value = serde_json::from_str(include_str!("fixtures/nearby.json")).unwrap();
        let mut settings = RunSettings::default();
        settings.model.hidden = vec![value["hidden"].as_u64().unwrap() as u32];
        settings.model.activation = Activation::Tanh;
        settings.train.batch_size = BatchSize::Rows(12);
        (settings.train.weight_decay, settings.train.decay_biases) = (value["decay"].as_f64().unwrap(), true);
        let split = |x: &str, labels: &str| {
            let classes = numbers(&value[labels]).into_iter().map(|label| label as u8).collect();
            let x = numbers(&value[x]).into_iter().map(|x| x as f32).collect();
            Split::new(4, Values::Floats(x), Targets::Classes(classes))
        };
        let data = Dataset {
            n_features: 4,
            n_classes: 3,
            image: None,
            train: split("x", "labels"),
            test: split("test_x", "test_labels"),
            scaling: Scaling::NONE,
            scalings: vec![Scaling::NONE],
            hash: String::new(),
        };
        Self { problem: Problem::new(&settings, Arc::new(data)).unwrap(), value }
    }

    fn floats(&self, key: &str) -> Vec<f64> {
        numbers(&self.value[key])
    }

    fn rows(&self) -> Vec<u32> {
        (0..self.problem.data().train.len() as u32).collect()
    }

    fn assert_near(&self, found: f64, path: &str) {
        let wanted = self.value.pointer(path).unwrap().as_f64().unwrap();
        assert!((found - wanted).abs() < 1e-8 * (0.1 + wanted.abs()), "{path}: {found} is not {wanted}");
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

#[test]
fn segments_are_pytorchs() {
    let oracle = Oracle::new();
    let (start, end, rows) = (oracle.floats("start"), oracle.floats("end"), oracle.rows());
    let mut evaluator = Evaluator::<f64>::new(&oracle.problem);
    let walk = Walk { n_interior: 10, rows: &rows, with_test: false };
    let curve = Curve::between(&oracle.problem, &mut evaluator, [&start, &end], &walk);
    for (at, value) in curve.train_loss.iter().enumerate() {
        oracle.assert_near(*value, &format!("/curve/{at}"));
    }
    let found = curve.barriers().unwrap();
    oracle.assert_near(found.mean, "/barriers/mean");
    oracle.assert_near(found.chord, "/barriers/chord");
    oracle.assert_near(found.max, "/barriers/max");
    oracle.assert_near(found.min_second_difference, "/barriers/min_second_difference");
    assert!(curve.test_loss.is_empty());
}

#[test]
fn sharpness_is_pytorchs() {
    let oracle = Oracle::new();
    let (end, rows) = (oracle.floats("end"), oracle.rows());
    let whole = |key: &str| oracle.value[key].as_u64().unwrap();
    let mut evaluator = Evaluator::<f64>::new(&oracle.problem);
    let place = place(&mut evaluator, &end, &rows, oracle.value["radius"].as_f64().unwrap());
    oracle.assert_near(sharpness::ascent(&mut evaluator, &place).unwrap(), "/ascent");
    let streams = Philox::new(whole("seed"), Purpose::SharpnessDirections);
    let draws = |at: u32| streams.at_part(whole("step"), u64::from(at));
    let found = sharpness::random(&mut evaluator, &place, whole("samples") as u32, draws).unwrap();
    oracle.assert_near(found.mean, "/random");
    oracle.assert_near(found.standard_error.unwrap(), "/random_se");
}

#[test]
fn minibatches_are_pytorchs() {
    let oracle = Oracle::new();
    let batches = oracle.value["minibatches"]["batches"].as_array().unwrap();
    let batches: Vec<Vec<u32>> =
        batches.iter().map(|batch| numbers(batch).into_iter().map(|row| row as u32).collect()).collect();
    let end = oracle.floats("end");
    let found = Minibatches::at(&mut Evaluator::<f64>::new(&oracle.problem), &end, &batches);
    let (mean, min) = found.cosines().unwrap();
    oracle.assert_near(mean, "/minibatches/mean");
    oracle.assert_near(min, "/minibatches/min");
    oracle.assert_near(found.noise_trace(), "/minibatches/noise_trace");
    // These batches are all examples, so their scatter estimates the trace that is known exactly.
    let mut gradient = end.clone();
    let known =
        Evaluator::<f64>::new(&oracle.problem).gradient(&end, Rows::AllTrain, &mut gradient).noise_trace.unwrap();
    assert!((found.noise_trace() / known - 1.0).abs() < 0.7, "{} and {known}", found.noise_trace());
}

#[test]
fn predictions_are_pytorchs() {
    let oracle = Oracle::new();
    let mut evaluator = Evaluator::<f64>::new(&oracle.problem);
    let [start, end] =
        ["start", "end"].map(|key| Predictions::at(&oracle.problem, &mut evaluator, &oracle.floats(key), &[]).unwrap());
    oracle.assert_near(end.disagreement(&start), "/disagreement");
    oracle.assert_near(end.divergence_from(&start).unwrap(), "/divergence");
    oracle.assert_near(end.symmetrised_divergence(&start).unwrap(), "/symmetrised");
}

#[test]
fn a_polish_ends_where_newtons_method_does() {
    let oracle = Oracle::new();
    let mut theta = oracle.floats("end");
    let found = polished(&oracle.problem, &mut theta, 2000);
    assert!(found.gradient_norm <= 1e-10, "{found:?}");
    oracle.assert_near(found.distance, "/polish/distance");
    oracle.assert_near(found.drop, "/polish/drop");
}
