//! Which examples each step sees.

use traipse_sweep::settings::{Course, Sampling};
use traipse_sweep::streams::{Draws, Philox, Purpose};

use super::fork::{branch_at, course_from};
use crate::problem::Problem;

/// Batches in order, epoch after epoch. An epoch's order comes from the stream (order_seed, [`Purpose::Order`], epoch).
#[derive(Clone, Debug)]
pub(crate) struct Batches {
    sampling: Sampling,
    streams: Philox,
    course: Course,
    /// Rows in the order of this epoch; whole batches alone where the last is dropped.
    order: Vec<u32>,
    used: usize,
    epoch: u64,
    is_drawn: bool,
    n_train: u32,
}

impl Batches {
    pub(crate) fn new(problem: &Problem) -> Self {
        let (settings, course) = (problem.settings(), problem.course());
        let n_train = problem.data().train.len();
        Self {
            sampling: settings.train.sampling,
            streams: Philox::new(settings.streams.order_seed, Purpose::Order),
            course,
            order: vec![0; n_train],
            used: n_train,
            epoch: 0,
            is_drawn: false,
            n_train: n_train as u32,
        }
    }

    /// As they stand after `steps` steps, on the branch that the next one belongs to.
    pub(crate) fn after(problem: &Problem, steps: u64) -> Self {
        let mut batches = Self::new(problem);
        let (course, first_step, first_epoch) = course_from(problem, steps);
        batches.course = course;
        batches.streams = batches.streams.branch(branch_at(problem, steps));
        let steps = steps - first_step;
        batches.epoch = first_epoch + steps / course.steps_per_epoch;
        let in_epoch = steps % course.steps_per_epoch;
        if in_epoch > 0 {
            batches.shuffle();
            batches.used = (in_epoch * course.batch_rows) as usize;
        }
        batches
    }

    /// The rows of the next step.
    pub(crate) fn next_batch(&mut self) -> &[u32] {
        let Course { batch_rows, steps_per_epoch, .. } = self.course;
        let in_epoch = (steps_per_epoch * batch_rows).min(u64::from(self.n_train)) as usize;
        if self.used >= in_epoch {
            self.shuffle();
            self.used = 0;
        }
        let from = self.used;
        self.used = (from + batch_rows as usize).min(in_epoch);
        &self.order[from..self.used]
    }

    /// Draws the order of the next epoch.
    fn shuffle(&mut self) {
        let is_fixed = self.sampling == Sampling::Fixed;
        if !(is_fixed && self.is_drawn) {
            draw(self.sampling, self.streams.at(if is_fixed { 0 } else { self.epoch }), &mut self.order);
        }
        self.is_drawn = true;
        self.epoch += 1;
    }
}

/// The training rows in the order in which epoch `epoch` (from 0) takes them, with those that `last_batch = "drop"`
/// leaves out; of the trunk, where the training forks.
#[must_use]
pub fn epoch_order(problem: &Problem, epoch: u64) -> Vec<u32> {
    let settings = problem.settings();
    let epoch = if settings.train.sampling == Sampling::Fixed { 0 } else { epoch };
    let draws = Philox::new(settings.streams.order_seed, Purpose::Order).at(epoch);
    let mut order = vec![0; problem.data().train.len()];
    draw(settings.train.sampling, draws, &mut order);
    order
}

/// A permutation, or as many rows drawn independently.
fn draw(sampling: Sampling, mut draws: Draws, order: &mut [u32]) {
    let n = order.len() as u64;
    match sampling {
        Sampling::Shuffle | Sampling::Fixed => {
            order.iter_mut().zip(0..).for_each(|(row, i)| *row = i);
            draws.shuffle(order);
        }
        Sampling::Replacement => order.fill_with(|| draws.below(n) as u32),
    }
}
