//! How long a sweep's jobs take, to size the work that waits in a worker; and how much they have had, to share slots.

use std::collections::BTreeMap;
use std::time::Duration;

use traipse_sweep::SweepId;

use crate::command::Config;

/// Weight of the newest job in the mean.
const WEIGHT: f64 = 0.2;
/// A job is never taken to be shorter (seconds): clocks have a resolution.
const SHORTEST: f64 = 1e-6;

/// Longest time that one job is charged with.
const MOST_CHARGED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What is known of a sweep's jobs.
#[derive(Clone, Copy, Debug, Default)]
struct Measured {
    /// Mean seconds a job: exponentially weighted, the first job counting in full.
    seconds: Option<f64>,
    /// Slot time that its jobs have had, in microseconds.
    served: u64,
}

/// What sweeps' jobs take, and have had.
#[derive(Debug, Default)]
pub(crate) struct Work {
    sweeps: BTreeMap<SweepId, Measured>,
    /// By priority: what the least served sweep had had when slots were last shared. Nobody counts as less served: time
    /// in which a sweep wanted nothing is not made up for.
    floors: BTreeMap<i32, u64>,
}

impl Work {
    /// A job of that sweep took so long. What is not a time is ignored.
    pub(crate) fn observe(&mut self, sweep: SweepId, seconds: f64) {
        if !(seconds.is_finite() && seconds >= 0.0) {
            return;
        }
        let seconds = seconds.max(SHORTEST);
        let mean = &mut self.sweeps.entry(sweep).or_default().seconds;
        *mean = Some(mean.map_or(seconds, |mean| mean + WEIGHT * (seconds - mean)));
    }

    /// A job of that sweep kept a slot for so long, whatever came of it.
    pub(crate) fn charge(&mut self, sweep: SweepId, priority: i32, seconds: f64) {
        let time = Duration::try_from_secs_f64(seconds).unwrap_or_default().min(MOST_CHARGED);
        let floor = self.floor(priority);
        let served = &mut self.sweeps.entry(sweep).or_default().served;
        let microseconds = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        *served = (*served).max(floor).saturating_add(microseconds);
    }

    /// The slot time that the sweep counts as having had, in microseconds.
    pub(crate) fn served(&self, sweep: SweepId, priority: i32) -> u64 {
        self.sweeps.get(&sweep).map_or(0, |known| known.served).max(self.floor(priority))
    }

    /// Slots were shared among sweeps of that priority, of which the least served had had so much.
    pub(crate) fn raise_floor(&mut self, priority: i32, served: u64) {
        let floor = self.floors.entry(priority).or_default();
        *floor = served.max(*floor);
    }

    fn floor(&self, priority: i32) -> u64 {
        self.floors.get(&priority).copied().unwrap_or(0)
    }

    /// Jobs that may wait behind each slot of `n_slots_live` in all, while `n_remaining` jobs of the sweep are not
    /// done: `lease_ahead_work` of measured work, no more than half of a slot's share of what remains, none before the
    /// first job is measured or where jobs are long.
    pub(crate) fn ahead(&self, config: &Config, sweep: SweepId, n_remaining: u64, n_slots_live: u32) -> u64 {
        self.by_work(config, sweep).min(n_remaining / (2 * u64::from(n_slots_live.max(1))))
    }

    /// Leases that keep one of a worker's `n_slots` busy: one, and what may wait behind it by its work.
    pub(crate) fn per_slot(&self, config: &Config, sweep: SweepId, n_slots: u32) -> u64 {
        let n_slots = u64::from(n_slots.max(1));
        let waiting = self.by_work(config, sweep).saturating_mul(n_slots).min(u64::from(config.lease_ahead_max));
        1 + waiting / n_slots
    }

    /// Whether nothing may wait behind the sweep's jobs, because they are long or none is measured.
    pub(crate) fn is_long(&self, config: &Config, sweep: SweepId) -> bool {
        self.by_work(config, sweep) == 0
    }

    fn by_work(&self, config: &Config, sweep: SweepId) -> u64 {
        let seconds = self.sweeps.get(&sweep).and_then(|known| known.seconds);
        match seconds.filter(|seconds| *seconds <= config.lease_ahead_longest_job.as_secs_f64()) {
            Some(seconds) => (config.lease_ahead_work.as_secs_f64() / seconds) as u64,
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use traipse_sweep::Incarnation;

    use super::*;

    #[test]
    fn lease_ahead_follows_measured_work() {
        let (config, sweep) = (Config::new(Incarnation(1)), SweepId(1));
        let rows = [
            // seconds a job, remaining, own slots, live slots, lease-ahead
            (2.0, 1_000_000, 1, 2, 0),
            (0.15, 1_000_000, 1, 2, 1),
            (0.001, 1_000_000, 1, 2, 200),
            (0.001, 1_000_000, 4, 8, 800),
            (0.000_02, 1_000_000, 1, 2, 1024),
            (0.0, 1_000_000, 1, 2, 1024),
            (0.000_02, 100, 1, 2, 25),
            (0.000_02, 3, 1, 2, 0),
        ];
        for (seconds, n_remaining, own, live, expected) in rows {
            let mut work = Work::default();
            assert_eq!(work.ahead(&config, sweep, n_remaining, live), 0, "unmeasured");
            work.observe(sweep, seconds);
            work.observe(sweep, f64::NAN);
            let ahead = (work.ahead(&config, sweep, n_remaining, live) * own).min(1024);
            assert_eq!(ahead, expected, "{seconds} s, {n_remaining} jobs, {own} of {live} slots");
        }
    }

    #[test]
    fn a_slow_first_job_is_forgotten_within_a_few_batches() {
        let (config, sweep, mut work) = (Config::new(Incarnation(1)), SweepId(1), Work::default());
        work.observe(sweep, 0.02);
        (0..60).for_each(|_| work.observe(sweep, 0.000_01));
        assert!(work.ahead(&config, sweep, 1_000_000, 2) >= 1024);
        assert_eq!(work.per_slot(&config, sweep, 1), 1025);
    }

    #[test]
    fn a_sweep_that_wanted_nothing_has_no_claim_to_the_past() {
        let (one, two, mut work) = (SweepId(1), SweepId(2), Work::default());
        work.charge(one, 0, 3.0);
        work.charge(one, 0, f64::NAN);
        work.charge(one, 0, -1.0);
        assert_eq!((work.served(one, 0), work.served(two, 0)), (3_000_000, 0));
        work.raise_floor(0, 3_000_000);
        work.raise_floor(0, 1_000_000);
        assert_eq!((work.served(two, 0), work.served(two, 1)), (3_000_000, 0), "priorities have nothing in common");
        work.charge(two, 0, 1.0);
        assert_eq!(work.served(two, 0), 4_000_000);
    }
}
