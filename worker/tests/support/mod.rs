//! A coordinator made by hand, and a worker beside it.
#![allow(dead_code, reason = "every test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

pub(crate) mod fake;

use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use traipse_worker::{Error, Options};

use fake::Fake;

/// A worker on a runtime of its own.
pub(crate) struct Worker {
    thread: JoinHandle<Result<(), Error>>,
    leave: CancellationToken,
}

impl Worker {
    pub(crate) fn start(options: Options) -> Self {
        let leave = CancellationToken::new();
        let token = leave.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            runtime.block_on(traipse_worker::start(options, token))
        });
        Self { thread, leave }
    }

    /// Tells it to leave and waits until it has.
    pub(crate) fn drain(self) -> Result<(), Error> {
        self.leave.cancel();
        self.end()
    }

    /// Waits until it leaves by itself.
    pub(crate) fn end(self) -> Result<(), Error> {
        self.thread.join().expect("the worker does not panic")
    }
}

/// Options for a worker of that coordinator, its state in `folder`.
pub(crate) fn options(fake: &Fake, folder: &tempfile::TempDir) -> Options {
    Options {
        coordinator: vec![fake.url()],
        token: fake::TOKEN.to_owned(),
        state: Some(state(folder)),
        grace: Duration::from_secs(60),
        ..Options::default()
    }
}

pub(crate) fn state(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("worker")
}

/// A sweep of noop runs.
pub(crate) fn noop(n_jobs: u64) -> String {
    format!("name = \"noop\"\n[model]\nkind = \"noop\"\n[replicates]\nseed = {n_jobs}\n")
}

/// A sweep of small networks on the embedded digits, four runs.
pub(crate) fn digits(epochs: u64, more: &str) -> String {
    format!(
        "name = \"digits\"\n{more}\n[model]\nhidden = [8]\n[train]\nepochs = {epochs}\nbatch_size = 64\n\
         [replicates]\nseed = [0, 1, 2, 3]\n"
    )
}
