//! Runs the NumPy program of `docs/reproduce.md` and compares it with the engine.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests may unwrap, and say why they did nothing"
)]

mod support;

use std::process::{Command, Stdio};

use serde_json::Value;
use support::{digits_problem, norm};
use traipse_nn::{Evaluator, Rows, Step, Trainer, epoch_order};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::{BatchSize, Streams};

const PAGE: &str = include_str!("../../../docs/reproduce.md");

/// A Python that imports NumPy, if there is one.
fn python() -> Option<String> {
    let python = std::env::var("TRAIPSE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let try_numpy = Command::new(&python).args(["-c", "import numpy"]).stderr(Stdio::null()).status();
    try_numpy.is_ok_and(|status| status.success()).then_some(python)
}

fn program() -> &'static str {
    PAGE.split_once("```python\n").unwrap().1.split_once("```").unwrap().0
}

fn settings() -> RunSettings {
    let mut settings = RunSettings::default();
    settings.model.hidden = vec![32];
    settings.train.momentum = 0.9;
    settings.train.weight_decay = 0.001;
    settings.train.batch_size = BatchSize::Rows(64);
    settings.train.epochs = Some(2);
    settings.streams = Streams { seed: 7, init_seed: 7, order_seed: 7, branch: 0 };
    settings
}

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

#[test]
fn numpy_follows_the_engine_value_by_value() {
    let Some(python) = python() else {
        eprintln!("SKIPPED: no Python with NumPy (set TRAIPSE_PYTHON to one); docs/reproduce.md was not run");
        return;
    };
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/data/digits.u8.gz");
    let output = Command::new(python).args(["-c", program(), data]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let wanted: Value = serde_json::from_slice(&output.stdout).unwrap();

    let problem = digits_problem(&settings());
    for epoch in 0..2 {
        let order: Vec<f64> = epoch_order(&problem, epoch).into_iter().map(f64::from).collect();
        assert_eq!(order, floats(&wanted["order"][epoch as usize]), "the order of epoch {epoch}");
    }
    let mut trainer = Trainer::<f32>::new(&problem);
    let mut theta = vec![0.0f32; problem.n_parameters()];
    trainer.parameters_into(&mut theta);
    for (i, (&found, wanted)) in theta.iter().zip(floats(&wanted["initial"])).enumerate() {
        let unit = f32::EPSILON * found.abs();
        assert!((f64::from(found) - wanted).abs() <= f64::from(unit), "initial weight {i}: {found} is not {wanted}");
    }
    for (step, wanted) in floats(&wanted["losses"]).into_iter().enumerate() {
        assert_eq!(trainer.step(), Step::Ok);
        let found = trainer.take_sums().batch_loss;
        assert!((found - wanted).abs() < 1e-5, "loss of step {step}: {found} is not {wanted}");
    }
    trainer.parameters_into(&mut theta);
    let last = floats(&wanted["final"]);
    assert!(norm(theta.iter().zip(&last).map(|(&a, b)| f64::from(a) - b)) < 1e-5 * norm(last.iter().copied()));
    let test = Evaluator::new(&problem).loss(&theta, &[], Rows::Test).mean;
    assert!((test - wanted["test_loss"].as_f64().unwrap()).abs() < 1e-5);
}
