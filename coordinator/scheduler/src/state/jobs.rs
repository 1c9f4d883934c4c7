//! A sweep's jobs by position: marks, the ready queue, what is remembered of touched ones, and the counts.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use traipse_sweep::{LeaseId, Outcome, WorkerId};

use super::marks::{Mark, Marks};

/// What is remembered of a job between its first lease and its end.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Touched {
    /// Leases so far that were not handed back.
    pub(crate) attempts: u32,
    /// Transient failures so far: with each the wait grows.
    pub(crate) n_transient: u32,
    /// Those that count towards `max_attempts`.
    pub(crate) n_counted: u32,
    /// Workers on which it failed transiently, the last at the end, no two equal.
    pub(crate) failed_on: Vec<WorkerId>,
    /// Strikes so far.
    pub(crate) n_strikes: u32,
    /// The lease under way.
    pub(crate) held: Option<Held>,
}

impl Touched {
    /// Most workers that are remembered to have failed one job; the first are forgotten.
    const MAX_FAILED_ON: usize = 64;

    /// A transient failure on that worker. Returns whether it was the first there.
    pub(crate) fn fail_on(&mut self, worker: WorkerId, counts: bool) -> bool {
        self.n_transient += 1;
        self.n_counted += u32::from(counts);
        if self.failed_on.contains(&worker) {
            return false;
        }
        if self.failed_on.len() == Self::MAX_FAILED_ON {
            self.failed_on.remove(0);
        }
        self.failed_on.push(worker);
        true
    }
}

/// A lease under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) lease: LeaseId,
    pub(crate) worker: WorkerId,
}

/// Jobs of one kind by mark. Fresh ones are the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) n_again: u64,
    pub(crate) n_leased: u64,
    pub(crate) n_backoff: u64,
    pub(crate) n_ready: u64,
    pub(crate) n_succeeded: u64,
    pub(crate) n_diverged: u64,
    pub(crate) n_failed: u64,
    pub(crate) n_quarantined: u64,
    pub(crate) n_skipped: u64,
}

impl Counts {
    /// The counter of a mark; fresh and excluded ones are not counted.
    pub(crate) fn of_mut(&mut self, mark: Mark) -> Option<&mut u64> {
        match mark {
            Mark::Fresh | Mark::Excluded => None,
            Mark::Again => Some(&mut self.n_again),
            Mark::Leased => Some(&mut self.n_leased),
            Mark::Backoff => Some(&mut self.n_backoff),
            Mark::Ready => Some(&mut self.n_ready),
            Mark::Succeeded => Some(&mut self.n_succeeded),
            Mark::Diverged => Some(&mut self.n_diverged),
            Mark::Failed => Some(&mut self.n_failed),
            Mark::Quarantined => Some(&mut self.n_quarantined),
            Mark::Skipped => Some(&mut self.n_skipped),
        }
    }

    pub(crate) fn n_done(&self) -> u64 {
        self.n_succeeded + self.n_diverged + self.n_failed + self.n_quarantined + self.n_skipped
    }

    /// Leased before and not done.
    pub(crate) fn n_under_way(&self) -> u64 {
        self.n_again + self.n_leased + self.n_backoff
    }
}

/// All jobs of one sweep. Memory follows the touched jobs, not the grid.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Jobs {
    /// Positions of runs, ascending; all others are comparisons.
    runs_at: Vec<Range<u64>>,
    pub(crate) marks: Marks,
    /// The first position that the queue of fresh jobs has not passed.
    pub(crate) cursor: u64,
    /// Ready again, without a strike.
    pub(crate) again: BTreeSet<u64>,
    /// Ready again, with a strike: to be leased alone.
    pub(crate) struck: BTreeSet<u64>,
    /// Comparisons whose members have ended, never leased.
    pub(crate) ready: BTreeSet<u64>,
    pub(crate) touched: BTreeMap<u64, Touched>,
    /// Why jobs ended without rows.
    pub(crate) messages: BTreeMap<u64, Arc<str>>,
    pub(crate) runs: Counts,
    pub(crate) comparisons: Counts,
    /// Attempts that came to nothing.
    pub(crate) n_lost_attempts: u64,
}

impl Jobs {
    /// Of a sweep whose runs stand at those positions, ascending.
    pub(crate) fn new(runs_at: Vec<Range<u64>>) -> Self {
        Self { runs_at, ..Self::default() }
    }

    /// The sweep has more runs now, and these are all.
    pub(crate) fn grow(&mut self, runs_at: Vec<Range<u64>>) {
        self.runs_at = runs_at;
    }

    /// The end of the last runs.
    pub(crate) fn end_of_runs(&self) -> u64 {
        self.runs_at.last().map_or(0, |last| last.end)
    }

    /// The positions of runs from one on, ascending.
    pub(crate) fn runs_from(&self, from: u64) -> impl Iterator<Item = u64> {
        self.runs_at.iter().flat_map(move |runs| runs.start.max(from)..runs.end)
    }

    /// Of runs and comparisons together.
    pub(crate) fn counts(&self) -> Counts {
        let (runs, comparisons) = (&self.runs, &self.comparisons);
        Counts {
            n_again: runs.n_again + comparisons.n_again,
            n_leased: runs.n_leased + comparisons.n_leased,
            n_backoff: runs.n_backoff + comparisons.n_backoff,
            n_ready: runs.n_ready + comparisons.n_ready,
            n_succeeded: runs.n_succeeded + comparisons.n_succeeded,
            n_diverged: runs.n_diverged + comparisons.n_diverged,
            n_failed: runs.n_failed + comparisons.n_failed,
            n_quarantined: runs.n_quarantined + comparisons.n_quarantined,
            n_skipped: runs.n_skipped + comparisons.n_skipped,
        }
    }

    pub(crate) fn is_comparison(&self, position: u64) -> bool {
        !self.runs_at.iter().any(|runs| runs.contains(&position))
    }

    fn counts_of(&mut self, position: u64) -> &mut Counts {
        if self.is_comparison(position) { &mut self.comparisons } else { &mut self.runs }
    }

    /// Moves a job from its mark to another; the queues and the counts follow.
    pub(crate) fn mark(&mut self, position: u64, mark: Mark) {
        let before = self.marks.get(position);
        self.marks.set(position, mark);
        let counts = self.counts_of(position);
        if let Some(count) = counts.of_mut(before) {
            *count -= 1;
        }
        if let Some(count) = counts.of_mut(mark) {
            *count += 1;
        }
        if before == Mark::Again {
            self.again.remove(&position);
            self.struck.remove(&position);
        }
        if mark == Mark::Again {
            let queue = if self.strikes(position) > 0 { &mut self.struck } else { &mut self.again };
            queue.insert(position);
        }
        if before == Mark::Ready {
            self.ready.remove(&position);
        }
        if mark == Mark::Ready {
            self.ready.insert(position);
        }
    }

    /// Moves neighbours that are all fresh to a mark, as [`Self::mark`] would one by one; those that wait in no queue
    /// cost next to nothing.
    pub(crate) fn mark_fresh(&mut self, range: Range<u64>, mark: Mark) {
        if matches!(mark, Mark::Again | Mark::Ready) {
            return range.for_each(|position| self.mark(position, mark));
        }
        let shared = |runs: &Range<u64>| runs.end.min(range.end).saturating_sub(runs.start.max(range.start));
        let n_runs: u64 = self.runs_at.iter().map(shared).sum();
        let n = range.end.saturating_sub(range.start);
        for (counts, n) in [(&mut self.runs, n_runs), (&mut self.comparisons, n - n_runs)] {
            if let Some(count) = counts.of_mut(mark) {
                *count += n;
            }
        }
        self.marks.fill(range, mark);
    }

    /// The lease under way of a job.
    pub(crate) fn held(&self, position: u64) -> Option<Held> {
        self.touched.get(&position)?.held
    }

    pub(crate) fn strikes(&self, position: u64) -> u32 {
        self.touched.get(&position).map_or(0, |touched| touched.n_strikes)
    }

    /// Moves the cursor behind a position that is leased for the first time. What it passes must be done already or
    /// excluded; the first position that is neither is returned.
    pub(crate) fn pass(&mut self, position: u64, is_excluded: impl Fn(u64) -> bool) -> Result<(), u64> {
        let passed = self.runs_at.iter().flat_map(|runs| runs.start.max(self.cursor)..runs.end.min(position));
        for passed in passed {
            if self.marks.get(passed) == Mark::Fresh {
                if !is_excluded(passed) {
                    return Err(passed);
                }
                self.marks.set(passed, Mark::Excluded);
            }
        }
        self.cursor = self.cursor.max(position + 1);
        Ok(())
    }

    /// Ends a job: nothing but its outcome and the message is remembered. The lease that was under way is returned.
    pub(crate) fn end(&mut self, position: u64, mark: Mark, message: Option<&Arc<str>>) -> Option<Held> {
        self.mark(position, mark);
        if let Some(message) = message.filter(|_| mark >= Mark::Failed) {
            let message = self.shared(message);
            self.messages.insert(position, message);
        }
        self.touched.remove(&position)?.held
    }

    /// The job is as if it had never been leased. The lease that was under way is returned.
    pub(crate) fn reopen(&mut self, position: u64) -> Option<Held> {
        self.mark(position, Mark::Fresh);
        self.messages.remove(&position);
        if !self.is_comparison(position) {
            self.cursor = self.cursor.min(position);
        }
        self.touched.remove(&position)?.held
    }

    /// Forgets all jobs: none was ever leased. The leases that were under way are returned.
    pub(crate) fn reopen_all(&mut self) -> Vec<Held> {
        let fresh = Self { n_lost_attempts: self.n_lost_attempts, ..Self::new(std::mem::take(&mut self.runs_at)) };
        let touched = std::mem::replace(self, fresh).touched;
        touched.into_values().filter_map(|touched| touched.held).collect()
    }

    /// Forgets all that is ready or under way, when the sweep is cancelled or stopped: what is not done is fresh again.
    /// The leases that were under way are returned.
    pub(crate) fn abandon(&mut self) -> Vec<Held> {
        let touched = std::mem::take(&mut self.touched);
        let ready = std::mem::take(&mut self.ready);
        // A retry of a sweep that was stopped goes on with them.
        if let Some(first) = touched.keys().next() {
            self.cursor = self.cursor.min(*first);
        }
        for &position in touched.keys().chain(&ready) {
            self.mark(position, Mark::Fresh);
        }
        touched.into_values().filter_map(|touched| touched.held).collect()
    }

    /// The copy of a message that a neighbour keeps already: a million jobs often fail with one text.
    fn shared(&self, message: &Arc<str>) -> Arc<str> {
        let last = self.messages.last_key_value().map(|(_, last)| last).filter(|last| *last == message);
        Arc::clone(last.unwrap_or(message))
    }
}

/// The mark of a job that ended with `outcome`; none for cancelled ones, which the sweep's state covers.
pub(crate) fn mark_of(outcome: Outcome) -> Option<Mark> {
    match outcome {
        Outcome::Succeeded => Some(Mark::Succeeded),
        Outcome::Diverged => Some(Mark::Diverged),
        Outcome::Failed => Some(Mark::Failed),
        Outcome::Quarantined => Some(Mark::Quarantined),
        Outcome::Skipped => Some(Mark::Skipped),
        Outcome::Cancelled => None,
    }
}

/// The outcome that a mark stands for, if it is done.
pub(crate) fn outcome_of(mark: Mark) -> Option<Outcome> {
    match mark {
        Mark::Succeeded => Some(Outcome::Succeeded),
        Mark::Diverged => Some(Outcome::Diverged),
        Mark::Failed => Some(Outcome::Failed),
        Mark::Quarantined => Some(Outcome::Quarantined),
        Mark::Skipped => Some(Outcome::Skipped),
        Mark::Fresh | Mark::Excluded | Mark::Again | Mark::Leased | Mark::Backoff | Mark::Ready => None,
    }
}
