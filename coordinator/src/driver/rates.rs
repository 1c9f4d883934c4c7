//! Jobs done a second, over the last seconds.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use traipse_sweep::SweepId;

/// Over how long a rate is taken.
const WINDOW: Duration = Duration::from_secs(10);
/// Samples are at least that far apart: some twenty to a window.
const APART: Duration = Duration::from_millis(500);

/// Samples of (when, how many were done) of each sweep that moved lately.
#[derive(Debug, Default)]
pub(super) struct Rates {
    sweeps: BTreeMap<SweepId, VecDeque<(Duration, u64)>>,
}

impl Rates {
    /// `n_done` jobs of the sweep are done at `now`.
    pub(super) fn note(&mut self, sweep: SweepId, now: Duration, n_done: u64) {
        let samples = self.sweeps.entry(sweep).or_default();
        if samples.back().is_some_and(|&(last, _)| now.saturating_sub(last) < APART) {
            return;
        }
        samples.push_back((now, n_done));
        // One sample beyond the window stays, so that a slow sweep has a rate, too.
        while samples.get(1).is_some_and(|&(second, _)| now.saturating_sub(second) > WINDOW) {
            samples.pop_front();
        }
    }

    /// Jobs a second, where `n_done` are done at `now`.
    pub(super) fn rate(&self, sweep: SweepId, now: Duration, n_done: u64) -> f64 {
        let Some(&(then, n_then)) = self.sweeps.get(&sweep).and_then(|samples| samples.front()) else { return 0.0 };
        let seconds = now.saturating_sub(then).as_secs_f64();
        if seconds > 0.0 { n_done.saturating_sub(n_then) as f64 / seconds } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_taken_over_the_last_seconds() {
        let (sweep, second) = (SweepId(1), Duration::from_secs);
        let mut rates = Rates::default();
        assert_eq!(rates.rate(sweep, second(1), 5), 0.0);
        for at in 0..60 {
            let n_done = if at < 30 { 0 } else { 100 * (at - 30) };
            rates.note(sweep, second(at), n_done);
        }
        let rate = rates.rate(sweep, second(59), 2900);
        assert!((rate - 100.0).abs() < 1e-9, "{rate}");
        assert!(rates.sweeps[&sweep].len() < 30);
    }
}
