//! Which jobs a worker gets.

use std::sync::Arc;

use traipse_sweep::{Fact, Incarnation, LeaseId, WorkerId};

use super::{Reaction, Scheduler};
use crate::command::{Lease, Now, SessionId};
use crate::mutation::{self, Mutation};
use crate::soft::workers::Session;
use crate::state::Sweep;
use crate::state::marks::Mark;

/// What is decided for one session.
#[derive(Debug, Default)]
struct Decision<'a> {
    /// By sweep: positions, in order.
    jobs: Vec<(&'a Sweep, Vec<u64>)>,
    /// The session is to get nothing until it can take a struck job alone.
    reserve: bool,
}

impl Scheduler {
    /// Grants what the session's last report has room for.
    pub(super) fn grant<B>(&mut self, now: Now, id: SessionId, reaction: &mut Reaction<B>) -> Vec<Lease> {
        let Some(session) = self.workers.session(id) else { return Vec::new() };
        let decision = self.decide_grants(id, session);
        let facts = self.grant_facts(session, &decision);
        if decision.reserve {
            self.reserved = Some(id);
        } else if self.reserved == Some(id) {
            self.reserved = None;
        }
        let leases = facts.iter().filter_map(lease_of).collect();
        for fact in facts {
            self.happen(now, fact, reaction);
        }
        leases
    }

    fn decide_grants(&self, id: SessionId, session: &Session) -> Decision<'_> {
        let mut decision = Decision::default();
        let n_held = self.clocks.n_of(session.worker);
        if !self.open || session.draining || n_held == 1 && self.holds_struck(session.worker) {
            return decision;
        }
        if let Some((sweep, position)) = self.first_struck(session) {
            if n_held == 0 && session.n_free_slots > 0 {
                decision.jobs.push((sweep, vec![position]));
                return decision;
            }
            // One session is emptied for it; the others go on.
            let reserved = self.reserved.filter(|reserved| self.workers.session(*reserved).is_some());
            if n_held > 0 && reserved.is_none_or(|reserved| reserved == id) {
                decision.reserve = true;
                return decision;
            }
        }
        self.fill(session, &mut decision);
        decision
    }

    /// Oldest sweep first, each as far as the session's capacity for it goes.
    fn fill<'a>(&'a self, session: &Session, decision: &mut Decision<'a>) {
        let mut n_granted = 0;
        for sweep in self.in_order(session) {
            let capacity = self.capacity(sweep, session).saturating_sub(n_granted);
            let positions: Vec<u64> = self.ready(sweep).take(usize::try_from(capacity).unwrap_or(usize::MAX)).collect();
            n_granted += positions.len() as u64;
            let full = positions.len() as u64 == capacity;
            if !positions.is_empty() {
                decision.jobs.push((sweep, positions));
            }
            if full {
                // A younger sweep is not served ahead of what is left of an older one.
                return;
            }
        }
    }

    /// The sweeps that may lease to this session, in the order in which they are served. (Priorities and fairness
    /// between people will act here.)
    fn in_order<'a>(&'a self, session: &Session) -> impl Iterator<Item = &'a Sweep> {
        self.state.unended().filter(|sweep| {
            sweep.state() == crate::pump::SweepState::Active
                && self.grantable.contains(&sweep.id)
                && (!sweep.needs_store() || session.reaches_store())
                && sweep.numerics.as_ref().is_none_or(|pinned| *pinned == session.info.numerics)
        })
    }

    /// Free slots and lease-ahead, less what waits in the worker.
    fn capacity(&self, sweep: &Sweep, session: &Session) -> u64 {
        let slots = self.workers.slots(session);
        let ahead = self.work.lease_ahead(&self.config, sweep.id, sweep.n_remaining(), slots);
        (u64::from(session.n_free_slots) + ahead).saturating_sub(u64::from(session.n_queued))
    }

    /// Jobs that may be leased beside others: those ready again, those whose backoff is over, comparisons, which end what
    /// was begun, then fresh runs.
    fn ready<'a>(&'a self, sweep: &'a Sweep) -> impl Iterator<Item = u64> {
        let again = sweep.jobs.again.iter().copied();
        let due = self.due(sweep).filter(|position| sweep.jobs.strikes(*position) == 0);
        again.chain(due).chain(sweep.jobs.ready.iter().copied()).chain(sweep.fresh())
    }

    fn due<'a>(&'a self, sweep: &'a Sweep) -> impl Iterator<Item = u64> {
        self.backoffs.due(sweep.id).filter(|position| sweep.jobs.marks.get(*position) == Mark::Backoff)
    }

    /// The first ready job with a strike.
    fn first_struck<'a>(&'a self, session: &Session) -> Option<(&'a Sweep, u64)> {
        self.in_order(session).find_map(|sweep| {
            let due = || self.due(sweep).find(|position| sweep.jobs.strikes(*position) > 0);
            let position = sweep.jobs.struck.first().copied().or_else(due)?;
            Some((sweep, position))
        })
    }

    fn holds_struck(&self, worker: WorkerId) -> bool {
        self.clocks
            .of(worker)
            .any(|lease| self.state.leased(lease).is_some_and(|(sweep, position)| sweep.jobs.strikes(position) > 0))
    }

    fn lease_id(&self, counter: u64) -> LeaseId {
        match mutation::is_on(Mutation::ReuseLease) {
            true => LeaseId::new(Incarnation(1), counter),
            false => LeaseId::new(self.config.incarnation, counter),
        }
    }

    fn grant_facts(&self, session: &Session, decision: &Decision<'_>) -> Vec<Fact> {
        let mut facts = Vec::new();
        let mut counter = self.next_lease;
        for (sweep, positions) in &decision.jobs {
            if sweep.numerics.is_none() {
                facts.push(Fact::NumericsPinned { sweep: sweep.id, numerics: Arc::clone(&session.info.numerics) });
            }
            for &position in positions {
                facts.push(Fact::Granted {
                    sweep: sweep.id,
                    job: sweep.plan.job_at(position),
                    generation: sweep.generation(position),
                    lease: self.lease_id(counter),
                    worker: session.worker,
                    attempt: sweep.jobs.touched.get(&position).map_or(0, |touched| touched.attempts) + 1,
                });
                counter += 1;
            }
        }
        facts
    }
}

fn lease_of(fact: &Fact) -> Option<Lease> {
    match fact {
        Fact::Granted { sweep, job, generation, lease, attempt, .. } => {
            Some(Lease { sweep: *sweep, job: *job, generation: *generation, lease: *lease, attempt: *attempt })
        }
        _ => None,
    }
}
