//! What is in a job: how long it takes and how it ends. Both follow from the world's seed and the job.

use std::time::Duration;

use traipse_sweep::{FailureClass, Generation, JobNumber, Outcome, SweepId};

use super::dice::{Dice, mixed};
use super::event::{Block, End};

/// A job's nature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// It succeeds.
    Good,
    /// It diverges, with rows.
    Wild,
    /// It can never be run.
    Invalid,
    /// It fails in passing, as often as not.
    Flaky,
    /// It panics every time.
    Panics,
    /// It takes its process down every time.
    Kills,
}

/// How jobs are in one world.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Jobs {
    seed: u64,
    shortest: Duration,
    longest: Duration,
    /// By the thousand: invalid, flaky, panicking, killing.
    bad: [u64; 4],
}

impl Jobs {
    pub(crate) fn of(seed: u64, dice: &mut Dice) -> Self {
        let longest = [5, 100, 2_000, 30_000][dice.below(4) as usize];
        let bad = match dice.below(3) {
            0 => [0; 4],
            1 => [20, 150, 20, 5],
            _ => [60, 300, 50, 15],
        };
        Self { seed, shortest: Duration::from_micros(50), longest: Duration::from_millis(longest), bad }
    }

    pub(crate) fn nature(&self, sweep: SweepId, job: JobNumber) -> Nature {
        let mut roll = key(self.seed, sweep, job, Generation(7)) % 1000;
        let natures = [Nature::Invalid, Nature::Flaky, Nature::Panics, Nature::Kills];
        for (nature, share) in natures.into_iter().zip(self.bad) {
            if roll < share {
                return nature;
            }
            roll -= share;
        }
        if roll.is_multiple_of(20) { Nature::Wild } else { Nature::Good }
    }

    pub(crate) fn length(&self, dice: &mut Dice) -> Duration {
        dice.between(self.shortest, self.longest)
    }

    pub(crate) fn end(&self, dice: &mut Dice, sweep: SweepId, job: JobNumber, generation: Generation) -> End {
        let rows = |outcome| End::Rows(outcome, block(sweep, job, generation));
        match self.nature(sweep, job) {
            Nature::Good => rows(Outcome::Succeeded),
            Nature::Wild => rows(Outcome::Diverged),
            Nature::Invalid => End::Failed(FailureClass::Invalid),
            Nature::Flaky if dice.once_in(2) => End::Failed(FailureClass::Transient),
            Nature::Flaky => rows(Outcome::Succeeded),
            Nature::Panics | Nature::Kills => End::Failed(FailureClass::Poison),
        }
    }
}

/// The rows of a job, the same whoever makes them.
pub(crate) fn block(sweep: SweepId, job: JobNumber, generation: Generation) -> Block {
    key(0, sweep, job, generation)
}

/// A number that follows from a job.
pub(crate) fn key(seed: u64, sweep: SweepId, job: JobNumber, generation: Generation) -> u64 {
    mixed(mixed(seed ^ mixed(sweep.0 as u64)) ^ mixed(job.0 + 1) ^ mixed(u64::from(generation.0)) << 1)
}
