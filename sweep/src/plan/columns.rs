//! The columns that hold the axes' values, and the label of a cell.

use std::collections::BTreeMap;

use super::AxisColumn;
use crate::columns::{ColumnType, Table};
use crate::rows::Cell;
use crate::settings::{ModelKind, RunSettings};
use crate::spec::SweepSpec;
use crate::spec::catalogue::{Kind, Setting, Value, setting};

/// A column of the results that holds an axis's value, and how to fill it.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) column: AxisColumn,
    setting: &'static Setting,
}

impl Source {
    /// The value of a run.
    pub(super) fn cell(&self, run: &RunSettings) -> Cell {
        match (self.value(run), self.column.ty) {
            (Value::Null, _) => Cell::Null,
            (Value::Widths(widths), ColumnType::ListU64) => Cell::ListU64(widths.into_iter().map(u64::from).collect()),
            (Value::Count(count), ColumnType::U64) => Cell::U64(count),
            (Value::Number(number), _) => Cell::F64(number),
            (Value::Truth(truth), _) => Cell::Bool(truth),
            (value, _) => Cell::Utf8(self.setting.label(&value)),
        }
    }

    /// None where the run ignores the setting: only an mlp has hidden layers by their widths.
    fn value(&self, run: &RunSettings) -> Value {
        let ignored = self.setting.kind == Kind::Widths && run.model.kind != ModelKind::Mlp;
        if ignored { Value::Null } else { (self.setting.get)(run) }
    }

    /// `learning_rate=0.1`; none for a list beside its text and for what the run does not have.
    pub(super) fn label(&self, run: &RunSettings) -> Option<String> {
        let value = self.value(run);
        let shown = self.column.ty != ColumnType::ListU64 && value != Value::Null;
        shown.then(|| format!("{}={}", self.column.name, self.setting.label(&value)))
    }
}

/// One source an axis, in the order of first appearance; widths have two, text and list.
pub(super) fn sources(spec: &SweepSpec) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut settings: Vec<&'static Setting> = Vec::new();
    for axis in spec.products.iter().flat_map(|product| &product.axes) {
        if let Some(setting) = setting(&axis.key)
            && settings.iter().all(|known| known.key != setting.key)
        {
            settings.push(setting);
        }
    }
    let names = names(&settings);
    for setting in settings {
        let name = names.get(setting.key).cloned().unwrap_or_else(|| setting.key.to_owned());
        let nullable = is_nullable(setting) || setting.kind == Kind::Widths && has_others(spec);
        let mut push = |name: String, ty: ColumnType| {
            let column = AxisColumn { name, ty, nullable, unit: "1", key: setting.key.to_owned() };
            sources.push(Source { column, setting });
        };
        push(name.clone(), column_type(spec, setting));
        if setting.kind == Kind::Widths {
            push(format!("{name}_list"), ColumnType::ListU64);
        }
    }
    sources
}

/// The last segment of each key where it is unique and no table has such a column, else the whole key; of forks always the
/// whole, because `epoch` alone says nothing of a fork.
fn names(settings: &[&'static Setting]) -> BTreeMap<&'static str, String> {
    let last = |key: &'static str| key.rsplit('.').next().unwrap_or(key);
    let taken = |name: &str| {
        let in_table = |table: Table| table.columns().iter().any(|column| column.name == name);
        in_table(Table::Runs) || in_table(Table::Statistics)
    };
    settings
        .iter()
        .map(|setting| {
            let short = last(setting.key);
            let unique = settings.iter().filter(|other| last(other.key) == short).count() == 1;
            (
                setting.key,
                if unique && !taken(short) && !setting.key.starts_with("fork.") {
                    short.to_owned()
                } else {
                    setting.key.to_owned()
                },
            )
        })
        .collect()
}

/// Whether some run may be no mlp.
fn has_others(spec: &SweepSpec) -> bool {
    let mut axes = spec.products.iter().flat_map(|product| &product.axes);
    spec.base.model.kind != ModelKind::Mlp || axes.any(|axis| axis.key == "model.kind")
}

/// Settings that a run may lack: another length, no folder, no limit.
fn is_nullable(setting: &Setting) -> bool {
    let optional = matches!(
        setting.kind,
        Kind::Text | Kind::Stop | Kind::Count { optional: true, .. } | Kind::Word { optional: true, .. }
    );
    optional || crate::spec::read::is_length(setting.key) || setting.key.starts_with("fork.")
}

fn column_type(spec: &SweepSpec, setting: &Setting) -> ColumnType {
    match setting.kind {
        Kind::Count { .. } => ColumnType::U64,
        Kind::Number { .. } => ColumnType::F64,
        Kind::Truth => ColumnType::Bool,
        Kind::Word { .. } | Kind::Text | Kind::Widths | Kind::Numbers { .. } => ColumnType::Utf8,
        Kind::Layers | Kind::Schedule | Kind::Stop | Kind::Augment => ColumnType::Utf8,
        Kind::Batch => {
            let axes = spec.products.iter().flat_map(|product| &product.axes);
            let words =
                axes.filter(|axis| axis.key == setting.key).flat_map(|axis| &axis.values).any(|v| v.is_string());
            let full = words || (setting.get)(&spec.base) == Value::Full;
            if full { ColumnType::Utf8 } else { ColumnType::U64 }
        }
    }
}
