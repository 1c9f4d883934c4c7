//! The values of comparisons by cell, and their statistics.

use std::collections::BTreeMap;
use std::path::Path;

use traipse_sweep::columns::{ColumnDef, Table, comparisons};
use traipse_sweep::{JobNumber, Plan};

use super::metrics::{Level, Registry, picks};
use super::source::{Pick, Source, filled_columns};
use crate::Error;
use crate::statistics::pairs::Pair;
use crate::statistics::{Kind, Summarizer, Summary, by_seed};

/// Rows of comparisons that are summarised; a sweep with more has no statistics of that level. About 250 MiB.
pub(crate) const MAX_ROWS: u64 = 1 << 21;

/// What the statistics of comparisons are told apart by, within a cell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// Which of the spec's `[[compare]]`.
    pub(crate) compare: usize,
    /// Start, end, or epoch N.
    pub(crate) at: String,
    /// Whether hidden units were permuted first.
    pub(crate) aligned: bool,
}

/// The rows of one key.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    /// Seeds of the members by their place among the cell's, ascending, without repeats.
    seeds: Vec<u32>,
    step: f64,
    values: Vec<f64>,
}

/// All comparisons of a sweep, by cell.
#[derive(Debug, Default)]
pub(crate) struct Comparisons {
    cells: BTreeMap<u64, BTreeMap<Key, Compared>>,
}

impl Comparisons {
    /// Reads the table and registers its metrics. Memory: its numbers, at most [`MAX_ROWS`] rows.
    pub(crate) fn read(plan: &Plan, path: &Path, registry: &mut Registry) -> Result<Self, Error> {
        let metrics: Vec<(&ColumnDef, Pick)> = picks(Table::Comparisons, &filled_columns(path)?);
        registry.add_columns(Level::Comparison, &metrics);
        let place = [
            Pick::Number(comparisons::ALIGNED.name),
            Pick::Number(comparisons::AT_STEP_A.name),
            Pick::Text(comparisons::AT.name),
        ];
        let all = metrics.iter().map(|metric| metric.1).chain(place).collect();
        let mut source = Source::keyed(path, comparisons::COMPARISON.name, all)?;
        let (n, mut found) = (metrics.len(), Self::default());
        while let Some(comparison) = source.run() {
            let group = plan.group(plan.job_of_comparison(comparison));
            if let Some(group) = group {
                let key =
                    Key { compare: group.compare, at: source.text(n + 2).to_owned(), aligned: source.number(n) == 1.0 };
                let seed = |job: &JobNumber| plan.place(*job).replicate / plan.spec().n_branches.max(1);
                let mut seeds: Vec<u32> = group.members.iter().map(seed).collect();
                seeds.sort_unstable();
                seeds.dedup();
                let values = (0..n).map(|metric| source.number(metric)).collect();
                let cell = found.cells.entry(plan.place(group.members[0]).cell).or_default();
                cell.entry(key).or_default().rows.push(Row { seeds, step: source.number(n + 1), values });
            }
            source.advance()?;
        }
        Ok(found)
    }

    /// Those whose first member is a run of that cell.
    pub(crate) fn of(&self, cell: u64) -> impl Iterator<Item = (&Key, &Compared)> {
        self.cells.get(&cell).into_iter().flatten()
    }
}

impl Compared {
    /// The step of the first members' snapshots, where it is one.
    pub(crate) fn step(&self) -> Option<u64> {
        let first = self.rows.first()?.step;
        (!first.is_nan() && self.rows.iter().all(|row| row.step == first)).then_some(first as u64)
    }

    /// The statistics of one metric, and the design: where the members of each comparison have one seed, the
    /// comparisons of a seed are averaged and seeds vary as the cell's do; else they are pairs.
    pub(crate) fn summarize(
        &self,
        metric: usize,
        n_seeds: usize,
        summarizer: &mut Summarizer,
    ) -> (Summary, &'static str) {
        let known = || self.rows.iter().filter(|row| !row.values[metric].is_nan());
        if self.rows.iter().any(|row| row.seeds.len() > 1) {
            let pairs: Vec<_> = known().map(|row| Pair { value: row.values[metric], seeds: &row.seeds }).collect();
            return (summarizer.summarize_pairs(&pairs), "pairs");
        }
        let mut by = vec![Vec::new(); n_seeds];
        known().for_each(|row| by[row.seeds[0] as usize].push(row.values[metric]));
        let mean = |values: &Vec<f64>| by_seed(values, values.len().max(1)).first().copied().unwrap_or(f64::NAN);
        let column: Vec<f64> = by.iter().map(mean).collect();
        let design = summarizer.design().as_str();
        (summarizer.summarize_seeds(&column, Kind::Number, None), design)
    }
}
