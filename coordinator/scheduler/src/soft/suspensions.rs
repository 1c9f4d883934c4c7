//! Workers that get no leases for a while.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use traipse_sweep::WorkerId;

use crate::command::Now;

/// Who is suspended until when.
#[derive(Debug, Default)]
pub(crate) struct Suspensions {
    of_worker: BTreeMap<WorkerId, Now>,
    ends: BTreeSet<(Now, WorkerId)>,
}

impl Suspensions {
    /// The worker is suspended until `until`, whatever was before.
    pub(crate) fn suspend(&mut self, worker: WorkerId, until: Now) {
        self.lift(worker);
        self.of_worker.insert(worker, until);
        self.ends.insert((until, worker));
    }

    /// Before its time: the worker brought a result.
    pub(crate) fn lift(&mut self, worker: WorkerId) {
        if let Some(until) = self.of_worker.remove(&worker) {
            self.ends.remove(&(until, worker));
        }
    }

    pub(crate) fn until(&self, worker: WorkerId) -> Option<Now> {
        self.of_worker.get(&worker).copied()
    }

    /// All that are suspended, and until when.
    pub(crate) fn all(&self) -> impl Iterator<Item = (WorkerId, Now)> {
        self.of_worker.iter().map(|(worker, until)| (*worker, *until))
    }

    pub(crate) fn next_deadline(&self) -> Option<Now> {
        self.ends.first().map(|(until, _)| *until)
    }

    /// Ends the suspensions whose time has come. Returns whether there was one.
    pub(crate) fn end_due(&mut self, now: Now) -> bool {
        let mut any = false;
        while let Some((_, worker)) = self.ends.first().copied().filter(|(until, _)| *until <= now) {
            self.lift(worker);
            any = true;
        }
        any
    }
}

/// How long the `n`-th suspension in a row lasts: `first` doubled with each, at most `longest`.
pub(crate) fn length(first: Duration, longest: Duration, n: u32) -> Duration {
    first.saturating_mul(1 << n.saturating_sub(1).min(31)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Now {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_last_word_counts_and_ends_in_time() {
        let (mut suspensions, one, two) = (Suspensions::default(), WorkerId(1), WorkerId(2));
        suspensions.suspend(one, at(60));
        suspensions.suspend(one, at(90));
        suspensions.suspend(two, at(70));
        assert!(!suspensions.end_due(at(69)));
        assert!(suspensions.end_due(at(70)));
        assert_eq!((suspensions.until(one), suspensions.until(two)), (Some(at(90)), None));
        suspensions.lift(one);
        assert_eq!((suspensions.all().count(), suspensions.next_deadline()), (0, None));
    }

    #[test]
    fn suspensions_double_up_to_a_limit() {
        let lengths = [1, 2, 3, 5, 6, u32::MAX].map(|n| length(at(60), at(960), n).as_secs());
        assert_eq!(lengths, [60, 120, 240, 960, 960, 960]);
    }
}
