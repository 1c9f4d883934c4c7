//! The curvature probes against dense Hessians by JAX (`fixtures/make_hessians.py`): 1e-8 in f64, 1e-4 in f32.
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

use std::sync::Arc;

use serde_json::Value;
use traipse_nn::data::{Scaling, Split, Targets, Values};
use traipse_nn::{Dataset, Problem, Rows};
use traipse_probe::Element;
use traipse_probe::curvature::certificate::certificate;
use traipse_probe::curvature::density::Quadrature;
use traipse_probe::curvature::trace::{self, Matrix};
use traipse_probe::curvature::{Extremes, Objective};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::{Activation, BatchSize, Full, Loss};
use traipse_sweep::spec::TraceMethod;
use traipse_sweep::streams::{Philox, Purpose};

/// Largest relative errors of one kind of number over all cases.
#[derive(Default)]
struct Worst(Vec<(String, f64)>);

impl Worst {
    /// Errors are relative to the value, or to `scale` where that is larger.
    fn see(&mut self, what: &str, found: f64, wanted: f64, scale: f64) {
        let error = (found - wanted).abs() / wanted.abs().max(scale);
        match self.0.iter_mut().find(|(known, _)| known == what) {
            Some((_, worst)) => *worst = worst.max(error),
            None => self.0.push((what.to_owned(), error)),
        }
    }

    fn assert_below(&self, tolerance: f64) {
        for (what, error) in &self.0 {
            assert!(*error < tolerance, "{what} is off by {error:e}");
        }
    }
}

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("fixtures/hessians.json")).unwrap()
}

fn floats(case: &Value, key: &str) -> Vec<f64> {
    case[key].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

fn number(case: &Value, key: &str) -> f64 {
    case[key].as_f64().unwrap()
}

fn narrow<T: Element>(values: &[f64]) -> Vec<T> {
    values.iter().map(|&value| T::of(value)).collect()
}

fn problem(case: &Value) -> Problem {
    let mut settings = RunSettings::default();
    settings.model.hidden = floats(case, "hidden").iter().map(|&width| width as u32).collect();
    settings.model.activation = if case["activation"] == "tanh" { Activation::Tanh } else { Activation::Relu };
    settings.train.loss = if case["loss"] == "mse" { Loss::Mse } else { Loss::CrossEntropy };
    settings.train.batch_size = BatchSize::Full(Full::Full);
    settings.train.weight_decay = number(case, "weight_decay");
    let n_features = number(case, "n_features") as usize;
    let labels = floats(case, "labels").iter().map(|&label| label as u8).collect();
    let split = Split::new(n_features, Values::Floats(narrow(&floats(case, "examples"))), Targets::Classes(labels));
    let data = Dataset {
        n_features,
        n_classes: number(case, "n_classes") as usize,
        image: None,
        train: split.clone(),
        test: split,
        scaling: Scaling::NONE,
        scalings: vec![Scaling::NONE],
        hash: String::new(),
    };
    Problem::new(&settings, Arc::new(data)).unwrap()
}

fn check<T: Element>(case: &Value, worst: &mut Worst) {
    let problem = problem(case);
    let theta: Vec<T> = narrow(&floats(case, "theta"));
    let mut objective = Objective::at(&problem, &theta, Rows::AllTrain);
    let values = floats(case, "eigenvalues");
    let mut draws = Philox::new(0, Purpose::HessianStart).at(0);
    let product = &mut |direction: &[T], out: &mut [T]| objective.hessian(direction, out);
    let ends = Extremes::of(product, theta.len(), 10, theta.len(), &mut draws).unwrap();
    assert!(ends.is_converged && ends.top.len() == 10);
    for (pair, &wanted) in ends.top.iter().zip(&values) {
        worst.see("top", pair.value, wanted, 0.0);
        // An eigenvalue lies as near as the residual says.
        assert!((pair.value - wanted).abs() <= pair.residual + 1e-6 * f64::from(f32::EPSILON));
    }
    worst.see("bottom", ends.bottom.value, values[values.len() - 1], 0.0);
    worst.see("residual", ends.bottom.residual / values[0], 0.0, 1.0);
    let along = objective.gauss_newton_along(&ends.top[0].vector).unwrap();
    worst.see("top, Gauss–Newton", along, number(case, "gauss_newton_top"), 0.0);
    let along = objective.gauss_newton_along(&ends.bottom.vector).unwrap();
    worst.see("bottom, Gauss–Newton", along, number(case, "gauss_newton_bottom"), 0.0);

    // An overlap is a share of 1.
    let mut direction = vec![T::ZERO; theta.len()];
    objective.gradient(&theta, &mut direction);
    worst.see("along gradient", objective.along(&direction).unwrap(), number(case, "gradient_curvature"), 0.0);
    worst.see("overlap of gradient", ends.overlap(&direction).unwrap(), number(case, "gradient_overlap_10"), 1.0);
    let travel: Vec<T> = narrow(&floats(case, "travel"));
    worst.see("along travel", objective.along(&travel).unwrap(), number(case, "travel_curvature"), 0.0);
    worst.see("overlap of travel", ends.overlap(&travel).unwrap(), number(case, "travel_overlap_10"), 1.0);
}

#[test]
fn both_ends_and_directions_in_double_precision() {
    let mut worst = Worst::default();
    cases().iter().for_each(|case| check::<f64>(case, &mut worst));
    worst.assert_below(1e-8);
}

#[test]
fn both_ends_and_directions_in_single_precision() {
    let mut worst = Worst::default();
    cases().iter().for_each(|case| check::<f32>(case, &mut worst));
    worst.assert_below(1e-4);
}

/// The lowest Ritz vector of a subset, found in f32, and its form on the whole set in f64. An error of the vector by a
/// millionth moves the form of the whole set by as much, since the vector is no eigenvector there.
#[test]
fn certificates_of_a_subsets_vector() {
    let mut worst = Worst::default();
    for case in &cases() {
        let problem = problem(case);
        let wide = floats(case, "theta");
        let theta: Vec<f32> = narrow(&wide);
        let rows: Vec<u32> = (0..number(case, "n_probe") as u32).collect();
        let mut objective = Objective::at(&problem, &theta, Rows::Train(&rows));
        let product = &mut |direction: &[f32], out: &mut [f32]| objective.hessian(direction, out);
        let ends = Extremes::of(product, theta.len(), 1, theta.len(), &mut Philox::new(0, Purpose::HessianStart).at(0))
            .unwrap();
        let vector: Vec<f64> = ends.bottom.vector.iter().map(|&entry| f64::from(entry)).collect();
        let found = certificate(&problem, &wide, &vector).unwrap();
        let largest = floats(case, "eigenvalues")[0];
        worst.see("certificate", found / largest, number(case, "certificate_of_probe") / largest, 1.0);
    }
    worst.assert_below(1e-4);
}

/// In f64 with as many samples as parameters, Hutch++ has the whole space in its sketch, and the quadrature all moments.
#[test]
fn traces_and_moments() {
    let mut worst = Worst::default();
    for case in &cases() {
        let problem = problem(case);
        let theta = floats(case, "theta");
        let d = theta.len();
        let mut objective = Objective::at(&problem, &theta, Rows::AllTrain);
        let mut draws = Philox::new(0, Purpose::TraceSigns).at(0);
        let product = &mut |matrix: Matrix, direction: &[f64], out: &mut [f64]| match matrix {
            Matrix::Hessian => objective.hessian(direction, out),
            Matrix::GaussNewton => objective.gauss_newton(direction, out),
        };
        let whole = trace::estimate(product, d, TraceMethod::HutchPlusPlus, 3 * d, &mut draws).unwrap();
        worst.see("trace", whole.trace, number(case, "trace"), 0.0);
        worst.see("Frobenius", whole.frobenius, number(case, "frobenius"), 0.0);
        worst.see("Gauss–Newton trace", whole.gauss_newton, number(case, "gauss_newton_trace"), 0.0);

        for method in [TraceMethod::Hutchinson, TraceMethod::HutchPlusPlus] {
            let found = trace::estimate(product, d, method, 60, &mut draws).unwrap();
            let off = (found.trace - number(case, "trace")).abs() / found.standard_error.unwrap();
            assert!(off < 4.0, "{method:?} is off by {off} standard errors");
            assert!((found.frobenius / number(case, "frobenius") - 1.0).abs() < 0.2);
            let gauss_newton = found.gauss_newton / number(case, "gauss_newton_trace");
            assert!((gauss_newton - 1.0).abs() < 0.2, "{method:?} {gauss_newton}");
        }
        let product = &mut |direction: &[f64], out: &mut [f64]| objective.hessian(direction, out);
        let draw = Quadrature::draw(product, d, d, &mut draws).unwrap();
        let largest = *draw.nodes.last().unwrap();
        worst.see("largest node", largest, floats(case, "eigenvalues")[0], 0.0);
    }
    worst.assert_below(1e-8);
}
