//! The task that owns the agent: it waits for what happens, tells the agent, and does what the agent says.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, MissedTickBehavior, sleep_until};
use tokio_util::sync::CancellationToken;
use traipse_agent::{Action, Agent, Call, Event, Exit, Finished, JobEnd, Lease};
use traipse_proto::v1::{self, Directive, JobReport, RegisterResponse};
use traipse_store::Store;
use traipse_sweep::LeaseId;

use crate::beats::{Beats, Order};
use crate::calls::{self, Answer, Calls};
use crate::job::Context;
use crate::members::Line;
use crate::options::{Error, Options};
use crate::pool::{Job, Pool, Signals};
use crate::reach::Reach;
use crate::spool::{FileSpool, Keeper, Left};
use crate::state::State;
use crate::sweeps::{Editions, Sweep, Sweeps};
use crate::wire::{self, Introduction};

/// How often it is looked whether a job's time is over.
const LIMIT_CHECK: Duration = Duration::from_millis(200);

/// Runs one worker. Returns when it has left: after `shutdown` is cancelled and what it had is finished, reported or
/// handed back; or when it cannot go on.
///
/// # Errors
/// If its state folder cannot be used, an address or the token has the wrong form, no coordinator was reached in the
/// time of the first contact, the coordinator refuses it, or it left without having reported everything. Once it has
/// been registered, a coordinator that is out of reach is no error: the worker computes on and tries again for ever.
pub async fn start(options: Options, shutdown: CancellationToken) -> Result<(), Error> {
    options.check()?;
    let calls = Calls::new(&options.coordinator, &options.token)?;
    let state = Arc::new(State::open(options.state.as_deref())?);
    let (spool, left) = FileSpool::open(&state.folder)?;
    tell_left(&left, &state.folder);
    tracing::info!(worker = %state.id, life = state.incarnation.0, folder = %state.folder.display(), "worker starts");
    let reach = Reach::default();
    let scratch = options.scratch(&state.folder);
    tracing::debug!(memory_per_slot = scratch.memory, "snapshots beyond this go to a file");
    let (data, line, runtime) = (options.data.clone(), Line::default(), Handle::current());
    let context = Arc::new(Context { data, scratch, reach, line, runtime, checkpoint_every: options.checkpoint_every });
    let pool = Pool::start(options.n_threads(), &context).map_err(|source| Error::Thread { source })?;
    let seed = (state.id.0 as u64) ^ u64::from(state.incarnation.0);
    let spool = match &options.around_spool {
        Some(around) => around(spool),
        None => Box::new(spool),
    };
    let keeper = Keeper::start(spool, state.clone()).map_err(|source| Error::Thread { source })?;
    let introduction = Introduction {
        worker: state.id,
        incarnation: state.incarnation,
        n_slots: options.n_slots,
        n_threads: options.n_threads(),
        labels: options.all_labels(),
        memory: options.memory.bytes(),
    };
    let (coordinators, token) = (options.coordinator.clone(), options.token.clone());
    let beats = Beats::start(move || coordinators.iter().map(|url| calls::client(url, &token)).collect());
    let driver = Driver {
        agent: Agent::new(options.config(seed)),
        epoch: Instant::now(),
        calls,
        beats: beats.map_err(|source| Error::Thread { source })?,
        heartbeat: Duration::MAX,
        pool,
        context,
        introduction,
        session: String::new(),
        sweeps: Sweeps::new(),
        editions: Editions::new(),
        given: BTreeMap::new(),
        events: VecDeque::from([Event::Restored(left.outcomes), Event::Started]),
        is_asked_to_leave: false,
        answers: true,
        last_failure: String::new(),
        keeper,
        keeps: true,
        folder: state.folder.clone(),
    };
    Box::pin(driver.run(shutdown)).await
}

struct Driver {
    agent: Agent<JobReport>,
    /// The agent's time zero.
    epoch: Instant,
    calls: Calls,
    beats: Beats,
    /// How often the coordinator wants to hear one.
    heartbeat: Duration,
    pool: Pool,
    context: Arc<Context>,
    introduction: Introduction,
    session: String,
    sweeps: Sweeps,
    editions: Editions,
    /// Leases with the slots.
    given: BTreeMap<LeaseId, Signals>,
    /// What the agent has not been told yet.
    events: VecDeque<Event<JobReport>>,
    /// Whether the coordinator has asked the worker to leave; said once.
    is_asked_to_leave: bool,
    /// Whether the coordinator answered the last time; said when it changes.
    answers: bool,
    /// What the last failed call said.
    last_failure: String,
    keeper: Keeper,
    /// Whether the spool took what it was given the last time; said when it changes.
    keeps: bool,
    /// The state folder.
    folder: PathBuf,
}

impl Driver {
    async fn run(mut self, shutdown: CancellationToken) -> Result<(), Error> {
        let mut leaving = false;
        let mut looks = tokio::time::interval(LIMIT_CHECK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            while let Some(event) = self.events.pop_front() {
                if let Some(exit) = self.tell(event) {
                    return self.leave(exit).await;
                }
            }
            let deadline = self.agent.next_deadline();
            tokio::select! {
                answer = self.calls.answer() => self.take_answer(answer),
                answer = self.beats.answer() => self.take_answer(answer),
                _ = looks.tick(), if !self.given.is_empty() => self.given.values().for_each(Signals::stop_if_late),
                kept = self.keeper.answer() => self.take_kept(kept),
                () = self.pool.news() => self.take_ends(),
                () = shutdown.cancelled(), if !leaving => {
                    leaving = true;
                    tracing::info!("worker drains");
                    self.events.push_back(Event::Drain);
                }
                () = sleep(self.epoch, deadline) => self.events.push_back(Event::Tick),
            }
        }
    }

    /// Tells the agent and does what it says.
    fn tell(&mut self, event: Event<JobReport>) -> Option<Exit> {
        let mut stops = BTreeSet::new();
        for action in self.agent.on(self.epoch.elapsed(), event) {
            match action {
                Action::Register(register) => self.calls.register(&self.introduction, &register),
                Action::Report { call, report, wait } => {
                    let reaches_store = self.context.reach.store().is_some();
                    self.calls.report(call, &self.session, &report, wait, reaches_store);
                }
                Action::Beat { call, leases } => self.beat(call, leases),
                Action::Start(leases) => self.give(leases),
                Action::Stop(lease) => drop(stops.insert(lease)),
                Action::Recall => {
                    let unstarted = self.pool.recall();
                    unstarted.iter().for_each(|lease| drop(self.given.remove(lease)));
                    self.events.push_back(Event::Unstarted(unstarted));
                }
                Action::Keep(outcomes) => self.keeper.keep(outcomes),
                Action::Release(leases) => self.keeper.release(leases),
                Action::FetchSpec(sweep) => self.calls.fetch_spec(sweep),
                Action::ForgetSpec(sweep) => {
                    self.sweeps.remove(&sweep);
                    self.editions.remove(&sweep);
                }
                Action::Exit(exit) => return Some(exit),
            }
        }
        if !stops.is_empty() {
            self.stop(&stops);
        }
        None
    }

    fn give(&mut self, leases: Vec<Lease>) {
        let given_at = std::time::Instant::now();
        let jobs = leases.into_iter().map(|lease| {
            let missing = || Arc::new(Sweep::Broken("the worker has lost the sweep's spec".to_owned()));
            let sweep = self.sweeps.get(&lease.sweep).cloned().unwrap_or_else(missing);
            let signals = Signals::within(lease.time_limit.or_else(|| sweep.time_limit()));
            self.given.insert(lease.lease, signals.clone());
            Job { lease, sweep, given_at, signals }
        });
        let jobs = jobs.collect();
        self.pool.give(jobs);
    }

    /// What has not started ends at once; it would wait for a thread only to be told.
    fn stop(&mut self, leases: &BTreeSet<LeaseId>) {
        let withdrawn = self.pool.withdraw(leases);
        for signals in leases.iter().filter_map(|lease| self.given.get(lease)) {
            signals.stop.store(true, Ordering::Relaxed);
        }
        withdrawn.iter().for_each(|lease| drop(self.given.remove(lease)));
        let stopped = |lease| Finished { lease, end: JobEnd::Stopped };
        self.events.push_back(Event::Finished(withdrawn.into_iter().map(stopped).collect()));
    }

    fn beat(&self, call: Call, leases: Vec<LeaseId>) {
        let leases = leases.into_iter().map(|lease| (lease, self.given.get(&lease).cloned())).collect();
        let (at, session, period) = (self.calls.at(), self.session.clone(), self.heartbeat);
        self.beats.order(Order { call, at, session, period, leases });
    }

    fn take_ends(&mut self) {
        let ends = self.pool.take_ends();
        ends.iter().for_each(|finished| drop(self.given.remove(&finished.lease)));
        if !ends.is_empty() {
            self.events.push_back(Event::Finished(ends));
        }
    }

    /// Says once that the disk does not take outcomes; the agent tries again.
    fn take_kept(&mut self, kept: io::Result<()>) {
        let folder = self.folder.display();
        self.events.push_back(match kept {
            Ok(()) => {
                if !self.keeps {
                    tracing::info!(%folder, "the spool takes outcomes again: jobs are taken again");
                }
                self.keeps = true;
                Event::Kept
            }
            Err(error) => {
                if self.keeps {
                    tracing::error!(
                        %folder, %error,
                        "finished outcomes cannot be kept on disk: no more jobs are taken until they can; make room there"
                    );
                }
                self.keeps = false;
                Event::KeepFailed
            }
        });
    }

    fn take_answer(&mut self, answer: Answer) {
        let event = match answer {
            Answer::Registered { call, response, store } => self.registered(call, response, store),
            Answer::Reported { call, response } => {
                self.answered();
                self.leave_if_asked(&response.directives);
                let stop = wire::stops(&response.directives);
                self.note_editions(&response.leases);
                Event::Reported { call, leases: wire::leases(response.leases), stop }
            }
            Answer::BeatAnswered { call, response } => {
                self.answered();
                self.leave_if_asked(&response.directives);
                Event::BeatAnswered { call, stop: wire::stops(&response.directives) }
            }
            Answer::Failed { call, status } => self.failed(call, &status),
            Answer::Spec { sweep, n_extensions, spec } => {
                self.sweeps.insert(sweep, Arc::new(spec));
                let is_new_enough = self.editions.entry(sweep).or_default().came(n_extensions);
                if is_new_enough { Event::SpecReady(sweep) } else { Event::SpecFailed(sweep) }
            }
            Answer::SpecFailed { sweep, status } => {
                tracing::warn!(%sweep, why = %wire::words(&status), "the sweep's spec did not come: trying again");
                Event::SpecFailed(sweep)
            }
        };
        self.events.push_back(event);
    }

    /// The coordinator says it in every answer until it has heard that the worker leaves.
    fn leave_if_asked(&mut self, directives: &[Directive]) {
        if wire::drains(directives) {
            if !self.is_asked_to_leave {
                tracing::info!(
                    "the coordinator asks this worker to leave: what runs finishes, the rest is handed back"
                );
            }
            self.is_asked_to_leave = true;
            self.events.push_back(Event::Leave);
        }
    }

    /// A lease may come from an extension that the spec that is here does not have.
    fn note_editions(&mut self, leases: &[v1::Lease]) {
        for lease in leases {
            let Ok(sweep) = lease.sweep.parse() else { continue };
            if self.editions.entry(sweep).or_default().need(lease.n_extensions) {
                self.events.push_back(Event::SpecStale(sweep));
            }
        }
    }

    fn registered(&mut self, call: Call, response: RegisterResponse, store: Option<Store>) -> Event<JobReport> {
        let url = self.calls.url();
        let (life, reaches_store) = (response.coordinator_incarnation, store.is_some());
        tracing::info!(%url, session = %response.session, life, reaches_store, "registered");
        self.answers = true;
        self.context.reach.set(store);
        self.context.line.set(self.calls.work());
        self.session = response.session;
        let heartbeat = Duration::from_millis(response.heartbeat_ms);
        self.heartbeat = heartbeat;
        let n_ended = response.ended.len();
        if n_ended > 0 {
            tracing::warn!(
                n_ended,
                "leases that the coordinator does not honour: their jobs are stopped, their outcomes dropped"
            );
        }
        Event::Registered { call, heartbeat, ended: response.ended.into_iter().map(LeaseId).collect() }
    }

    /// Says once that the coordinator is out of reach; the agent tries again.
    fn failed(&mut self, call: Call, status: &tonic::Status) -> Event<JobReport> {
        self.last_failure = wire::words(status);
        let url = self.calls.url();
        if self.answers {
            tracing::warn!(%url, code = ?status.code(), why = %self.last_failure, "a call failed: trying again");
        } else {
            tracing::debug!(%url, code = ?status.code(), why = %self.last_failure, "a call failed again");
        }
        self.answers = false;
        if status.code() == tonic::Code::Unavailable {
            self.calls.next_coordinator();
        }
        Event::Failed { call, failure: wire::failure(status) }
    }

    fn answered(&mut self) {
        if !self.answers {
            tracing::info!(url = %self.calls.url(), "the coordinator answers again");
        }
        self.answers = true;
    }

    async fn leave(self, exit: Exit) -> Result<(), Error> {
        let (url, folder) = (self.calls.url().to_owned(), self.folder);
        self.keeper.end().await;
        for signals in self.given.values() {
            signals.stop.store(true, Ordering::Relaxed);
        }
        match exit {
            Exit::Drained => {
                tracing::info!("worker leaves: everything is reported or handed back");
                Ok(())
            }
            Exit::GraceOver { n_left, n_kept } => Err(Error::GraceOver { url, n_left, n_kept, folder }),
            Exit::Hung { lease, n_left, n_kept } => Err(Error::Hung { lease, n_left, n_kept, folder }),
            Exit::Unreached => Err(Error::Unreached { url, last: self.last_failure }),
            Exit::Refused(message) => Err(Error::Refused { url, message: message.to_string() }),
        }
    }
}

/// Says what an earlier life has left in the spool.
fn tell_left(left: &Left, folder: &Path) {
    let Left { outcomes, n_damaged, n_torn_bytes } = left;
    let (n_outcomes, folder) = (outcomes.len(), folder.display());
    if n_outcomes > 0 {
        tracing::info!(%folder, n_outcomes, "the spool has outcomes of an earlier life: they will be reported");
    }
    if *n_torn_bytes > 0 {
        tracing::warn!(%folder, n_torn_bytes, "the spool ended in a write that was cut short: those bytes are dropped");
    }
    if *n_damaged > 0 {
        tracing::error!(%folder, n_damaged, "entries of the spool are damaged and dropped: their jobs are done again");
    }
}

/// Until the agent's next deadline, or for ever.
async fn sleep(epoch: Instant, deadline: Option<Duration>) {
    match deadline {
        Some(deadline) => sleep_until(epoch + deadline).await,
        None => std::future::pending().await,
    }
}
