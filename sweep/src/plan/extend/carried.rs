//! What becomes of the jobs that a sweep had when it is extended.

use std::collections::BTreeSet;

use super::super::Plan;
use super::super::exclude;
use super::super::groups::JobKind;
use super::super::layers::Past;
use super::fit::trains_otherwise;
use crate::ids::JobNumber;

/// What becomes of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// It is as it was: its rows count.
    Kept,
    /// Its settings are others: it is run again, in a higher generation.
    Again,
    /// The spec before did not have it.
    New,
    /// The current spec does not have it: a comparison of members that belong with others now, or nothing that was ever
    /// run.
    Gone,
}

/// The last extension of a plan.
#[derive(Debug)]
pub struct Extension<'a> {
    plan: &'a Plan,
    before: &'a Past,
    /// By product of the spec before: whether its runs are trained again.
    again: Vec<bool>,
}

/// What an extension does, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CarriedCounts {
    /// Runs whose rows count.
    pub n_kept: u64,
    /// Runs whose settings are others.
    pub n_again: u64,
    /// Of the kept runs those that new comparisons measure: they are trained again where their weights are gone.
    pub n_newly_compared: u64,
    /// Runs that the spec before did not have.
    pub n_new: u64,
    /// Comparisons whose rows count.
    pub n_comparisons_kept: u64,
    /// Comparisons whose members' settings are others.
    pub n_comparisons_again: u64,
    /// Comparisons that the spec before did not have.
    pub n_comparisons_new: u64,
}

impl<'a> Extension<'a> {
    pub(super) fn new(plan: &'a Plan) -> Option<Self> {
        let before = plan.layers.past.last()?;
        let measures_otherwise = before.spec.snapshots != plan.spec.snapshots || before.spec.probes != plan.spec.probes;
        let (old, new) = ((&*before.spec, &before.grid), (&*plan.spec, &plan.grid));
        let of = |(at, within)| measures_otherwise || trains_otherwise(old, at, new, within);
        Some(Self { plan, before, again: before.within.iter().enumerate().map(of).collect() })
    }

    /// The first job that came with it: all earlier ones were there before.
    #[must_use]
    pub fn first_new(&self) -> JobNumber {
        JobNumber(self.plan.layers.first_of_last())
    }

    /// Whether every run that was there is trained again for its own sake.
    #[must_use]
    pub fn retrains_all(&self) -> bool {
        !self.again.contains(&false)
    }

    /// What becomes of a job.
    ///
    /// # Panics
    /// If there is no such job.
    #[must_use]
    pub fn of(&self, job: JobNumber) -> Carried {
        match self.plan.kind(job) {
            JobKind::Run => self.of_run(job),
            JobKind::Comparison => self.of_comparison(job),
        }
    }

    /// Whether a run is a member of a comparison that the spec before did not have.
    #[must_use]
    pub fn newly_compares(&self, run: JobNumber) -> bool {
        let groups = self.plan.groups_of(run);
        groups.into_iter().any(|group| self.of_comparison(group) == Carried::New)
    }

    /// Whether the comparisons before asked of a run all that the current ones ask: then weights that it left for the old
    /// ones serve the new ones.
    #[must_use]
    pub fn leaves_the_same(&self, run: JobNumber) -> bool {
        let groups = self.plan.groups_of(run).into_iter().filter_map(|job| self.plan.group(job));
        let asked: BTreeSet<usize> = groups.map(|group| group.compare).collect();
        let (block, index) = self.plan.grid.locate(self.plan.canonical(run));
        asked.is_subset(&self.before.asked_of(block, index))
    }

    /// All of it counted: linear in the comparisons.
    #[must_use]
    pub fn counts(&self) -> CarriedCounts {
        let mut counts = CarriedCounts::default();
        for (block, &again) in self.before.grid.blocks.iter().zip(&self.again) {
            // The grid was made with these rules, so they can be counted.
            let n_excluded = exclude::count(&block.digits, &block.rules).unwrap_or(0);
            let n = block.n_jobs - n_excluded * self.before.grid.n_replicates;
            if again { counts.n_again += n } else { counts.n_kept += n }
        }
        counts.n_new = self.plan.n_runs().saturating_sub(counts.n_again + counts.n_kept);
        let mut newly: BTreeSet<JobNumber> = BTreeSet::new();
        for comparison in 0..self.plan.grid.n_groups {
            let job = self.plan.job_of_comparison(comparison);
            let Some(group) = self.plan.group(job) else { continue };
            match self.of_comparison(job) {
                Carried::Kept => counts.n_comparisons_kept += 1,
                Carried::Again => counts.n_comparisons_again += 1,
                Carried::Gone => {}
                Carried::New => {
                    counts.n_comparisons_new += 1;
                    newly.extend(group.members.into_iter().filter(|run| self.of_run(*run) == Carried::Kept));
                }
            }
        }
        counts.n_newly_compared = newly.len() as u64;
        counts
    }

    fn of_run(&self, job: JobNumber) -> Carried {
        if self.plan.is_excluded(job) {
            return Carried::Gone;
        }
        let (block, index) = self.plan.grid.locate(self.plan.canonical(job));
        let mut within = self.before.within.iter().enumerate().filter(|(_, within)| within.block == block);
        match within.find_map(|(at, within)| Some((at, within.inner(index)?))) {
            Some((at, inner)) if !self.before.grid.blocks[at].excludes(inner) => {
                if self.again[at] {
                    Carried::Again
                } else {
                    Carried::Kept
                }
            }
            _ => Carried::New,
        }
    }

    fn of_comparison(&self, job: JobNumber) -> Carried {
        let Some(group) = self.plan.group(job) else { return Carried::Gone };
        match self.plan.was_in(self.before, job) {
            false => Carried::New,
            true if group.members.iter().any(|run| self.of_run(*run) == Carried::Again) => Carried::Again,
            true => Carried::Kept,
        }
    }
}
