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
    /// The sweep of a canonical spec, with those that it had before.
    pub(crate) fn of(sweep: SweepId, earlier: &[String], canonical: &str) -> Self {
        match ready(sweep, earlier, canonical) {
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

fn ready(sweep: SweepId, earlier: &[String], canonical: &str) -> Result<Sweep, String> {
    let parse = |text: &str| {
        let spec = spec::parse(text, Format::Json, &sweep.to_string());
        spec.map(Arc::new).map_err(|error| error.to_string())
    };
    let texts = earlier.iter().map(String::as_str).chain([canonical]);
    let specs = texts.map(parse).collect::<Result<Vec<_>, _>>()?;
    let plan = Plan::of_history(&specs)?;
    let schema = Arc::new(Schema::of(plan.spec()));
    Ok(Sweep::Ready { plan: Arc::new(plan), schema })
}

/// How new a sweep's spec is, and how new its leases need it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Edition {
    here: u32,
    needed: u32,
}

/// Editions by sweep.
pub(crate) type Editions = BTreeMap<SweepId, Edition>;

impl Edition {
    /// A lease that comes from so many extensions needs them; says whether the spec that is here lacks some.
    pub(crate) fn need(&mut self, n_extensions: u32) -> bool {
        self.needed = self.needed.max(n_extensions);
        self.needed > self.here
    }

    /// A spec came; says whether it is new enough.
    pub(crate) fn came(&mut self, n_extensions: u32) -> bool {
        self.here = n_extensions;
        self.needed <= n_extensions
    }
}
