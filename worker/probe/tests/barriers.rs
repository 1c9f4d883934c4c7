//! Barriers, predictions and alignment of small trained networks against PyTorch and SciPy
//! (`fixtures/make_barriers.py`): 1e-8 in f64, 1e-4 in f32.
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

use std::sync::Arc;

use serde_json::Value;
use traipse_nn::data::{Scaling, Split, Targets, Values};
use traipse_nn::{Dataset, Evaluator, Problem};
use traipse_probe::alignment::{Symmetry, match_weights};
use traipse_probe::predictions::Predictions;
use traipse_probe::segment::{Curve, Walk};
use traipse_probe::{Element, lanes};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::{Activation, BatchSize, Full, Loss};

fn floats(case: &Value, key: &str) -> Vec<f64> {
    case[key].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

fn number(case: &Value, key: &str) -> f64 {
    case[key].as_f64().unwrap()
}

fn problem(case: &Value) -> Problem {
    let mut settings = RunSettings::default();
    settings.model.hidden = vec![number(case, "hidden") as u32];
    settings.model.activation = if case["activation"] == "tanh" { Activation::Tanh } else { Activation::Relu };
    settings.train.loss = if case["loss"] == "mse" { Loss::Mse } else { Loss::CrossEntropy };
    settings.train.batch_size = BatchSize::Full(Full::Full);
    let n_features = number(case, "n_features") as usize;
    let examples = floats(case, "examples").iter().map(|&value| value as f32).collect();
    let labels = floats(case, "labels").iter().map(|&label| label as u8).collect();
    let split = Split::new(n_features, Values::Floats(examples), Targets::Classes(labels));
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

/// The largest error of a curve against the oracle's, relative to its highest loss; of distances, relative to them.
fn curve_error<T: Element>(problem: &Problem, ends: [&[T]; 2], wanted: &Value, n_interior: u32) -> f64 {
    let rows: Vec<u32> = (0..problem.data().train.len() as u32).collect();
    let walk = Walk { n_interior, rows: &rows, with_test: true };
    let curve = Curve::between(problem, &mut Evaluator::new(problem), ends, &walk);
    let barriers = curve.barriers().unwrap();
    let losses = floats(wanted, "losses");
    let scale = losses.iter().copied().fold(0.0, f64::max);
    let mut worst: f64 = 0.0;
    for (found, wanted) in [&curve.train_loss, &curve.test_loss].into_iter().flatten().zip(losses.iter().cycle()) {
        worst = worst.max((found - wanted).abs() / scale);
    }
    let named = [
        ("mean", barriers.mean),
        ("chord", barriers.chord),
        ("max", barriers.max),
        ("min_second_difference", barriers.min_second_difference),
    ];
    for (key, found) in named {
        worst = worst.max((found - number(wanted, key)).abs() / scale);
    }
    if size_of::<T>() == size_of::<f64>() {
        // In f32 an example on the border between two classes may fall on the other side.
        assert_eq!(curve.train_error, floats(wanted, "errors"));
    }
    let distance = number(wanted, "distance");
    worst.max((lanes::distance_square(ends[0], ends[1]).sqrt() - distance).abs() / distance)
}

/// The largest relative error over all cases.
fn worst<T: Element>() -> f64 {
    let cases: Vec<Value> = serde_json::from_str(include_str!("fixtures/barriers.json")).unwrap();
    let mut worst: f64 = 0.0;
    for case in &cases {
        let problem = problem(case);
        let n_interior = number(case, "n_interior") as u32;
        let [a, b] = ["a", "b"].map(|key| floats(case, key).into_iter().map(T::of).collect::<Vec<T>>());
        worst = worst.max(curve_error(&problem, [&a, &b], &case["raw"], n_interior));

        let matching = match_weights(problem.network(), &a, &b, 0).unwrap();
        let order: Vec<usize> = floats(case, "order").iter().map(|&unit| unit as usize).collect();
        assert_eq!(matching.permutations, [order], "one hidden layer is one assignment problem");
        let aligned = Symmetry::of(problem.network()).unwrap().permute(&matching.permutations, &b);
        worst = worst.max(curve_error(&problem, [&a, &aligned], &case["aligned"], n_interior));

        let mut evaluator = Evaluator::new(&problem);
        let [a, b] = [a, b].map(|theta| Predictions::at(&problem, &mut evaluator, &theta, &[]).unwrap());
        assert_eq!(a.disagreement(&b), number(case, "disagreement"));
        match (case["loss"] == "mse", a.symmetrised_divergence(&b)) {
            (true, divergence) => assert!(divergence.is_err(), "outputs of mse are no logits"),
            (false, divergence) => {
                let wanted = number(case, "divergence");
                worst = worst.max((divergence.unwrap() - wanted).abs() / wanted);
            }
        }
    }
    worst
}

#[test]
fn pairs_agree_with_pytorch() {
    let (double, single) = (worst::<f64>(), worst::<f32>());
    assert!(double < 1e-8, "{double:e}");
    assert!(single < 1e-4, "{single:e}");
}
