//! One transaction: facts, and the rows and attempts that go with them.

use std::sync::Arc;
use std::time::Duration;

use traipse_sweep::{Fact, FailureClass, Generation, JobNumber, LeaseId, Outcome, SweepId, WorkerId};

use crate::command::{AttemptStats, WorkerInfo};

/// One transaction.
#[derive(Clone, Debug)]
pub struct Batch<B> {
    /// The journal's sequence number of this batch: the last one's plus 1.
    pub seq: u64,
    /// What happened, in order.
    pub facts: Vec<Fact>,
    /// Rows of the jobs that ended in it.
    pub rows: Vec<JobRows<B>>,
    /// Attempts that ended in it.
    pub attempts: Vec<AttemptRecord>,
}

/// One job's rows.
#[derive(Clone, Debug)]
pub struct JobRows<B> {
    /// Which sweep.
    pub sweep: SweepId,
    /// Which job.
    pub job: JobNumber,
    /// In which generation.
    pub generation: Generation,
    /// Opaque.
    pub block: B,
}

/// One attempt that ended, for the attempts table; the shell adds the clock.
///
/// A lease that ran out and was reported nonetheless has two: the later one, with the outcome, replaces the earlier.
#[derive(Clone, Debug)]
pub struct AttemptRecord {
    /// Which sweep.
    pub sweep: SweepId,
    /// Which job.
    pub job: JobNumber,
    /// In which generation.
    pub generation: Generation,
    /// Under which lease.
    pub lease: LeaseId,
    /// Counted from 1.
    pub attempt: u32,
    /// By whom.
    pub worker: WorkerId,
    /// What that worker is, where it is still known.
    pub info: Option<Arc<WorkerInfo>>,
    /// When it was granted: time since the coordinator's start; none if an earlier life granted it.
    pub granted_at: Option<Duration>,
    /// How the job ended, if this attempt ended it.
    pub outcome: Option<Outcome>,
    /// Why it failed, if it did.
    pub failure: Option<(FailureClass, Arc<str>)>,
    /// What it cost, if it reported.
    pub stats: Option<AttemptStats>,
}
