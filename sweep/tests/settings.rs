//! Every setting survives the canonical form, as a base setting and as an axis.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic")]

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use traipse_sweep::columns::ColumnType;
use traipse_sweep::rows::Cell;
use traipse_sweep::spec::{Format, parse};
use traipse_sweep::{JobNumber, Plan, run_id};

fn share() -> impl Strategy<Value = Value> {
    (0.0_f64..1.0).prop_map(|share| json!(share))
}

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = Value> {
    proptest::sample::select(words).prop_map(|word| json!(word))
}

fn layer() -> impl Strategy<Value = String> {
    prop_oneof![
        (1_u32..99, 1_u32..7, 1_u32..4).prop_map(|(c, k, s)| format!("conv {c} {k}x{k} stride {s} pad {}", k / 2)),
        (1_u32..9).prop_map(|size| format!("pool max {size}")),
        Just("pool global".to_owned()),
        (1_u32..99).prop_map(|n| format!("dense {n}")),
        (1_u32..99).prop_map(|n| format!("block {n}")),
        (0.0_f64..1.0).prop_map(|rate| format!("dropout {rate}")),
    ]
}

/// `[model]` without conflicts.
fn model() -> impl Strategy<Value = Map<String, Value>> {
    let own = prop_oneof![
        (proptest::collection::vec(1_u32..300, 0..4), share())
            .prop_map(|(hidden, dropout)| json!({ "kind": "mlp", "hidden": hidden, "dropout": dropout })),
        Just(json!({ "kind": "cnn", "preset": "lenet5" })),
        proptest::option::of(1_u32..99).prop_map(|width| match width {
            Some(width) => json!({ "kind": "resnet", "preset": "resnet20", "width": width }),
            None => json!({ "kind": "resnet", "preset": "resnet8" }),
        }),
        (one_of(&["cnn", "resnet"]), proptest::collection::vec(layer(), 1..5))
            .prop_map(|(kind, layers)| json!({ "kind": kind, "layers": layers })),
    ];
    (own, one_of(&["none", "batch", "layer"]), any::<bool>()).prop_map(|(mut model, norm, bias)| {
        model["norm"] = norm;
        model["bias"] = json!(bias);
        model.as_object().unwrap().clone()
    })
}

fn schedule() -> impl Strategy<Value = Value> {
    prop_oneof![
        one_of(&["constant", "cosine", "linear"]),
        (proptest::collection::btree_set(0_u32..999, 1..4), 0.0_f64..2.0).prop_map(|(steps, factor)| {
            let steps: Vec<f64> = steps.into_iter().map(|step| f64::from(step) / 4.0).collect();
            json!({ "step": steps, "factor": factor })
        }),
    ]
}

/// `[train]` without conflicts, but for dropout with lbfgs, which [`model`] may have.
fn train() -> impl Strategy<Value = Map<String, Value>> {
    let own = prop_oneof![
        (share(), any::<bool>())
            .prop_map(|(m, nesterov)| json!({ "optimizer": "sgd", "momentum": m, "nesterov": nesterov && m != 0.0 })),
        (one_of(&["adam", "adamw"]), share(), share())
            .prop_map(|(word, a, b)| json!({ "optimizer": word, "beta1": a, "beta2": b, "epsilon": 1e-6 })),
        (share(), share()).prop_map(|(a, m)| json!({ "optimizer": "rmsprop", "alpha": a, "momentum": m })),
    ];
    let augment = proptest::sample::subsequence(vec!["crop4", "flip"], 0..3);
    let stop = proptest::option::of(share());
    (own, schedule(), 0.0_f64..9.0, augment, stop, one_of(&["f32", "f64"]), one_of(&["cross-entropy", "mse"])).prop_map(
        |(mut train, schedule, warmup, augment, stop, precision, loss)| {
            train["schedule"] = schedule;
            train["warmup_epochs"] = json!(warmup);
            train["augment"] = json!(augment);
            train["precision"] = precision;
            train["loss"] = loss;
            if let Some(error) = stop {
                train["stop"] = json!({ "train_error": error });
            }
            train.as_object().unwrap().clone()
        },
    )
}

/// The same settings as the base, and each as an axis of one value.
fn both_ways(model: &Map<String, Value>, train: &Map<String, Value>) -> [Value; 2] {
    let axes: Map<String, Value> = [("model", model), ("train", train)]
        .iter()
        .flat_map(|(section, map)| map.iter().map(move |(key, value)| (format!("{section}.{key}"), json!([value]))))
        .collect();
    [json!({ "name": "a", "model": model, "train": train }), json!({ "name": "a", "axes": axes })]
}

proptest! {
    #[test]
    fn settings_survive_the_canonical_form(model in model(), train in train()) {
        let mut runs = Vec::new();
        for document in both_ways(&model, &train) {
            let text = document.to_string();
            let spec = parse(&text, Format::Json, "f").unwrap_or_else(|error| panic!("{text}\n{error}"));
            let canonical = spec.canonical_json();
            let again = parse(&canonical, Format::Json, "f").unwrap_or_else(|error| panic!("{canonical}\n{error}"));
            prop_assert_eq!(&again, &spec);
            prop_assert_eq!(again.canonical_json(), canonical);
            let plan = Plan::new(Arc::new(spec)).unwrap();
            prop_assert_eq!(plan.axis_cells(JobNumber(0)).len(), plan.axis_columns().len());
            runs.push(plan.settings(JobNumber(0)));
        }
        // An axis sets what the base sets.
        prop_assert_eq!(&runs[0], &runs[1]);
        prop_assert_eq!(run_id(&runs[0], "x"), run_id(&runs[1], "x"));
        prop_assert_eq!(runs[0].conflict(), None);
    }
}

/// What has parts is text in the tables, and reads as in the file.
#[test]
fn settings_with_parts_are_columns_of_text() {
    let text = "name = \"a\"\n[model]\nkind = \"cnn\"\n[axes]\n\
        \"model.layers\" = [[\"conv 4  3x3\", \"pool max 2\"], [\"dense 8\"]]\n\
        \"train.schedule\" = [{ step = [20, 30.5], factor = 0.1 }, \"cosine\"]\n\
        \"train.stop\" = [{ train_error = 0.01 }]\n\
        \"train.augment\" = [[\"crop4\", \"flip\"], []]\n\
        \"train.precision\" = [\"f64\"]";
    let plan = Plan::new(Arc::new(parse(text, Format::Toml, "f").unwrap())).unwrap();
    let columns = plan.axis_columns();
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["layers", "schedule", "stop", "augment", "precision"]);
    assert!(columns.iter().all(|column| column.ty == ColumnType::Utf8));
    let cells = |job| -> Vec<Cell> { plan.axis_cells(JobNumber(job)) };
    let words = |words: [&str; 5]| words.map(|word| Cell::Utf8(word.to_owned())).to_vec();
    assert_eq!(cells(0), words(["conv 4 3x3, pool max 2", "0.1 at 20|30.5", "train_error 0.01", "crop4+flip", "f64"]));
    assert_eq!(cells(7), words(["dense 8", "cosine", "train_error 0.01", "none", "f64"]));
    assert_eq!(
        plan.cell_label(JobNumber(7)),
        "layers=dense 8 schedule=cosine stop=train_error 0.01 augment=none precision=f64"
    );
}
