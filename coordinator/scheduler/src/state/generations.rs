//! The generations of a sweep's jobs: runs of neighbouring numbers, so that a whole sweep that is raised costs one entry.

use std::collections::BTreeMap;
use std::ops::Range;

use traipse_sweep::{Generation, JobNumber};

/// Generations by job number. Jobs that were never raised are not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Generations {
    /// By first job: the end, and the generation, above 0. Neighbours of one generation are one run.
    runs: BTreeMap<u64, (u64, u32)>,
}

impl Generations {
    /// The generation in which a job is to be run.
    pub(crate) fn of(&self, job: JobNumber) -> Generation {
        let run = self.runs.range(..=job.0).next_back();
        Generation(run.filter(|(_, (end, _))| job.0 < *end).map_or(0, |(_, (_, generation))| *generation))
    }

    /// Whether every job is at 0.
    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Raises every job of a range by one.
    pub(crate) fn raise(&mut self, jobs: Range<u64>) {
        let mut at = jobs.start;
        for (run, generation) in self.cut_out(&jobs) {
            self.put(at..run.start, 1);
            at = run.end;
            // A person retries; nobody does so four billion times.
            self.put(run, generation.saturating_add(1));
        }
        self.put(at..jobs.end, 1);
    }

    /// Jobs above 0, by number.
    pub(crate) fn runs(&self) -> impl ExactSizeIterator<Item = (Range<u64>, Generation)> {
        self.runs.iter().map(|(start, (end, generation))| (*start..*end, Generation(*generation)))
    }

    /// Adds a run behind all others; false if it does not belong there.
    pub(super) fn push(&mut self, jobs: Range<u64>, generation: u32) -> bool {
        let follows = self.runs.last_key_value().is_none_or(|(_, (end, _))| *end <= jobs.start);
        let fits = follows && jobs.start < jobs.end && generation > 0;
        if fits {
            self.put(jobs, generation);
        }
        fits
    }

    /// Removes what lies in a range, and returns it.
    fn cut_out(&mut self, jobs: &Range<u64>) -> Vec<(Range<u64>, u32)> {
        let first = self.runs.range(..=jobs.start).next_back().map_or(jobs.start, |(start, _)| *start);
        let overlapping: Vec<(u64, (u64, u32))> =
            self.runs.range(first..jobs.end).map(|(at, run)| (*at, *run)).collect();
        let mut inside = Vec::new();
        for (start, (end, generation)) in overlapping.into_iter().filter(|(_, (end, _))| *end > jobs.start) {
            self.runs.remove(&start);
            self.put(start..jobs.start, generation);
            self.put(jobs.end..end, generation);
            inside.push((start.max(jobs.start)..end.min(jobs.end), generation));
        }
        inside
    }

    /// Adds a run where there is none, joined to its neighbours; nothing if it is empty.
    fn put(&mut self, jobs: Range<u64>, generation: u32) {
        if jobs.start >= jobs.end {
            return;
        }
        let (mut start, mut end) = (jobs.start, jobs.end);
        if let Some((&before, &(joint, same))) = self.runs.range(..start).next_back()
            && (joint, same) == (start, generation)
        {
            start = before;
        }
        if let Some(&(after, same)) = self.runs.get(&end)
            && same == generation
        {
            self.runs.remove(&end);
            end = after;
        }
        self.runs.insert(start, (end, generation));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn runs_are_those_of_a_plain_list(ranges in prop::collection::vec((0..40_u64, 0..20_u64), 0..12)) {
            let (mut generations, mut plain) = (Generations::default(), [0_u32; 64]);
            for (start, n) in ranges {
                generations.raise(start..start + n);
                plain[start as usize..(start + n) as usize].iter_mut().for_each(|generation| *generation += 1);
            }
            for (job, expected) in (0..).zip(plain) {
                prop_assert_eq!(generations.of(JobNumber(job)), Generation(expected), "job {}", job);
            }
            let runs: Vec<_> = generations.runs().collect();
            for pair in runs.windows(2) {
                let apart = pair[0].0.end < pair[1].0.start || pair[0].1 != pair[1].1;
                prop_assert!(apart && pair[0].0.end <= pair[1].0.start, "{:?}", runs);
            }
            let mut pushed = Generations::default();
            prop_assert!(runs.iter().all(|(jobs, generation)| pushed.push(jobs.clone(), generation.0)));
            prop_assert_eq!(pushed, generations);
        }
    }

    #[test]
    fn a_whole_sweep_is_one_run() {
        let mut generations = Generations::default();
        generations.raise(0..10_000_000);
        generations.raise(0..10_000_000);
        assert_eq!(generations.runs().collect::<Vec<_>>(), [(0..10_000_000, Generation(2))]);
    }
}
