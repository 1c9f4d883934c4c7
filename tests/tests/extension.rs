//! A sweep that is extended gives the tables of one that had everything from the start: by seeds, values of an axis, products
//! and comparisons; by epochs; and with the coordinator killed in between.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use traipse_tests::process::{Process, tables, traipse, wait_for};

/// A small sweep of the embedded digits; `{…}` are what grows.
fn spec(epochs: u32, seeds: &str, rates: &str, more: &str) -> String {
    format!(
        "spec = 1\nname = \"growing\"\n[data]\ntrain_limit = 200\n[model]\nhidden = [8]\n[train]\nepochs = {epochs}\nbatch_size = 32\n\
         [axes]\n\"train.learning_rate\" = {rates}\n[replicates]\nseed = {seeds}\n{more}"
    )
}

/// Comparisons of seeds, and of neighbouring rates: those of new seeds need weights of old runs.
const COMPARED: &str = "[[compare]]\npairs_over = \"seed\"\nprobe = \"interpolation\"\npoints = 2\n[[compare]]\nall_over = \"seed\"\nprobe = \
    \"prediction\"\n[[compare]]\nneighbours_over = \"train.learning_rate\"\nprobe = \"distance\"\n";

fn local(spec: &str, folder: &Path, out: &str) -> Command {
    let path = folder.join(format!("{out}.toml"));
    std::fs::write(&path, spec).expect("the spec is written");
    let mut command = Command::new(traipse());
    command.arg("local").arg(path).args(["--workers", "2", "--out"]).arg(folder.join(out));
    command.stdout(Stdio::null());
    command
}

fn output(command: &mut Command) -> Output {
    command.output().expect("traipse starts")
}

/// Runs a sweep in a folder, which it extends if one is there; returns what was said.
fn run(spec: &str, folder: &Path, out: &str) -> String {
    let output = output(&mut local(spec, folder, out));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

/// Runs the specs one after the other in one folder and the last in another: the tables are equal. Returns what was said.
fn equal_to_the_last_alone(specs: &[String]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let said = specs.iter().map(|spec| run(spec, folder.path(), "grown")).collect();
    run(specs.last().expect("some specs"), folder.path(), "fresh");
    assert_tables(&folder.path().join("grown"), &folder.path().join("fresh"));
    said
}

fn assert_tables(grown: &Path, fresh: &Path) {
    let (grown, fresh) = (tables(grown).expect("tables"), tables(fresh).expect("tables"));
    assert_eq!(grown.keys().collect::<Vec<_>>(), fresh.keys().collect::<Vec<_>>());
    for (name, bytes) in &fresh {
        assert!(grown[name] == *bytes, "{name} of the extended sweep differs");
    }
}

#[test]
fn by_values_seeds_and_products() {
    let product = "[grid]\nexclude = [{ \"train.learning_rate\" = 0.3, \"train.momentum\" = 0.9 }]\n";
    let union = spec(2, "4", "[0.01, 0.1, 0.3]", product)
        .replace("[replicates]", "\"train.momentum\" = [0.9, 0.0]\n[replicates]");
    let said = equal_to_the_last_alone(&[spec(2, "2", "[0.1, 0.3]", ""), spec(2, "3", "[0.01, 0.1, 0.3]", ""), union]);
    assert!(said[1].contains("4 runs reused, 0 continued, 0 trained again, 5 new"), "{}", said[1]);
    assert!(said[2].contains("9 runs reused, 0 continued, 0 trained again, 11 new"), "{}", said[2]);
}

#[test]
fn by_seeds_of_what_is_compared() {
    let said =
        equal_to_the_last_alone(&[spec(2, "2", "[0.1, 0.3]", COMPARED), spec(2, "3", "[0.1, 0.3, 1.0]", COMPARED)]);
    // Pairs of old seeds and old rates are kept; what the new pairs need of old runs is gone, and trained again.
    assert!(said[1].contains("0 runs reused, 0 continued, 4 trained again, 5 new"), "{}", said[1]);
}

#[test]
fn by_epochs_and_by_probes() {
    equal_to_the_last_alone(&[
        spec(2, "2", "[0.1, 0.3]", COMPARED),
        spec(4, "2", "[0.1, 0.3]", COMPARED),
        spec(4, "2", "[0.1, 0.3]", &format!("{COMPARED}[probes.layers]\n")),
        spec(4, "3", "[0.1, 0.3]", &format!("{COMPARED}[probes.layers]\n")),
    ]);
}

#[test]
fn with_kills_in_between() {
    let folder = tempfile::tempdir().expect("a folder");
    let small = spec(20, "3", "[0.1, 0.3]", COMPARED);
    let large = spec(20, "4", "[0.01, 0.1, 0.3]", COMPARED);
    // Killed in the middle of the small sweep, and again in the middle of its extension.
    for (spec, n) in [(&small, 2), (&large, 9)] {
        let mut killed = Process::start(local(spec, folder.path(), "grown").stderr(Stdio::null())).expect("it starts");
        wait_for("some runs done", 120, || (n_segments(&folder.path().join("grown")) >= n).then_some(()));
        killed.kill_hard().expect("it dies");
    }
    run(&large, folder.path(), "grown");
    run(&large, folder.path(), "fresh");
    assert_tables(&folder.path().join("grown"), &folder.path().join("fresh"));
}

/// Members' weights that runs left in the store: a sign of life.
fn n_segments(out: &Path) -> usize {
    fn files(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
    }
    files(&out.join(".traipse")).into_iter().filter(|path| path.ends_with("members.safetensors")).count()
}

#[test]
fn what_is_no_extension_is_refused_at_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    run(&spec(2, "2", "[0.1, 0.3]", ""), folder.path(), "grown");
    let rows = [
        (spec(1, "2", "[0.1, 0.3]", ""), ":8:1: train.epochs: ", "the sweep has 2, this file 1"),
        (spec(2, "2", "[0.3]", ""), ":11:1: train.learning_rate: ", "the sweep has 0.1"),
        (spec(2, "1", "[0.1, 0.3]", ""), ":13:1: replicates.seed: ", "the sweep has 1"),
    ];
    for (spec, place, message) in rows {
        let output = output(&mut local(&spec, folder.path(), "grown"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(place) && said.contains(message), "{said}");
    }
}
