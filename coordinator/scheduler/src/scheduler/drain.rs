//! A worker is asked to leave.

use traipse_sweep::WorkerId;

use super::{Reaction, Scheduler};
use crate::command::{Answer, Rejection};

impl Scheduler {
    /// It gets no more leases, and is told in every answer until it says that it leaves. What it then hands back counts
    /// for nothing. The wish is soft: it holds for the worker's life, as long as the coordinator lives.
    pub(super) fn drain<B>(&mut self, worker: WorkerId) -> Result<Reaction<B>, Rejection> {
        if !self.workers.ask_to_leave(worker) {
            return Err(Rejection::UnknownWorker(worker));
        }
        self.woken = true;
        Ok(Reaction::answer(Answer::Draining))
    }
}
