//! Comparisons and the tables that must be asked for: under their place, counted, and gone where the sweep lacks them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::{Done, attempt, comparison_block, failed, forked_plan, input, number, plan, run, seeds, segments};
use traipse_results::{Collected, WithoutRows, collect, read, segment};
use traipse_sweep::columns::Table;
use traipse_sweep::rows::Schema;
use traipse_sweep::{Generation, JobNumber, Plan};

fn all_runs(plan: &Plan) -> Vec<Done> {
    (0..plan.n_run_jobs()).map(|job| Done { job, generation: 0, diverged: false }).collect()
}

/// Segments with the rows of these comparisons in these generations.
fn comparisons(dir: &Path, stem: &str, plan: &Plan, jobs: &[(u64, u32)]) -> Vec<(Table, PathBuf)> {
    let schema = Schema::of(plan.spec());
    let blocks = jobs.iter().map(|&(job, generation)| {
        let block = comparison_block(&schema, job + 1000 * u64::from(generation));
        (JobNumber(job), Generation(generation), block)
    });
    let mut attempts: Vec<_> = jobs.iter().map(|&(job, generation)| attempt(job, generation + 1)).collect();
    attempts.iter_mut().for_each(|attempt| attempt.kind = "comparison".into());
    let files = segment::write(dir, stem, &schema, blocks, &attempts).unwrap();
    files.into_iter().map(|file| (file.table, file.path)).collect()
}

fn collected(plan: &Arc<Plan>, jobs: &[(u64, u32)], without: Vec<WithoutRows>, out: &Path) -> Collected {
    let dir = tempfile::tempdir().unwrap();
    let mut files = segments(dir.path(), plan, &all_runs(plan), 2);
    let (even, odd): (Vec<_>, Vec<_>) = jobs.iter().partition(|(job, _)| job % 2 == 0);
    files.extend(comparisons(dir.path(), "even", plan, &even));
    files.extend(comparisons(dir.path(), "odd", plan, &odd));
    collect(&input(plan, files, without), out).unwrap()
}

#[test]
fn every_table_that_is_asked_for_is_there() {
    let plan = forked_plan(3, 2, &["branch"]);
    let out = tempfile::tempdir().unwrap();
    let jobs: Vec<_> = (plan.n_run_jobs()..plan.n_jobs()).map(|job| (job, 0)).collect();
    collected(&plan, &jobs, vec![], out.path());
    for table in Table::FROM_WORKERS {
        let path = out.path().join(format!("{}.parquet", table.as_str()));
        assert!(path.exists(), "{}", table.as_str());
    }
    let layers = out.path().join("layers.parquet");
    let runs = read::numbers(&layers, "run").unwrap();
    assert_eq!(runs.len() as u64, 8 * plan.n_run_jobs());
    assert!(runs.is_sorted());
    let branch = read::numbers(&out.path().join("runs.parquet"), "branch").unwrap();
    assert_eq!(branch[..4], [Some(0.0), Some(1.0), Some(0.0), Some(1.0)]);
    // Attempts at comparisons have no run.
    let attempts = out.path().join("attempts.parquet");
    let (jobs, runs) = (read::numbers(&attempts, "job").unwrap(), read::numbers(&attempts, "run").unwrap());
    for (job, run) in jobs.into_iter().zip(runs) {
        assert_eq!(run, job.filter(|job| (*job as u64) < plan.n_run_jobs()));
    }
}

#[test]
fn rows_of_a_comparison_stand_under_its_place() {
    let plan = forked_plan(3, 2, &["branch", "seed", "model.hidden"]);
    let out = tempfile::tempdir().unwrap();
    let first = plan.n_run_jobs();
    let jobs: Vec<_> = (first..plan.n_jobs()).map(|job| (job, 0)).collect();
    let found = collected(&plan, &jobs, vec![], out.path());
    assert_eq!(found.n_comparisons, [("succeeded".to_owned(), plan.n_comparisons())]);
    let table = out.path().join("comparisons.parquet");
    let numbers = |name| read::numbers(&table, name).unwrap();
    let texts = |name| read::texts(&table, name).unwrap();
    let (comparison, cell, seed, label) =
        (numbers("comparison"), numbers("cell"), numbers("seed"), texts("cell_label"));
    let (run_a, run_b, differs) = (numbers("run_a"), numbers("run_b"), texts("differs_in"));
    let barrier = numbers("barrier_chord");
    assert_eq!(comparison.len() as u64, 3 * plan.n_comparisons());
    for (row, job) in (first..plan.n_jobs()).flat_map(|job| [job; 3]).enumerate() {
        let (group, place) = (plan.group(JobNumber(job)).unwrap(), plan.comparison_place(JobNumber(job)).unwrap());
        assert_eq!(comparison[row], Some((job - first) as f64));
        assert_eq!((cell[row], seed[row]), (Some(place.cell as f64), place.seed.map(|seed| seed as f64)));
        assert_eq!((&label[row], &differs[row]), (&Some(place.label), &Some(place.differs_in)));
        let members = group.members.iter().map(|member| Some(member.0 as f64)).collect::<Vec<_>>();
        assert_eq!([run_a[row], run_b[row]][..], members[..]);
        assert_eq!(barrier[row], Some(number(job, "barrier_chord", row as u64 % 3)));
    }
    assert!(texts("kind").iter().all(|kind| kind.as_deref() == Some("interpolation")));
    assert_eq!(label[comparison.len() - 1].as_deref(), Some("learning_rate=0.1"), "what they differ in is left out");
}

#[test]
fn a_run_knows_the_barriers_to_its_siblings() {
    // Runs of other seeds have other starts: they are no siblings.
    let plan = forked_plan(2, 3, &["branch", "seed"]);
    let out = tempfile::tempdir().unwrap();
    let first = plan.n_run_jobs();
    let jobs: Vec<_> = (first..plan.n_jobs()).map(|job| (job, 0)).collect();
    collected(&plan, &jobs, vec![], out.path());
    let found = read::numbers(&out.path().join("runs.parquet"), "barrier_sibling_chord").unwrap();
    let mut barriers = BTreeMap::<u64, Vec<f64>>::new();
    for (job, _) in jobs {
        let group = plan.group(JobNumber(job)).unwrap();
        for member in group.members.iter().filter(|_| group.compare == 0) {
            barriers.entry(member.0).or_default().push(number(job, "barrier_chord", 0));
        }
    }
    for (run, barrier) in found.into_iter().enumerate() {
        let barriers = &barriers[&(run as u64)];
        assert_eq!(barriers.len(), 2);
        assert!((barrier.unwrap() - (barriers[0] + barriers[1]) / 2.0).abs() < 1e-15);
    }
}

#[test]
fn comparisons_that_have_no_rows_are_counted() {
    let plan = forked_plan(3, 2, &["branch"]);
    let out = tempfile::tempdir().unwrap();
    let first = plan.n_run_jobs();
    // An older generation has other rows; one comparison failed after rows of an older generation; one is to come.
    let jobs = [(first, 0), (first, 1), (first + 1, 0), (first + 2, 0), (first + 3, 0), (first + 4, 0)];
    let found = collected(&plan, &jobs, vec![failed(first + 2, 1)], out.path());
    let counts: Vec<_> = found.n_comparisons.iter().map(|(outcome, n)| (outcome.as_str(), *n)).collect();
    assert_eq!(counts, [("succeeded", 4), ("failed", 1), ("unfinished", 1)]);
    let table = out.path().join("comparisons.parquet");
    let chosen = read::numbers(&table, "comparison").unwrap();
    assert_eq!(chosen.iter().step_by(3).map(|place| place.unwrap() as u64).collect::<Vec<_>>(), [0, 1, 3, 4]);
    assert_eq!(read::numbers(&table, "distance").unwrap()[0], Some(number(first + 1000, "distance", 0)));
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(out.path().join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["n_comparisons"]["failed"], 1);
    assert_eq!(manifest["n_runs"]["succeeded"], plan.n_runs());
}

#[test]
fn rows_of_no_comparison_are_refused() {
    let plan = forked_plan(3, 2, &["branch"]);
    let out = tempfile::tempdir().unwrap();
    for job in [0, plan.n_jobs()] {
        let dir = tempfile::tempdir().unwrap();
        let files = comparisons(dir.path(), "wrong", &plan, &[(job, 0)]);
        let error = collect(&input(&plan, files, vec![]), out.path()).unwrap_err().to_string();
        assert!(error.contains("comparisons"), "{error}");
    }
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
}

#[test]
fn a_table_that_the_sweep_lacks_is_not_left_behind() {
    let out = tempfile::tempdir().unwrap();
    collected(&forked_plan(2, 2, &["branch"]), &[], vec![], out.path());
    assert!(out.path().join("layers.parquet").exists());
    fs::write(out.path().join("notes.parquet"), "mine").unwrap();
    let plain = plan(&[0.1], seeds(2));
    run(&plain, &all_runs(&plain), 1, vec![], out.path());
    for gone in ["layers", "spectra", "curves", "surfaces", "comparisons"] {
        assert!(!out.path().join(format!("{gone}.parquet")).exists(), "{gone}");
    }
    assert!(out.path().join("notes.parquet").exists());
}
