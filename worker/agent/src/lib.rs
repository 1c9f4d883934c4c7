//! The worker's state machine without IO: what happened goes in with the time, what to do comes out.
//!
//! The agent decides when to register, report and beat, which leases the slots get, and when the worker may leave.
//! It keeps every finished outcome until the coordinator has answered for it, through lost answers, lost sessions and
//! restarts of the coordinator. It decides nothing about jobs: those come as leases. Time is an argument, the next
//! deadline an output; the jitter of its retries follows from a seed.
#![warn(missing_docs)]

mod agent;
mod backoff;
mod config;
mod message;
#[cfg_attr(not(feature = "simulation"), allow(unreachable_pub, reason = "public for the simulator alone"))]
mod mutation;

pub use agent::Agent;
pub use config::Config;
pub use message::{Action, Call, CallFailure, Event, Exit, Finished, JobEnd, Lease, Outcome, Register, Report, Token};
#[cfg(feature = "simulation")]
pub use mutation::{Mutation, switch};
