//! The canonical form says the same, and no text at all makes the reader panic.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test reads files and may panic")]

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use traipse_sweep::spec::{Format, parse};
use traipse_sweep::{JobNumber, Plan, SweepSpec};

const FORMATS: [Format; 3] = [Format::Toml, Format::Yaml, Format::Json];

fn round_trip(spec: &SweepSpec) {
    let canonical = spec.canonical_json();
    let again = parse(&canonical, Format::Json, "canonical").unwrap_or_else(|error| panic!("{canonical}\n{error}"));
    assert_eq!(&again, spec, "{canonical}");
    assert_eq!(again.canonical_json(), canonical);
    let yaml = parse(&canonical, Format::Yaml, "canonical").unwrap_or_else(|error| panic!("{canonical}\n{error}"));
    assert_eq!(&yaml, spec, "JSON is YAML");
}

/// An axis with distinct, valid values.
fn axis() -> impl Strategy<Value = (&'static str, Value)> {
    let rates = proptest::collection::btree_set(1_u32..1000, 1..5)
        .prop_map(|set| json!(set.into_iter().map(|n| f64::from(n) / 1000.0).collect::<Vec<_>>()));
    let counts = || proptest::collection::btree_set(1_u64..1 << 40, 1..4).prop_map(|set| json!(set));
    let hidden =
        proptest::collection::btree_set(proptest::collection::vec(1_u32..300, 0..4), 1..4).prop_map(|set| json!(set));
    let words = proptest::sample::subsequence(vec!["relu", "tanh", "gelu", "identity"], 1..4).prop_map(|w| json!(w));
    let log = (1_u32..9, 10_u32..99, 2_usize..6).prop_map(|(a, b, n)| json!({ "log": [a, b], "n": n }));
    prop_oneof![
        rates.prop_map(|values| ("train.learning_rate", values)),
        log.prop_map(|values| ("train.weight_decay", values)),
        counts().prop_map(|values| ("train.steps", values)),
        counts().prop_map(|values| ("data.train_limit", values)),
        hidden.prop_map(|values| ("model.hidden", values)),
        words.prop_map(|values| ("model.activation", values)),
        Just(("train.batch_size", json!([16, "full"]))),
        Just(("model.bias", json!([true, false]))),
    ]
}

fn product() -> impl Strategy<Value = Value> {
    proptest::collection::vec(axis(), 0..5).prop_map(|axes| {
        let map: Map<String, Value> = axes.into_iter().map(|(key, values)| (key.to_owned(), values)).collect();
        Value::Object(map)
    })
}

fn snapshot_rule() -> impl Strategy<Value = Value> {
    prop_oneof![
        (1_u64..50).prop_map(|n| json!(format!("every {n} epochs"))),
        (1_u64..50).prop_map(|n| json!(format!("every {n} steps"))),
        (1_u64..9, 0_u64..9)
            .prop_map(|(n, from)| json!({ "every": format!("{n} steps"), "from": format!("epoch {from}") })),
        (0_u64..99).prop_map(|to| json!({ "every": "epoch", "to": format!("step {to}") })),
        (1_u32..99).prop_map(|n| json!({ "log": n })),
        proptest::collection::vec(0_u64..99, 0..5).prop_map(|epochs| json!(epochs)),
    ]
}

/// What a probe's `at` takes, the words for both ends among it.
fn at() -> impl Strategy<Value = Value> {
    let item = prop_oneof![snapshot_rule(), Just(json!("start")), Just(json!("end"))];
    prop_oneof![snapshot_rule(), Just(json!("end")), proptest::collection::vec(item, 0..4).prop_map(|at| json!(at))]
}

/// Some of the keys of some sub-tables.
fn probes() -> impl Strategy<Value = Value> {
    let words = |words: Vec<&'static str>| proptest::sample::subsequence(words, 1..=2).prop_map(|list| json!(list));
    let entry = prop_oneof![
        (Just("hessian.at"), at()),
        (Just("hessian.top"), (1_u32..60).prop_map(|n| json!(n))),
        (Just("trace.method"), prop_oneof![Just(json!("hutchinson")), Just(json!("hutch++"))]),
        (Just("trace.samples"), (3_u32..60).prop_map(|n| json!(n))),
        (Just("spectrum.draws"), (1_u32..60).prop_map(|n| json!(n))),
        (Just("gradients.batches"), (2_u32..60).prop_map(|n| json!(n))),
        (Just("sharpness.radius"), (1e-9_f64..10.0).prop_map(|n| json!(n))),
        (Just("predictions.at"), at()),
        (Just("polish.iterations"), (1_u32..60).prop_map(|n| json!(n))),
        (Just("interpolation.segments"), words(vec!["start-end", "snapshot-end", "consecutive"])),
        (Just("surface.planes"), words(vec!["pca", "random", "three-point"])),
        (Just("layers.at"), at()),
        (Just("dimension.windows"), (2_u32..60).prop_map(|n| json!(n))),
        (Just("diffusion.max_lag_percent"), (1_u32..100).prop_map(|n| json!(n))),
        (Just("nulls.kinds"), words(vec!["walk", "layer-walk", "momentum-walk"])),
    ];
    proptest::collection::vec(entry, 0..6).prop_map(|entries| {
        let mut probes = json!({});
        for (key, value) in entries {
            let (table, field) = key.split_once('.').unwrap();
            probes[table][field] = value;
        }
        probes
    })
}

/// Comparisons over what every document has.
fn compare() -> impl Strategy<Value = Value> {
    let instant = prop_oneof![
        Just("start".to_owned()),
        Just("end".to_owned()),
        (0_u64..99).prop_map(|n| format!("epoch {n}")),
        (0_u64..99).prop_map(|n| format!("step {n}")),
    ];
    let at = proptest::collection::btree_set(instant, 1..4).prop_map(|at| json!(at));
    let kind = prop_oneof![
        Just(json!({ "pairs_over": "branch", "points": 7, "measure": "test" })),
        Just(json!({ "pairs_over": "branch", "probe": "distance", "align": ["weights", "none"], "max_pairs": 1 })),
        Just(json!({ "neighbours_over": "branch", "probe": "alignment" })),
        Just(
            json!({ "all_over": "branch", "probe": "prediction", "where": { "branch": [0, 1], "train.momentum": [0.25] } })
        ),
    ];
    proptest::collection::vec((kind, at), 0..3).prop_map(|list| {
        let with_at = |(mut kind, at): (Value, Value)| {
            kind["at"] = at;
            kind
        };
        list.into_iter().map(with_at).collect()
    })
}

prop_compose! {
    fn execution()(
        order in prop_oneof![Just("balanced"), Just("grid")],
        time_limit in proptest::option::of(prop_oneof![Just("2h"), Just("120m"), Just("31s"), Just("365d")]),
        stall_limit in proptest::option::of(prop_oneof![Just("10m"), Just("1s"), Just("48h")]),
        on_failure in proptest::option::of(prop_oneof![Just("continue"), Just("stop")]),
        priority in -1000_i32..=1000,
        max_concurrent in prop_oneof![Just(0), any::<u64>()],
        require in prop_oneof![Just(json!({})), Just(json!({ "memory_mb": 7, "labels": { "gpu": "a100", "a.b": "c d" } }))],
    ) -> Value {
        let mut execution =
            json!({ "order": order, "priority": priority, "max_concurrent": max_concurrent, "require": require });
        for (key, word) in [("time_limit", time_limit), ("stall_limit", stall_limit), ("on_failure", on_failure)] {
            if let Some(word) = word {
                execution[key] = json!(word);
            }
        }
        execution
    }
}

prop_compose! {
    fn document()(
        probes in probes(),
        compare in compare(),
        fork in prop_oneof![
            Just(json!({ "branches": 2, "step": 0 })),
            Just(json!({ "branches": 3, "epoch": 0, "state": "reset", "train": { "learning_rate": 0.5, "batch_size": "full" } })),
        ],
        axes in proptest::collection::vec(product(), 1..4),
        seeds in prop_oneof![(1_u64..20).prop_map(|n| json!(n)), Just(json!([3, 1, u64::MAX]))],
        order_seeds in proptest::option::of(1_u64..5),
        at in proptest::collection::vec(snapshot_rule(), 0..4),
        keep in any::<bool>(),
        rate in 0.0_f64..1e6,
        momentum in 0.0_f64..1.0,
        seed in any::<u64>(),
        execution in execution(),
    ) -> Value {
        let mut replicates = json!({ "seed": seeds });
        if let Some(order_seeds) = order_seeds {
            replicates["order_seed"] = json!(order_seeds);
        }
        json!({
            "name": "random", "axes": axes, "replicates": replicates, "execution": execution,
            "snapshots": { "at": at, "keep": keep }, "data": { "seed": seed }, "probes": probes,
            "train": { "learning_rate": rate, "momentum": if compare.to_string().contains("0.25") { 0.25 } else { momentum } },
            "fork": fork, "compare": compare,
        })
    }
}

proptest! {
    #[test]
    fn the_canonical_form_gives_the_equal_spec(document in document()) {
        let text = document.to_string();
        let spec = parse(&text, Format::Json, "random").unwrap_or_else(|error| panic!("{text}\n{error}"));
        round_trip(&spec);
        let plan = Plan::new(Arc::new(spec)).unwrap();
        for position in 0..plan.n_run_jobs().min(50) {
            let job = plan.job_at(position);
            prop_assert_eq!(plan.position_of(job), position);
            prop_assert_eq!(plan.axis_cells(job).len(), plan.axis_columns().len());
        }
    }

    #[test]
    fn random_text_is_an_error_and_no_panic(text in "\\PC*") {
        for format in FORMATS {
            let _ = parse(&text, format, "random");
        }
    }

    #[test]
    fn random_ascii_is_an_error_and_no_panic(bytes in proptest::collection::vec(9_u8..127, 0..200)) {
        let text = String::from_utf8(bytes).unwrap();
        for format in FORMATS {
            let _ = parse(&text, format, "random");
        }
    }

    #[test]
    fn mutated_specs_do_not_panic(
        which in 0_usize..SPECIMENS.len(),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), "[\\[\\]{}\",:=.#\n 0-9a-eé-]{0,3}"), 1..6),
    ) {
        let (format, specimen) = SPECIMENS[which];
        let mut text: Vec<char> = specimen.chars().collect();
        for (at, insert) in cuts {
            let at = at.index(text.len());
            let end = (at + insert.len() % 3).min(text.len());
            text.splice(at..end, insert.chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(error) = parse(&text, format, "mutated") {
            prop_assert!(error.line >= 1 && error.span.end <= text.len());
            prop_assert!(text.is_char_boundary(error.span.start) && text.is_char_boundary(error.span.end));
        }
    }
}

const SPECIMENS: [(Format, &str); 3] = [
    (
        Format::Toml,
        "name = \"a\"\n[model]\nhidden = [8]\n[snapshots]\nat = [\"every epoch\", { log = 4 }]\n[axes]\n\"train.learning_rate\" = { log = [0.1, 1], n = 3 }\n\"train.epochs\" = [1, 2, 3]\n[grid]\nzip = [[\"train.learning_rate\", \"train.epochs\"]]\nexclude = [{ \"train.epochs\" = 1 }]\n[replicates]\nseed = 3\n",
    ),
    (
        Format::Yaml,
        "name: a\nmodel:\n  hidden: [8]\nsnapshots:\n  at:\n    - every epoch\n    - log: 4\naxes:\n  train.learning_rate: {log: [0.1, 1], n: 3}\n  train.epochs: [1, 2, 3]\ngrid:\n  zip: [[train.learning_rate, train.epochs]]\n  exclude:\n    - train.epochs: 1\nreplicates: {seed: 3} # é\n",
    ),
    (
        Format::Json,
        "{\"name\": \"a\", \"model\": {\"hidden\": [8]}, \"axes\": [{\"train.epochs\": {\"from\": 1, \"to\": 3, \"step\": 1}}, {}], \"replicates\": {\"seed\": [1, 2]}, \"snapshots\": {\"at\": [0, 1]}}",
    ),
];

/// A spec with every section, in the three formats, is one spec; and every cell of it is what it says.
#[test]
fn the_three_formats_say_the_same() {
    let [toml, yaml] = [SPECIMENS[0], SPECIMENS[1]].map(|(format, text)| parse(text, format, "f").unwrap());
    assert_eq!(toml, yaml);
    round_trip(&toml);
    let plan = Plan::new(Arc::new(toml)).unwrap();
    assert_eq!((plan.n_cells(), plan.n_replicates(), plan.n_excluded(), plan.n_runs()), (3, 3, 3, 6));
    assert!(plan.is_excluded(JobNumber(2)) && !plan.is_excluded(JobNumber(3)));
    assert_eq!(plan.cell_label(JobNumber(8)), "learning_rate=1 epochs=3");
}

#[test]
fn json_escapes_and_marks_survive() {
    let text = "\u{feff}{\"name\": \"a\"}";
    assert!(parse(text, Format::Json, "f").is_err(), "a byte-order mark is not JSON");
    let text = "{\"\\u006eame\": \"a\", \"data\": {\"name\": \"mnist\", \"dir\": \"\\ud83d\\ude00/\\\"x\\\"\"}}";
    let spec = parse(text, Format::Json, "f").unwrap();
    assert_eq!(spec.base.data.dir.as_deref(), Some("😀/\"x\""));
    assert_eq!(parse(&spec.canonical_json(), Format::Json, "f").unwrap(), spec);
}

#[test]
fn unquoted_dotted_axes_of_toml_are_the_same() {
    let quoted = "name = \"a\"\n[axes]\n\"train.momentum\" = [0.0, 0.5]\n";
    let nested = "name = \"a\"\n[axes]\ntrain.momentum = [0.0, 0.5]\n";
    assert_eq!(parse(quoted, Format::Toml, "f"), parse(nested, Format::Toml, "f"));
}
