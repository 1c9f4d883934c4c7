//! Whole trainings by every optimiser and schedule beside PyTorch's in float64; `fixtures/make_optimizers.py` made the
//! table.
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod fixture;
mod support;

use fixture::{distance, floats};
use serde_json::{Value, json};
use support::{digits_problem, norm};
use traipse_nn::{Evaluator, Problem, Rows, Step, Trainer};

const TABLE: &str = include_str!("fixtures/optimizers.json");
/// ‖ours − theirs‖ / ‖theirs‖ that is allowed after some forty steps.
const ALLOWED: f64 = 1e-11;

fn problem(table: &Value, case: &Value) -> Problem {
    let (mut model, mut train) = (case["model"].clone(), case["train"].clone());
    model["init"] = json!("lecun-uniform");
    train["precision"] = json!("f64");
    let streams = json!({ "init_seed": table["seed"], "order_seed": table["seed"] });
    let settings = json!({ "model": model, "train": train, "streams": streams });
    digits_problem(&serde_json::from_value(settings).unwrap())
}

fn theta(trainer: &Trainer<f64>, problem: &Problem) -> Vec<f64> {
    let mut theta = vec![0.0; problem.n_parameters()];
    trainer.parameters_into(&mut theta);
    theta
}

#[test]
fn trainings_of_dense_networks_are_pytorchs() {
    compare("mlp");
}

/// With batch norm, and with dropout, crops and mirrors drawn here and there from the same streams.
#[test]
fn trainings_of_convolutional_networks_are_pytorchs() {
    compare("cnn");
}

fn compare(kind: &str) {
    let table: Value = serde_json::from_str(TABLE).unwrap();
    let mut wrong = Vec::new();
    for case in table["cases"].as_array().unwrap().iter().filter(|case| case["model"]["kind"] == kind) {
        let errors = follow(&table, case);
        let is_wrong = |error: f64| error.is_nan() || error > ALLOWED;
        wrong.extend(errors.into_iter().filter(|(_, error)| is_wrong(*error)).map(|found| (&case["name"], found)));
    }
    assert!(wrong.is_empty(), "off by more than {ALLOWED}: {wrong:#?}");
}

/// How far a training is from PyTorch's, in all that can be seen of it.
fn follow(table: &Value, case: &Value) -> Vec<(&'static str, f64)> {
    let problem = problem(table, case);
    let mut trainer = Trainer::<f64>::new(&problem);
    let start = floats(&table["starts"][case["model"]["kind"].as_str().unwrap()]);
    let mut errors = vec![("start", distance(&theta(&trainer, &problem), &start))];
    let (mut rates, mut losses) = (Vec::new(), Vec::new());
    let wanted = floats(&case["losses"]);
    assert_eq!(problem.course().total_steps, wanted.len() as u64);
    for _ in &wanted {
        rates.push(trainer.learning_rate());
        assert_eq!(trainer.step(), Step::Ok);
        losses.push(trainer.take_sums().batch_loss);
    }
    errors.push(("rates", distance(&rates, &floats(&case["rates"]))));
    errors.push(("losses", distance(&losses, &wanted)));
    errors.push(("end", distance(&theta(&trainer, &problem), &floats(&case["end"]))));
    if case.get("buffers").is_some() {
        errors.push(("buffers", distance(trainer.buffers(), &floats(&case["buffers"]))));
    }
    errors
}

#[test]
fn lbfgs_reaches_the_minimum_of_a_convex_problem() {
    let table: Value = serde_json::from_str(TABLE).unwrap();
    let mut case = table["minimum"].clone();
    case["train"]["epochs"] = json!(300);
    let problem = problem(&table, &case);
    let mut trainer = Trainer::<f64>::new(&problem);
    for _ in 0..problem.course().total_steps {
        assert_eq!(trainer.step(), Step::Ok);
    }
    let theta = theta(&trainer, &problem);
    let mut gradient = theta.clone();
    let found = Evaluator::new(&problem).gradient(&theta, Rows::AllTrain, &mut gradient);
    problem.add_penalty_gradient(&theta, &mut gradient);
    let size = norm(gradient);
    assert!(size < 1e-10, "‖g‖ = {size}");
    let objective = found.loss.mean + problem.penalty(&theta);
    let wanted = case["objective"].as_f64().unwrap();
    assert!((objective / wanted - 1.0).abs() < 1e-14, "{objective} is not {wanted}");
    let error = distance(&theta, &floats(&case["theta"]));
    assert!(error < 1e-8, "the place is off by {error}");
}
