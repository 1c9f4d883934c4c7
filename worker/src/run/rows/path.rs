//! The rows in `gram`, `convergence` and `nulls`.

use traipse_probe::convergence::Convergence;
use traipse_probe::nulls::NullTest;
use traipse_sweep::columns::{convergence, gram, nulls};
use traipse_sweep::rows::Cell;

use super::super::analysis::Analysis;
use super::super::journey::Journey;
use super::super::measure::Measured;
use super::{Row, cells, reasons, status};

pub(super) fn gram_row(analysis: &Analysis<'_>) -> Row {
    let matrix = analysis.path.step_gram();
    vec![
        (&gram::STEPS, analysis.path.trajectory().steps().to_vec().into()),
        (&gram::GRAM, matrix.ok().map(|matrix| matrix.packed().to_vec()).into()),
        (&gram::STATUS, status([matrix.err()])),
    ]
}

pub(super) fn convergence_rows(journey: &Journey, analysis: &Analysis<'_>, found: &Measured) -> Vec<Row> {
    analysis.convergence.iter().map(|measured| convergence_row(journey, measured, found)).collect()
}

fn convergence_row(journey: &Journey, measured: &Convergence, found: &Measured) -> Row {
    let at = measured.snapshot;
    let point = at.map(|at| &journey.points[at]);
    let found = at.and_then(|at| found.convergence.get(&at));
    let mut row: Row = vec![
        (&convergence::Q, measured.threshold.into()),
        (&convergence::STEP, point.map(|point| point.step).into()),
        (&convergence::EPOCH, point.map(|point| point.epoch).into()),
        (
            &convergence::RESOLVED_STRIDE,
            point.map(|point| u32::try_from(point.updates.n_steps).unwrap_or(u32::MAX)).into(),
        ),
        (&convergence::STATUS, status(std::iter::once(measured.missing).chain(reasons(found)))),
        (&convergence::TRAVEL, measured.travel.into()),
        (&convergence::TRAVEL_FRACTION, measured.travel_fraction.into()),
        (&convergence::TRAVEL_FRACTION_LINE, measured.travel_fraction_line.into()),
        (&convergence::TRAVEL_FRACTION_WALK, measured.travel_fraction_walk.into()),
        (&convergence::PATH_FRACTION, measured.path_fraction.into()),
        (&convergence::OBJECTIVE_RATIO, at.and_then(|at| objective_ratio(journey, at)).into()),
        (&convergence::RADIAL_SHARE, measured.radial_share.into()),
        (&convergence::TRAVEL_PER_RATE_TIME, measured.travel_per_rate_time.into()),
        (&convergence::SLOPE, measured.slope.into()),
        (&convergence::OBJECTIVE_GRADIENT_NORM, point.map(|point| point.on_probe_set.objective_gradient_norm).into()),
    ];
    row.extend(cells(found));
    row
}

/// J(t*) / J(T) on the probe set; none where the end's is 0.
fn objective_ratio(journey: &Journey, at: usize) -> Option<f64> {
    let objective = |snapshot: usize| journey.points[snapshot].on_probe_set.objective();
    let (then, end) = (objective(at), objective(journey.end()?));
    (end > 0.0).then(|| then / end)
}

pub(super) fn null_rows(analysis: &Analysis<'_>) -> Vec<Row> {
    analysis.nulls.iter().map(null_row).collect()
}

fn null_row(test: &NullTest) -> Row {
    let null = test.null.as_ref();
    vec![
        (&nulls::WINDOW, test.window.as_str().into()),
        (&nulls::STATISTIC, test.statistic.name().into_owned().into()),
        (&nulls::KIND, test.kind.as_str().into()),
        (&nulls::OBSERVED, test.observed.into()),
        (&nulls::MEAN, null.map(|null| null.mean).into()),
        (&nulls::SD, null.and_then(|null| null.sd).into()),
        (&nulls::P_LOW, null.map(|null| null.p_low).into()),
        (&nulls::P_HIGH, null.map(|null| null.p_high).into()),
        (&nulls::N, Cell::U32(null.map_or(0, |null| null.n))),
        (&nulls::STATUS, status([test.missing])),
    ]
}
