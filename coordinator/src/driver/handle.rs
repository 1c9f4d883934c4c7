//! The driver's handle: cheap to clone, and all that the services know of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use traipse_scheduler::{Answer, Command, Rejection};
use traipse_sweep::SweepId;

use super::catalogue::{Catalogue, Entry};
use super::{Driver, Reply, Ticket};
use crate::block::Block;

/// What the driver is told.
pub(super) enum Message {
    Call { ticket: Ticket, command: Command<Block>, reply: Reply },
    Gone { ticket: Ticket },
    Read(Box<dyn FnOnce(&Driver) + Send>),
}

/// Asks the driver.
#[derive(Clone)]
pub(crate) struct Handle {
    inbox: mpsc::Sender<Message>,
    tickets: Arc<AtomicU64>,
    catalogue: watch::Receiver<Catalogue>,
    changed: watch::Receiver<u64>,
    ending: CancellationToken,
}

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// It was refused.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The coordinator ends.
    #[error("the coordinator is ending: try again when it has been started again")]
    Ending,
}

impl Handle {
    pub(super) fn new(
        inbox: mpsc::Sender<Message>,
        catalogue: watch::Receiver<Catalogue>,
        changed: watch::Receiver<u64>,
        ending: CancellationToken,
    ) -> Self {
        Self { inbox, tickets: Arc::default(), catalogue, changed, ending }
    }

    /// Asks the scheduler, and waits until the answer may be given. If the caller goes away, the scheduler is told.
    pub(crate) async fn call(&self, command: Command<Block>) -> Result<Answer, CallError> {
        let ticket = self.tickets.fetch_add(1, Ordering::Relaxed);
        let (reply, mut answered) = oneshot::channel();
        self.send(Message::Call { ticket, command, reply }).await?;
        let guard = Guard { handle: self, ticket, is_waiting: true };
        let answer = tokio::select! {
            biased;
            answer = &mut answered => answer.map_err(|_| CallError::Ending)?,
            () = self.ending.cancelled() => return Err(CallError::Ending),
        };
        guard.disarm();
        Ok(answer?)
    }

    /// Reads something of the driver, between two of its steps. Keep it short.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Driver) -> T + Send + 'static,
    ) -> Result<T, CallError> {
        let (answer, answered) = oneshot::channel();
        let read = move |driver: &Driver| {
            // Whoever has stopped waiting does not want the answer.
            let _ = answer.send(read(driver));
        };
        self.send(Message::Read(Box::new(read))).await?;
        answered.await.map_err(|_| CallError::Ending)
    }

    /// What never changes about a sweep, if it is durable.
    pub(crate) fn sweep(&self, sweep: SweepId) -> Option<Arc<Entry>> {
        self.catalogue.borrow().get(sweep)
    }

    /// Changes whenever something has become durable.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.clone()
    }

    /// Is cancelled when calls must end.
    pub(crate) fn ending(&self) -> &CancellationToken {
        &self.ending
    }

    async fn send(&self, message: Message) -> Result<(), CallError> {
        self.inbox.send(message).await.map_err(|_| CallError::Ending)
    }
}

/// Tells the driver when a call is dropped before its answer.
struct Guard<'h> {
    handle: &'h Handle,
    ticket: Ticket,
    is_waiting: bool,
}

impl Guard<'_> {
    fn disarm(mut self) {
        self.is_waiting = false;
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if !self.is_waiting {
            return;
        }
        let gone = Message::Gone { ticket: self.ticket };
        if let Err(mpsc::error::TrySendError::Full(gone)) = self.handle.inbox.try_send(gone)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let inbox = self.handle.inbox.clone();
            runtime.spawn(async move {
                // If the driver has gone, nobody waits for anything.
                let _ = inbox.send(gone).await;
            });
        }
    }
}
