//! The scheduler: a pure state machine, and the pump that ties its facts to commits.
//!
//! Time is an argument, the next deadline an output. There is no IO, async, clock or randomness here.

#![warn(missing_docs)]

pub mod command;
mod drive;
#[cfg_attr(not(feature = "simulation"), allow(unreachable_pub, reason = "public for the simulator alone"))]
mod mutation;
pub mod pump;
mod scheduler;
mod share;
mod soft;
mod state;

pub use state::{DecodeError, Misfit};

pub use command::{Answer, Command, Config, Rejection, Reopened};
pub use drive::{Deed, Drive, Published, SnapshotRule};
#[cfg(feature = "simulation")]
pub use mutation::{Mutation, switch};
#[cfg(feature = "simulation")]
pub use pump::Sizes;
pub use pump::{
    Action, AttemptRecord, Batch, Compared, EndedMember, Event, Explained, GenerationRange, JobRows, OutcomeRange,
    Pump, RestoreError, Snapshot, Suspended, SweepState, SweepStatus, UnderWay, WorkerStatus,
};

#[cfg(test)]
mod tests;
