//! The verbs that steer a sweep that is there, and the one that checks what came of it.

mod common;

use std::fs;

use common::live::{Live, Speaks};
use common::{NOOP, Scene, TINY};

fn coordinator(scene: &Scene) -> (Live, String) {
    let mut command = scene.command();
    command.args(["coordinator", "--listen", "127.0.0.1:0", "--data", "data"]);
    let live = Live::start(&mut command, &Speaks::Stdout, "listening at");
    let flags = format!("--coordinator {} --token-file data/token", live.word("http://"));
    (live, flags)
}

fn worker(scene: &Scene, flags: &str) -> Live {
    let mut command = scene.command();
    command.args("worker --slots 2 --state state".split(' ')).args(flags.split(' '));
    Live::start(&mut command, &Speaks::Stderr, "working for")
}

/// Four runs of two cells; those of the second diverge.
fn half_bad() -> String {
    TINY.replace("\"train.learning_rate\" = [0.05, 0.2]", "\"train.learning_rate\" = [0.05, 1e9]")
        .replace("hidden = [8]", "hidden = [8, 8]\nactivation = \"identity\"")
}

#[test]
fn a_sweep_is_paused_resumed_retried_and_verified() {
    let scene = Scene::new();
    scene.file("tiny.toml", &half_bad());
    let (_coordinator, flags) = coordinator(&scene);
    scene.run(&format!("submit tiny.toml {flags}")).done();
    let paused = scene.run(&format!("pause tiny --json {flags}")).json();
    assert_eq!(paused["state"], "paused", "{paused}");
    scene.run(&format!("pause tiny {flags}")).done();
    let waits = scene.run(&format!("explain tiny 3 --json {flags}")).json();
    assert_eq!((&waits["state"], &waits["attempts"]), (&"ready".into(), &serde_json::json!([])), "{waits}");
    assert!(waits["why"].to_string().contains("paused"), "{waits}");
    let _worker = worker(&scene, &flags);
    let unfinished = scene.run(&format!("verify tiny --json {flags}"));
    assert_eq!(unfinished.code, Some(1), "{}", unfinished.stderr);
    let found: serde_json::Value = serde_json::from_str(&unfinished.stdout).expect("JSON");
    assert_eq!((&found["counts"]["unfinished"], &found["partial"]), (&4.into(), &true.into()), "{found}");

    let resumed = scene.run(&format!("resume tiny --json {flags}")).json();
    assert_eq!(resumed["state"], "active", "{resumed}");
    scene.run(&format!("watch tiny {flags}")).done();
    let verified = scene.run(&format!("verify tiny --audit 50% --json {flags}")).json();
    assert_eq!((&verified["is_complete"], &verified["counts"]["diverged"]), (&true.into(), &2.into()), "{verified}");
    assert!(verified["audit"]["n_audited"].as_u64() > Some(0), "{verified}");
    assert_eq!(verified["audit"]["n_differ"], 0, "{verified}");
    scene.run(&format!("collect tiny --out first {flags}")).done();

    for (cells, n_runs) in [("--cells 1", 2), ("", 0), ("--cells 0-1", 4)] {
        let retried = scene.run(&format!("retry tiny {cells} --json {flags}")).json();
        assert_eq!(retried["n_runs"], n_runs, "{cells}: {retried}");
        assert_eq!(retried["status"]["state"], if n_runs == 0 { "completed" } else { "active" }, "{cells}");
        scene.run(&format!("watch tiny {flags}")).done();
    }
    scene.run(&format!("verify tiny {flags}")).done();
    scene.run(&format!("collect tiny --out again {flags}")).done();
    for table in ["runs", "trajectory", "gram", "statistics"] {
        let read =
            |folder: &str| fs::read(scene.path().join(folder).join(format!("{table}.parquet"))).expect("a table");
        assert!(read("first") == read("again"), "{table} changed, and the bits of a run never do");
    }
    let explained = scene.run(&format!("explain tiny 2 --json {flags}")).json();
    assert_eq!((&explained["state"], &explained["generation"]), (&"diverged".into(), &2.into()), "{explained}");
    let attempts = explained["attempts"].as_array().expect("a list");
    assert_eq!(attempts.len(), 3, "one a generation, in segments and in the ledger: {explained}");
    assert!(attempts.iter().all(|attempt| attempt["outcome"] == "diverged"), "{explained}");
    assert_eq!(explained["settings"]["train"]["batch_size"], 64, "{explained}");
    let text = scene.run(&format!("explain tiny 2 {flags}"));
    assert!(text.done().contains("run 2") && text.stdout.contains("settings  train: "), "{}", text.stdout);
    scene.run(&format!("explain tiny 4 {flags}")).refused(2, &["no such run", "0 to 3"]);
    scene.run(&format!("explain tiny --comparison 0 {flags}")).refused(2, &["no comparisons"]);
    scene.run(&format!("explain tiny {flags}")).refused(2, &["--comparison"]);
    scene.run(&format!("retry tiny --cells 2 {flags}")).refused(2, &["no cell 2", "0 to 1"]);
    scene.run(&format!("retry tiny --cells 1-x {flags}")).refused(2, &["1-x", "7-9"]);
    for verb in ["pause", "resume"] {
        scene.run(&format!("{verb} tiny {flags}")).refused(2, &["has ended"]);
    }
}

#[test]
fn what_a_cancelled_or_unknown_sweep_is_told() {
    let scene = Scene::new();
    scene.file("tiny.toml", TINY);
    let (_coordinator, flags) = coordinator(&scene);
    scene.run(&format!("submit tiny.toml {flags}")).done();
    scene.run(&format!("cancel tiny {flags}")).done();
    scene.run(&format!("retry tiny {flags}")).refused(2, &["cancelled", "submit"]);
    let verified = scene.run(&format!("verify tiny {flags}"));
    assert_eq!(verified.code, Some(1), "{}", verified.stdout);
    assert!(verified.stdout.contains("cancelled"), "{}", verified.stdout);
    for verb in ["pause", "resume", "retry", "verify"] {
        scene.run(&format!("{verb} nothing {flags}")).refused(2, &["nothing", "traipse status"]);
    }
}

#[test]
fn damage_to_a_folder_of_tables_is_found_and_named() {
    let scene = Scene::new();
    scene.file("noop.toml", NOOP);
    scene.run("local noop.toml --out out").done();
    scene.run("verify out").done();
    scene.run("verify out --audit 1").done();
    let runs = scene.path().join("out/runs.parquet");
    let whole = fs::read(&runs).expect("the table is there");
    let mut bytes = whole.clone();
    bytes[100] ^= 1;
    fs::write(&runs, &bytes).expect("it can be written");
    let damaged = scene.run("verify out");
    assert_eq!(damaged.code, Some(1), "{}{}", damaged.stdout, damaged.stderr);
    assert!(damaged.stdout.contains("runs.parquet: its SHA-256 is"), "{}", damaged.stdout);
    fs::remove_file(&runs).expect("it can be removed");
    assert!(scene.run("verify out").stdout.contains("runs.parquet: the file is not there"));
    fs::write(&runs, &whole).expect("it can be written");
    scene.run("verify out").done();
    scene.file("out/manifest.json", "{");
    scene.run("verify out").refused(3, &["manifest.json"]);
    scene.run("verify nowhere").refused(2, &["token"]);
    fs::create_dir(scene.path().join("empty")).expect("a folder can be made");
    scene.run("verify empty").refused(2, &["empty holds no tables"]);
}
