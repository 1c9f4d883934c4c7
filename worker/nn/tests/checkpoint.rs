//! A training that was stopped, saved, restored and continued gives the same bits as one that was not, whatever its
//! settings; and no bytes make a checkpoint by accident.
#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use serde_json::json;
use traipse_nn::data::digits;
use traipse_nn::{CheckpointError, Dataset, Problem, Real, Step, Trainer};
use traipse_sweep::RunSettings;
use traipse_sweep::settings::{Optimizer, Schedule, ScheduleWord};

static DATA: LazyLock<Arc<Dataset>> = LazyLock::new(|| Arc::new(digits(&RunSettings::default().data).unwrap()));

fn problem(settings: &RunSettings) -> Problem {
    Problem::new(settings, Arc::clone(&DATA)).unwrap()
}

/// All that can be seen of a training, in bits.
fn bits<T: Real>(problem: &Problem, trainer: &mut Trainer<T>) -> Vec<u64> {
    let mut theta = vec![T::ZERO; problem.n_parameters()];
    trainer.parameters_into(&mut theta);
    let sums = trainer.take_sums();
    let counts = [trainer.steps_done(), trainer.examples_seen(), sums.n_steps];
    let numbers = [trainer.rate_time(), trainer.learning_rate(), sums.length, sums.square, sums.batch_loss];
    let numbers = theta.iter().map(|value| value.wide()).chain(trainer.buffers().iter().copied()).chain(numbers);
    numbers.map(f64::to_bits).chain(counts).collect()
}

fn go<T: Real>(trainer: &mut Trainer<T>, steps: u64) {
    for _ in 0..steps {
        let _: Step = trainer.step();
    }
}

fn saved<T: Real>(trainer: &Trainer<T>) -> Vec<u8> {
    let mut bytes = Vec::new();
    trainer.save(&mut bytes);
    bytes
}

/// Trains `settings` straight through, and again with a stop after `stop` steps, there with the length of `first`.
fn assert_same<T: Real>(settings: &RunSettings, first: &RunSettings, stop: u64) {
    let (whole, part) = (problem(settings), problem(first));
    let total = whole.course().total_steps;
    let mut straight = Trainer::<T>::new(&whole);
    go(&mut straight, total);
    let mut stopped = Trainer::<T>::new(&part);
    go(&mut stopped, stop);
    let mut resumed = Trainer::<T>::restore(&whole, &saved(&stopped)).unwrap();
    assert_eq!(saved(&resumed), saved(&stopped), "what was restored is what was saved");
    go(&mut resumed, total - stop);
    assert!(bits(&whole, &mut straight) == bits(&whole, &mut resumed), "stopped after {stop} steps: {settings:?}");
}

/// Networks of every kind of layer.
const MODELS: [&str; 6] = [
    r#"{"hidden": [], "init": "torch-default"}"#,
    r#"{"hidden": [9, 7], "activation": "gelu"}"#,
    r#"{"hidden": [6], "norm": "batch", "activation": "tanh"}"#,
    r#"{"hidden": [7, 5], "norm": "layer", "dropout": 0.3}"#,
    r#"{"kind": "cnn", "layers": ["conv 3 3x3", "pool max 2", "dense 5"], "norm": "batch", "dropout": 0.2}"#,
    r#"{"kind": "resnet", "layers": ["conv 2 3x3", "block 3 stride 2", "pool average 2"], "activation": "silu"}"#,
];

fn settings() -> impl Strategy<Value = RunSettings> {
    let optimizers = prop::sample::select(vec!["sgd", "adam", "adamw", "rmsprop", "lbfgs"]);
    let schedules = prop::sample::select(vec![
        json!("constant"),
        json!("cosine"),
        json!("linear"),
        json!({"step": [0.5, 1.25], "factor": 0.3}),
    ]);
    let batches = prop::sample::select(vec![json!(64), json!(101), json!(257), json!(600), json!("full")]);
    let samplings = prop::sample::select(vec!["shuffle", "replacement", "fixed"]);
    let switches = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let models = prop::sample::select(MODELS.to_vec());
    (models, optimizers, schedules, batches, samplings, switches).prop_map(
        |(model, optimizer, schedule, batch_size, sampling, (moves, nesterov, warm, drop, decay))| {
            let mut model: serde_json::Value = serde_json::from_str(model).unwrap();
            let (batch_size, sampling, steps) = match optimizer {
                "lbfgs" => {
                    // A line search needs one and the same function all the time.
                    model["dropout"] = json!(0);
                    (json!("full"), "shuffle", json!(30))
                }
                _ => (batch_size, sampling, json!(null)),
            };
            let augment = if drop && optimizer != "lbfgs" { json!(["crop4", "flip"]) } else { json!([]) };
            let train = json!({
                "augment": augment,
                "optimizer": optimizer, "schedule": schedule, "batch_size": batch_size, "sampling": sampling,
                "momentum": if moves { 0.9 } else { 0.0 }, "nesterov": nesterov, "learning_rate": 0.01,
                "weight_decay": if decay { 0.1 } else { 0.0 }, "decay_biases": nesterov,
                "warmup_epochs": if warm { 0.7 } else { 0.0 }, "last_batch": if drop { "drop" } else { "keep" },
                "epochs": if steps.is_null() { json!(2) } else { json!(null) }, "steps": steps,
            });
            serde_json::from_value(json!({"model": model, "train": train, "streams": {"order_seed": 3}})).unwrap()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_resumed_training_is_the_uninterrupted_one(settings in settings(), wide: bool, share in 0.0..=1.0f64) {
        let stop = (share * problem(&settings).course().total_steps as f64) as u64;
        if wide {
            assert_same::<f64>(&settings, &settings, stop);
        } else {
            assert_same::<f32>(&settings, &settings, stop);
        }
    }

    #[test]
    fn an_extended_training_is_the_longer_one_unless_its_rates_are_others(settings in settings(), share in 0.0..=1.0f64) {
        let mut first = settings.clone();
        if first.train.epochs.is_some() {
            first.train.epochs = Some(1);
        } else {
            first.train.steps = Some(11);
        }
        let stop = (share * problem(&first).course().total_steps as f64) as u64;
        match settings.train.schedule {
            Schedule::Word(ScheduleWord::Cosine | ScheduleWord::Linear)
                if stop > 0 && settings.train.optimizer != Optimizer::Lbfgs =>
            {
                let mut stopped = Trainer::<f32>::new(&problem(&first));
                go(&mut stopped, stop);
                // During a warm-up, and in the first step after it, the rates are the same whatever the length.
                let resumed = Trainer::<f32>::restore(&problem(&settings), &saved(&stopped));
                let warm = (settings.train.warmup_epochs * problem(&first).course().steps_per_epoch as f64).round();
                assert_eq!(resumed.is_ok(), stop as f64 <= warm + 1.0, "{settings:?} {stop} {resumed:?}");
            }
            _ => assert_same::<f32>(&settings, &first, stop),
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), head in 0..80usize) {
        let problem = problem(&RunSettings::default());
        let whole = saved(&Trainer::<f32>::new(&problem));
        let mut mixed = whole[..head].to_vec();
        mixed.extend(bytes);
        assert!(Trainer::<f32>::restore(&problem, &mixed).is_err());
    }

    #[test]
    fn any_changed_byte_and_any_cut_is_seen(place in any::<prop::sample::Index>(), change in 1..=255u8) {
        let problem = problem(&small());
        let whole = saved(&Trainer::<f32>::new(&problem));
        let mut changed = whole.clone();
        changed[place.index(whole.len())] ^= change;
        assert!(Trainer::<f32>::restore(&problem, &changed).is_err());
        assert!(Trainer::<f32>::restore(&problem, &whole[..place.index(whole.len())]).is_err());
        let longer = [&whole[..], &[change]].concat();
        let wanted = CheckpointError::Length { found: longer.len() as u64, expected: whole.len() as u64 };
        assert_eq!(Trainer::<f32>::restore(&problem, &longer).unwrap_err(), wanted);
    }
}

fn small() -> RunSettings {
    let mut settings = RunSettings::default();
    settings.model.hidden = vec![3];
    settings
}

#[test]
fn another_training_is_refused_with_a_reason() {
    let problem_of = |change: &dyn Fn(&mut RunSettings)| {
        let mut settings = small();
        change(&mut settings);
        problem(&settings)
    };
    let mut trainer = Trainer::<f32>::new(&problem_of(&|_| {}));
    go(&mut trainer, 20);
    let bytes = saved(&trainer);
    type Change = &'static dyn Fn(&mut RunSettings);
    let same: [Change; 4] =
        [&|_| {}, &|settings| settings.train.epochs = Some(400), &|settings| settings.streams.seed = 9, &|settings| {
            settings.train.schedule = Schedule::Step { step: vec![30.0], factor: 0.1 }
        }];
    for change in same {
        assert_eq!(Trainer::<f32>::restore(&problem_of(change), &bytes).unwrap().steps_done(), 20);
    }
    let rows: [(Change, &str); 6] = [
        (&|settings| settings.train.momentum = 0.5, "data, model, optimiser or seeds"),
        (&|settings| settings.streams.order_seed = 1, "data, model, optimiser or seeds"),
        (&|settings| settings.model.hidden = vec![4], "data, model, optimiser or seeds"),
        (&|settings| settings.train.learning_rate = 0.2, "learning rates before that step"),
        (&|settings| settings.train.warmup_epochs = 1.0, "learning rates before that step"),
        (&|settings| (settings.train.epochs, settings.train.steps) = (None, Some(19)), "ends at step 19"),
    ];
    for (change, words) in rows {
        let error = Trainer::<f32>::restore(&problem_of(change), &bytes).unwrap_err().to_string();
        assert!(error.contains(words) && error.contains("step 20"), "{error}");
    }
    let error = Trainer::<f64>::restore(&problem_of(&|_| {}), &bytes).unwrap_err().to_string();
    assert!(error.contains("numbers of 4 bytes") && error.contains("numbers of 8 bytes"), "{error}");
    assert_eq!(Trainer::<f32>::restore(&problem_of(&|_| {}), b"PK").unwrap_err(), CheckpointError::Foreign);
}
