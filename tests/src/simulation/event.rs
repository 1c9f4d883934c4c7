//! What can happen in the simulated world, and what its machines say to each other.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use traipse_agent::{CallFailure, Report};
use traipse_scheduler::command::Reported;
use traipse_scheduler::{Rejection, SweepState};
use traipse_sweep::facts::Control;
use traipse_sweep::{FailureClass, Generation, Incarnation, JobNumber, LeaseId, Outcome, RequestId, SweepId, WorkerId};

use super::faults::Fault;
use traipse_scheduler::command::SessionId;

/// A job's rows, so to speak: a number that follows from the job.
pub(crate) type Block = u64;

/// What a worker reports of a job.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Payload {
    pub(crate) sweep: SweepId,
    pub(crate) job: JobNumber,
    pub(crate) generation: Generation,
    pub(crate) lease: LeaseId,
    pub(crate) seconds: f64,
    pub(crate) end: End,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    Rows(Outcome, Block),
    Failed(FailureClass),
}

/// Who can speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Node {
    Coordinator,
    Worker(usize),
    Client(usize),
}

/// Names one try of one call: who, in which of its lives, and a number of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CallId {
    pub(crate) from: Node,
    pub(crate) life: u32,
    pub(crate) number: u64,
}

/// What is asked of the coordinator.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    Register {
        worker: WorkerId,
        incarnation: Incarnation,
        n_slots: u32,
        numerics: Arc<str>,
        held: Vec<LeaseId>,
    },
    Report {
        session: SessionId,
        report: Arc<Report<Payload>>,
        wait: Duration,
        reaches_store: bool,
    },
    Beat {
        session: SessionId,
        leases: Vec<LeaseId>,
    },
    Spec(SweepId),
    Submit {
        sweep: SweepId,
        spec: Arc<str>,
    },
    Control {
        sweep: SweepId,
        control: Control,
    },
    Retry {
        sweep: SweepId,
        request: RequestId,
        cells: Option<Vec<Range<u64>>>,
    },
    Status(SweepId),
    /// An earlier call of the same caller is not waited for any more.
    Gone {
        call: CallId,
    },
}

/// What it answers.
#[derive(Clone, Debug)]
pub(crate) enum Response {
    Registered {
        session: SessionId,
        ended: Vec<LeaseId>,
    },
    Reported(Reported),
    Beat(Vec<LeaseId>),
    Spec(SweepId, bool),
    Submitted,
    Controlled,
    Status(Option<SweepState>),
    Refused(Rejection),
    /// Nobody is there, or nobody answered in time.
    Failed,
}

impl Response {
    /// What a worker makes of a refusal, as the codes of the service tell it.
    pub(crate) fn failure(rejection: &Rejection) -> CallFailure {
        match rejection {
            Rejection::UnknownSweep(_)
            | Rejection::UnknownSession(_)
            | Rejection::OutOfOrder { .. }
            | Rejection::Replaced { .. } => CallFailure::SessionLost,
            other => CallFailure::Refused(other.to_string().into()),
        }
    }
}

/// What can happen.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A request arrives.
    Asked(CallId, Box<Request>),
    /// A response arrives, or the caller gives up or finds that nobody is there.
    Answered(CallId, Box<Response>),
    /// The coordinator's next deadline, in that life.
    CoordinatorTick(u32),
    /// The disk has done what it was doing, in that life.
    Written(u32),
    /// The sealer goes on.
    Seal(u32),
    /// The coordinator is started.
    StartCoordinator,
    /// It goes on after it stood still.
    WakeCoordinator(u32),
    /// A worker's next deadline, in that life.
    WorkerTick(usize, u32),
    /// A slot's job may be at its end.
    JobEnds(usize, u32, LeaseId),
    /// The worker's spool has written what it was given.
    Kept(usize, u32),
    /// The worker is started.
    StartWorker(usize),
    /// It goes on after it stood still.
    WakeWorker(usize, u32),
    /// A supervisor's patience is over.
    KillWorker(usize, u32),
    /// A client does something.
    Client(usize),
    /// Something goes wrong.
    Fault,
    /// It goes right again.
    End(Fault),
    /// The faults are over for good.
    Calm,
}
