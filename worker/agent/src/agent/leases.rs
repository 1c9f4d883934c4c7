//! Leases that are not finished: waiting for their spec, or with the slots.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use traipse_sweep::{LeaseId, SweepId};

use super::Agent;
use crate::message::{Action, Finished, JobEnd, Lease, Outcome, Token};

/// Unfinished leases.
#[derive(Debug, Default)]
pub(super) struct Leases {
    held: BTreeMap<LeaseId, Held>,
    /// Leases that wait for their spec, in the order in which they came.
    waiting: Vec<LeaseId>,
    /// When leases with the slots were told to stop, oldest first; also some that have ended since.
    stops: VecDeque<(Duration, LeaseId)>,
}

#[derive(Debug)]
struct Held {
    lease: Lease,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// For its spec.
    Waiting,
    /// With the slots.
    Given,
    /// With the slots, told to stop by the coordinator: its end is dropped.
    Stopping,
    /// With the slots, told to stop because the worker leaves: handed back if it does not end first.
    Leaving,
}

impl Leases {
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// Leases that the coordinator should know to be held here.
    pub(super) fn held(&self) -> Vec<(LeaseId, Token)> {
        let honoured = self.held.values().filter(|held| held.state != State::Stopping);
        honoured.map(|held| (held.lease.lease, held.lease.token.clone())).collect()
    }

    /// How many the slots have.
    pub(super) fn n_given(&self) -> usize {
        self.held.len() - self.waiting.len()
    }

    /// How many there are whose end matters to the coordinator.
    pub(super) fn n_honoured(&self) -> usize {
        self.held.values().filter(|held| held.state != State::Stopping).count()
    }

    /// The lease that was told to stop first and has not ended, and when it was told.
    pub(super) fn oldest_stop(&self) -> Option<(Duration, LeaseId)> {
        self.stops.iter().copied().find(|(_, lease)| self.is_stopping(*lease))
    }

    fn is_stopping(&self, lease: LeaseId) -> bool {
        self.held.get(&lease).is_some_and(|held| held.state == State::Stopping)
    }

    /// Forgets stops that were obeyed.
    fn tidy_stops(&mut self) {
        while let Some((_, lease)) = self.stops.front()
            && !self.is_stopping(*lease)
        {
            self.stops.pop_front();
        }
    }

    pub(super) fn sweeps(&self) -> BTreeSet<SweepId> {
        self.held.values().map(|held| held.lease.sweep).collect()
    }

    fn insert(&mut self, lease: Lease, state: State) {
        if state == State::Waiting {
            self.waiting.push(lease.lease);
        }
        self.held.insert(lease.lease, Held { lease, state });
    }

    fn state(&mut self, lease: LeaseId) -> Option<&mut State> {
        self.held.get_mut(&lease).map(|held| &mut held.state)
    }

    fn remove(&mut self, lease: LeaseId) -> Option<Held> {
        let held = self.held.remove(&lease)?;
        if held.state == State::Waiting {
            self.waiting.retain(|waiting| *waiting != lease);
        }
        Some(held)
    }
}

impl<P> Agent<P> {
    /// New leases: started if their spec is here, handed back if the worker leaves or holds too many.
    pub(super) fn take_leases(&mut self, now: Duration, leases: Vec<Lease>) {
        let mut start = Vec::new();
        for lease in leases {
            if self.leases.held.contains_key(&lease.lease) {
                continue;
            }
            if self.drain.is_some() || self.leases.len() >= self.config.held_max as usize {
                self.reports.hand_back(lease);
            } else if self.specs.is_ready(now, lease.sweep) {
                start.push(lease.clone());
                self.leases.insert(lease, State::Given);
            } else {
                self.leases.insert(lease, State::Waiting);
            }
        }
        self.start(now, start);
    }

    pub(super) fn start_waiting(&mut self, now: Duration, sweep: SweepId) {
        let Leases { held, waiting, .. } = &mut self.leases;
        let mut start = Vec::new();
        waiting.retain(|id| {
            let Some(lease) = held.get_mut(id).filter(|held| held.lease.sweep == sweep) else { return true };
            lease.state = State::Given;
            start.push(lease.lease.clone());
            false
        });
        self.start(now, start);
    }

    fn start(&mut self, now: Duration, leases: Vec<Lease>) {
        if self.leases.n_given() <= leases.len() {
            self.pace.moved(now);
        }
        if !leases.is_empty() {
            self.actions.push(Action::Start(leases));
        }
    }

    /// Leases that the coordinator has ended: whatever comes of them is dropped.
    pub(super) fn stop(&mut self, now: Duration, leases: &[LeaseId]) {
        for &lease in leases {
            self.forget(lease);
            match self.leases.state(lease) {
                None | Some(State::Stopping) => {}
                Some(State::Waiting) => drop(self.leases.remove(lease)),
                Some(state @ (State::Given | State::Leaving)) => {
                    let told = *state == State::Leaving;
                    *state = State::Stopping;
                    self.leases.stops.push_back((now, lease));
                    if !told {
                        self.actions.push(Action::Stop(lease));
                    }
                }
            }
        }
    }

    pub(super) fn finished(&mut self, now: Duration, finished: Finished<P>) {
        let Some(held) = self.leases.remove(finished.lease) else { return };
        self.pace.moved(now);
        match (held.state, finished.end) {
            (State::Stopping, _) => self.leases.tidy_stops(),
            (_, JobEnd::Result { payload, n_bytes, cost }) => {
                self.pace.ended(now, cost);
                self.keeping.loose(now, held.lease.lease, cost >= self.config.keep_cost);
                self.reports.push(Outcome { lease: held.lease, payload, n_bytes });
            }
            (_, JobEnd::Stopped) => self.reports.hand_back(held.lease),
        }
    }

    /// The slots gave a lease back without having started it.
    pub(super) fn unstarted(&mut self, lease: LeaseId) {
        let Some(held) = self.leases.remove(lease) else { return };
        self.leases.tidy_stops();
        if held.state != State::Stopping {
            self.reports.hand_back(held.lease);
        }
    }

    /// The worker leaves: what waits goes back, what is with the slots may run.
    pub(super) fn recall(&mut self) {
        for lease in std::mem::take(&mut self.leases.waiting) {
            if let Some(held) = self.leases.held.remove(&lease) {
                self.reports.hand_back(held.lease);
            }
        }
        if self.leases.len() > 0 {
            self.actions.push(Action::Recall);
        }
    }

    /// The grace is over: what runs stops.
    pub(super) fn stop_all(&mut self) {
        for (lease, held) in &mut self.leases.held {
            if held.state == State::Given {
                held.state = State::Leaving;
                self.actions.push(Action::Stop(*lease));
            }
        }
    }
}
