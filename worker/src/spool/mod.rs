//! The spool: finished outcomes on disk until the coordinator has answered for them.
//!
//! The agent says what is kept and when; a thread of its own does it, so that a slow disk delays neither heartbeats nor
//! reports. [`FileSpool`] is the one that workers use.

mod file;
pub mod format;
mod keeper;

use std::io;
use std::sync::Arc;

use traipse_agent::Outcome;
use traipse_proto::v1::JobReport;
use traipse_sweep::LeaseId;

pub use file::{FileSpool, Left};
pub(crate) use keeper::Keeper;

/// Where finished outcomes outlive their worker.
pub trait Spool: Send + 'static {
    /// Makes all of these durable, or none of them. Without outcomes: tries whether there is room.
    ///
    /// # Errors
    /// If they are not known to be durable. The same ones may be given again.
    fn keep(&mut self, outcomes: &[Arc<Outcome<JobReport>>]) -> io::Result<()>;

    /// These are not needed any more. They need not be gone durably: the coordinator recognises what it has.
    fn release(&mut self, leases: &[LeaseId]);
}

/// Puts something between a worker and its spool: tests make it slow or full.
pub type AroundSpool = Arc<dyn Fn(FileSpool) -> Box<dyn Spool> + Send + Sync>;
