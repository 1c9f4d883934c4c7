//! `[probes.interpolation]`: the loss along segments between snapshots.

use std::collections::{BTreeMap, BTreeSet};

use traipse_probe::segment::{Barriers, Curve, Walk};
use traipse_probe::{Element, Missing};
use traipse_sweep::columns::{Table, curves, runs};
use traipse_sweep::rows::Cell;
use traipse_sweep::spec::{Interpolation, Segment};

use super::super::journey::{Ended, theta};
use super::super::rows::Row;
use super::{Measured, Scene};

/// Two snapshots, the earlier first.
type Ends = (usize, usize);

pub(super) fn measure<T: Element>(
    scene: &mut Scene<'_, T>,
    settings: &Interpolation,
    measured: &mut Measured,
) -> Result<(), Ended> {
    let chosen = scene.chosen(&settings.at);
    let arrivals: Vec<usize> = scene.analysis.convergence.iter().filter_map(|row| row.snapshot).collect();
    // One segment may be of several kinds.
    let mut known: BTreeMap<Ends, Curve> = BTreeMap::new();
    for &kind in &settings.segments {
        for ends in segments(kind, &chosen, &arrivals, scene.journey.end()) {
            let curve = match known.remove(&ends) {
                Some(curve) => curve,
                None => walk(scene, settings, ends)?,
            };
            measured.push_row(Table::Curves, row(scene, kind, ends, &curve));
            known.insert(ends, curve);
        }
    }
    if settings.segments.contains(&Segment::StartEnd) {
        summarise(scene.journey.end(), &known, measured);
    }
    Ok(())
}

/// Which segments there are of a kind. Those to the end begin at every t* too, whatever was chosen.
fn segments(kind: Segment, chosen: &[usize], arrivals: &[usize], end: Option<usize>) -> Vec<Ends> {
    let to_end = |from: usize| end.filter(|&end| from < end).map(|end| (from, end));
    match kind {
        Segment::StartEnd => to_end(0).into_iter().collect(),
        Segment::SnapshotEnd => {
            let from: BTreeSet<usize> = chosen.iter().chain(arrivals).copied().collect();
            from.into_iter().filter_map(to_end).collect()
        }
        Segment::Consecutive => chosen.windows(2).map(|pair| (pair[0], pair[1])).collect(),
    }
}

fn walk<T: Element>(scene: &mut Scene<'_, T>, settings: &Interpolation, ends: Ends) -> Result<Curve, Ended> {
    scene.go_on()?;
    let [from, to] = [scene.snapshot(ends.0)?, scene.snapshot(ends.1)?];
    let with_test = !scene.problem.data().test.is_empty();
    let walk = Walk { n_interior: settings.points, rows: &scene.probe_set, with_test };
    Ok(Curve::between(scene.problem, scene.evaluator, [theta::<T>(&from), theta::<T>(&to)], &walk))
}

fn row<T: Element>(scene: &Scene<'_, T>, kind: Segment, (from, to): Ends, curve: &Curve) -> Row {
    let steps = scene.journey.trajectory.steps();
    let classes = !scene.problem.data().is_regression();
    let has_test = !curve.test_loss.is_empty();
    let list = |values: &[f64], has_values: bool| Cell::from(has_values.then(|| values.to_vec()));
    let mut row: Row = vec![
        (&curves::KIND, name(kind).into()),
        (&curves::STEP, steps[from].into()),
        (&curves::TO_STEP, steps[to].into()),
        (&curves::X, curve.alpha.clone().into()),
        (&curves::Y, curve.train_loss.clone().into()),
        (&curves::TEST_LOSS, list(&curve.test_loss, has_test)),
        (&curves::TRAIN_ERROR, list(&curve.train_error, classes)),
        (&curves::TEST_ERROR, list(&curve.test_error, has_test && classes)),
    ];
    match curve.barriers() {
        Ok(barriers) => row.extend(barrier_cells(&barriers, curve.loss_error)),
        Err(missing) => row.push((&curves::STATUS, missing.as_str().into())),
    }
    row
}

fn barrier_cells(barriers: &Barriers, loss_error: f64) -> Row {
    vec![
        (&curves::BARRIER_MEAN, barriers.mean.into()),
        (&curves::BARRIER_CHORD, barriers.chord.into()),
        (&curves::BARRIER_MAX, barriers.max.into()),
        (&curves::LOSS_ERROR, loss_error.into()),
        (&curves::MIN_SECOND_DIFFERENCE, barriers.min_second_difference.into()),
        (&curves::VIOLATIONS, barriers.violations.into()),
        (&curves::MONOTONE, barriers.monotone.into()),
    ]
}

/// The line from start to end, in a few words.
fn summarise(end: Option<usize>, known: &BTreeMap<Ends, Curve>, measured: &mut Measured) {
    let curve = end.ok_or(Missing::Diverged).and_then(|end| known.get(&(0, end)).ok_or(Missing::OneSnapshot));
    match curve.and_then(Curve::barriers) {
        Ok(barriers) => {
            measured.run.set(&runs::INTERPOLATION_BUMP, barriers.max);
            measured.run.set(&runs::INTERPOLATION_MONOTONE, barriers.monotone);
        }
        Err(missing) => measured.run.reasons.push(missing),
    }
}

fn name(kind: Segment) -> &'static str {
    match kind {
        Segment::StartEnd => "start-end",
        Segment::SnapshotEnd => "snapshot-end",
        Segment::Consecutive => "consecutive",
    }
}
