//! The sweeps that this worker has leases of: their specs, fetched once and made ready.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use traipse_sweep::spec::{self, Format};
use traipse_sweep::{Plan, Schema, SweepId};

/// A sweep made ready, or why it cannot be run here.
#[derive(Debug)]
pub(crate) enum Sweep {
    /// It can be run.
    Ready { plan: Arc<Plan>, schema: Arc<Schema> },
    /// This worker cannot read it; every lease of it fails with this message.
    Broken(String),
}

/// Sweeps by id. The agent says which to fetch and which to forget.
pub(crate) type Sweeps = BTreeMap<SweepId, Arc<Sweep>>;

impl Sweep {
    /// The sweep of a canonical spec.
    pub(crate) fn of(sweep: SweepId, canonical: &str) -> Self {
        match ready(sweep, canonical) {
            Ok(ready) => ready,
            Err(error) => {
                let build = env!("CARGO_PKG_VERSION");
                Self::Broken(format!("this worker (build {build}) cannot read the sweep's spec: {error}"))
            }
        }
    }
}

impl Sweep {
    /// How long an attempt may take.
    pub(crate) fn time_limit(&self) -> Option<Duration> {
        match self {
            Self::Ready { plan, .. } => Some(plan.spec().execution.time_limit),
            Self::Broken(_) => None,
        }
    }
}

fn ready(sweep: SweepId, canonical: &str) -> Result<Sweep, String> {
    let spec = spec::parse(canonical, Format::Json, &sweep.to_string()).map_err(|error| error.to_string())?;
    let schema = Arc::new(Schema::of(&spec));
    let plan = Arc::new(Plan::new(Arc::new(spec)).map_err(|error| error.to_string())?);
    Ok(Sweep::Ready { plan, schema })
}
