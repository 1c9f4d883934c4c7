//! Facts: what happened, in the past tense, durable, and enough to rebuild the scheduler.

use std::ops::Range;
use std::sync::Arc;

use crate::ids::{Generation, Incarnation, JobNumber, LeaseId, RequestId, SweepId, WorkerId};
use crate::outcome::{FailureClass, Outcome};

/// What happened. The journal is a sequence of these; the scheduler's state is a fold over them.
///
/// *Commitments* (all but [`Fact::Granted`]) are durable before any answer that shows them; grants ride in the next
/// batch and are answered at once, because a lease id is never used twice.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A coordinator began a life.
    IncarnationStarted {
        /// Higher than every earlier one.
        incarnation: Incarnation,
    },
    /// A sweep was accepted.
    SweepAdmitted {
        /// The id that the client made.
        sweep: SweepId,
        /// The canonical JSON of the spec: ranges resolved, defaults written out.
        spec: Arc<str>,
    },
    /// The first `numerics` that this sweep met; workers with another get no lease of it.
    NumericsPinned {
        /// Which sweep.
        sweep: SweepId,
        /// The pinned text, see [`crate::spec`].
        numerics: Arc<str>,
    },
    /// A person changed what the sweep does.
    SweepControlled {
        /// Which sweep.
        sweep: SweepId,
        /// What was asked.
        control: Control,
    },
    /// A worker got the right to run a job.
    Granted {
        /// Which sweep.
        sweep: SweepId,
        /// Which job.
        job: JobNumber,
        /// The job's generation at that time.
        generation: Generation,
        /// The lease, never used twice.
        lease: LeaseId,
        /// To whom.
        worker: WorkerId,
        /// Counted for people, from 1.
        attempt: u32,
    },
    /// An attempt ended without a result; the job is not done.
    AttemptFailed {
        /// Which sweep.
        sweep: SweepId,
        /// Which job.
        job: JobNumber,
        /// The generation of the attempt.
        generation: Generation,
        /// The lease under which it ran.
        lease: LeaseId,
        /// Why.
        class: FailureClass,
        /// Whether it counts against the job: towards its `max_attempts`, or as a strike.
        counts: bool,
        /// In words.
        message: Arc<str>,
    },
    /// A worker handed a lease back unstarted: the job is ready again, and nothing counts against it.
    LeaseReturned {
        /// Which sweep.
        sweep: SweepId,
        /// Which job.
        job: JobNumber,
        /// The generation of the lease.
        generation: Generation,
        /// The lease that is over.
        lease: LeaseId,
    },
    /// A job is done in this generation.
    JobEnded {
        /// Which sweep.
        sweep: SweepId,
        /// Which job.
        job: JobNumber,
        /// The generation that is done.
        generation: Generation,
        /// The lease whose report was accepted; none where no attempt decided it (cancelled).
        lease: Option<LeaseId>,
        /// How it ended.
        outcome: Outcome,
        /// Why, where it did not succeed.
        message: Option<Arc<str>>,
    },
    /// Jobs are to be run anew: the generation of each is raised by one, and what is known of it is forgotten.
    JobsRetried {
        /// Which sweep.
        sweep: SweepId,
        /// Made by the client: the same one is answered alike.
        request: RequestId,
        /// Ranges of job numbers, ascending, none empty, without excluded jobs; none where there was nothing to retry.
        jobs: Arc<[Range<u64>]>,
    },
    /// The coordinator itself paused or stopped a sweep.
    SweepHeld {
        /// Which sweep.
        sweep: SweepId,
        /// Which of the two.
        hold: Hold,
        /// Why, in words.
        message: Arc<str>,
    },
    /// A larger spec took the sweep over. What becomes of each job follows from the two specs.
    SweepExtended {
        /// Which sweep.
        sweep: SweepId,
        /// Made by the client: the same one with the same spec is answered alike.
        request: RequestId,
        /// The canonical JSON of the larger spec.
        spec: Arc<str>,
    },
}

/// What the coordinator does to a sweep by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hold {
    /// Grants no new leases until a person resumes it.
    Pause,
    /// Ends it: running jobs stop at a step boundary.
    Stop,
}

/// What a person can ask of a sweep that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Control {
    /// End it: no new leases, running jobs stop at a step boundary.
    Cancel,
    /// Grant no new leases.
    Pause,
    /// Grant leases again.
    Resume,
}
