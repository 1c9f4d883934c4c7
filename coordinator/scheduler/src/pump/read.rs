//! What can be read of the pump: durable state alone.

use std::sync::Arc;
use std::time::Duration;

use traipse_sweep::{Generation, Incarnation, JobNumber, LeaseId, Outcome, RequestId, SweepId, WorkerId};

use crate::command::WorkerInfo;
use crate::state::{DecodeError, Misfit, State};

/// The durable state at one batch, to be encoded on another thread.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(super) state: State,
}

impl Snapshot {
    /// Compact, versioned bytes for [`super::Pump::restore`]. Linear in the jobs that were touched.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.state.encode()
    }
}

/// Where a sweep stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SweepState {
    /// Jobs are leased as workers ask.
    Active,
    /// No new leases until it is resumed.
    Paused,
    /// Ended early by the coordinator: what was not done is cancelled.
    Stopped,
    /// All jobs are done.
    Completed,
    /// Ended by a person.
    Cancelled,
}

impl SweepState {
    /// Whether nothing will happen to the sweep any more.
    #[must_use]
    pub fn is_ended(self) -> bool {
        matches!(self, Self::Stopped | Self::Completed | Self::Cancelled)
    }
}

/// A sweep's counts. Every run and comparison is in exactly one of the states from `n_blocked` to `n_cancelled`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepStatus {
    /// Which sweep.
    pub sweep: SweepId,
    /// The name in its spec.
    pub name: Arc<str>,
    /// Where it stands.
    pub state: SweepState,
    /// Runs, without excluded ones.
    pub n_runs: u64,
    /// Job numbers that no run has.
    pub n_excluded: u64,
    /// Comparisons, without those that are left out.
    pub n_comparisons: u64,
    /// Comparisons that have ended.
    pub n_comparisons_done: u64,
    /// Comparisons that wait for their members.
    pub n_blocked: u64,
    /// Not leased yet, or again.
    pub n_ready: u64,
    /// Leased.
    pub n_leased: u64,
    /// Failed transiently, not leased again yet.
    pub n_backoff: u64,
    /// Done with rows.
    pub n_succeeded: u64,
    /// Done with rows up to the divergence.
    pub n_diverged: u64,
    /// Done without rows.
    pub n_failed: u64,
    /// Done without rows: took its workers down.
    pub n_quarantined: u64,
    /// Ended by a person, or with the sweep.
    pub n_cancelled: u64,
    /// Attempts that failed or were lost so far.
    pub n_lost_attempts: u64,
    /// The coordinator itself paused or stopped it; the message says why.
    pub held: bool,
    /// Why it is held or waits, where it is or does; else the last failure's message.
    pub message: Option<Arc<str>>,
    /// Pinned by the first grant.
    pub numerics: Option<Arc<str>>,
}

/// A worker that gets no leases for a while, because one job after another failed on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspended {
    /// Which worker.
    pub worker: WorkerId,
    /// For how long from now.
    pub remaining: Duration,
    /// Which suspension in a row it is.
    pub n_suspensions: u32,
    /// The last failure's message.
    pub message: Arc<str>,
}

/// A worker that has a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerStatus {
    /// Which worker.
    pub worker: WorkerId,
    /// What it offers and is.
    pub info: Arc<WorkerInfo>,
    /// Leases that it holds: those that run, and those that wait in it.
    pub n_leased: u64,
    /// Time since it was last heard.
    pub silent: Duration,
    /// It was heard within a lease period.
    pub is_live: bool,
    /// It leaves, or is asked to.
    pub is_draining: bool,
    /// It gets no leases for a while, because one job after another failed on it.
    pub is_suspended: bool,
}

impl WorkerStatus {
    /// Slots that have something to run.
    #[must_use]
    pub fn n_busy(&self) -> u32 {
        u32::try_from(self.n_leased).map_or(self.info.n_slots, |n| n.min(self.info.n_slots))
    }
}

/// Neighbouring jobs that ended alike without rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeRange {
    /// The first job's number.
    pub first_job: JobNumber,
    /// How many jobs.
    pub n_jobs: u64,
    /// How all of them ended.
    pub outcome: Outcome,
    /// Why, where it is known.
    pub message: Option<Arc<str>>,
}

/// Neighbouring jobs of one generation above 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenerationRange {
    /// The first job's number.
    pub first_job: JobNumber,
    /// How many jobs.
    pub n_jobs: u64,
    /// The generation whose rows count.
    pub generation: Generation,
}

/// A member of a comparison that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedMember {
    /// The run.
    pub job: JobNumber,
    /// In which generation.
    pub generation: Generation,
    /// How.
    pub outcome: Outcome,
}

/// A sweep with comparisons that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Which.
    pub sweep: SweepId,
    /// The last wish to run some of it anew: a sweep may end several times.
    pub retry: Option<RequestId>,
    /// How often it was extended: likewise.
    pub n_extensions: u32,
    /// Its attempts had leases below this one; those of a retry to come have not.
    pub below: LeaseId,
}

/// Why a journal cannot be restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The snapshot does not decode.
    #[error("the snapshot cannot be read: {0}")]
    Snapshot(#[from] DecodeError),
    /// A fact does not fit what came before it.
    #[error("the journal does not fit together: {0}")]
    Journal(#[from] Misfit),
    /// The incarnation was used before: it must be raised, durably, at every start.
    #[error("incarnation {found:?} is not new: the journal has seen {last:?}")]
    Incarnation {
        /// The one given.
        found: Incarnation,
        /// The highest in the journal.
        last: Incarnation,
    },
}
