//! The engine beside PyTorch in float64; `fixtures/make_pytorch.py` made the table.
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

mod support;

use serde_json::Value;
use support::{digits_problem, norm};
use traipse_nn::{Evaluator, Problem, Rows, Step, Trainer};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::{BatchSize, Init};

const TABLE: &str = include_str!("fixtures/pytorch.json");

fn problem(table: &Value, case: &Value) -> Problem {
    let mut settings = RunSettings::default();
    settings.model.activation = serde_json::from_value(case["activation"].clone()).unwrap();
    settings.model.hidden = serde_json::from_value(case["hidden"].clone()).unwrap();
    settings.model.bias = case["bias"].as_bool().unwrap();
    settings.model.init = Init::GlorotUniform;
    settings.train.batch_size = BatchSize::Rows(case["batch_size"].as_u64().unwrap() as u32);
    settings.train.momentum = case["momentum"].as_f64().unwrap();
    settings.train.weight_decay = case["weight_decay"].as_f64().unwrap();
    settings.train.learning_rate = table["rate"].as_f64().unwrap();
    let seed = table["seed"].as_u64().unwrap();
    (settings.streams.init_seed, settings.streams.order_seed) = (seed, seed);
    digits_problem(&settings)
}

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn distance(found: &[f32], wanted: &[f64]) -> f64 {
    assert_eq!(found.len(), wanted.len());
    norm(found.iter().zip(wanted).map(|(&f, w)| f64::from(f) - w)) / norm(wanted.iter().copied())
}

#[test]
fn loss_gradient_and_ten_steps_are_pytorchs() {
    let table: Value = serde_json::from_str(TABLE).unwrap();
    for case in table["cases"].as_array().unwrap() {
        let label = &case["activation"];
        let problem = problem(&table, case);
        let mut trainer = Trainer::<f32>::new(&problem);
        let mut theta = vec![0.0; problem.n_parameters()];
        trainer.parameters_into(&mut theta);
        // Equal but for the last bit that reading a decimal may lose.
        assert!(distance(&theta, &floats(&case["start"])) < 1e-15, "{label}: initial weights");

        let rows: Vec<u32> = (0..table["evaluated"].as_u64().unwrap() as u32).collect();
        let mut gradient = theta.clone();
        let found = Evaluator::new(&problem).gradient(&theta, Rows::Train(&rows), &mut gradient);
        let loss = case["loss"].as_f64().unwrap();
        assert!((found.loss.mean / loss - 1.0).abs() < 1e-6, "{label}: loss {} is not {loss}", found.loss.mean);
        let error = distance(&gradient, &floats(&case["gradient"]));
        assert!(error < 1e-6, "{label}: gradient off by {error}");

        for (step, wanted) in floats(&case["losses"]).into_iter().enumerate() {
            assert_eq!(trainer.step(), Step::Ok);
            let loss = trainer.take_sums().batch_loss;
            assert!((loss / wanted - 1.0).abs() < 2e-6, "{label}, step {step}: {loss} is not {wanted}");
        }
        trainer.parameters_into(&mut theta);
        let error = distance(&theta, &floats(&case["end"]));
        assert!(error < 1e-6, "{label}: weights off by {error} after ten steps");
    }
}
