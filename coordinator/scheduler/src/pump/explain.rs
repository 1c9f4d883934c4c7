//! Why a job stands where it stands, in words. Nothing here decides anything.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use traipse_sweep::{Generation, JobNumber, LeaseId, SweepId, WorkerId};

use super::{Pump, SweepState};
use crate::command::{Now, Rejection};
use crate::state::Sweep;
use crate::state::jobs::outcome_of;
use crate::state::marks::Mark;

/// Members that are named where a comparison waits for many.
const MAX_NAMED: usize = 20;

/// What is known of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// `blocked`, `ready`, `leased`, `backoff`, `excluded`, or how it ended.
    pub state: &'static str,
    /// Its generation: how often it was run anew.
    pub generation: Generation,
    /// Its place in the sweep's order.
    pub position: u64,
    /// Why, in sentences.
    pub why: Vec<String>,
    /// The attempt under way.
    pub under_way: Option<UnderWay>,
    /// How long it waits still after a failure.
    pub backoff: Option<Duration>,
}

/// An attempt that has not ended.
#[derive(Clone, Debug, PartialEq)]
pub struct UnderWay {
    /// Counted from 1.
    pub attempt: u32,
    /// The right to it.
    pub lease: LeaseId,
    /// Whose.
    pub worker: WorkerId,
    /// Since when, if this life of the coordinator granted it.
    pub since: Option<Duration>,
}

impl<R: Copy + Ord + Debug, B: Clone + Debug> Pump<R, B> {
    /// A connected worker's labels.
    #[must_use]
    pub fn labels(&self, worker: WorkerId) -> Option<BTreeMap<String, String>> {
        self.scheduler.workers.info(worker).map(|info| info.labels.clone())
    }

    /// Where a job stands durably, and why.
    ///
    /// # Errors
    /// If there is no such sweep, or no such job of it.
    pub fn explain(&self, now: Now, id: SweepId, job: JobNumber) -> Result<Explained, Rejection> {
        let sweep = self.committed.sweep(id).ok_or(Rejection::UnknownSweep(id))?;
        let position = sweep.position(job).ok_or(Rejection::UnknownJob { sweep: id, job })?;
        let mark = sweep.jobs.marks.get(position);
        let mut explained = Explained {
            state: "ready",
            generation: sweep.generation(position),
            position,
            why: Vec::new(),
            under_way: None,
            backoff: None,
        };
        if mark == Mark::Excluded || mark == Mark::Fresh && sweep.plan.is_excluded(job) {
            explained.state = "excluded";
            explained.why.push("the grid leaves it out".to_owned());
            return Ok(explained);
        }
        if let Some(outcome) = outcome_of(mark) {
            explained.state = outcome.as_str();
            let message = sweep.jobs.messages.get(&position).map_or_else(String::new, |message| format!(": {message}"));
            explained.why.push(format!("it has ended{message}"));
            if mark == Mark::Failed || mark == Mark::Quarantined {
                explained.why.push(format!("`traipse retry {id}` runs it anew"));
            }
            return Ok(explained);
        }
        self.explain_open(now, sweep, job, mark, &mut explained);
        Ok(explained)
    }

    fn explain_open(&self, now: Now, sweep: &Sweep, job: JobNumber, mark: Mark, explained: &mut Explained) {
        let position = explained.position;
        let touched = sweep.jobs.touched.get(&position).cloned().unwrap_or_default();
        if touched.n_strikes > 0 {
            let strikes = touched.n_strikes;
            explained
                .why
                .push(format!("it took its worker down {strikes} times: it runs alone, and three times quarantine it"));
        }
        match mark {
            Mark::Leased => {
                explained.state = "leased";
                explained.under_way = touched.held.map(|held| UnderWay {
                    attempt: touched.attempts,
                    lease: held.lease,
                    worker: held.worker,
                    since: self.scheduler.granted_at(held.worker, held.lease).map(|at| now.saturating_sub(at)),
                });
                explained.why.push("a worker has it".to_owned());
                return;
            }
            Mark::Backoff => {
                explained.state = "backoff";
                explained.backoff = self.scheduler.backoff_left(now, sweep.id, position);
                let (n, max) = (touched.n_transient, sweep.plan.spec().execution.max_attempts);
                explained
                    .why
                    .push(format!("{n} of {max} attempts failed for a reason that may pass: it is tried again"));
            }
            _ if sweep.is_blocked(position) => {
                explained.state = "blocked";
                explained.why.push(waits_for_members(sweep, job));
            }
            Mark::Again => {
                explained.why.push(format!("{} attempts came to nothing: it is first in the queue", touched.attempts))
            }
            _ => explained.why.extend(queue(sweep, position)),
        }
        self.explain_sweep(sweep, explained);
    }

    /// What holds all of the sweep's jobs up.
    fn explain_sweep(&self, sweep: &Sweep, explained: &mut Explained) {
        match sweep.state() {
            SweepState::Active => {}
            SweepState::Paused => {
                explained.why.push(format!("the sweep is paused: `traipse resume {}` lets it go on", sweep.id));
            }
            state @ (SweepState::Cancelled | SweepState::Stopped | SweepState::Completed) => {
                if state == SweepState::Cancelled {
                    explained.state = "cancelled";
                }
                explained.why.push("the sweep has ended, and the job will not run".to_owned());
                return;
            }
        }
        let status = self.status(sweep.id);
        let message = status.filter(|status| status.n_leased == 0).and_then(|status| status.message);
        explained.why.extend(message.map(|message| Arc::<str>::to_string(&message)));
        let require = &sweep.plan.spec().execution.require;
        if !self.scheduler.workers.any_live(|info| info.has(require)) && self.workers().0 > 0 {
            explained.why.push("no connected worker has what `execution.require` asks for".to_owned());
        }
        let before = |other: &&Sweep| other.priority() > sweep.priority() && other.state() == SweepState::Active;
        let beside = |other: &&Sweep| {
            other.id != sweep.id && other.priority() == sweep.priority() && other.state() == SweepState::Active
        };
        let n_sweeps = |n: usize| if n == 1 { "another active sweep".to_owned() } else { format!("{n} active sweeps") };
        match self.committed.unended().filter(before).count() {
            0 => {}
            n => explained.why.push(format!("{} of a higher priority goes first", n_sweeps(n))),
        }
        match self.committed.unended().filter(beside).count() {
            0 => {}
            n => explained.why.push(format!("it shares the slots with {} of its priority", n_sweeps(n))),
        }
    }
}

fn queue(sweep: &Sweep, position: u64) -> Option<String> {
    if sweep.jobs.is_comparison(position) {
        return Some("its runs have ended: it goes before runs that were never begun".to_owned());
    }
    let drawn = sweep.jobs.cursor;
    match position.saturating_sub(drawn) {
        0 => Some("it is the next run of the sweep's order".to_owned()),
        n => Some(format!("up to {n} runs stand before it in the sweep's order (place {position}; {drawn} are drawn)")),
    }
}

fn waits_for_members(sweep: &Sweep, job: JobNumber) -> String {
    let members = sweep.plan.group(job).map(|group| group.members).unwrap_or_default();
    let open = |run: &&JobNumber| !sweep.jobs.marks.get(sweep.plan.position_of(**run)).is_done();
    let waits: Vec<u64> = members.iter().filter(open).map(|run| sweep.plan.place(*run).run).collect();
    let named: Vec<String> = waits.iter().take(MAX_NAMED).map(ToString::to_string).collect();
    let more = waits.len().saturating_sub(MAX_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("it waits for its runs {}{more}", named.join(", "))
}
