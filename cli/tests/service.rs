//! A coordinator, a worker, and the verbs that talk to them.

mod common;

use common::live::{Live, Speaks, eventually};
use common::{Scene, TINY};

/// A coordinator on a free port, and the flags that lead to it.
fn coordinator(scene: &Scene) -> (Live, String) {
    let mut command = scene.command();
    command.args(["coordinator", "--listen", "127.0.0.1:0", "--data", "data"]);
    let live = Live::start(&mut command, &Speaks::Stdout, "listening at");
    let flags = format!("--coordinator {} --token-file data/token", live.word("http://"));
    (live, flags)
}

fn worker(scene: &Scene, flags: &str) -> Live {
    let mut command = scene.command();
    command.args("worker --slots 2 --state state --labels room=test".split(' ')).args(flags.split(' '));
    Live::start(&mut command, &Speaks::Stderr, "working for")
}

#[test]
fn a_sweep_goes_from_submit_to_tables() {
    let scene = Scene::new();
    scene.file("tiny.toml", TINY);
    let (coordinator, flags) = coordinator(&scene);
    assert!(scene.run(&format!("status {flags}")).done().contains("no sweeps yet"));

    let submitted = scene.run(&format!("submit tiny.toml --json {flags}")).json();
    let sweep = submitted["sweep"].as_str().expect("submit prints an id").to_owned();
    let partial = scene.run(&format!("collect tiny --out early --json {flags}")).json();
    assert_eq!(partial["complete"], false, "{partial}");

    let worker = worker(&scene, &flags);
    let watched = scene.run(&format!("watch {sweep} --json {flags}")).json();
    assert_eq!((&watched["state"], &watched["n_succeeded"]), (&"completed".into(), &4.into()), "{watched}");
    let status = scene.run(&format!("status {} {flags}", &sweep[..20]));
    assert!(status.done().contains("4 of 4 done"), "{}", status.stdout);
    let collected = scene.run(&format!("collect tiny {flags}"));
    assert!(collected.done().contains("traipse-out/tiny"), "{}", collected.stdout);
    assert!(scene.path().join("traipse-out/tiny/runs.parquet").is_file());

    worker.signal("TERM");
    assert_eq!(worker.end().0.code(), Some(0));
    coordinator.signal("TERM");
    assert_eq!(coordinator.end().0.code(), Some(0));
}

#[test]
fn a_drained_worker_ends_well_and_a_sweep_says_what_it_waits_for() {
    let scene = Scene::new();
    let picky = format!("{TINY}\n[execution]\nrequire = {{ labels = {{ room = \"none\" }} }}\n");
    scene.file("picky.toml", &picky);
    let (_coordinator, flags) = coordinator(&scene);
    let sweep = scene.run(&format!("submit picky.toml {flags}")).done().trim().to_owned();
    let worker = worker(&scene, &flags);
    let here =
        eventually(|| scene.run(&format!("status --json {flags}")).json()["workers"].as_array()?.first().cloned());
    assert_eq!((&here["labels"]["room"], &here["labels"]["device"]), (&"test".into(), &"cpu".into()), "{here}");
    assert_eq!((&here["n_slots"], &here["is_draining"]), (&2.into(), &false.into()), "{here}");
    let status = scene.run(&format!("status {sweep} {flags}"));
    assert!(status.done().contains("no worker has label room=none (1 worker here: room=test)"), "{}", status.stdout);

    scene.run(&format!("drain nobody {flags}")).refused(2, &["nobody", "traipse status"]);
    let id = here["worker"].as_str().expect("a worker has an id");
    let drained = scene.run(&format!("drain {} --json {flags}", &id[..20])).json();
    assert_eq!((&drained["worker"], &drained["is_draining"]), (&id.into(), &true.into()), "{drained}");
    let (status, said) = worker.end();
    assert_eq!(status.code(), Some(0), "{said}");
}

#[test]
fn a_cancelled_sweep_ends_the_watching_with_1() {
    let scene = Scene::new();
    scene.file("tiny.toml", TINY);
    let (_coordinator, flags) = coordinator(&scene);
    let sweep = scene.run(&format!("submit tiny.toml {flags}")).done().trim().to_owned();
    let cancelled = scene.run(&format!("cancel {sweep} --json {flags}")).json();
    assert_eq!(cancelled["state"], "cancelled", "{cancelled}");
    let watched = scene.run(&format!("watch {sweep} {flags}"));
    assert_eq!(watched.code, Some(1), "{}{}", watched.stdout, watched.stderr);
    assert!(watched.stdout.contains("4 cancelled"), "{}", watched.stdout);
}

#[test]
fn wrong_tokens_unknown_sweeps_and_foreign_folders_are_refused() {
    let scene = Scene::new();
    scene.file("tiny.toml", TINY);
    let (_coordinator, flags) = coordinator(&scene);
    for verb in ["status", "watch", "cancel", "collect"] {
        scene.run(&format!("{verb} nothing {flags}")).refused(2, &["nothing", "traipse status"]);
    }
    scene.file("wrong", "0123456789abcdef0123456789abcdef");
    let wrong = flags.replace("data/token", "wrong");
    scene.run(&format!("status {wrong}")).refused(2, &["token", "--token-file"]);

    let sweep = scene.run(&format!("submit tiny.toml {flags}")).done().trim().to_owned();
    scene.run(&format!("collect {sweep} --out out {flags}")).done();
    let other = scene.run(&format!("submit tiny.toml {flags}")).done().trim().to_owned();
    scene.run(&format!("collect {other} --out out {flags}")).refused(2, &["out holds another sweep", &sweep, "--out"]);
}

#[test]
fn one_port_and_one_folder_have_one_coordinator() {
    let scene = Scene::new();
    let (live, _) = coordinator(&scene);
    let address = live.word("http://").trim_start_matches("http://").to_owned();
    scene.run(&format!("coordinator --listen {address} --data other")).refused(3, &[&address, "in use"]);
    scene.run("coordinator --listen 127.0.0.1:0 --data data").refused(3, &["another coordinator", "data"]);
}

#[test]
fn a_sweep_whose_data_no_worker_finds_is_paused_with_a_remedy() {
    let scene = Scene::new();
    let spec =
        TINY.replace("name = \"digits\"", "name = \"mnist\"\ndir = \"nowhere\"").replace("seed = 2", "seed = 20");
    scene.file("lost.toml", &spec);
    let (_coordinator, flags) = coordinator(&scene);
    let submitted = scene.run(&format!("submit lost.toml {flags}"));
    let sweep = submitted.done().trim().to_owned();
    let _worker = worker(&scene, &flags);
    let watched = scene.run(&format!("watch {sweep} {flags}"));
    assert_eq!(watched.code, Some(1), "{}{}", watched.stdout, watched.stderr);
    for words in ["paused", "attempts so far failed, on every worker", "nowhere", &format!("traipse resume {sweep}")] {
        assert!(watched.stdout.contains(words), "`{words}` is missing in: {}", watched.stdout);
    }
    let status = scene.run(&format!("status {sweep} --json {flags}")).json();
    assert_eq!((&status["state"], &status["held"]), (&"paused".into(), &true.into()), "{status}");
}
