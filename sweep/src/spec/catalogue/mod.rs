//! Every key of the sweep file, once: what it takes and where it lives.
//!
//! Reading, axes, exclusions, suggestions for unknown keys, the canonical form, the plan's setters and the JSON Schema
//! all start here.

mod macros;
mod probes;
mod settings;
mod structured;
mod suggest;
mod value;

pub(crate) use macros::Words;
pub(crate) use probes::{MAX_POINTS, PROBE_TABLES, ProbeKey, ProbeKind, ProbeTable, ProbeValue};
pub(crate) use settings::SETTINGS;
pub(crate) use suggest::{nearest, other};
pub(crate) use value::Value;

use crate::settings::RunSettings;

/// A setting of a run: a key of `[data]`, `[model]`, `[train]` or `[fork]`, which may be an axis.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Dotted.
    pub(crate) key: &'static str,
    /// What it takes.
    pub(crate) kind: Kind,
    /// What it is, for the schema.
    pub(crate) doc: &'static str,
    /// Reads it.
    pub(crate) get: fn(&RunSettings) -> Value,
    /// Writes it; a value of another kind changes nothing.
    pub(crate) set: fn(&mut RunSettings, &Value),
}

/// What a setting takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// One of some words, perhaps none; others are known but not available yet.
    Word { now: &'static [&'static str], later: &'static [&'static str], optional: bool },
    /// A whole number within bounds.
    Count { min: u64, max: u64, optional: bool },
    /// A number within bounds; the upper one may be excluded.
    Number { min: f64, max: f64, below: bool },
    /// True or false.
    Truth,
    /// Text, which may be absent.
    Text,
    /// A list of layer widths.
    Widths,
    /// A list of numbers within bounds, at least one.
    Numbers { min: f64, max: f64, most: usize },
    /// Rows, or `full`.
    Batch,
    /// A list of layers in words.
    Layers,
    /// A schedule of the learning rate.
    Schedule,
    /// What ends a training early, which may be absent.
    Stop,
    /// A list of changes of images.
    Augment,
}

/// Keys that are not settings, in the order of the documentation. Sections are listed with what they may hold.
pub(crate) const STRUCTURE: &[&str] = &[
    "spec",
    "name",
    "data",
    "model",
    "train",
    "snapshots",
    "snapshots.at",
    "snapshots.keep",
    "probes",
    "probes.examples",
    "axes",
    "grid",
    "grid.zip",
    "grid.exclude",
    "replicates",
    "replicates.seed",
    "replicates.init_seed",
    "replicates.order_seed",
    "fork",
    "fork.branches",
    "fork.train",
    "compare",
    "compare.pairs_over",
    "compare.neighbours_over",
    "compare.all_over",
    "compare.probe",
    "compare.at",
    "compare.points",
    "compare.measure",
    "compare.align",
    "compare.where",
    "compare.max_pairs",
    "execution",
    "execution.order",
    "execution.max_attempts",
    "execution.time_limit",
    "execution.stall_limit",
    "execution.on_failure",
    "execution.priority",
    "execution.max_concurrent",
    "execution.require",
    "execution.require.labels",
    "execution.require.memory_mb",
];

/// What repeats a cell: axes that are no settings.
pub(crate) const REPLICATE_KEYS: [&str; 4] = ["seed", "init_seed", "order_seed", "branch"];

/// The setting of that dotted key.
pub(crate) fn setting(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// `section.key`, or `key` at the top.
pub(crate) fn dotted(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}
