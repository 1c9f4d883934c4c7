//! `traipse worker`: train and measure what a coordinator hands out, until a signal comes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use traipse_sweep::spec::length_of_time;
use traipse_worker::Memory;
use traipse_worker::data::Cache;

use crate::connection::{Connection, ConnectionArgs};
use crate::error::Error;
use crate::exit::End;
use crate::output::Screen;
use crate::output::units::counted;
use crate::runtime;

/// Most slots of one worker.
const MAX_SLOTS: i64 = 4096;

/// For whom to work, and with how much.
#[derive(Debug, clap::Args)]
#[command(after_help = "Ctrl-C or SIGTERM: no new runs are taken, those under way have 30 seconds to finish, what is \
    not finished then is handed back, outcomes are reported, and the worker leaves. A second Ctrl-C ends it at once.")]
pub(crate) struct Args {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Runs to hold at a time; as many of them train as there are cores, and more than that are taken only while they are
    /// short. Else one a core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MAX_SLOTS))]
    slots: Option<u32>,
    /// Labels, for sweeps that require them (`execution.require`) and for the table of attempts; device=cpu unless it is
    /// given.
    #[arg(long, value_name = "KEY=VALUE", value_parser = label, value_delimiter = ',')]
    labels: Vec<(String, String)>,
    /// The folder of its identity, and of outcomes that the coordinator has not answered for yet; else the first free worker-N of the user's state folder.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Memory for the snapshots of all runs under way, such as 8GiB or 500MB; what is beyond goes to a scratch file in
    /// the state folder. Sweeps may require that each slot's share is large enough. auto is half of the machine's.
    #[arg(long, value_name = "SIZE", default_value = "auto")]
    memory: Memory,
    /// How many bytes of finished rows may wait for a coordinator that is away, such as 1GiB; beyond, no runs are taken.
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = traipse_worker::size)]
    spool_bytes: u64,
    /// How often a run that takes longer than this keeps a checkpoint in the artifact store: what a loss costs at most.
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = length_of_time)]
    checkpoint_every: Duration,
}

/// The same, ready to go.
struct Settings {
    connection: Connection,
    n_slots: u32,
    labels: BTreeMap<String, String>,
    state: Option<PathBuf>,
    memory: Memory,
    spool_bytes: u64,
    checkpoint_every: Duration,
}

impl Args {
    fn resolve(self) -> Result<Settings, Error> {
        let cores = available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(u32::MAX));
        let mut labels = BTreeMap::new();
        for (key, value) in self.labels {
            if labels.insert(key.clone(), value).is_some() {
                return Err(Error::wrong_use(format!("the label {key} is given twice")));
            }
        }
        let connection = self.connection.resolve()?;
        let n_slots = self.slots.unwrap_or(cores);
        Ok(Settings {
            connection,
            n_slots,
            labels,
            state: self.state,
            memory: self.memory,
            spool_bytes: self.spool_bytes,
            checkpoint_every: self.checkpoint_every,
        })
    }
}

/// Works until a signal comes.
pub(crate) fn run(args: Args, screen: &Screen) -> Result<End, Error> {
    let settings = args.resolve()?;
    runtime::start()?.block_on(work(settings, screen))
}

async fn work(settings: Settings, screen: &Screen) -> Result<End, Error> {
    let interrupt = runtime::interrupt(screen)?;
    let url = settings.connection.url.clone();
    screen.note(format!("working for {url} with {}; Ctrl-C ends", counted(u64::from(settings.n_slots), "slot")));
    let options = traipse_worker::Options {
        coordinator: vec![url],
        token: settings.connection.token,
        n_slots: settings.n_slots,
        labels: settings.labels,
        state: settings.state,
        memory: settings.memory,
        spool_bytes: settings.spool_bytes,
        checkpoint_every: settings.checkpoint_every,
        data: Arc::new(Cache::default()),
        ..traipse_worker::Options::default()
    };
    traipse_worker::start(options, interrupt).await.map_err(|error| match error {
        error @ traipse_worker::Error::Hung { .. } => Error::hung(error),
        error => Error::environment(error),
    })?;
    screen.note("left; what was under way is handed back");
    Ok(End::Done)
}

/// `KEY=VALUE`, neither of them empty.
fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() && !value.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err(format!("`{text}` is not a label: write KEY=VALUE, such as rack=a7")),
    }
}
