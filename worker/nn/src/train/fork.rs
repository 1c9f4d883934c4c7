//! The fork of a training: from its step on, noise comes from the branch's streams, and some settings may differ.
//!
//! Step t of a branch takes the examples at the place of step t in the branch's own order of that epoch, so a branch
//! that forks amid an epoch may see an example twice in it, as any two orders would give. A branch with another batch
//! size starts a new epoch at its fork. The learning rate's schedule keeps its place and the training its number of
//! steps, whatever changes.

use traipse_sweep::settings::{BatchSize, Course, ForkSettings, ForkState, Full, LastBatch, TrainSettings};

use super::batches::Batches;
use super::full_batch::FullBatch;
use super::schedule::LearningRate;
use super::{Trainer, chunk_of};
use crate::kernels::{Buffer, Real};
use crate::network::{Purpose, Tape};
use crate::problem::Problem;

/// What holds from the fork on.
#[derive(Clone, Debug)]
pub(super) struct Fork {
    /// The first step that it holds for.
    pub(super) step: u64,
    /// The settings.
    pub(super) train: TrainSettings,
    /// Their learning rates.
    pub(super) rates: LearningRate,
    /// Whether moments start from zero.
    pub(super) resets: bool,
}

impl Fork {
    /// The fork of a problem, if it has one.
    pub(super) fn of(problem: &Problem) -> Option<Self> {
        let settings = problem.settings();
        let fork = settings.fork.as_ref()?;
        let train = after(&settings.train, fork);
        Some(Self {
            step: fork.step(problem.course().steps_per_epoch),
            rates: LearningRate::new(&train, problem.course()),
            resets: fork.state == ForkState::Reset,
            train,
        })
    }
}

/// The training rows and the learning rate of every step of a course, in order, on the run's own branch. A training
/// that stops early takes the first of them.
pub fn course_steps(problem: &Problem) -> impl Iterator<Item = (Vec<u32>, f64)> {
    let (fork, rates) = (Fork::of(problem), LearningRate::new(&problem.settings().train, problem.course()));
    let mut batches = Batches::after(problem, 0);
    (0..problem.course().total_steps).map(move |step| {
        let forked = fork.as_ref().filter(|fork| fork.step <= step);
        if forked.is_some_and(|fork| fork.step == step) {
            batches = Batches::after(problem, step);
        }
        let rate = forked.map_or_else(|| rates.at(step), |fork| fork.rates.at(step));
        (batches.next_batch().to_vec(), rate)
    })
}

/// The settings of a training after its fork.
fn after(train: &TrainSettings, fork: &ForkSettings) -> TrainSettings {
    let mut train = train.clone();
    train.learning_rate = fork.train.learning_rate.unwrap_or(train.learning_rate);
    train.momentum = fork.train.momentum.unwrap_or(train.momentum);
    train.batch_size = fork.train.batch_size.unwrap_or(train.batch_size);
    train
}

/// The course of a problem's batches from a step on, with the step and the epoch at which that course begins: another
/// one after a fork that changes the size of batches.
pub(super) fn course_from(problem: &Problem, step: u64) -> (Course, u64, u64) {
    let trunk = problem.course();
    let Some(fork) = Fork::of(problem).filter(|fork| fork.step <= step) else { return (trunk, 0, 0) };
    let n_train = problem.data().train.len() as u64;
    let batch_rows = match fork.train.batch_size {
        BatchSize::Rows(rows) => u64::from(rows),
        BatchSize::Full(Full::Full) => n_train,
    };
    if batch_rows == trunk.batch_rows {
        return (trunk, 0, 0);
    }
    let steps_per_epoch = match fork.train.last_batch {
        LastBatch::Keep => n_train.div_ceil(batch_rows),
        LastBatch::Drop => n_train / batch_rows,
    };
    (Course { batch_rows, steps_per_epoch, ..trunk }, fork.step, fork.step.div_ceil(trunk.steps_per_epoch))
}

/// The branch whose streams a step draws from: the trunk's before the fork.
pub(super) fn branch_at(problem: &Problem, step: u64) -> u64 {
    let forked = Fork::of(problem).is_some_and(|fork| fork.step <= step);
    if forked { u64::from(problem.settings().streams.branch) } else { 0 }
}

impl<T: Real> Trainer<T> {
    /// Takes the fork, if the next step is its first.
    pub(super) fn fork_if_due(&mut self) {
        if self.fork.as_ref().is_some_and(|fork| fork.step == self.steps_done) {
            self.enter_fork();
            if self.fork.as_ref().is_some_and(|fork| fork.resets) {
                self.moments.iter_mut().for_each(|moment| moment.fill(T::ZERO));
                if self.full_batch.is_some() {
                    self.full_batch = Some(FullBatch::new(&self.problem, &self.network));
                }
            }
        }
    }

    /// Lets the settings after the fork hold, moments as they are.
    pub(super) fn enter_fork(&mut self) {
        let Some(fork) = &self.fork else { return };
        self.train = fork.train.clone();
        self.rates = fork.rates.clone();
        self.moments_from = if fork.resets { fork.step } else { 0 };
        self.branch = branch_at(&self.problem, fork.step);
        self.batches = Batches::after(&self.problem, self.steps_done);
        let (course, ..) = course_from(&self.problem, fork.step);
        let batch_rows = course.batch_rows as usize;
        let chunk = chunk_of(&self.network, batch_rows);
        if chunk != self.chunk {
            self.chunk = chunk;
            self.tape = Tape::new(&self.network, chunk, Purpose::Gradient);
        }
        if batch_rows > chunk && self.gradient.is_empty() && self.full_batch.is_none() {
            self.gradient = Buffer::zeros(self.network.n_values);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use traipse_sweep::RunSettings;
    use traipse_sweep::settings::{ForkTrain, Optimizer, Schedule, ScheduleWord};

    use super::*;
    use crate::train::Step;

    fn problem(change: impl Fn(&mut RunSettings)) -> Problem {
        let mut settings = RunSettings::default();
        settings.model.hidden = vec![12];
        settings.model.dropout = 0.1;
        (settings.train.momentum, settings.train.batch_size) = (0.9, BatchSize::Rows(100));
        settings.train.epochs = Some(3);
        change(&mut settings);
        let data = crate::data::digits(&settings.data).unwrap();
        Problem::new(&settings, Arc::new(data)).unwrap()
    }

    fn forked(step: u64, branch: u32, fork: impl Fn(&mut ForkSettings)) -> impl Fn(&mut RunSettings) {
        move |settings: &mut RunSettings| {
            let mut there = ForkSettings { step: Some(step), ..ForkSettings::default() };
            fork(&mut there);
            settings.fork = Some(there);
            settings.streams.branch = branch;
        }
    }

    /// θ after some steps, as bits.
    fn bits(problem: &Problem, steps: u64) -> Vec<u32> {
        let mut trainer = Trainer::<f32>::new(problem);
        (0..steps).for_each(|_| assert_eq!(trainer.step(), Step::Ok));
        theta(&trainer)
    }

    fn theta(trainer: &Trainer<f32>) -> Vec<u32> {
        let mut theta = vec![0.0; trainer.problem.n_parameters()];
        trainer.parameters_into(&mut theta);
        theta.iter().map(|value: &f32| value.to_bits()).collect()
    }

    #[test]
    fn a_branch_equals_its_trunk_up_to_the_fork_and_branch_0_is_the_trunk() {
        let trunk = problem(|_| {});
        let branches = [0, 1, 2].map(|branch| problem(forked(20, branch, |_| {})));
        assert!(branches.iter().all(|branch| bits(branch, 20) == bits(&trunk, 20)));
        let [zero, one, two] = branches.map(|branch| bits(&branch, 40));
        assert_eq!(zero, bits(&trunk, 40));
        assert_ne!(one, zero);
        assert_ne!(one, two);
        assert_eq!(one, bits(&problem(forked(20, 1, |_| {})), 40), "equal branches are equal");
    }

    #[test]
    fn a_change_at_step_0_is_a_training_with_other_settings() {
        let changed = problem(forked(0, 0, |fork| {
            let batch_size = Some(BatchSize::Rows(50));
            fork.train = ForkTrain { learning_rate: Some(0.02), momentum: Some(0.5), batch_size };
        }));
        let other = problem(|settings| {
            let train = &mut settings.train;
            (train.learning_rate, train.momentum, train.batch_size) = (0.02, 0.5, BatchSize::Rows(50));
        });
        assert_eq!(bits(&changed, 30), bits(&other, 30));
    }

    #[test]
    fn a_reset_forgets_the_moments_and_a_kept_state_goes_on() {
        for optimizer in [Optimizer::Sgd, Optimizer::Adam] {
            let with = |state| {
                move |settings: &mut RunSettings| {
                    forked(17, 0, |fork| fork.state = state)(settings);
                    settings.train.optimizer = optimizer;
                    settings.train.momentum = if optimizer == Optimizer::Sgd { 0.9 } else { 0.0 };
                    settings.train.learning_rate = 0.01;
                }
            };
            let (kept, reset) = (problem(with(ForkState::Keep)), problem(with(ForkState::Reset)));
            assert_eq!(bits(&kept, 17), bits(&reset, 17));
            assert_ne!(bits(&kept, 18), bits(&reset, 18), "{optimizer:?}");
        }
    }

    #[test]
    fn a_checkpoint_on_either_side_of_the_fork_goes_on_with_the_same_bits() {
        let forks: [fn(&mut ForkSettings); 3] = [
            |_| {},
            |fork| fork.train.batch_size = Some(BatchSize::Rows(333)),
            |fork| (fork.state, fork.train.learning_rate) = (ForkState::Reset, Some(0.03)),
        ];
        for fork in forks {
            let problem = problem(|settings| {
                forked(20, 1, fork)(settings);
                settings.train.schedule = Schedule::Word(ScheduleWord::Cosine);
            });
            let whole = bits(&problem, 40);
            for at in [7, 19, 20, 21, 33] {
                let mut trainer = Trainer::<f32>::new(&problem);
                (0..at).for_each(|_| assert_eq!(trainer.step(), Step::Ok));
                let mut saved = Vec::new();
                trainer.save(&mut saved);
                let mut restored = Trainer::<f32>::restore(&problem, &saved).unwrap();
                (at..40).for_each(|_| assert_eq!(restored.step(), Step::Ok));
                assert_eq!(theta(&restored), whole, "from step {at}");
            }
        }
    }
}
