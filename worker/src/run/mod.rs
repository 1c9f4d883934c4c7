//! One run: train it, probe it at its snapshots, pack its rows. Made for a thread of its own.

mod analysis;
mod checkpoint;
mod compare;
mod journey;
mod keep;
mod last_step;
mod measure;
mod rows;
mod scratch;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use traipse_nn::{Dataset, Evaluator, Problem};
use traipse_probe::Element;
use traipse_sweep::plan::Plan;
use traipse_sweep::settings::{ModelKind, Precision, RunSettings};
use traipse_sweep::{JobNumber, Outcome, RowBlock, Schema};

use analysis::Analysis;
pub use checkpoint::{Checkpoints, Error as CheckpointError, NoCheckpoints, Write as WriteCheckpoint};
pub use compare::{Member, MemberFile, compare};
use journey::{Ended, Journey, Traveller};
pub use keep::Kept;
use measure::Scene;
pub use scratch::{Error as ScratchError, Scratch};

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
    /// Where its snapshots go.
    pub scratch: Scratch,
    /// Set to the optimiser steps done, after every step; then rises by one with every snapshot that a probe measures.
    pub progress: Arc<AtomicU64>,
    /// Looked at before every step and every snapshot of a probe: true ends the run without rows.
    pub stop: Arc<AtomicBool>,
}

/// How a run ended.
#[derive(Debug)]
pub enum RunEnd {
    /// With a result: it succeeded or diverged.
    Rows {
        /// Which of the two.
        outcome: Outcome,
        /// Its rows.
        block: RowBlock,
        /// The weights of its snapshots, where the sweep keeps them.
        kept: Option<Box<Kept>>,
        /// The weights that its comparisons need, where it is a member of any and did not diverge.
        members: Option<Box<Kept>>,
    },
    /// It was asked to stop.
    Stopped,
    /// Its settings cannot be run; why, with the remedy.
    Invalid(String),
    /// Its snapshots could not be kept or read: the machine's fault, and another try may do better.
    Lost(io::Error),
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
/// Memory: the network with its optimiser state, one gradient, and its snapshots as far as [`Scratch`] allows. The rows
/// are a function of the settings alone. Time goes to steps, then to the probe set's gradients and the test set's loss
/// at each snapshot; all that follows from the path costs some 60 ms for 41 snapshots of 269,322 parameters.
#[must_use]
pub fn run(task: &Task) -> (RunEnd, RunClock) {
    run_with(task, &mut NoCheckpoints)
}

/// As [`run`], going on from the first checkpoint that serves, of this run or of one that it continues (see
/// [`traipse_sweep::continues`]), and keeping new ones when they are due. The rows are those of a run without interruption. A
/// checkpoint that does not serve is logged with the reason; where none serves, the run starts from step 0.
#[must_use]
pub fn run_with(task: &Task, checkpoints: &mut dyn Checkpoints) -> (RunEnd, RunClock) {
    let clock = Instant::now();
    let mut train = Duration::ZERO;
    let settings = task.plan.settings(task.job);
    let end = match settings.model.kind {
        ModelKind::Noop => noop(task),
        _ => match (problem(task, &settings), settings.train.precision) {
            (Err(why), _) => RunEnd::Invalid(why),
            (Ok(problem), Precision::F32) => network::<f32>(task, &problem, checkpoints, &mut train),
            (Ok(problem), Precision::F64) => network::<f64>(task, &problem, checkpoints, &mut train),
        },
    };
    (end, RunClock { train, probe: clock.elapsed().saturating_sub(train) })
}

fn network<T: Element>(
    task: &Task,
    problem: &Problem,
    checkpoints: &mut dyn Checkpoints,
    train: &mut Duration,
) -> RunEnd {
    let mut evaluator = Evaluator::<T>::new(problem);
    let mut traveller = Traveller::new(task, problem, &mut evaluator);
    while let Some(mut checkpoint) = checkpoints.next() {
        match checkpoint::read(&mut traveller, problem, &mut *checkpoint) {
            Ok(()) => {
                let step = traveller.trainer.steps_done();
                tracing::info!(job = task.job.0, step, "the run goes on from a checkpoint");
                task.progress.store(step, Ordering::Relaxed);
                break;
            }
            Err(error) => {
                tracing::warn!(job = task.job.0, %error, "a checkpoint does not serve");
                traveller = traveller.again();
            }
        }
    }
    to_rows(task, problem, traveller, checkpoints, train)
}

fn noop(task: &Task) -> RunEnd {
    RunEnd::Rows { outcome: Outcome::Succeeded, block: rows::noop(&task.schema), kept: None, members: None }
}

fn problem(task: &Task, settings: &RunSettings) -> Result<Problem, String> {
    let data = task.data.as_ref().ok_or("the run trains a network, but its worker has loaded no data for it")?;
    Problem::new(settings, Arc::clone(data)).map_err(|error| error.to_string())
}

fn without_rows(ended: Ended) -> RunEnd {
    match ended {
        Ended::Stopped => RunEnd::Stopped,
        Ended::NoStart => RunEnd::Invalid(NO_START.to_owned()),
        Ended::Lost(error) => RunEnd::Lost(error),
    }
}

/// Takes a training to its end and packs its rows.
fn to_rows<T: Element>(
    task: &Task,
    problem: &Problem,
    traveller: Traveller<'_, T>,
    checkpoints: &mut dyn Checkpoints,
    train: &mut Duration,
) -> RunEnd {
    let (journey, evaluator) = match traveller.finish(checkpoints, train) {
        Ok(there) => there,
        Err(ended) => return without_rows(ended),
    };
    match block(task, problem, &journey, evaluator) {
        Ok(block) => {
            let outcome = if journey.diverged_step.is_some() { Outcome::Diverged } else { Outcome::Succeeded };
            let wanted = compare::wanted(&task.plan, task.job, &journey, &problem.course());
            let trajectory = Arc::new(journey.trajectory);
            let kept = task.plan.spec().snapshots.keep.then(|| Kept::all(trajectory.clone(), problem.network()));
            let members = wanted.map(|at| Kept::some(trajectory, at, problem.network()));
            RunEnd::Rows { outcome, block, kept: kept.map(Box::new), members: members.map(Box::new) }
        }
        Err(ended) => without_rows(ended),
    }
}

fn block<T: Element>(
    task: &Task,
    problem: &Problem,
    journey: &Journey,
    evaluator: &mut Evaluator<T>,
) -> Result<RowBlock, Ended> {
    let analysis = Analysis::of(journey, problem, evaluator, &task.plan.spec().probes)?;
    let measured = measure::measure(&mut Scene::new(task, problem, evaluator, journey, &analysis))?;
    Ok(rows::block(&task.schema, problem, journey, &analysis, measured))
}
