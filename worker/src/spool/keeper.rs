//! The thread that owns the spool: it does what it is told in order, however slow the disk is.

use std::io;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::mpsc as answers;
use traipse_agent::Outcome;
use traipse_proto::v1::JobReport;
use traipse_sweep::LeaseId;

use super::Spool;
use crate::state::State;

/// Who leaves does not wait longer than this for a disk that does not answer.
const PATIENCE: Duration = Duration::from_secs(10);

enum Order {
    Keep(Vec<Arc<Outcome<JobReport>>>),
    Release(Vec<LeaseId>),
}

/// The spool, as the driver sees it. The orders are bounded by the outcomes that the agent has not answered.
pub(crate) struct Keeper {
    orders: mpsc::Sender<Order>,
    answers: answers::UnboundedReceiver<io::Result<()>>,
}

impl Keeper {
    /// Starts the thread, which holds the state folder until it ends.
    pub(crate) fn start(mut spool: Box<dyn Spool>, state: Arc<State>) -> io::Result<Self> {
        let (orders, todo) = mpsc::channel();
        let (done, answers) = answers::unbounded_channel();
        std::thread::Builder::new().name("spool".to_owned()).spawn(move || {
            while let Ok(order) = todo.recv() {
                match order {
                    // Nobody listens to a worker that has left.
                    Order::Keep(outcomes) => drop(done.send(spool.keep(&outcomes))),
                    Order::Release(leases) => spool.release(&leases),
                }
            }
            drop((spool, state));
            drop(done);
        })?;
        Ok(Self { orders, answers })
    }

    pub(crate) fn keep(&self, outcomes: Vec<Arc<Outcome<JobReport>>>) {
        self.order(Order::Keep(outcomes));
    }

    pub(crate) fn release(&self, leases: Vec<LeaseId>) {
        self.order(Order::Release(leases));
    }

    fn order(&self, order: Order) {
        if self.orders.send(order).is_err() {
            tracing::error!("the spool's thread is gone: outcomes are kept in memory alone");
        }
    }

    /// The answer to the oldest unanswered [`Keeper::keep`]. Safe to drop and call again.
    pub(crate) async fn answer(&mut self) -> io::Result<()> {
        match self.answers.recv().await {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }

    /// Lets it finish what it was told.
    pub(crate) async fn end(self) {
        let Self { orders, mut answers } = self;
        drop(orders);
        let ended = async { while answers.recv().await.is_some() {} };
        if tokio::time::timeout(PATIENCE, ended).await.is_err() {
            tracing::warn!("the disk of the state folder does not answer: what is not in the spool yet is lost");
        }
    }
}
