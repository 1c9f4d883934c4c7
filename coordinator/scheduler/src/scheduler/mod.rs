//! The pure state machine: a command and an instant in, facts and effects out.
//!
//! Every step decides from the state as it is (`&self`, no change), and then lets the decided facts happen: each is
//! observed by the soft state, applied to the durable state by the one function that also restores it, and handed out.

#[cfg(any(test, feature = "simulation"))]
mod check;
mod control;
mod drain;
mod extend;
mod failure;
mod grant;
mod heartbeat;
mod judge;
mod limits;
mod loss;
mod observe;
mod register;
mod report;
mod retry;
mod submit;
mod suspend;
mod tick;

use std::collections::BTreeSet;

use traipse_sweep::{Fact, LeaseId, SweepId, WorkerId};

use crate::command::{Answer, Command, Config, Now, Rejection, SessionId};
use crate::pump::{AttemptRecord, JobRows, RestoreError};
use crate::soft::backoff::Backoffs;
use crate::soft::clocks::Clocks;
use crate::soft::lapsed::Lapsed;
use crate::soft::suspensions::Suspensions;
use crate::soft::work::Work;
use crate::soft::workers::{Session, Workers};
use crate::state::{Plans, State};

/// What a command did.
#[derive(Debug)]
pub(crate) struct Reaction<B> {
    /// What happened, in order: to be made durable.
    pub(crate) facts: Vec<Fact>,
    /// What else the shell must do.
    pub(crate) effects: Effects<B>,
}

/// What goes with the facts.
#[derive(Debug)]
pub(crate) struct Effects<B> {
    /// To the caller, when all facts so far are durable; for grants alone, at once.
    pub(crate) answer: Option<Answer>,
    /// In the transaction of the facts.
    pub(crate) rows: Vec<JobRows<B>>,
    /// In the transaction of the facts.
    pub(crate) attempts: Vec<AttemptRecord>,
    /// Sessions that are over.
    pub(crate) closed: Vec<SessionId>,
}

impl<B> Default for Reaction<B> {
    fn default() -> Self {
        let effects = Effects { answer: None, rows: Vec::new(), attempts: Vec::new(), closed: Vec::new() };
        Self { facts: Vec::new(), effects }
    }
}

impl<B> Reaction<B> {
    fn answer(answer: Answer) -> Self {
        let mut reaction = Self::default();
        reaction.effects.answer = Some(answer);
        reaction
    }
}

/// Durable state, and beside it what only a living coordinator knows.
#[derive(Debug)]
pub(crate) struct Scheduler {
    pub(crate) config: Config,
    pub(crate) state: State,
    pub(crate) plans: Plans,
    clocks: Clocks,
    backoffs: Backoffs,
    lapsed: Lapsed,
    pub(crate) suspensions: Suspensions,
    /// Workers that were suspended since it was last asked.
    newly_suspended: Vec<WorkerId>,
    work: Work,
    pub(crate) workers: Workers,
    /// Counter of the next lease's id.
    next_lease: u64,
    /// Whether this life of the coordinator is durable: no lease before.
    open: bool,
    /// Sweeps whose admission is durable: no lease of another.
    grantable: BTreeSet<SweepId>,
    /// The session that is kept empty until it can take a struck job alone.
    reserved: Option<SessionId>,
    /// Sweeps at their limit of leases of which one has ended since it was last asked.
    relieved: BTreeSet<SweepId>,
    /// Whether something has become ready, or a stop has come up, since it was last asked.
    woken: bool,
}

impl Scheduler {
    /// On top of a durable state; a first life starts from the default one. The facts to come begin with
    /// [`Self::begin`].
    pub(crate) fn new(config: Config, state: State, plans: Plans, now: Now) -> Result<Self, RestoreError> {
        if config.incarnation <= state.incarnation {
            return Err(RestoreError::Incarnation { found: config.incarnation, last: state.incarnation });
        }
        let mut scheduler = Self {
            grantable: state.unended().map(|sweep| sweep.id).collect(),
            workers: Workers::new(config.incarnation),
            config,
            state,
            plans,
            clocks: Clocks::default(),
            backoffs: Backoffs::default(),
            lapsed: Lapsed::default(),
            suspensions: Suspensions::default(),
            newly_suspended: Vec::new(),
            work: Work::default(),
            next_lease: 0,
            open: false,
            reserved: None,
            relieved: BTreeSet::new(),
            woken: false,
        };
        scheduler.start_clocks(now);
        Ok(scheduler)
    }

    /// The first fact of this life.
    pub(crate) fn begin<B>(&mut self, now: Now) -> Reaction<B> {
        let mut reaction = Reaction::default();
        self.happen(now, Fact::IncarnationStarted { incarnation: self.config.incarnation }, &mut reaction);
        reaction
    }

    /// Takes a command. A refused one changes nothing.
    pub(crate) fn handle<B>(&mut self, now: Now, command: Command<B>) -> Result<Reaction<B>, Rejection> {
        match command {
            Command::Submit { sweep, spec } => self.submit(now, sweep, &spec),
            Command::Control { sweep, control } => self.control(now, sweep, control),
            Command::Retry { sweep, request, cells } => self.retry(now, sweep, request, cells.as_deref()),
            Command::Drain { worker } => self.drain(worker),
            Command::Extend { sweep, request, spec } => self.extend(now, sweep, request, &spec),
            Command::Register(register) => self.register(now, register),
            Command::Report(report) => self.report(now, report),
            Command::Heartbeat { session, leases } => self.heartbeat(now, session, &leases),
        }
    }

    /// The lease that is granted next: all that were granted lie below it.
    pub(crate) fn next_lease(&self) -> LeaseId {
        LeaseId::new(self.config.incarnation, self.next_lease)
    }

    /// When a lease under way was granted, if this life of the coordinator did.
    pub(crate) fn granted_at(&self, worker: WorkerId, lease: LeaseId) -> Option<Now> {
        self.clocks.get(worker, lease)?.granted_at
    }

    /// How long a job waits still after a transient failure.
    pub(crate) fn backoff_left(&self, now: Now, sweep: SweepId, position: u64) -> Option<Now> {
        self.backoffs.until(sweep, position).map(|until| until.saturating_sub(now))
    }

    /// When [`Self::tick`] is due.
    pub(crate) fn next_deadline(&self) -> Option<Now> {
        let deadlines = [
            self.clocks.next_deadline(),
            self.backoffs.next_deadline(),
            self.workers.next_deadline(),
            self.suspensions.next_deadline(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// A fact has become durable: what waits for it may be leased.
    pub(crate) fn is_durable(&mut self, fact: &Fact) {
        match fact {
            Fact::IncarnationStarted { .. } => self.open = true,
            Fact::SweepAdmitted { sweep, .. } | Fact::JobsRetried { sweep, .. } | Fact::SweepExtended { sweep, .. } => {
                _ = self.grantable.insert(*sweep)
            }
            _ => return,
        }
        self.woken = true;
    }

    /// Whether parked reports may find something now. Asking resets it.
    pub(crate) fn take_woken(&mut self) -> bool {
        // Whoever reported the end has been served already: most often nothing is left for others.
        let has_room = |id: &SweepId| self.state.sweep(*id).is_some_and(|sweep| sweep.n_leasable() > 0);
        let relieved = std::mem::take(&mut self.relieved).iter().any(has_room);
        std::mem::take(&mut self.woken) || relieved
    }

    /// Workers that were suspended since this was last asked.
    pub(crate) fn take_newly_suspended(&mut self) -> Vec<WorkerId> {
        std::mem::take(&mut self.newly_suspended)
    }

    /// Lets a decided fact happen.
    ///
    /// # Panics
    /// If it does not fit the state: the decision was wrong, and what follows would be too.
    fn happen<B>(&mut self, now: Now, fact: Fact, reaction: &mut Reaction<B>) {
        let n_ready = self.n_ready(&fact);
        self.note_relief(&fact);
        let suspect = self.suspect_of(&fact);
        self.observe(now, &fact);
        if let Err(misfit) = self.state.apply(&fact, &mut self.plans) {
            panic!("{fact:?} was decided and does not fit: {misfit}");
        }
        self.woken |= self.n_ready(&fact) > n_ready;
        if let Some(suspect) = suspect {
            self.follow_suspect(now, suspect);
        }
        reaction.facts.push(fact);
    }

    /// A lease of a sweep at its limit is about to end.
    fn note_relief(&mut self, fact: &Fact) {
        let (Fact::JobEnded { sweep, .. } | Fact::AttemptFailed { sweep, .. } | Fact::LeaseReturned { sweep, .. }) =
            fact
        else {
            return;
        };
        if self.state.sweep(*sweep).is_some_and(|sweep| sweep.n_leasable() == 0) {
            self.relieved.insert(*sweep);
        }
    }

    /// Comparisons that a job's end can make ready.
    fn n_ready(&self, fact: &Fact) -> usize {
        let Fact::JobEnded { sweep, .. } = fact else { return 0 };
        self.state.sweep(*sweep).map_or(0, |sweep| sweep.jobs.ready.len())
    }

    fn session(&self, session: SessionId) -> Result<&Session, Rejection> {
        self.workers.session(session).ok_or(Rejection::UnknownSession(session))
    }
}
