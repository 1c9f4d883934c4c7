//! Following a sweep to its end, through restarts of its coordinator.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use traipse_proto::client::Authorised;
use traipse_proto::v1::sweep_service_client::SweepServiceClient;
use traipse_proto::v1::{SweepStatus, WatchRequest};

use crate::connection::refused;
use crate::error::Error;
use crate::output::Screen;
use crate::output::progress::Progress;
use crate::output::status::is_held;

/// A coordinator that has been silent for so long is given up.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two attempts to reach it again.
const RETRY: Duration = Duration::from_secs(1);

/// How the following ended.
#[derive(Debug)]
pub(crate) enum Followed {
    /// With the sweep's end, or because its coordinator paused it: only a person can say how it goes on.
    Ended(Box<SweepStatus>),
    /// With a signal.
    Interrupted,
}

/// Shows a sweep's progress until it ends, its coordinator pauses it, or `interrupt` is cancelled.
///
/// # Errors
/// If there is no such sweep, or its coordinator is silent for two minutes.
pub(crate) async fn follow(
    client: SweepServiceClient<Authorised>,
    sweep: String,
    interrupt: &CancellationToken,
    screen: &Screen,
) -> Result<Followed, Error> {
    let mut progress = Progress::new(screen);
    let mut last = None;
    let ended = tokio::select! {
        biased;
        () = interrupt.cancelled() => Ok(false),
        ended = until_over(client, sweep, &mut progress, &mut last, screen) => ended.map(|()| true),
    };
    progress.finish(last.as_ref());
    match (ended?, last) {
        (true, Some(status)) => Ok(Followed::Ended(Box::new(status))),
        _ => Ok(Followed::Interrupted),
    }
}

async fn until_over(
    mut client: SweepServiceClient<Authorised>,
    sweep: String,
    progress: &mut Progress,
    last: &mut Option<SweepStatus>,
    screen: &Screen,
) -> Result<(), Error> {
    let mut heard = Instant::now();
    let mut said = false;
    loop {
        let broken = match one_stream(&mut client, &sweep, progress, last, &mut heard).await {
            Ok(()) if last.as_ref().is_some_and(|status| status.state().is_over() || is_held(status)) => return Ok(()),
            Ok(()) => Status::unavailable("the stream of counts ended before the sweep"),
            Err(status) => status,
        };
        if !is_passing(&broken) || heard.elapsed() > PATIENCE {
            return Err(refused(broken));
        }
        if !said {
            said = true;
            screen.note("the coordinator does not answer; trying again for two minutes");
        }
        sleep(RETRY).await;
    }
}

async fn one_stream(
    client: &mut SweepServiceClient<Authorised>,
    sweep: &str,
    progress: &mut Progress,
    last: &mut Option<SweepStatus>,
    heard: &mut Instant,
) -> Result<(), Status> {
    let mut stream = client.watch(WatchRequest { sweep: sweep.to_owned() }).await?.into_inner();
    while let Some(status) = stream.message().await? {
        *heard = Instant::now();
        progress.update(&status);
        if is_held(last.insert(status)) {
            break;
        }
    }
    Ok(())
}

/// Whether a broken stream may be mended by a coordinator that comes back.
fn is_passing(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::Cancelled | Code::Unknown | Code::Internal | Code::DeadlineExceeded
    )
}
