//! Jobs are run anew: their generation is raised, and what was known of them is forgotten.

use std::ops::Range;

use traipse_sweep::{JobNumber, RequestId, SweepId};

use super::jobs::Held;
use super::marks::Mark;
use super::trial::Trial;
use super::{Misfit, State, Sweep, Wish};
use crate::pump::SweepState;

/// Wishes that are remembered, so that a repeated one is answered alike; the oldest are forgotten.
pub(super) const REMEMBERED: usize = 64;

/// What a retry reopened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reopened {
    /// Runs to be trained anew.
    pub n_runs: u64,
    /// Comparisons to be measured anew.
    pub n_comparisons: u64,
}

/// The retries of a sweep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Retries {
    /// The last ones, the newest at the end.
    pub(super) recent: Vec<(RequestId, Reopened)>,
    /// The sweep has been completed before, and what its comparisons needed was deleted then.
    pub(crate) weights_gone: bool,
}

impl Retries {
    /// What a wish did when it came first.
    pub(crate) fn answer(&self, request: RequestId) -> Option<Reopened> {
        self.recent.iter().find(|(known, _)| *known == request).map(|(_, reopened)| *reopened)
    }

    /// The last wish.
    pub(crate) fn last(&self) -> Option<RequestId> {
        self.recent.last().map(|(request, _)| *request)
    }
}

impl Sweep {
    /// What a retry of those jobs reopens.
    pub(crate) fn reopened(&self, jobs: &[Range<u64>]) -> Reopened {
        let n = |range: &Range<u64>| range.end - range.start;
        let runs_at = self.plan.run_jobs();
        let shared = |a: &Range<u64>, b: &Range<u64>| a.end.min(b.end).saturating_sub(a.start.max(b.start));
        let runs = |range: &Range<u64>| runs_at.iter().map(|runs| shared(range, runs)).sum::<u64>();
        let n_runs = jobs.iter().map(runs).sum();
        Reopened { n_runs, n_comparisons: jobs.iter().map(n).sum::<u64>() - n_runs }
    }

    /// After a stop: what held it is taken to be mended, and comparisons that were ready then are so again.
    pub(super) fn go_on(&mut self) {
        (self.held, self.trial) = (None, Trial::default());
        for position in self.plan.comparison_jobs().into_iter().flatten() {
            if self.is_blocked(position) && self.members_have_ended(self.plan.job_at(position)) {
                self.jobs.mark(position, Mark::Ready);
            }
        }
    }

    /// As if those jobs had never been leased, in a new generation. Returns the leases that were under way.
    fn reopen(&mut self, jobs: &[Range<u64>]) -> Result<Vec<Held>, Misfit> {
        let mut held = Vec::new();
        for job in jobs.iter().cloned().flatten().map(JobNumber) {
            let wrong = || Misfit::WrongState { sweep: self.id, job, what: "retried" };
            let position = self.position(job).filter(|_| !self.plan.is_excluded(job)).ok_or_else(wrong)?;
            held.extend(self.jobs.reopen(position));
        }
        for range in jobs {
            self.generations.raise(range.clone());
        }
        // Comparisons whose members all stay done wait for nobody.
        for job in jobs.iter().cloned().flatten().map(JobNumber) {
            let position = self.plan.position_of(job);
            if self.is_blocked(position) && self.members_have_ended(job) {
                self.jobs.mark(position, Mark::Ready);
            }
        }
        Ok(held)
    }
}

impl State {
    pub(super) fn jobs_retried(&mut self, id: SweepId, request: RequestId, jobs: &[Range<u64>]) -> Result<(), Misfit> {
        let sweep = self.sweeps.get_mut(&id).ok_or(Misfit::UnknownSweep(id))?;
        let before = sweep.state();
        if before == SweepState::Cancelled {
            return Err(Misfit::Ended(id));
        }
        if sweep.retries.recent.len() == REMEMBERED {
            sweep.retries.recent.remove(0);
        }
        sweep.retries.recent.push((request, sweep.reopened(jobs)));
        if jobs.is_empty() {
            return Ok(());
        }
        for held in sweep.reopen(jobs)? {
            self.leases.remove(&held.lease);
        }
        sweep.last_failure = None;
        // What the coordinator stopped or held by itself goes on; what a person paused stays paused.
        if before == SweepState::Paused && sweep.held.take().is_some() {
            (sweep.wish, sweep.trial) = (Wish::Run, Trial::default());
        }
        if before.is_ended() {
            sweep.wish = Wish::Run;
            if before == SweepState::Stopped {
                sweep.go_on();
            }
            sweep.retries.weights_gone |= before == SweepState::Completed;
            self.unended.insert(sweep.number);
        }
        Ok(())
    }
}
