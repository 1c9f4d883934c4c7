//! The durable state: a fold over the journal's facts.

mod apply;
#[cfg(any(test, feature = "simulation"))]
mod check;
mod codec;
pub(crate) mod extend;
mod generations;
pub(crate) mod jobs;
pub(crate) mod marks;
mod retry;
mod snapshot;
pub(crate) mod suspects;
pub(crate) mod sweep;
pub(crate) mod trial;

use std::collections::{BTreeMap, BTreeSet};

use traipse_sweep::{Incarnation, LeaseId, SweepId};

pub use apply::Misfit;
pub(crate) use apply::STRIKES;
pub use codec::DecodeError;
pub use retry::Reopened;
use suspects::Suspects;
pub(crate) use sweep::{Plans, Sweep, Wish};

/// Where a lease's job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JobAt {
    pub(crate) sweep: SweepId,
    pub(crate) position: u64,
}

/// All that is durable. Equal facts give equal states.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct State {
    /// The last life of the coordinator.
    pub(crate) incarnation: Incarnation,
    sweeps: BTreeMap<SweepId, Sweep>,
    /// By admission.
    order: Vec<SweepId>,
    /// Admissions that have not ended.
    unended: BTreeSet<u64>,
    /// Leases under way.
    leases: BTreeMap<LeaseId, JobAt>,
    /// Workers whose last report was no success.
    pub(crate) suspects: Suspects,
}

impl State {
    pub(crate) fn sweep(&self, sweep: SweepId) -> Option<&Sweep> {
        self.sweeps.get(&sweep)
    }

    /// By admission, the oldest first.
    pub(crate) fn sweeps(&self) -> impl DoubleEndedIterator<Item = &Sweep> {
        self.order.iter().map(|id| &self.sweeps[id])
    }

    /// Those that have not ended, the oldest first: the order in which they are served.
    pub(crate) fn unended(&self) -> impl Iterator<Item = &Sweep> {
        self.unended.iter().map(|&number| &self.sweeps[&self.order[number as usize]])
    }

    /// The job of a lease under way.
    pub(crate) fn leased(&self, lease: LeaseId) -> Option<(&Sweep, u64)> {
        let at = self.leases.get(&lease)?;
        Some((&self.sweeps[&at.sweep], at.position))
    }

    /// All leases under way.
    pub(crate) fn leases(&self) -> impl Iterator<Item = (LeaseId, JobAt)> {
        self.leases.iter().map(|(lease, at)| (*lease, *at))
    }
}
