//! The pump: commands become batches, batches become durable, and only then are their answers given.

use std::sync::Arc;

use traipse_sweep::{Fact, FailureClass, Generation, JobNumber, LeaseId, Outcome, SweepId, WorkerId};

use crate::command::{Answer, AttemptStats, Command, Rejection, WorkerInfo};

/// What reaches the pump. `R` names a waiting call; `B` is a report's rows.
#[derive(Debug)]
pub enum Event<R, B> {
    /// Somebody asks.
    Call {
        /// Whom to answer.
        reply: R,
        /// What is asked.
        command: Command<B>,
    },
    /// The caller has gone; its parked report, if any, is forgotten.
    Gone {
        /// Whom not to answer.
        reply: R,
    },
    /// A batch is durable.
    Committed {
        /// Which.
        batch: u64,
    },
    /// Time has passed: at or after the pump's next deadline.
    Tick,
}

/// What the shell must do.
#[derive(Debug)]
pub enum Action<R, B> {
    /// Make this durable in one transaction, then say [`Event::Committed`]. At most one is under way.
    Commit(Batch<B>),
    /// Answer a call.
    Answer {
        /// Whom.
        reply: R,
        /// With what.
        answer: Result<Answer, Rejection>,
    },
}

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

/// One attempt, for the attempts table; the shell adds the clock.
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
    pub granted_at: Option<std::time::Duration>,
    /// How the job ended, if this attempt ended it.
    pub outcome: Option<Outcome>,
    /// Why it failed, if it did.
    pub failure: Option<(FailureClass, Arc<str>)>,
    /// What it cost, if it reported.
    pub stats: Option<AttemptStats>,
}

/// To be written by the scheduler's author: see the module docs.
#[derive(Debug)]
pub struct Pump<R, B> {
    _todo: std::marker::PhantomData<(R, B)>,
}
