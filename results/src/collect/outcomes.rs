//! How each job ended, where segments do not say.

use std::collections::BTreeMap;

use super::WithoutRows;

/// The word for a run that has not ended.
pub(crate) const UNFINISHED: &str = "unfinished";
/// Every outcome in the order of counts.
const WORDS: [&str; 7] = ["succeeded", "diverged", "failed", "cancelled", "quarantined", "skipped", UNFINISHED];

/// Stretches of jobs without rows, by their first job; and counts of what was met.
pub(crate) struct Outcomes<'a> {
    stretches: BTreeMap<u64, &'a WithoutRows>,
    counts: BTreeMap<&'static str, u64>,
}

impl<'a> Outcomes<'a> {
    pub(crate) fn new(without_rows: &'a [WithoutRows]) -> Self {
        let stretches = without_rows.iter().map(|stretch| (stretch.first_job, stretch)).collect();
        Self { stretches, counts: BTreeMap::new() }
    }

    /// The stretch that holds a job; none if the job has rows or has not ended.
    pub(crate) fn of(&self, job: u64) -> Option<&'a WithoutRows> {
        let (first, stretch) = self.stretches.range(..=job).next_back()?;
        (job - first < stretch.n_jobs).then_some(*stretch)
    }

    /// Counts a run.
    pub(crate) fn count(&mut self, outcome: &'static str) {
        *self.counts.entry(outcome).or_default() += 1;
    }

    /// The counts that are not 0, in the order of outcomes.
    pub(crate) fn counts(&self) -> Vec<(String, u64)> {
        WORDS.iter().filter_map(|word| self.counts.get(word).map(|count| ((*word).to_owned(), *count))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use traipse_sweep::Outcome;

    #[test]
    fn a_stretch_ends() {
        let stretch = |first_job, n_jobs| WithoutRows { first_job, n_jobs, outcome: Outcome::Failed, message: None };
        let all = [stretch(10, 1), stretch(3, 4)];
        let outcomes = Outcomes::new(&all);
        let held: Vec<u64> = (0..20).filter(|&job| outcomes.of(job).is_some()).collect();
        assert_eq!(held, [3, 4, 5, 6, 10]);
    }
}
