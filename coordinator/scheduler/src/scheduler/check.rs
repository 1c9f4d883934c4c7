//! What must hold between durable and soft state after every step.

use std::collections::BTreeSet;

use super::Scheduler;

impl Scheduler {
    /// The leases of a worker that are under way.
    #[cfg(feature = "simulation")]
    pub(crate) fn leases_of(&self, worker: traipse_sweep::WorkerId) -> Vec<traipse_sweep::LeaseId> {
        self.clocks.of(worker).collect()
    }

    pub(crate) fn check(&self) {
        self.state.check();
        let clocks: BTreeSet<_> = self.clocks.all().collect();
        let leases: BTreeSet<_> = self
            .state
            .leases()
            .map(|(lease, at)| {
                let held = self.state.sweep(at.sweep).and_then(|sweep| sweep.jobs.held(at.position));
                let held = held.expect("a lease's job holds it");
                assert_eq!(held.lease, lease);
                assert!(lease.incarnation() <= self.config.incarnation);
                (lease, held.worker)
            })
            .collect();
        assert_eq!(clocks, leases, "every lease has a clock with its worker");
    }
}
