//! The training itself, with a stop at each snapshot to measure.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use traipse_nn::{Evaluator, Loss, Problem, Rows, Step, Trainer, UpdateSums, probe_order};
use traipse_probe::gradients::{self, Gradients};
use traipse_probe::{Trajectory, lanes};
use traipse_sweep::spec::ProbeExamples;

use super::Task;

/// A training that was taken to its end, or to the step where it diverged.
pub(super) struct Journey {
    /// The weights at each snapshot; at least the start's.
    pub(super) trajectory: Trajectory,
    /// What was measured there, one a snapshot.
    pub(super) points: Vec<Point>,
    /// The step whose loss, update or weights were not finite.
    pub(super) diverged_step: Option<u64>,
}

/// What is known at one snapshot without looking at the others.
pub(super) struct Point {
    pub(super) step: u64,
    pub(super) epoch: f64,
    pub(super) examples_seen: u64,
    pub(super) rate_time: f64,
    pub(super) learning_rate: f64,
    /// Over the optimiser steps since the previous snapshot.
    pub(super) updates: UpdateSums,
    pub(super) on_probe_set: Gradients,
    pub(super) on_test_set: Loss,
}

/// Why there is no journey to look at.
pub(super) enum Ended {
    /// The task was asked to stop.
    Stopped,
    /// The initial weights are not numbers.
    NoStart,
}

impl Journey {
    /// Trains, measuring at every snapshot. Adds the time inside steps to `train`.
    pub(super) fn travel(
        task: &Task,
        problem: &Problem,
        evaluator: &mut Evaluator,
        train: &mut Duration,
    ) -> Result<Self, Ended> {
        let spec = task.plan.spec();
        let steps = spec.snapshots.steps(&problem.course());
        let mut trainer = Trainer::<f32>::new(problem);
        let mut surveyor = Surveyor::new(problem, evaluator, spec.probes.examples);
        let mut journey = Self {
            trajectory: Trajectory::new(problem.n_parameters(), steps.len()),
            points: Vec::with_capacity(steps.len()),
            diverged_step: None,
        };
        for step in steps {
            let start = Instant::now();
            let reached = advance(task, &mut trainer, step)?;
            *train += start.elapsed();
            // An update can be finite and still carry a weight beyond the largest float: then there is nothing to
            // measure, and the training counts as diverged at this step.
            let Some(theta) = finite_parameters(&trainer, problem).filter(|_| reached == Step::Ok) else {
                journey.diverged_step = Some(trainer.steps_done());
                break;
            };
            journey.points.push(surveyor.survey(&theta, &mut trainer));
            journey.trajectory.push(step, theta);
        }
        if journey.points.is_empty() { Err(Ended::NoStart) } else { Ok(journey) }
    }

    /// The last snapshot, where it is the end of the training.
    pub(super) fn end(&self) -> Option<usize> {
        self.diverged_step.is_none().then(|| self.points.len() - 1)
    }
}

/// Takes optimiser steps until `step` of them are done.
fn advance(task: &Task, trainer: &mut Trainer, step: u64) -> Result<Step, Ended> {
    while trainer.steps_done() < step {
        if task.stop.load(Ordering::Relaxed) {
            return Err(Ended::Stopped);
        }
        if trainer.step() == Step::Diverged {
            return Ok(Step::Diverged);
        }
        task.progress.store(trainer.steps_done(), Ordering::Relaxed);
    }
    Ok(Step::Ok)
}

fn finite_parameters(trainer: &Trainer, problem: &Problem) -> Option<Vec<f32>> {
    let mut theta = vec![0.0; problem.n_parameters()];
    trainer.parameters_into(&mut theta);
    lanes::norm_square(&theta).is_finite().then_some(theta)
}

/// Measures single points: loss and gradients on the probe set, loss on the test set.
struct Surveyor<'a> {
    problem: &'a Problem,
    evaluator: &'a mut Evaluator,
    probe_set: Vec<u32>,
    gradient: Vec<f32>,
}

impl<'a> Surveyor<'a> {
    fn new(problem: &'a Problem, evaluator: &'a mut Evaluator, examples: ProbeExamples) -> Self {
        let mut probe_set = probe_order(problem.data());
        if let ProbeExamples::First(n) = examples {
            probe_set.truncate(usize::try_from(n).unwrap_or(usize::MAX));
        }
        Self { problem, evaluator, probe_set, gradient: vec![0.0; problem.n_parameters()] }
    }

    fn survey(&mut self, theta: &[f32], trainer: &mut Trainer) -> Point {
        let step = trainer.steps_done();
        Point {
            step,
            epoch: step as f64 / self.problem.course().steps_per_epoch as f64,
            examples_seen: trainer.examples_seen(),
            rate_time: trainer.rate_time(),
            learning_rate: trainer.learning_rate(),
            updates: trainer.take_sums(),
            on_probe_set: gradients::measure(self.problem, self.evaluator, theta, &self.probe_set, &mut self.gradient),
            on_test_set: self.evaluator.loss(theta, trainer.buffers(), Rows::Test),
        }
    }
}
