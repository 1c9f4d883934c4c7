//! `Watch`: counts as they change, coalesced, until the sweep ends.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use traipse_proto::v1;
use traipse_sweep::SweepId;

use super::{IDLE_LIMIT, status};
use crate::driver::Handle;

/// At most 4 messages a second.
const APART: Duration = Duration::from_millis(250);

/// Where nothing changes, the same status is sent again, so that a client can tell a quiet sweep from a dead line.
const REPEAT: Duration = Duration::from_secs(10);

type Sender = mpsc::Sender<Result<v1::SweepStatus, Status>>;

/// The stream of one watcher.
pub(super) fn stream(driver: Handle, sweep: SweepId) -> ReceiverStream<Result<v1::SweepStatus, Status>> {
    let (send, receive) = mpsc::channel(1);
    tokio::spawn(async move {
        let ending = driver.ending().clone();
        tokio::select! {
            () = follow(&driver, sweep, &send) => {}
            () = ending.cancelled() => {
                let gone = Status::unavailable("the coordinator is ending: watch again when it has been started again");
                // A reader that takes nothing misses nothing that matters.
                let _ = send.try_send(Err(gone));
            }
            () = send.closed() => {}
        }
    });
    ReceiverStream::new(receive)
}

async fn follow(driver: &Handle, sweep: SweepId, send: &Sender) {
    let mut changes = driver.changes();
    let mut last: Option<v1::SweepStatus> = None;
    loop {
        changes.borrow_and_update();
        let found = status::current(driver, sweep).await;
        let is_last = match &found {
            Ok(status) => status.state().is_over(),
            Err(_) => true,
        };
        let is_news = found.as_ref().ok() != last.as_ref();
        if is_news {
            last = found.as_ref().ok().cloned();
            match send.send_timeout(found, IDLE_LIMIT).await {
                Ok(()) if !is_last => {}
                _ => return,
            }
        }
        tokio::time::sleep(APART).await;
        match tokio::time::timeout(REPEAT, changes.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return,
            Err(_) => last = None,
        }
    }
}
