//! The seeds of a cell as a sample: means with intervals that count seeds, never rows or branches.

use std::collections::{BTreeMap, BTreeSet};

use super::{Counts, Statistic};
use crate::statistics::design::Design;
use crate::statistics::limits::{Student, wilson};
use crate::statistics::sums::mean;
use crate::tables::{CellRuns, RunRow, Threshold};

/// Limit of |log₁₀| of a ratio: beyond it, one side is zero to rounding, and how far says nothing.
const MAX_DECADES: f64 = 12.0;
/// Thresholds that differ by less are one.
const SAME_THRESHOLD: f64 = 1e-9;

/// The runs of a cell, grouped by seed.
pub(crate) struct Sample<'a> {
    pub(crate) cell: &'a CellRuns,
    /// The seed of each run, by its place among the seeds.
    units: Vec<u32>,
    n_units: usize,
    design: Design,
}

impl<'a> Sample<'a> {
    /// Groups the runs: those that share all seeds are branches of one, and count once.
    pub(crate) fn new(cell: &'a CellRuns) -> Self {
        let seeds: BTreeSet<_> = cell.runs.iter().map(|run| run.seeds).collect();
        let seeds: Vec<_> = seeds.into_iter().collect();
        let place = |run: &RunRow| seeds.binary_search(&run.seeds).unwrap_or_default() as u32;
        Self { cell, units: cell.runs.iter().map(place).collect(), n_units: seeds.len(), design: design(&seeds) }
    }

    /// Seeds of the cell.
    pub(crate) fn n_seeds(&self) -> usize {
        self.n_units
    }

    /// Mean over seeds of a value of runs; none where no run has one.
    pub(crate) fn mean(&self, value: impl Fn(&RunRow) -> Option<f64>) -> Option<Statistic> {
        let pairs = self.cell.runs.iter().zip(&self.units).filter_map(|(run, unit)| Some((*unit, value(run)?)));
        self.mean_of(pairs)
    }

    /// Geometric mean over seeds of a positive ratio of runs.
    pub(crate) fn ratio(&self, value: impl Fn(&RunRow) -> Option<f64>) -> Option<Statistic> {
        let log = |ratio: f64| libm::log10(ratio.max(0.0)).clamp(-MAX_DECADES, MAX_DECADES);
        let found = self.mean(|run| value(run).map(log))?;
        let power = |decades: f64| libm::pow(10.0, decades);
        let limits = found.limits.map(|(low, high)| (power(low), power(high)));
        Some(Statistic { mean: power(found.mean), limits, n: found.n })
    }

    /// Share of runs for which something is true, with Wilson's limits over seeds; none where no run can tell. A seed
    /// of which some branches say no counts as no.
    pub(crate) fn share(&self, truth: impl Fn(&RunRow) -> Option<bool>) -> Option<Statistic> {
        let mut by_unit = BTreeMap::<u32, bool>::new();
        for (run, unit) in self.cell.runs.iter().zip(&self.units) {
            if let Some(truth) = truth(run) {
                by_unit.entry(*unit).and_modify(|all| *all &= truth).or_insert(truth);
            }
        }
        share_of(&by_unit.into_values().collect::<Vec<_>>())
    }

    /// Mean over seeds of values that name their seed's place.
    fn mean_of(&self, values: impl Iterator<Item = (u32, f64)>) -> Option<Statistic> {
        let mut by_unit = BTreeMap::<u32, Vec<f64>>::new();
        for (unit, value) in values {
            by_unit.entry(unit).or_default().push(value);
        }
        let units: Vec<u32> = by_unit.keys().copied().collect();
        let values: Vec<f64> = by_unit.values().map(|branches| mean(branches)).collect();
        if values.is_empty() {
            return None;
        }
        let centre = mean(&values);
        let error = self.design.mean_error(&values, &units);
        let limits = error.map(|error| error.limits(centre, &mut Student::default()));
        Some(Statistic { mean: centre, limits, n: values.len() as u32 })
    }

    /// Runs by outcome, and those that had not converged at a threshold.
    pub(crate) fn counts(&self, q: Option<f64>) -> Counts {
        let mut counts = Counts { n_total: self.cell.runs.len() as u32, ..Counts::default() };
        for run in &self.cell.runs {
            match run.outcome.as_str() {
                "succeeded" => {
                    counts.n_succeeded += 1;
                    let status = q.and_then(|q| at(run, q)).map_or("", |row| row.status.as_str());
                    counts.n_not_converged += u32::from(status.starts_with("not-converged"));
                }
                "diverged" => counts.n_diverged += 1,
                _ => counts.n_failed += 1,
            }
        }
        counts
    }
}

/// The row of a run for a threshold.
pub(crate) fn at(run: &RunRow, q: f64) -> Option<&Threshold> {
    run.thresholds.iter().find(|row| (row.q - q).abs() < SAME_THRESHOLD)
}

/// Mean of one value a seed, seeds being independent.
pub(crate) fn mean_of_seeds(by_seed: &BTreeMap<u64, Vec<f64>>) -> Option<Statistic> {
    let values: Vec<f64> = by_seed.values().map(|values| mean(values)).collect();
    if values.is_empty() {
        return None;
    }
    let replicates: Vec<u32> = (0..values.len() as u32).collect();
    let centre = mean(&values);
    let error = Design::Iid.mean_error(&values, &replicates);
    let limits = error.map(|error| error.limits(centre, &mut Student::default()));
    Some(Statistic { mean: centre, limits, n: values.len() as u32 })
}

/// Share of truths with Wilson's limits.
pub(crate) fn share_of(truths: &[bool]) -> Option<Statistic> {
    let n = truths.len();
    let share = truths.iter().filter(|truth| **truth).count() as f64 / n as f64;
    (n > 0).then(|| Statistic { mean: share, limits: Some(wilson(share, n)), n: n as u32 })
}

/// Crossed where weights and order have fewer seeds each than there are pairs of them.
fn design(seeds: &[(u64, u64, u64)]) -> Design {
    let levels = |of: fn(&(u64, u64, u64)) -> u64| {
        let known: BTreeSet<u64> = seeds.iter().map(of).collect();
        let known: Vec<u64> = known.into_iter().collect();
        let level = |seed: &(u64, u64, u64)| known.binary_search(&of(seed)).unwrap_or_default() as u32;
        (seeds.iter().map(level).collect::<Vec<u32>>(), known.len())
    };
    let (first, n_first) = levels(|seed| seed.1);
    let (second, n_second) = levels(|seed| seed.2);
    let crossed = n_first > 1 && n_second > 1 && n_first < seeds.len() && n_second < seeds.len();
    if crossed { Design::Crossed { first, second } } else { Design::Iid }
}
