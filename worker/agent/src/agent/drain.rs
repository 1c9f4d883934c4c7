//! Leaving: no new leases, what runs may finish within the grace, everything is reported, and then the worker goes.
//! Whom the coordinator asks to leave has all the time that its jobs need.

use std::time::Duration;

use super::Agent;
use crate::message::Exit;

/// How far the worker's leaving has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drain {
    /// When what still runs is stopped, if it is.
    grace_ends: Option<Duration>,
    /// Whether that has happened.
    stopped: bool,
    /// Whether the coordinator has answered a report that said so.
    told: bool,
}

impl<P> Agent<P> {
    /// Of a worker that leaves already, the sooner end holds.
    pub(super) fn begin_drain(&mut self, grace_ends: Option<Duration>) {
        if let Some(drain) = &mut self.drain {
            drain.grace_ends = drain.grace_ends.or(grace_ends);
            return;
        }
        self.drain = Some(Drain { grace_ends, stopped: false, told: false });
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
        let Drain { grace_ends, stopped, .. } = self.drain?;
        Some(if stopped { grace_ends? + self.config.last_words } else { grace_ends? })
    }

    pub(super) fn settle_drain(&mut self, now: Duration) {
        let is_over = |grace_ends: Option<Duration>, after| grace_ends.is_some_and(|ends| now >= ends + after);
        let Some(drain) = &mut self.drain else { return };
        if is_over(drain.grace_ends, Duration::ZERO) && !drain.stopped {
            drain.stopped = true;
            self.stop_all();
        }
        let Some(drain) = self.drain else { return };
        // A slot that hangs has nothing to say any more; others that were told to stop are waited for.
        let n_held = if self.hung.is_some() { self.leases.n_honoured() } else { self.leases.len() };
        let n_left = n_held + self.reports.n_unanswered();
        let nothing_left = n_held == 0 && self.reports.is_empty();
        // Without a session nobody waits to be told; without anything held nobody has to be.
        let over = is_over(drain.grace_ends, self.config.last_words);
        if over || nothing_left && (drain.told || !self.link.is_up()) {
            self.leave(n_left);
        }
    }

    fn leave(&mut self, n_left: usize) {
        let n_kept = self.keeping.n_given();
        self.exit(match self.hung {
            Some(lease) => Exit::Hung { lease, n_left, n_kept },
            None if n_left == 0 => Exit::Drained,
            None => Exit::GraceOver { n_left, n_kept },
        });
    }

    /// A job that ignores that it was told to stop has taken its slot: only an end of the process frees it.
    pub(super) fn settle_hang(&mut self, now: Duration) {
        if self.hang_deadline().is_none_or(|due| due > now) {
            return;
        }
        self.hung = self.leases.oldest_stop().map(|(_, lease)| lease);
        self.begin_drain(Some(now + self.config.grace));
    }

    pub(super) fn hang_deadline(&self) -> Option<Duration> {
        if self.hung.is_some() {
            return None;
        }
        self.leases.oldest_stop().map(|(told, _)| told + self.config.stop_grace)
    }
}
