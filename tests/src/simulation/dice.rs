//! Chance that follows from a seed.

use std::time::Duration;

/// SplitMix64 (Steele, Lea and Flood 2014).
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(mixed(seed ^ 0x5eed_5eed_5eed_5eed))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// Below `n`, which is not 0.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// True once in `n`.
    pub(crate) fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// True `n` times in a thousand.
    pub(crate) fn permille(&mut self, n: u64) -> bool {
        self.below(1000) < n
    }

    /// From `first` on, below `end`.
    pub(crate) fn between(&mut self, first: Duration, end: Duration) -> Duration {
        let span = end.saturating_sub(first).as_micros() as u64;
        first + Duration::from_micros(self.below(span.max(1)))
    }

    /// The same for milliseconds.
    pub(crate) fn millis(&mut self, first: u64, end: u64) -> Duration {
        self.between(Duration::from_millis(first), Duration::from_millis(end))
    }
}

/// The finaliser of SplitMix64: every bit of the input reaches every bit of the output.
pub(crate) fn mixed(value: u64) -> u64 {
    let value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}
