//! The rows in `trajectory`, one a snapshot.

use traipse_nn::Problem;
use traipse_probe::Missing;
use traipse_probe::path::persistence;
use traipse_sweep::Schema;
use traipse_sweep::columns::{ColumnDef, Table, trajectory};

use super::super::analysis::Analysis;
use super::super::journey::{Journey, Point};
use super::super::measure::{Findings, Measured};
use super::{Row, cells, count, objective, of_objective, reasons, share, status};

/// A column that says what probes spent, and where that is counted.
type Cost = (&'static ColumnDef, fn(&Findings) -> u32);

const COSTS: [Cost; 2] =
    [(&trajectory::PROBE_HVPS, |found| found.hvps), (&trajectory::PROBE_FORWARDS, |found| found.forwards)];

/// Those that the sweep has.
pub(super) fn cost_columns(schema: &Schema) -> Vec<Cost> {
    let columns = schema.table(Table::Trajectory).map_or(&[][..], |table| &table.columns);
    COSTS.into_iter().filter(|(cost, _)| columns.iter().any(|column| column.name == cost.name)).collect()
}

pub(super) fn rows(
    problem: &Problem,
    journey: &Journey,
    analysis: &Analysis<'_>,
    measured: &Measured,
    costs: &[Cost],
) -> Vec<Row> {
    let mut path_length = 0.0;
    let rows = journey.points.iter().enumerate().map(|(snapshot, point)| {
        path_length += point.updates.length;
        let mut row = place_cells(snapshot, point);
        row.extend(loss_cells(problem, analysis, snapshot, point));
        let found = measured.snapshots.get(&snapshot);
        row.extend(path_cells(journey, analysis, (snapshot, point), found));
        row.extend(cells(found));
        row.extend(costs.iter().map(|(column, cost)| (*column, found.map_or(0, cost).into())));
        row.push((&trajectory::PATH_LENGTH, path_length.into()));
        row
    });
    rows.collect()
}

fn place_cells(snapshot: usize, point: &Point) -> Row {
    vec![
        (&trajectory::SNAPSHOT, count(snapshot).into()),
        (&trajectory::STEP, point.step.into()),
        (&trajectory::EXAMPLES_SEEN, point.examples_seen.into()),
        (&trajectory::EPOCH, point.epoch.into()),
        (&trajectory::RATE_TIME, point.rate_time.into()),
        (&trajectory::LEARNING_RATE, point.learning_rate.into()),
        (&trajectory::STRIDE, u32::try_from(point.updates.n_steps).unwrap_or(u32::MAX).into()),
        (&trajectory::UPDATE_LENGTH, point.updates.length.into()),
        (&trajectory::UPDATE_SQUARE, point.updates.square.into()),
    ]
}

fn loss_cells(problem: &Problem, analysis: &Analysis<'_>, snapshot: usize, point: &Point) -> Row {
    let probe = &point.on_probe_set;
    let train = analysis.whole.get(&snapshot).copied().unwrap_or(probe.loss);
    let n_steps = point.updates.n_steps;
    let batch_loss_mean = (n_steps > 0).then(|| point.updates.batch_loss / n_steps as f64);
    let mut row: Row = vec![
        (&trajectory::TRAIN_LOSS, train.mean.into()),
        (&trajectory::TRAIN_ERROR, share(train.error)),
        (&trajectory::OBJECTIVE, objective(problem, train.mean, point)),
        (&trajectory::N_PROBE, u32::try_from(train.n).unwrap_or(u32::MAX).into()),
        (&trajectory::TEST_LOSS, point.on_test_set.mean.into()),
        (&trajectory::TEST_ERROR, share(point.on_test_set.error)),
        (&trajectory::BATCH_LOSS_MEAN, batch_loss_mean.into()),
        (&trajectory::GRADIENT_NORM, probe.gradient_norm.into()),
        (&trajectory::OBJECTIVE_GRADIENT_NORM, of_objective(problem, probe.objective_gradient_norm)),
    ];
    // Where it is not known exactly, a probe may estimate it.
    row.extend(probe.noise_trace.map(|trace| (&trajectory::NOISE_TRACE, trace.into())));
    row
}

fn path_cells(
    journey: &Journey,
    analysis: &Analysis<'_>,
    (t, point): (usize, &Point),
    found: Option<&Findings>,
) -> Row {
    let geometry = &analysis.geometry;
    let moved = geometry.from_previous[t];
    let ended = journey.end().is_some();
    let finite = point.on_probe_set.loss.mean.is_finite() && point.on_test_set.mean.is_finite();
    let known = [
        (!ended).then_some(Missing::Diverged),
        (!finite).then_some(Missing::NotFinite),
        analysis.pca.as_ref().err().copied(),
    ];
    vec![
        (&trajectory::WEIGHT_NORM, geometry.weight_norm[t].into()),
        (&trajectory::DISTANCE_FROM_START, geometry.from_start[t].into()),
        (&trajectory::DISTANCE_FROM_PREVIOUS, moved.into()),
        (&trajectory::DISTANCE_TO_END, ended.then_some(geometry.to_end[t]).into()),
        (&trajectory::PERSISTENCE, persistence(moved * moved, point.updates.square).into()),
        (&trajectory::TURNING_COSINE, geometry.turning_cosine[t].into()),
        (&trajectory::COSINE_TO_END, geometry.cosine_to_end[t].filter(|_| ended).into()),
        (&trajectory::PC_SCORES, analysis.pca.as_ref().ok().map(|pca| pca.scores[t].clone()).into()),
        (&trajectory::STATUS, status(known.into_iter().chain(reasons(found)))),
    ]
}
