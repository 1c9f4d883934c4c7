//! One sweep's durable state.

use std::collections::BTreeMap;
use std::sync::Arc;

use traipse_sweep::spec::{self, Format};
use traipse_sweep::{Generation, JobNumber, Plan, SweepId};

use super::extend::Extended;
use super::generations::Generations;
use super::jobs::Jobs;
use super::marks::Mark;
use super::retry::Retries;
use super::trial::Trial;
use crate::pump::{SweepState, SweepStatus};

/// What a person, or the coordinator itself, last asked of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Run,
    Pause,
    Stop,
    Cancel,
}

impl Wish {
    /// Whether what is not done never will be.
    pub(crate) fn is_end(self) -> bool {
        matches!(self, Self::Stop | Self::Cancel)
    }
}

/// One sweep.
#[derive(Clone, Debug)]
pub(crate) struct Sweep {
    pub(crate) id: SweepId,
    /// Which admission it was: older sweeps are served first.
    pub(crate) number: u64,
    pub(crate) name: Arc<str>,
    pub(crate) spec: Arc<str>,
    /// The specs before, and who asked for the one after each.
    pub(crate) extensions: Vec<Extended>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) wish: Wish,
    pub(crate) numerics: Option<Arc<str>>,
    pub(crate) jobs: Jobs,
    pub(crate) generations: Generations,
    pub(crate) retries: Retries,
    pub(crate) last_failure: Option<Arc<str>>,
    /// Why the coordinator itself paused or stopped it, while that lasts.
    pub(crate) held: Option<Arc<str>>,
    /// How its first attempts ended.
    pub(crate) trial: Trial,
}

impl Sweep {
    pub(crate) fn new(id: SweepId, number: u64, spec: Arc<str>, plan: Arc<Plan>) -> Self {
        let name = Arc::from(plan.spec().name.as_str());
        let jobs = Jobs::new(plan.run_jobs());
        Self {
            id,
            number,
            name,
            spec,
            extensions: Vec::new(),
            plan,
            wish: Wish::Run,
            numerics: None,
            jobs,
            generations: Generations::default(),
            retries: Retries::default(),
            last_failure: None,
            held: None,
            trial: Trial::default(),
        }
    }

    pub(crate) fn state(&self) -> SweepState {
        match self.wish {
            Wish::Cancel => SweepState::Cancelled,
            Wish::Stop => SweepState::Stopped,
            _ if self.n_remaining() == 0 => SweepState::Completed,
            Wish::Pause => SweepState::Paused,
            Wish::Run => SweepState::Active,
        }
    }

    /// Sweeps of a higher one are served first.
    pub(crate) fn priority(&self) -> i32 {
        self.plan.spec().execution.priority
    }

    /// Leases under way.
    pub(crate) fn n_leased(&self) -> u64 {
        self.jobs.runs.n_leased + self.jobs.comparisons.n_leased
    }

    /// How many more may be, by the sweep's own limit.
    pub(crate) fn n_leasable(&self) -> u64 {
        match self.plan.spec().execution.max_concurrent {
            0 => u64::MAX,
            most => most.saturating_sub(self.n_leased()),
        }
    }

    /// Whether its runs' weights are kept or compared, which takes workers that reach the artifact store.
    pub(crate) fn needs_store(&self) -> bool {
        self.plan.spec().snapshots.keep || self.compares()
    }

    /// Whether it has comparisons.
    pub(crate) fn compares(&self) -> bool {
        self.plan.n_comparisons() > 0
    }

    /// Whether a job is a comparison whose members have not all ended.
    pub(crate) fn is_blocked(&self, position: u64) -> bool {
        self.jobs.is_comparison(position) && self.jobs.marks.get(position) == Mark::Fresh
    }

    /// The comparisons that became ready with the end of a run. Costs the members of all comparisons that it is in.
    pub(crate) fn unblocked_by(&self, run: JobNumber) -> Vec<u64> {
        if !self.compares() {
            return Vec::new();
        }
        let comparisons =
            self.plan.groups_of(run).into_iter().filter(|comparison| self.members_have_ended(*comparison));
        comparisons.map(|job| self.plan.position_of(job)).filter(|&position| self.is_blocked(position)).collect()
    }

    /// Whether a job is a comparison whose members have all ended.
    pub(crate) fn members_have_ended(&self, comparison: JobNumber) -> bool {
        let has_ended = |member: &JobNumber| self.jobs.marks.get(self.plan.position_of(*member)).is_done();
        self.plan.group(comparison).is_some_and(|group| group.members.iter().all(has_ended))
    }

    /// The generation in which a job is to be run.
    pub(crate) fn generation(&self, position: u64) -> Generation {
        match self.generations.is_empty() {
            true => Generation(0),
            false => self.generations.of(self.plan.job_at(position)),
        }
    }

    /// Whether a job is over: done in its generation, or cancelled.
    pub(crate) fn is_over(&self, position: u64) -> bool {
        self.wish.is_end() || self.jobs.marks.get(position).is_done()
    }

    /// Runs never leased, without excluded ones.
    pub(crate) fn n_fresh(&self) -> u64 {
        let counts = &self.jobs.runs;
        self.plan.n_runs() - counts.n_done() - counts.n_under_way()
    }

    /// Comparisons whose members have not all ended.
    pub(crate) fn n_blocked(&self) -> u64 {
        let counts = &self.jobs.comparisons;
        self.plan.n_comparisons() - counts.n_done() - counts.n_under_way() - counts.n_ready
    }

    /// Jobs that are not done.
    pub(crate) fn n_remaining(&self) -> u64 {
        self.plan.n_runs() + self.plan.n_comparisons() - self.jobs.runs.n_done() - self.jobs.comparisons.n_done()
    }

    /// Runs never leased, in the sweep's order. Exclusion is tested as they are drawn.
    pub(crate) fn fresh(&self) -> impl Iterator<Item = u64> {
        let n_fresh = usize::try_from(self.n_fresh()).unwrap_or(usize::MAX);
        self.jobs
            .runs_from(self.jobs.cursor)
            .filter(|&position| {
                self.jobs.marks.get(position) == Mark::Fresh && !self.plan.is_excluded(self.plan.job_at(position))
            })
            // Without this bound every call would walk the excluded positions at the end again.
            .take(n_fresh)
    }

    /// The position of a job, if there is such a one.
    pub(crate) fn position(&self, job: JobNumber) -> Option<u64> {
        (job.0 < self.plan.n_jobs()).then(|| self.plan.position_of(job))
    }

    /// The counts as people see them. O(1).
    pub(crate) fn status(&self) -> SweepStatus {
        let counts = self.jobs.counts();
        let cancelled = self.wish.is_end();
        let (n_left, n_blocked) = (self.n_fresh() + counts.n_again + counts.n_ready, self.n_blocked());
        SweepStatus {
            sweep: self.id,
            name: Arc::clone(&self.name),
            state: self.state(),
            n_runs: self.plan.n_runs(),
            n_excluded: self.plan.n_excluded(),
            n_comparisons: self.plan.n_comparisons(),
            n_comparisons_done: self.jobs.comparisons.n_done(),
            n_blocked: if cancelled { 0 } else { n_blocked },
            n_ready: if cancelled { 0 } else { n_left },
            n_leased: counts.n_leased,
            n_backoff: counts.n_backoff,
            n_succeeded: counts.n_succeeded,
            n_diverged: counts.n_diverged,
            n_failed: counts.n_failed,
            n_quarantined: counts.n_quarantined,
            n_cancelled: if cancelled { n_left + n_blocked } else { 0 },
            n_lost_attempts: self.jobs.n_lost_attempts,
            held: self.held.is_some(),
            message: self.held.as_ref().or(self.last_failure.as_ref()).cloned(),
            numerics: self.numerics.clone(),
        }
    }
}

/// Equal durable state; plans follow from specs.
impl PartialEq for Sweep {
    fn eq(&self, other: &Self) -> bool {
        (self.id, self.number, &self.spec, self.wish) == (other.id, other.number, &other.spec, other.wish)
            && (&self.numerics, &self.jobs, &self.last_failure) == (&other.numerics, &other.jobs, &other.last_failure)
            && (&self.generations, &self.retries) == (&other.generations, &other.retries)
            && (&self.held, &self.trial) == (&other.held, &other.trial)
            && self.extensions == other.extensions
    }
}

/// The plans of admitted sweeps, parsed once each and shared by all states that hold the sweep.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plans {
    known: BTreeMap<SweepId, Arc<Plan>>,
    /// By how many extensions they have.
    extended: BTreeMap<(SweepId, u32), Arc<Plan>>,
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

    /// The plan of a sweep that a larger spec takes over.
    ///
    /// # Errors
    /// In words, if the spec is not a canonical one, or not larger.
    pub(crate) fn extended(&mut self, sweep: SweepId, before: &Plan, spec: &str) -> Result<Arc<Plan>, String> {
        let number = before.n_extensions() + 1;
        if let Some(plan) = self.extended.get(&(sweep, number)) {
            return Ok(Arc::clone(plan));
        }
        let plan = before.extended(&*Self::parse(spec)?).map_err(|error| error.to_string())?;
        self.insert_extended(sweep, Arc::new(plan));
        Ok(Arc::clone(&self.extended[&(sweep, number)]))
    }

    pub(crate) fn insert_extended(&mut self, sweep: SweepId, plan: Arc<Plan>) {
        self.extended.insert((sweep, plan.n_extensions()), plan);
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
