//! The probes around and between snapshots, in whole runs.

#[allow(dead_code, reason = "each test file uses a part")]
#[path = "support/tasks.rs"]
mod tasks;

use std::sync::Arc;

use tasks::{rows_of, task};
use traipse_sweep::columns::{ColumnDef, Table, curves, runs, surfaces, trajectory};
use traipse_sweep::rows::{Column, Values};
use traipse_sweep::{Outcome, RowBlock, Schema};
use traipse_worker::run::run;

const EVERY_PROBE: &str = "
    [probes.gradients]
    at = 'every 2 epochs'
    batches = 5
    [probes.sharpness]
    at = 'every 2 epochs'
    samples = 3
    [probes.predictions]
    at = 'every 2 epochs'
    [probes.polish]
    iterations = 5
    [probes.interpolation]
    points = 5
    segments = ['start-end', 'snapshot-end', 'consecutive']
    at = 'every 2 epochs'
    [probes.surface]
    planes = ['pca', 'random', 'three-point']
    points = 5
";

fn spec(model: &str, train: &str) -> String {
    format!(
        "name = 'nearby'\n[model]\n{model}\n[train]\nepochs = 4\nbatch_size = 64\nlearning_rate = 0.1\n{train}\n{EVERY_PROBE}"
    )
}

/// The rows of a run, and which columns they have.
struct Rows {
    outcome: Outcome,
    block: RowBlock,
    schema: Arc<Schema>,
}

fn rows(text: &str) -> Rows {
    let task = task(text);
    let (outcome, block, _) = rows_of(run(&task).0);
    Rows { outcome, block, schema: task.schema }
}

fn n_rows(rows: &Rows, of: Table) -> u32 {
    rows.block.tables.iter().find(|rows| rows.table == of).map_or(0, |rows| rows.n_rows)
}

fn column<'a>(rows: &'a Rows, of: &'static ColumnDef) -> &'a Column {
    let columns = &rows.schema.table(of.table).expect("the table was asked for").columns;
    let at = columns.iter().position(|column| column.name == of.name).expect("the column was asked for");
    &rows.block.tables.iter().find(|rows| rows.table == of.table).expect("it has rows").columns[at]
}

/// One value a row; none where it is null.
fn values(rows: &Rows, of: &'static ColumnDef) -> Vec<Option<f64>> {
    let column = column(rows, of);
    let numbers: Vec<f64> = match &column.values {
        Values::F64(numbers) => numbers.clone(),
        Values::U32(numbers) => numbers.iter().map(|&number| f64::from(number)).collect(),
        Values::Bool(truths) => truths.iter().map(|&truth| f64::from(u8::from(truth))).collect(),
        other => panic!("{} is no number: {other:?}", of.name),
    };
    numbers.into_iter().enumerate().map(|(row, value)| (!column.is_null(row)).then_some(value)).collect()
}

fn known(rows: &Rows, of: &'static ColumnDef) -> Vec<bool> {
    values(rows, of).iter().map(Option::is_some).collect()
}

fn one(rows: &Rows, of: &'static ColumnDef) -> f64 {
    values(rows, of)[0].unwrap_or_else(|| panic!("{} is null", of.name))
}

#[test]
fn probes_fill_their_columns_at_the_snapshots_that_were_chosen() {
    let found = rows(&spec("hidden = [16]", ""));
    assert_eq!(found.outcome, Outcome::Succeeded);
    // Snapshots at every epoch, 0 to 4; chosen 0, 2 and 4.
    let chosen = [true, false, true, false, true];
    let here = [
        &trajectory::GRADIENT_ERROR,
        &trajectory::NOISE_SCALE,
        &trajectory::GRADIENT_COSINE_MEAN,
        &trajectory::GRADIENT_COSINE_MIN,
        &trajectory::ASCENT_SHARPNESS,
        &trajectory::ASCENT_RADIUS,
        &trajectory::RANDOM_SHARPNESS,
        &trajectory::RANDOM_SHARPNESS_SE,
        &trajectory::RANDOM_RADIUS,
    ];
    for column in here {
        assert_eq!(known(&found, column), chosen, "{}", column.name);
    }
    let since = [
        &trajectory::GRADIENT_COSINE_PREVIOUS,
        &trajectory::GRADIENT_COSINE_STEP,
        &trajectory::PREDICTION_CHANGE,
        &trajectory::PREDICTION_KL,
    ];
    for column in since {
        assert_eq!(known(&found, column), [false, false, true, false, true], "{}", column.name);
    }
    assert_eq!(known(&found, &trajectory::NOISE_TRACE), [true; 5], "it is known exactly");
    // Training went down its gradients, and predictions changed on the way.
    assert!(values(&found, &trajectory::GRADIENT_COSINE_STEP)[2].unwrap_or(0.0) > 0.1);
    assert!(values(&found, &trajectory::PREDICTION_CHANGE)[2].unwrap_or(0.0) > 0.2);
    // Probe set 1,617 of the digits: 3 for g, 3 in f64, 3 for five batches of 64, 3 for the snapshot before (not at the
    // start); 3 + 1 + 3 for the sharpness; 1 for the test set; 3 for three shadows, 25 for a surface at its origin.
    let forwards = values(&found, &trajectory::PROBE_FORWARDS);
    assert_eq!(forwards, [45.0, 3.0, 23.0, 3.0, 73.0].map(Some));
}

#[test]
fn segments_and_polish_agree_with_the_path() {
    let found = rows(&spec("hidden = [16]", "weight_decay = 0.001"));
    // 0–4; 0–4 and 2–4; 0–2 and 2–4.
    assert_eq!(n_rows(&found, Table::Curves), 5);
    let bumps = values(&found, &curves::BARRIER_MAX);
    assert_eq!((bumps[0], bumps[2]), (bumps[1], bumps[4]), "one segment of two kinds");
    assert_eq!(one(&found, &runs::INTERPOLATION_BUMP), bumps[0].unwrap_or(f64::NAN));
    assert_eq!(one(&found, &runs::INTERPOLATION_MONOTONE), one(&found, &curves::MONOTONE));
    assert!(values(&found, &curves::LOSS_ERROR).iter().all(|error| error.is_some_and(|error| error < 1e-5)));
    assert!(one(&found, &runs::POLISH_DROP) > 0.0 && one(&found, &runs::POLISH_DISTANCE) > 0.0);
    assert!(one(&found, &runs::POLISH_GRADIENT_NORM) > 0.0 && one(&found, &runs::POLISH_ITERATIONS) == 5.0);
}

#[test]
fn surfaces_come_with_what_they_do_not_show() {
    let found = rows(&spec("hidden = [16]", ""));
    assert_eq!(n_rows(&found, Table::Surfaces), 3);
    let off = values(&found, &trajectory::OFF_PLANE_FRACTION);
    assert!(off.iter().all(|off| off.is_some_and(|off| (0.0..=1.0).contains(&off))), "{off:?}");
    assert_eq!(known(&found, &trajectory::LOSS_ON_PLANE), [true; 5]);
    let list = |of| match &column(&found, of).values {
        Values::ListF64 { offsets, values } => (offsets.clone(), values.clone()),
        other => panic!("{other:?}"),
    };
    assert_eq!(list(&surfaces::LOSS).0, [0, 25, 50, 75]);
    let (path, on_plane) = (list(&surfaces::PATH_LOSS).1, list(&surfaces::PATH_LOSS_ON_PLANE).1);
    // Start and end lie on the plane of three points, the end on the random one.
    for at in [10, 14, 9] {
        assert!((path[at] - on_plane[at]).abs() < 1e-5 * (1.0 + path[at]), "{at}: {} and {}", path[at], on_plane[at]);
    }
    let coordinates = list(&surfaces::PATH_X).1;
    assert!(coordinates[10].abs() < 1e-9 && coordinates[9].abs() < 1e-9);
}

#[test]
fn a_probe_without_an_answer_says_why() {
    let found = rows(&spec("hidden = [16]", "loss = 'mse'\nprecision = 'f64'"));
    assert_eq!(known(&found, &trajectory::GRADIENT_ERROR), [false; 5]);
    assert_eq!(known(&found, &trajectory::PREDICTION_KL), [false; 5]);
    assert_eq!(known(&found, &trajectory::PREDICTION_CHANGE), [false, false, true, false, true]);
    let status = statuses(&found, &trajectory::STATUS);
    assert!(
        status.iter().any(|text| text.contains("double-precision") && text.contains("no-probabilities")),
        "{status:?}"
    );
}

#[test]
fn batch_norm_has_a_noise_trace_from_its_minibatches() {
    let found = rows(&spec("hidden = [16]\nnorm = 'batch'", ""));
    assert_eq!(found.outcome, Outcome::Succeeded);
    assert_eq!(known(&found, &trajectory::NOISE_TRACE), [true, false, true, false, true]);
    assert!(values(&found, &trajectory::NOISE_TRACE).into_iter().flatten().all(|trace| trace > 0.0));
    assert_eq!((n_rows(&found, Table::Curves), n_rows(&found, Table::Surfaces)), (5, 3));
}

#[test]
fn a_diverged_run_is_measured_up_to_then() {
    let found = rows(&spec("hidden = [16]", "loss = 'mse'").replace("learning_rate = 0.1", "learning_rate = 1e9"));
    assert_eq!(found.outcome, Outcome::Diverged);
    assert_eq!(known(&found, &runs::POLISH_DISTANCE), [false]);
    assert_eq!(known(&found, &runs::INTERPOLATION_BUMP), [false]);
    assert!(known(&found, &trajectory::ASCENT_SHARPNESS)[0]);
    assert_eq!(statuses(&found, &surfaces::STATUS), ["diverged"; 3]);
}

fn statuses(rows: &Rows, of: &'static ColumnDef) -> Vec<String> {
    match &column(rows, of).values {
        Values::Utf8(texts) => texts.clone(),
        other => panic!("{other:?}"),
    }
}
