//! How many jobs are held: a slot is a permit, and permits beyond the threads are for jobs that end soon.

use std::time::Duration;

use super::Agent;

/// Weight of the latest job in the mean.
const LATEST_PART: f64 = 0.125;

/// How the jobs get on.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Mean seconds of a job, the latest ones above all; none before the first.
    mean: Option<f64>,
    /// When a job has ended last, or leases came to idle threads.
    moved: Duration,
}

impl Pace {
    pub(super) fn ended(&mut self, now: Duration, cost: Duration) {
        let cost = cost.as_secs_f64();
        self.mean = Some(self.mean.map_or(cost, |mean| mean + (cost - mean) * LATEST_PART));
        self.moved = now;
    }

    pub(super) fn moved(&mut self, now: Duration) {
        self.moved = now;
    }
}

impl<P> Agent<P> {
    /// Slots that are used: one a thread, more if the jobs are short.
    pub(super) fn n_permits(&self) -> u32 {
        let (n_slots, n_threads) = (self.config.n_slots, self.config.n_threads.min(self.config.n_slots));
        let Some(mean) = self.pace.mean else { return n_threads };
        // A mean of 0 is as many as there are; the cast saturates.
        let n = f64::from(n_threads) * self.config.slot_work.as_secs_f64() / mean;
        (n as u32).clamp(n_threads, n_slots)
    }

    /// Leases that wait behind jobs which turn out long go back, for another worker may be idle.
    pub(super) fn settle_hoard(&mut self, now: Duration) {
        if self.hoard_deadline().is_none_or(|due| due > now) {
            return;
        }
        self.pace.ended(now, self.config.hoard_max * self.config.n_slots);
        self.recall();
    }

    pub(super) fn hoard_deadline(&self) -> Option<Duration> {
        let hoards = self.drain.is_none() && self.leases.n_given() > self.config.n_threads as usize;
        hoards.then(|| self.pace.moved + self.config.hoard_max)
    }
}
