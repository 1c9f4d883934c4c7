//! What is asked of the scheduler, what it answers, and what it refuses.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use traipse_sweep::facts::Control;
use traipse_sweep::spec::Require;
use traipse_sweep::{FailureClass, Generation, Incarnation, JobNumber, LeaseId, Outcome, RequestId, SweepId, WorkerId};

pub use crate::state::Reopened;

/// Monotonic time since the coordinator's start. The scheduler never reads a clock.
pub type Now = Duration;

/// Bytes of a megabyte, as sweeps and sizes have it.
const BYTES_A_MB: u64 = 1_000_000;

/// Limits and periods, all named.
#[derive(Clone, Debug)]
pub struct Config {
    /// This life of the coordinator.
    pub incarnation: Incarnation,
    /// How long a lease lasts without a heartbeat.
    pub lease: Duration,
    /// Longest wait of a report that has nothing to say.
    pub max_wait: Duration,
    /// Work that lease-ahead aims at, per slot.
    pub lease_ahead_work: Duration,
    /// Jobs that take longer get no lease-ahead.
    pub lease_ahead_longest_job: Duration,
    /// Most leases ahead of the free slots.
    pub lease_ahead_max: u32,
    /// First backoff after a transient failure; doubles with each.
    pub backoff: Duration,
    /// Longest backoff.
    pub backoff_max: Duration,
    /// First suspension of a worker on which one job after another fails; doubles with each.
    pub suspension: Duration,
    /// Longest suspension.
    pub suspension_max: Duration,
    /// How long after a job's limit its worker may still report that it has stopped it, before it is told to.
    pub limit_grace: Duration,
    /// Most facts in one batch.
    pub batch_facts: usize,
    /// Where artifacts go, to be named to people.
    pub artifacts_url: Arc<str>,
}

impl Config {
    /// The defaults of a coordinator's life.
    #[must_use]
    pub fn new(incarnation: Incarnation) -> Self {
        Self {
            incarnation,
            lease: Duration::from_secs(15),
            max_wait: Duration::from_secs(10),
            lease_ahead_work: Duration::from_millis(200),
            lease_ahead_longest_job: Duration::from_secs(1),
            lease_ahead_max: 1024,
            backoff: Duration::from_secs(1),
            backoff_max: Duration::from_secs(60),
            suspension: Duration::from_secs(60),
            suspension_max: Duration::from_secs(16 * 60),
            limit_grace: Duration::from_secs(15),
            batch_facts: 16_384,
            artifacts_url: Arc::from("of the coordinator"),
        }
    }
}

/// A worker's session: from one `register` to the next. Its id is never used twice: the coordinator's incarnation << 40 |
/// a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// What is asked. `B` is the payload of a report's rows, which the scheduler never looks into.
#[derive(Clone, Debug)]
pub enum Command<B> {
    /// Admit a sweep. The spec is canonical JSON that parses (the shell has tried).
    Submit {
        /// The client's id.
        sweep: SweepId,
        /// Canonical JSON.
        spec: Arc<str>,
    },
    /// Pause, resume or cancel.
    Control {
        /// Which sweep.
        sweep: SweepId,
        /// What is asked.
        control: Control,
    },
    /// Run jobs anew that have ended.
    Retry {
        /// Which sweep.
        sweep: SweepId,
        /// The client's id: a repeated one is answered as the first.
        request: RequestId,
        /// Ranges of canonical cells; else whatever failed or was quarantined.
        cells: Option<Vec<Range<u64>>>,
    },
    /// Ask a worker to leave.
    Drain {
        /// Which one.
        worker: WorkerId,
    },
    /// Let a larger spec take a sweep over.
    Extend {
        /// Which sweep.
        sweep: SweepId,
        /// The client's id: a repeated one is answered as the first.
        request: RequestId,
        /// Canonical JSON.
        spec: Arc<str>,
    },
    /// Open a session.
    Register(Register),
    /// Report outcomes, take leases.
    Report(Report<B>),
    /// Renew leases.
    Heartbeat {
        /// Whose.
        session: SessionId,
        /// Every lease that the worker holds (running, queued, or finished and not yet reported) with its progress in
        /// steps. A lease that is not listed is not renewed.
        leases: Vec<(LeaseId, u64)>,
    },
}

/// A worker introduces itself.
#[derive(Clone, Debug)]
pub struct Register {
    /// Its lasting id.
    pub worker: WorkerId,
    /// Its life.
    pub incarnation: Incarnation,
    /// What it offers.
    pub info: WorkerInfo,
    /// Leases that it holds, their tokens checked by the shell.
    pub held: Vec<LeaseId>,
}

/// What a worker offers and is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerInfo {
    /// Jobs that it holds at a time.
    pub n_slots: u32,
    /// Jobs that it runs at a time; 0 for as many as slots.
    pub n_threads: u32,
    /// For requirements and for people.
    pub labels: BTreeMap<String, String>,
    /// Its version.
    pub build: Arc<str>,
    /// Names its arithmetic; a sweep pins the first that it meets.
    pub numerics: Arc<str>,
    /// For people.
    pub cpu_features: Arc<str>,
    /// Bytes of memory for all slots together; 0 where the worker does not say.
    pub memory: u64,
}

impl WorkerInfo {
    /// Jobs that run at a time, and share the memory.
    #[must_use]
    pub fn n_running(&self) -> u32 {
        if self.n_threads == 0 { self.n_slots } else { self.n_threads.min(self.n_slots) }
    }

    /// Memory of each job that runs, in MB.
    #[must_use]
    pub fn slot_memory_mb(&self) -> u64 {
        self.memory / u64::from(self.n_running().max(1)) / BYTES_A_MB
    }

    /// Whether the worker has all that a sweep requires.
    #[must_use]
    pub fn has(&self, require: &Require) -> bool {
        self.slot_memory_mb() >= require.memory_mb
            && require.labels.iter().all(|(key, value)| self.labels.get(key) == Some(value))
    }
}

/// Outcomes in, leases out.
#[derive(Clone, Debug)]
pub struct Report<B> {
    /// Whose.
    pub session: SessionId,
    /// Raised by one a call.
    pub seq: u64,
    /// What ended.
    pub reports: Vec<JobReport<B>>,
    /// Slots that are idle.
    pub n_free_slots: u32,
    /// Leases that wait in the worker.
    pub n_queued: u32,
    /// How long to wait for something to say.
    pub wait: Duration,
    /// The worker leaves.
    pub draining: bool,
    /// Leases handed back unstarted.
    pub returned: Vec<LeaseId>,
    /// The worker has proved that it reaches the artifact store.
    pub reaches_store: bool,
}

/// One job's end.
#[derive(Clone, Debug)]
pub struct JobReport<B> {
    /// Which sweep.
    pub sweep: SweepId,
    /// Which job.
    pub job: JobNumber,
    /// The generation that was run.
    pub generation: Generation,
    /// The lease under which it ran, its token checked by the shell.
    pub lease: LeaseId,
    /// What came of it.
    pub result: JobResult<B>,
    /// For the attempts table.
    pub stats: AttemptStats,
}

/// What came of an attempt.
#[derive(Clone, Debug)]
pub enum JobResult<B> {
    /// Succeeded or diverged, with rows.
    Rows {
        /// Which of the two.
        outcome: Outcome,
        /// The rows, opaque here.
        block: B,
    },
    /// No result.
    Failed {
        /// What kind of failure.
        class: FailureClass,
        /// In words.
        message: Arc<str>,
    },
}

/// What an attempt cost. Clocks: for the attempts table alone.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AttemptStats {
    /// Between grant and start.
    pub lease_wait_seconds: f64,
    /// Inside optimiser steps and batch assembly.
    pub train_seconds: f64,
    /// Inside probes.
    pub probe_seconds: f64,
    /// CPU time of the thread.
    pub cpu_seconds: f64,
    /// From start to report.
    pub total_seconds: f64,
    /// Highest resident memory of the worker process so far.
    pub peak_memory_bytes: u64,
}

/// What a command is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// To a submit.
    Submitted {
        /// Runs, without excluded ones.
        n_runs: u64,
        /// It was there already.
        existed: bool,
    },
    /// To a control.
    Controlled,
    /// To a retry.
    Retried(Reopened),
    /// To a drain: the worker will be told in its next answer.
    Draining,
    /// To an extension.
    Extended {
        /// It was so already.
        existed: bool,
    },
    /// To a register.
    Registered {
        /// The new session.
        session: SessionId,
        /// Held leases that are not honoured.
        ended: Vec<LeaseId>,
    },
    /// To a report.
    Reported(Reported),
    /// To a heartbeat: leases to stop.
    Beat {
        /// Stop these.
        stop: Vec<LeaseId>,
        /// The worker is asked to leave.
        drain: bool,
    },
}

/// The answer to a report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reported {
    /// As in the question.
    pub seq: u64,
    /// One a report, in order: accepted, or superseded.
    pub accepted: Vec<bool>,
    /// New leases.
    pub leases: Vec<Lease>,
    /// Leases to stop.
    pub stop: Vec<LeaseId>,
    /// The worker is asked to leave.
    pub drain: bool,
}

impl Reported {
    /// Whether there is something to say for which a report need not wait longer.
    pub(crate) fn has_news(&self) -> bool {
        !self.leases.is_empty() || !self.stop.is_empty() || self.drain
    }
}

/// A worker's right to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Which sweep.
    pub sweep: SweepId,
    /// Which job.
    pub job: JobNumber,
    /// In which generation.
    pub generation: Generation,
    /// The right's own id.
    pub lease: LeaseId,
    /// Counted from 1.
    pub attempt: u32,
}

/// Why a command was refused. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No such sweep.
    #[error("there is no sweep {0}")]
    UnknownSweep(SweepId),
    /// The id is taken by another spec.
    #[error("sweep {0} exists already with another spec: submit under a new id")]
    OtherSpec(SweepId),
    /// No such worker.
    #[error("worker {0} has no session here")]
    UnknownWorker(WorkerId),
    /// The session is not open: register again.
    #[error("session {0:?} is not open: register again")]
    UnknownSession(SessionId),
    /// `seq` is neither the last nor the next.
    #[error("report {found} is out of order: the last was {last}")]
    OutOfOrder {
        /// What was sent.
        found: u64,
        /// The last that was answered.
        last: u64,
    },
    /// A repeat of this report came in on another call, which will be answered instead of this one.
    #[error("report {seq} was repeated: the later call is answered")]
    Replaced {
        /// Which report.
        seq: u64,
    },
    /// A report for a job that does not exist.
    #[error("sweep {sweep} has no job {job:?}")]
    UnknownJob {
        /// Which sweep.
        sweep: SweepId,
        /// Which job.
        job: JobNumber,
    },
    /// A newer life of the same worker has registered.
    #[error("incarnation {found:?} of this worker is over: {current:?} has registered")]
    OldIncarnation {
        /// The caller's.
        found: Incarnation,
        /// The one that holds.
        current: Incarnation,
    },
    /// The spec does not parse: the shell let a bad one through.
    #[error("the spec is not canonical: {0}")]
    BadSpec(String),
    /// The sweep has ended.
    #[error("sweep {0} has ended")]
    Ended(SweepId),
    /// The sweep was cancelled.
    #[error("sweep {0} was cancelled, which is final: submit its spec again")]
    Cancelled(SweepId),
    /// The spec does not extend the sweep: in words.
    #[error("the spec does not extend sweep {sweep}: {message}")]
    NotLarger {
        /// Which sweep.
        sweep: SweepId,
        /// What was, what is, and what to do.
        message: String,
    },
    /// A sweep that was extended too often.
    #[error("sweep {sweep} was extended {max} times, which is the limit: submit the spec as a new sweep")]
    TooManyExtensions {
        /// Which sweep.
        sweep: SweepId,
        /// The limit.
        max: usize,
    },
    /// A cell that the sweep does not have.
    #[error("sweep {sweep} has no cell {cell}: its cells are 0 to {}", n_cells.saturating_sub(1))]
    UnknownCell {
        /// Which sweep.
        sweep: SweepId,
        /// What was named.
        cell: u64,
        /// How many it has.
        n_cells: u64,
    },
    /// More than one step may reopen.
    #[error("more than {max} jobs would be run anew: name some cells at a time")]
    TooManyToRetry {
        /// The limit.
        max: u64,
    },
}
