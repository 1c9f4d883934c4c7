//! Jobs that wait after a transient failure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use traipse_sweep::SweepId;

use crate::command::Now;

/// Who waits until when, and whose wait is over.
#[derive(Debug, Default)]
pub(crate) struct Backoffs {
    waiting: BTreeSet<(Now, SweepId, u64)>,
    due: BTreeMap<SweepId, BTreeSet<u64>>,
}

impl Backoffs {
    /// The job at `position` waits until `until`.
    pub(crate) fn wait(&mut self, sweep: SweepId, position: u64, until: Now) {
        self.waiting.insert((until, sweep, position));
    }

    /// Until when a job waits. Linear in the jobs that wait: people ask, rarely.
    pub(crate) fn until(&self, sweep: SweepId, position: u64) -> Option<Now> {
        let waits = self.waiting.iter().find(|(_, id, at)| (*id, *at) == (sweep, position));
        waits.map(|(until, ..)| *until)
    }

    pub(crate) fn next_deadline(&self) -> Option<Now> {
        self.waiting.first().map(|(until, ..)| *until)
    }

    /// Ends the waits whose time has come, of jobs that wait still. Returns whether there was one.
    pub(crate) fn end_waits(&mut self, now: Now, waits_still: impl Fn(SweepId, u64) -> bool) -> bool {
        let mut any = false;
        while let Some((_, sweep, position)) = self.waiting.first().copied().filter(|(until, ..)| *until <= now) {
            self.waiting.pop_first();
            if waits_still(sweep, position) {
                self.due.entry(sweep).or_default().insert(position);
                any = true;
            }
        }
        any
    }

    pub(crate) fn has_due(&self, sweep: SweepId) -> bool {
        self.due.contains_key(&sweep)
    }

    /// Positions of a sweep whose wait is over.
    pub(crate) fn due(&self, sweep: SweepId) -> impl Iterator<Item = u64> {
        self.due.get(&sweep).into_iter().flatten().copied()
    }

    /// The whole sweep waits no more: it is cancelled.
    pub(crate) fn forget_sweep(&mut self, sweep: SweepId) {
        self.due.remove(&sweep);
    }

    /// The job waits no more: it is leased or done.
    pub(crate) fn forget(&mut self, sweep: SweepId, position: u64) {
        if let Some(due) = self.due.get_mut(&sweep) {
            due.remove(&position);
            if due.is_empty() {
                self.due.remove(&sweep);
            }
        }
    }
}

/// How long a job waits after its `n_failures`-th transient failure: `first` doubled with each, at most `longest`, and
/// of that between half and all, so that jobs that failed together do not come back together. The jitter is a hash:
/// the same journal gives the same waits.
pub(crate) fn delay(first: Duration, longest: Duration, sweep: SweepId, position: u64, n_failures: u32) -> Duration {
    let doublings = n_failures.saturating_sub(1).min(31);
    let whole = first.saturating_mul(1 << doublings).min(longest);
    let seed = (sweep.0 as u64) ^ ((sweep.0 >> 64) as u64) ^ mixed(position) ^ mixed(u64::from(n_failures) << 32);
    let unit = (mixed(seed) >> 11) as f64 / (1u64 << 53) as f64;
    whole.mul_f64(0.5 + 0.5 * unit)
}

/// The finaliser of SplitMix64: every bit of the input reaches every bit of the output.
fn mixed(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_with_jitter_up_to_a_limit() {
        let (first, longest) = (Duration::from_secs(1), Duration::from_secs(60));
        for (n_failures, whole) in [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (4_000_000_000, 60)] {
            let whole = Duration::from_secs(whole);
            let mut delays: Vec<Duration> =
                (0..100).map(|job| delay(first, longest, SweepId(7), job, n_failures)).collect();
            assert!(delays.iter().all(|delay| *delay >= whole / 2 && *delay <= whole), "{n_failures}: {delays:?}");
            delays.sort_unstable();
            delays.dedup();
            assert!(delays.len() > 95, "jobs come back apart");
        }
    }

    #[test]
    fn a_wait_ends_once() {
        let (mut backoffs, sweep) = (Backoffs::default(), SweepId(1));
        backoffs.wait(sweep, 5, Duration::from_secs(2));
        assert!(!backoffs.end_waits(Duration::from_secs(1), |_, _| true));
        assert!(backoffs.end_waits(Duration::from_secs(2), |_, _| true));
        assert_eq!(backoffs.due(sweep).collect::<Vec<_>>(), [5]);
        backoffs.forget(sweep, 5);
        assert_eq!((backoffs.due(sweep).count(), backoffs.next_deadline()), (0, None));
    }
}
