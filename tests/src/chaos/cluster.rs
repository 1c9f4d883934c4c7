//! A coordinator and its workers as processes that can be killed, stopped and started again, each worker behind a proxy.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::proxy::Proxy;
use crate::process::{Process, traipse};

/// How long a killed coordinator may take until it answers again.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the logs must show, for the counts.
const LOG_LEVELS: &str = "warn,traipse_coordinator=info,traipse_worker=info";

/// The processes, their folders and proxies.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    listen: SocketAddr,
    coordinator: Mutex<Option<Process>>,
    workers: Vec<Mutex<Option<Process>>>,
    proxies: Vec<Proxy>,
    /// Held by whoever needs a coordinator that answers, and by whoever takes it away.
    calm: Mutex<()>,
}

impl Cluster {
    /// Starts a coordinator and that many workers.
    ///
    /// # Errors
    /// If a process cannot be started, or the coordinator does not answer.
    pub fn start(folder: &Path, n_workers: usize) -> Result<Self> {
        let cluster = Self::new(folder, n_workers)?;
        cluster.start_coordinator()?;
        for at in 0..n_workers {
            cluster.start_worker(at)?;
        }
        Ok(cluster)
    }

    /// The same, with nothing started but the proxies.
    ///
    /// # Errors
    /// If there are no ports for them.
    pub fn new(folder: &Path, n_workers: usize) -> Result<Self> {
        // The port must outlive a restart, so it is chosen here; the listener is gone before the coordinator binds.
        let listen = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let proxies = (0..n_workers).map(|_| Proxy::start(listen)).collect::<std::io::Result<Vec<_>>>()?;
        Ok(Self {
            folder: folder.to_owned(),
            listen,
            coordinator: Mutex::new(None),
            workers: (0..n_workers).map(|_| Mutex::new(None)).collect(),
            proxies,
            calm: Mutex::new(()),
        })
    }

    /// Starts the coordinator, and waits until it answers.
    ///
    /// # Errors
    /// If it does not.
    pub fn start_coordinator(&self) -> Result<()> {
        self.await_coordinator(Command::new(traipse()))
    }

    /// Starts a coordinator that no file of its own may outgrow, as on a disk with no more room than that; waits until it
    /// answers.
    ///
    /// # Errors
    /// If it does not.
    pub fn start_coordinator_without_room(&self, n_blocks: u64) -> Result<()> {
        let mut command = Command::new("sh");
        // The signal would kill it; ignored, the write is refused, as a full disk refuses it.
        command.args(["-c", &format!("trap '' XFSZ; ulimit -f {n_blocks}; exec \"$@\""), "sh"]).arg(traipse());
        self.await_coordinator(command)
    }

    /// Waits until the coordinator ends by itself.
    ///
    /// # Errors
    /// If there is none, or it cannot be waited for.
    pub fn coordinators_end(&self) -> Result<std::process::ExitStatus> {
        let process = lock(&self.coordinator).take();
        Ok(process.context("no coordinator runs")?.child().wait()?)
    }

    fn await_coordinator(&self, mut command: Command) -> Result<()> {
        command.args(["coordinator", "--listen", &self.listen.to_string(), "--data"]).arg(self.data());
        command.stdout(Stdio::null()).stderr(self.log("coordinator")?).env("RUST_LOG", LOG_LEVELS);
        *lock(&self.coordinator) = Some(Process::start(&mut command)?);
        let begun = Instant::now();
        while self.ask(&["status", "--json"]).is_none() {
            let ended = lock(&self.coordinator).as_mut().and_then(|process| process.child().try_wait().ok().flatten());
            if let Some(status) = ended {
                bail!("the coordinator did not start again: {status}; see its log");
            }
            if begun.elapsed() > PATIENCE {
                bail!("the coordinator does not answer after {PATIENCE:?}; see its log");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Starts a worker in its state folder.
    ///
    /// # Errors
    /// If the process cannot be started.
    pub fn start_worker(&self, at: usize) -> Result<()> {
        let mut command = Command::new(traipse());
        command.args(["worker", "--coordinator", &self.proxies[at].url(), "--slots", "1", "--token-file"]);
        command.arg(self.data().join("token")).arg("--state").arg(self.state(at));
        command.stdout(Stdio::null()).stderr(self.log(&format!("worker-{at}"))?).env("RUST_LOG", LOG_LEVELS);
        *lock(&self.workers[at]) = Some(Process::start(&mut command)?);
        Ok(())
    }

    /// SIGKILL.
    ///
    /// # Errors
    /// If the process cannot be waited for.
    pub fn kill_coordinator(&self) -> Result<()> {
        kill(&self.coordinator)
    }

    /// SIGKILL.
    ///
    /// # Errors
    /// If the process cannot be waited for.
    pub fn kill_worker(&self, at: usize) -> Result<()> {
        kill(&self.workers[at])
    }

    /// SIGSTOP, and SIGCONT after that time.
    ///
    /// # Errors
    /// If the process takes no signals.
    pub fn pause_coordinator(&self, time: Duration) -> Result<()> {
        pause(&self.coordinator, time)
    }

    /// SIGSTOP, and SIGCONT after that time.
    ///
    /// # Errors
    /// If the process takes no signals.
    pub fn pause_worker(&self, at: usize, time: Duration) -> Result<()> {
        pause(&self.workers[at], time)
    }

    /// Workers that ended by themselves, which none may; those that were killed are not there to ask.
    ///
    /// # Errors
    /// If one has ended.
    pub fn check_workers(&self) -> Result<()> {
        for (at, worker) in self.workers.iter().enumerate() {
            if let Some(status) = lock(worker).as_mut().and_then(|process| process.child().try_wait().ok().flatten()) {
                bail!("worker {at} ended by itself: {status}; see its log");
            }
        }
        Ok(())
    }

    /// A worker's proxy.
    #[must_use]
    pub fn proxy(&self, at: usize) -> &Proxy {
        &self.proxies[at]
    }

    /// How many workers there are.
    #[must_use]
    pub fn n_workers(&self) -> usize {
        self.workers.len()
    }

    /// Keeps the coordinator from being taken away as long as it is held.
    pub fn calm(&self) -> MutexGuard<'_, ()> {
        lock(&self.calm)
    }

    /// Runs a client verb; none if it fails.
    #[must_use]
    pub fn ask(&self, arguments: &[&str]) -> Option<String> {
        let mut command = Command::new(traipse());
        command.args(arguments).args(["--coordinator", &format!("http://{}", self.listen), "--token-file"]);
        let output = command.arg(self.data().join("token")).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The status of a sweep; none if the coordinator does not answer.
    #[must_use]
    pub fn status(&self, sweep: &str) -> Option<serde_json::Value> {
        serde_json::from_str(&self.ask(&["status", sweep, "--json"])?).ok()
    }

    /// The log of a process.
    #[must_use]
    pub fn log_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    /// A worker's state folder.
    #[must_use]
    pub fn state(&self, at: usize) -> PathBuf {
        self.folder.join(format!("state-{at}"))
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log(&self, name: &str) -> Result<Stdio> {
        let path = self.log_path(name);
        let file = File::options().create(true).append(true).open(&path);
        Ok(file.with_context(|| format!("cannot open {}", path.display()))?.into())
    }
}

fn kill(process: &Mutex<Option<Process>>) -> Result<()> {
    lock(process).take().map_or(Ok(()), |mut process| Ok(process.kill_hard()?))
}

fn pause(process: &Mutex<Option<Process>>, time: Duration) -> Result<()> {
    // Nobody kills it meanwhile, so the number stays its own.
    let mut process = lock(process);
    let Some(process) = process.as_mut() else { return Ok(()) };
    let pid = Pid::from_child(process.child());
    kill_process(pid, Signal::STOP)?;
    std::thread::sleep(time);
    Ok(kill_process(pid, Signal::CONT)?)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
