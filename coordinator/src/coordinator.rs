//! A running coordinator: started, watched, ended.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use traipse_scheduler::{Config, Pump};
use traipse_sweep::Incarnation;

use crate::artifacts::Artifacts;
use crate::driver::{Driver, OurPump};
use crate::folder::{self, Folder};
use crate::journal::{self, Ledger, Owner, Restored};
use crate::lease_token::Tokens;
use crate::leftovers::Leftovers;
use crate::options::Limits;
use crate::seal::{self, Sealer};
use crate::service::{self, Shared};
use crate::{Error, Options};

/// A running coordinator. Dropping it ends it without grace, as a power cut would: what was answered is kept.
#[derive(Debug)]
pub struct Coordinator {
    address: SocketAddr,
    token: String,
    tasks: Vec<Task>,
    failure: watch::Receiver<Option<Arc<Error>>>,
    ending: Ending,
    grace: Duration,
}

/// Ends the parts in order: calls, then the driver when nothing waits to be written; the owner follows it.
#[derive(Clone, Debug, Default)]
struct Ending {
    calls: CancellationToken,
    driver: CancellationToken,
}

/// A part of the coordinator.
#[derive(Debug)]
struct Task {
    name: &'static str,
    handle: JoinHandle<()>,
}

impl Coordinator {
    /// Opens the data folder, replays the journal, and serves. When this returns, the address accepts calls.
    ///
    /// # Errors
    /// If the folder is another coordinator's or not writable, the address is taken, or the journal is something else,
    /// of another version or damaged. Nothing runs on then.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let folder = Folder::open(&options.data)?;
        let token = match options.token {
            Some(token) => token,
            None => folder.token()?,
        };
        let listener = listen(options.listen).await?;
        let address = listener.local_addr().map_err(|source| Error::Listen { address: options.listen, source })?;
        let zero = Instant::now();
        let (mut ledger, start) = Ledger::open(&folder.database(), folder::random()?, epoch_us()).await?;
        seal::sweep_up(&folder.segments(), &ledger.files(None).await?)?;
        let url = options.artifacts.unwrap_or_else(|| folder.artifacts().to_string_lossy().into_owned());
        let artifacts = Artifacts::open(&url, start.incarnation).await?;
        let config = Config {
            lease: options.limits.lease,
            artifacts_url: artifacts.url.as_str().into(),
            ..Config::new(start.incarnation)
        };
        let pump = pump(&folder, config, start.restored)?;
        tracing::info!(%address, data = %folder.path().display(), incarnation = start.incarnation.0, "serving");
        let parts = Parts { folder, token, listener, zero, ledger, pump, artifacts, limits: options.limits };
        Ok(parts.spawn(address, start.incarnation, start.secret))
    }

    /// Where it listens; the port is the one that was taken, where 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What clients connect to: `http://address:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The bearer token of every call.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Resolves if the coordinator cannot go on, such as when the disk refuses a write; [`Self::failure`] says why. It
    /// answers nothing any more then; call [`Self::shutdown`].
    pub async fn failed(&self) {
        let mut failure = self.failure.clone();
        if failure.wait_for(Option::is_some).await.is_err() {
            // Nobody is left to fail: every task has ended as it should.
            std::future::pending::<()>().await;
        }
    }

    /// Why it cannot go on, if it cannot.
    #[must_use]
    pub fn failure(&self) -> Option<Arc<Error>> {
        self.failure.borrow().clone()
    }

    /// Ends with grace: takes no more calls, answers those that wait, makes durable what is under way.
    pub async fn shutdown(mut self) {
        self.ending.calls.cancel();
        for task in &mut self.tasks {
            if task.name == "driver" {
                self.ending.driver.cancel();
            }
            if tokio::time::timeout(self.grace, &mut task.handle).await.is_err() {
                tracing::warn!(task = task.name, "did not end within its grace, and is ended without");
                task.handle.abort();
            }
        }
    }

    /// Ends at once, as a power cut would, and returns when nothing of it runs any more. For tests of recovery.
    pub async fn kill(mut self) {
        for task in &self.tasks {
            task.handle.abort();
        }
        for task in &mut self.tasks {
            // It was ended on purpose.
            let _ = (&mut task.handle).await;
        }
    }
}

impl Drop for Coordinator {
    fn drop(&mut self) {
        self.ending.calls.cancel();
        for task in &self.tasks {
            task.handle.abort();
        }
    }
}

/// All that has been opened, before anything runs.
struct Parts {
    folder: Folder,
    token: String,
    listener: TcpListener,
    zero: Instant,
    ledger: Ledger,
    pump: OurPump,
    artifacts: Artifacts,
    limits: Limits,
}

impl Parts {
    fn spawn(self, address: SocketAddr, incarnation: Incarnation, secret: [u8; 32]) -> Coordinator {
        let ending = Ending::default();
        let watcher = Watcher::new();
        let (commits, batches) = mpsc::channel(1);
        let (durable, committed) = mpsc::channel(1);
        let (owner, journal) = Owner::new(self.ledger, batches, durable);
        let (driver, inputs, handle) = Driver::new(
            self.pump,
            self.zero,
            &self.limits,
            (commits, committed),
            journal.clone(),
            ending.calls.clone(),
        );
        let segments = self.folder.segments();
        let (sealer, sealing) = Sealer::new(
            segments.clone(),
            incarnation,
            self.limits,
            journal.clone(),
            handle.clone(),
            self.artifacts.clone(),
        );
        let leftovers = Leftovers {
            artifacts: self.artifacts.clone(),
            journal: journal.clone(),
            driver: handle.clone(),
            after: self.limits.leftover_after,
        };
        let shared = Arc::new(Shared {
            driver: handle,
            journal,
            sealing,
            segments,
            artifacts: self.artifacts,
            tokens: Tokens::new(secret),
            incarnation,
            limits: self.limits,
        });
        let (token, calls, end_driver) = (self.token.clone(), ending.calls.clone(), ending.driver.clone());
        let end_sealer = ending.calls.clone();
        // In the order in which they end. The owner keeps the folder's lock: nothing is written after it.
        let folder = self.folder;
        let tasks = vec![
            watcher.spawn("server", async move { service::serve(self.listener, shared, &token, calls).await }),
            watcher.spawn("sealer", sealer.run(end_sealer.clone())),
            watcher.spawn("leftovers", leftovers.run(end_sealer)),
            watcher.spawn("driver", async move {
                // If the journal is closed, its owner says why.
                match driver.run(inputs, end_driver).await {
                    Ok(()) | Err(journal::Error::Closed) => Ok(()),
                    Err(error) => Err(error.into()),
                }
            }),
            watcher.spawn("journal", async move {
                let ended = owner.run().await;
                drop(folder);
                Ok(ended?)
            }),
        ];
        Coordinator { address, token: self.token, tasks, failure: watcher.failure, ending, grace: self.limits.grace }
    }
}

/// Notes the first failure of any task.
struct Watcher {
    report: watch::Sender<Option<Arc<Error>>>,
    failure: watch::Receiver<Option<Arc<Error>>>,
}

impl Watcher {
    fn new() -> Self {
        let (report, failure) = watch::channel(None);
        Self { report, failure }
    }

    fn spawn(&self, name: &'static str, task: impl Future<Output = Result<(), Error>> + Send + 'static) -> Task {
        let failed = Failed { report: self.report.clone(), name, is_done: false };
        let handle = tokio::spawn(async move {
            let mut failed = failed;
            if let Err(error) = task.await {
                failed.note(error);
            }
            failed.is_done = true;
        });
        Task { name, handle }
    }
}

/// A task that panics drops this before it is done.
struct Failed {
    report: watch::Sender<Option<Arc<Error>>>,
    name: &'static str,
    is_done: bool,
}

impl Failed {
    fn note(&self, error: Error) {
        tracing::error!(%error, task = self.name, "the coordinator cannot go on");
        self.report.send_modify(|first| {
            first.get_or_insert_with(|| Arc::new(error));
        });
    }
}

impl Drop for Failed {
    fn drop(&mut self) {
        if !self.is_done && std::thread::panicking() {
            self.note(Error::Broken(self.name));
        }
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        std::io::ErrorKind::AddrInUse => Error::Busy { address },
        _ => Error::Listen { address, source },
    })
}

fn pump(folder: &Folder, config: Config, restored: Restored) -> Result<OurPump, Error> {
    if restored.next_seq == 1 {
        return Ok(Pump::new(config));
    }
    let (now, snapshot, next_seq) = (Duration::ZERO, restored.snapshot.as_deref(), restored.next_seq);
    Pump::restore(config, now, snapshot, restored.facts.into_iter(), next_seq)
        .map_err(|source| Error::Restore { path: folder.path().to_owned(), source })
}

fn epoch_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_failure_is_kept_and_an_orderly_end_is_none() {
        let watcher = Watcher::new();
        let done = watcher.spawn("orderly", async { Ok(()) });
        done.handle.await.unwrap();
        assert!(watcher.failure.borrow().is_none());
        let panics = watcher.spawn("panicking", async { panic!("on purpose") });
        assert!(panics.handle.await.is_err());
        let fails = watcher.spawn("failing", async { Err(Error::Locked { path: "x".into() }) });
        fails.handle.await.unwrap();
        let failure = watcher.failure.borrow().clone().unwrap();
        assert!(matches!(*failure, Error::Broken("panicking")), "{failure}");
    }
}
