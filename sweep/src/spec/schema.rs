//! A JSON Schema of the sweep file, from the catalogue.

use serde_json::{Map, Value as Json, json};

use super::Probes;
use super::canonical::rule;
use super::catalogue::{Kind, PROBE_TABLES, ProbeKey, ProbeKind, SETTINGS, Setting, Value};
use super::read::duration;
use super::read::execution::{MAX_LABEL, MAX_LABELS, MAX_PRIORITY};
use super::read::fork::MAX_BRANCHES;
use super::read::{MAX_AXIS_VALUES, is_length};
use crate::settings::RunSettings;

mod compare;

/// A JSON Schema (draft 2020-12) of the sweep file, for editors. It refuses unknown keys and values of the wrong type;
/// what takes the whole file to judge (a zip of unequal axes, an exclusion that matches nothing) only [`super::parse`]
/// finds.
#[must_use]
pub fn json_schema() -> Json {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Traipse sweep file",
        "type": "object",
        "additionalProperties": false,
        "required": ["name"],
        "properties": {
            "spec": { "const": 1, "default": 1, "description": "version of this grammar" },
            "name": { "type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,63}$", "description": "a-z, 0-9 and -" },
            "data": section("data", "the data set and how it is decoded", &[]),
            "model": section("model", "the network", &[]),
            "train": section("train", "the optimiser and its course", &[]),
            "snapshots": snapshots(),
            "probes": probes(),
            "axes": axes(),
            "grid": grid(),
            "replicates": replicates(),
            "execution": section("execution", "how the sweep is scheduled", &execution()),
            "fork": fork(),
            "compare": compare::schema(),
        },
    })
}

fn table(description: &str, properties: Map<String, Json>) -> Json {
    json!({ "type": "object", "additionalProperties": false, "description": description, "properties": properties })
}

/// A section: its settings, and `more`.
fn section(name: &str, description: &str, more: &[(&str, Json)]) -> Json {
    let mut properties = Map::new();
    let inside =
        |key: &'static str| key.split_once('.').filter(|(section, _)| *section == name).map(|(_, field)| field);
    let defaults = RunSettings::default();
    for setting in SETTINGS {
        if let Some(field) = inside(setting.key).filter(|field| !field.contains('.')) {
            let mut schema = setting_schema(setting);
            schema["description"] = json!(setting.doc);
            let default = (setting.get)(&defaults);
            if default != Value::Null {
                schema["default"] = setting.to_json(&default);
            }
            properties.insert(field.to_owned(), schema);
        }
    }
    properties.extend(more.iter().map(|(key, schema)| ((*key).to_owned(), schema.clone())));
    let mut schema = table(description, properties);
    if name == "train" {
        // Exactly one of the three lengths, or none, which leaves the default.
        let two = |a: &str, b: &str| json!({ "required": [a, b] });
        schema["not"] =
            json!({ "anyOf": [two("epochs", "steps"), two("epochs", "examples"), two("steps", "examples")] });
    }
    schema
}

/// `[fork]`, with the settings that change there in a table of their own.
fn fork() -> Json {
    let train = SETTINGS.iter().filter_map(|setting| {
        let mut schema = setting_schema(setting);
        schema["description"] = json!(setting.doc);
        Some((setting.key.strip_prefix("fork.train.")?.to_owned(), schema))
    });
    let branches = json!({ "type": "integer", "minimum": 1, "maximum": MAX_BRANCHES, "default": 1,
        "description": "branches of every fork, nested in their seed" });
    let train = table("settings that change at the fork", train.collect());
    let mut schema = section("fork", "branches of one trunk", &[("branches", branches), ("train", train)]);
    schema["not"] = json!({ "required": ["epoch", "step"] });
    schema
}

/// A layer in words, as far as a pattern can say.
const LAYER: &str = "^ *(conv +[0-9]+ +[0-9]+[x×][0-9]+( +(stride|pad) +[0-9]+)*|pool +(max|average) +[0-9]+( +stride +[0-9]+)?\
                     |pool +global|dense +[0-9]+|block +[0-9]+( +stride +[0-9]+)?|dropout +[0-9.e-]+) *$";

/// What a setting takes, as one value.
fn setting_schema(setting: &Setting) -> Json {
    match setting.kind {
        Kind::Word { now, .. } => json!({ "enum": now }),
        Kind::Count { min, max, .. } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Number { min, max, below: true } => json!({ "type": "number", "minimum": min, "exclusiveMaximum": max }),
        Kind::Number { min, max, below: false } => json!({ "type": "number", "minimum": min, "maximum": max }),
        Kind::Truth => json!({ "type": "boolean" }),
        Kind::Text => json!({ "type": "string", "minLength": 1 }),
        Kind::Widths => json!({ "type": "array", "items": { "type": "integer", "minimum": 1 } }),
        Kind::Numbers { min, max, most } => json!({ "type": "array", "minItems": 1, "maxItems": most,
            "items": { "type": "number", "minimum": min, "maximum": max } }),
        Kind::Layers => json!({ "type": "array", "items": { "type": "string", "pattern": LAYER } }),
        Kind::Schedule => json!({ "anyOf": [{ "enum": ["constant", "cosine", "linear"] }, {
            "type": "object",
            "additionalProperties": false,
            "required": ["step", "factor"],
            "properties": {
                "step": { "type": "array", "minItems": 1, "items": { "type": "number", "minimum": 0 } },
                "factor": { "type": "number", "minimum": 0 },
            },
        }] }),
        Kind::Stop => json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["train_error"],
            "properties": { "train_error": { "type": "number", "minimum": 0, "maximum": 1 } },
        }),
        Kind::Augment => json!({ "type": "array", "uniqueItems": true, "items": { "enum": ["crop4", "flip"] } }),
        Kind::Batch => json!({ "anyOf": [
            { "type": "integer", "minimum": 1, "maximum": u32::MAX },
            { "const": "full" },
        ] }),
    }
}

/// A snapshot rule, or a list of rules.
fn rules(words: &[&str]) -> Json {
    let text = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    let every = "^every( [0-9]+)? (epochs?|steps?)$";
    let instant = "^(epochs?|steps?) [0-9]+$";
    let epochs = json!({ "type": "array", "items": { "type": "integer", "minimum": 0 } });
    let mut bounded = Map::new();
    bounded.insert("every".into(), text("^(every )?([0-9]+ )?(epochs?|steps?)$"));
    bounded.insert("from".into(), text(instant));
    bounded.insert("to".into(), text(instant));
    let mut within = table("an interval within bounds, both inclusive", bounded);
    within["required"] = json!(["every"]);
    let mut log = table("steps log-spaced from 1 to the end", one("log", json!({ "type": "integer", "minimum": 1 })));
    log["required"] = json!(["log"]);
    let rule = match words {
        [] => json!({ "anyOf": [text(every), within, log, epochs] }),
        _ => {
            json!({ "anyOf": [{ "enum": words }, text(every), within, log, epochs, { "type": "integer", "minimum": 0 }] })
        }
    };
    json!({ "anyOf": [rule, { "type": "array", "items": rule }] })
}

fn snapshots() -> Json {
    let mut properties = Map::new();
    let mut at = rules(&[]);
    at["default"] = json!("every epoch");
    at["description"] = json!("a rule, or a list of rules: their union");
    properties.insert("at".into(), at);
    let keep = json!({ "type": "boolean", "default": false, "description": "keep the weights beside the tables" });
    properties.insert("keep".into(), keep);
    table("when weights are measured; step 0 and the last step always are", properties)
}

fn one(key: &str, schema: Json) -> Map<String, Json> {
    let mut map = Map::new();
    map.insert(key.to_owned(), schema);
    map
}

fn probes() -> Json {
    let examples = json!({
        "anyOf": [{ "type": "integer", "minimum": 1 }, { "const": "all" }],
        "default": 5000,
        "description": "the probe set: the first n of a fixed, class-balanced order of the training examples",
    });
    let mut properties = one("examples", examples);
    for probe in PROBE_TABLES {
        let mut defaults = Probes::default();
        (probe.switch_on)(&mut defaults);
        let keys = probe.keys.iter().map(|key| (key.name.to_owned(), probe_key(key, &defaults))).collect();
        properties.insert(probe.name.to_owned(), table(probe.doc, keys));
    }
    table("what is measured; each sub-table but nulls switches a probe on", properties)
}

fn probe_key(key: &ProbeKey, defaults: &Probes) -> Json {
    let mut schema = match key.kind {
        ProbeKind::At => rules(&["start", "end"]),
        ProbeKind::Count { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        ProbeKind::Positive { max } => json!({ "type": "number", "exclusiveMinimum": 0, "maximum": max }),
        ProbeKind::Word(words) => json!({ "enum": words }),
        ProbeKind::Words { words, empty } => words_schema(words, empty),
    };
    schema["description"] = json!(key.doc);
    if let Some(value) = (key.get)(defaults) {
        schema["default"] = key.to_json(&value, |at| at.iter().map(rule).collect());
    }
    schema
}

/// A list of words without repeats, or one of them.
fn words_schema(words: &[&str], empty: bool) -> Json {
    let list =
        json!({ "type": "array", "uniqueItems": true, "minItems": u8::from(!empty), "items": { "enum": words } });
    json!({ "anyOf": [list, { "enum": words }] })
}

fn axes() -> Json {
    let mut properties = Map::new();
    for setting in SETTINGS {
        let values = json!({ "type": "array", "minItems": 1, "items": setting_schema(setting) });
        let ranged = matches!(setting.kind, Kind::Count { .. } | Kind::Number { .. } | Kind::Batch);
        let schema = if ranged { json!({ "anyOf": [values, range()] }) } else { values };
        properties.insert(setting.key.to_owned(), schema);
    }
    let mut product = table("a cartesian product of settings, the last varying fastest", properties);
    let lengths: Vec<&str> = SETTINGS.iter().map(|setting| setting.key).filter(|key| is_length(key)).collect();
    let pairs: Vec<Json> = (0..lengths.len()).map(|skip| json!({ "required": without(&lengths, skip) })).collect();
    product["not"] = json!({ "anyOf": pairs });
    json!({ "anyOf": [product, { "type": "array", "minItems": 1, "items": product }] })
}

fn without<'a>(keys: &[&'a str], skip: usize) -> Vec<&'a str> {
    keys.iter().enumerate().filter(|(at, _)| *at != skip).map(|(_, key)| *key).collect()
}

fn range() -> Json {
    let number = json!({ "type": "number" });
    let ends = json!({ "type": "array", "items": number, "minItems": 2, "maxItems": 2 });
    let n = json!({ "type": "integer", "minimum": 2, "maximum": MAX_AXIS_VALUES });
    let of = |properties: Json, required: Json| json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": required });
    json!({ "anyOf": [
        of(json!({ "log": ends, "n": n }), json!(["log", "n"])),
        of(json!({ "linear": ends, "n": n }), json!(["linear", "n"])),
        of(json!({ "from": number, "to": number, "step": number }), json!(["from", "to", "step"])),
    ] })
}

fn grid() -> Json {
    let axis = json!({ "enum": SETTINGS.iter().map(|setting| setting.key).collect::<Vec<_>>() });
    let zip = json!({ "type": "array", "description": "axes of equal length that advance together",
        "items": { "type": "array", "minItems": 2, "items": axis } });
    let conditions = SETTINGS.iter().map(|setting| (setting.key.to_owned(), setting_schema(setting))).collect();
    let mut rule = table("one value of each of some axes", conditions);
    rule["minProperties"] = json!(1);
    let mut properties = one("zip", zip);
    let exclude = json!({ "type": "array", "items": rule, "description": "cells that are left out" });
    properties.insert("exclude".into(), exclude);
    table("how axes combine", properties)
}

fn replicates() -> Json {
    let seed = json!({ "type": "integer", "minimum": 0, "maximum": u64::MAX });
    let seeds = json!({ "anyOf": [
        { "type": "integer", "minimum": 1, "maximum": MAX_AXIS_VALUES, "description": "so many: 0, 1, 2, …" },
        { "type": "array", "minItems": 1, "uniqueItems": true, "items": seed },
    ] });
    let properties =
        ["seed", "init_seed", "order_seed"].into_iter().map(|key| (key.to_owned(), seeds.clone())).collect();
    let mut schema = table("the seeds that repeat the experiment; several keys are crossed", properties);
    schema["minProperties"] = json!(1);
    schema["default"] = json!({ "seed": [0] });
    schema
}

fn execution() -> Vec<(&'static str, Json)> {
    let order = json!({ "enum": ["balanced", "grid"], "default": "balanced",
        "description": "balanced: any prefix covers the grid evenly" });
    let attempts = json!({ "type": "integer", "minimum": 1, "maximum": 1000, "default": 4,
        "description": "transient failures, counted once a worker, before a job is failed" });
    let limit = |default: &str, what: &str| json!({ "type": "string", "pattern": duration::PATTERN, "default": default, "description": what });
    let on_failure = json!({ "enum": ["continue", "stop"], "default": "continue",
        "description": "what a failed or quarantined job does to the others" });
    let priority = json!({ "type": "integer", "minimum": -MAX_PRIORITY, "maximum": MAX_PRIORITY, "default": 0,
        "description": "sweeps of a higher priority are served first" });
    let concurrent = json!({ "type": "integer", "minimum": 0, "default": 0,
        "description": "most jobs under way at a time; 0: no limit" });
    vec![
        ("order", order),
        ("max_attempts", attempts),
        ("time_limit", limit("2h", "an attempt that takes longer is a transient failure")),
        ("stall_limit", limit("10m", "an attempt without progress for so long is a transient failure")),
        ("on_failure", on_failure),
        ("priority", priority),
        ("max_concurrent", concurrent),
        ("require", require()),
    ]
}

/// What a worker must have to get jobs of the sweep.
fn require() -> Json {
    let label = json!({ "type": "string", "minLength": 1, "maxLength": MAX_LABEL, "pattern": "^\\S(.*\\S)?$" });
    let labels = json!({ "type": "object", "additionalProperties": label, "maxProperties": MAX_LABELS, "default": {},
        "description": "labels that a worker must carry" });
    let memory = json!({ "type": "integer", "minimum": 0, "default": 0,
        "description": "MB of memory that each slot of a worker must have" });
    let mut properties = one("labels", labels);
    properties.insert("memory_mb".into(), memory);
    table("what a worker must have to get runs of this sweep", properties)
}
