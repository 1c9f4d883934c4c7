//! Collection: the same tables however the rows were spread, every run with its row, metadata, and refusals.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::{Done, N_SNAPSHOTS, bare_segments, failed, input, number, plan, run, seeds, segments};
use traipse_results::{Collect, Error, Raised, collect, holds, read};
use traipse_sweep::columns::Table;
use traipse_sweep::spec::{ReplicateAxis, ReplicateKey};
use traipse_sweep::{JobNumber, Plan, SweepId};

fn all(plan: &Plan) -> Vec<Done> {
    (0..plan.n_jobs()).map(|job| Done { job, generation: 0, diverged: job % 7 == 3 }).collect()
}

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

#[test]
fn bytes_do_not_depend_on_the_segments() {
    let plan = plan(&[0.1, 0.2, 0.3], seeds(25));
    let (one, few) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let done = all(&plan);
    let mut backwards = done.clone();
    backwards.reverse();
    let first = run(&plan, &done, 1, vec![], one.path());
    run(&plan, &backwards, 7, vec![], few.path());
    let (one, few) = (files(one.path()), files(few.path()));
    assert_eq!(one.len(), 9);
    for name in one.keys() {
        assert!(one[name] == few[name], "{name} differs");
    }
    let size = |file: &Vec<u8>| file.len() as u64;
    assert_eq!(first.files.iter().map(|file| file.size).sum::<u64>(), one.values().map(size).sum::<u64>());
}

#[test]
fn more_segments_than_can_be_open_at_once() {
    let plan = plan(&[0.1, 0.2, 0.3], seeds(50));
    let (one, many) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (n, out) in [(1, &one), (66, &many)] {
        let dir = tempfile::tempdir().unwrap();
        let segments = bare_segments(dir.path(), &plan, n);
        collect(&input(&plan, segments, vec![]), out.path()).unwrap();
    }
    let status = read::texts(&many.path().join("runs.parquet"), "status").unwrap();
    assert_eq!(status[257].as_deref(), Some("noop 257"));
    assert!(files(one.path()) == files(many.path()), "and no file of a round is left");
}

#[test]
fn seeds_that_vary_against_each_other_are_crossed() {
    let axis = |key, n| ReplicateAxis { key, values: (0..n).collect() };
    let plan = plan(&[0.1], vec![axis(ReplicateKey::InitSeed, 3), axis(ReplicateKey::OrderSeed, 2)]);
    let out = tempfile::tempdir().unwrap();
    let done: Vec<_> = (0..plan.n_jobs()).map(|job| Done { job, generation: 0, diverged: false }).collect();
    run(&plan, &done, 2, vec![], out.path());
    let table = out.path().join("statistics.parquet");
    assert!(read::texts(&table, "design").unwrap().iter().all(|design| design.as_deref() == Some("crossed")));
    let metrics = read::texts(&table, "metric").unwrap();
    let at = metrics.iter().position(|metric| metric.as_deref() == Some("displacement")).unwrap();

    // Mean squares of the 3 × 2 table of the first cell, no component below 0.
    let y = |i: u64, j: u64| number(2 * i + j, "displacement", 0);
    let row = |i| (y(i, 0) + y(i, 1)) / 2.0;
    let column = |j| (y(0, j) + y(1, j) + y(2, j)) / 3.0;
    let mean = (column(0) + column(1)) / 2.0;
    let square = |x: f64| x * x;
    let first = 2.0 * (0..3).map(|i| square(row(i) - mean)).sum::<f64>() / 2.0;
    let second = 3.0 * (0..2).map(|j| square(column(j) - mean)).sum::<f64>();
    let pairs = (0..3).flat_map(|i| [(i, 0), (i, 1)]);
    let rest = pairs.map(|(i, j)| square(y(i, j) - row(i) - column(j) + mean)).sum::<f64>() / 2.0;
    let variance = (rest + (first - rest).max(0.0) + (second - rest).max(0.0)) / 6.0;
    let sem = read::numbers(&table, "sem").unwrap()[at].unwrap();
    assert!((sem - variance.sqrt()).abs() < 1e-12, "{sem} is not {}", variance.sqrt());
}

#[test]
fn rows_stand_under_their_run() {
    let plan = plan(&[0.1, 0.2], seeds(3));
    let out = tempfile::tempdir().unwrap();
    let collected = run(&plan, &all(&plan), 3, vec![], out.path());
    let runs = out.path().join("runs.parquet");
    let n = plan.n_jobs();
    let ascending: Vec<_> = (0..n).map(|run| Some(run as f64)).collect();
    assert_eq!(read::numbers(&runs, "run").unwrap(), ascending);
    let errors = read::numbers(&runs, "final_test_error").unwrap();
    for run in 0..n {
        let job = plan.job_of_run(run).0;
        let expected = (job % 7 != 3).then(|| number(job, "final_test_error", 0));
        assert_eq!(errors[run as usize], expected);
    }
    let hidden = read::texts(&runs, "hidden").unwrap();
    assert_eq!((hidden[0].as_deref(), hidden[n as usize - 1].as_deref()), (Some("8"), Some("16-16")));
    assert_eq!(read::lists(&runs, "hidden_list").unwrap()[n as usize - 1], Some(vec![16.0, 16.0]));
    assert_eq!(read::numbers(&runs, "depth").unwrap()[0], Some(1.0));
    assert_eq!(read::numbers(&runs, "learning_rate").unwrap()[3], Some(0.2));
    assert_eq!(read::numbers(&runs, "replicate").unwrap()[4], Some(1.0));
    assert_eq!(read::numbers(&runs, "seed").unwrap()[5], Some(2.0));
    assert!(read::texts(&runs, "settings").unwrap()[0].as_deref().unwrap().contains("\"learning_rate\":0.1"));
    let steps = out.path().join("trajectory.parquet");
    assert_eq!(read::numbers(&steps, "run").unwrap().len() as u64, N_SNAPSHOTS * n - 2 * 2);
    let attempts = out.path().join("attempts.parquet");
    assert_eq!(read::numbers(&attempts, "job").unwrap(), ascending);
    let counts: Vec<_> = collected.n_runs.iter().map(|(outcome, count)| (outcome.as_str(), *count)).collect();
    assert_eq!(counts, [("succeeded", 10), ("diverged", 2)]);
}

#[test]
fn every_run_has_a_row_whatever_became_of_it() {
    let plan = plan(&[0.1, 0.2], seeds(3));
    let out = tempfile::tempdir().unwrap();
    let done: Vec<_> = all(&plan).into_iter().filter(|done| done.job < 6).collect();
    run(&plan, &done, 2, vec![failed(6, 2)], out.path());
    let runs = out.path().join("runs.parquet");
    let outcomes = read::texts(&runs, "outcome").unwrap();
    let status = read::texts(&runs, "status").unwrap();
    for run in 0..plan.n_jobs() {
        let job = plan.job_of_run(run).0;
        let expected = match job {
            3 => "diverged",
            0..6 => "succeeded",
            6 | 7 => "failed",
            _ => "unfinished",
        };
        assert_eq!(outcomes[run as usize].as_deref(), Some(expected));
        let message = (expected == "failed").then_some("no such file");
        assert_eq!(status[run as usize].as_deref(), message);
    }
    assert_eq!(read::numbers(&runs, "displacement").unwrap().iter().flatten().count(), 5);
}

#[test]
fn the_current_generation_counts() {
    let plan = plan(&[0.1], seeds(2));
    let out = tempfile::tempdir().unwrap();
    let mut done = all(&plan);
    done.push(Done { job: 1, generation: 2, diverged: true });
    done.push(Done { job: 1, generation: 1, diverged: false });
    // Rows of a generation that was raised after the counts were taken.
    done.push(Done { job: 1, generation: 3, diverged: false });
    // Job 2 ended without rows in the generation that counts, job 3 has not ended in it: their older rows are gone.
    let dir = tempfile::tempdir().unwrap();
    let files = segments(dir.path(), &plan, &done, 4);
    let raise = |first_job, n_jobs, generation| Raised { first_job, n_jobs, generation };
    let raised = vec![raise(1, 1, 2), raise(2, 2, 1)];
    collect(&Collect { raised, ..input(&plan, files, vec![failed(2, 1)]) }, out.path()).unwrap();
    let at = |job| plan.place(JobNumber(job)).run;
    let runs = out.path().join("runs.parquet");
    let outcomes = read::texts(&runs, "outcome").unwrap();
    assert_eq!(outcomes[at(1) as usize].as_deref(), Some("diverged"));
    assert_eq!(read::numbers(&runs, "path_length").unwrap()[at(1) as usize], Some(number(2001, "path_length", 0)));
    let steps = out.path().join("trajectory.parquet");
    let rows = read::numbers(&steps, "run").unwrap();
    let count = |job| rows.iter().flatten().filter(|run| **run as u64 == at(job)).count();
    assert_eq!((count(0), count(1), count(2), count(3)), (4, 2, 0, 0));
    assert_eq!(outcomes[at(3) as usize].as_deref(), Some("unfinished"));
    let first = rows.iter().position(|run| *run == Some(at(1) as f64)).unwrap();
    assert_eq!(read::numbers(&steps, "train_loss").unwrap()[first], Some(number(2001, "train_loss", 0)));
}

#[test]
fn statistics_know_losses_and_survivors() {
    let plan = plan(&[0.1, 0.2], seeds(4));
    let out = tempfile::tempdir().unwrap();
    // Cell 0: one run diverged, one failed. Cell 1: all diverged. Cells 2 and 3: all succeeded, but one is unfinished.
    let mut done: Vec<_> =
        (0..15).map(|job| Done { job, generation: 0, diverged: job == 1 || (4..8).contains(&job) }).collect();
    done.remove(0);
    let collected = run(&plan, &done, 2, vec![failed(0, 1)], out.path());
    let table = out.path().join("statistics.parquet");
    let text = |column: &str| read::texts(&table, column).unwrap();
    let value = |column: &str| read::numbers(&table, column).unwrap();
    let (metrics, levels, cells) = (text("metric"), text("level"), value("cell"));
    let row = |metric: &str, level: &str, cell: f64| {
        (0..metrics.len())
            .find(|&at| {
                metrics[at].as_deref() == Some(metric)
                    && levels[at].as_deref() == Some(level)
                    && cells[at] == Some(cell)
            })
            .unwrap()
    };
    let first = row("final_test_error", "run", 0.0);
    let at = |column: &str, row: usize| value(column)[row];
    let n = ["n_total", "n_value", "n_succeeded", "n_diverged", "n_failed", "survivors_only"]
        .map(|column| at(column, first));
    assert_eq!(n, [4.0, 2.0, 2.0, 1.0, 1.0, 1.0].map(Some));
    let (a, b) = (number(2, "final_test_error", 0), number(3, "final_test_error", 0));
    assert!((at("mean", first).unwrap() - (a + b) / 2.0).abs() < 1e-15);
    assert!((at("sd", first).unwrap() - (a - b).abs() / 2.0_f64.sqrt()).abs() < 1e-15);
    assert!(
        (at("t_high", first).unwrap() - ((a + b) / 2.0 + 12.706_204_736_174_7 * (a - b).abs() / 2.0)).abs() < 1e-12
    );
    assert_eq!((at("bootstrap_low", first), at("bootstrap_high", first)), (Some(a.min(b)), Some(a.max(b))));

    let lost = row("final_test_error", "run", 1.0);
    assert_eq!((at("n_value", lost), at("mean", lost), at("n_diverged", lost)), (Some(0.0), None, Some(4.0)));
    let kept = row("path_length", "run", 1.0);
    assert_eq!(at("n_value", kept), Some(4.0), "what does not refer to the end is there");
    let learned = row("learned", "run", 2.0);
    assert!(at("t_low", learned).unwrap() >= 0.0 && at("t_high", learned).unwrap() <= 1.0);
    assert_eq!(at("geometric_mean", learned), None);
    assert!(!metrics.iter().any(|metric| metric.as_deref() == Some("noise_floor_final")), "no run has it");
    for name in ["travel_fraction_q01", "step_q001", "null_signs_pca_explained_1_sd", "pca_explained_3"] {
        row(name, "run", 3.0);
    }
    let loss = row("train_loss", "snapshot", 1.0);
    assert_eq!((at("step", loss), at("step", loss + 1), at("n_value", loss)), (Some(0.0), Some(10.0), Some(4.0)));
    assert_eq!(at("bootstrap_low", loss), None);
    assert!(metrics.windows(2).zip(cells.windows(2)).all(|(metric, cell)| cell[0] < cell[1] || metric[0] <= metric[1]));

    let [cell, all_lost, ..] = &collected.cells[..] else { panic!("four cells") };
    assert_eq!((cell.n_succeeded, cell.n_total, cell.survivors_only, cell.n_not_converged), (2, 4, true, 0));
    assert_eq!(cell.test_error.unwrap().mean, at("mean", first).unwrap());
    assert_eq!(cell.axes.len(), 2);
    assert!(cell.pca_explained_1_signs.unwrap().0 < cell.pca_explained_1_signs.unwrap().1);
    assert_eq!(all_lost.test_error, None);
}

#[test]
fn the_manifest_and_the_files_say_what_they_hold() {
    let plan = plan(&[0.1], seeds(2));
    let out = tempfile::tempdir().unwrap();
    assert_eq!(holds(out.path()).unwrap(), None);
    let collected = run(&plan, &all(&plan), 1, vec![], out.path());
    assert_eq!(holds(out.path()).unwrap(), Some(SweepId(42)));
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(out.path().join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["n_runs"]["succeeded"], 3);
    assert_eq!(manifest["cpu_features"], serde_json::json!(["cpu0", "cpu1"]));
    assert_eq!(manifest["partial"], false);
    let runs = &collected.files[0];
    assert_eq!(manifest["files"]["runs.parquet"]["sha256"], runs.sha256.as_str());
    assert_eq!((runs.n_rows, manifest["files"].as_object().unwrap().len()), (4, 8));

    fs::write(out.path().join("manifest.json"), "{}").unwrap();
    assert!(holds(out.path()).unwrap_err().to_string().contains("manifest.json"));
}

#[test]
fn a_sweep_without_any_rows_has_all_tables() {
    let plan = plan(&[0.1], seeds(2));
    let out = tempfile::tempdir().unwrap();
    let collected = run(&plan, &[], 1, vec![], out.path());
    assert_eq!(collected.files.iter().map(|file| file.n_rows).collect::<Vec<_>>(), [4, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(collected.cells.len(), 2);
    assert_eq!(collected.cells[0].test_error, None);
}

#[test]
fn segments_of_another_sweep_are_refused_and_nothing_is_left() {
    let (large, small) = (plan(&[0.1, 0.2], seeds(5)), plan(&[0.1], seeds(2)));
    let (dir, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let files = segments(dir.path(), &large, &all(&large), 1);
    let error = collect(&input(&small, files.clone(), vec![]), out.path()).unwrap_err();
    assert!(error.to_string().contains("job 4 is none of the sweep's 4 runs"), "{error}");
    let mut twice = files.clone();
    twice.extend(files);
    let error = collect(&input(&large, twice, vec![]), out.path()).unwrap_err();
    assert!(matches!(error, Error::Foreign { table: Table::Runs, job: 0 }), "{error}");
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
    let missing = vec![(Table::Runs, "/nowhere/runs.parquet".into())];
    let error = collect(&input(&small, missing, vec![]), out.path()).unwrap_err();
    assert!(error.to_string().contains("/nowhere/runs.parquet"), "{error}");
}
