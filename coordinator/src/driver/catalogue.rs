//! What the services must know of every sweep without asking the driver: published anew when one is admitted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use traipse_sweep::{Schema, SweepId};

use super::OurPump;

/// All durable sweeps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalogue {
    sweeps: BTreeMap<SweepId, Arc<Entry>>,
    /// Each schema once, by its id: thousands of sweeps ask for the same columns.
    schemas: BTreeMap<u64, Arc<Schema>>,
}

/// What never changes about a sweep.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Canonical JSON.
    pub(crate) spec: Arc<str>,
    /// What its row blocks hold.
    pub(crate) schema: Arc<Schema>,
    /// Jobs below this number are runs, the others comparisons.
    pub(crate) n_run_jobs: u64,
    /// How long an attempt may take, and how long it may stand still.
    pub(crate) limits: (Duration, Duration),
}

impl Catalogue {
    pub(super) fn of(pump: &OurPump) -> Self {
        let mut catalogue = Self::default();
        catalogue.add(pump, &pump.sweeps().collect::<Vec<_>>());
        catalogue
    }

    pub(super) fn add(&mut self, pump: &OurPump, sweeps: &[SweepId]) {
        for &sweep in sweeps {
            if let (Some(spec), Some(plan)) = (pump.spec(sweep), pump.plan(sweep)) {
                let schema = Schema::of(plan.spec());
                let schema = Arc::clone(self.schemas.entry(schema.id()).or_insert_with(|| Arc::new(schema)));
                let execution = &plan.spec().execution;
                let limits = (execution.time_limit, execution.stall_limit);
                let entry = Entry { spec, schema, n_run_jobs: plan.n_run_jobs(), limits };
                self.sweeps.insert(sweep, Arc::new(entry));
            }
        }
    }

    /// One sweep.
    pub(crate) fn get(&self, sweep: SweepId) -> Option<Arc<Entry>> {
        self.sweeps.get(&sweep).map(Arc::clone)
    }
}
