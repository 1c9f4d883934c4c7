//! One run: train it, probe it at its snapshots, pack its rows. Made for a thread of its own.

mod analysis;
mod journey;
mod keep;
mod rows;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::{Duration, Instant};

use traipse_nn::{Dataset, Evaluator, Problem};
use traipse_sweep::plan::Plan;
use traipse_sweep::settings::{ModelKind, RunSettings};
use traipse_sweep::{JobNumber, Outcome, RowBlock, Schema};

use analysis::Analysis;
use journey::{Ended, Journey};

const NO_START: &str = "model.init_scale makes initial weights that are not finite: use a smaller one";

/// One run to be done.
#[derive(Clone, Debug)]
pub struct Task {
    /// The sweep.
    pub plan: Arc<Plan>,
    /// Which of its jobs.
    pub job: JobNumber,
    /// The sweep's row schema.
    pub schema: Arc<Schema>,
    /// The run's data, shared by all slots; none for a run that needs none.
    pub data: Option<Arc<Dataset>>,
    /// Set to the optimiser steps done, after every step.
    pub progress: Arc<AtomicU64>,
    /// Looked at before every step: true ends the run without rows.
    pub stop: Arc<AtomicBool>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum RunEnd {
    /// With a result: it succeeded or diverged.
    Rows {
        /// Which of the two.
        outcome: Outcome,
        /// Its rows.
        block: RowBlock,
        /// The weights of its snapshots as a safetensors file, where the sweep keeps them.
        kept: Option<Vec<u8>>,
    },
    /// It was asked to stop.
    Stopped,
    /// Its settings cannot be run; why, with the remedy.
    Invalid(String),
}

/// Where a run's time went. Reported beside the rows, never in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunClock {
    /// Inside optimiser steps and batch assembly.
    pub train: Duration,
    /// Everything else: probes, and the packing of rows.
    pub probe: Duration,
}

/// Trains and measures one run.
///
/// Memory: the network with its optimiser state, one gradient, and 4 bytes a parameter and snapshot. The rows are a
/// function of the settings alone. Time goes to steps, then to the probe set's gradients and the test set's loss at
/// each snapshot; all that follows from the path costs some 60 ms for 41 snapshots of 269,322 parameters.
#[must_use]
pub fn run(task: &Task) -> (RunEnd, RunClock) {
    let start = Instant::now();
    let mut train = Duration::ZERO;
    let settings = task.plan.settings(task.job);
    let end = match settings.model.kind {
        ModelKind::Noop => noop(task),
        ModelKind::Mlp | ModelKind::Cnn | ModelKind::Resnet => network(task, &settings, &mut train),
    };
    (end, RunClock { train, probe: start.elapsed().saturating_sub(train) })
}

fn noop(task: &Task) -> RunEnd {
    RunEnd::Rows { outcome: Outcome::Succeeded, block: rows::noop(&task.schema), kept: None }
}

fn network(task: &Task, settings: &RunSettings, train: &mut Duration) -> RunEnd {
    let Some(data) = &task.data else {
        return RunEnd::Invalid("the run trains a network, but its worker has loaded no data for it".to_owned());
    };
    let problem = match Problem::new(settings, Arc::clone(data)) {
        Ok(problem) => problem,
        Err(error) => return RunEnd::Invalid(error.to_string()),
    };
    let spec = task.plan.spec();
    let mut evaluator = Evaluator::new(&problem);
    let journey = match Journey::travel(task, &problem, &mut evaluator, train) {
        Ok(journey) => journey,
        Err(Ended::Stopped) => return RunEnd::Stopped,
        Err(Ended::NoStart) => return RunEnd::Invalid(NO_START.to_owned()),
    };
    let analysis = Analysis::of(&journey, &problem, &mut evaluator, &spec.probes.nulls, settings.streams.seed);
    let block = rows::block(&task.schema, &problem, &journey, &analysis);
    let outcome = if journey.diverged_step.is_some() { Outcome::Diverged } else { Outcome::Succeeded };
    let kept = spec.snapshots.keep.then(|| keep::safetensors(&journey.trajectory, problem.layers()));
    RunEnd::Rows { outcome, block, kept }
}
