//! The processes of a `local` that are none: a coordinator on a free port, and workers as tasks.

use std::future::pending;
use std::path::PathBuf;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use traipse_coordinator::Coordinator;

use crate::connection::Connection;
use crate::error::Error;
use crate::out_folder::OutFolder;

/// How long runs under way may finish after Ctrl-C: a person waits for it.
const GRACE: Duration = Duration::from_secs(2);

/// A coordinator for this sweep alone, on a port that the system chooses.
///
/// # Errors
/// If its data cannot be read or written, or another `local` uses the folder.
pub(crate) async fn coordinator(out: &OutFolder) -> Result<Coordinator, Error> {
    let options = traipse_coordinator::Options::new(([127, 0, 0, 1], 0).into(), out.data());
    Coordinator::start(options).await.map_err(|error| match error {
        traipse_coordinator::Error::Locked { .. } => {
            let folder = out.path.display();
            Error::environment(anyhow::anyhow!("another `traipse local` works in {folder}"))
                .help("wait for its end, or give another folder with --out")
        }
        error => Error::environment(error),
    })
}

/// Workers that are replaced because a job in one of them does not stop. Each leaves a busy thread behind, so that more
/// would only stand in each other's way.
const MAX_REPLACED: u32 = 3;

/// The workers: tasks in a set, ended by one token.
pub(crate) struct Crew {
    /// What all of them are told.
    options: traipse_worker::Options,
    workers: JoinSet<(Member, Result<(), traipse_worker::Error>)>,
    n_replaced: u32,
    leave: CancellationToken,
}

/// One of them.
struct Member {
    at: usize,
    state: PathBuf,
}

impl Crew {
    /// Nobody yet; all who come are told the same, and share one copy of the data.
    pub(crate) fn new(connection: &Connection, options: traipse_worker::Options) -> Self {
        let options = traipse_worker::Options {
            coordinator: vec![connection.url.clone()],
            token: connection.token.clone(),
            grace: GRACE,
            ..options
        };
        Self { options, workers: JoinSet::new(), n_replaced: 0, leave: CancellationToken::new() }
    }

    /// Starts worker number `at`.
    pub(crate) fn add(&mut self, at: usize, state: PathBuf) {
        let (name, folder) = (format!("local-{at}"), Some(state.clone()));
        let options = traipse_worker::Options { state: folder, name, ..self.options.clone() };
        let leave = self.leave.clone();
        self.workers.spawn(async move { (Member { at, state }, traipse_worker::start(options, leave).await) });
    }

    /// Resolves if a worker cannot go on; never while all of them work. One in which a job does not stop is replaced:
    /// its thread is lost until the process ends, and the others and a new one go on.
    pub(crate) async fn failed(&mut self) -> Error {
        while let Some(ended) = self.workers.join_next().await {
            match ended {
                Ok((member, Err(error @ traipse_worker::Error::Hung { .. }))) if self.n_replaced < MAX_REPLACED => {
                    tracing::error!(worker = member.at, %error, "a worker is replaced; its job keeps a core until the end");
                    self.n_replaced += 1;
                    self.add(member.at, member.state);
                }
                ended => {
                    if let Err(error) = outcome(ended) {
                        return error;
                    }
                }
            }
        }
        pending().await
    }

    /// Lets every worker report what it has and leave.
    ///
    /// # Errors
    /// If one could not.
    pub(crate) async fn drain(mut self) -> Result<(), Error> {
        self.leave.cancel();
        let mut drained = Ok(());
        while let Some(ended) = self.workers.join_next().await {
            drained = drained.and(outcome(ended));
        }
        drained
    }
}

fn outcome(ended: Result<(Member, Result<(), traipse_worker::Error>), tokio::task::JoinError>) -> Result<(), Error> {
    match ended {
        Ok((_, Ok(()))) => Ok(()),
        Ok((_, Err(error @ traipse_worker::Error::Hung { .. }))) => Err(Error::hung(error)),
        Ok((_, Err(error))) => Err(Error::environment(error)),
        Err(error) => Err(Error::environment(anyhow::Error::new(error).context("a worker broke off"))),
    }
}
