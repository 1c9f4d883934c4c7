//! A snapshot plan on a course: which steps.

use std::collections::BTreeSet;

use super::{SnapshotRule, Snapshots, Span};
use crate::settings::Course;

impl Snapshots {
    /// The steps at which weights are measured: sorted, unique, step 0 and the last step among them.
    ///
    /// `every` with bounds counts from its `from`; both bounds are inclusive. Instants after the end fall away. Costs
    /// time and memory in proportion to [`Snapshots::at_most`], which a caller checks where a person chose the plan.
    #[must_use]
    pub fn steps(&self, course: &Course) -> Vec<u64> {
        let mut steps = vec![0, course.total_steps];
        for rule in &self.at {
            rule.steps_into(course, &mut steps);
        }
        steps.sort_unstable();
        steps.dedup();
        steps
    }

    /// A bound on the number of [`Snapshots::steps`], in constant time a rule.
    #[must_use]
    pub fn at_most(&self, course: &Course) -> u64 {
        self.at.iter().map(|rule| rule.at_most(course)).fold(2, u64::saturating_add)
    }
}

/// Which of a run's snapshots a probe takes: the indices into `steps` (rising) of those that one of the rules names, and
/// always the first and the last; sorted, unique. A run that ended early has the snapshots up to its end.
#[must_use]
pub fn chosen(at: &[SnapshotRule], steps: &[u64], course: &Course) -> Vec<usize> {
    let log = |rule: &SnapshotRule| if let SnapshotRule::Log { n } = rule { Some(*n) } else { None };
    let logs: BTreeSet<u64> = at.iter().filter_map(log).flat_map(|n| log_steps(n, course.total_steps)).collect();
    let is_named = |step: u64| logs.contains(&step) || at.iter().any(|rule| rule.names(step, course));
    let is_end = |index: usize| index == 0 || index + 1 == steps.len();
    (0..steps.len()).filter(|&index| is_end(index) || is_named(steps[index])).collect()
}

impl SnapshotRule {
    /// Whether a step is one of the rule's; those of a log rule are listed, not tested.
    fn names(&self, step: u64, course: &Course) -> bool {
        match self {
            Self::Every { interval, from, to } => {
                let (start, end) = bounds(*from, *to, course);
                let stride = interval.steps(course).max(1);
                (start..=end).contains(&step) && (step - start).is_multiple_of(stride)
            }
            Self::Log { .. } => false,
            Self::Epochs(epochs) => epochs.iter().any(|&epoch| Span::Epochs(epoch).steps(course) == step),
        }
    }

    fn steps_into(&self, course: &Course, steps: &mut Vec<u64>) {
        match self {
            Self::Every { interval, from, to } => {
                let (start, end) = bounds(*from, *to, course);
                let stride = interval.steps(course).max(1);
                let mut next = Some(start);
                while let Some(step) = next.filter(|&step| step <= end) {
                    steps.push(step);
                    next = step.checked_add(stride);
                }
            }
            Self::Log { n } => steps.extend(log_steps(*n, course.total_steps)),
            Self::Epochs(epochs) => {
                let step = |&epoch: &u64| epoch.saturating_mul(course.steps_per_epoch);
                steps.extend(epochs.iter().map(step).filter(|&step| step <= course.total_steps));
            }
        }
    }

    fn at_most(&self, course: &Course) -> u64 {
        match self {
            Self::Every { interval, from, to } => {
                let (start, end) = bounds(*from, *to, course);
                let stride = interval.steps(course).max(1);
                end.checked_sub(start).map_or(0, |length| length / stride + 1)
            }
            Self::Log { n } => u64::from(*n),
            Self::Epochs(epochs) => epochs.len() as u64,
        }
    }
}

impl Span {
    /// The optimiser updates in it.
    #[must_use]
    pub fn steps(self, course: &Course) -> u64 {
        match self {
            Self::Epochs(n) => n.saturating_mul(course.steps_per_epoch),
            Self::Steps(n) => n,
        }
    }
}

fn bounds(from: Option<Span>, to: Option<Span>, course: &Course) -> (u64, u64) {
    let start = from.map_or(0, |span| span.steps(course));
    let end = to.map_or(course.total_steps, |span| span.steps(course).min(course.total_steps));
    (start, end)
}

/// `n` steps log-spaced from 1 to the end, rounded; repeats fall together.
fn log_steps(n: u32, total: u64) -> impl Iterator<Item = u64> {
    let (last, end) = (n.saturating_sub(1), libm::log(total as f64));
    (0..n).map(move |i| {
        if i == last {
            return total;
        }
        let step = libm::exp(end * f64::from(i) / f64::from(last)).round() as u64;
        step.clamp(1, total)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const COURSE: Course = Course { batch_rows: 32, steps_per_epoch: 10, total_steps: 100 };

    fn every(interval: Span, from: Option<Span>, to: Option<Span>) -> SnapshotRule {
        SnapshotRule::Every { interval, from, to }
    }

    #[test]
    fn rules_become_steps() {
        let rows: [(Vec<SnapshotRule>, Vec<u64>); 9] = [
            (vec![], vec![0, 100]),
            (vec![every(Span::Epochs(5), None, None)], vec![0, 50, 100]),
            (vec![every(Span::Steps(40), None, None)], vec![0, 40, 80, 100]),
            (vec![every(Span::Steps(4), Some(Span::Epochs(8)), Some(Span::Epochs(9)))], vec![0, 80, 84, 88, 100]),
            (vec![every(Span::Steps(5), Some(Span::Steps(97)), None)], vec![0, 97, 100]),
            (vec![every(Span::Epochs(u64::MAX), Some(Span::Steps(3)), Some(Span::Steps(50)))], vec![0, 3, 100]),
            (vec![SnapshotRule::Log { n: 3 }], vec![0, 1, 10, 100]),
            (vec![SnapshotRule::Epochs(vec![2, 1, 10, 11, 2])], vec![0, 10, 20, 100]),
            (vec![SnapshotRule::Log { n: 1 }, every(Span::Epochs(20), None, None)], vec![0, 100]),
        ];
        for (at, expected) in rows {
            let snapshots = Snapshots { at, keep: false };
            assert_eq!(snapshots.steps(&COURSE), expected, "{:?}", snapshots.at);
            assert!(snapshots.at_most(&COURSE) >= expected.len() as u64);
            let every: Vec<u64> = (0..=100).collect();
            let taken: Vec<u64> = chosen(&snapshots.at, &every, &COURSE).into_iter().map(|at| every[at]).collect();
            assert_eq!(taken, expected, "{:?}", snapshots.at);
        }
    }

    #[test]
    fn many_log_steps_fall_together() {
        let snapshots = Snapshots { at: vec![SnapshotRule::Log { n: 1000 }], keep: false };
        let steps = snapshots.steps(&COURSE);
        assert!(steps.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!((steps.first(), steps.last()), (Some(&0), Some(&100)));
        assert!(steps.len() <= 101);
    }

    #[test]
    fn what_is_no_snapshot_is_not_chosen() {
        let at = [every(Span::Epochs(2), None, None)];
        assert_eq!(chosen(&at, &[0, 7, 10, 20, 35, 40, 57], &COURSE), [0, 3, 5, 6]);
        assert_eq!(chosen(&at, &[0], &COURSE), [0]);
        assert_eq!(chosen(&[], &[], &COURSE), Vec::<usize>::new());
    }
}
