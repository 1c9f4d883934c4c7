//! Which snapshots a run must leave behind for its comparisons.

use std::collections::BTreeSet;

use traipse_sweep::JobNumber;
use traipse_sweep::plan::Plan;
use traipse_sweep::settings::Course;
use traipse_sweep::spec::Instant;

use super::super::journey::Journey;

/// The snapshots that the comparisons of a run name: those they are made at, the start, and the fork. None where it is
/// in no comparison, or diverged: it has no end to compare.
///
/// An instant between snapshots, or after the end of a run that stopped early, is left out; the comparison says so.
pub(in super::super) fn wanted(plan: &Plan, run: JobNumber, journey: &Journey, course: &Course) -> Option<Vec<usize>> {
    let end = journey.end()?;
    let compares: BTreeSet<usize> =
        plan.groups_of(run).into_iter().filter_map(|job| plan.group(job)).map(|group| group.compare).collect();
    if compares.is_empty() {
        return None;
    }
    let steps = journey.trajectory.steps();
    let fork = plan.settings(run).fork.map(|fork| fork.step(course.steps_per_epoch));
    let mut at = BTreeSet::from([0]);
    at.extend(fork.and_then(|step| steps.binary_search(&step).ok()));
    for compare in compares {
        at.extend(plan.spec().compare[compare].at.iter().filter_map(|instant| match instant {
            Instant::Start => Some(0),
            Instant::End => Some(end),
            Instant::At(span) => steps.binary_search(&span.steps(course)).ok(),
        }));
    }
    Some(at.into_iter().collect())
}
