//! What a worker is told at its start, and why it may end badly.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use traipse_agent::Config;
use traipse_sweep::LeaseId;

use crate::data::Cache;
use crate::memory::Memory;
use crate::run::Scratch;
use crate::spool::AroundSpool;
use crate::state;

/// Most slots of one worker.
const MAX_SLOTS: u32 = 4096;

/// How often a long run keeps a checkpoint: what a loss costs at most.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(30 * 60);

/// What this engine computes on, unless a label says otherwise.
const DEVICE: &str = "cpu";

/// What a worker is told at its start.
#[derive(Clone)]
pub struct Options {
    /// Addresses of the coordinator, tried in turn: `http://host:port`.
    pub coordinator: Vec<String>,
    /// Its bearer token.
    pub token: String,
    /// Jobs to hold at a time; as many of them run as the process has cores.
    pub n_slots: u32,
    /// For sweeps that require them, and for the table of attempts.
    pub labels: BTreeMap<String, String>,
    /// What people call this worker: becomes the label `name` where it is not empty.
    pub name: String,
    /// The folder of its identity; else the first one of the user's state folder that no other worker uses.
    pub state: Option<PathBuf>,
    /// Data sets, shared with other workers of this process.
    pub data: Arc<Cache>,
    /// For the snapshots of all jobs that run, in equal shares; what a run has beyond its share goes to a scratch file in the
    /// state folder.
    pub memory: Memory,
    /// How often a run that takes longer than this keeps a checkpoint in the artifact store, where the worker reaches it.
    pub checkpoint_every: Duration,
    /// While finished outcomes that the coordinator has not answered for have more bytes of rows than this, no more jobs
    /// are taken.
    pub spool_bytes: u64,
    /// Put between the worker and its spool, by tests.
    pub around_spool: Option<AroundSpool>,
    /// How long running jobs may finish once the worker shall leave; then they stop and are handed back.
    pub grace: Duration,
    /// How long a job may ignore that the coordinator has told it to stop: then the worker leaves, since nothing else
    /// frees its slot.
    pub stop_grace: Duration,
    /// An outcome that took longer than this to compute is kept on disk at once.
    pub keep_cost: Duration,
    /// A coordinator that was never reached is given up after this; one that was reached once, never.
    pub first_contact: Duration,
}

impl Default for Options {
    fn default() -> Self {
        let config = Config::new(1, 0);
        Self {
            coordinator: Vec::new(),
            token: String::new(),
            n_slots: 1,
            labels: BTreeMap::new(),
            name: String::new(),
            state: None,
            data: Arc::default(),
            memory: Memory::Auto,
            checkpoint_every: CHECKPOINT_EVERY,
            spool_bytes: config.spool_bytes as u64,
            around_spool: None,
            grace: config.grace,
            stop_grace: config.stop_grace,
            keep_cost: config.keep_cost,
            first_contact: config.first_contact,
        }
    }
}

impl Options {
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.coordinator.is_empty() {
            return Err(Error::NoCoordinator);
        }
        if self.n_slots == 0 || self.n_slots > MAX_SLOTS {
            return Err(Error::Slots { found: self.n_slots, most: MAX_SLOTS });
        }
        Ok(())
    }

    /// Jobs that run at a time: no more than the cores that this process may use.
    pub(crate) fn n_threads(&self) -> u32 {
        let cores = available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX));
        self.n_slots.min(cores)
    }

    /// The agent's configuration under these options.
    pub(crate) fn config(&self, seed: u64) -> Config {
        let mut config = Config::new(self.n_slots, seed);
        config.n_threads = self.n_threads();
        config.grace = self.grace;
        config.stop_grace = self.stop_grace;
        config.keep_cost = self.keep_cost;
        config.first_contact = self.first_contact;
        config.report_bytes = traipse_proto::REPORT_BYTES;
        config.spool_bytes = usize::try_from(self.spool_bytes).unwrap_or(usize::MAX);
        config
    }

    /// What one run may use, with the state folder for the rest.
    pub(crate) fn scratch(&self, folder: &Path) -> Scratch {
        Scratch { memory: self.memory.bytes() / u64::from(self.n_threads()), folder: folder.to_owned() }
    }

    pub(crate) fn all_labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.labels.clone();
        if !self.name.is_empty() {
            labels.entry("name".to_owned()).or_insert_with(|| self.name.clone());
        }
        // What its runs are computed on, for sweeps that require another device.
        labels.entry("device".to_owned()).or_insert_with(|| DEVICE.to_owned());
        labels
    }
}

/// What becomes of leases that a worker leaves behind.
fn left(n_left: usize, n_kept: usize, folder: &Path) -> String {
    let lost = n_left.saturating_sub(n_kept);
    let kept =
        format!("{n_kept} are finished and in the spool: start the worker again with --state {}", folder.display());
    let run_out = format!("{lost} run out, and their jobs are done again");
    match (n_kept, lost) {
        (0, _) => run_out,
        (_, 0) => kept,
        _ => format!("{run_out}; {kept}"),
    }
}

/// Why a worker could not start, or had to leave.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No address.
    #[error("no coordinator is named: give its address, as http://HOST:PORT")]
    NoCoordinator,
    /// Too few slots, or too many.
    #[error("{found} slots: a worker has 1 to {most}")]
    Slots {
        /// Asked for.
        found: u32,
        /// Allowed.
        most: u32,
    },
    /// The identity cannot be kept.
    #[error(transparent)]
    State(#[from] state::Error),
    /// A slot's thread could not be started.
    #[error("cannot start a thread for a slot: {source}")]
    Thread {
        /// What the system said.
        source: std::io::Error,
    },
    /// An address or the token has the wrong form.
    #[error(transparent)]
    Client(#[from] traipse_proto::client::Error),
    /// Nobody answered for the whole time of the first contact.
    #[error("no coordinator answers at {url}: is it running, and is the address right? ({last})")]
    Unreached {
        /// Where it was looked for.
        url: String,
        /// What the last try said.
        last: String,
    },
    /// The coordinator will not have this worker.
    #[error("the coordinator at {url} refuses this worker: {message}")]
    Refused {
        /// Which coordinator.
        url: String,
        /// Why.
        message: String,
    },
    /// It left before everything was reported.
    #[error(
        "the worker left before the coordinator at {url} knew the end of {n_left} leases: {}", left(*n_left, *n_kept, folder)
    )]
    GraceOver {
        /// Which coordinator.
        url: String,
        /// How many.
        n_left: usize,
        /// How many of them are in the spool.
        n_kept: usize,
        /// The state folder.
        folder: PathBuf,
    },
    /// A job ignored that it was told to stop; only the end of the process frees its slot.
    #[error(
        "the job of lease {lease} was told to stop and did not: the worker leaves so that its supervisor starts it again{}",
        if *n_left == 0 { String::new() } else { format!("; of {n_left} other leases the coordinator does not know the end: {}", left(*n_left, *n_kept, folder)) }
    )]
    Hung {
        /// Whose job.
        lease: LeaseId,
        /// Other leases whose end the coordinator does not know.
        n_left: usize,
        /// How many of them are in the spool.
        n_kept: usize,
        /// The state folder.
        folder: PathBuf,
    },
}
