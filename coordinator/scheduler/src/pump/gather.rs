//! Facts gather into batches, and answers wait for them.

use std::collections::VecDeque;

use traipse_sweep::Fact;

use super::{AttemptRecord, Batch, JobRows};
use crate::command::{Answer, Rejection, Reported, SessionId};

/// An answer that waits for what it shows to be durable.
#[derive(Debug)]
pub(super) enum Waiting<R> {
    /// To any call but a report.
    Call { reply: R, answer: Result<Answer, Rejection> },
    /// To the report that the session has under way.
    Report { session: SessionId, answer: Reported },
}

#[derive(Debug)]
struct Pending<R, B> {
    facts: Vec<Fact>,
    rows: Vec<JobRows<B>>,
    attempts: Vec<AttemptRecord>,
    waiting: Vec<Waiting<R>>,
}

impl<R, B> Default for Pending<R, B> {
    fn default() -> Self {
        Self { facts: Vec::new(), rows: Vec::new(), attempts: Vec::new(), waiting: Vec::new() }
    }
}

#[derive(Debug)]
struct UnderWay<R> {
    seq: u64,
    facts: Vec<Fact>,
    waiting: Vec<Waiting<R>>,
}

/// Batches to come, and the one under way.
#[derive(Debug)]
pub(super) struct Gather<R, B> {
    next_seq: u64,
    batch_facts: usize,
    pending: VecDeque<Pending<R, B>>,
    under_way: Option<UnderWay<R>>,
}

impl<R, B> Gather<R, B> {
    pub(super) fn new(next_seq: u64, batch_facts: usize) -> Self {
        Self { next_seq, batch_facts: batch_facts.max(1), pending: VecDeque::new(), under_way: None }
    }

    /// Adds what one command did: never cut apart, so a batch exceeds its bound by at most one command's facts.
    pub(super) fn add(&mut self, facts: Vec<Fact>, rows: Vec<JobRows<B>>, attempts: Vec<AttemptRecord>) {
        if facts.is_empty() {
            assert!(rows.is_empty() && attempts.is_empty(), "rows and attempts come with the facts that end them");
            return;
        }
        if self.pending.back().is_none_or(|last| last.facts.len() >= self.batch_facts) {
            self.pending.push_back(Pending::default());
        }
        let last = self.pending.back_mut().expect("one was just put there if there was none");
        last.facts.extend(facts);
        last.rows.extend(rows);
        last.attempts.extend(attempts);
    }

    /// Holds an answer until all that was added so far is durable; gives it back if that is so already.
    pub(super) fn wait(&mut self, waiting: Waiting<R>) -> Option<Waiting<R>> {
        let last = match (self.pending.back_mut(), &mut self.under_way) {
            (Some(pending), _) => &mut pending.waiting,
            (None, Some(under_way)) => &mut under_way.waiting,
            (None, None) => return Some(waiting),
        };
        last.push(waiting);
        None
    }

    pub(super) fn can_cut(&self) -> bool {
        self.under_way.is_none() && !self.pending.is_empty()
    }

    /// Whether all that was added is durable.
    #[cfg(any(test, feature = "simulation"))]
    pub(super) fn is_idle(&self) -> bool {
        self.under_way.is_none() && self.pending.is_empty()
    }

    /// The next batch, which then is under way; none while another is.
    pub(super) fn cut(&mut self) -> Option<Batch<B>> {
        if self.under_way.is_some() {
            return None;
        }
        let Pending { facts, rows, attempts, waiting } = self.pending.pop_front()?;
        let seq = self.next_seq;
        self.next_seq += 1;
        self.under_way = Some(UnderWay { seq, facts: facts.clone(), waiting });
        Some(Batch { seq, facts, rows, attempts })
    }

    /// The batch under way is durable: its facts, and the answers that waited for it.
    pub(super) fn committed(&mut self, batch: u64) -> (Vec<Fact>, Vec<Waiting<R>>) {
        let under_way = self.under_way.take().filter(|under_way| under_way.seq == batch);
        let UnderWay { facts, waiting, .. } =
            under_way.unwrap_or_else(|| panic!("batch {batch} is not under way and cannot have been committed"));
        (facts, waiting)
    }

    /// Facts that no batch has taken yet.
    #[cfg(feature = "simulation")]
    pub(super) fn n_pending_facts(&self) -> usize {
        self.pending.iter().map(|pending| pending.facts.len()).sum()
    }

    /// The number of the last batch that is durable.
    pub(super) fn last_committed(&self) -> u64 {
        self.next_seq - 1 - u64::from(self.under_way.is_some())
    }
}
