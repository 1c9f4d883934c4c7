//! A larger spec takes a sweep over: what it adds is fresh, and what its settings change is run again.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use traipse_sweep::plan::{Carried, JobKind};
use traipse_sweep::{JobNumber, Plan, RequestId, SweepId};

use super::jobs::Held;
use super::marks::Mark;
use super::{Misfit, Plans, State, Sweep, Wish};
use crate::pump::SweepState;

/// Most extensions of a sweep: every question about a job may go through them.
pub(crate) const MAX_EXTENSIONS: usize = 1024;

/// An extension that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extended {
    /// Who asked for it.
    pub(crate) request: RequestId,
    /// The spec before it.
    pub(crate) before: Arc<str>,
}

/// What an extension does to the jobs that were there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// All of them are run again.
    All(Range<u64>),
    /// Some.
    Some {
        /// To be run again, or never shown again.
        reopened: BTreeSet<JobNumber>,
        /// Kept runs that new comparisons measure, with weights that serve them.
        compared: Vec<JobNumber>,
    },
}

impl Change {
    /// The jobs whose generation is raised, as ascending ranges.
    pub(crate) fn jobs(&self) -> Vec<Range<u64>> {
        let Self::Some { reopened, .. } = self else {
            let Self::All(jobs) = self else { unreachable!("there are two kinds") };
            return vec![jobs.clone()];
        };
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for job in reopened {
            match ranges.last_mut() {
                Some(last) if last.end == job.0 => last.end += 1,
                _ => ranges.push(job.0..job.0 + 1),
            }
        }
        ranges
    }
}

impl Sweep {
    /// What becomes of the jobs under a larger plan. Linear in the jobs that were touched.
    pub(crate) fn change(&self, plan: &Plan) -> Change {
        let extension = plan.extension().expect("the plan was made by extending this sweep's");
        if extension.retrains_all() {
            return Change::All(0..extension.first_new().0);
        }
        let weights_gone = self.retries.weights_gone || self.state() == SweepState::Completed;
        let (mut reopened, mut compared, mut comparisons) = (BTreeSet::new(), Vec::new(), Vec::new());
        let touched = self.jobs.marks.runs().into_iter().filter(|(_, mark)| *mark != Mark::Excluded);
        for (positions, mark) in touched {
            for job in positions.map(|position| self.plan.job_at(position)) {
                match (plan.kind(job), extension.of(job)) {
                    (_, Carried::Again | Carried::Gone | Carried::New) => _ = reopened.insert(job),
                    (JobKind::Comparison, Carried::Kept) if mark.is_done() => {}
                    (JobKind::Comparison, Carried::Kept) => comparisons.push(job),
                    (JobKind::Run, Carried::Kept) if !extension.newly_compares(job) => {}
                    (JobKind::Run, Carried::Kept) if weights_gone || !extension.leaves_the_same(job) => {
                        reopened.insert(job);
                    }
                    (JobKind::Run, Carried::Kept) => compared.push(job),
                }
            }
        }
        let waits_again = |job: &JobNumber| {
            let members = plan.group(*job).map(|group| group.members).unwrap_or_default();
            members.iter().any(|member| reopened.contains(member))
        };
        let waiting: Vec<JobNumber> = comparisons.into_iter().filter(waits_again).collect();
        reopened.extend(waiting);
        Change::Some { reopened, compared }
    }

    /// The larger plan takes over. Returns the leases that were under way of what is run again.
    fn take_over(&mut self, plan: Arc<Plan>, change: &Change) -> Vec<Held> {
        let mut held = Vec::new();
        match change {
            Change::All(_) => held = self.jobs.reopen_all(),
            Change::Some { reopened, .. } => {
                for job in reopened {
                    held.extend(self.jobs.reopen(self.plan.position_of(*job)));
                }
                self.let_in();
            }
        }
        change.jobs().into_iter().for_each(|jobs| self.generations.raise(jobs));
        self.jobs.grow(plan.run_jobs());
        self.plan = plan;
        if let Change::Some { compared, .. } = change {
            let groups = compared.iter().flat_map(|run| self.unblocked_by(*run)).collect::<BTreeSet<u64>>();
            groups.into_iter().for_each(|position| self.jobs.mark(position, Mark::Ready));
        }
        held
    }

    /// What was passed over as excluded is looked at once more.
    fn let_in(&mut self) {
        for (positions, _) in self.jobs.marks.runs().into_iter().filter(|(_, mark)| *mark == Mark::Excluded) {
            for position in positions {
                self.jobs.reopen(position);
            }
        }
    }
}

impl State {
    pub(super) fn sweep_extended(
        &mut self,
        id: SweepId,
        request: RequestId,
        spec: &Arc<str>,
        plans: &mut Plans,
    ) -> Result<(), Misfit> {
        let sweep = self.sweeps.get_mut(&id).ok_or(Misfit::UnknownSweep(id))?;
        let before = sweep.state();
        if before == SweepState::Cancelled {
            return Err(Misfit::Ended(id));
        }
        let plan = plans.extended(id, &sweep.plan, spec);
        let plan = plan.map_err(|message| Misfit::BadSpec { sweep: id, message })?;
        let change = sweep.change(&plan);
        for held in sweep.take_over(plan, &change) {
            self.leases.remove(&held.lease);
        }
        let before_spec = std::mem::replace(&mut sweep.spec, Arc::clone(spec));
        sweep.extensions.push(Extended { request, before: before_spec });
        sweep.last_failure = None;
        if before.is_ended() {
            sweep.wish = Wish::Run;
            if before == SweepState::Stopped {
                sweep.go_on();
            }
            sweep.retries.weights_gone |= before == SweepState::Completed;
        }
        match sweep.state().is_ended() {
            true => self.unended.remove(&sweep.number),
            false => self.unended.insert(sweep.number),
        };
        Ok(())
    }
}
