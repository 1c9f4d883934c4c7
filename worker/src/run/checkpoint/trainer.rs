//! The trainer inside a checkpoint.
//!
//! A trainer that can give its state as bytes does not exist yet, so this takes the same steps again: its result is the
//! trainer that was set aside, bit for bit, for the price of the steps.

use traipse_nn::{Problem, Step, Trainer};
use traipse_probe::Element;

use super::super::journey::Journey;
use super::Error;

/// Nothing but the step at which its sums were taken last.
pub(super) fn save<T: Element>(_trainer: &Trainer<T>, journey: &Journey) -> Vec<u8> {
    let taken = journey.trajectory.steps().last().copied().unwrap_or(0);
    taken.to_le_bytes().to_vec()
}

pub(super) fn restore<T: Element>(
    problem: &Problem,
    bytes: &[u8],
    step: u64,
    journey: &Journey,
) -> Result<Trainer<T>, Error> {
    let taken = journey.trajectory.steps().last().copied().unwrap_or(0);
    let damaged = |found: String| Error::Part { part: "trainer", found };
    if bytes != taken.to_le_bytes() {
        return Err(damaged(format!("{} bytes that do not name step {taken}", bytes.len())));
    }
    let mut trainer = Trainer::new(problem);
    while trainer.steps_done() < step {
        if trainer.step() == Step::Diverged {
            return Err(damaged(format!("a training that diverged at step {}", trainer.steps_done())));
        }
        if trainer.steps_done() == taken {
            // They belong to the snapshot.
            let _ = trainer.take_sums();
        }
    }
    Ok(trainer)
}
