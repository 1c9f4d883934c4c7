//! How long a training is.

use super::{BatchSize, Full, LastBatch, TrainSettings};

/// What a step costs and how many there are, given the data's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// Rows in a full batch.
    pub batch_rows: u64,
    /// Steps in an epoch.
    pub steps_per_epoch: u64,
    /// Steps in all.
    pub total_steps: u64,
}

impl TrainSettings {
    /// The course of a training on `n_train` examples.
    ///
    /// # Errors
    /// In words, if the batch is larger than the data, is zero, or the length is zero.
    pub fn course(&self, n_train: u64) -> Result<Course, CourseError> {
        let batch_rows = match self.batch_size {
            BatchSize::Rows(rows) => u64::from(rows),
            BatchSize::Full(Full::Full) => n_train,
        };
        if batch_rows == 0 || batch_rows > n_train {
            return Err(CourseError::Batch { batch_rows, n_train });
        }
        let steps_per_epoch = match self.last_batch {
            LastBatch::Keep => n_train.div_ceil(batch_rows),
            LastBatch::Drop => n_train / batch_rows,
        };
        let total_steps = match (self.epochs, self.steps, self.examples) {
            (Some(epochs), None, None) => epochs.saturating_mul(steps_per_epoch),
            (None, Some(steps), None) => steps,
            (None, None, Some(examples)) => examples.div_ceil(batch_rows),
            _ => return Err(CourseError::Length),
        };
        if total_steps == 0 {
            return Err(CourseError::Empty);
        }
        Ok(Course { batch_rows, steps_per_epoch, total_steps })
    }
}

/// A course that cannot be trained.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CourseError {
    /// The batch does not fit the data.
    #[error(
        "train.batch_size = {batch_rows} does not fit the {n_train} training examples: use 1 to {n_train}, or \"full\""
    )]
    Batch {
        /// Rows asked for.
        batch_rows: u64,
        /// Rows that there are.
        n_train: u64,
    },
    /// None or several of the three lengths.
    #[error("exactly one of train.epochs, train.steps and train.examples says how long to train")]
    Length,
    /// Nothing to do.
    #[error("the training has no steps: give at least one epoch, step or example")]
    Empty,
}
