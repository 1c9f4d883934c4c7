//! Who is there, and what no worker has that a sweep requires.

use std::collections::BTreeSet;
use std::fmt::Debug;

use traipse_sweep::SweepId;
use traipse_sweep::spec::Require;

use super::{Pump, WorkerStatus};
use crate::command::{Now, WorkerInfo};
use crate::soft::workers::Session;

/// Most workers that a message describes.
const MAX_DESCRIBED: usize = 3;

impl<R: Copy + Ord + Debug, B: Clone + Debug> Pump<R, B> {
    /// Workers that have a session. One that left is not among them; one that is silent is, while it holds something
    /// or until its session is closed.
    pub fn worker_list(&self, now: Now) -> impl Iterator<Item = WorkerStatus> {
        self.scheduler.workers.sessions().map(move |session| self.worker_status(now, session)).filter(|worker| {
            let has_left = worker.is_draining && !worker.is_live && worker.n_leased == 0;
            !has_left
        })
    }

    fn worker_status(&self, now: Now, session: &Session) -> WorkerStatus {
        WorkerStatus {
            worker: session.worker,
            info: session.info.clone(),
            n_leased: self.scheduler.n_held(session.worker),
            silent: now.saturating_sub(session.heard()),
            is_live: session.is_live(),
            is_draining: session.leaves(),
            is_suspended: self.scheduler.suspensions.until(session.worker).is_some(),
        }
    }

    /// In words, what a durable sweep requires and no live worker has.
    pub(super) fn what_is_lacking(&self, sweep: SweepId) -> Option<String> {
        let require = &self.committed.sweep(sweep)?.plan.spec().execution.require;
        if *require == Require::default() {
            return None;
        }
        let here: Vec<&WorkerInfo> =
            self.scheduler.workers.sessions().filter(|one| one.is_live()).map(|session| &*session.info).collect();
        if here.iter().any(|info| info.has(require)) {
            return None;
        }
        let n = here.len();
        let noun = if n == 1 { "worker" } else { "workers" };
        Some(format!("waits: no worker has {} ({n} {noun} here: {})", wanted(require), described(&here, require)))
    }
}

fn wanted(require: &Require) -> String {
    let labels = require.labels.iter().map(|(key, value)| format!("label {key}={value}"));
    let memory = (require.memory_mb > 0).then(|| format!("{} MB of memory a slot", require.memory_mb));
    labels.chain(memory).collect::<Vec<_>>().join(" and ")
}

/// What is asked for, as the workers have it: each answer once.
fn described(here: &[&WorkerInfo], require: &Require) -> String {
    let own = |info: &&WorkerInfo| {
        let labels = require.labels.keys().map(|key| match info.labels.get(key) {
            Some(value) => format!("{key}={value}"),
            None => format!("no {key}"),
        });
        let memory = (require.memory_mb > 0).then(|| format!("{} MB", info.slot_memory_mb()));
        labels.chain(memory).collect::<Vec<_>>().join(", ")
    };
    let kinds: BTreeSet<String> = here.iter().map(own).collect();
    let shown: Vec<&str> = kinds.iter().take(MAX_DESCRIBED).map(String::as_str).collect();
    let more = if kinds.len() > MAX_DESCRIBED { "; …" } else { "" };
    format!("{}{more}", shown.join("; "))
}
