//! What `verify` finds in a folder of tables, as rows of data.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use common::{Done, failed, input, plan, seeds, segments};
use traipse_results::verify::{Kind, verify};
use traipse_results::{Collect, collect};
use traipse_sweep::Plan;

fn all(plan: &Plan) -> Vec<Done> {
    (0..plan.n_jobs()).map(|job| Done { job, generation: 0, diverged: job == 3 }).collect()
}

fn kinds(dir: &Path) -> BTreeMap<Kind, u64> {
    let found = verify(dir).unwrap().findings.counts;
    // The synthetic runs have four snapshots, whatever their settings ask for.
    found.into_iter().filter(|(kind, _)| *kind != Kind::Snapshots).collect()
}

/// The spec that the manifest holds must be the plan's here.
fn collected(plan: &Arc<Plan>, done: &[Done], change: impl FnOnce(&mut Collect), out: &Path) {
    let dir = tempfile::tempdir().unwrap();
    let mut input = input(plan, segments(dir.path(), plan, done, 2), vec![]);
    input.spec = plan.spec().canonical_json();
    change(&mut input);
    collect(&input, out).unwrap();
}

#[test]
fn what_did_not_end_well_is_found() {
    let plan = plan(&[0.1, 0.2], seeds(3));
    let every = all(&plan);
    let but_the_last = &every[..every.len() - 1];
    let out = tempfile::tempdir().unwrap();
    collected(&plan, &every, |_| {}, out.path());
    assert_eq!(kinds(out.path()), [(Kind::Diverged, 1)].into());
    let last = plan.n_jobs() - 1;
    collected(&plan, but_the_last, |input| input.without_rows = vec![failed(last, 1)], out.path());
    assert_eq!(kinds(out.path()), [(Kind::Diverged, 1), (Kind::Failed, 1)].into());
    collected(&plan, but_the_last, |input| input.complete = false, out.path());
    assert_eq!(kinds(out.path()), [(Kind::Diverged, 1), (Kind::Unfinished, 1)].into());
    // The coordinator says that all have ended, and one has no rows: it was lost.
    collected(&plan, but_the_last, |_| {}, out.path());
    assert_eq!(kinds(out.path()), [(Kind::Diverged, 1), (Kind::Missing, 1)].into());
    let found = verify(out.path()).unwrap().findings;
    let missing = found.list.iter().find(|finding| finding.kind == Kind::Missing).unwrap();
    let place = plan.place(traipse_sweep::JobNumber(last));
    assert_eq!((missing.run, missing.cell), (Some(place.run), Some(place.cell)));
    assert!(missing.remedy.contains(&format!("traipse retry {} --cells {}", traipse_sweep::SweepId(42), place.cell)));
}

#[test]
fn files_that_are_not_what_the_manifest_lists_are_found() {
    let plan = plan(&[0.1], seeds(2));
    let (out, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    collected(&plan, &all(&plan), |_| {}, out.path());
    let few: Vec<Done> = all(&plan).into_iter().take(1).collect();
    collected(&plan, &few, |_| {}, other.path());
    let (table, whole) =
        (out.path().join("trajectory.parquet"), fs::read(out.path().join("trajectory.parquet")).unwrap());
    let mut flipped = whole.clone();
    flipped[20] ^= 4;
    let rows: [(&str, Option<Vec<u8>>, Kind); 4] = [
        ("gone", None, Kind::MissingFile),
        ("a bit flipped", Some(flipped), Kind::DamagedFile),
        ("cut", Some(whole[..whole.len() - 1].to_vec()), Kind::DamagedFile),
        ("another's", Some(fs::read(other.path().join("trajectory.parquet")).unwrap()), Kind::DamagedFile),
    ];
    for (what, bytes, kind) in rows {
        match bytes {
            Some(bytes) => fs::write(&table, bytes).unwrap(),
            None => fs::remove_file(&table).unwrap(),
        }
        assert_eq!(kinds(out.path()).get(&kind), Some(&1), "{what}");
    }
}

/// Tables and manifest of another sweep's rows, which agree with each other and not with the plan.
#[test]
fn rows_that_do_not_belong_together_are_found() {
    let plan = plan(&[0.1], seeds(4));
    let (out, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    collected(&plan, &all(&plan), |_| {}, out.path());
    let few: Vec<Done> = all(&plan).into_iter().take(2).collect();
    collected(&plan, &few, |_| {}, other.path());
    // The smaller table of runs beside the larger trajectory.
    {
        let part = "runs.parquet";
        fs::copy(other.path().join(part), out.path().join(part)).unwrap();
    }
    let manifest = |dir: &Path| -> serde_json::Value {
        serde_json::from_slice(&fs::read(dir.join("manifest.json")).unwrap()).unwrap()
    };
    let mut mixed = manifest(out.path());
    let theirs = manifest(other.path());
    mixed["files"]["runs.parquet"] = theirs["files"]["runs.parquet"].clone();
    mixed["n_runs"] = theirs["n_runs"].clone();
    fs::write(out.path().join("manifest.json"), serde_json::to_vec(&mixed).unwrap()).unwrap();
    let found = kinds(out.path());
    assert!(found.get(&Kind::Foreign).is_some_and(|n| *n >= 2), "{found:?}");
    assert!(found.contains_key(&Kind::Missing), "{found:?}");
}

#[test]
fn a_folder_without_a_manifest_is_refused() {
    let out = tempfile::tempdir().unwrap();
    assert!(verify(out.path()).unwrap_err().to_string().contains("holds no tables"));
    fs::write(out.path().join("manifest.json"), "{").unwrap();
    assert!(verify(out.path()).unwrap_err().to_string().contains("manifest.json"));
}
