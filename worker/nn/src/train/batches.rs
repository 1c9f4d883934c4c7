//! Which examples each step sees.

use traipse_sweep::settings::{Course, LastBatch, Sampling};
use traipse_sweep::streams::{Philox, Purpose};

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
    n_train: u32,
}

impl Batches {
    pub(crate) fn new(problem: &Problem) -> Self {
        let (settings, course) = (problem.settings(), problem.course());
        let n_train = problem.data().train.len();
        debug_assert!(
            settings.train.last_batch == LastBatch::Keep
                || course.steps_per_epoch * course.batch_rows <= n_train as u64
        );
        Self {
            sampling: settings.train.sampling,
            streams: Philox::new(settings.streams.order_seed, Purpose::Order),
            course,
            order: vec![0; n_train],
            used: n_train,
            epoch: 0,
            n_train: n_train as u32,
        }
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
        let mut draws = self.streams.at(self.epoch);
        match self.sampling {
            Sampling::Shuffle => {
                self.order.iter_mut().zip(0..).for_each(|(row, i)| *row = i);
                draws.shuffle(&mut self.order);
            }
            Sampling::Fixed if self.epoch > 0 => {}
            Sampling::Fixed => {
                self.order.iter_mut().zip(0..).for_each(|(row, i)| *row = i);
                draws.shuffle(&mut self.order);
            }
            Sampling::Replacement => {
                self.order.fill_with(|| draws.below(u64::from(self.n_train)) as u32);
            }
        }
        self.epoch += 1;
    }
}
