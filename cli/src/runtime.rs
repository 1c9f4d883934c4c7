//! The async runtime of the verbs that need one, and the signals that end them.

use std::process;

use anyhow::Context as _;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use traipse_coordinator::Coordinator;

use crate::error::Error;
use crate::exit;
use crate::output::Screen;

/// A runtime.
///
/// # Errors
/// If the machine has no room for its threads.
pub(crate) fn start() -> Result<Runtime, Error> {
    Ok(Builder::new_multi_thread().enable_all().build().context("cannot start the runtime's threads")?)
}

/// A token that Ctrl-C or SIGTERM cancels; a second signal ends the process at once. Needs the runtime.
///
/// # Errors
/// If signals cannot be watched.
pub(crate) fn interrupt(screen: &Screen) -> Result<CancellationToken, Error> {
    let watch = |kind| signal(kind).context("cannot watch for signals");
    let (mut int, mut term) = (watch(SignalKind::interrupt())?, watch(SignalKind::terminate())?);
    let token = CancellationToken::new();
    let (asked, screen) = (token.clone(), screen.clone());
    tokio::spawn(async move {
        either(&mut int, &mut term).await;
        asked.cancel();
        either(&mut int, &mut term).await;
        screen.alert("interrupted twice: ending at once");
        process::exit(i32::from(exit::INTERRUPTED));
    });
    Ok(token)
}

/// Why a coordinator ended by itself: a write that failed, above all.
pub(crate) fn coordinator_stopped(coordinator: &Coordinator) -> Error {
    match coordinator.failure() {
        Some(cause) => Error::environment(anyhow::Error::new(cause).context("the coordinator had to stop")),
        None => Error::environment(anyhow::anyhow!("the coordinator had to stop")),
    }
}

async fn either(int: &mut Signal, term: &mut Signal) {
    tokio::select! {
        _ = int.recv() => {}
        _ = term.recv() => {}
    }
}
