//! The training itself, with a stop at each snapshot to measure.

use std::io;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use traipse_nn::{Evaluator, Loss, Problem, Rows, Step, Trainer, UpdateSums, probe_order};
use traipse_probe::gradients::{self, Gradients};
use traipse_probe::{Element, Form, Snapshot, Trajectory};
use traipse_sweep::spec::ProbeExamples;

use super::Task;
use super::checkpoint::{self, Checkpoints};
use super::last_step::LastStep;

/// A training that was taken to its end, or to the step where it diverged.
pub(super) struct Journey {
    /// The weights at each snapshot; at least the start's.
    pub(super) trajectory: Trajectory,
    /// What was measured there, one a snapshot.
    pub(super) points: Vec<Point>,
    /// The step whose loss, update or weights were not finite.
    pub(super) diverged_step: Option<u64>,
    /// The snapshot's step at which `train.stop` was met: the training's end.
    pub(super) stopped_step: Option<u64>,
}

/// What is known at one snapshot without looking at the others.
#[derive(Clone, Copy, Debug, PartialEq)]
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
    /// u'Hu / u'u for the last optimiser step u, where the Hessian is asked for; NaN where the weights stood still.
    pub(super) curvature_update: Option<f64>,
}

/// Why there is no journey to look at.
#[derive(Debug)]
pub(super) enum Ended {
    /// The task was asked to stop.
    Stopped,
    /// The initial weights are not numbers.
    NoStart,
    /// The snapshots cannot be kept.
    Lost(io::Error),
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Self::Lost(error)
    }
}

/// Where a stretch of optimiser steps ended.
enum Reached {
    Snapshot,
    Divergence,
    /// A checkpoint is to be kept first.
    Due,
}

/// A training under way, between two optimiser steps.
pub(super) struct Traveller<'a, T: Element> {
    task: &'a Task,
    problem: &'a Problem,
    pub(super) trainer: Trainer<T>,
    surveyor: Surveyor<'a, T>,
    last_step: LastStep<T>,
    /// The steps of all snapshots that are planned.
    pub(super) plan: Vec<u64>,
    pub(super) journey: Journey,
}

impl Journey {
    /// The last snapshot, where it is the end of the training.
    pub(super) fn end(&self) -> Option<usize> {
        self.diverged_step.is_none().then(|| self.points.len() - 1)
    }

    fn is_over(&self) -> bool {
        self.diverged_step.is_some() || self.stopped_step.is_some()
    }
}

impl<'a, T: Element> Traveller<'a, T> {
    /// At step 0, nothing measured yet.
    pub(super) fn new(task: &'a Task, problem: &'a Problem, evaluator: &'a mut Evaluator<T>) -> Self {
        let spec = task.plan.spec();
        let form = form::<T>(problem);
        let records = task.scratch.records(form.record_bytes());
        Self {
            task,
            problem,
            trainer: Trainer::new(problem),
            surveyor: Surveyor::new(problem, evaluator, spec.probes.examples),
            last_step: LastStep::new(spec, problem),
            plan: spec.snapshots.steps(&problem.course()),
            journey: Journey {
                trajectory: Trajectory::new(form, records),
                points: Vec::new(),
                diverged_step: None,
                stopped_step: None,
            },
        }
    }

    /// Goes on to the end. Adds the time inside optimiser steps to `train`.
    ///
    /// # Errors
    /// If there is nothing to look at.
    pub(super) fn finish(
        mut self,
        checkpoints: &mut dyn Checkpoints,
        train: &mut Duration,
    ) -> Result<(Journey, &'a mut Evaluator<T>), Ended> {
        while let Some(step) = self.next_snapshot() {
            self.advance(step, checkpoints, train)?;
        }
        if self.journey.points.is_empty() {
            return Err(Ended::NoStart);
        }
        // What follows, the probes, may take longer than the training did.
        if self.journey.diverged_step.is_none() && checkpoints.is_due(self.trainer.steps_done()) {
            self.keep(checkpoints);
            self.look_for_stop()?;
        }
        Ok((self.journey, self.surveyor.evaluator))
    }

    /// At step 0 again.
    pub(super) fn again(self) -> Self {
        Self::new(self.task, self.problem, self.surveyor.evaluator)
    }

    /// Ends the training at the last snapshot if that meets `train.stop`.
    pub(super) fn look_whether_to_stop(&mut self) {
        let (Some(stop), Some(point)) = (self.problem.settings().train.stop, self.journey.points.last()) else {
            return;
        };
        if point.on_probe_set.loss.error <= stop.train_error {
            self.journey.stopped_step = Some(point.step);
        }
    }

    /// None at the end.
    fn next_snapshot(&self) -> Option<u64> {
        let next = self.plan.get(self.journey.points.len()).copied();
        next.filter(|_| !self.journey.is_over())
    }

    /// Takes optimiser steps up to `step`, the next snapshot's; there, it measures.
    fn advance(&mut self, step: u64, checkpoints: &mut dyn Checkpoints, train: &mut Duration) -> Result<(), Ended> {
        loop {
            let start = Instant::now();
            let reached = self.take_steps(step, checkpoints)?;
            *train += start.elapsed();
            match reached {
                Reached::Due => self.keep(checkpoints),
                Reached::Divergence => {
                    self.journey.diverged_step = Some(self.trainer.steps_done());
                    return Ok(());
                }
                Reached::Snapshot => return self.arrive(step).map_err(Ended::Lost),
            }
        }
    }

    fn take_steps(&mut self, step: u64, checkpoints: &mut dyn Checkpoints) -> Result<Reached, Ended> {
        while self.trainer.steps_done() < step {
            self.look_for_stop()?;
            if checkpoints.is_due(self.trainer.steps_done()) {
                return Ok(Reached::Due);
            }
            if self.trainer.steps_done() + 1 == step {
                self.last_step.keep(&self.trainer, step, self.problem);
            }
            if self.trainer.step() == Step::Diverged {
                return Ok(Reached::Divergence);
            }
            self.task.progress.store(self.trainer.steps_done(), Ordering::Relaxed);
        }
        Ok(Reached::Snapshot)
    }

    fn look_for_stop(&self) -> Result<(), Ended> {
        if self.task.stop.load(Ordering::Relaxed) { Err(Ended::Stopped) } else { Ok(()) }
    }

    fn keep(&self, checkpoints: &mut dyn Checkpoints) {
        let write = &mut |out: &mut dyn io::Write| checkpoint::write(self, self.problem, out);
        checkpoints.keep(self.trainer.steps_done(), write);
    }

    /// Measures and keeps what there is now.
    fn arrive(&mut self, step: u64) -> io::Result<()> {
        let snapshot = snapshot(&self.trainer, self.problem);
        // An update can be finite and still carry a weight beyond the largest float: then there is nothing to
        // measure, and the training counts as diverged at this step.
        if !snapshot.weights.norm_square().is_finite() {
            self.journey.diverged_step = Some(self.trainer.steps_done());
            return Ok(());
        }
        self.journey.trajectory.push(step, &snapshot)?;
        self.journey.points.push(self.surveyor.survey(&snapshot, &mut self.trainer));
        self.look_whether_to_stop();
        self.look_at_last_step(theta(&snapshot));
        Ok(())
    }

    fn look_at_last_step(&mut self, theta: &[T]) {
        let is_end = self.journey.stopped_step.is_some();
        if let Some(point) = self.journey.points.last_mut()
            && self.last_step.is_wanted(point.step, is_end)
        {
            let rows = &self.surveyor.probe_set;
            point.curvature_update = Some(self.last_step.curvature(self.problem, theta, rows));
        }
    }

    /// Whether every snapshot so far has what this run wants of its last step, and no other.
    pub(super) fn knows_last_steps(&self) -> bool {
        let stopped = self.journey.stopped_step;
        let fits = |point: &Point| {
            self.last_step.is_wanted(point.step, stopped == Some(point.step)) == point.curvature_update.is_some()
        };
        self.journey.points.iter().all(fits)
    }

    /// Examples that probes see.
    pub(super) fn n_probe(&self) -> u64 {
        self.surveyor.probe_set.len() as u64
    }
}

/// What the snapshots of a problem have in common.
pub(super) fn form<T: Element>(problem: &Problem) -> Form {
    Form { n_parameters: problem.n_parameters(), precision: T::PRECISION, n_buffers: problem.n_buffers() }
}

/// θ as the evaluator takes it.
pub(super) fn theta<T: Element>(snapshot: &Snapshot) -> &[T] {
    T::theta(&snapshot.weights).expect("a trajectory takes snapshots of one precision, its trainer's")
}

/// The training rows that probes see.
pub(super) fn probe_set(problem: &Problem, examples: ProbeExamples) -> Vec<u32> {
    let mut rows = probe_order(problem.data());
    if let ProbeExamples::First(n) = examples {
        rows.truncate(usize::try_from(n).unwrap_or(usize::MAX));
    }
    rows
}

fn snapshot<T: Element>(trainer: &Trainer<T>, problem: &Problem) -> Snapshot {
    let mut theta = vec![T::ZERO; problem.n_parameters()];
    trainer.parameters_into(&mut theta);
    Snapshot { weights: T::weights(theta), buffers: trainer.buffers().to_vec() }
}

/// Measures single points: loss and gradients on the probe set, loss on the test set.
struct Surveyor<'a, T: Element> {
    problem: &'a Problem,
    evaluator: &'a mut Evaluator<T>,
    probe_set: Vec<u32>,
    gradient: Vec<T>,
}

impl<'a, T: Element> Surveyor<'a, T> {
    fn new(problem: &'a Problem, evaluator: &'a mut Evaluator<T>, examples: ProbeExamples) -> Self {
        let probe_set = probe_set(problem, examples);
        Self { problem, evaluator, probe_set, gradient: vec![T::ZERO; problem.n_parameters()] }
    }

    fn survey(&mut self, snapshot: &Snapshot, trainer: &mut Trainer<T>) -> Point {
        let (step, at) = (trainer.steps_done(), (theta(snapshot), &snapshot.buffers[..]));
        Point {
            step,
            epoch: step as f64 / self.problem.course().steps_per_epoch as f64,
            examples_seen: trainer.examples_seen(),
            rate_time: trainer.rate_time(),
            learning_rate: trainer.learning_rate(),
            updates: trainer.take_sums(),
            on_probe_set: gradients::measure(self.problem, self.evaluator, at, &self.probe_set, &mut self.gradient),
            on_test_set: self.evaluator.loss(at.0, at.1, Rows::Test),
            curvature_update: None,
        }
    }
}
