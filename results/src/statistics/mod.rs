//! Statistics of one metric over the runs of one cell.
//!
//! Nothing here depends on the order or the grouping of work: sums are compensated and run over the replicates in
//! order, transcendental functions are `libm`'s.

pub(crate) mod bootstrap;
pub(crate) mod design;
pub(crate) mod limits;
pub(crate) mod pairs;
pub(crate) mod quantile;
pub(crate) mod sums;
#[cfg(test)]
mod tests;

use bootstrap::Resamples;
use design::Design;
use limits::{Student, wilson};
use pairs::Pair;
use quantile::type7;
use sums::mean;

/// What a metric's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Numbers: limits by t.
    Number,
    /// Truths as 0 and 1: limits by Wilson.
    Truth,
}

/// The statistics of one metric; what cannot be said is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Summary {
    /// Seeds with a value, or runs where a seed has one run.
    pub(crate) n_value: u32,
    /// Runs with a value.
    pub(crate) n_runs: u32,
    pub(crate) mean: Option<f64>,
    pub(crate) sd: Option<f64>,
    pub(crate) sem: Option<f64>,
    pub(crate) median: Option<f64>,
    pub(crate) q05: Option<f64>,
    pub(crate) q25: Option<f64>,
    pub(crate) q75: Option<f64>,
    pub(crate) q95: Option<f64>,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) t: Option<(f64, f64)>,
    pub(crate) bootstrap: Option<(f64, f64)>,
    pub(crate) geometric_mean: Option<f64>,
    pub(crate) log_t: Option<(f64, f64)>,
}

/// Means over the branches of each seed, of those that have a value; NaN where none has.
pub(crate) fn by_seed(column: &[f64], n_branches: usize) -> Vec<f64> {
    let mean_of = |branches: &[f64]| {
        let known: Vec<f64> = branches.iter().copied().filter(|value| !value.is_nan()).collect();
        if known.is_empty() { f64::NAN } else { mean(&known) }
    };
    column.chunks(n_branches).map(mean_of).collect()
}

/// Summarises metrics of cells that share one design; keeps its buffers and the quantiles of t.
pub(crate) struct Summarizer {
    design: Design,
    n_branches: usize,
    student: Student,
    values: Vec<f64>,
    replicates: Vec<u32>,
    sorted: Vec<f64>,
}

impl Summarizer {
    /// For cells of that design, whose seeds have one run each.
    #[cfg(test)]
    pub(crate) fn new(design: Design) -> Self {
        Self::with_branches(design, 1)
    }

    /// For cells of that design, whose seeds have so many runs each: they are averaged first.
    pub(crate) fn with_branches(design: Design, n_branches: usize) -> Self {
        let student = Student::default();
        Self { design, n_branches, student, values: Vec::new(), replicates: Vec::new(), sorted: Vec::new() }
    }

    /// The design of the cells.
    pub(crate) fn design(&self) -> &Design {
        &self.design
    }

    /// The statistics of one metric: `column` holds a value a run, NaN where there is none, branches of a seed in turn.
    pub(crate) fn summarize(&mut self, column: &[f64], kind: Kind, resamples: Option<&Resamples>) -> Summary {
        let n_runs = column.iter().filter(|value| !value.is_nan()).count() as u32;
        let summary = match self.n_branches {
            1 => self.summarize_seeds(column, kind, resamples),
            n => self.summarize_seeds(&by_seed(column, n), kind, resamples),
        };
        Summary { n_runs, ..summary }
    }

    /// The same of a value a seed.
    pub(crate) fn summarize_seeds(&mut self, column: &[f64], kind: Kind, resamples: Option<&Resamples>) -> Summary {
        self.values.clear();
        self.replicates.clear();
        for (replicate, value) in column.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
            self.values.push(*value);
            self.replicates.push(replicate as u32);
        }
        if self.values.is_empty() {
            return Summary::default();
        }
        self.sorted.clone_from(&self.values);
        self.sorted.sort_unstable_by(f64::total_cmp);
        let mut summary = self.shape();
        let centre = mean(&self.values);
        summary.mean = Some(centre);
        let error = self.design.mean_error(&self.values, &self.replicates);
        summary.sem = error.map(|error| error.sem);
        summary.t = match kind {
            Kind::Number => error.map(|error| error.limits(centre, &mut self.student)),
            Kind::Truth => Some(wilson(centre, self.values.len())),
        };
        summary.bootstrap = resamples.and_then(|resamples| resamples.limits(column));
        if kind == Kind::Number && self.sorted[0] > 0.0 {
            self.logarithms(&mut summary);
        }
        summary
    }

    /// The statistics of comparisons between runs of different seeds: by the jackknife that leaves one seed out.
    pub(crate) fn summarize_pairs(&mut self, pairs: &[Pair<'_>]) -> Summary {
        self.sorted.clear();
        self.sorted.extend(pairs.iter().map(|pair| pair.value));
        if self.sorted.is_empty() {
            return Summary::default();
        }
        let centre = mean(&self.sorted);
        self.values.clone_from(&self.sorted);
        self.sorted.sort_unstable_by(f64::total_cmp);
        let error = pairs::mean_error(pairs, &self.design);
        Summary {
            n_value: pairs::n_seeds(pairs) as u32,
            mean: Some(centre),
            sem: error.map(|error| error.sem),
            t: error.map(|error| error.limits(centre, &mut self.student)),
            ..self.shape()
        }
    }

    /// Counts, quantiles and spread: what does not depend on the design.
    fn shape(&self) -> Summary {
        let (n, sorted) = (self.values.len(), &self.sorted);
        let quantile = |p| Some(type7(sorted, p));
        let centre = mean(&self.values);
        let sd = (n > 1).then(|| (sums::squares(&self.values, centre) / (n as f64 - 1.0)).sqrt());
        Summary {
            n_value: n as u32,
            sd,
            median: quantile(0.5),
            q05: quantile(0.05),
            q25: quantile(0.25),
            q75: quantile(0.75),
            q95: quantile(0.95),
            min: Some(sorted[0]),
            max: Some(sorted[n - 1]),
            ..Summary::default()
        }
    }

    /// Mean and limits of the logarithms, on the metric's own scale.
    fn logarithms(&mut self, summary: &mut Summary) {
        let logs: Vec<f64> = self.values.iter().map(|value| libm::log(*value)).collect();
        let centre = mean(&logs);
        let finite = |value: f64| Some(value).filter(|value| value.is_finite());
        summary.geometric_mean = finite(libm::exp(centre));
        let error = self.design.mean_error(&logs, &self.replicates);
        summary.log_t = error.and_then(|error| {
            let (low, high) = error.limits(centre, &mut self.student);
            finite(libm::exp(low)).zip(finite(libm::exp(high)))
        });
    }
}
