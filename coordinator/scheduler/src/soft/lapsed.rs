//! Leases that ran out while their worker may still compute: its report is welcome until the job is done.

use std::collections::BTreeMap;

use traipse_sweep::{Generation, LeaseId, SweepId, WorkerId};

use crate::command::Now;

/// Most lapsed leases that are remembered; the oldest are forgotten, and their workers told to stop.
const MAX: usize = 65_536;

/// A lease that ran out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LapsedLease {
    pub(crate) sweep: SweepId,
    pub(crate) position: u64,
    pub(crate) generation: Generation,
    pub(crate) worker: WorkerId,
    pub(crate) attempt: u32,
    pub(crate) granted_at: Option<Now>,
}

/// The lapsed leases of this life of the coordinator.
#[derive(Debug, Default)]
pub(crate) struct Lapsed {
    leases: BTreeMap<LeaseId, LapsedLease>,
}

impl Lapsed {
    pub(crate) fn insert(&mut self, lease: LeaseId, lapsed: LapsedLease) {
        self.leases.insert(lease, lapsed);
        if self.leases.len() > MAX {
            self.leases.pop_first();
        }
    }

    pub(crate) fn get(&self, lease: LeaseId) -> Option<&LapsedLease> {
        self.leases.get(&lease)
    }

    pub(crate) fn remove(&mut self, lease: LeaseId) {
        self.leases.remove(&lease);
    }
}
