//! Leaving: no new leases, what runs may finish within the grace, everything is reported, and then the worker goes.

use std::time::Duration;

use super::Agent;
use crate::message::Exit;

/// How far the worker's leaving has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drain {
    /// When what still runs is stopped.
    grace_ends: Duration,
    /// Whether that has happened.
    stopped: bool,
    /// Whether the coordinator has answered a report that said so.
    told: bool,
}

impl<P> Agent<P> {
    pub(super) fn begin_drain(&mut self, now: Duration) {
        if self.drain.is_some() {
            return;
        }
        self.drain = Some(Drain { grace_ends: now + self.config.grace, stopped: false, told: false });
        self.recall();
    }

    /// Whether the worker leaves and the coordinator does not know it.
    pub(super) fn drain_untold(&self) -> bool {
        self.drain.is_some_and(|drain| !drain.told)
    }

    pub(super) fn drain_told(&mut self) {
        if let Some(drain) = &mut self.drain {
            drain.told = true;
        }
    }

    pub(super) fn drain_deadline(&self) -> Option<Duration> {
        let drain = self.drain?;
        Some(if drain.stopped { drain.grace_ends + self.config.last_words } else { drain.grace_ends })
    }

    pub(super) fn settle_drain(&mut self, now: Duration) {
        let Some(drain) = &mut self.drain else { return };
        if now >= drain.grace_ends && !drain.stopped {
            drain.stopped = true;
            self.stop_all();
        }
        let Some(drain) = self.drain else { return };
        let n_left = self.leases.len() + self.reports.n_unanswered();
        let nothing_left = self.leases.len() == 0 && self.reports.is_empty();
        // Without a session nobody waits to be told; without anything held nobody has to be.
        if nothing_left && (drain.told || !self.link.is_up()) {
            self.exit(Exit::Drained);
        } else if now >= drain.grace_ends + self.config.last_words {
            self.exit(if n_left == 0 { Exit::Drained } else { Exit::GraceOver { n_left } });
        }
    }
}
