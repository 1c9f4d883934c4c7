//! `traipse local`: a whole sweep in one command, and the same command after an end that was not asked for.

mod common;

use std::fs;
use std::path::Path;

use common::live::{Live, Speaks, eventually};
use common::{NOOP, Scene, TINY};

/// Tables whose bytes depend on the sweep alone.
const TABLES: [&str; 6] = ["runs", "trajectory", "gram", "convergence", "nulls", "statistics"];

/// Long enough to be interrupted, short enough to be waited for.
fn longer() -> String {
    TINY.replace("epochs = 3", "epochs = 12").replace("seed = 2", "seed = 24")
}

#[track_caller]
fn same_tables(a: &Path, b: &Path) {
    for table in TABLES {
        let read = |dir: &Path| fs::read(dir.join(format!("{table}.parquet"))).expect("the table is there");
        assert!(read(a) == read(b), "{table} differs between {} and {}", a.display(), b.display());
    }
}

#[test]
fn a_sweep_ends_in_tables_and_its_command_shows_them_again() {
    let scene = Scene::new();
    scene.file("tiny.toml", TINY);
    let first = scene.run("local tiny.toml --workers 2");
    let text = first.done();
    for words in ["learning_rate", "0.05", "2/2", "test error", "duckdb", "traipse-out/tiny", "4 succeeded"] {
        assert!(text.contains(words), "`{words}` is missing in: {text}");
    }
    assert!(!text.contains('\u{1b}') && first.stderr.contains("4 of 4 runs"), "{text}\n{}", first.stderr);
    let out = scene.path().join("traipse-out/tiny");
    for table in TABLES.iter().chain(&["attempts"]) {
        assert!(out.join(format!("{table}.parquet")).is_file(), "{table}");
    }
    assert!(out.join("manifest.json").is_file());

    let again = scene.run("local tiny.toml --json").json();
    assert_eq!((&again["complete"], &again["status"]["n_succeeded"]), (&true.into(), &4.into()), "{again}");
    assert_eq!(again["status"]["state"], "completed");
    let runs = again["files"].as_array().expect("files is a list").iter().find(|file| file["name"] == "runs.parquet");
    assert_eq!(runs.expect("runs is among them")["n_rows"], 4);

    let other = scene.run("local tiny.toml --workers 1 --out other --quiet");
    assert_eq!((other.done().is_empty(), other.stderr.as_str()), (false, ""));
    same_tables(&out, &scene.path().join("other"));
}

#[test]
fn another_sweep_in_the_folder_is_refused() {
    let scene = Scene::new();
    scene.file("noop.toml", NOOP);
    scene.run("local noop.toml --out out").done();
    scene.file("noop.toml", &NOOP.replace("200", "199"));
    scene.run("local noop.toml --out out").refused(2, &["out holds", "noop.toml", "--out"]);
    scene.file("tiny.toml", TINY);
    scene.run("local tiny.toml --out out").refused(2, &["out holds", "`noop`", "`tiny`", "--out"]);
    fs::remove_dir_all(scene.path().join("out/.traipse")).expect("the state can be removed");
    scene.run("local tiny.toml --out out").refused(2, &["out holds", "tables of another sweep", "--out"]);
}

#[test]
fn runs_that_do_nothing_are_counted_in_a_line() {
    let scene = Scene::new();
    scene.file("noop.toml", NOOP);
    let ended = scene.run("local noop.toml");
    assert!(ended.done().contains("200 succeeded"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("test error"), "nothing was measured: {}", ended.stdout);
}

#[test]
fn an_interrupted_sweep_goes_on_where_it_was() {
    let scene = Scene::new();
    scene.file("long.toml", &longer());
    for (signal, code) in [("INT", Some(130)), ("KILL", None)] {
        let mut command = scene.command();
        command.args(["local", "long.toml", "--out", "cut", "-v"]);
        let live = Live::start(&mut command, &Speaks::Stderr, "http://");
        let flags = format!("--coordinator {} --token-file cut/.traipse/coordinator/token", live.word("http://"));
        let done = |status: serde_json::Value| status["sweeps"][0]["n_succeeded"].as_u64();
        let before = done(scene.run(&format!("status --json {flags}")).json()).unwrap_or(0);
        eventually(|| done(scene.run(&format!("status --json {flags}")).json()).filter(|now| *now > before));
        scene.run("local long.toml --out cut").refused(3, &["another `traipse local` works in cut", "--out"]);
        live.signal(signal);
        let (status, said) = live.end();
        assert_eq!(status.code(), code, "{said}");
        if code.is_some() {
            assert!(said.contains("go on with:  traipse local long.toml --out cut"), "{said}");
        }
    }
    let rest = scene.run("local long.toml --out cut --json").json();
    assert_eq!((&rest["complete"], &rest["status"]["n_succeeded"]), (&true.into(), &48.into()), "{rest}");
    scene.run("local long.toml --out straight").done();
    same_tables(&scene.path().join("cut"), &scene.path().join("straight"));
}

#[test]
fn kept_weights_lie_beside_the_tables() {
    let scene = Scene::new();
    scene.file("kept.toml", &format!("{TINY}\n[snapshots]\nkeep = true\n"));
    scene.run("local kept.toml --out out").done();
    let files: Vec<_> = fs::read_dir(scene.path().join("out/snapshots")).expect("the folder is there").collect();
    assert_eq!(files.len(), 4, "one file a run");
}

#[test]
fn a_diverged_run_is_a_result() {
    let scene = Scene::new();
    // Without a nonlinearity no unit can die: the weights double their exponent with every step.
    let hot =
        TINY.replace("[0.05, 0.2]", "[0.05, 1e8]").replace("hidden = [8]", "hidden = [8]\nactivation = \"identity\"");
    scene.file("hot.toml", &hot);
    let ended = scene.run("local hot.toml");
    let text = ended.done();
    for words in ["2 succeeded, 2 diverged", "0/2 *", "survivors"] {
        assert!(text.contains(words), "`{words}` is missing in: {text}");
    }
}
