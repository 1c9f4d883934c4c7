//! What reaches an agent, and what it wants done.

use std::sync::Arc;
use std::time::Duration;

use traipse_sweep::{Generation, JobNumber, LeaseId, SweepId};

/// Names one try of one call: an answer to any other than the latest try is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call(pub u64);

/// Proves that a lease was given to whoever shows it; opaque.
pub type Token = Arc<[u8]>;

/// The right to run a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Which sweep.
    pub sweep: SweepId,
    /// Which job.
    pub job: JobNumber,
    /// In which generation.
    pub generation: Generation,
    /// The right's own id.
    pub lease: LeaseId,
    /// Shown with the report.
    pub token: Token,
    /// Counted from 1.
    pub attempt: u32,
    /// How long the job may run; the slots stop it then, and its end is a failure.
    pub time_limit: Option<Duration>,
}

/// A job's end as the slots tell it. `P` is the payload of a report, which the agent never looks into.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished<P> {
    /// Under which lease it ran.
    pub lease: LeaseId,
    /// How it ended.
    pub end: JobEnd<P>,
}

/// How a job ended in this worker.
#[derive(Clone, Debug, PartialEq)]
pub enum JobEnd<P> {
    /// There is something to report: rows or a failure.
    Result {
        /// What to report.
        payload: P,
        /// Bytes of rows in it.
        n_bytes: usize,
        /// How long it was computed: what is dear is kept on disk at once.
        cost: Duration,
    },
    /// It stopped because it was told to.
    Stopped,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event<P> {
    /// What an earlier life left in the spool, in order. Comes before [`Event::Started`], if at all.
    Restored(Vec<Outcome<P>>),
    /// The shell is up.
    Started,
    /// A register was answered.
    Registered {
        /// Which try.
        call: Call,
        /// How often to beat.
        heartbeat: Duration,
        /// Held leases that are not honoured.
        ended: Vec<LeaseId>,
    },
    /// A report was answered.
    Reported {
        /// Which try.
        call: Call,
        /// New leases, in the order in which they are to run.
        leases: Vec<Lease>,
        /// Leases to stop.
        stop: Vec<LeaseId>,
    },
    /// A heartbeat was answered.
    BeatAnswered {
        /// Which try.
        call: Call,
        /// Leases to stop.
        stop: Vec<LeaseId>,
    },
    /// A register, report or heartbeat was not answered.
    Failed {
        /// Which try.
        call: Call,
        /// What to make of it.
        failure: CallFailure,
    },
    /// Jobs ended, in the order of their ends.
    Finished(Vec<Finished<P>>),
    /// Leases taken back from the slots before they started: the answer to [`Action::Recall`].
    Unstarted(Vec<LeaseId>),
    /// All outcomes of the last [`Action::Keep`] are durable.
    Kept,
    /// None of the last [`Action::Keep`] is known to be durable: the disk is full, or broken.
    KeepFailed,
    /// A sweep has another spec by now, and the leases that come next need it.
    SpecStale(SweepId),
    /// A sweep's spec is here.
    SpecReady(SweepId),
    /// A sweep's spec could not be fetched; worth another try.
    SpecFailed(SweepId),
    /// The worker shall leave: what runs may finish within the grace.
    Drain,
    /// The coordinator asks the worker to leave: what runs finishes.
    Leave,
    /// Time has passed: at or after the next deadline.
    Tick,
}

/// What to make of a call that was not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallFailure {
    /// The same call may succeed later.
    Retry {
        /// Not before this, if the coordinator said so.
        after: Option<Duration>,
    },
    /// The session is not open: register again.
    SessionLost,
    /// It will never succeed.
    Refused(Arc<str>),
}

/// What to do.
#[derive(Clone, Debug)]
pub enum Action<P> {
    /// Open a session. All earlier calls are over.
    Register(Register),
    /// Report and take leases. Replaces an earlier try that is not answered yet.
    Report {
        /// Which try.
        call: Call,
        /// The content: the very same for every try of one `seq`.
        report: Arc<Report<P>>,
        /// How long the coordinator may wait for something to say; not part of the content.
        wait: Duration,
    },
    /// Renew these leases.
    Beat {
        /// Which try.
        call: Call,
        /// All that the worker holds: running, queued, and finished but unanswered.
        leases: Vec<LeaseId>,
    },
    /// Give these to the slots, to be started in this order after all that was given before.
    Start(Vec<Lease>),
    /// Stop a lease that was given to the slots: at the next step boundary if it runs, before it starts otherwise.
    Stop(LeaseId),
    /// Take back from the slots all leases that have not started, and say [`Event::Unstarted`].
    Recall,
    /// Write these to the spool, durably, and say [`Event::Kept`] or [`Event::KeepFailed`]. One at a time, so that a slow
    /// disk gets larger batches. Without outcomes: try whether the spool takes anything.
    Keep(Vec<Arc<Outcome<P>>>),
    /// The coordinator has answered for these, or wants none of them: the spool may forget them. Comes after their
    /// [`Action::Keep`], at times before its answer, and is to be done in that order.
    Release(Vec<LeaseId>),
    /// Fetch a sweep's spec.
    FetchSpec(SweepId),
    /// A sweep's spec is not needed any more.
    ForgetSpec(SweepId),
    /// Leave. The last action.
    Exit(Exit),
}

/// A worker introduces itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    /// Which try.
    pub call: Call,
    /// Leases that it holds, with their tokens.
    pub held: Vec<(LeaseId, Token)>,
}

/// The content of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Report<P> {
    /// From 1 in each session, raised by one once answered.
    pub seq: u64,
    /// What ended, in the order of the ends.
    pub outcomes: Vec<Arc<Outcome<P>>>,
    /// Slots that are idle.
    pub n_free: u32,
    /// Leases that wait for a slot.
    pub n_queued: u32,
    /// Leases handed back, unstarted or stopped because the worker leaves.
    pub returned: Vec<Lease>,
    /// The worker leaves: grant nothing.
    pub draining: bool,
}

impl<P> Report<P> {
    /// Whether it only asks for leases.
    #[must_use]
    pub fn is_hollow(&self) -> bool {
        self.outcomes.is_empty() && self.returned.is_empty() && !self.draining
    }
}

/// What became of a lease, on its way to the coordinator.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome<P> {
    /// Under which lease it ran.
    pub lease: Lease,
    /// What to report.
    pub payload: P,
    /// Bytes of rows in it.
    pub n_bytes: usize,
}

/// Why the worker leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It was told to, and everything is reported.
    Drained,
    /// It was told to, and the grace ended before everything was reported: so many leases are left to run out.
    GraceOver {
        /// Leases whose end the coordinator does not know.
        n_left: usize,
        /// Those of them that are finished and given to the spool: the next life reports them.
        n_kept: usize,
    },
    /// A job ignored that it was told to stop, and its slot is lost. What else ran has had the grace.
    Hung {
        /// Whose job.
        lease: LeaseId,
        /// Other leases whose end the coordinator does not know.
        n_left: usize,
        /// Those of them that are finished and given to the spool: the next life reports them.
        n_kept: usize,
    },
    /// The coordinator was never reached.
    Unreached,
    /// The coordinator refuses this worker for good.
    Refused(Arc<str>),
}
