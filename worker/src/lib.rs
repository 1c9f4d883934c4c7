//! The worker's shell: channels, compute threads, heartbeats, artifacts.
//!
//! [`start`] runs one worker until it is told to leave. A task owns the [`traipse_agent::Agent`], which decides what
//! to do; this crate does it. Jobs run on threads of their own, never on the runtime's.

mod beats;
mod calls;
mod clocks;
pub mod data;
mod driver;
mod job;
mod members;
mod memory;
mod options;
mod pool;
mod reach;
pub mod run;
mod shelf;
pub mod spool;
mod state;
mod sweeps;
mod wire;

pub use driver::start;
pub use memory::{Memory, SizeError, size};
pub use options::{Error, Options};
pub use state::Error as StateError;
