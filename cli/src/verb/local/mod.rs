//! `traipse local SPEC`: a coordinator and workers of its own, over real gRPC on loopback, tables at the end.

mod crew;
mod take_over;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use traipse_coordinator::Coordinator;
use traipse_proto::client::{self, Clients};
use traipse_proto::v1::{ResumeRequest, SubmitRequest, SweepState, SweepStatus};
use traipse_sweep::spec::length_of_time;
use traipse_worker::Memory;
use traipse_worker::data::Cache;

use self::crew::Crew;
use crate::connection::{Connection, refused};
use crate::error::Error;
use crate::exit::End;
use crate::fetch::fetch;
use crate::follow::{Followed, follow};
use crate::out_folder::{self, OutFolder};
use crate::output::units::{count, counted, duration, rate};
use crate::output::{Screen, collected, status, style};
use crate::spec_file::{self, SpecFile};
use crate::{check, runtime};

/// Most workers of one `local`: beyond, they only wait for each other.
const MAX_WORKERS: u64 = 1024;

/// What to run, with how much, and where its tables go.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The same command after Ctrl-C, a kill or a crash goes on where it was: what is done is kept in \
    the output folder."
)]
pub(crate) struct Args {
    /// The sweep file (.toml, .yaml or .json), or - for stdin.
    spec: PathBuf,
    /// Workers; else one a core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MAX_WORKERS))]
    workers: Option<u64>,
    /// Runs that each worker trains at a time.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=MAX_WORKERS))]
    slots: u64,
    /// Memory for the snapshots of all runs under way, such as 8GiB or 500MB; what is beyond goes to scratch files in the
    /// output folder. auto is half of the machine's.
    #[arg(long, value_name = "SIZE", default_value = "auto")]
    memory: Memory,
    /// How often a run that takes longer than this keeps a checkpoint, from which it goes on after a kill.
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = length_of_time)]
    checkpoint_every: Duration,
    /// Where the tables and the state go; else traipse-out/NAME.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print JSON at the end: the counts and the files.
    #[arg(long)]
    json: bool,
}

/// The same, checked and ready to go.
struct Settings {
    file: SpecFile,
    out: PathBuf,
    n_workers: usize,
    n_slots: u32,
    memory: Memory,
    checkpoint_every: Duration,
    json: bool,
    again: String,
    /// Read once, for the check and for the workers.
    data: Arc<Cache>,
}

/// How the training went, before tables are made.
enum Trained {
    /// The sweep ended, after so much time with so many runs done in it.
    Ended(Box<SweepStatus>),
    /// A signal ended the work, and what was done is safe.
    Interrupted,
}

impl Args {
    fn resolve(self) -> Result<Settings, Error> {
        let file = spec_file::read(&self.spec)?;
        let cores = available_parallelism().map_or(1, usize::from);
        Ok(Settings {
            again: self.again(),
            out: self.out.unwrap_or_else(|| out_folder::default(file.name())),
            n_workers: self.workers.map_or(cores, |n| n as usize),
            n_slots: self.slots as u32,
            memory: self.memory,
            checkpoint_every: self.checkpoint_every,
            json: self.json,
            data: Arc::default(),
            file,
        })
    }

    /// The command that goes on where this one stops.
    fn again(&self) -> String {
        let out = self.out.as_ref().map(|out| format!(" --out {}", out.display())).unwrap_or_default();
        format!("traipse local {}{out}", self.spec.display())
    }
}

/// Runs the sweep and makes its tables.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    let settings = args.resolve()?;
    check::strictly(&settings.file, &settings.data)?;
    let out = out_folder::take(&settings.out, &settings.file)?;
    runtime::start()?.block_on(local(&settings, &out, screen))
}

async fn local(settings: &Settings, out: &OutFolder, screen: &Screen) -> Result<End, Error> {
    let interrupt = runtime::interrupt(screen)?;
    let coordinator = crew::coordinator(out).await?;
    tracing::info!(url = coordinator.url(), data = %out.data().display(), "the sweep's own coordinator listens");
    let connection = Connection { url: coordinator.url(), token: coordinator.token().to_owned() };
    let ended = session(settings, out, &connection, &coordinator, &interrupt, screen).await;
    coordinator.shutdown().await;
    ended
}

/// All that happens while the coordinator lives.
async fn session(
    settings: &Settings,
    out: &OutFolder,
    connection: &Connection,
    coordinator: &Coordinator,
    interrupt: &CancellationToken,
    screen: &Screen,
) -> Result<End, Error> {
    let mut clients = connection.clients().await?;
    let n_before = submit(settings, out, &mut clients, screen).await?;
    let began = Instant::now();
    let trained = tokio::select! {
        trained = train(settings, out, connection, &clients, interrupt, screen) => trained?,
        () = coordinator.failed() => return Err(stopped(coordinator, settings)),
    };
    match trained {
        Trained::Ended(last) if status::is_held(&last) => {
            screen.note(style::warning(format!("the sweep is paused: {}", last.message)));
            screen.note(format!("mend that, then go on with:  {}", settings.again));
            Ok(End::RunsFailed)
        }
        Trained::Ended(last) => {
            pace(&last, n_before, began.elapsed(), screen);
            if last.state() == SweepState::Stopped {
                screen.note(style::warning(format!("the sweep was stopped: {}", last.message)));
            }
            tables(settings, out, &mut clients, screen).await
        }
        Trained::Interrupted => {
            screen.note(format!("interrupted; what is done is kept in {}", out.path.display()));
            screen.note(format!("go on with:  {}", settings.again));
            Ok(End::Interrupted)
        }
    }
}

/// Hands the sweep over, unless it is there already, and says how many of its runs are done.
async fn submit(settings: &Settings, out: &OutFolder, clients: &mut Clients, screen: &Screen) -> Result<u64, Error> {
    let sweep = out.sweep.to_string();
    let request = SubmitRequest { sweep: sweep.clone(), spec: out.submitted.clone() };
    clients.sweep.submit(client::unary(request)).await.map_err(refused)?;
    let before = take_over::bring_up(&sweep, &out.path, &settings.file, clients, screen).await?;
    if status::is_held(&before) {
        // The same command again says that what paused it is mended.
        clients.sweep.resume(client::unary(ResumeRequest { sweep })).await.map_err(refused)?;
    }
    let n_before = before.n_ended();
    let (workers, slots) = (settings.n_workers as u64, u64::from(settings.n_slots));
    let each = if slots > 1 { format!(" of {slots} slots each") } else { String::new() };
    let goes_on = match n_before {
        0 => String::new(),
        n => format!(", {} of them done before,", count(n)),
    };
    screen.note(format!(
        "{}  {}{goes_on} on {}{each}",
        style::strong(settings.file.name()),
        counted(before.n_runs, "run"),
        counted(workers, "worker"),
    ));
    Ok(n_before)
}

/// Lets the workers work until the sweep ends, a signal comes, or a worker cannot go on.
async fn train(
    settings: &Settings,
    out: &OutFolder,
    connection: &Connection,
    clients: &Clients,
    interrupt: &CancellationToken,
    screen: &Screen,
) -> Result<Trained, Error> {
    let options = traipse_worker::Options {
        n_slots: settings.n_slots,
        memory: Memory::Bytes(settings.memory.bytes() / settings.n_workers as u64),
        checkpoint_every: settings.checkpoint_every,
        data: Arc::clone(&settings.data),
        ..traipse_worker::Options::default()
    };
    let mut crew = Crew::new(connection, options);
    (0..settings.n_workers).for_each(|at| crew.add(at, out.worker(at)));
    let followed = tokio::select! {
        followed = follow(clients.sweep.clone(), out.sweep.to_string(), interrupt, screen) => followed,
        error = crew.failed() => Err(error),
    };
    if matches!(followed, Ok(Followed::Interrupted)) {
        screen.note("stopping at the next step; once more to stop at once");
    }
    let drained = crew.drain().await;
    match followed? {
        Followed::Ended(status) => Ok(Trained::Ended(status)),
        Followed::Interrupted => drained.map(|()| Trained::Interrupted),
    }
}

/// Says how long it took.
fn pace(status: &SweepStatus, n_before: u64, took: Duration, screen: &Screen) {
    let n = status.n_ended().saturating_sub(n_before);
    if n > 0 {
        let per_second = rate(n as f64 / took.as_secs_f64().max(1e-9));
        let what = if status.n_comparisons == 0 { "run" } else { "job" };
        screen.note(format!("{} in {}, {per_second} {what}s/s", counted(n, what), duration(took)));
    }
}

async fn tables(settings: &Settings, out: &OutFolder, clients: &mut Clients, screen: &Screen) -> Result<End, Error> {
    let fetched = fetch(&mut clients.sweep, &out.sweep.to_string(), &out.path).await?;
    let counts = fetched.status.clone();
    let tables = fetched.merge(&out.path, screen).await?;
    if settings.json {
        collected::json(screen, &counts, &tables, &out.path)?;
    } else {
        collected::text(screen, &counts, &tables, &settings.file.plan, &out.path)?;
    }
    Ok(status::end(&counts))
}

fn stopped(coordinator: &Coordinator, settings: &Settings) -> Error {
    runtime::coordinator_stopped(coordinator).help(format!("what was done is kept; go on with:  {}", settings.again))
}
