//! How each job ended, where segments do not say; and counts of what was met.

use std::collections::BTreeMap;

use traipse_sweep::Plan;

use super::WithoutRows;
use super::comparisons::is_comparison;

/// The word for a job that has not ended.
pub(crate) const UNFINISHED: &str = "unfinished";
/// Every outcome in the order of counts.
const WORDS: [&str; 7] = ["succeeded", "diverged", "failed", "cancelled", "quarantined", "skipped", UNFINISHED];

/// Stretches of jobs without rows, by their first job; and counts of what was met.
pub(crate) struct Outcomes<'a> {
    stretches: BTreeMap<u64, &'a WithoutRows>,
    runs: Counts,
    comparisons: Counts,
}

/// How many by outcome.
type Counts = BTreeMap<&'static str, u64>;

impl<'a> Outcomes<'a> {
    pub(crate) fn new(without_rows: &'a [WithoutRows]) -> Self {
        let stretches = without_rows.iter().map(|stretch| (stretch.first_job, stretch)).collect();
        Self { stretches, runs: Counts::new(), comparisons: Counts::new() }
    }

    /// The stretch that holds a job; none if the job has rows or has not ended.
    pub(crate) fn of(&self, job: u64) -> Option<&'a WithoutRows> {
        let (first, stretch) = self.stretches.range(..=job).next_back()?;
        (job - first < stretch.n_jobs).then_some(*stretch)
    }

    /// Counts a run.
    pub(crate) fn count(&mut self, outcome: &'static str) {
        *self.runs.entry(outcome).or_default() += 1;
    }

    /// Counts comparisons.
    pub(crate) fn count_comparison(&mut self, outcome: &'static str, n: u64) {
        *self.comparisons.entry(outcome).or_default() += n;
    }

    /// Counts the comparisons that have no rows, once those that have some are counted.
    pub(crate) fn count_lost_comparisons(&mut self, plan: &Plan) {
        for stretch in self.stretches.clone().into_values() {
            let end = stretch.first_job.saturating_add(stretch.n_jobs);
            let jobs =
                plan.comparison_jobs().into_iter().flat_map(|of| of.start.max(stretch.first_job)..of.end.min(end));
            let n = jobs.filter(|&job| is_comparison(plan, job)).count();
            self.count_comparison(stretch.outcome.as_str(), n as u64);
        }
        let ended: u64 = self.comparisons.values().sum();
        self.count_comparison(UNFINISHED, plan.n_comparisons().saturating_sub(ended));
    }

    /// The runs' counts that are not 0, in the order of outcomes.
    pub(crate) fn counts(&self) -> Vec<(String, u64)> {
        in_order(&self.runs)
    }

    /// The comparisons', likewise.
    pub(crate) fn comparison_counts(&self) -> Vec<(String, u64)> {
        in_order(&self.comparisons)
    }
}

fn in_order(counts: &Counts) -> Vec<(String, u64)> {
    let of =
        |word: &&str| counts.get(word).copied().filter(|count| *count > 0).map(|count| ((*word).to_owned(), count));
    WORDS.iter().filter_map(of).collect()
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
