//! Workers and their sessions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use traipse_sweep::{Incarnation, LeaseId, WorkerId};

use crate::command::{Now, SessionId, WorkerInfo};

/// Bits of a session's id below the coordinator's incarnation.
const SESSION_BITS: u32 = 40;
/// Lease periods of silence after which a session is closed.
const SILENT_PERIODS: u32 = 20;

/// A worker between two registrations.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) worker: WorkerId,
    pub(crate) info: Arc<WorkerInfo>,
    /// Slots that were idle at the last report.
    pub(crate) n_free_slots: u32,
    /// Leases that waited in the worker at the last report.
    pub(crate) n_queued: u32,
    /// The worker has said that it leaves.
    pub(crate) draining: bool,
    /// The worker is asked to leave.
    asked_to_leave: bool,
    /// What the last report said; nothing before the first.
    reaches_store: Option<bool>,
    /// Leases to stop, not told yet.
    stops: BTreeSet<LeaseId>,
    heard: Now,
    /// When it last listed its leases: at a heartbeat, or when it registered.
    listed: Now,
    /// Jobs that were blamed for its silence.
    n_blamed: u32,
    live: bool,
}

impl Session {
    /// Whether the worker leaves, by its own word or because it is asked to.
    pub(crate) fn leaves(&self) -> bool {
        self.draining || self.asked_to_leave
    }

    /// Whether the worker is asked to leave and has not said that it does.
    pub(crate) fn is_to_be_told(&self) -> bool {
        self.asked_to_leave && !self.draining
    }

    /// Whether the worker has proved that it reaches the artifact store.
    pub(crate) fn reaches_store(&self) -> bool {
        self.reaches_store == Some(true)
    }

    /// Whether it was heard within a lease period.
    pub(crate) fn is_live(&self) -> bool {
        self.live
    }

    /// When it was last heard.
    pub(crate) fn heard(&self) -> Now {
        self.heard
    }

    /// When it last listed its leases.
    pub(crate) fn listed(&self) -> Now {
        self.listed
    }

    /// How many of its first unreported jobs are to blame for its loss: as many as it ran at a time, none where it was
    /// leaving.
    pub(crate) fn n_to_blame(&self) -> u32 {
        if self.draining { 0 } else { self.info.n_running().saturating_sub(self.n_blamed) }
    }
}

/// All sessions, and how many slots live.
#[derive(Debug)]
pub(crate) struct Workers {
    sessions: BTreeMap<SessionId, Session>,
    of_worker: BTreeMap<WorkerId, SessionId>,
    incarnations: BTreeMap<WorkerId, Incarnation>,
    next_session: u64,
    n_live: u32,
    n_slots_live: u32,
    /// Live workers by their numerics.
    numerics: BTreeMap<Arc<str>, u32>,
    /// Live workers that said that they do not reach the artifact store.
    n_storeless: u32,
    roll_call: Option<Now>,
}

impl Workers {
    /// Of one life of the coordinator, whose sessions are told from those of every other life by their ids.
    pub(crate) fn new(incarnation: Incarnation) -> Self {
        Self {
            sessions: BTreeMap::new(),
            of_worker: BTreeMap::new(),
            incarnations: BTreeMap::new(),
            next_session: u64::from(incarnation.0) << SESSION_BITS,
            n_live: 0,
            n_slots_live: 0,
            numerics: BTreeMap::new(),
            n_storeless: 0,
            roll_call: None,
        }
    }

    pub(crate) fn session(&self, session: SessionId) -> Option<&Session> {
        self.sessions.get(&session)
    }

    /// In the order in which they were opened.
    pub(crate) fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.sessions.values()
    }

    /// The session of a worker.
    pub(crate) fn of(&self, worker: WorkerId) -> Option<&Session> {
        self.sessions.get(self.of_worker.get(&worker)?)
    }

    /// So many jobs of a worker more were blamed for its silence.
    pub(crate) fn blame(&mut self, worker: WorkerId, n: u32) {
        if let Some(session) = self.of_worker.get(&worker).and_then(|session| self.sessions.get_mut(session)) {
            session.n_blamed = session.n_blamed.saturating_add(n);
        }
    }

    /// The session spoke, and said which leases its worker holds.
    pub(crate) fn hear_list(&mut self, session: SessionId, now: Now) {
        if let Some(session) = self.hear(session, now) {
            session.listed = now;
        }
    }

    /// The highest incarnation of a worker that has registered.
    pub(crate) fn incarnation(&self, worker: WorkerId) -> Option<Incarnation> {
        self.incarnations.get(&worker).copied()
    }

    /// What a worker is, while it has a session.
    pub(crate) fn info(&self, worker: WorkerId) -> Option<&Arc<WorkerInfo>> {
        Some(&self.sessions[self.of_worker.get(&worker)?].info)
    }

    /// Opens a session; the worker's earlier one is closed and returned.
    pub(crate) fn open(
        &mut self,
        now: Now,
        worker: WorkerId,
        incarnation: Incarnation,
        info: WorkerInfo,
        period: Duration,
    ) -> (SessionId, Option<SessionId>) {
        let closed = self.of_worker.get(&worker).copied();
        // A worker that lost its session alone is the one that was asked to leave; another life of it is welcome.
        let is_same_life = self.incarnation(worker) == Some(incarnation);
        let asked_to_leave = is_same_life && closed.is_some_and(|closed| self.sessions[&closed].asked_to_leave);
        if let Some(closed) = closed {
            self.close(closed);
        }
        let id = SessionId(self.next_session);
        self.next_session += 1;
        let session = Session {
            worker,
            info: Arc::new(info),
            n_free_slots: 0,
            n_queued: 0,
            draining: false,
            asked_to_leave,
            reaches_store: None,
            stops: BTreeSet::new(),
            heard: now,
            listed: now,
            n_blamed: 0,
            live: false,
        };
        self.sessions.insert(id, session);
        self.of_worker.insert(worker, id);
        self.incarnations.insert(worker, incarnation);
        self.roll_call.get_or_insert(now + period);
        self.set_live(id, true);
        (id, closed)
    }

    /// The session spoke.
    pub(crate) fn hear(&mut self, session: SessionId, now: Now) -> Option<&mut Session> {
        self.set_live(session, true);
        let session = self.sessions.get_mut(&session)?;
        session.heard = now;
        session.n_blamed = 0;
        Some(session)
    }

    /// The session says whether its worker reaches the artifact store.
    pub(crate) fn set_reach(&mut self, id: SessionId, reaches_store: bool) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let was_storeless = session.live && session.reaches_store == Some(false);
        session.reaches_store = Some(reaches_store);
        let is_storeless = session.live && !reaches_store;
        self.n_storeless = self.n_storeless + u32::from(is_storeless) - u32::from(was_storeless);
    }

    /// Whether every live worker has said that it does not reach the artifact store.
    pub(crate) fn all_storeless(&self) -> bool {
        self.n_live > 0 && self.n_storeless == self.n_live
    }

    /// Asks a worker to leave. Returns whether it has a session.
    pub(crate) fn ask_to_leave(&mut self, worker: WorkerId) -> bool {
        let session = self.of_worker.get(&worker).and_then(|session| self.sessions.get_mut(session));
        session.map(|session| session.asked_to_leave = true).is_some()
    }

    /// Tells the worker, at the next occasion, to stop a lease. Returns whether it has a session.
    pub(crate) fn stop(&mut self, worker: WorkerId, lease: LeaseId) -> bool {
        let session = self.of_worker.get(&worker).and_then(|session| self.sessions.get_mut(session));
        session.is_some_and(|session| session.stops.insert(lease))
    }

    /// The leases to stop, which are then taken to be told.
    pub(crate) fn take_stops(&mut self, session: SessionId) -> Vec<LeaseId> {
        let session = self.sessions.get_mut(&session);
        session.map_or_else(Vec::new, |session| std::mem::take(&mut session.stops).into_iter().collect())
    }

    /// Live workers and their slots.
    pub(crate) fn live(&self) -> (u32, u32) {
        (self.n_live, self.n_slots_live)
    }

    /// Whether a live worker has those numerics.
    pub(crate) fn has_numerics(&self, numerics: &str) -> bool {
        self.numerics.contains_key(numerics)
    }

    /// Whether a live worker is such a one.
    pub(crate) fn any_live(&self, is_one: impl Fn(&WorkerInfo) -> bool) -> bool {
        self.sessions.values().any(|session| session.live && is_one(&session.info))
    }

    pub(crate) fn next_deadline(&self) -> Option<Now> {
        self.roll_call
    }

    /// Counts out who was not heard for a lease period, and closes sessions that are silent for long. Returns those.
    pub(crate) fn call_roll(&mut self, now: Now, period: Duration) -> Vec<SessionId> {
        if self.roll_call.is_none_or(|due| due > now) {
            return Vec::new();
        }
        let silent = |session: &Session, periods| session.heard + period * periods <= now;
        let missing: Vec<SessionId> =
            self.sessions.iter().filter(|(_, session)| silent(session, 1)).map(|(id, _)| *id).collect();
        let mut closed = Vec::new();
        for id in missing {
            self.set_live(id, false);
            if silent(&self.sessions[&id], SILENT_PERIODS) {
                self.close(id);
                closed.push(id);
            }
        }
        self.roll_call = (!self.sessions.is_empty()).then_some(now + period);
        closed
    }

    fn close(&mut self, id: SessionId) {
        self.set_live(id, false);
        if let Some(session) = self.sessions.remove(&id) {
            self.of_worker.remove(&session.worker);
        }
    }

    fn set_live(&mut self, id: SessionId, live: bool) {
        let Some(session) = self.sessions.get_mut(&id).filter(|session| session.live != live) else { return };
        session.live = live;
        let (numerics, n_slots) = (&session.info.numerics, session.info.n_slots);
        let n_storeless = u32::from(session.reaches_store == Some(false));
        if live {
            self.n_storeless += n_storeless;
            self.n_live += 1;
            self.n_slots_live += n_slots;
            *self.numerics.entry(Arc::clone(numerics)).or_default() += 1;
        } else {
            self.n_storeless -= n_storeless;
            self.n_live -= 1;
            self.n_slots_live -= n_slots;
            let n_alike = self.numerics.get_mut(numerics).expect("live workers' numerics are counted");
            *n_alike -= 1;
            if *n_alike == 0 {
                let numerics = Arc::clone(numerics);
                self.numerics.remove(&numerics);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_secs(15);

    fn info(n_slots: u32) -> WorkerInfo {
        let text = || Arc::from("x");
        WorkerInfo {
            n_slots,
            n_threads: 0,
            labels: BTreeMap::new(),
            build: text(),
            numerics: text(),
            cpu_features: text(),
            memory: 0,
        }
    }

    #[test]
    fn who_is_silent_is_counted_out_and_then_closed() {
        let (mut workers, second) = (Workers::new(Incarnation(1)), Duration::from_secs(1));
        let (one, closed) = workers.open(Now::ZERO, WorkerId(1), Incarnation(1), info(3), PERIOD);
        let (two, _) = workers.open(Now::ZERO, WorkerId(2), Incarnation(1), info(4), PERIOD);
        assert_eq!((closed, workers.live()), (None, (2, 7)));
        workers.hear(one, 10 * second);
        assert_eq!(workers.call_roll(15 * second, PERIOD), []);
        assert_eq!((workers.live(), workers.next_deadline()), ((1, 3), Some(30 * second)));
        workers.hear(two, 16 * second);
        assert_eq!(workers.live(), (2, 7));
        workers.hear(one, 310 * second);
        assert_eq!(workers.call_roll(316 * second, PERIOD), [two]);
        assert_eq!((workers.live(), workers.has_numerics("x")), ((1, 3), true));
    }

    #[test]
    fn workers_without_the_store_are_counted_while_they_live() {
        let (mut workers, second) = (Workers::new(Incarnation(1)), Duration::from_secs(1));
        let (one, _) = workers.open(Now::ZERO, WorkerId(1), Incarnation(1), info(1), PERIOD);
        assert!(!workers.all_storeless(), "it has not spoken yet");
        workers.set_reach(one, false);
        workers.set_reach(one, false);
        assert!(workers.all_storeless());
        let (two, _) = workers.open(Now::ZERO, WorkerId(2), Incarnation(1), info(1), PERIOD);
        assert!(!workers.all_storeless());
        workers.set_reach(two, true);
        workers.hear(one, 10 * second);
        workers.call_roll(15 * second, PERIOD);
        assert!(workers.all_storeless(), "the other is silent");
        workers.hear(two, 16 * second);
        assert!(!workers.all_storeless());
        workers.set_reach(two, false);
        assert!(workers.all_storeless());
    }

    #[test]
    fn a_second_registration_closes_the_first_session() {
        let mut workers = Workers::new(Incarnation(1));
        let (one, _) = workers.open(Now::ZERO, WorkerId(1), Incarnation(1), info(1), PERIOD);
        let (two, closed) = workers.open(Now::ZERO, WorkerId(1), Incarnation(2), info(2), PERIOD);
        assert_eq!((closed, workers.session(one).is_none(), workers.live()), (Some(one), true, (1, 2)));
        assert!(workers.stop(WorkerId(1), LeaseId(9)));
        assert_eq!((workers.take_stops(two), workers.take_stops(two)), (vec![LeaseId(9)], vec![]));
    }
}
