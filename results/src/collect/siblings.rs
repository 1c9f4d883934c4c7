//! The mean barrier between a run and its siblings: runs of one cell that began at the same weights.

use std::collections::BTreeMap;

use traipse_sweep::JobNumber;

/// Barriers by run. Memory: one entry for each run that has a sibling.
#[derive(Debug, Default)]
pub(crate) struct Siblings {
    barriers: BTreeMap<JobNumber, Sum>,
}

/// A compensated sum and how many it holds.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    total: f64,
    lost: f64,
    n: u32,
}

impl Siblings {
    /// Adds a barrier between these runs.
    pub(crate) fn add(&mut self, members: &[JobNumber], barrier: f64) {
        for &member in members {
            self.barriers.entry(member).or_default().add(barrier);
        }
    }

    /// The mean over the barriers of a run; none where it has none.
    pub(crate) fn mean(&self, run: JobNumber) -> Option<f64> {
        self.barriers.get(&run).map(|sum| (sum.total + sum.lost) / f64::from(sum.n))
    }
}

impl Sum {
    fn add(&mut self, value: f64) {
        let next = self.total + value;
        self.lost +=
            if self.total.abs() >= value.abs() { (self.total - next) + value } else { (value - next) + self.total };
        self.total = next;
        self.n += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_the_mean_of_its_barriers() {
        let mut siblings = Siblings::default();
        siblings.add(&[JobNumber(0), JobNumber(1)], 1.0);
        siblings.add(&[JobNumber(0), JobNumber(2)], 4.0);
        let means: Vec<_> = (0..4).map(|run| siblings.mean(JobNumber(run))).collect();
        assert_eq!(means, [Some(2.5), Some(1.0), Some(4.0), None]);
    }
}
