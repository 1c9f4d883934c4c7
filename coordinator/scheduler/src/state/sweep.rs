//! One sweep's durable state.

use std::collections::BTreeMap;
use std::sync::Arc;

use traipse_sweep::spec::{self, Format};
use traipse_sweep::{Generation, JobNumber, Plan, SweepId};

use super::jobs::Jobs;
use super::marks::Mark;
use crate::pump::{SweepState, SweepStatus};

/// What a person last asked of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Run,
    Pause,
    Cancel,
}

/// One sweep.
#[derive(Clone, Debug)]
pub(crate) struct Sweep {
    pub(crate) id: SweepId,
    /// Which admission it was: older sweeps are served first.
    pub(crate) number: u64,
    pub(crate) name: Arc<str>,
    pub(crate) spec: Arc<str>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) wish: Wish,
    pub(crate) numerics: Option<Arc<str>>,
    pub(crate) jobs: Jobs,
    pub(crate) last_failure: Option<Arc<str>>,
}

impl Sweep {
    pub(crate) fn new(id: SweepId, number: u64, spec: Arc<str>, plan: Arc<Plan>) -> Self {
        let name = Arc::from(plan.spec().name.as_str());
        Self {
            id,
            number,
            name,
            spec,
            plan,
            wish: Wish::Run,
            numerics: None,
            jobs: Jobs::default(),
            last_failure: None,
        }
    }

    pub(crate) fn state(&self) -> SweepState {
        match self.wish {
            Wish::Cancel => SweepState::Cancelled,
            _ if self.jobs.counts.n_done() == self.plan.n_runs() => SweepState::Completed,
            Wish::Pause => SweepState::Paused,
            Wish::Run => SweepState::Active,
        }
    }

    /// Whether its runs' weights are kept, which takes workers that reach the artifact store.
    pub(crate) fn keeps(&self) -> bool {
        self.plan.spec().snapshots.keep
    }

    /// The generation in which a job is to be run.
    pub(crate) fn generation(&self, _position: u64) -> Generation {
        // Retry and extension will raise it for the jobs that they name.
        Generation(0)
    }

    /// Whether a job is over: done in its generation, or cancelled.
    pub(crate) fn is_over(&self, position: u64) -> bool {
        self.wish == Wish::Cancel || self.jobs.marks.get(position).is_done()
    }

    /// Jobs never leased, without excluded ones.
    pub(crate) fn n_fresh(&self) -> u64 {
        let counts = &self.jobs.counts;
        self.plan.n_runs() - counts.n_done() - counts.n_under_way()
    }

    /// Jobs that are not done.
    pub(crate) fn n_remaining(&self) -> u64 {
        self.plan.n_runs() - self.jobs.counts.n_done()
    }

    /// Jobs never leased, in the sweep's order. Exclusion is tested as they are drawn.
    pub(crate) fn fresh(&self) -> impl Iterator<Item = u64> {
        let n_fresh = usize::try_from(self.n_fresh()).unwrap_or(usize::MAX);
        (self.jobs.cursor..self.plan.n_jobs())
            .filter(|&position| {
                self.jobs.marks.get(position) == Mark::Fresh && !self.plan.is_excluded(self.plan.job_at(position))
            })
            // Without this bound every call would walk the excluded positions at the end again.
            .take(n_fresh)
    }

    /// The position of a job, if there is such a run.
    pub(crate) fn position(&self, job: JobNumber) -> Option<u64> {
        (job.0 < self.plan.n_jobs()).then(|| self.plan.position_of(job))
    }

    /// The counts as people see them. O(1).
    pub(crate) fn status(&self) -> SweepStatus {
        let counts = &self.jobs.counts;
        let cancelled = self.wish == Wish::Cancel;
        let n_left = self.n_fresh() + counts.n_again;
        SweepStatus {
            sweep: self.id,
            name: Arc::clone(&self.name),
            state: self.state(),
            n_runs: self.plan.n_runs(),
            n_excluded: self.plan.n_excluded(),
            n_ready: if cancelled { 0 } else { n_left },
            n_leased: counts.n_leased,
            n_backoff: counts.n_backoff,
            n_succeeded: counts.n_succeeded,
            n_diverged: counts.n_diverged,
            n_failed: counts.n_failed,
            n_quarantined: counts.n_quarantined,
            n_cancelled: if cancelled { n_left } else { 0 },
            n_lost_attempts: counts.n_lost_attempts,
            message: self.last_failure.clone(),
            numerics: self.numerics.clone(),
        }
    }
}

/// Equal durable state; plans follow from specs.
impl PartialEq for Sweep {
    fn eq(&self, other: &Self) -> bool {
        (self.id, self.number, &self.spec, self.wish) == (other.id, other.number, &other.spec, other.wish)
            && (&self.numerics, &self.jobs, &self.last_failure) == (&other.numerics, &other.jobs, &other.last_failure)
    }
}

/// The plans of admitted sweeps, parsed once each and shared by all states that hold the sweep.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plans {
    known: BTreeMap<SweepId, Arc<Plan>>,
}

impl Plans {
    /// Reads a spec.
    ///
    /// # Errors
    /// In words, if it is not a canonical one.
    pub(crate) fn parse(spec: &str) -> Result<Arc<Plan>, String> {
        let spec = spec::parse(spec, Format::Json, "spec").map_err(|error| error.to_string())?;
        Plan::new(Arc::new(spec)).map(Arc::new).map_err(|error| error.to_string())
    }

    pub(crate) fn insert(&mut self, sweep: SweepId, plan: Arc<Plan>) {
        self.known.insert(sweep, plan);
    }

    /// The plan of a sweep that is known, or of its spec.
    pub(crate) fn plan(&mut self, sweep: SweepId, spec: &str) -> Result<Arc<Plan>, String> {
        if let Some(plan) = self.known.get(&sweep) {
            return Ok(Arc::clone(plan));
        }
        let plan = Self::parse(spec)?;
        self.insert(sweep, Arc::clone(&plan));
        Ok(plan)
    }
}
