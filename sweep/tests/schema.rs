//! The JSON Schema accepts what the reader accepts and refuses what it refuses, as far as a schema can.
//!
//! The judge is a small validator of the keywords that our schema uses; a keyword that it does not know fails the test.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test reads files and may panic")]

mod common;

use common::render;
use serde_json::{Value, json};
use traipse_sweep::spec::{Format, json_schema, parse};

fn valid(schema: &Value, value: &Value) -> bool {
    let rules = schema.as_object().expect("a schema is an object");
    rules.iter().all(|(keyword, rule)| holds(keyword, rule, schema, value))
}

fn holds(keyword: &str, rule: &Value, schema: &Value, value: &Value) -> bool {
    let list = || rule.as_array().expect("a list of schemas").iter();
    match keyword {
        "$schema" | "title" | "description" | "default" => true,
        "type" => has_type(rule.as_str().expect("a type"), value),
        "const" => value == rule,
        "enum" => list().any(|item| item == value),
        "anyOf" => list().any(|schema| valid(schema, value)),
        "not" => !valid(rule, value),
        "required" => value.as_object().is_none_or(|map| list().all(|key| map.contains_key(key.as_str().unwrap()))),
        "properties" => value
            .as_object()
            .is_none_or(|map| map.iter().all(|(key, value)| rule.get(key).is_none_or(|schema| valid(schema, value)))),
        "additionalProperties" => value.as_object().is_none_or(|map| {
            let others = map.iter().filter(|(key, _)| schema["properties"].get(key).is_none());
            others.into_iter().all(|(_, value)| rule != &json!(false) && valid(rule, value))
        }),
        "minProperties" => value.as_object().is_none_or(|map| map.len() as u64 >= rule.as_u64().unwrap()),
        "maxProperties" => value.as_object().is_none_or(|map| map.len() as u64 <= rule.as_u64().unwrap()),
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| valid(rule, item))),
        "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
        "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= rule.as_u64().unwrap()),
        "uniqueItems" => {
            value.as_array().is_none_or(|items| items.iter().enumerate().all(|(at, item)| !items[..at].contains(item)))
        }
        "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
        "exclusiveMinimum" => value.as_f64().is_none_or(|number| number > rule.as_f64().unwrap()),
        "exclusiveMaximum" => value.as_f64().is_none_or(|number| number < rule.as_f64().unwrap()),
        "minLength" => value.as_str().is_none_or(|text| text.len() as u64 >= rule.as_u64().unwrap()),
        "maxLength" => value.as_str().is_none_or(|text| text.len() as u64 <= rule.as_u64().unwrap()),
        // Patterns are for editors; the reader's own tests hold the grammar of these texts.
        "pattern" => true,
        _ => panic!("the validator does not know {keyword}"),
    }
}

fn has_type(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => panic!("the validator does not know the type {name}"),
    }
}

#[test]
fn it_accepts_our_sweeps_and_their_canonical_forms() {
    let schema = json_schema();
    for name in ["digits", "mnist", "noop", "lenet", "resnet", "optimizers", "stuck-in-a-what"] {
        let path = format!("{}/../sweeps/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap();
        let value: Value = toml::from_str::<toml::Table>(&text).map(|table| json!(table)).unwrap();
        assert!(valid(&schema, &value), "{name}");
        let canonical = parse(&text, Format::Toml, &path).unwrap().canonical_json();
        assert!(valid(&schema, &serde_json::from_str(&canonical).unwrap()), "{canonical}");
    }
}

#[test]
fn it_refuses_what_the_reader_refuses() {
    let schema = json_schema();
    let rows = [
        "axis = []",
        "train = 3",
        "[train]\nlerning_rate = 0.1",
        "[train]\nlearning_rate = -1",
        "[train]\nmomentum = 1",
        "[train]\nepochs = 3\nsteps = 4",
        "[train]\nschedule = \"cosin\"",
        "[train]\nschedule = {\"step\": [3]}",
        "[train]\nstop = {}",
        "[train]\naugment = [\"flip\", \"flip\"]",
        "[train]\nepsilon = 0",
        "[train]\nloss = \"mae\"",
        "[model]\nkind = \"wlak\"",
        "[model]\npreset = \"lenet\"",
        "[model]\nlayers = [3]",
        "[model]\nhidden = [0]",
        "[snapshots]\nat = {\"log\": 4, \"from\": 3}",
        "[probes]\nhessian = {\"tops\": 3}",
        "[probes]\ntrace = {\"method\": \"x\"}",
        "[probes]\nsharpness = {\"radius\": 0}",
        "[probes]\nsurface = {\"planes\": []}",
        "[probes]\nnulls = {\"kinds\": [\"walk\", \"walk\"]}",
        "[axes]\ntrain.learning_rate = []",
        "[axes]\ntrain.learning_rate = {\"log\": [1, 2]}",
        "[axes]\ntrain.epochs = [1]\ntrain.steps = [1]",
        "[axes]\nlearning_rate = [1]",
        "[grid]\nexclude = [{}]",
        "[replicates]\nseed = [1, 1]",
        "[execution]\ntime_limit = 3",
        "[execution]\nstall_limit = 600",
        "[execution]\non_failure = \"ignore\"",
        "[execution]\npriority = 3000",
        "[execution]\nmax_concurrent = -1",
        "[execution]\nrequire = {\"labels\": {\"gpu\": \"\"}}",
        "[execution]\nrequire = {\"label\": {}}",
        "fork = {\"branches\": 0}",
        "fork = {\"train\": {\"epochs\": 3}}",
        "compare = [{\"probe\": \"distance\"}]",
        "compare = [{\"pairs_over\": \"seed\", \"all_over\": \"seed\"}]",
        "compare = [{\"pairs_over\": \"seed\", \"at\": []}]",
    ];
    for row in rows {
        let text = render(&format!("name = \"a\"\n{row}"), Format::Json);
        assert!(parse(&text, Format::Json, "f").is_err(), "the reader accepts {text}");
        assert!(!valid(&schema, &serde_json::from_str(&text).unwrap()), "the schema accepts {text}");
    }
    assert!(!valid(&schema, &json!({})), "a name is required");
}

#[test]
fn the_documentation_names_every_key() {
    let path = format!("{}/../docs/spec.md", env!("CARGO_MANIFEST_DIR"));
    let docs = std::fs::read_to_string(&path).unwrap();
    let schema = json_schema();
    for (section, properties) in schema["properties"].as_object().unwrap() {
        assert!(docs.contains(section.as_str()), "docs/spec.md does not name {section}");
        for key in properties["properties"].as_object().into_iter().flatten().map(|(key, _)| key) {
            assert!(docs.contains(&format!("`{key}`")), "docs/spec.md does not name {section}.{key}");
        }
    }
}
