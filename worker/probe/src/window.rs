//! Parts of a trajectory.

use std::ops::Range;

/// A part of the trajectory, in steps between consecutive snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// All steps.
    All,
    /// The first third.
    Early,
    /// The second third.
    Middle,
    /// The last third.
    Late,
}

impl Window {
    /// Every window, in the order of the tables.
    pub const EVERY: [Self; 4] = [Self::All, Self::Early, Self::Middle, Self::Late];

    /// The word used in `nulls.window`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Early => "early",
            Self::Middle => "middle",
            Self::Late => "late",
        }
    }

    /// Its steps among `n` of them: thirds end at ⌊n/3⌋, ⌊2n/3⌋ and n.
    #[must_use]
    pub fn steps(self, n: usize) -> Range<usize> {
        match self {
            Self::All => 0..n,
            Self::Early => 0..n / 3,
            Self::Middle => n / 3..2 * n / 3,
            Self::Late => 2 * n / 3..n,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirds_partition_the_steps() {
        for n in 0..50 {
            let [_, early, middle, late] = Window::EVERY.map(|window| window.steps(n));
            assert_eq!((early.start, early.end, middle.end, late.end), (0, middle.start, late.start, n));
            assert!(late.len() >= early.len() && late.len() <= early.len() + 1);
        }
    }
}
