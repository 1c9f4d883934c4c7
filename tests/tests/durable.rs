//! A coordinator that is killed at any moment, or has no room left: what it has said is kept, and every job ends once.

use std::path::{Path, PathBuf};

use serde_json::Value;
use traipse_tests::chaos::cluster::Cluster;
use traipse_tests::chaos::random::Random;

/// Runs that train nothing, but have rows, attempts and facts as others do.
const N_JOBS: u64 = 60_000;
const N_KILLS: u64 = 10;
/// Tables are made after each so many kills.
const COLLECT_EVERY: u64 = 4;
/// Kills that must fall into the middle of the sweep.
const LEAST_KILLS: u64 = 3;
/// Blocks of 512 or 1,024 bytes, as the shell has it: room for the tables and some hundred jobs.
const FEW_BLOCKS: u64 = 900;

fn spec(folder: &Path) -> PathBuf {
    let path = folder.join("noop.toml");
    let text = format!("spec = 1\nname = \"noop\"\nmodel.kind = \"noop\"\nreplicates.seed = {N_JOBS}\n");
    std::fs::write(&path, text).expect("the spec is written");
    path
}

fn submit(cluster: &Cluster, spec: &Path) -> String {
    let answer = cluster.ask(&["submit", spec.to_str().expect("UTF-8"), "--json"]).expect("the sweep is accepted");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    answer["sweep"].as_str().expect("an id").to_owned()
}

/// Collects what is there. It fails if a job that is done has not rows once.
fn collect(cluster: &Cluster, sweep: &str, out: &Path) {
    let text = out.to_str().expect("UTF-8");
    cluster.ask(&["collect", sweep, "--out", text]).expect("every job that is done has its rows, once");
}

fn n_done(status: &Value) -> u64 {
    status["n_succeeded"].as_u64().expect("a count")
}

fn ends_whole(cluster: &Cluster, sweep: &str, out: &Path) {
    cluster.ask(&["watch", sweep, "--quiet"]).expect("the sweep ends well");
    let status = cluster.status(sweep).expect("an answer");
    assert_eq!((n_done(&status), &status["state"]), (N_JOBS, &Value::from("completed")), "{status}");
    collect(cluster, sweep, out);
}

#[test]
fn a_coordinator_killed_at_any_moment_keeps_what_it_has_said() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cluster = Cluster::start(folder.path(), 2).expect("the processes start");
    let sweep = submit(&cluster, &spec(folder.path()));
    let mut random = Random::new(5, 0);
    let (mut last, mut n_in_the_middle) = (0, 0);
    for kill in 0..N_KILLS {
        std::thread::sleep(random.millis(20, 300));
        let said = cluster.status(&sweep).map_or(last, |status| n_done(&status));
        std::thread::sleep(random.millis(0, 60));
        cluster.kill_coordinator().expect("it can be killed");
        cluster.start_coordinator().expect("it starts again");
        let status = cluster.status(&sweep).expect("the sweep is known");
        let found = n_done(&status);
        assert!(found >= said && said >= last, "kill {kill}: {said} were said to be done, and {found} are");
        // Tables take longer to make than the sweep would to end beside them.
        if kill % COLLECT_EVERY == COLLECT_EVERY - 1 {
            collect(&cluster, &sweep, &folder.path().join(format!("kill-{kill}")));
        }
        last = found;
        if status["state"] != "active" {
            break;
        }
        n_in_the_middle += u64::from(found > 0);
    }
    assert!(n_in_the_middle >= LEAST_KILLS, "{n_in_the_middle} kills fell into the middle");
    ends_whole(&cluster, &sweep, &folder.path().join("whole"));
}

#[test]
fn a_coordinator_without_room_stops_with_words_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cluster = Cluster::new(folder.path(), 1).expect("ports");
    cluster.start_coordinator_without_room(FEW_BLOCKS).expect("there is room to begin");
    let sweep = submit(&cluster, &spec(folder.path()));
    cluster.start_worker(0).expect("the worker starts");
    let ended = cluster.coordinators_end().expect("it stops");
    let log = std::fs::read_to_string(cluster.log_path("coordinator")).expect("a log");
    assert_eq!(ended.code(), Some(3), "{log}");
    assert!(log.contains("cannot write to the journal") && log.contains("make room"), "{log}");

    cluster.start_coordinator().expect("it starts again");
    let status = cluster.status(&sweep).expect("the sweep is known");
    assert!(n_done(&status) < N_JOBS, "it stopped in the middle: {status}");
    collect(&cluster, &sweep, &folder.path().join("middle"));
    ends_whole(&cluster, &sweep, &folder.path().join("whole"));
    cluster.check_workers().expect("the worker outlived it");
}
