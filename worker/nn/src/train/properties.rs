//! Of random small networks: the same bits on every instruction set, twice, and in any chunks.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use serde_json::{Value, json};
use traipse_sweep::RunSettings;

use crate::data::{Dataset, digits};
use crate::kernels::{Isa, Real};
use crate::{Curvature, Evaluator, Problem, Rows, Trainer};

static DATA: LazyLock<Arc<Dataset>> = LazyLock::new(|| Arc::new(digits(&RunSettings::default().data).unwrap()));

/// Networks of every kind of layer; norms, dropout and activations are drawn.
fn models() -> Vec<Value> {
    vec![
        json!({"kind": "mlp", "hidden": [19, 8]}),
        json!({"kind": "mlp", "hidden": [40], "bias": false}),
        json!({"kind": "resnet", "layers": ["dense 9", "block 9", "dropout 0.4", "block 12"]}),
        json!({"kind": "resnet", "layers": ["block 5", "block 5", "pool max 2", "block 7 stride 2", "pool global"]}),
        json!({"kind": "resnet", "layers": ["pool average 2", "block 1", "dropout 0.1", "dense 6"]}),
        json!({"kind": "cnn", "layers": ["conv 6 3x3 pad 1", "pool max 2", "dropout 0.2", "conv 4 3x3", "dense 11"]}),
        json!({"kind": "cnn", "layers": ["dropout 0.1", "conv 9 2x2 stride 2", "pool average 3 stride 1", "dense 7"]}),
    ]
}

fn settings() -> impl Strategy<Value = RunSettings> {
    let model = prop::sample::select(models());
    let norm = prop::sample::select(vec!["none", "batch", "layer"]);
    let activation = prop::sample::select(vec!["relu", "tanh", "gelu", "silu", "sigmoid", "identity"]);
    let loss = prop::sample::select(vec!["cross-entropy", "mse"]);
    let augment = prop::sample::select(vec![json!([]), json!(["crop4", "flip"])]);
    let batch = prop::sample::select(vec![20, 61, 300]);
    (model, norm, activation, loss, augment, batch, 0u8..3, any::<bool>()).prop_map(
        |(mut model, norm, activation, loss, augment, batch, drop, momentum)| {
            model["norm"] = json!(norm);
            model["activation"] = json!(activation);
            model["dropout"] = json!(if model["kind"] == "mlp" { 0.25 * f64::from(drop) } else { 0.0 });
            let momentum = if momentum { 0.9 } else { 0.0 };
            let train = json!({"loss": loss, "augment": augment, "batch_size": batch, "momentum": momentum,
                               "learning_rate": 0.02, "weight_decay": 0.01});
            serde_json::from_value(json!({"model": model, "train": train})).unwrap()
        },
    )
}

/// Weights after three steps, running statistics, losses, a gradient and products there.
fn bits<T: Real>(settings: &RunSettings, isa: Isa) -> Vec<u64> {
    let problem = Problem::new(settings, Arc::clone(&DATA)).unwrap();
    let mut trainer = Trainer::<T>::with_isa(&problem, isa);
    for _ in 0..3 {
        let _ = trainer.step();
    }
    let mut theta = vec![T::ZERO; problem.n_parameters()];
    trainer.parameters_into(&mut theta);
    let rows: Vec<u32> = (0..70).collect();
    let rows = Rows::Train(&rows);
    let mut evaluator = Evaluator::<T>::with_isa(&problem, isa);
    let [mut gradient, mut hessian, mut gauss] = [(); 3].map(|()| theta.clone());
    let found = evaluator.gradient(&theta, rows, &mut gradient);
    let loss = evaluator.loss(&theta, trainer.buffers(), rows);
    let mut curvature = Curvature::<T>::with_isa(&problem, &theta, rows, usize::MAX, isa);
    curvature.hessian(&[&gradient], &mut [&mut hessian]);
    curvature.gauss_newton(&[&gradient], &mut [&mut gauss]);
    let sums = trainer.take_sums();
    let reported = [found.loss.mean, loss.mean, loss.error, sums.length, sums.square, sums.batch_loss];
    let values = [theta, gradient, hessian, gauss].into_iter().flatten().map(T::wide);
    values.chain(trainer.buffers().iter().copied()).chain(reported).map(f64::to_bits).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_instruction_set_gives_the_same_bits(settings in settings(), is_double in any::<bool>()) {
        let bits = |isa| if is_double { bits::<f64>(&settings, isa) } else { bits::<f32>(&settings, isa) };
        let all = Isa::available();
        let first = bits(all[0]);
        for &isa in all.iter().chain(&all[..1]) {
            prop_assert!(first == bits(isa), "{} is not {}", isa.name(), all[0].name());
        }
    }
}
