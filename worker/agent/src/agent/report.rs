//! The report call: one at a time, numbered, repeated unchanged until it is answered.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use traipse_sweep::LeaseId;

use super::Agent;
use crate::backoff::Backoff;
use crate::message::{Action, Call, Lease, Outcome, Report, Token};
use crate::mutation::{self, Mutation};

/// What is to be said to the coordinator, and what is being said.
#[derive(Debug)]
pub(super) struct Reports<P> {
    /// Finished, in no report yet.
    queue: VecDeque<Arc<Outcome<P>>>,
    /// Bytes of rows in the queue and in the report under way.
    n_bytes: usize,
    /// To be handed back, in no report yet.
    returned: Vec<Lease>,
    /// The number of the next report.
    next_seq: u64,
    /// No report that has nothing to say goes out before this.
    not_before: Duration,
    under_way: Option<UnderWay<P>>,
    backoff: Backoff,
}

#[derive(Debug)]
struct UnderWay<P> {
    report: Arc<Report<P>>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Sent { call: Call, wait: Duration, at: Duration },
    Waiting { retry_at: Duration, failed: bool },
}

impl<P> Reports<P> {
    pub(super) fn new(backoff: Backoff) -> Self {
        Self {
            queue: VecDeque::new(),
            n_bytes: 0,
            returned: Vec::new(),
            next_seq: 1,
            not_before: Duration::ZERO,
            under_way: None,
            backoff,
        }
    }

    pub(super) fn push(&mut self, outcome: Outcome<P>) {
        self.n_bytes += outcome.n_bytes;
        self.queue.push_back(Arc::new(outcome));
    }

    pub(super) fn hand_back(&mut self, lease: Lease) {
        self.returned.push(lease);
    }

    /// Drops what is to be said of a lease, if it is in no report yet. Returns whether that was an outcome.
    pub(super) fn forget(&mut self, lease: LeaseId) -> bool {
        self.returned.retain(|returned| returned.lease != lease);
        let at = self.queue.iter().position(|outcome| outcome.lease.lease == lease);
        let dropped = at.and_then(|at| self.queue.remove(at));
        self.n_bytes -= dropped.as_ref().map_or(0, |outcome| outcome.n_bytes);
        dropped.is_some()
    }

    /// All outcomes that the coordinator has not answered for, in order.
    pub(super) fn unanswered(&self) -> impl Iterator<Item = &Arc<Outcome<P>>> {
        self.under_way.iter().flat_map(|under_way| &under_way.report.outcomes).chain(&self.queue)
    }

    /// Whether the last try of a report has failed, and not because the coordinator asked for patience.
    pub(super) fn is_failing(&self) -> bool {
        matches!(&self.under_way, Some(UnderWay { state: State::Waiting { failed: true, .. }, .. }))
    }

    /// Leases that are finished or to be handed back, and unanswered.
    pub(super) fn held(&self) -> impl Iterator<Item = (LeaseId, Token)> {
        let reports = || self.under_way.iter().map(|under_way| &under_way.report);
        let finished = self.unanswered().map(|outcome| &outcome.lease);
        let returned = reports().flat_map(|report| &report.returned).chain(&self.returned);
        finished.chain(returned).map(|lease| (lease.lease, lease.token.clone()))
    }

    /// How many outcomes the coordinator has not answered for.
    pub(super) fn n_unanswered(&self) -> usize {
        self.queue.len() + self.under_way.as_ref().map_or(0, |under_way| under_way.report.outcomes.len())
    }

    /// Whether nothing is to be said and nothing is being said.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.returned.is_empty() && self.under_way.is_none()
    }

    pub(super) fn is_sent(&self, call: Call) -> bool {
        matches!(&self.under_way, Some(UnderWay { state: State::Sent { call: known, .. }, .. }) if *known == call)
    }

    pub(super) fn new_session(&mut self) {
        self.next_seq = 1;
        self.not_before = Duration::ZERO;
    }

    /// Takes the report under way apart again: its session is over.
    pub(super) fn fold_back(&mut self) {
        let Some(under_way) = self.under_way.take() else { return };
        let n_dropped = usize::from(mutation::is_on(Mutation::DropSpoolEntry));
        for outcome in under_way.report.outcomes.iter().rev().skip(n_dropped) {
            self.queue.push_front(outcome.clone());
        }
        self.returned.extend(under_way.report.returned.iter().cloned());
    }

    pub(super) fn failed(&mut self, now: Duration, after: Option<Duration>) {
        let retry_at = now + self.backoff.fail().max(after.unwrap_or_default());
        if let Some(under_way) = &mut self.under_way {
            under_way.state = State::Waiting { retry_at, failed: after.is_none() };
        }
    }

    fn answered(&mut self) -> Option<(Arc<Report<P>>, Duration)> {
        let UnderWay { report, state: State::Sent { at, .. } } = self.under_way.take()? else { return None };
        self.next_seq = report.seq + 1;
        self.n_bytes -= report.outcomes.iter().map(|outcome| outcome.n_bytes).sum::<usize>();
        self.backoff.succeed();
        Some((report, at))
    }

    /// Takes the next report's outcomes off the queue: at least one, if there are any.
    fn cut(&mut self, max_bytes: usize, max_outcomes: usize) -> Vec<Arc<Outcome<P>>> {
        let (mut n_bytes, mut n) = (0, 0);
        for outcome in &self.queue {
            n_bytes += outcome.n_bytes;
            if n == max_outcomes || (n > 0 && n_bytes > max_bytes) {
                break;
            }
            n += 1;
        }
        self.queue.drain(..n).collect()
    }
}

impl<P> Agent<P> {
    pub(super) fn settle_report(&mut self, now: Duration) {
        if !self.link.is_up() {
            return;
        }
        let urgent = self.has_news();
        match &self.reports.under_way {
            None if urgent => self.new_report(now, Duration::ZERO),
            None if self.is_hungry() && now >= self.reports.not_before => self.new_report(now, self.wait()),
            Some(UnderWay { report, state: State::Waiting { retry_at, .. } }) if now >= *retry_at => {
                let wait = if urgent || !report.is_hollow() { Duration::ZERO } else { self.wait() };
                self.send_report(now, wait);
            }
            // The coordinator holds a report that had nothing to say, and now there is something: the repetition
            // without a wait is answered at once.
            Some(UnderWay { report, state: State::Sent { wait, .. } })
                if urgent && !wait.is_zero() && report.is_hollow() =>
            {
                self.send_report(now, Duration::ZERO);
            }
            _ => {}
        }
    }

    pub(super) fn report_deadline(&self) -> Option<Duration> {
        match &self.reports.under_way {
            _ if !self.link.is_up() => None,
            Some(UnderWay { state: State::Waiting { retry_at, .. }, .. }) => Some(*retry_at),
            Some(_) => None,
            None => self.is_hungry().then_some(self.reports.not_before),
        }
    }

    pub(super) fn reported(&mut self, now: Duration, call: Call, leases: Vec<Lease>, stop: &[LeaseId]) {
        if !self.reports.is_sent(call) {
            return;
        }
        let Some((report, sent_at)) = self.reports.answered() else { return };
        self.link_works();
        self.release(report.outcomes.iter().map(|outcome| outcome.lease.lease));
        if report.draining {
            self.drain_told();
        }
        if leases.is_empty() && report.is_hollow() {
            self.reports.not_before = sent_at + self.config.pause;
        }
        self.take_leases(now, leases);
        self.stop(now, stop);
    }

    /// Whether a report should go out without waiting for anything.
    fn has_news(&self) -> bool {
        !self.reports.queue.is_empty() || !self.reports.returned.is_empty() || self.drain_untold()
    }

    /// Whether leases are wanted.
    fn is_hungry(&self) -> bool {
        self.drain.is_none() && self.n_free() > 0
    }

    /// Whether no more outcomes may come than are under way: too many wait, or the spool takes none.
    fn is_full(&self) -> bool {
        self.reports.n_bytes > self.config.spool_bytes || self.keeping.is_in_trouble()
    }

    fn n_free(&self) -> u32 {
        if self.is_full() {
            return 0;
        }
        u32::try_from(self.leases.len()).map_or(0, |n_held| self.n_permits().saturating_sub(n_held))
    }

    /// A full spool counts as a full queue, so that no lease-ahead comes either.
    fn n_queued(&self) -> u32 {
        if self.is_full() {
            return self.config.held_max;
        }
        let n_held = u32::try_from(self.leases.len()).unwrap_or(self.config.held_max);
        n_held.saturating_sub(self.n_permits())
    }

    fn wait(&self) -> Duration {
        if self.leases.len() == 0 { self.config.wait_idle } else { self.config.wait_busy }
    }

    fn new_report(&mut self, now: Duration, wait: Duration) {
        let report = Report {
            seq: self.reports.next_seq,
            outcomes: self.reports.cut(self.config.report_bytes, self.config.report_outcomes),
            n_free: self.n_free(),
            n_queued: self.n_queued(),
            returned: std::mem::take(&mut self.reports.returned),
            draining: self.drain.is_some(),
        };
        let state = State::Waiting { retry_at: now, failed: false };
        self.reports.under_way = Some(UnderWay { report: Arc::new(report), state });
        self.send_report(now, wait);
    }

    fn send_report(&mut self, now: Duration, wait: Duration) {
        let call = self.next_call();
        let Some(under_way) = &mut self.reports.under_way else { return };
        under_way.state = State::Sent { call, wait, at: now };
        let report = under_way.report.clone();
        self.actions.push(Action::Report { call, report, wait });
    }
}
