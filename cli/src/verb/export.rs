//! `traipse export DIR RUN`: one run, so that anybody can retrain it outside Traipse and compare.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use traipse_nn::Problem;
use traipse_results::{Tables, read};
use traipse_sweep::Plan;
use traipse_sweep::spec::{self, Format};

use crate::error::Error;
use crate::exit::End;
use crate::export::{self, Snapshot};
use crate::output::Screen;

/// Which run, of which tables, and where it goes.
#[derive(Debug, clap::Args)]
#[command(after_help = "python3 OUT/check.py retrains it in NumPy and compares the loss at every snapshot.")]
pub(crate) struct Args {
    /// A folder of tables that `local` or `collect` wrote.
    dir: PathBuf,
    /// The run, as in the column `run`.
    run: u64,
    /// A new folder for its files; else DIR-run-RUN beside DIR.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Exports it.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    let Args { dir, run, out } = args;
    let out = out.unwrap_or_else(|| beside(&dir, run));
    free(&out)?;
    let tables = Tables::open(&dir).map_err(|error| match error {
        traipse_results::Error::NotTables { .. } => {
            Error::wrong_use(error).help("give the folder that `traipse local` or `traipse collect` wrote")
        }
        error => Error::environment(error),
    })?;
    let plan = plan(&tables)?;
    if run >= plan.n_run_jobs() || plan.is_excluded(plan.job_of_run(run)) {
        return Err(Error::wrong_use(format!("{} has no run {run}", dir.display())).help(format!(
            "runs are counted from 0 to {}, without those that the grid excludes",
            plan.n_run_jobs() - 1
        )));
    }
    let problem = problem(&plan, run, &dir)?;
    let snapshots = snapshots(&dir, run)?;
    write(&out, run, &problem, &snapshots)?;
    screen.print(format!("run {run}: {} snapshots in {}", snapshots.len(), out.display()))?;
    screen.print(format!("next    python3 {}", out.join("check.py").display()))?;
    Ok(End::Done)
}

fn beside(dir: &Path, run: u64) -> PathBuf {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(format!("-run-{run}"));
    dir.with_file_name(name)
}

/// Refuses a place that holds something.
fn free(out: &Path) -> Result<(), Error> {
    let taken = match fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => out.exists(),
    };
    if !taken {
        return Ok(());
    }
    Err(Error::wrong_use(format!("{} is there already", out.display())).help("give a new folder with --out"))
}

fn plan(tables: &Tables) -> Result<Plan, Error> {
    let text = tables.manifest().spec.to_string();
    let spec = spec::parse(&text, Format::Json, "manifest.json").map_err(Error::environment)?;
    Plan::new(spec.into()).map_err(Error::environment)
}

/// The run joined with its data, which must be those that it was trained on.
fn problem(plan: &Plan, run: u64, dir: &Path) -> Result<Problem, Error> {
    let settings = plan.settings(plan.job_of_run(run));
    let data = traipse_worker::data::load(&settings.data).map_err(Error::environment)?;
    let table = dir.join("runs.parquet");
    let runs = read::numbers(&table, "run").map_err(Error::environment)?;
    let at = runs.iter().position(|found| *found == Some(run as f64));
    let hashes = read::texts(&table, "data_hash").map_err(Error::environment)?;
    match at.and_then(|at| hashes[at].clone()) {
        Some(hash) if hash == data.hash => {}
        None => {
            return Err(Error::wrong_use(format!("run {run} never met its data: it has not ended, or failed"))
                .help("choose a run whose outcome in runs.parquet is succeeded or diverged"));
        }
        Some(hash) => {
            let cause = anyhow::anyhow!("the data have the hash {}, and run {run} was trained on {hash}", data.hash);
            return Err(Error::environment(cause).help("put the files there that the sweep was run on"));
        }
    }
    Problem::new(&settings, data).map_err(Error::environment)
}

fn snapshots(dir: &Path, run: u64) -> Result<Vec<Snapshot>, Error> {
    let table = dir.join("trajectory.parquet");
    let column = |name| read::numbers(&table, name).map_err(Error::environment);
    let (runs, steps, probes) = (column("run")?, column("step")?, column("n_probe")?);
    let (train, test) = (column("train_loss")?, column("test_loss")?);
    let of = |at: usize| {
        let (step, n_probe) = (steps[at]? as u64, probes[at]? as u64);
        Some(Snapshot { step, n_probe, train_loss: train[at]?, test_loss: test[at]? })
    };
    Ok((0..runs.len()).filter(|&at| runs[at] == Some(run as f64)).filter_map(of).collect())
}

/// Written aside and renamed: the folder is whole or not there.
fn write(out: &Path, run: u64, problem: &Problem, snapshots: &[Snapshot]) -> Result<(), Error> {
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let cannot = || format!("cannot write {}", out.display());
    fs::create_dir_all(parent).with_context(cannot)?;
    let aside = tempfile::Builder::new().prefix(".export-").tempdir_in(parent).with_context(cannot)?;
    export::write(aside.path(), run, problem, snapshots).with_context(cannot)?;
    export::publish(&aside.keep(), out).with_context(cannot)?;
    Ok(())
}
