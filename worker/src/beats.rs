//! Heartbeats: a thread, a runtime and connections of their own, so that nothing that the worker does can hold them up.
//!
//! The driver says what to renew whenever a beat is due. If it does not come to that, the last order is repeated with
//! what the jobs have got to since. A driver that stands still for ever keeps no lease for ever: its jobs' progress
//! does not grow, and the coordinator stops them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tonic::{Response, Status};
use traipse_agent::{Call, CallFailure};
use traipse_proto::client;
use traipse_proto::v1;
use traipse_sweep::LeaseId;

use crate::calls::{Answer, Client};
use crate::pool::Signals;
use crate::wire;

/// A heartbeat that is not answered within this has failed: the next one is due anyway.
const DEADLINE: Duration = Duration::from_secs(10);

/// What is to be renewed.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) call: Call,
    /// Which of the coordinators.
    pub(crate) at: usize,
    pub(crate) session: String,
    /// How often.
    pub(crate) period: Duration,
    /// Leases, with their jobs' signals if they are not finished.
    pub(crate) leases: Vec<(LeaseId, Option<Signals>)>,
}

/// The thread, as the driver sees it. It ends when this is dropped.
pub(crate) struct Beats {
    orders: watch::Sender<Option<Arc<Order>>>,
    answers: mpsc::UnboundedReceiver<Answer>,
}

impl Beats {
    /// Starts the thread, with a client for each coordinator.
    pub(crate) fn start(
        connect: impl FnOnce() -> Result<Vec<Client>, client::Error> + Send + 'static,
    ) -> io::Result<Self> {
        let (orders, todo) = watch::channel(None);
        let (done, answers) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("heartbeats".to_owned()).spawn(move || {
            runtime.block_on(async move {
                match connect() {
                    Ok(clients) => beat(&clients, todo, &done).await,
                    Err(error) => tracing::error!(%error, "no heartbeats: the address was good before"),
                }
            });
        })?;
        Ok(Self { orders, answers })
    }

    pub(crate) fn order(&self, order: Order) {
        self.orders.send_replace(Some(Arc::new(order)));
    }

    /// The next answer. Safe to drop and call again.
    pub(crate) async fn answer(&mut self) -> Answer {
        match self.answers.recv().await {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }
}

/// Beats once an order, and again if no other comes. Ends when nobody can give one any more.
async fn beat(
    clients: &[Client],
    mut orders: watch::Receiver<Option<Arc<Order>>>,
    answers: &mpsc::UnboundedSender<Answer>,
) {
    let n_beats = AtomicU64::new(0);
    let mut open = true;
    while open {
        let order = orders.borrow_and_update().clone();
        let Some(order) = order else {
            open = orders.changed().await.is_ok();
            continue;
        };
        let goes_on = tokio::select! {
            answer = send(clients, &order, &n_beats) => {
                let goes_on = goes_on(&answer);
                // Nobody listens to a worker that has left.
                drop(answers.send(answer));
                goes_on
            }
            // The session is another one, or the coordinator.
            changed = orders.changed() => {
                open = changed.is_ok();
                orders.mark_changed();
                true
            }
        };
        let next = orders.changed();
        open &= match goes_on {
            // A driver that is in time orders the next beat before this one repeats the last.
            true => timeout(order.period + order.period / 2, next).await.unwrap_or(Ok(())).is_ok(),
            false => next.await.is_ok(),
        };
    }
}

/// Whether the same beat may be repeated: not once its session is over.
fn goes_on(answer: &Answer) -> bool {
    match answer {
        Answer::Failed { status, .. } => matches!(wire::failure(status), CallFailure::Retry { .. }),
        _ => true,
    }
}

async fn send(clients: &[Client], order: &Order, n_beats: &AtomicU64) -> Answer {
    let call = order.call;
    let n_beats = n_beats.fetch_add(1, Ordering::Relaxed);
    let leases = order.leases.iter().map(|(lease, signals)| v1::LeaseProgress {
        lease: lease.0,
        // What is finished waits for the coordinator and not for itself: it never stands still.
        progress: signals.as_ref().map_or(n_beats, Signals::shown),
    });
    let request = v1::HeartbeatRequest { session: order.session.clone(), leases: leases.collect() };
    let Some(client) = clients.get(order.at) else {
        return Answer::Failed { call, status: Status::internal("a coordinator that is not listed") };
    };
    let answered = client.clone().heartbeat(client::with_deadline(request, DEADLINE)).await;
    match answered.map(Response::into_inner) {
        Ok(response) => Answer::BeatAnswered { call, response },
        Err(status) => Answer::Failed { call, status },
    }
}
