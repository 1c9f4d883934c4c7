//! The session: registering, and the heartbeats that keep its leases.

use std::time::Duration;

use traipse_sweep::LeaseId;

use super::Agent;
use crate::message::{Action, Call, Exit, Register};

/// A heartbeat is never asked for more often than this, whatever the coordinator says.
const SHORTEST_HEARTBEAT: Duration = Duration::from_millis(10);
/// A failed heartbeat is tried again after this part of the period.
const BEAT_RETRY_PART: u32 = 4;

/// How the agent stands with the coordinator.
#[derive(Debug)]
pub(super) enum Link {
    /// Not started.
    Idle,
    /// No session; try again then.
    Down { retry_at: Duration },
    /// A register is under way.
    Registering { call: Call },
    /// A session is open.
    Up { heartbeat: Duration, beat_due: Duration, beat: Option<Call> },
}

impl Link {
    pub(super) fn is_up(&self) -> bool {
        matches!(self, Self::Up { .. })
    }

    pub(super) fn is_registering(&self, call: Call) -> bool {
        matches!(self, Self::Registering { call: known } if *known == call)
    }

    pub(super) fn is_beating(&self, call: Call) -> bool {
        matches!(self, Self::Up { beat: Some(known), .. } if *known == call)
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        match self {
            Self::Idle | Self::Registering { .. } => None,
            Self::Down { retry_at } => Some(*retry_at),
            Self::Up { beat_due, .. } => Some(*beat_due),
        }
    }

    pub(super) fn beat_failed(&mut self, now: Duration) {
        if let Self::Up { heartbeat, beat_due, beat } = self {
            *beat = None;
            *beat_due = (now + *heartbeat / BEAT_RETRY_PART).min(*beat_due).max(now);
        }
    }
}

impl<P> Agent<P> {
    pub(super) fn settle_register(&mut self, now: Duration) {
        let Link::Down { retry_at } = self.link else { return };
        if now < retry_at {
            return;
        }
        let call = self.next_call();
        let mut held = self.leases.held();
        held.extend(self.reports.held());
        self.link = Link::Registering { call };
        self.actions.push(Action::Register(Register { call, held }));
    }

    pub(super) fn registered(&mut self, now: Duration, call: Call, heartbeat: Duration, ended: &[LeaseId]) {
        if !self.link.is_registering(call) {
            return;
        }
        let heartbeat = heartbeat.max(SHORTEST_HEARTBEAT);
        self.registered_once = true;
        self.link = Link::Up { heartbeat, beat_due: now + heartbeat, beat: None };
        self.reports.new_session();
        self.stop(now, ended);
    }

    pub(super) fn register_failed(&mut self, now: Duration, after: Option<Duration>) {
        let retry_at = now + self.link_backoff.fail().max(after.unwrap_or_default());
        self.link = Link::Down { retry_at };
        let never = !self.registered_once && !self.restored;
        if never && retry_at > self.started + self.config.first_contact {
            self.exit(Exit::Unreached);
        }
    }

    /// The coordinator does not know the session: everything unanswered goes into the next one.
    pub(super) fn lose_session(&mut self, now: Duration) {
        self.reports.fold_back();
        self.link = Link::Down { retry_at: now + self.link_backoff.fail() };
    }

    /// The session works, so the next loss of it is a new one.
    pub(super) fn link_works(&mut self) {
        self.link_backoff.succeed();
    }

    pub(super) fn settle_beat(&mut self, now: Duration) {
        let Link::Up { heartbeat, beat_due, .. } = self.link else { return };
        if now < beat_due {
            return;
        }
        let call = self.next_call();
        let leases = self.leases.held().into_iter().chain(self.reports.held()).map(|(lease, _)| lease).collect();
        self.link = Link::Up { heartbeat, beat_due: now + heartbeat, beat: Some(call) };
        self.actions.push(Action::Beat { call, leases });
    }

    pub(super) fn beat_answered(&mut self, now: Duration, call: Call, stop: &[LeaseId]) {
        if !self.link.is_beating(call) {
            return;
        }
        if let Link::Up { beat, .. } = &mut self.link {
            *beat = None;
        }
        self.link_works();
        self.stop(now, stop);
    }
}
