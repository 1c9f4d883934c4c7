//! The row in `runs`.

use traipse_nn::{Loss, Problem};
use traipse_probe::Missing;
use traipse_sweep::columns::runs;
use traipse_sweep::rows::Cell;
use traipse_sweep::run_id;

use super::super::analysis::Analysis;
use super::super::journey::Journey;
use super::super::measure::Findings;
use super::{Row, cells, objective, of_objective, reasons, share, status};

/// All but the digest.
pub(super) fn row(problem: &Problem, journey: &Journey, analysis: &Analysis<'_>, found: &Findings) -> Row {
    let data = problem.data();
    let best_test_error = journey.points.iter().map(|point| point.on_test_set.error).reduce(f64::min);
    let known = [analysis.summary.as_ref().err().copied(), analysis.pca.as_ref().err().copied()];
    let mut row: Row = vec![
        (&runs::RUN_ID, run_id(problem.settings(), &data.hash).into()),
        (&runs::PARAMETERS, (problem.n_parameters() as u64).into()),
        (&runs::N_TRAIN, (data.train.len() as u64).into()),
        (&runs::N_TEST, (data.test.len() as u64).into()),
        (&runs::DATA_HASH, data.hash.clone().into()),
        (&runs::DIVERGED_STEP, journey.diverged_step.into()),
        (&runs::STOPPED_STEP, journey.stopped_step.into()),
        (&runs::BEST_TEST_ERROR, best_test_error.map_or(Cell::Null, share)),
        (&runs::STATUS, status(known.into_iter().chain(reasons(Some(found))))),
    ];
    if let Some(end) = journey.end() {
        row.extend(end_cells(problem, journey, analysis.whole[&end], end));
    }
    row.extend(path_cells(analysis));
    if let Some(fork) = &problem.settings().fork {
        row.push((&runs::FORK_STEP, fork.step(problem.course().steps_per_epoch).into()));
    }
    row.extend(cells(Some(found)));
    row
}

/// The row of a run that trains nothing.
pub(super) fn noop() -> Row {
    vec![(&runs::STATUS, Missing::Noop.as_str().into())]
}

pub(super) fn with_digest(mut row: Row, digest: String) -> Row {
    row.push((&runs::ROWS_DIGEST, digest.into()));
    row
}

fn end_cells(problem: &Problem, journey: &Journey, whole: Loss, end: usize) -> Row {
    let point = &journey.points[end];
    // Guessing errs on all classes but one.
    let chance = 1.0 - 1.0 / problem.data().n_classes as f64;
    vec![
        (&runs::LEARNED, if whole.error.is_nan() { Cell::Null } else { (whole.error < 0.5 * chance).into() }),
        (&runs::FINAL_TRAIN_LOSS, whole.mean.into()),
        (&runs::FINAL_TRAIN_ERROR, share(whole.error)),
        (&runs::FINAL_TEST_LOSS, point.on_test_set.mean.into()),
        (&runs::FINAL_TEST_ERROR, share(point.on_test_set.error)),
        (&runs::FINAL_OBJECTIVE, objective(problem, whole.mean, point)),
        (&runs::OBJECTIVE_GRADIENT_NORM_FINAL, of_objective(problem, point.on_probe_set.objective_gradient_norm)),
    ]
}

fn path_cells(analysis: &Analysis<'_>) -> Row {
    let mut row: Row = Vec::new();
    if let Ok(summary) = &analysis.summary {
        row.extend([
            (&runs::DISPLACEMENT, Cell::from(summary.displacement)),
            (&runs::PATH_LENGTH, summary.path_length.into()),
            (&runs::PATH_LENGTH_SNAPSHOTS, summary.path_length_snapshots.into()),
            (&runs::TORTUOSITY, summary.tortuosity.into()),
            (&runs::PERSISTENCE_EARLY, summary.persistence_early.into()),
            (&runs::PERSISTENCE_LATE, summary.persistence_late.into()),
            (&runs::TURNING_COSINE_MEAN, summary.turning_cosine_mean.into()),
        ]);
    }
    if let Ok(pca) = &analysis.pca {
        row.extend([
            (&runs::PCA_EXPLAINED, Cell::from(pca.explained.clone())),
            (&runs::PCA_PARTICIPATION, pca.participation.into()),
            (&runs::PCA_COMPONENTS_90, pca.components_90.into()),
            (&runs::PCA_COMPONENTS_99, pca.components_99.into()),
        ]);
    }
    row
}
