//! The same sweep run three ways gives byte-identical tables: one worker; two workers; and a coordinator and two workers as
//! processes of their own, where a worker and then the coordinator are killed with SIGKILL in the middle.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use traipse_tests::process::{Process, tables, traipse, wait_for};

/// Long enough to be killed in the middle, short enough for a test.
const SPEC: &str = r#"
spec = 1
name = "three-ways"
[model]
hidden = [48, 48]
activation = "tanh"
[train]
epochs = 25
batch_size = 32
momentum = 0.5
[snapshots]
keep = true
[axes]
"train.learning_rate" = { log = [0.02, 0.5], n = 3 }
"model.hidden" = [[32], [48, 48]]
[replicates]
seed = 4
"#;

/// The same with comparisons: each two of a cell's four runs, and neighbouring rates, which wait for runs of two cells.
const COMPARED: &str = r#"
spec = 1
name = "three-ways-compared"
[model]
hidden = [32]
[train]
epochs = 25
batch_size = 32
[axes]
"train.learning_rate" = [0.02, 0.1, 0.5]
[replicates]
seed = 4
[[compare]]
pairs_over = "seed"
probe = "interpolation"
points = 3
align = ["none", "weights"]
[[compare]]
neighbours_over = "train.learning_rate"
probe = "prediction"
at = ["start", "end"]
"#;

/// Runs `traipse` to its end and returns what it printed; fails loudly if it fails.
fn run(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output =
        Command::new(traipse()).args(arguments).envs(environment.iter().copied()).output().expect("traipse starts");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "traipse {arguments:?} ended with {}:\n{out}\n{err}", output.status);
    out.into_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

/// `traipse local` with that many workers; returns the folder of tables.
fn local(spec: &Path, folder: &Path, workers: &str) -> PathBuf {
    let out = folder.join(format!("local-{workers}"));
    run(&["local", text(spec), "--workers", workers, "--out", text(&out), "--quiet"], &[]);
    out
}

/// A coordinator and its clients, each a process of its own.
struct Cluster {
    url: String,
    listen: String,
    data: PathBuf,
    folder: PathBuf,
}

impl Cluster {
    fn new(folder: &Path) -> Self {
        // The port must outlive a restart, so it is chosen here; the listener is gone before the coordinator binds.
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
        let listen = format!("127.0.0.1:{port}");
        Self { url: format!("http://{listen}"), listen, data: folder.join("data"), folder: folder.to_owned() }
    }

    fn log(&self, name: &str) -> Stdio {
        let path = self.folder.join(name);
        std::fs::File::options().create(true).append(true).open(path).expect("a log file").into()
    }

    fn coordinator(&self) -> Process {
        let mut command = Command::new(traipse());
        command.args(["coordinator", "--listen", &self.listen, "--data", text(&self.data)]);
        command.stdout(Stdio::null()).stderr(self.log("coordinator.log"));
        let process = Process::start(&mut command).expect("the coordinator starts");
        wait_for("the coordinator's first answer", 30, || self.ask(&["status", "--json"]));
        process
    }

    fn token(&self) -> String {
        text(&self.data.join("token")).to_owned()
    }

    fn worker(&self, name: &str) -> Process {
        let state = self.folder.join(name);
        let mut command = Command::new(traipse());
        command.args(["worker", "--coordinator", &self.url, "--slots", "1", "--token-file", &self.token()]);
        command.args(["--state", text(&state)]).stdout(Stdio::null()).stderr(self.log(&format!("{name}.log")));
        Process::start(&mut command).expect("a worker starts")
    }

    /// Runs a client verb; none if it fails.
    fn ask(&self, arguments: &[&str]) -> Option<String> {
        let output = Command::new(traipse())
            .args(arguments)
            .args(["--coordinator", &self.url, "--token-file", &self.token()])
            .output()
            .expect("traipse starts");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn status(&self, sweep: &str) -> Option<serde_json::Value> {
        serde_json::from_str(&self.ask(&["status", sweep, "--json"])?).ok()
    }

    fn wait_until_done(&self, sweep: &str, n: u64) {
        wait_for(&format!("{n} runs done"), 120, || {
            let status = self.status(sweep)?;
            (status["n_succeeded"].as_u64()? >= n).then_some(())
        });
    }
}

/// A coordinator and two workers; one worker and the coordinator are killed hard. Returns the tables' folder.
fn killed(spec: &Path, folder: &Path, n_jobs: u64) -> PathBuf {
    let cluster = Cluster::new(folder);
    let mut coordinator = cluster.coordinator();
    let submitted = cluster.ask(&["submit", text(spec), "--json"]).expect("the sweep is accepted");
    let submitted: serde_json::Value = serde_json::from_str(&submitted).expect("submit prints JSON");
    let sweep = submitted["sweep"].as_str().expect("an id").to_owned();
    let mut first = cluster.worker("first");
    let mut second = cluster.worker("second");

    cluster.wait_until_done(&sweep, 3);
    first.kill_hard().expect("the first worker can be killed");
    cluster.wait_until_done(&sweep, 6);
    coordinator.kill_hard().expect("the coordinator can be killed");
    let _restarted = cluster.coordinator();
    let status = cluster.status(&sweep).expect("the sweep is still known");
    let done = status["n_succeeded"].as_u64().expect("a count");
    assert!(
        (6..n_jobs).contains(&done),
        "the kills must fall in the middle of the sweep: {done} of {n_jobs} were done"
    );

    cluster.ask(&["watch", &sweep, "--quiet"]).expect("the sweep ends well");
    let status = cluster.status(&sweep).expect("the sweep is known");
    assert_eq!(status["n_succeeded"], n_jobs, "{status}");
    assert!(status["n_lost_attempts"].as_u64() >= Some(1), "the killed worker's job was lost: {status}");
    let out = folder.join("killed");
    cluster.ask(&["collect", &sweep, "--out", text(&out)]).expect("the tables are collected");
    assert!(
        second.child().try_wait().expect("the process can be asked").is_none(),
        "the second worker lived through it"
    );
    out
}

/// Runs a sweep of `n_jobs` three ways and compares the tables, which have these names.
fn three_ways(spec_text: &str, n_jobs: u64, expected: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let spec = folder.path().join("three-ways.toml");
    std::fs::write(&spec, spec_text).expect("the spec is written");

    let one = tables(&local(&spec, folder.path(), "1")).expect("tables");
    let names: Vec<&str> = one.keys().filter_map(|name| name.strip_suffix(".parquet")).collect();
    assert_eq!(names, expected);
    let two = tables(&local(&spec, folder.path(), "2")).expect("tables");
    let killed = tables(&killed(&spec, folder.path(), n_jobs)).expect("tables");
    for (name, bytes) in &one {
        assert!(two.get(name) == Some(bytes), "{name} differs between one and two workers");
        assert!(killed.get(name) == Some(bytes), "{name} differs after the kills");
    }
}

#[test]
fn one_worker_two_workers_and_kills_give_the_same_bytes() {
    three_ways(SPEC, 24, &["contrasts", "convergence", "gram", "nulls", "runs", "statistics", "trajectory"]);
}

#[test]
fn comparisons_are_the_same_bytes_too() {
    // Twelve runs, 3 × 6 pairs of seeds and 4 × 2 of neighbouring rates.
    let expected = ["comparisons", "contrasts", "convergence", "gram", "nulls", "runs", "statistics", "trajectory"];
    three_ways(COMPARED, 38, &expected);
}
