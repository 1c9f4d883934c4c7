//! Which jobs a worker gets.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use traipse_sweep::{Fact, Incarnation, LeaseId, SweepId, WorkerId};

use super::{Reaction, Scheduler};
use crate::command::{AttemptStats, Lease, Now, SessionId};
use crate::mutation::{self, Mutation};
use crate::pump::SweepState;
use crate::share::{Claim, Room, share};
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
    /// By priority: what the least served of the sweeps that shared had had.
    least_served: BTreeMap<i32, u64>,
}

impl Scheduler {
    /// Grants what the session's last report has room for.
    pub(super) fn grant<B>(&mut self, now: Now, id: SessionId, reaction: &mut Reaction<B>) -> Vec<Lease> {
        let Some(session) = self.workers.session(id) else { return Vec::new() };
        let decision = self.decide_grants(id, session);
        let facts = self.grant_facts(session, &decision);
        let Decision { reserve, least_served, .. } = decision;
        if reserve {
            self.reserved = Some(id);
        } else if self.reserved == Some(id) {
            self.reserved = None;
        }
        least_served.into_iter().for_each(|(priority, served)| self.work.raise_floor(priority, served));
        let leases = facts.iter().filter_map(lease_of).collect();
        for fact in facts {
            self.happen(now, fact, reaction);
        }
        leases
    }

    /// A job kept a slot, whatever came of it.
    pub(super) fn charge(&mut self, id: SweepId, stats: &AttemptStats) {
        if let Some(sweep) = self.state.sweep(id) {
            self.work.charge(id, sweep.priority(), stats.total_seconds);
        }
    }

    fn decide_grants(&self, id: SessionId, session: &Session) -> Decision<'_> {
        let mut decision = Decision::default();
        let n_held = self.clocks.n_of(session.worker);
        let is_left_out = session.leaves() || self.is_suspended(session.worker);
        if !self.open || is_left_out || n_held == 1 && self.holds_struck(session.worker) {
            return decision;
        }
        let claims = self.claims(session);
        if let Some((sweep, position)) = self.first_struck(session, &claims) {
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
        self.fill(session, &claims, &mut decision);
        decision
    }

    /// Shares the session's places among the sweeps that want some. The answer is run in order: long jobs
    /// stand before those that may wait behind them.
    fn fill<'a>(&'a self, session: &Session, claims: &[(&'a Sweep, Claim)], decision: &mut Decision<'a>) {
        let wants: Vec<Claim> = claims.iter().map(|(_, claim)| *claim).collect();
        let shares = share(&wants, self.room(session));
        for claim in &wants {
            let least = decision.least_served.entry(claim.priority).or_insert(claim.served);
            *least = claim.served.min(*least);
        }
        let mut granted: Vec<_> = claims.iter().zip(shares).filter(|(_, n)| *n > 0).collect();
        granted.sort_by_key(|((_, claim), _)| (Reverse(claim.priority), claim.per_slot));
        for ((sweep, _), n) in granted {
            let positions = self.ready(sweep, session).take(usize::try_from(n).unwrap_or(usize::MAX)).collect();
            decision.jobs.push((sweep, positions));
        }
    }

    /// What the sweeps that may lease to this session want, the oldest first. O(sweeps that have not ended).
    fn claims(&self, session: &Session) -> Vec<(&Sweep, Claim)> {
        let (_, n_slots_live) = self.workers.live();
        let claim = |sweep: &Sweep| Claim {
            priority: sweep.priority(),
            n_leased: sweep.n_leased(),
            per_slot: self.work.per_slot(&self.config, sweep.id, session.info.n_slots),
            ahead: self.work.ahead(&self.config, sweep.id, sweep.n_remaining(), n_slots_live),
            served: self.work.served(sweep.id, sweep.priority()),
            number: sweep.number,
            n_wanted: self.n_wanted(sweep, session),
        };
        let claims = self.servable(session).map(|sweep| (sweep, claim(sweep)));
        claims.filter(|(_, claim)| claim.n_wanted > 0).collect()
    }

    /// The sweeps that may lease to this session.
    fn servable<'a>(&'a self, session: &Session) -> impl Iterator<Item = &'a Sweep> {
        self.state.unended().filter(|sweep| {
            sweep.state() == SweepState::Active && self.grantable.contains(&sweep.id) && self.may_lease(sweep, session)
        })
    }

    /// Whether a session's worker is fit for a sweep.
    pub(super) fn may_lease(&self, sweep: &Sweep, session: &Session) -> bool {
        (!sweep.needs_store() || session.reaches_store())
            && sweep.numerics.as_ref().is_none_or(|pinned| *pinned == session.info.numerics)
            && session.info.has(&sweep.plan.spec().execution.require)
    }

    /// The session's places, as its last report told of them. Behind long jobs nothing waits.
    fn room(&self, session: &Session) -> Room {
        let held = self.clocks.n_of_sweeps(session.worker);
        let long = held.filter(|(sweep, _)| self.work.is_long(&self.config, *sweep));
        let n_long: u64 = long.map(|(_, n)| u64::from(n)).sum();
        // What waits is about to take the slots that are idle.
        let (n_free, n_queued) = (session.n_free_slots, session.n_queued);
        Room {
            n_free: n_free.saturating_sub(n_queued).into(),
            n_queued: n_queued.saturating_sub(n_free).into(),
            n_slots: u64::from(session.info.n_slots).saturating_sub(n_long),
            most_queued: self.config.lease_ahead_max.into(),
        }
    }

    /// Jobs that the session may lease beside others now, as far as the sweep's limit goes.
    fn n_wanted(&self, sweep: &Sweep, session: &Session) -> u64 {
        let n_begun = self.begun(sweep, session).count() + sweep.jobs.ready.len();
        (n_begun as u64 + sweep.n_fresh()).min(sweep.n_leasable())
    }

    /// Jobs that may be leased beside others: those ready again, those whose backoff is over, comparisons, which end what
    /// was begun, then fresh runs.
    fn ready<'a>(&'a self, sweep: &'a Sweep, session: &'a Session) -> impl Iterator<Item = u64> {
        self.begun(sweep, session).chain(sweep.jobs.ready.iter().copied()).chain(sweep.fresh())
    }

    /// Those of them that were leased before, but for what is left to other workers.
    fn begun<'a>(&'a self, sweep: &'a Sweep, session: &'a Session) -> impl Iterator<Item = u64> {
        let again = sweep.jobs.again.iter().copied();
        let due = self.due(sweep).filter(|position| sweep.jobs.strikes(*position) == 0);
        again.chain(due).filter(|position| !self.is_left_out(session, sweep, *position))
    }

    fn due<'a>(&'a self, sweep: &'a Sweep) -> impl Iterator<Item = u64> {
        self.backoffs.due(sweep.id).filter(|position| sweep.jobs.marks.get(*position) == Mark::Backoff)
    }

    /// The first ready job with a strike, if no sweep of a higher priority wants something.
    fn first_struck<'a>(&'a self, session: &Session, claims: &[(&Sweep, Claim)]) -> Option<(&'a Sweep, u64)> {
        let highest = claims.iter().map(|(_, claim)| claim.priority).max().unwrap_or(i32::MIN);
        let may = |sweep: &&Sweep| sweep.priority() >= highest && sweep.n_leasable() > 0;
        let struck = self.servable(session).filter(may).filter_map(|sweep| {
            let due = self.due(sweep).filter(|position| sweep.jobs.strikes(*position) > 0);
            let mut struck = sweep.jobs.struck.iter().copied().chain(due);
            let position = struck.find(|position| !self.is_left_out(session, sweep, *position))?;
            Some((sweep, position))
        });
        struck.min_by_key(|(sweep, _)| Reverse(sweep.priority()))
    }

    /// Leases that a worker holds.
    pub(crate) fn n_held(&self, worker: WorkerId) -> u64 {
        self.clocks.n_of(worker) as u64
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
