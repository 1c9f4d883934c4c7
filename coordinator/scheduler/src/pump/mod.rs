//! The pump: commands become batches, batches become durable, and only then are their answers given.

mod read;

use std::fmt::Debug;
use std::sync::Arc;

use traipse_sweep::{Fact, FailureClass, Generation, JobNumber, LeaseId, Outcome, Plan, SweepId, WorkerId};

use crate::command::{Answer, AttemptStats, Command, Config, Now, Rejection, WorkerInfo};
pub use read::{OutcomeRange, RestoreError, Snapshot, SweepState, SweepStatus};

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

/// Commands in, batches and answers out.
#[derive(Debug)]
pub struct Pump<R, B> {
    config: Config,
    calls: std::marker::PhantomData<(R, B)>,
}

impl<R: Copy + Ord + Debug, B: Clone + Debug> Pump<R, B> {
    /// The pump of a data folder without a journal. Its first batch, [`Batch::seq`] 1, carries the incarnation.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config, calls: std::marker::PhantomData }
    }

    /// The pump of a later life: `snapshot` and the facts after it, in order, make the state; `next_seq` is the number
    /// of the first batch to come. Outstanding leases get one fresh period from `now`.
    ///
    /// # Errors
    /// If the snapshot does not decode, a fact does not fit the state before it, or the incarnation is not new.
    pub fn restore(
        config: Config,
        _now: Now,
        _snapshot: Option<&[u8]>,
        _facts: impl Iterator<Item = Fact>,
        _next_seq: u64,
    ) -> Result<Self, RestoreError> {
        Ok(Self::new(config))
    }

    /// Takes one event, returns what the shell must do, in order.
    pub fn on(&mut self, _now: Now, _event: Event<R, B>) -> Vec<Action<R, B>> {
        Vec::new()
    }

    /// When [`Event::Tick`] is due at the latest; zero where a batch waits to be cut.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Now> {
        Some(self.config.lease)
    }

    /// The durable state as of [`Self::snapshot_seq`]: cheap, to be encoded on another thread.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {}
    }

    /// The number of the last batch that is committed, which the snapshot covers; 0 before the first.
    #[must_use]
    pub fn snapshot_seq(&self) -> u64 {
        0
    }

    /// A sweep's counts, as far as they are durable. O(1).
    #[must_use]
    pub fn status(&self, _sweep: SweepId) -> Option<SweepStatus> {
        None
    }

    /// All sweeps that are durable, newest first.
    pub fn sweeps(&self) -> impl Iterator<Item = SweepId> {
        std::iter::empty()
    }

    /// A durable sweep's spec as it was submitted: canonical JSON.
    #[must_use]
    pub fn spec(&self, _sweep: SweepId) -> Option<Arc<str>> {
        None
    }

    /// A durable sweep's plan.
    #[must_use]
    pub fn plan(&self, _sweep: SweepId) -> Option<Arc<Plan>> {
        None
    }

    /// The jobs that ended durably without rows, by job number, neighbours with one outcome and message merged.
    #[must_use]
    pub fn without_rows(&self, _sweep: SweepId) -> Vec<OutcomeRange> {
        Vec::new()
    }

    /// Workers that were heard within a lease period, and their slots.
    #[must_use]
    pub fn workers(&self) -> (u32, u32) {
        (0, 0)
    }
}
