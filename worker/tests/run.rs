//! Whole runs on the embedded digits: the rows that come out.

#[allow(dead_code, reason = "every test uses a part of it")]
#[path = "support/tasks.rs"]
mod tasks;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tasks::{rows_of, task, with, within};
use traipse_nn::{Dataset, Evaluator, Problem, Rows};
use traipse_sweep::columns::{ColumnDef, Table, convergence, gram, nulls, runs, trajectory};
use traipse_sweep::rows::{Column, Values};
use traipse_sweep::settings::Stop;
use traipse_sweep::{Outcome, RowBlock, RunSettings, TableRows};
use traipse_worker::run::{RunEnd, Task, run};

const SMALL: &str = "
    name = 'small'
    [model]
    hidden = [16]
    [train]
    epochs = 20
    batch_size = 16
    learning_rate = 0.1
";

fn rows(text: &str) -> (Outcome, RowBlock, Option<Vec<u8>>) {
    rows_of(run(&task(text)).0)
}

fn table(block: &RowBlock, table: Table) -> &TableRows {
    block.tables.iter().find(|rows| rows.table == table).expect("the table has rows")
}

/// What workers fill in a table where no probe is asked for.
fn default_columns(table: Table) -> impl Iterator<Item = &'static ColumnDef> {
    table.worker_columns().filter(|column| column.asked_by.is_empty())
}

fn column<'a>(block: &'a RowBlock, column: &'static ColumnDef) -> &'a Column {
    let at = default_columns(column.table).position(|known| known.name == column.name).expect("a worker's column");
    &table(block, column.table).columns[at]
}

/// The numbers of a column, none where null.
fn numbers(block: &RowBlock, of: &'static ColumnDef) -> Vec<Option<f64>> {
    let column = column(block, of);
    let values: Vec<f64> = match &column.values {
        Values::F64(values) => values.clone(),
        Values::U32(values) => values.iter().map(|value| f64::from(*value)).collect(),
        Values::U64(values) => values.iter().map(|value| *value as f64).collect(),
        other => panic!("{} holds {:?}", of.name, other.ty()),
    };
    values.into_iter().enumerate().map(|(row, value)| (!column.is_null(row)).then_some(value)).collect()
}

fn all(block: &RowBlock, of: &'static ColumnDef) -> Vec<f64> {
    numbers(block, of).into_iter().map(|value| value.expect(of.name)).collect()
}

fn one(block: &RowBlock, of: &'static ColumnDef) -> f64 {
    let values = all(block, of);
    assert_eq!(values.len(), 1, "{}", of.name);
    values[0]
}

fn texts(block: &RowBlock, of: &'static ColumnDef) -> Vec<Option<String>> {
    let column = column(block, of);
    let Values::Utf8(values) = &column.values else { panic!("{} is not text", of.name) };
    values.iter().enumerate().map(|(row, text)| (!column.is_null(row)).then(|| text.clone())).collect()
}

/// Columns of the `runs` row that are null.
fn null_summaries(block: &RowBlock) -> Vec<&'static str> {
    default_columns(Table::Runs).filter(|of| column(block, of).is_null(0)).map(|of| of.name).collect()
}

#[test]
fn a_run_on_digits_gives_all_five_tables() {
    let task = task(SMALL);
    let (RunEnd::Rows { outcome, block, kept, .. }, clock) = run(&task) else { panic!("no rows") };
    assert_eq!(outcome, Outcome::Succeeded);
    assert!(kept.is_none());
    assert!(clock.train.as_nanos() > 0 && clock.probe.as_nanos() > 0);
    assert_eq!(task.progress.load(Ordering::Relaxed), 20 * 91);
    let counts: Vec<u32> =
        Table::FROM_WORKERS.iter().filter(|of| of.asked_by().is_empty()).map(|of| table(&block, *of).n_rows).collect();
    assert_eq!(counts, [1, 21, 1, 3, 36]);

    assert_eq!(null_summaries(&block), ["diverged_step", "stopped_step", "noise_floor_final", "status"]);
    assert!(one(&block, &runs::FINAL_TEST_ERROR) < 0.06);
    assert!(one(&block, &runs::FINAL_TRAIN_ERROR) < 0.02);
    assert_eq!(one(&block, &runs::PARAMETERS), 64.0 * 16.0 + 16.0 + 160.0 + 10.0);
    assert!(one(&block, &runs::TORTUOSITY) > 1.0);
    assert!(one(&block, &runs::PERSISTENCE_EARLY) > 1.0, "{}", one(&block, &runs::PERSISTENCE_EARLY));
    let path_length = all(&block, &trajectory::UPDATE_LENGTH).iter().sum::<f64>();
    assert!((one(&block, &runs::PATH_LENGTH) - path_length).abs() < 1e-9 * path_length);

    assert_eq!(all(&block, &trajectory::STEP)[20], 1820.0);
    assert_eq!(all(&block, &trajectory::EPOCH)[20], 20.0);
    assert_eq!(all(&block, &trajectory::EXAMPLES_SEEN)[20], 20.0 * 1442.0);
    assert_eq!(all(&block, &trajectory::N_PROBE), [1442.0; 21]);
    assert_eq!(texts(&block, &trajectory::STATUS), [const { None::<String> }; 21]);
    let losses = all(&block, &trajectory::TRAIN_LOSS);
    assert!(losses[0] > 2.0 && losses[20] < losses[0] / 20.0, "{losses:?}");
    assert_eq!(numbers(&block, &trajectory::BATCH_LOSS_MEAN)[0], None);
    assert_eq!(*all(&block, &trajectory::DISTANCE_TO_END).last().expect("rows"), 0.0);
    assert_eq!(all(&block, &trajectory::DISTANCE_FROM_START)[20], one(&block, &runs::DISPLACEMENT));
}

#[test]
fn measures_of_one_run_agree_with_each_other() {
    let (_, block, _) = rows(SMALL);
    let Values::ListF64 { values: matrix, .. } = &column(&block, &gram::GRAM).values else { panic!("no matrix") };
    assert_eq!(matrix.len(), 20 * 21 / 2);
    let first = all(&block, &trajectory::DISTANCE_FROM_PREVIOUS)[1];
    assert!((matrix[0].sqrt() - first).abs() < 1e-12 * first);

    let Values::ListF64 { values: explained, .. } = &column(&block, &runs::PCA_EXPLAINED).values else { panic!() };
    assert!(explained.len() == 10 && explained.iter().sum::<f64>() <= 1.0 + 1e-12);
    let observed = numbers(&block, &nulls::OBSERVED);
    // The first row is the whole path's first component against the walk.
    assert!((observed[0].expect("a value") - explained[0]).abs() < 1e-9);
    let kinds = texts(&block, &nulls::KIND);
    assert_eq!(kinds[..3].iter().flatten().collect::<Vec<_>>(), ["walk", "signs", "shuffled"]);
    // Training is no walk: it goes on in one direction.
    assert!(numbers(&block, &nulls::P_HIGH)[0].expect("a value") < 0.05);

    let steps = all(&block, &trajectory::STEP);
    for (q, step) in numbers(&block, &convergence::STEP).into_iter().enumerate() {
        let step = step.expect("the loss falls");
        let at = steps.iter().position(|known| *known == step).expect("t* is a snapshot");
        let norm = all(&block, &trajectory::OBJECTIVE_GRADIENT_NORM)[at];
        assert_eq!(numbers(&block, &convergence::OBJECTIVE_GRADIENT_NORM)[q], Some(norm));
        let travel = numbers(&block, &convergence::TRAVEL)[q];
        assert_eq!(travel.is_some(), 4.0 * step <= 1820.0);
        assert!(travel.is_none_or(|travel| travel == all(&block, &trajectory::DISTANCE_TO_END)[at]));
    }
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let (first, second) = (rows(SMALL), rows(SMALL));
    assert_eq!(first.1, second.1);
    assert_eq!(texts(&first.1, &runs::ROWS_DIGEST), texts(&second.1, &runs::ROWS_DIGEST));
    let other = rows(&format!("{SMALL}\n[replicates]\nseed = [1]"));
    assert_ne!(texts(&first.1, &runs::ROWS_DIGEST), texts(&other.1, &runs::ROWS_DIGEST));
    assert_ne!(texts(&first.1, &runs::RUN_ID), texts(&other.1, &runs::RUN_ID));
}

#[test]
fn the_digest_is_of_the_rows_without_it() {
    let (_, mut block, _) = rows(SMALL);
    let digest = texts(&block, &runs::ROWS_DIGEST);
    let at = default_columns(Table::Runs).position(|of| of.name == "rows_digest").expect("the column");
    block.tables[0].columns[at] = Column { values: Values::Utf8(vec![String::new()]), nulls: vec![1] };
    assert_eq!(digest, [Some(block.digest())]);
}

#[test]
fn a_noop_has_one_empty_row() {
    let (outcome, block, kept) = rows("name = 'noop'\n[model]\nkind = 'noop'");
    assert_eq!((outcome, kept, block.tables.len()), (Outcome::Succeeded, None, 1));
    assert_eq!(null_summaries(&block).len(), default_columns(Table::Runs).count() - 1);
    assert_eq!(texts(&block, &runs::STATUS), [Some("noop: nothing was trained".to_owned())]);
}

#[test]
fn a_diverged_run_keeps_its_rows_and_has_no_end() {
    let (outcome, block, _) = rows("name = 'wild'\n[train]\nlearning_rate = 1e6\n[snapshots]\nat = 'every 1 steps'");
    assert_eq!(outcome, Outcome::Diverged);
    let step = one(&block, &runs::DIVERGED_STEP);
    let steps = all(&block, &trajectory::STEP);
    assert!(!steps.is_empty() && steps.iter().all(|known| *known < step), "{step} {steps:?}");
    for of in [&runs::FINAL_TRAIN_LOSS, &runs::DISPLACEMENT, &runs::PERSISTENCE_EARLY, &runs::FINAL_OBJECTIVE] {
        assert_eq!(numbers(&block, of), [None], "{}", of.name);
    }
    assert!(texts(&block, &runs::STATUS)[0].as_deref().is_some_and(|status| status.starts_with("diverged")));
    assert!(numbers(&block, &trajectory::DISTANCE_TO_END).iter().all(Option::is_none));
    assert!(texts(&block, &convergence::STATUS).iter().all(|status| status.as_deref() == Some("diverged")));
    assert!(numbers(&block, &convergence::STEP).iter().all(Option::is_none));
    assert_eq!(table(&block, Table::Nulls).n_rows, 36);
    assert!(numbers(&block, &nulls::OBSERVED).iter().all(Option::is_none));
}

#[test]
fn a_frozen_run_says_so() {
    let (outcome, block, _) = rows("name = 'frozen'\n[model]\nhidden = []\n[train]\nlearning_rate = 0.0\nepochs = 8");
    assert_eq!(outcome, Outcome::Succeeded);
    assert_eq!(one(&block, &runs::DISPLACEMENT), 0.0);
    assert_eq!(one(&block, &runs::PATH_LENGTH), 0.0);
    let moved = "did-not-move: the weights are equal at every snapshot".to_owned();
    assert_eq!(texts(&block, &runs::STATUS), [Some(moved)]);
    for of in [&runs::TORTUOSITY, &runs::PERSISTENCE_LATE, &runs::PCA_PARTICIPATION, &runs::TURNING_COSINE_MEAN] {
        assert_eq!(numbers(&block, of), [None], "{}", of.name);
    }
    assert!(numbers(&block, &trajectory::PERSISTENCE).iter().all(Option::is_none));
    assert!(texts(&block, &convergence::STATUS).iter().flatten().all(|status| status.starts_with("never-fell")));
    assert!(texts(&block, &nulls::STATUS).iter().all(Option::is_some));
}

#[test]
fn two_snapshots_are_enough() {
    let (_, block, _) = rows("name = 'two'\n[model]\nhidden = []\n[train]\nsteps = 1");
    assert_eq!(all(&block, &trajectory::STEP), [0.0, 1.0]);
    assert_eq!(numbers(&block, &trajectory::PERSISTENCE)[0], None);
    assert!((all(&block, &trajectory::UPDATE_LENGTH)[1] - one(&block, &runs::DISPLACEMENT)).abs() < 1e-6);
    assert_eq!(one(&block, &runs::PCA_PARTICIPATION), 1.0);
    assert!(texts(&block, &convergence::STATUS).iter().flatten().all(|status| status == "not-converged"));
    assert!(texts(&block, &nulls::STATUS).iter().flatten().all(|status| status.starts_with("short-window")));
}

#[test]
fn kept_weights_give_the_losses_of_the_tables() {
    let text = format!("{SMALL}\n[snapshots]\nat = 'every 10 epochs'\nkeep = true");
    let (_, block, kept) = rows(&text);
    let kept = kept.expect("weights are kept");
    let file = safetensors::SafeTensors::deserialize(&kept).expect("a safetensors file");
    assert_eq!(file.len(), 3 * 4);
    assert_eq!(file.tensor("step.910.layers.0.weight").expect("a tensor").shape(), [16, 64]);
    let task = task(&text);
    let data: &Arc<Dataset> = task.data.as_ref().expect("digits");
    let problem = Problem::new(&task.plan.settings(task.job), Arc::clone(data)).expect("a problem");
    let mut evaluator = Evaluator::new(&problem);
    for (snapshot, step) in [0, 910, 1820].into_iter().enumerate() {
        let theta: Vec<f32> = ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]
            .into_iter()
            .flat_map(|part| {
                let tensor = file.tensor(&format!("step.{step}.{part}")).expect("a tensor");
                tensor.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect::<Vec<_>>()
            })
            .collect();
        let loss = evaluator.loss(&theta, &[], Rows::Test);
        assert_eq!(loss.mean, all(&block, &trajectory::TEST_LOSS)[snapshot]);
    }
}

#[test]
fn snapshots_in_a_file_give_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let texts = [
        format!("{SMALL}\n[snapshots]\nat = 'every epoch'\nkeep = true"),
        // Several parts of several chunks each; and more snapshots than the matrix takes.
        "name = 'wide'\n[model]\nhidden = [900]\n[train]\nsteps = 6\n[snapshots]\nat = 'every step'\nkeep = true"
            .to_owned(),
        "name = 'long'\n[model]\nhidden = []\n[train]\nsteps = 300\n[snapshots]\nat = 'every step'".to_owned(),
        "name = 'wild'\n[train]\nlearning_rate = 1e6\n[snapshots]\nat = 'every step'".to_owned(),
        format!("{SMALL}precision = 'f64'\n[snapshots]\nat = 'every epoch'\nkeep = true"),
    ];
    for text in texts {
        let (outcome, block, kept) = rows(&text);
        for memory in [0, 10_000, 500_000] {
            let (spilled_outcome, spilled, spilled_kept) = rows_of(run(&within(&text, memory, &folder)).0);
            assert_eq!((spilled_outcome, spilled.digest()), (outcome, block.digest()), "{memory} bytes: {text}");
            assert!(spilled_kept == kept, "{memory} bytes: other weights are kept: {text}");
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0, "nothing is left");
}

#[test]
fn a_run_in_double_precision_keeps_its_bits() {
    let text = format!("{SMALL}precision = 'f64'\n[snapshots]\nat = 'every 20 epochs'\nkeep = true");
    let (_, block, kept) = rows(&text);
    let kept = kept.expect("weights are kept");
    let file = safetensors::SafeTensors::deserialize(&kept).expect("a safetensors file");
    let bias = file.tensor("step.1820.layers.1.bias").expect("a tensor");
    assert_eq!((bias.dtype(), bias.shape()), (safetensors::Dtype::F64, &[10][..]));
    let (_, single, _) = rows(&text.replace("f64", "f32"));
    let loss = |block| one(block, &runs::FINAL_TEST_LOSS);
    assert!(loss(&block) != loss(&single) && (loss(&block) - loss(&single)).abs() < 1e-3);
}

#[test]
fn a_training_stops_at_the_first_snapshot_that_is_good_enough() {
    let stop = |train_error| move |run: &mut RunSettings| run.train.stop = Some(Stop { train_error });
    let (_, whole, _) = rows(SMALL);
    let errors = all(&whole, &trajectory::TRAIN_ERROR);
    for train_error in [0.05, 0.02, 1.0, 0.0] {
        let task = with(SMALL, stop(train_error));
        let (outcome, block, _) = rows_of(run(&task).0);
        assert_eq!(outcome, Outcome::Succeeded);
        let end = errors.iter().position(|&error| error <= train_error).unwrap_or(20);
        let steps = all(&block, &trajectory::STEP);
        assert_eq!(steps, all(&whole, &trajectory::STEP)[..=end]);
        assert_eq!(all(&block, &trajectory::TRAIN_ERROR), errors[..=end]);
        assert_eq!(all(&block, &trajectory::DISTANCE_TO_END)[end], 0.0);
        assert_eq!(one(&block, &runs::FINAL_TRAIN_ERROR), errors[end]);
        let stopped = (errors[end] <= train_error).then_some(steps[end]);
        assert_eq!(numbers(&block, &runs::STOPPED_STEP), [stopped]);
        assert_eq!(task.progress.load(Ordering::Relaxed) as f64, steps[end]);
    }
}

#[test]
fn a_folder_that_takes_no_file_loses_the_attempt_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut task = within(SMALL, 0, &folder);
    task.scratch.folder = folder.path().join("nowhere");
    let RunEnd::Lost(error) = run(&task).0 else { panic!("it ran") };
    let text = error.to_string();
    assert!(text.contains("nowhere") && text.contains("--memory") && text.contains("--state"), "{text}");
}

#[test]
fn a_stopped_run_has_no_rows_and_a_wrong_one_says_why() {
    let stopped = task(SMALL);
    stopped.stop.store(true, Ordering::Relaxed);
    assert!(matches!(run(&stopped).0, RunEnd::Stopped));
    let RunEnd::Invalid(why) = run(&task("name = 'large'\n[train]\nbatch_size = 5000")).0 else { panic!("it ran") };
    assert!(why.contains("train.batch_size"), "{why}");
    let RunEnd::Invalid(why) = run(&Task { data: None, ..task(SMALL) }).0 else { panic!("it ran") };
    assert!(why.contains("no data"), "{why}");
}
