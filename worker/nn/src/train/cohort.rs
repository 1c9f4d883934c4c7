//! Runs of one shape that train side by side.
//!
//! [`Population`] is the seam behind which a device that is fast at many small products may come later; [`Cohort`] is the
//! processor's. What comes out is that of [`Trainer`]s by themselves, bit for bit.

use std::sync::Arc;

use traipse_sweep::settings::Optimizer;

use super::{Step, Trainer, UpdateSums};
use crate::kernels::Real;
use crate::problem::Problem;

/// Most bytes of the weights and moments of a network whose batches are shared: members take turns step by step then, and
/// those of larger networks would push each other out of the second-level cache, which costs more than a batch.
const SHARED_BYTES: usize = 1 << 19;

/// Several trainings under way. Members are numbered from 0, in the order given.
pub trait Population<T: Real> {
    /// How many members there are, retired ones too.
    fn n_members(&self) -> usize;

    /// Takes every member that is under way up to `steps` steps further; one that diverges stops there. How the last step
    /// of each member ended; [`Step::Ok`] before its first.
    fn advance(&mut self, steps: u64) -> &[Step];

    /// Ends a member's training: it takes no more steps.
    fn retire(&mut self, member: usize);

    /// Where a member stands.
    fn position(&self, member: usize) -> Position;

    /// As [`Trainer::parameters_into`].
    fn parameters_into(&self, member: usize, out: &mut [T]);

    /// As [`Trainer::buffers`].
    fn buffers(&self, member: usize) -> &[f64];

    /// As [`Trainer::take_sums`].
    fn take_sums(&mut self, member: usize) -> UpdateSums;

    /// As [`Trainer::save`].
    fn save(&self, member: usize, out: &mut Vec<u8>);
}

/// Where a training stands; the words are those of [`Trainer`]'s methods.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// Optimiser steps so far.
    pub steps_done: u64,
    /// Examples in all batches so far.
    pub examples_seen: u64,
    /// Sum of the learning rates so far.
    pub rate_time: f64,
    /// Of the next step.
    pub learning_rate: f64,
}

/// Trainings that share what they can: members with the same data, batches and order pack every batch once.
///
/// Packing is a third of a step of a tiny network. Memory: that of as many trainers.
#[derive(Debug)]
pub struct Cohort<T: Real = f32> {
    trainers: Vec<Trainer<T>>,
    steps: Vec<Step>,
    is_retired: Vec<bool>,
    /// Members that see the same batches at the same time; every member is in one group.
    groups: Vec<Vec<usize>>,
}

/// Runs that cannot be one cohort.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("member {member} has another network than member 0: put runs of one shape together")]
pub struct ShapeError {
    /// The first that differs.
    pub member: usize,
}

impl<T: Real> Cohort<T> {
    /// One member a problem, at step 0.
    ///
    /// # Errors
    /// If the networks are not all of one shape.
    pub fn new<'a>(problems: impl IntoIterator<Item = &'a Problem>) -> Result<Self, ShapeError> {
        Self::of(problems.into_iter().map(Trainer::new).collect())
    }

    /// Of trainers, wherever they stand: those at different places of their order merely share nothing.
    ///
    /// # Errors
    /// If the networks are not all of one shape.
    pub fn of(trainers: Vec<Trainer<T>>) -> Result<Self, ShapeError> {
        let shape = |trainer: &Trainer<T>| trainer.problem.network().clone();
        if let Some(first) = trainers.first().map(shape)
            && let Some(member) = trainers.iter().position(|trainer| *trainer.problem.network() != first)
        {
            return Err(ShapeError { member });
        }
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for (member, trainer) in trainers.iter().enumerate() {
            match groups.iter_mut().find(|group| trainer.shares_batches(&trainers[group[0]])) {
                Some(group) => group.push(member),
                None => groups.push(vec![member]),
            }
        }
        let n = trainers.len();
        Ok(Self { trainers, steps: vec![Step::Ok; n], is_retired: vec![false; n], groups })
    }

    /// One step of every member under way of a group, each taking over the batch of the one before it.
    fn step_together(trainers: &mut [Trainer<T>], steps: &mut [Step], is_retired: &[bool], group: &[usize]) {
        let mut before = None;
        for &member in group {
            if is_retired[member] || steps[member] == Step::Diverged {
                continue;
            }
            if let Some(before) = before
                && let Ok([from, to]) = trainers.get_disjoint_mut([before, member])
            {
                to.tape.take_over(&mut from.tape);
            }
            steps[member] = trainers[member].step();
            before = Some(member);
        }
    }
}

impl<T: Real> Population<T> for Cohort<T> {
    fn n_members(&self) -> usize {
        self.trainers.len()
    }

    fn advance(&mut self, steps: u64) -> &[Step] {
        for group in &self.groups {
            for _ in 0..steps {
                Self::step_together(&mut self.trainers, &mut self.steps, &self.is_retired, group);
            }
        }
        &self.steps
    }

    fn retire(&mut self, member: usize) {
        self.is_retired[member] = true;
    }

    fn position(&self, member: usize) -> Position {
        let trainer = &self.trainers[member];
        Position {
            steps_done: trainer.steps_done(),
            examples_seen: trainer.examples_seen(),
            rate_time: trainer.rate_time(),
            learning_rate: trainer.learning_rate(),
        }
    }

    fn parameters_into(&self, member: usize, out: &mut [T]) {
        self.trainers[member].parameters_into(out);
    }

    fn buffers(&self, member: usize) -> &[f64] {
        self.trainers[member].buffers()
    }

    fn take_sums(&mut self, member: usize) -> UpdateSums {
        self.trainers[member].take_sums()
    }

    fn save(&self, member: usize, out: &mut Vec<u8>) {
        self.trainers[member].save(out);
    }
}

impl<T: Real> Trainer<T> {
    /// Whether a batch of `other`, of the same shape, is worth taking over: one chunk of the same examples, in the same
    /// form. That the rows are the same is looked at step by step.
    fn shares_batches(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.problem.settings(), other.problem.settings());
        let (data, other_data) = (self.problem.data(), other.problem.data());
        let rows = self.problem.course().batch_rows;
        let bytes: usize = self.kept().map(|values| values.len() * T::BYTES).sum();
        (Arc::ptr_eq(data, other_data) || data.hash == other_data.hash)
            && rows == other.problem.course().batch_rows
            && (rows as usize) <= self.chunk
            && bytes <= SHARED_BYTES
            && ours.streams.order_seed == theirs.streams.order_seed
            && [ours, theirs].iter().all(|run| run.fork.is_none())
            && ours.train.sampling == theirs.train.sampling
            && ours.train.last_batch == theirs.train.last_batch
            && [ours, theirs].iter().all(|run| run.train.augment.is_empty() && run.train.optimizer != Optimizer::Lbfgs)
    }
}
