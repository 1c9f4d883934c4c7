//! Chaos on real processes: a coordinator and four workers on loopback under random SIGKILL, SIGSTOP and a faulty network,
//! while sweep after sweep must end with the very tables of an undisturbed run.

pub mod cluster;
mod counts;
mod faults;
pub mod proxy;
pub mod random;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::process::{tables, traipse};
use cluster::Cluster;
pub use counts::Tally;
use faults::Trouble;

const N_WORKERS: usize = 4;
/// A sweep that has not ended after this has lost something.
const PATIENCE: Duration = Duration::from_secs(240);
/// Lines of each log that a failure shows.
const LOG_LINES: usize = 12;

/// Runs of two networks, and comparisons which need the weights of two runs from the artifact store.
const SPEC: &str = r#"
spec = 1
name = "chaos"
[model]
hidden = [32]
[train]
epochs = 12
batch_size = 32
[axes]
"train.learning_rate" = [0.02, 0.1, 0.5]
"model.hidden" = [[16], [32, 32]]
[replicates]
seed = 4
[[compare]]
pairs_over = "seed"
probe = "distance"
[[compare]]
neighbours_over = "train.learning_rate"
probe = "prediction"
at = ["start", "end"]
"#;

/// What to do, and for how long.
#[derive(Clone, Debug)]
pub struct Options {
    /// The order of faults.
    pub seed: u64,
    /// Trouble ends after this, when all that must happen has happened.
    pub time: Duration,
    /// Trouble ends after this in any case.
    pub longest: Duration,
    /// What must have happened does not include these.
    pub excused: &'static [&'static str],
    /// Where everything is written.
    pub folder: PathBuf,
}

/// Makes trouble, and checks that nothing was lost. Returns what happened.
///
/// # Errors
/// If tables differ, a run was lost or failed, a process ended by itself, or something that must happen did not.
pub fn run(options: &Options) -> Result<Tally> {
    let spec = options.folder.join("chaos.toml");
    std::fs::write(&spec, SPEC)?;
    let expected = undisturbed(&spec, &options.folder.join("undisturbed"))?;
    let cluster = Cluster::start(&options.folder, N_WORKERS)?;
    let trouble = Trouble::default();
    let ended = thread::scope(|scope| {
        let short = scope.spawn(|| faults::short(&cluster, &trouble, options.seed));
        let long = scope.spawn(|| faults::long(&cluster, &trouble, options.seed));
        let ended = sweeps(options, &cluster, &trouble, &spec, &expected);
        trouble.over.store(true, Ordering::Relaxed);
        let troubled = [short.join(), long.join()];
        for made in troubled {
            made.map_err(|_| anyhow!("a troublemaker panicked"))?.context("trouble could not be made")?;
        }
        ended
    });
    ended.map_err(|error| error.context(logs(&cluster)))?;
    Ok(Tally::of(&trouble.counts, &cluster))
}

/// The tables of one process without any trouble.
fn undisturbed(spec: &Path, out: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut command = Command::new(traipse());
    command.arg("local").arg(spec).args(["--workers", "2", "--quiet", "--out"]).arg(out);
    let output = command.output()?;
    if !output.status.success() {
        bail!("the undisturbed run ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(tables(out)?)
}

/// Sweep after sweep, until the time is over and all that must happen has happened.
fn sweeps(
    options: &Options,
    cluster: &Cluster,
    trouble: &Trouble,
    spec: &Path,
    expected: &BTreeMap<String, Vec<u8>>,
) -> Result<()> {
    let begun = Instant::now();
    for n in 0.. {
        one(options, cluster, trouble, spec, &options.folder.join(format!("sweep-{n}")), begun, expected)
            .with_context(|| format!("sweep {n}"))?;
        trouble.counts.sweeps.fetch_add(1, Ordering::Relaxed);
        let missing = missing(options, trouble, cluster);
        if trouble.over.load(Ordering::Relaxed) || (begun.elapsed() >= options.time && missing.is_empty()) {
            break;
        }
    }
    let missing = missing(options, trouble, cluster);
    if missing.is_empty() {
        return Ok(());
    }
    bail!("did not happen: {}\n{}", missing.join(", "), Tally::of(&trouble.counts, cluster))
}

fn missing(options: &Options, trouble: &Trouble, cluster: &Cluster) -> Vec<&'static str> {
    let mut missing = Tally::of(&trouble.counts, cluster).missing();
    missing.retain(|name| !options.excused.contains(name));
    missing
}

/// One sweep from its submission to its tables, which must be those of the undisturbed run.
fn one(
    options: &Options,
    cluster: &Cluster,
    trouble: &Trouble,
    spec: &Path,
    out: &Path,
    begun: Instant,
    expected: &BTreeMap<String, Vec<u8>>,
) -> Result<()> {
    let sweep = submit(cluster, spec)?;
    trouble.begin_sweep();
    let submitted = Instant::now();
    let status = loop {
        if begun.elapsed() >= options.longest {
            trouble.over.store(true, Ordering::Relaxed);
        }
        let Some(status) = cluster.status(&sweep) else { continue };
        let n_lost = status["n_lost_attempts"].as_u64().unwrap_or(0);
        trouble.n_lost.store(n_lost, Ordering::Relaxed);
        if status["state"] != "active" {
            trouble.counts.lost_attempts.fetch_add(n_lost, Ordering::Relaxed);
            break status;
        }
        cluster.check_workers()?;
        if submitted.elapsed() > PATIENCE {
            bail!("it did not end within {PATIENCE:?}: {status}");
        }
        thread::sleep(Duration::from_millis(100));
    };
    let n_bad = ["n_failed", "n_quarantined", "n_cancelled", "n_diverged"].map(|name| status[name].as_u64());
    if status["state"] != "completed" || n_bad.iter().any(|n| *n != Some(0)) {
        bail!("it did not end well: {status}");
    }
    let calm = cluster.calm();
    let text = out.to_str().context("the folder's name is no UTF-8")?;
    cluster.ask(&["collect", &sweep, "--out", text]).context("the tables could not be collected")?;
    drop(calm);
    compare(&tables(out)?, expected)
}

/// A submit whose answer is lost would leave a sweep behind, so the coordinator lives through it.
fn submit(cluster: &Cluster, spec: &Path) -> Result<String> {
    let _calm = cluster.calm();
    let path = spec.to_str().context("the spec's name is no UTF-8")?;
    let submitted = cluster.ask(&["submit", path, "--json"]).context("the sweep was not accepted")?;
    let submitted: serde_json::Value = serde_json::from_str(&submitted)?;
    Ok(submitted["sweep"].as_str().context("no id")?.to_owned())
}

fn compare(found: &BTreeMap<String, Vec<u8>>, expected: &BTreeMap<String, Vec<u8>>) -> Result<()> {
    if !found.keys().eq(expected.keys()) {
        bail!("its tables are {:?}, not {:?}", found.keys(), expected.keys());
    }
    match expected.iter().find(|(name, bytes)| found.get(*name) != Some(bytes)) {
        Some((name, _)) => bail!("{name} is not that of the undisturbed run"),
        None => Ok(()),
    }
}

fn logs(cluster: &Cluster) -> String {
    let mut text = "the ends of the logs:\n".to_owned();
    let workers = (0..cluster.n_workers()).map(|at| format!("worker-{at}"));
    for name in std::iter::once("coordinator".to_owned()).chain(workers) {
        text += &format!("{name}:\n{}\n", counts::tail(&cluster.log_path(&name), LOG_LINES));
    }
    text
}
