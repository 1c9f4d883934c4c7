//! The pump: commands become batches, batches become durable, and only then are their answers given.

mod batch;
mod explain;
mod gather;
#[cfg(feature = "simulation")]
mod inspect;
mod lines;
mod read;
mod view;
mod why;
mod workers;

use std::collections::BTreeMap;
use std::fmt::Debug;

use traipse_sweep::Fact;

use crate::command::{Answer, Command, Config, Now, Rejection, Report, Reported, SessionId};
use crate::mutation::{self, Mutation};
use crate::scheduler::{Reaction, Scheduler};
use crate::state::{Plans, State};
pub use batch::{AttemptRecord, Batch, JobRows};
pub use explain::{Explained, UnderWay};
use gather::{Gather, Waiting};
#[cfg(feature = "simulation")]
pub use inspect::Sizes;
use lines::{Arrival, Lines};
pub use read::{
    Compared, EndedMember, GenerationRange, OutcomeRange, RestoreError, Snapshot, Suspended, SweepState, SweepStatus,
    WorkerStatus,
};

/// What reaches the pump. `R` names a waiting call; `B` is a report's rows.
#[derive(Debug)]
pub enum Event<R, B> {
    /// Somebody asks.
    Call {
        /// Whom to answer.
        reply: R,
        /// What is asked.
        command: Command<B>,
    },
    /// The caller has gone; its parked report, if any, is forgotten.
    Gone {
        /// Whom not to answer.
        reply: R,
    },
    /// A batch is durable.
    Committed {
        /// Which.
        batch: u64,
    },
    /// Time has passed: at or after the pump's next deadline.
    Tick,
}

/// What the shell must do.
#[derive(Debug)]
pub enum Action<R, B> {
    /// Make this durable in one transaction, then say [`Event::Committed`]. At most one is under way.
    Commit(Batch<B>),
    /// Answer a call.
    Answer {
        /// Whom.
        reply: R,
        /// With what.
        answer: Result<Answer, Rejection>,
    },
}

/// Commands in, batches and answers out.
///
/// - Every call is answered once, unless it is gone. A report that is repeated while its first call waits takes that
///   call's place: the first is answered [`Rejection::Replaced`].
/// - An answer that shows anything but new leases waits until all that was decided so far is durable.
/// - At most one batch is under way; facts gather meanwhile.
/// - What can be read (`status`, `sweeps`, `snapshot`, …) is a second fold over committed facts alone.
#[derive(Debug)]
pub struct Pump<R, B> {
    scheduler: Scheduler,
    /// The fold over committed facts.
    committed: State,
    gather: Gather<R, B>,
    lines: Lines<R>,
    /// Calls to be answered; those of reports with their session.
    open: BTreeMap<R, Option<SessionId>>,
}

impl<R: Copy + Ord + Debug, B: Clone + Debug> Pump<R, B> {
    /// The pump of a data folder without a journal. Its first batch, [`Batch::seq`] 1, carries the incarnation.
    ///
    /// # Panics
    /// If the incarnation is 0: lives are counted from 1.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self::begin(config, Now::ZERO, State::default(), Plans::default(), 1)
            .expect("an incarnation above 0 is new to an empty journal")
    }

    /// The pump of a later life: `snapshot` and the facts after it, in order, make the state; `next_seq` is the number
    /// of the first batch to come. Outstanding leases get one fresh period from `now`.
    ///
    /// # Errors
    /// If the snapshot does not decode, a fact does not fit the state before it, or the incarnation is not new.
    pub fn restore(
        config: Config,
        now: Now,
        snapshot: Option<&[u8]>,
        facts: impl Iterator<Item = Fact>,
        next_seq: u64,
    ) -> Result<Self, RestoreError> {
        let mut plans = Plans::default();
        let mut state = match snapshot {
            Some(bytes) => State::decode(bytes, &mut plans)?,
            None => State::default(),
        };
        for fact in facts {
            state.apply(&fact, &mut plans)?;
        }
        Self::begin(config, now, state, plans, next_seq)
    }

    fn begin(config: Config, now: Now, state: State, plans: Plans, next_seq: u64) -> Result<Self, RestoreError> {
        let gather = Gather::new(next_seq, config.batch_facts);
        let committed = state.clone();
        let scheduler = Scheduler::new(config, state, plans, now)?;
        let mut pump = Self { scheduler, committed, gather, lines: Lines::default(), open: BTreeMap::new() };
        let reaction = pump.scheduler.begin(now);
        pump.absorb(reaction, &mut Vec::new());
        Ok(pump)
    }

    /// Takes one event, returns what the shell must do, in order.
    ///
    /// # Panics
    /// If a batch is said to be committed that is not under way, or a decision does not fit the state: bugs, after
    /// which nothing may be written.
    pub fn on(&mut self, now: Now, event: Event<R, B>) -> Vec<Action<R, B>> {
        let mut actions = Vec::new();
        match event {
            Event::Call { reply, command: Command::Report(report) } => self.report(now, reply, report, &mut actions),
            Event::Call { reply, command } => self.call(now, reply, command, &mut actions),
            Event::Gone { reply } => self.gone(reply),
            Event::Committed { batch } => self.committed(batch, &mut actions),
            Event::Tick => {}
        }
        // What is due is done at every event, after it: a heartbeat that waited in a queue comes before the expiry.
        self.tick(now, &mut actions);
        if self.scheduler.take_woken() {
            self.serve_parked(now, &mut actions);
        }
        actions.extend(self.gather.cut().map(Action::Commit));
        actions
    }

    /// Workers that were suspended since this was last asked, to be told to people once.
    pub fn take_newly_suspended(&mut self, now: Now) -> Vec<Suspended> {
        let workers = self.scheduler.take_newly_suspended();
        workers.into_iter().filter_map(|worker| self.suspended(now).find(|found| found.worker == worker)).collect()
    }

    /// When [`Event::Tick`] is due at the latest; zero where a batch waits to be cut.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Now> {
        if self.gather.can_cut() {
            return Some(Now::ZERO);
        }
        [self.scheduler.next_deadline(), self.lines.next_deadline()].into_iter().flatten().min()
    }

    fn call(&mut self, now: Now, reply: R, command: Command<B>, actions: &mut Vec<Action<R, B>>) {
        self.open.insert(reply, None);
        let answer = match self.scheduler.handle(now, command) {
            Ok(reaction) => Ok(self.absorb(reaction, actions).expect("a handled command has an answer")),
            Err(rejection) => Err(rejection),
        };
        let at_once = match &answer {
            Ok(Answer::Beat { stop, .. }) => stop.is_empty(),
            Err(Rejection::UnknownSession(_)) => true,
            _ => false,
        };
        self.give(Waiting::Call { reply, answer }, at_once, actions);
    }

    fn report(&mut self, now: Now, reply: R, report: Report<B>, actions: &mut Vec<Action<R, B>>) {
        let session = report.session;
        let wait = report.wait.min(self.scheduler.config.max_wait);
        let refuse = |rejection| Action::Answer { reply, answer: Err(rejection) };
        if self.scheduler.workers.hear(session, now).is_none() {
            return actions.push(refuse(Rejection::UnknownSession(session)));
        }
        match self.lines.arrive(session, report.seq, reply, now + wait) {
            Arrival::OutOfOrder { last } => {
                actions.push(refuse(Rejection::OutOfOrder { found: report.seq, last }));
            }
            Arrival::Repeat(_) if mutation::is_on(Mutation::LoseRepeatedAnswer) => {
                let answer = Reported { seq: report.seq, ..Reported::default() };
                actions.push(Action::Answer { reply, answer: Ok(Answer::Reported(answer)) });
            }
            Arrival::Repeat(answer) => actions.push(Action::Answer { reply, answer: Ok(Answer::Reported(answer)) }),
            Arrival::TookPlace { of } => {
                self.open.insert(reply, Some(session));
                if let Some(of) = of.filter(|of| self.open.remove(of).is_some()) {
                    let answer = Err(Rejection::Replaced { seq: report.seq });
                    actions.push(Action::Answer { reply: of, answer });
                }
            }
            Arrival::New => self.new_report(now, reply, report, wait, actions),
        }
    }

    fn new_report(&mut self, now: Now, reply: R, report: Report<B>, wait: Now, actions: &mut Vec<Action<R, B>>) {
        let (session, seq) = (report.session, report.seq);
        let can_wait = report.reports.is_empty() && report.returned.is_empty() && !report.draining && wait > Now::ZERO;
        let reaction = match self.scheduler.handle(now, Command::Report(report)) {
            Ok(reaction) => reaction,
            Err(rejection) => return actions.push(Action::Answer { reply, answer: Err(rejection) }),
        };
        self.open.insert(reply, Some(session));
        let only_grants = self.shows_grants_alone(&reaction);
        let Some(Answer::Reported(answer)) = self.absorb(reaction, actions) else {
            unreachable!("a report is answered as one");
        };
        if can_wait && !answer.has_news() {
            self.lines.park(session, seq, reply, now + wait);
        } else {
            self.lines.begin(session, seq, reply);
            let at_once = can_wait && only_grants && answer.stop.is_empty();
            self.give(Waiting::Report { session, answer }, at_once, actions);
        }
    }

    /// Parked reports, oldest first, get what has become ready for them.
    fn serve_parked(&mut self, now: Now, actions: &mut Vec<Action<R, B>>) {
        for (session, seq) in self.lines.parked() {
            let mut reaction = Reaction::default();
            let mut answer = self.scheduler.offer(now, session, &mut reaction);
            if !answer.has_news() {
                continue;
            }
            answer.seq = seq;
            let at_once = self.shows_grants_alone(&reaction) && answer.stop.is_empty();
            self.absorb(reaction, actions);
            self.lines.unpark(session);
            self.give(Waiting::Report { session, answer }, at_once, actions);
        }
    }

    fn tick(&mut self, now: Now, actions: &mut Vec<Action<R, B>>) {
        if self.scheduler.next_deadline().is_some_and(|due| due <= now) {
            let reaction = self.scheduler.tick(now);
            self.absorb(reaction, actions);
        }
        for (session, seq) in self.lines.overdue(now) {
            self.lines.unpark(session);
            let answer = Reported { seq, ..Reported::default() };
            self.give(Waiting::Report { session, answer }, true, actions);
        }
    }

    /// Whether a reaction did nothing but grant leases, which need not be durable to be shown; but what they show must be:
    /// that the job is there in its generation, and of a comparison that its members have ended.
    fn shows_grants_alone(&self, reaction: &Reaction<B>) -> bool {
        reaction.facts.iter().all(|fact| match fact {
            Fact::Granted { sweep, job, generation, .. } => self.committed.sweep(*sweep).is_some_and(|sweep| {
                let position = sweep.position(*job);
                position.is_some_and(|at| sweep.generation(at) == *generation && !sweep.is_blocked(at))
            }),
            _ => false,
        })
    }

    /// Takes a reaction's facts and effects on their way to the journal; its answer is left to the caller.
    fn absorb(&mut self, reaction: Reaction<B>, actions: &mut Vec<Action<R, B>>) -> Option<Answer> {
        let Reaction { facts, effects } = reaction;
        self.gather.add(facts, effects.rows, effects.attempts);
        for session in effects.closed {
            if let Some(reply) = self.lines.close(session).filter(|reply| self.open.remove(reply).is_some()) {
                actions.push(Action::Answer { reply, answer: Err(Rejection::UnknownSession(session)) });
            }
        }
        effects.answer
    }

    fn give(&mut self, waiting: Waiting<R>, at_once: bool, actions: &mut Vec<Action<R, B>>) {
        let released = if at_once || mutation::is_on(Mutation::AnswerBeforeCommit) {
            Some(waiting)
        } else {
            self.gather.wait(waiting)
        };
        actions.extend(released.and_then(|released| self.release(released)));
    }

    /// The answer to a call that is still there.
    fn release(&mut self, waiting: Waiting<R>) -> Option<Action<R, B>> {
        let (reply, answer) = match waiting {
            Waiting::Call { reply, answer } => (reply, answer),
            Waiting::Report { session, answer } => {
                (self.lines.answer(session, answer.clone())?, Ok(Answer::Reported(answer)))
            }
        };
        self.open.remove(&reply).map(|_| Action::Answer { reply, answer })
    }

    fn gone(&mut self, reply: R) {
        if let Some(Some(session)) = self.open.remove(&reply) {
            self.lines.forget(session, reply);
        }
    }

    fn committed(&mut self, batch: u64, actions: &mut Vec<Action<R, B>>) {
        let (facts, waiting) = self.gather.committed(batch);
        for fact in &facts {
            self.committed
                .apply(fact, &mut self.scheduler.plans)
                .expect("a fact that fitted the live state fits the committed one in the same order");
            self.scheduler.is_durable(fact);
        }
        actions.extend(waiting.into_iter().filter_map(|waiting| self.release(waiting)));
    }
}
