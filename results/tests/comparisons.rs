//! Comparisons and the tables that must be asked for: under their place, counted, and gone where the sweep lacks them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::{Done, attempt, comparison_block, failed, forked_plan, input, number, plan, run, seeds, segments};
use traipse_results::{Collect, Collected, Raised, WithoutRows, collect, read, segment};
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
    attempts.iter_mut().for_each(|attempt| attempt.kind = "comparison");
    let files = segment::write(dir, stem, &schema, blocks, &attempts).unwrap();
    files.into_iter().map(|file| (file.table, file.path)).collect()
}

fn collected(plan: &Arc<Plan>, jobs: &[(u64, u32)], without: Vec<WithoutRows>, out: &Path) -> Collected {
    let dir = tempfile::tempdir().unwrap();
    let mut files = segments(dir.path(), plan, &all_runs(plan), 2);
    let (even, odd): (Vec<_>, Vec<_>) = jobs.iter().partition(|(job, _)| job % 2 == 0);
    files.extend(comparisons(dir.path(), "even", plan, &even));
    files.extend(comparisons(dir.path(), "odd", plan, &odd));
    // The last generation that is given counts.
    let raise = |&(first_job, generation): &(u64, u32)| Raised { first_job, n_jobs: 1, generation };
    let raised = jobs.iter().filter(|(_, generation)| *generation > 0).map(raise).collect();
    collect(&Collect { raised, ..input(plan, files, without) }, out).unwrap()
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

/// The rows of a statistic: metric, and what else must hold.
fn statistic(out: &Path, metric: &str, wanted: &[(&str, &str)]) -> Vec<BTreeMap<&'static str, Option<f64>>> {
    let table = out.join("statistics.parquet");
    let metrics = read::texts(&table, "metric").unwrap();
    let texts: Vec<_> = wanted.iter().map(|(column, text)| (read::texts(&table, column).unwrap(), *text)).collect();
    let numbers: Vec<_> = ["cell", "n_total", "n_value", "mean", "sem", "step", "aligned", "compare"]
        .map(|name| (name, read::numbers(&table, name).unwrap()))
        .into_iter()
        .collect();
    let holds = |row: &usize| {
        metrics[*row].as_deref() == Some(metric)
            && texts.iter().all(|(column, text)| column[*row].as_deref() == Some(*text))
    };
    (0..metrics.len())
        .filter(holds)
        .map(|row| numbers.iter().map(|(name, column)| (*name, column[row])).collect())
        .collect()
}

#[test]
fn branches_of_a_seed_are_averaged_and_pairs_count_seeds() {
    let plan = forked_plan(4, 2, &["branch", "seed"]);
    let out = tempfile::tempdir().unwrap();
    let first = plan.n_run_jobs();
    let jobs: Vec<_> = (first..plan.n_jobs()).map(|job| (job, 0)).collect();
    collected(&plan, &jobs, vec![], out.path());
    let close =
        |found: Option<f64>, expected: f64| assert!((found.unwrap() - expected).abs() < 1e-12, "{found:?} {expected}");

    // A run's metric: eight runs, four seeds.
    let found = &statistic(out.path(), "displacement", &[("level", "run"), ("design", "iid")])[0];
    let seed = |seed: u64| (number(2 * seed, "displacement", 0) + number(2 * seed + 1, "displacement", 0)) / 2.0;
    let seeds: Vec<f64> = (0..4).map(seed).collect();
    let mean = seeds.iter().sum::<f64>() / 4.0;
    let spread = seeds.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 3.0;
    assert_eq!((found["n_total"], found["n_value"]), (Some(8.0), Some(4.0)));
    close(found["mean"], mean);
    close(found["sem"], (spread / 4.0).sqrt());

    // Comparisons of the first cell between branches (one a seed), and between seeds (six a branch), at the end.
    let of = |compare: usize| -> Vec<(Vec<u64>, f64)> {
        let groups = jobs.iter().map(|&(job, _)| (job, plan.group(JobNumber(job)).unwrap()));
        let here = groups.filter(|(_, group)| group.compare == compare && plan.place(group.members[0]).cell == 0);
        here.map(|(job, group)| (group.members.iter().map(|m| m.0 / 2).collect(), number(job, "distance", 0))).collect()
    };
    let wanted = |design| [("level", "comparison"), ("at", "end"), ("design", design)];
    let branches = statistic(out.path(), "distance", &wanted("iid"));
    let branch = branches.iter().find(|row| row["cell"] == Some(0.0) && row["aligned"] == Some(0.0)).unwrap();
    let values: Vec<f64> = of(0).iter().map(|pair| pair.1).collect();
    assert_eq!((values.len(), branch["n_value"], branch["step"]), (4, Some(4.0), Some(30.0)));
    close(branch["mean"], values.iter().sum::<f64>() / 4.0);
    let pairs = statistic(out.path(), "distance", &wanted("pairs"));
    let pair = pairs.iter().find(|row| row["cell"] == Some(0.0) && row["aligned"] == Some(0.0)).unwrap();
    let all = of(1);
    assert_eq!((all.len(), pair["n_value"], pair["compare"]), (12, Some(4.0), Some(1.0)));
    let mean = |kept: Vec<f64>| kept.iter().sum::<f64>() / kept.len() as f64;
    close(pair["mean"], mean(all.iter().map(|pair| pair.1).collect()));
    let without = |seed| mean(all.iter().filter(|pair| !pair.0.contains(&seed)).map(|pair| pair.1).collect());
    let left: Vec<f64> = (0..4).map(without).collect();
    let centre = left.iter().sum::<f64>() / 4.0;
    close(pair["sem"], (left.iter().map(|x| (x - centre) * (x - centre)).sum::<f64>() * 0.75).sqrt());

    // Layers: one row a cell, step and layer.
    let layers = statistic(out.path(), "weight_norm", &[("level", "layer")]);
    assert_eq!(layers.len() as u64, 2 * 2 * common::N_SNAPSHOTS);
    close(layers[0]["mean"], (0..8).map(|run| number(run, "weight_norm", 0)).sum::<f64>() / 8.0);
}

#[test]
fn neighbours_are_paired_by_seed() {
    let plan = plan(&[0.1, 0.2, 0.3], seeds(5));
    let out = tempfile::tempdir().unwrap();
    run(&plan, &all_runs(&plan), 1, vec![], out.path());
    let table = out.path().join("contrasts.parquet");
    let (axes, metrics) = (read::texts(&table, "axis").unwrap(), read::texts(&table, "metric").unwrap());
    let numbers = |name| read::numbers(&table, name).unwrap();
    let (a, b, found, pairs) = (numbers("cell_a"), numbers("cell_b"), numbers("mean_difference"), numbers("n_pairs"));
    let (p, holm) = (numbers("p"), numbers("p_holm"));
    let of = |axis: &str| -> Vec<usize> {
        let wanted =
            |row: &usize| axes[*row].as_deref() == Some(axis) && metrics[*row].as_deref() == Some("displacement");
        (0..axes.len()).filter(wanted).collect()
    };
    let rates = of("learning_rate");
    let cells: Vec<_> = rates.iter().map(|&row| (a[row].unwrap(), b[row].unwrap())).collect();
    assert_eq!(cells, [(0.0, 1.0), (1.0, 2.0), (3.0, 4.0), (4.0, 5.0)]);
    assert_eq!(of("hidden").len(), 3);
    let of_seed = |seed: u64| number(5 + seed, "displacement", 0) - number(seed, "displacement", 0);
    assert!((found[rates[0]].unwrap() - (0..5).map(of_seed).sum::<f64>() / 5.0).abs() < 1e-12);
    assert_eq!(pairs[rates[0]], Some(5.0));
    let lowest = rates.iter().map(|&row| p[row].unwrap()).fold(1.0, f64::min);
    let adjusted = rates.iter().map(|&row| holm[row].unwrap()).fold(1.0, f64::min);
    assert!((adjusted - (4.0 * lowest).min(1.0)).abs() < 1e-12);
    assert!(!metrics.iter().flatten().any(|metric| metric.starts_with("null_")));
    assert!(metrics.iter().flatten().any(|metric| metric == "travel_fraction_q01"));
}
