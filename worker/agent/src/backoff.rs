//! Exponential delays with jitter that follows from a seed.

use std::time::Duration;

/// Doublings after which the longest delay is certainly reached.
const MAX_DOUBLINGS: u32 = 20;

/// The delays of one kind of call.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    state: u64,
    n_failures: u32,
}

impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration, seed: u64) -> Self {
        Self { first, longest, state: seed, n_failures: 0 }
    }

    /// The delay after one more failure: between half and all of `first` doubled with each, never above `longest`.
    pub(crate) fn fail(&mut self) -> Duration {
        let doubled = self.first.saturating_mul(1 << self.n_failures.min(MAX_DOUBLINGS));
        self.n_failures = self.n_failures.saturating_add(1);
        let whole = doubled.min(self.longest);
        whole / 2 + whole.mul_f64(self.uniform() / 2.0)
    }

    pub(crate) fn succeed(&mut self) {
        self.n_failures = 0;
    }

    /// In [0, 1), by SplitMix64 (Steele, Lea and Flood 2014).
    fn uniform(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_longest_and_start_again() {
        let (first, longest) = (Duration::from_millis(100), Duration::from_secs(5));
        let mut backoff = Backoff::new(first, longest, 7);
        for n in 0..40 {
            let whole = first.saturating_mul(1 << n.min(10)).min(longest);
            let delay = backoff.fail();
            assert!(delay >= whole / 2 && delay <= whole, "{n}: {delay:?}");
        }
        backoff.succeed();
        assert!(backoff.fail() <= first);
    }

    #[test]
    fn the_seed_decides_the_jitter() {
        let delays = |seed| {
            let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5), seed);
            (0..8).map(|_| backoff.fail()).collect::<Vec<_>>()
        };
        assert_eq!(delays(1), delays(1));
        assert_ne!(delays(1), delays(2));
    }
}
