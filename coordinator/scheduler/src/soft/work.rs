//! How long a sweep's jobs take, to size the work that waits in a worker.

use std::collections::BTreeMap;

use traipse_sweep::SweepId;

use crate::command::Config;

/// Weight of the newest job in the mean.
const WEIGHT: f64 = 0.2;
/// A job is never taken to be shorter (seconds): clocks have a resolution.
const SHORTEST: f64 = 1e-6;

/// Mean seconds a job, by sweep: exponentially weighted, the first job counting in full.
#[derive(Debug, Default)]
pub(crate) struct Work {
    seconds: BTreeMap<SweepId, f64>,
}

impl Work {
    /// A job of that sweep took so long. What is not a time is ignored.
    pub(crate) fn observe(&mut self, sweep: SweepId, seconds: f64) {
        if !(seconds.is_finite() && seconds >= 0.0) {
            return;
        }
        let seconds = seconds.max(SHORTEST);
        self.seconds.entry(sweep).and_modify(|mean| *mean += WEIGHT * (seconds - *mean)).or_insert(seconds);
    }

    /// Jobs that may wait in a worker of `n_slots`, out of `n_slots_live` slots in all, while `n_remaining` jobs of
    /// the sweep are not done: `lease_ahead_work` of measured work a slot, no more than half of a slot's share of what
    /// remains, none before the first job is measured or where jobs are long.
    pub(crate) fn lease_ahead(&self, config: &Config, sweep: SweepId, n_remaining: u64, slots: Slots) -> u64 {
        let Some(&seconds) = self.seconds.get(&sweep) else { return 0 };
        if seconds > config.lease_ahead_longest_job.as_secs_f64() {
            return 0;
        }
        let by_work = (config.lease_ahead_work.as_secs_f64() / seconds) as u64;
        let by_share = n_remaining / (2 * u64::from(slots.live.max(1)));
        (by_work.min(by_share) * u64::from(slots.own)).min(u64::from(config.lease_ahead_max))
    }
}

/// Slots of one worker and of all that live.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slots {
    pub(crate) own: u32,
    pub(crate) live: u32,
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
            assert_eq!(work.lease_ahead(&config, sweep, n_remaining, Slots { own, live }), 0, "unmeasured");
            work.observe(sweep, seconds);
            work.observe(sweep, f64::NAN);
            let ahead = work.lease_ahead(&config, sweep, n_remaining, Slots { own, live });
            assert_eq!(ahead, expected, "{seconds} s, {n_remaining} jobs, {own} of {live} slots");
        }
    }

    #[test]
    fn a_slow_first_job_is_forgotten_within_a_few_batches() {
        let (config, sweep, mut work) = (Config::new(Incarnation(1)), SweepId(1), Work::default());
        work.observe(sweep, 0.02);
        (0..60).for_each(|_| work.observe(sweep, 0.000_01));
        assert_eq!(work.lease_ahead(&config, sweep, 1_000_000, Slots { own: 1, live: 2 }), 1024);
    }
}
