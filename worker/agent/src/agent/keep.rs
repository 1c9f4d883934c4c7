//! The spool: which finished outcomes are on disk, which are to go there, and when.
//!
//! While the coordinator answers, cheap outcomes never get there. One that was dear to compute goes at once; every one
//! does whose answer is late or whose report has failed. What is answered is released.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use traipse_sweep::LeaseId;

use super::Agent;
use crate::backoff::Backoff;
use crate::message::{Action, Outcome};

/// What the spool has of the outcomes that are not answered.
#[derive(Debug)]
pub(super) struct Keeping {
    stages: BTreeMap<LeaseId, Stage>,
    /// When loose ones ended, oldest first; also some that are loose no more.
    ends: VecDeque<(Duration, LeaseId)>,
    n_loose: usize,
    /// Whether a loose one was dear to compute.
    dear: bool,
    /// Whether a write is under way.
    writing: bool,
    /// Since a write has failed: when the next one is due.
    retry_at: Option<Duration>,
    backoff: Backoff,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// In memory alone.
    Loose,
    /// In the write under way.
    Writing,
    /// Durable.
    Kept,
}

impl Keeping {
    pub(super) fn new(backoff: Backoff) -> Self {
        Self {
            stages: BTreeMap::new(),
            ends: VecDeque::new(),
            n_loose: 0,
            dear: false,
            writing: false,
            retry_at: None,
            backoff,
        }
    }

    /// An outcome came to be.
    pub(super) fn loose(&mut self, now: Duration, lease: LeaseId, dear: bool) {
        self.stages.insert(lease, Stage::Loose);
        self.ends.push_back((now, lease));
        self.n_loose += 1;
        self.dear |= dear;
    }

    /// Whether the spool does not take what it is given.
    pub(super) fn is_in_trouble(&self) -> bool {
        self.retry_at.is_some()
    }

    /// How many unanswered outcomes were given to the spool.
    pub(super) fn n_given(&self) -> usize {
        self.stages.len() - self.n_loose
    }

    pub(super) fn kept(&mut self) {
        self.end_write(Stage::Kept);
        self.retry_at = None;
        self.backoff.succeed();
    }

    pub(super) fn failed(&mut self, now: Duration) {
        self.end_write(Stage::Loose);
        self.retry_at = Some(now + self.backoff.fail());
        let Self { stages, ends, .. } = self;
        // They are late already: their turn comes as soon as the spool takes anything.
        ends.clear();
        ends.extend(stages.iter().filter(|(_, stage)| **stage == Stage::Loose).map(|(lease, _)| (now, *lease)));
        self.n_loose = self.ends.len();
    }

    fn end_write(&mut self, becomes: Stage) {
        self.writing = false;
        for stage in self.stages.values_mut().filter(|stage| **stage == Stage::Writing) {
            *stage = becomes;
        }
    }

    /// Forgets an outcome. Returns whether the spool was given it.
    fn forget(&mut self, lease: LeaseId) -> bool {
        let given = match self.stages.remove(&lease) {
            None => false,
            Some(Stage::Loose) => {
                self.n_loose -= 1;
                false
            }
            Some(Stage::Writing | Stage::Kept) => true,
        };
        self.tidy_ends();
        given
    }

    /// Leaves a loose one at the front, the oldest.
    fn tidy_ends(&mut self) {
        while let Some((_, lease)) = self.ends.front()
            && self.stages.get(lease) != Some(&Stage::Loose)
        {
            self.ends.pop_front();
        }
    }
}

impl<P> Agent<P> {
    /// What an earlier life has left is reported as what this one does.
    pub(super) fn restore(&mut self, outcomes: Vec<Outcome<P>>) {
        for outcome in outcomes {
            self.restored = true;
            self.keeping.stages.insert(outcome.lease.lease, Stage::Kept);
            self.reports.push(outcome);
        }
    }

    /// Drops what is to be said of a lease, if it is in no report yet.
    pub(super) fn forget(&mut self, lease: LeaseId) {
        if self.reports.forget(lease) {
            self.release([lease]);
        }
    }

    /// These are answered: nothing has to keep them any more.
    pub(super) fn release(&mut self, leases: impl IntoIterator<Item = LeaseId>) {
        let given: Vec<_> = leases.into_iter().filter(|lease| self.keeping.forget(*lease)).collect();
        if !given.is_empty() {
            self.actions.push(Action::Release(given));
        }
    }

    pub(super) fn settle_keep(&mut self, now: Duration) {
        if self.keep_deadline().is_none_or(|due| due > now) {
            return;
        }
        let outcomes = self.cut_loose();
        self.keeping.writing = true;
        self.actions.push(Action::Keep(outcomes));
    }

    pub(super) fn keep_deadline(&self) -> Option<Duration> {
        if self.keeping.writing {
            return None;
        }
        self.keeping.retry_at.or_else(|| self.keep_due())
    }

    /// When the next write is due, as long as the spool takes what it is given.
    fn keep_due(&self) -> Option<Duration> {
        let keeping = &self.keeping;
        if keeping.n_loose == 0 || keeping.is_in_trouble() {
            return None;
        }
        let away = !self.link.is_up() || self.reports.is_failing() || self.drain.is_some();
        if keeping.dear || away {
            return Some(Duration::ZERO);
        }
        keeping.ends.front().map(|(end, _)| *end + self.config.keep_after)
    }

    /// The loose outcomes, oldest first, as many as one write takes.
    fn cut_loose(&mut self) -> Vec<Arc<Outcome<P>>> {
        let Keeping { stages, n_loose, .. } = &mut self.keeping;
        let (mut cut, mut n_bytes, mut all) = (Vec::new(), 0, true);
        for outcome in self.reports.unanswered() {
            let Some(stage @ Stage::Loose) = stages.get_mut(&outcome.lease.lease) else { continue };
            n_bytes += outcome.n_bytes;
            if n_bytes > self.config.keep_bytes && !cut.is_empty() {
                all = false;
                break;
            }
            *stage = Stage::Writing;
            *n_loose -= 1;
            cut.push(outcome.clone());
        }
        self.keeping.dear &= !all;
        self.keeping.tidy_ends();
        cut
    }
}
