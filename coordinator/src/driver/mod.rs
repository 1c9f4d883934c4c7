//! The driver: one task owns the pump. Its `select` only waits; [`Driver::apply`] only changes state. It never waits for
//! the disk: batches go to the journal's owner, which says when they are durable.

mod catalogue;
mod handle;
mod rates;
mod snapshots;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use traipse_scheduler::{
    Answer, Batch, Deed, Drive, Event, Published, Pump, Rejection, SnapshotRule, Suspended, SweepStatus,
};
use traipse_sweep::Fact;
use traipse_sweep::facts::Hold;

pub(crate) use catalogue::{Catalogue, Entry};
use handle::Message;
pub(crate) use handle::{CallError, Handle};

use crate::block::Block;
use crate::journal::{self, Committed, Journal};
use crate::options::Limits;
use rates::Rates;
use snapshots::Snapshots;

/// Calls that may wait for the driver; more make their callers wait.
const N_INBOX: usize = 1_024;

/// Most messages that are taken before the clock is looked at again.
const N_AT_ONCE: usize = 256;

/// Names a waiting call.
pub(crate) type Ticket = u64;

/// The pump as this process uses it.
pub(crate) type OurPump = Pump<Ticket, Block>;

/// One answer, to one call.
type Reply = oneshot::Sender<Result<Answer, Rejection>>;

/// What the driver waits for.
enum Wake {
    Message(Message),
    Committed(Committed),
    SnapshotKept,
    Tick,
}

/// Owns the pump, and the channels around it.
pub(crate) struct Driver {
    drive: Drive<Ticket, Block>,
    /// Time zero of the scheduler's clock.
    zero: Instant,
    waiting: BTreeMap<Ticket, Reply>,
    commits: mpsc::Sender<Batch<Block>>,
    catalogue: watch::Sender<Catalogue>,
    changed: watch::Sender<u64>,
    rates: Rates,
    snapshots: Snapshots,
}

/// The channels that a driver listens to.
pub(crate) struct Inputs {
    inbox: mpsc::Receiver<Message>,
    committed: mpsc::Receiver<Committed>,
}

impl Driver {
    /// A driver of that pump, whose clock began at `zero`, and the handle that others hold.
    pub(crate) fn new(
        pump: OurPump,
        zero: Instant,
        limits: &Limits,
        (commits, committed): (mpsc::Sender<Batch<Block>>, mpsc::Receiver<Committed>),
        journal: Journal,
        ending: CancellationToken,
    ) -> (Self, Inputs, Handle) {
        let (send, inbox) = mpsc::channel(N_INBOX);
        let catalogue = watch::Sender::new(Catalogue::of(&pump));
        let changed = watch::Sender::new(0);
        let handle = Handle::new(send, catalogue.subscribe(), changed.subscribe(), ending);
        let rule = SnapshotRule { facts: limits.snapshot_facts, after: limits.snapshot_after };
        let driver = Self {
            drive: Drive::new(pump, rule),
            zero,
            waiting: BTreeMap::new(),
            commits,
            catalogue,
            changed,
            rates: Rates::default(),
            snapshots: Snapshots::new(journal),
        };
        (driver, Inputs { inbox, committed }, handle)
    }

    /// Runs until it is told to end and nothing waits to become durable, or until the journal's owner has gone.
    ///
    /// # Errors
    /// If a snapshot cannot be kept.
    pub(crate) async fn run(mut self, mut inputs: Inputs, end: CancellationToken) -> Result<(), journal::Error> {
        self.apply(Wake::Tick);
        loop {
            if end.is_cancelled() && self.drive.is_settled() {
                return Ok(());
            }
            let due = self.next_wake();
            let wake = tokio::select! {
                biased;
                committed = inputs.committed.recv() => match committed {
                    Some(committed) => Wake::Committed(committed),
                    None => return Ok(()),
                },
                Some(kept) = self.snapshots.kept() => {
                    kept?;
                    Wake::SnapshotKept
                }
                Some(message) = inputs.inbox.recv() => Wake::Message(message),
                () = tokio::time::sleep_until(due.into()) => Wake::Tick,
                () = end.cancelled(), if !end.is_cancelled() => Wake::Tick,
            };
            self.apply(wake);
            self.take_waiting(&mut inputs.inbox);
            if self.drive.next_deadline().is_some_and(|deadline| deadline <= self.now()) {
                self.apply(Wake::Tick);
            }
        }
    }

    /// What has come in meanwhile joins the next batch.
    fn take_waiting(&mut self, inbox: &mut mpsc::Receiver<Message>) {
        for _ in 1..N_AT_ONCE {
            match inbox.try_recv() {
                Ok(message) => self.apply(Wake::Message(message)),
                Err(_) => break,
            }
        }
    }

    fn apply(&mut self, wake: Wake) {
        match wake {
            Wake::Message(Message::Call { ticket, command, reply }) => {
                self.waiting.insert(ticket, reply);
                self.feed(Event::Call { reply: ticket, command });
            }
            Wake::Message(Message::Gone { ticket }) => {
                if self.waiting.remove(&ticket).is_some() {
                    self.feed(Event::Gone { reply: ticket });
                }
            }
            Wake::Message(Message::Read(read)) => read(self),
            Wake::Committed(Committed(seq)) => self.feed(Event::Committed { batch: seq }),
            Wake::SnapshotKept => {
                let next = self.drive.snapshot_kept(self.now());
                self.act(next);
            }
            Wake::Tick => self.feed(Event::Tick),
        }
    }

    fn feed(&mut self, event: Event<Ticket, Block>) {
        let now = self.now();
        let deeds = self.drive.on(now, event);
        self.act(deeds);
        for Suspended { worker, remaining, message, .. } in self.drive.take_newly_suspended(now) {
            let seconds = remaining.as_secs();
            tracing::warn!(%worker, seconds, %message, "job after job failed on this worker: it gets none for a while");
        }
    }

    fn act(&mut self, deeds: impl IntoIterator<Item = Deed<Ticket, Block>>) {
        for deed in deeds {
            match deed {
                // The channel has room for the one batch that may be under way; if its other end has gone, so will we.
                Deed::Commit(batch) => {
                    tell_of_holds(&batch.facts);
                    drop(self.commits.try_send(batch));
                }
                Deed::Publish(published) => self.publish(published),
                Deed::Answer { reply, answer } => {
                    if let Some(waiting) = self.waiting.remove(&reply) {
                        // Whoever has stopped waiting will ask again.
                        let _ = waiting.send(answer);
                    }
                }
                Deed::KeepSnapshot { seq, snapshot } => self.snapshots.keep(seq, snapshot),
            }
        }
    }

    fn publish(&mut self, Published { seq, admitted, ended }: Published) {
        if !admitted.is_empty() {
            self.catalogue.send_modify(|catalogue| catalogue.add(self.drive.pump(), &admitted));
        }
        let now = self.now();
        for sweep in ended {
            if let Some(status) = self.pump().status(sweep) {
                self.rates.note(sweep, now, n_ended(&status));
            }
        }
        self.changed.send_replace(seq);
    }

    /// The scheduler's clock.
    pub(crate) fn now(&self) -> Duration {
        self.zero.elapsed()
    }

    fn next_wake(&self) -> Instant {
        let due = self.drive.next_deadline().map(|deadline| self.zero + deadline);
        due.unwrap_or_else(|| Instant::now() + Duration::from_secs(1))
    }

    /// The pump, for reading.
    pub(crate) fn pump(&self) -> &OurPump {
        self.drive.pump()
    }

    /// Jobs done a second, over the last seconds.
    pub(crate) fn rate(&self, status: &SweepStatus) -> f64 {
        self.rates.rate(status.sweep, self.now(), n_ended(status))
    }
}

/// A sweep that the coordinator itself pauses or stops is a matter for people.
fn tell_of_holds(facts: &[Fact]) {
    for fact in facts {
        if let Fact::SweepHeld { sweep, hold, message } = fact {
            let what = if *hold == Hold::Pause { "paused" } else { "stopped" };
            tracing::warn!(%sweep, %message, "the sweep is {what}");
        }
    }
}

fn n_ended(status: &SweepStatus) -> u64 {
    status.n_succeeded + status.n_diverged + status.n_failed + status.n_quarantined + status.n_cancelled
}
