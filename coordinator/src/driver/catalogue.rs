//! What the services must know of every sweep without asking the driver: published anew when one is admitted.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use traipse_sweep::{Plan, Schema, SweepId};

use super::OurPump;

/// All durable sweeps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalogue {
    sweeps: BTreeMap<SweepId, Arc<Entry>>,
    /// Each schema once, by its id: thousands of sweeps ask for the same columns.
    schemas: BTreeMap<u64, Arc<Schema>>,
}

/// What changes of a sweep with its spec alone.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Canonical JSON.
    pub(crate) spec: Arc<str>,
    /// The specs that it had before, oldest first.
    pub(crate) earlier: Vec<Arc<str>>,
    /// What its row blocks hold: the current schema, then others that it had.
    pub(crate) schemas: Vec<Arc<Schema>>,
    /// Numbers of the jobs that are runs, ascending; the others are comparisons.
    pub(crate) runs: Arc<[Range<u64>]>,
    /// How long an attempt may take, and how long it may stand still.
    pub(crate) limits: (Duration, Duration),
}

impl Entry {
    /// How often it was extended.
    pub(crate) fn n_extensions(&self) -> u32 {
        self.earlier.len() as u32
    }

    /// The specs that it had before, as they travel.
    pub(crate) fn earlier(&self) -> Vec<String> {
        self.earlier.iter().map(ToString::to_string).collect()
    }
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
                let (earlier, runs) = (pump.earlier_specs(sweep), plan.run_jobs().into());
                let execution = &plan.spec().execution;
                let limits = (execution.time_limit, execution.stall_limit);
                let entry = Entry { spec, earlier, schemas: self.schemas_of(&plan), runs, limits };
                self.sweeps.insert(sweep, Arc::new(entry));
            }
        }
    }

    /// The current schema first, then the others that the sweep had, each once.
    fn schemas_of(&mut self, plan: &Plan) -> Vec<Arc<Schema>> {
        let mut schemas: Vec<Arc<Schema>> = Vec::new();
        for spec in std::iter::once(plan.spec()).chain(plan.earlier()) {
            let schema = Schema::of(spec);
            let schema = Arc::clone(self.schemas.entry(schema.id()).or_insert_with(|| Arc::new(schema)));
            if schemas.iter().all(|known| !Arc::ptr_eq(known, &schema)) {
                schemas.push(schema);
            }
        }
        schemas
    }

    /// One sweep.
    pub(crate) fn get(&self, sweep: SweepId) -> Option<Arc<Entry>> {
        self.sweeps.get(&sweep).map(Arc::clone)
    }
}
