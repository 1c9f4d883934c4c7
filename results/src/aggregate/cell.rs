//! The values of one cell: by metric and replicate.

use std::collections::BTreeMap;

/// Values of one cell's runs; NaN where there is none.
#[derive(Debug, Default)]
pub(crate) struct CellValues {
    /// The cell.
    pub(crate) cell: u64,
    /// Its runs in ascending order.
    pub(crate) runs: Vec<u64>,
    /// Runs that succeeded, diverged, failed (or were cancelled or quarantined).
    pub(crate) n_succeeded: u32,
    pub(crate) n_diverged: u32,
    pub(crate) n_failed: u32,
    /// Runs that did not settle at q = 1 %.
    pub(crate) n_not_converged: u32,
    n_replicates: usize,
    run_values: Vec<Vec<f64>>,
    /// By step.
    pub(crate) steps: BTreeMap<u64, StepValues>,
    /// By step and layer.
    pub(crate) layers: BTreeMap<(u64, u32), StepValues>,
}

/// Values of one cell's runs at one step (of one layer).
#[derive(Debug)]
pub(crate) struct StepValues {
    /// The step in epochs.
    pub(crate) epoch: f64,
    n_replicates: usize,
    values: Vec<f64>,
}

impl StepValues {
    fn new(epoch: f64, n_replicates: usize, n_metrics: usize) -> Self {
        Self { epoch, n_replicates, values: vec![f64::NAN; n_metrics * n_replicates] }
    }

    fn set(&mut self, replicate: usize, values: impl Iterator<Item = f64>) {
        for (metric, value) in values.enumerate() {
            self.values[metric * self.n_replicates + replicate] = value;
        }
    }

    /// One metric by replicate.
    pub(crate) fn metric(&self, at: usize) -> &[f64] {
        &self.values[at * self.n_replicates..(at + 1) * self.n_replicates]
    }
}

impl CellValues {
    /// Begins another cell.
    pub(crate) fn reset(&mut self, cell: u64, n_replicates: usize) {
        let mut run_values = std::mem::take(&mut self.run_values);
        for values in &mut run_values {
            values.clear();
            values.resize(n_replicates, f64::NAN);
        }
        *self = Self { cell, n_replicates, run_values, ..Self::default() };
    }

    /// Counts a run by its outcome.
    pub(crate) fn count(&mut self, outcome: &str) {
        match outcome {
            "succeeded" => self.n_succeeded += 1,
            "diverged" => self.n_diverged += 1,
            "failed" | "cancelled" | "quarantined" => self.n_failed += 1,
            _ => {}
        }
    }

    /// Sets a run's value.
    pub(crate) fn set(&mut self, metric: usize, replicate: usize, value: f64) {
        if metric >= self.run_values.len() {
            self.run_values.resize(metric + 1, vec![f64::NAN; self.n_replicates]);
        }
        self.run_values[metric][replicate] = value;
    }

    /// Sets a snapshot's values, one a metric.
    pub(crate) fn set_step(
        &mut self,
        step: u64,
        epoch: f64,
        replicate: usize,
        values: impl ExactSizeIterator<Item = f64>,
    ) {
        let new = || StepValues::new(epoch, self.n_replicates, values.len());
        self.steps.entry(step).or_insert_with(new).set(replicate, values);
    }

    /// Sets a layer's values at a snapshot, one a metric.
    pub(crate) fn set_layer(&mut self, at: (u64, u32), replicate: usize, values: impl ExactSizeIterator<Item = f64>) {
        let epoch = self.steps.get(&at.0).map_or(f64::NAN, |step| step.epoch);
        let new = || StepValues::new(epoch, self.n_replicates, values.len());
        self.layers.entry(at).or_insert_with(new).set(replicate, values);
    }

    /// One of the runs' metrics by replicate; empty where no run of any cell so far had it.
    pub(crate) fn metric(&self, at: usize) -> &[f64] {
        self.run_values.get(at).map_or(&[], Vec::as_slice)
    }
}
