//! Reading the pump: committed state alone, and who is there.

use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use traipse_sweep::{Generation, JobNumber, Outcome, Plan, SweepId};

use super::read::{Compared, EndedMember, GenerationRange};
use super::{OutcomeRange, Pump, Snapshot, SweepState, SweepStatus};
use crate::command::Rejection;
use crate::state::Sweep;
use crate::state::jobs::outcome_of;
use crate::state::marks::Mark;

impl<R: Copy + Ord + Debug, B: Clone + Debug> Pump<R, B> {
    /// The durable state as of [`Self::snapshot_seq`]: cheap, to be encoded on another thread.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { state: self.committed.clone() }
    }

    /// The number of the last batch that is committed, which the snapshot covers; 0 before the first.
    #[must_use]
    pub fn snapshot_seq(&self) -> u64 {
        self.gather.last_committed()
    }

    /// A sweep's counts, as far as they are durable. O(1).
    #[must_use]
    pub fn status(&self, sweep: SweepId) -> Option<SweepStatus> {
        let mut status = self.committed.sweep(sweep)?.status();
        status.message = self.why_it_waits(&status).or(status.message);
        Some(status)
    }

    /// All sweeps that are durable, newest first.
    pub fn sweeps(&self) -> impl Iterator<Item = SweepId> {
        self.committed.sweeps().rev().map(|sweep| sweep.id)
    }

    /// A durable sweep's current spec: canonical JSON.
    #[must_use]
    pub fn spec(&self, sweep: SweepId) -> Option<Arc<str>> {
        self.committed.sweep(sweep).map(|sweep| Arc::clone(&sweep.spec))
    }

    /// The specs that a durable sweep had before, oldest first.
    #[must_use]
    pub fn earlier_specs(&self, sweep: SweepId) -> Vec<Arc<str>> {
        let extensions = self.committed.sweep(sweep).into_iter().flat_map(|sweep| &sweep.extensions);
        extensions.map(|extended| Arc::clone(&extended.before)).collect()
    }

    /// A durable sweep's plan.
    #[must_use]
    pub fn plan(&self, sweep: SweepId) -> Option<Arc<Plan>> {
        self.committed.sweep(sweep).map(|sweep| Arc::clone(&sweep.plan))
    }

    /// The jobs that ended durably without rows, by job number, neighbours with one outcome and message merged.
    ///
    /// Linear in the jobs that were touched; for a cancelled or stopped sweep, in all of them.
    #[must_use]
    pub fn without_rows(&self, sweep: SweepId) -> Vec<OutcomeRange> {
        match self.committed.sweep(sweep) {
            None => Vec::new(),
            Some(sweep) if matches!(sweep.state(), SweepState::Cancelled | SweepState::Stopped) => {
                merged((0..sweep.plan.n_jobs()).filter_map(|job| cancelled_or_failed(sweep, JobNumber(job))))
            }
            Some(sweep) => merged(failed(sweep).into_iter()),
        }
    }

    /// The jobs above generation 0, durably, by job number: rows of another generation do not count.
    #[must_use]
    pub fn generations(&self, sweep: SweepId) -> Vec<GenerationRange> {
        let runs = self.committed.sweep(sweep).into_iter().flat_map(|sweep| sweep.generations.runs());
        let range = |(jobs, generation): (Range<u64>, Generation)| GenerationRange {
            first_job: JobNumber(jobs.start),
            n_jobs: jobs.end - jobs.start,
            generation,
        };
        runs.map(range).collect()
    }

    /// How the members of a comparison ended, in the order of the group; none while not all have, durably.
    ///
    /// # Errors
    /// If there is no such sweep, the job is no comparison of it, or the sweep has ended.
    pub fn members(&self, sweep: SweepId, job: JobNumber) -> Result<Option<Vec<EndedMember>>, Rejection> {
        let known = self.committed.sweep(sweep).ok_or(Rejection::UnknownSweep(sweep))?;
        if known.state().is_ended() {
            return Err(Rejection::Ended(sweep));
        }
        let group = known.position(job).and_then(|_| known.plan.group(job));
        let group = group.ok_or(Rejection::UnknownJob { sweep, job })?;
        let ended = |job| {
            let position = known.plan.position_of(job);
            let outcome = outcome_of(known.jobs.marks.get(position))?;
            Some(EndedMember { job, generation: known.generation(position), outcome })
        };
        Ok(group.members.into_iter().map(ended).collect())
    }

    /// Sweeps with comparisons that have all ended, durably: the weights that their members left are of no use any more.
    pub fn compared(&self) -> impl Iterator<Item = Compared> {
        let over = |sweep: &Sweep| matches!(sweep.state(), SweepState::Completed | SweepState::Cancelled);
        // A retry that is not durable yet may have granted leases already.
        let stays = move |sweep: &Sweep| self.scheduler.state.sweep(sweep.id).is_some_and(over);
        let done = move |sweep: &&Sweep| sweep.compares() && over(sweep) && stays(sweep);
        let below = self.scheduler.next_lease();
        self.committed.sweeps().filter(done).map(move |sweep| Compared {
            sweep: sweep.id,
            retry: sweep.retries.last(),
            n_extensions: sweep.plan.n_extensions(),
            below,
        })
    }

    /// Workers that were heard within a lease period, and their slots.
    #[must_use]
    pub fn workers(&self) -> (u32, u32) {
        self.scheduler.workers.live()
    }

    /// Panics if an invariant does not hold. Linear in all jobs.
    #[cfg(any(test, feature = "simulation"))]
    pub fn check(&self) {
        self.scheduler.check();
        if self.gather.is_idle() {
            assert_eq!(self.committed, self.scheduler.state, "all that was decided is durable");
        }
    }

    /// The fold over committed facts.
    #[cfg(test)]
    pub(crate) fn committed_state(&self) -> &crate::state::State {
        &self.committed
    }
}

/// What a job ended with, if without rows.
type Ended = (JobNumber, Outcome, Option<Arc<str>>);

fn failed(sweep: &Sweep) -> Vec<Ended> {
    let mut failed: Vec<Ended> = Vec::new();
    for (run, mark) in sweep.jobs.marks.runs() {
        if let Some(outcome) = outcome_of(mark).filter(|outcome| !outcome.has_rows()) {
            failed.extend(
                run.map(|position| (sweep.plan.job_at(position), outcome, sweep.jobs.messages.get(&position).cloned())),
            );
        }
    }
    failed.sort_unstable_by_key(|(job, ..)| *job);
    failed
}

fn cancelled_or_failed(sweep: &Sweep, job: JobNumber) -> Option<Ended> {
    let position = sweep.plan.position_of(job);
    match sweep.jobs.marks.get(position) {
        Mark::Excluded => None,
        Mark::Fresh if sweep.plan.is_excluded(job) => None,
        mark => match outcome_of(mark) {
            None => Some((job, Outcome::Cancelled, None)),
            Some(outcome) if outcome.has_rows() => None,
            Some(outcome) => Some((job, outcome, sweep.jobs.messages.get(&position).cloned())),
        },
    }
}

/// Neighbouring job numbers that ended alike become one range.
fn merged(ended: impl Iterator<Item = Ended>) -> Vec<OutcomeRange> {
    let mut ranges: Vec<OutcomeRange> = Vec::new();
    for (job, outcome, message) in ended {
        match ranges.last_mut() {
            Some(last)
                if last.first_job.0 + last.n_jobs == job.0 && last.outcome == outcome && last.message == message =>
            {
                last.n_jobs += 1;
            }
            _ => ranges.push(OutcomeRange { first_job: job, n_jobs: 1, outcome, message }),
        }
    }
    ranges
}
