//! The canonical form: the same grammar as JSON on one line, defaults written out, ranges resolved.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value as Json, json};

use super::catalogue::{PROBE_TABLES, SETTINGS, Value};
use super::read::compare::OVER;
use super::read::duration;
use super::{
    Compare, CompareProbe, Execution, Instant, Order, ProbeExamples, Probes, Product, ReplicateAxis, SnapshotRule,
    Snapshots, Span, SweepSpec,
};

impl SweepSpec {
    /// The same spec in the same grammar as JSON on one line, keys sorted, defaults written out, ranges resolved.
    /// [`super::parse`] of it gives the equal spec.
    ///
    /// The keys of `axes` alone keep their order, because it is part of the meaning: the last axis varies fastest. So
    /// pass the text on as it is; a reader that sorts keys would renumber the jobs.
    #[must_use]
    pub fn canonical_json(&self) -> String {
        let mut sections: BTreeMap<&str, String> = self.settings();
        if !self.compare.is_empty() {
            sections.insert("compare", canonical_text(&self.compare.iter().map(compare).collect()));
        }
        sections.insert("axes", axes(&self.products));
        sections.insert("execution", canonical_text(&self.execution_json()));
        sections.insert("grid", canonical_text(&json!({ "exclude": self.exclusions(), "zip": self.zip })));
        sections.insert("name", json!(self.name).to_string());
        sections.insert("probes", canonical_text(&probes(&self.probes)));
        sections.insert("replicates", canonical_text(&replicates(&self.replicates)));
        sections.insert("snapshots", canonical_text(&snapshots(&self.snapshots)));
        sections.insert("spec", "1".into());
        object(sections.iter().map(|(key, text)| (*key, text.as_str())))
    }

    /// `data`, `model`, `train` and, where runs fork, `fork` from the catalogue; what a run does not have is left out.
    fn settings(&self) -> BTreeMap<&'static str, String> {
        let mut sections: BTreeMap<&str, serde_json::Map<String, Json>> = BTreeMap::new();
        if self.n_branches > 1 {
            sections.entry("fork").or_default().insert("branches".to_owned(), json!(self.n_branches));
        }
        for setting in SETTINGS {
            let value = (setting.get)(&self.base);
            if value == Value::Null {
                continue;
            }
            let Some((section, field)) = setting.key.split_once('.') else { continue };
            let json = setting.to_json(&value);
            let section = sections.entry(section).or_default();
            match field.split_once('.') {
                None => section.insert(field.to_owned(), json),
                Some((table, field)) => {
                    let table = section.entry(table).or_insert_with(|| json!({}));
                    table[field] = json;
                    None
                }
            };
        }
        sections.into_iter().map(|(section, map)| (section, canonical_text(&Json::Object(map)))).collect()
    }

    fn exclusions(&self) -> Vec<Json> {
        self.exclude.iter().map(|conditions| Json::Object(conditions.iter().cloned().collect())).collect()
    }

    fn execution_json(&self) -> Json {
        let order = match self.execution.order {
            Order::Balanced => "balanced",
            Order::Grid => "grid",
        };
        let mut json = json!({ "max_attempts": self.execution.max_attempts, "order": order });
        // Keys that the grammar gained later are written only where they say something, so that older texts last.
        let (own, usual) = (&self.execution, Execution::default());
        if own.time_limit != usual.time_limit {
            json["time_limit"] = json!(duration::text(own.time_limit));
        }
        if own.stall_limit != usual.stall_limit {
            json["stall_limit"] = json!(duration::text(own.stall_limit));
        }
        if own.on_failure != usual.on_failure {
            json["on_failure"] = json!(own.on_failure);
        }
        if own.priority != usual.priority {
            json["priority"] = json!(own.priority);
        }
        if own.max_concurrent != usual.max_concurrent {
            json["max_concurrent"] = json!(own.max_concurrent);
        }
        if own.require != usual.require {
            json["require"] = json!({ "labels": own.require.labels, "memory_mb": own.require.memory_mb });
        }
        json
    }
}

/// JSON on one line with the keys of every object sorted, whatever order the value keeps them in.
#[must_use]
pub fn canonical_text(json: &Json) -> String {
    match json {
        Json::Array(items) => list(items.iter().map(canonical_text)),
        Json::Object(entries) => {
            let sorted: BTreeMap<&str, String> =
                entries.iter().map(|(key, json)| (key.as_str(), canonical_text(json))).collect();
            object(sorted.iter().map(|(key, text)| (*key, text.as_str())))
        }
        _ => json.to_string(),
    }
}

fn object<'a>(entries: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::from("{");
    for (at, (key, value)) in entries.enumerate() {
        let comma = if at > 0 { "," } else { "" };
        // Writing to a String cannot fail.
        let _ = write!(text, "{comma}{}:{value}", Json::from(key));
    }
    text.push('}');
    text
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn axes(products: &[Product]) -> String {
    list(products.iter().map(|product| {
        let axes: Vec<(&str, String)> =
            product.axes.iter().map(|axis| (axis.key.as_str(), list(axis.values.iter().map(canonical_text)))).collect();
        object(axes.iter().map(|(key, text)| (*key, text.as_str())))
    }))
}

/// The probes that are on, each with all its keys.
fn probes(probes: &Probes) -> Json {
    let examples = match probes.examples {
        ProbeExamples::All => json!("all"),
        ProbeExamples::First(n) => json!(n),
    };
    let mut sections = serde_json::Map::from_iter([("examples".to_owned(), examples)]);
    for table in PROBE_TABLES.iter().filter(|table| (table.is_on)(probes)) {
        let keys = table.keys.iter().filter_map(|key| {
            let value = (key.get)(probes)?;
            Some((key.name.to_owned(), key.to_json(&value, |at| at.iter().map(rule).collect())))
        });
        sections.insert(table.name.to_owned(), Json::Object(keys.collect()));
    }
    Json::Object(sections)
}

/// A comparison with the keys that its probe reads.
fn compare(compare: &Compare) -> Json {
    let over = OVER.iter().find(|(_, groups)| *groups == compare.groups).map_or("", |(key, _)| key);
    let mut map = serde_json::Map::new();
    map.insert(over.to_owned(), json!(compare.over));
    map.insert("probe".to_owned(), json!(compare.probe.as_str()));
    let at = |at: &Instant| match at {
        Instant::Start => "start".to_owned(),
        Instant::End => "end".to_owned(),
        Instant::At(span) => instant(*span),
    };
    map.insert("at".to_owned(), compare.at.iter().map(at).collect());
    if compare.probe == CompareProbe::Interpolation {
        map.insert("points".to_owned(), json!(compare.points));
        map.insert("measure".to_owned(), json!(compare.measure));
    }
    if compare.reads_align() {
        map.insert("align".to_owned(), json!(compare.align));
    }
    if !compare.wanted.is_empty() {
        let wanted = compare.wanted.iter().map(|(key, values)| (key.clone(), json!(values)));
        map.insert("where".to_owned(), Json::Object(wanted.collect()));
    }
    if let Some(most) = compare.max_pairs {
        map.insert("max_pairs".to_owned(), json!(most));
    }
    Json::Object(map)
}

fn replicates(axes: &[ReplicateAxis]) -> Json {
    let entry = |axis: &ReplicateAxis| {
        let counted = axis.values.iter().copied().eq(0..axis.values.len() as u64);
        (axis.key.as_str().to_owned(), if counted { json!(axis.values.len()) } else { json!(axis.values) })
    };
    Json::Object(axes.iter().map(entry).collect())
}

fn snapshots(snapshots: &Snapshots) -> Json {
    json!({ "at": snapshots.at.iter().map(rule).collect::<Vec<_>>(), "keep": snapshots.keep })
}

/// A snapshot rule.
pub(super) fn rule(rule: &SnapshotRule) -> Json {
    match rule {
        SnapshotRule::Every { interval, from: None, to: None } => json!(format!("every {}", plural(*interval))),
        SnapshotRule::Every { interval, from, to } => {
            let mut table = serde_json::Map::new();
            table.insert("every".into(), json!(plural(*interval)));
            for (key, bound) in [("from", from), ("to", to)] {
                if let Some(bound) = bound {
                    table.insert(key.into(), json!(instant(*bound)));
                }
            }
            Json::Object(table)
        }
        SnapshotRule::Log { n } => json!({ "log": n }),
        SnapshotRule::Epochs(epochs) => json!(epochs),
    }
}

fn plural(span: Span) -> String {
    match span {
        Span::Epochs(n) => format!("{n} epochs"),
        Span::Steps(n) => format!("{n} steps"),
    }
}

fn instant(span: Span) -> String {
    match span {
        Span::Epochs(n) => format!("epoch {n}"),
        Span::Steps(n) => format!("step {n}"),
    }
}
