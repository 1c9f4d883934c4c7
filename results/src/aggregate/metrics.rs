//! Which metrics there are, and what they are called.
//!
//! A run's metrics are the numeric columns that workers fill in `runs` (`learned` as a fraction, `pca_explained` as
//! `pca_explained_1` to `_3`); those of `convergence` with the threshold's digits, as `travel_fraction_q01` for
//! q = 0.01; and `null_<kind>_<statistic>` and `…_sd`, the mean and the deviation of a null over the whole path. A
//! snapshot's metrics are the numeric columns of `trajectory`, a layer's those of `layers`, a comparison's those of
//! `comparisons`. A column without any value in the sweep is no metric.

use std::collections::BTreeMap;

use traipse_sweep::columns::{ColumnDef, ColumnType, Source, Table, comparisons, layers, runs, trajectory};

use super::source::Pick;
use crate::statistics::Kind;

/// Components of `pca_explained` that are metrics.
const N_COMPONENTS: usize = 3;
/// Columns of `trajectory` that say where a row stands.
const POSITIONS: [&str; 3] = [trajectory::SNAPSHOT.name, trajectory::STEP.name, trajectory::EPOCH.name];

/// Columns of `layers`, likewise.
const LAYER_POSITIONS: [&str; 3] = [layers::STEP.name, layers::LAYER.name, layers::PARAMETERS.name];
/// Columns of `comparisons`, likewise.
const COMPARISON_POSITIONS: [&str; 4] =
    [comparisons::FORK_STEP.name, comparisons::ALIGNED.name, comparisons::AT_STEP_A.name, comparisons::AT_STEP_B.name];

/// What a value belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Run,
    Snapshot,
    Layer,
    Comparison,
}

impl Level {
    /// The word in `statistics.level`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Snapshot => "snapshot",
            Self::Layer => "layer",
            Self::Comparison => "comparison",
        }
    }
}

/// One metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Metric {
    pub(crate) name: String,
    pub(crate) level: Level,
    pub(crate) unit: &'static str,
    pub(crate) kind: Kind,
    /// Its place among the values of its level.
    pub(crate) at: usize,
}

/// All metrics of a sweep; those of thresholds and nulls are added as they are met.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    metrics: Vec<Metric>,
    n_run: usize,
    n_snapshot: usize,
    n_layer: usize,
    n_comparison: usize,
    /// Places by threshold (as bits) and by null (kind, statistic).
    thresholds: BTreeMap<u64, usize>,
    nulls: BTreeMap<(String, String), usize>,
}

/// The numeric columns of a table that workers fill and that have values, with what is read of each.
pub(crate) fn picks(table: Table, filled: &[String]) -> Vec<(&'static ColumnDef, Pick)> {
    let numeric = |column: &&ColumnDef| {
        let number = matches!(column.ty, ColumnType::F64 | ColumnType::U32 | ColumnType::U64 | ColumnType::Bool);
        let merged = column.source == Source::Merge && column.name == runs::BARRIER_SIBLING_CHORD.name;
        (column.source == Source::Worker || merged) && (number || column.name == runs::PCA_EXPLAINED.name)
    };
    let position = |column: &&ColumnDef| match table {
        Table::Trajectory => POSITIONS.contains(&column.name),
        Table::Convergence => column.name == "q",
        Table::Layers => LAYER_POSITIONS.contains(&column.name),
        Table::Comparisons => COMPARISON_POSITIONS.contains(&column.name),
        _ => false,
    };
    let columns = table.columns().iter().copied().filter(numeric).filter(|column| !position(column));
    let columns = columns.filter(|column| filled.iter().any(|name| name == column.name));
    columns
        .flat_map(|column| {
            let n = if column.ty == ColumnType::ListF64 { N_COMPONENTS } else { 1 };
            (0..n).map(move |item| match column.ty {
                ColumnType::ListF64 => (column, Pick::Item(column.name, item)),
                _ => (column, Pick::Number(column.name)),
            })
        })
        .collect()
}

impl Registry {
    /// Adds the metrics of a table whose rows are runs or snapshots, in the order of its picks.
    pub(crate) fn add_columns(&mut self, level: Level, picks: &[(&'static ColumnDef, Pick)]) {
        for (column, pick) in picks {
            let name = match pick {
                Pick::Item(name, item) => format!("{name}_{}", item + 1),
                Pick::Number(name) | Pick::Text(name) => (*name).to_owned(),
            };
            self.add(name, level, column);
        }
    }

    /// The place of the first metric of a threshold; the others follow in the order of the picks.
    pub(crate) fn threshold(&mut self, q: f64, picks: &[(&'static ColumnDef, Pick)]) -> usize {
        if let Some(at) = self.thresholds.get(&q.to_bits()) {
            return *at;
        }
        let first = self.n_run;
        for (column, _) in picks {
            self.add(format!("{}_{}", column.name, threshold_name(q)), Level::Run, column);
        }
        self.thresholds.insert(q.to_bits(), first);
        first
    }

    /// The place of a null's mean; that of its deviation follows.
    pub(crate) fn null(&mut self, kind: &str, statistic: &str) -> usize {
        let key = (kind.to_owned(), statistic.to_owned());
        if let Some(at) = self.nulls.get(&key) {
            return *at;
        }
        let first = self.n_run;
        self.add(format!("null_{kind}_{statistic}"), Level::Run, &traipse_sweep::columns::nulls::MEAN);
        self.add(format!("null_{kind}_{statistic}_sd"), Level::Run, &traipse_sweep::columns::nulls::SD);
        self.nulls.insert(key, first);
        first
    }

    /// How many metrics a run has so far.
    pub(crate) fn n_run(&self) -> usize {
        self.n_run
    }

    /// How many metrics there are so far, of all levels.
    pub(crate) fn len(&self) -> usize {
        self.metrics.len()
    }

    /// The metrics by name, a run's before a snapshot's of the same name.
    pub(crate) fn sorted(&self) -> Vec<Metric> {
        let mut sorted = self.metrics.clone();
        sorted.sort_by(|a, b| (&a.name, a.level).cmp(&(&b.name, b.level)));
        sorted
    }

    /// The place of a run's metric of that name.
    pub(crate) fn run_metric(&self, name: &str) -> Option<usize> {
        self.metrics.iter().find(|metric| metric.level == Level::Run && metric.name == name).map(|metric| metric.at)
    }

    fn add(&mut self, name: String, level: Level, column: &ColumnDef) {
        let next = match level {
            Level::Run => &mut self.n_run,
            Level::Snapshot => &mut self.n_snapshot,
            Level::Layer => &mut self.n_layer,
            Level::Comparison => &mut self.n_comparison,
        };
        let kind = if column.ty == ColumnType::Bool { Kind::Truth } else { Kind::Number };
        self.metrics.push(Metric { name, level, unit: column.unit, kind, at: *next });
        *next += 1;
    }
}

/// `q` and the digits after the point: `q01` for 0.01.
fn threshold_name(q: f64) -> String {
    let text = q.to_string();
    format!("q{}", text.strip_prefix("0.").unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_named_by_their_digits() {
        assert_eq!([0.05, 0.01, 0.001, 1.0].map(threshold_name), ["q05", "q01", "q001", "q1"]);
    }

    #[test]
    fn columns_without_values_are_no_metrics() {
        let filled = ["final_test_error", "pca_explained", "status", "learned"].map(str::to_owned);
        let mut registry = Registry::default();
        registry.add_columns(Level::Run, &picks(Table::Runs, &filled));
        registry.null("signs", "pca_explained_1");
        assert_eq!(registry.null("signs", "pca_explained_1"), 5);
        let names: Vec<_> = registry.sorted().into_iter().map(|metric| metric.name).collect();
        let expected = [
            "final_test_error",
            "learned",
            "null_signs_pca_explained_1",
            "null_signs_pca_explained_1_sd",
            "pca_explained_1",
            "pca_explained_2",
            "pca_explained_3",
        ];
        assert_eq!(names, expected);
        assert_eq!(registry.run_metric("learned"), Some(0), "in the order of the catalogue");
    }
}
