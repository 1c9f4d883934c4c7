//! What every asked-for probe looks at.

use std::io;
use std::sync::atomic::Ordering;

use traipse_nn::{Evaluator, Problem};
use traipse_probe::{Element, Snapshot};
use traipse_sweep::spec::{At, SweepSpec, chosen};

use super::super::Task;
use super::super::analysis::Analysis;
use super::super::journey::{Ended, Journey, probe_set};

/// A training that is over, with all that the default probes know of it.
pub(in crate::run) struct Scene<'a, T: Element> {
    task: &'a Task,
    pub(in crate::run) spec: &'a SweepSpec,
    pub(in crate::run) problem: &'a Problem,
    /// For losses and gradients at any θ.
    pub(in crate::run) evaluator: &'a mut Evaluator<T>,
    /// Snapshots and what was measured there.
    pub(in crate::run) journey: &'a Journey,
    /// Geometry, components, convergence.
    pub(in crate::run) analysis: &'a Analysis<'a>,
    /// Training rows that probes see.
    pub(in crate::run) probe_set: Vec<u32>,
}

impl<'a, T: Element> Scene<'a, T> {
    pub(in crate::run) fn new(
        task: &'a Task,
        problem: &'a Problem,
        evaluator: &'a mut Evaluator<T>,
        journey: &'a Journey,
        analysis: &'a Analysis<'a>,
    ) -> Self {
        let spec = task.plan.spec();
        let probe_set = probe_set(problem, spec.probes.examples);
        Self { task, spec, problem, evaluator, journey, analysis, probe_set }
    }

    /// Seeds every random number of a probe.
    pub(super) fn seed(&self) -> u64 {
        self.problem.settings().streams.seed
    }

    /// The snapshots at which a probe measures, ascending: those whose step a rule names, the first and the
    /// last.
    pub(super) fn chosen(&self, at: &At) -> Vec<usize> {
        chosen(at, self.journey.trajectory.steps(), &self.problem.course())
    }

    /// Weights and running statistics at a snapshot.
    ///
    /// # Errors
    /// If the records cannot be read.
    pub(super) fn snapshot(&self, at: usize) -> io::Result<Snapshot> {
        self.journey.trajectory.snapshot(at)
    }

    /// Examples as passes over the probe set, rounded up.
    pub(super) fn passes(&self, n_examples: usize) -> u32 {
        u32::try_from(n_examples.div_ceil(self.probe_set.len().max(1))).unwrap_or(u32::MAX)
    }

    /// To be called before each snapshot, or as often as a probe likes: says that work goes on, and obeys the signal
    /// to stop.
    ///
    /// # Errors
    /// [`Ended::Stopped`].
    pub(super) fn go_on(&self) -> Result<(), Ended> {
        if self.task.stop.load(Ordering::Relaxed) {
            return Err(Ended::Stopped);
        }
        self.task.progress.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
