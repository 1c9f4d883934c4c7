//! The agent: its state, and what each event and the passing of time do to it.

mod drain;
mod keep;
mod leases;
mod link;
mod permits;
mod report;
mod specs;

use std::time::Duration;

use traipse_sweep::LeaseId;

use crate::backoff::Backoff;
use crate::config::Config;
use crate::message::{Action, Call, CallFailure, Event, Exit};

use drain::Drain;
use keep::Keeping;
use leases::Leases;
use link::Link;
use permits::Pace;
use report::Reports;
use specs::Specs;

/// The worker's state machine. `P` is the payload of a report.
#[derive(Debug)]
pub struct Agent<P> {
    config: Config,
    n_calls: u64,
    started: Duration,
    registered_once: bool,
    /// Whether an earlier life left outcomes to report: it was registered, so the coordinator is there or comes back.
    restored: bool,
    /// The lease whose job ignores that it was told to stop.
    hung: Option<LeaseId>,
    link: Link,
    link_backoff: Backoff,
    leases: Leases,
    specs: Specs,
    reports: Reports<P>,
    keeping: Keeping,
    pace: Pace,
    drain: Option<Drain>,
    actions: Vec<Action<P>>,
    gone: bool,
}

impl<P> Agent<P> {
    /// An agent that has not started. It acts from [`Event::Started`] on.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let backoff = |salt| Backoff::new(config.backoff, config.backoff_max, config.seed ^ salt);
        Self {
            n_calls: 0,
            started: Duration::ZERO,
            registered_once: false,
            restored: false,
            hung: None,
            link: Link::Idle,
            link_backoff: backoff(1),
            leases: Leases::default(),
            specs: Specs::new(backoff(2)),
            reports: Reports::new(backoff(3)),
            keeping: Keeping::new(backoff(4)),
            pace: Pace::default(),
            drain: None,
            actions: Vec::new(),
            gone: false,
            config,
        }
    }

    /// Takes in what happened at `now` (monotonic, never before the last one) and says what to do, in order.
    pub fn on(&mut self, now: Duration, event: Event<P>) -> Vec<Action<P>> {
        if self.gone {
            return Vec::new();
        }
        match event {
            Event::Restored(outcomes) => self.restore(outcomes),
            Event::Started => {
                self.started = now;
                self.link = Link::Down { retry_at: now };
            }
            Event::Registered { call, heartbeat, ended } => self.registered(now, call, heartbeat, &ended),
            Event::Reported { call, leases, stop } => self.reported(now, call, leases, &stop),
            Event::BeatAnswered { call, stop } => self.beat_answered(now, call, &stop),
            Event::Failed { call, failure } => self.failed(now, call, failure),
            Event::Finished(finished) => finished.into_iter().for_each(|finished| self.finished(now, finished)),
            Event::Unstarted(leases) => leases.into_iter().for_each(|lease| self.unstarted(lease)),
            Event::Kept => self.keeping.kept(),
            Event::KeepFailed => self.keeping.failed(now),
            Event::SpecStale(sweep) => self.specs.stale(now, sweep),
            Event::SpecReady(sweep) => self.spec_ready(now, sweep),
            Event::SpecFailed(sweep) => self.specs.failed(now, sweep),
            Event::Drain => self.begin_drain(Some(now + self.config.grace)),
            Event::Leave => self.begin_drain(None),
            Event::Tick => {}
        }
        self.settle(now);
        std::mem::take(&mut self.actions)
    }

    /// When to say [`Event::Tick`] if nothing happens before; always later than the `now` of the last event.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        if self.gone {
            return None;
        }
        let calls = [self.link.deadline(), self.report_deadline(), self.specs.deadline()];
        let others = [self.drain_deadline(), self.keep_deadline(), self.hang_deadline(), self.hoard_deadline()];
        let deadlines = calls.into_iter().chain(others);
        deadlines.flatten().min()
    }

    /// Whether the coordinator has answered this worker at least once.
    #[must_use]
    pub fn registered_once(&self) -> bool {
        self.registered_once
    }

    /// Does everything that is due. Each step leaves nothing that is due at `now`.
    fn settle(&mut self, now: Duration) {
        if !self.gone {
            self.settle_hang(now);
            self.settle_hoard(now);
            self.settle_drain(now);
        }
        if !self.gone {
            self.settle_register(now);
            self.settle_specs(now);
            self.settle_report(now);
            self.settle_beat(now);
            self.settle_keep(now);
        }
    }

    /// A call was not answered: which one decides what that means.
    fn failed(&mut self, now: Duration, call: Call, failure: CallFailure) {
        let (registering, beating) = (self.link.is_registering(call), self.link.is_beating(call));
        if !(registering || beating || self.reports.is_sent(call)) {
            return;
        }
        match failure {
            CallFailure::Refused(why) => self.exit(Exit::Refused(why)),
            CallFailure::SessionLost => self.lose_session(now),
            CallFailure::Retry { after } if registering => self.register_failed(now, after),
            CallFailure::Retry { .. } if beating => self.link.beat_failed(now),
            CallFailure::Retry { after } => self.reports.failed(now, after),
        }
    }

    fn next_call(&mut self) -> Call {
        self.n_calls += 1;
        Call(self.n_calls)
    }

    fn exit(&mut self, exit: Exit) {
        self.gone = true;
        self.actions.push(Action::Exit(exit));
    }
}
