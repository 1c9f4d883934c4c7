//! Why a sweep waits, in words.

use std::fmt::Debug;
use std::sync::Arc;

use traipse_sweep::{SweepId, WorkerId};

use super::{Pump, Suspended, SweepState, SweepStatus};
use crate::command::Now;

impl<R: Copy + Ord + Debug, B: Clone + Debug> Pump<R, B> {
    /// Workers that get no leases for a while, because one job after another failed on them.
    pub fn suspended(&self, now: Now) -> impl Iterator<Item = Suspended> {
        let suspended = self.scheduler.suspensions.all();
        suspended.filter_map(move |(worker, until)| {
            let suspect = self.scheduler.state.suspects.get(worker)?;
            Some(Suspended {
                worker,
                remaining: until.saturating_sub(now),
                n_suspensions: suspect.n_suspensions,
                message: suspect.message.clone().unwrap_or_default(),
            })
        })
    }

    /// In words, where a sweep is held, or has ready jobs that nobody may lease.
    pub(super) fn why_it_waits(&self, status: &SweepStatus) -> Option<Arc<str>> {
        if status.state == SweepState::Paused && status.held {
            return status.message.clone();
        }
        let n_waiting = status.n_ready + status.n_backoff;
        if status.state != SweepState::Active || n_waiting == 0 || status.n_leased > 0 {
            return None;
        }
        let (n_workers, _) = self.workers();
        if n_workers == 0 {
            return (status.n_ready > 0).then(|| Arc::from("no worker is connected"));
        }
        if let Some(worker) = self.all_are_suspended() {
            return Some(Arc::from(self.why_suspended(n_workers, worker)));
        }
        if status.n_ready == 0 {
            return None;
        }
        if let Some(lack) = self.what_is_lacking(status.sweep) {
            return Some(Arc::from(lack));
        }
        match &status.numerics {
            Some(pinned) if !self.scheduler.workers.has_numerics(pinned) => Some(Arc::from(format!(
                "waits for a worker with numerics `{pinned}`, which its first lease pinned: none of {n_workers} \
                 connected has them"
            ))),
            _ => self.why_it_needs_the_store(status.sweep).map(|why| {
                let url = &self.scheduler.config.artifacts_url;
                Arc::from(format!(
                    "{why}, and no worker reaches the artifact store {url}: none of {n_workers} connected; mount it \
                     under that path where they run, and start them again"
                ))
            }),
        }
    }

    /// A live worker, if there is one and all that live are suspended.
    fn all_are_suspended(&self) -> Option<WorkerId> {
        let mut live = self.scheduler.workers.sessions().filter(|session| session.is_live());
        let first = live.next()?.worker;
        let is_suspended = |worker| self.scheduler.suspensions.until(worker).is_some();
        (is_suspended(first) && live.all(|session| is_suspended(session.worker))).then_some(first)
    }

    fn why_suspended(&self, n_workers: u32, worker: WorkerId) -> String {
        let suspect = self.scheduler.state.suspects.get(worker);
        let last = suspect.and_then(|suspect| suspect.message.as_deref()).unwrap_or_default();
        let who = if n_workers == 1 { "the only worker is".to_owned() } else { format!("all {n_workers} workers are") };
        format!("{who} suspended for a while, because job after job failed there; the last: {last}")
    }

    /// Of a sweep that waits for a worker that reaches the store.
    fn why_it_needs_the_store(&self, sweep: SweepId) -> Option<&'static str> {
        let sweep = self.committed.sweep(sweep).filter(|sweep| sweep.needs_store())?;
        let why = if sweep.compares() { "its weights are compared" } else { "its weights are kept" };
        self.scheduler.workers.all_storeless().then_some(why)
    }
}
