//! A person wants jobs run anew.
//!
//! A comparison is never older than its members: whoever trains a run anew measures its comparisons anew. And what a
//! comparison needs of its members is deleted when its sweep is completed: from then on a comparison that is measured
//! anew has its members trained anew, whose bits are the same.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use traipse_sweep::plan::JobKind;
use traipse_sweep::{Fact, FailureClass, JobNumber, RequestId, SweepId};

use super::failure::End;
use super::{Reaction, Scheduler};
use crate::command::{Answer, Now, Rejection};
use crate::pump::SweepState;
use crate::state::Sweep;
use crate::state::marks::Mark;

/// Most jobs that one retry reopens: a retry is one step, which others wait for.
const MAX_JOBS: usize = 1 << 20;

impl Scheduler {
    /// Reopens what failed, or what has ended of the named cells.
    pub(super) fn retry<B>(
        &mut self,
        now: Now,
        id: SweepId,
        request: RequestId,
        cells: Option<&[Range<u64>]>,
    ) -> Result<Reaction<B>, Rejection> {
        let sweep = self.state.sweep(id).ok_or(Rejection::UnknownSweep(id))?;
        if let Some(reopened) = sweep.retries.answer(request) {
            return Ok(Reaction::answer(Answer::Retried(reopened)));
        }
        if sweep.state() == SweepState::Cancelled {
            return Err(Rejection::Cancelled(id));
        }
        let chosen = match cells {
            None => failed(sweep)?,
            Some(cells) => ended_in(sweep, cells)?,
        };
        let jobs: Arc<[Range<u64>]> = ranges(&with_what_follows(sweep, chosen)?).into();
        let mut reaction = Reaction::answer(Answer::Retried(sweep.reopened(&jobs)));
        self.stop_reopened(id, &jobs, "its members are trained anew", &mut reaction);
        self.happen(now, Fact::JobsRetried { sweep: id, request, jobs }, &mut reaction);
        Ok(reaction)
    }

    /// Attempts under way of what is to be run anew are of the old generation: nobody wants their results.
    pub(super) fn stop_reopened<B>(&mut self, id: SweepId, jobs: &[Range<u64>], why: &str, reaction: &mut Reaction<B>) {
        let message: Arc<str> = Arc::from(why);
        let under_way = self.state.leases().filter(|(_, at)| at.sweep == id).map(|(lease, _)| lease);
        let attempts: Vec<_> = under_way.filter_map(|lease| self.attempt(lease)).collect();
        for attempt in attempts.into_iter().filter(|attempt| holds(jobs, attempt.job)) {
            let failure = Some((FailureClass::Lost, Arc::clone(&message)));
            reaction.effects.attempts.push(self.record(&attempt, End { outcome: None, failure, stats: None }));
            self.clocks.end(attempt.worker, attempt.lease);
            self.tell_to_stop(attempt.worker, attempt.lease);
        }
    }
}

fn holds(jobs: &[Range<u64>], job: JobNumber) -> bool {
    let after = jobs.partition_point(|range| range.start <= job.0);
    after > 0 && jobs[after - 1].contains(&job.0)
}

/// What ended without rows and not by choice.
fn failed(sweep: &Sweep) -> Result<BTreeSet<JobNumber>, Rejection> {
    let mut chosen = BTreeSet::new();
    for (run, _) in
        sweep.jobs.marks.runs().into_iter().filter(|(_, mark)| matches!(mark, Mark::Failed | Mark::Quarantined))
    {
        room(chosen.len() as u64 + (run.end - run.start))?;
        chosen.extend(run.map(|position| sweep.plan.job_at(position)));
    }
    Ok(chosen)
}

/// What has ended of some cells. What has not will be run anyway.
fn ended_in(sweep: &Sweep, cells: &[Range<u64>]) -> Result<BTreeSet<JobNumber>, Rejection> {
    let (plan, n_cells) = (&sweep.plan, sweep.plan.n_cells());
    let n_replicates = u64::from(plan.n_replicates());
    let mut chosen = BTreeSet::new();
    for range in cells {
        if range.start >= range.end || range.end > n_cells {
            let cell = range.end.saturating_sub(1).max(range.start);
            return Err(Rejection::UnknownCell { sweep: sweep.id, cell, n_cells });
        }
        let runs = range.start * n_replicates..range.end * n_replicates;
        room(runs.end - runs.start)?;
        let jobs = runs.map(|run| plan.job_of_run(run));
        chosen.extend(jobs.filter(|&job| sweep.jobs.marks.get(plan.position_of(job)).is_done()));
        room(chosen.len() as u64)?;
    }
    Ok(chosen)
}

/// Those jobs and all that must be run anew with them.
fn with_what_follows(sweep: &Sweep, mut chosen: BTreeSet<JobNumber>) -> Result<BTreeSet<JobNumber>, Rejection> {
    if !sweep.compares() {
        return Ok(chosen);
    }
    let weights_gone = sweep.retries.weights_gone || sweep.state() == SweepState::Completed;
    let mut open: Vec<JobNumber> = chosen.iter().copied().collect();
    while let Some(job) = open.pop() {
        for follows in follows(sweep, job, weights_gone) {
            if chosen.insert(follows) {
                open.push(follows);
            }
        }
        room(chosen.len() as u64)?;
    }
    Ok(chosen)
}

fn follows(sweep: &Sweep, job: JobNumber, weights_gone: bool) -> Vec<JobNumber> {
    let (plan, mark) = (&sweep.plan, |job: &JobNumber| sweep.jobs.marks.get(sweep.plan.position_of(*job)));
    match plan.kind(job) {
        // A comparison that waits for its members still has nothing that grows old.
        JobKind::Run => plan.groups_of(job).into_iter().filter(|group| mark(group) != Mark::Fresh).collect(),
        JobKind::Comparison if weights_gone => {
            let members = plan.group(job).map(|group| group.members).unwrap_or_default();
            members.into_iter().filter(|member| mark(member).is_done()).collect()
        }
        JobKind::Comparison => Vec::new(),
    }
}

fn room(n: u64) -> Result<(), Rejection> {
    let max = MAX_JOBS as u64;
    if n <= max { Ok(()) } else { Err(Rejection::TooManyToRetry { max }) }
}

fn ranges(jobs: &BTreeSet<JobNumber>) -> Vec<Range<u64>> {
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for job in jobs {
        match ranges.last_mut() {
            Some(last) if last.end == job.0 => last.end += 1,
            _ => ranges.push(job.0..job.0 + 1),
        }
    }
    ranges
}
