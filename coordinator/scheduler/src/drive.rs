//! The pump, and what follows its commits: what is published, and when a snapshot is due. No channel, no disk, no clock:
//! the coordinator's driver and the simulator run this same thing.

use std::fmt::Debug;
use std::time::Duration;

use traipse_sweep::{Fact, SweepId};

use crate::command::{Answer, Now, Rejection};
use crate::pump::{Action, Batch, Event, Pump, Snapshot, Suspended};

/// What the shell must do, in order.
#[derive(Debug)]
pub enum Deed<R, B> {
    /// Make this durable in one transaction, then say [`Event::Committed`]. At most one is under way.
    Commit(Batch<B>),
    /// Show what a batch made durable; the answers that waited for it follow.
    Publish(Published),
    /// Answer a call.
    Answer {
        /// Whom.
        reply: R,
        /// With what.
        answer: Result<Answer, Rejection>,
    },
    /// Encode and keep this, then say [`Drive::snapshot_kept`]. At most one is under way.
    KeepSnapshot {
        /// The last batch that it covers.
        seq: u64,
        /// The state.
        snapshot: Snapshot,
    },
}

/// What a batch made durable, as far as others than its callers want to know.
#[derive(Debug, PartialEq, Eq)]
pub struct Published {
    /// The batch.
    pub seq: u64,
    /// Sweeps that are new.
    pub admitted: Vec<SweepId>,
    /// Sweeps of which jobs have ended; neighbours merged.
    pub ended: Vec<SweepId>,
}

/// When snapshots are taken.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotRule {
    /// After that many facts.
    pub facts: u64,
    /// That long after a fact.
    pub after: Duration,
}

/// A pump with its surroundings.
#[derive(Debug)]
pub struct Drive<R, B> {
    pump: Pump<R, B>,
    /// What to do when the batch that is being written is durable.
    under_way: Option<UnderWay>,
    rule: SnapshotRule,
    /// Facts since the last snapshot, and when the first of them became durable.
    n_facts: u64,
    since: Option<Now>,
    keeps_snapshot: bool,
}

#[derive(Debug)]
struct UnderWay {
    n_facts: u64,
    admitted: Vec<SweepId>,
    ended: Vec<SweepId>,
}

impl<R: Copy + Ord + Debug, B: Clone + Debug> Drive<R, B> {
    /// Around that pump.
    #[must_use]
    pub fn new(pump: Pump<R, B>, rule: SnapshotRule) -> Self {
        Self { pump, under_way: None, rule, n_facts: 0, since: None, keeps_snapshot: false }
    }

    /// Takes one event.
    pub fn on(&mut self, now: Now, event: Event<R, B>) -> Vec<Deed<R, B>> {
        let committed = match &event {
            Event::Committed { batch } => Some(*batch),
            _ => None,
        };
        let actions = self.pump.on(now, event);
        let mut deeds = Vec::with_capacity(actions.len() + 2);
        if let Some(seq) = committed {
            deeds.extend(self.publish(now, seq).map(Deed::Publish));
        }
        for action in actions {
            deeds.push(match action {
                Action::Commit(batch) => {
                    self.under_way = Some(UnderWay::of(&batch));
                    Deed::Commit(batch)
                }
                Action::Answer { reply, answer } => Deed::Answer { reply, answer },
            });
        }
        deeds.extend(self.snapshot_if_due(now));
        deeds
    }

    /// The snapshot under way is on the disk, or came to nothing.
    pub fn snapshot_kept(&mut self, now: Now) -> Option<Deed<R, B>> {
        self.keeps_snapshot = false;
        self.snapshot_if_due(now)
    }

    /// When [`Event::Tick`] is due at the latest.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Now> {
        [self.pump.next_deadline(), self.snapshot_due()].into_iter().flatten().min()
    }

    /// Whether nothing is being written, and nothing waits to be.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.under_way.is_none() && self.pump.next_deadline() != Some(Now::ZERO)
    }

    /// For reading.
    #[must_use]
    pub fn pump(&self) -> &Pump<R, B> {
        &self.pump
    }

    /// Workers that were suspended since this was last asked, to be told to people once.
    pub fn take_newly_suspended(&mut self, now: Now) -> Vec<Suspended> {
        self.pump.take_newly_suspended(now)
    }

    fn publish(&mut self, now: Now, seq: u64) -> Option<Published> {
        let UnderWay { n_facts, admitted, ended } = self.under_way.take()?;
        self.n_facts += n_facts;
        self.since.get_or_insert(now);
        Some(Published { seq, admitted, ended })
    }

    fn snapshot_due(&self) -> Option<Now> {
        self.since.filter(|_| !self.keeps_snapshot).map(|since| since + self.rule.after)
    }

    fn snapshot_if_due(&mut self, now: Now) -> Option<Deed<R, B>> {
        let due = self.snapshot_due()?;
        if self.n_facts < self.rule.facts && due > now {
            return None;
        }
        (self.n_facts, self.since, self.keeps_snapshot) = (0, None, true);
        Some(Deed::KeepSnapshot { seq: self.pump.snapshot_seq(), snapshot: self.pump.snapshot() })
    }
}

impl UnderWay {
    fn of<B>(batch: &Batch<B>) -> Self {
        let mut under_way = Self { n_facts: batch.facts.len() as u64, admitted: Vec::new(), ended: Vec::new() };
        for fact in &batch.facts {
            match fact {
                Fact::SweepAdmitted { sweep, .. } | Fact::SweepExtended { sweep, .. } => {
                    under_way.admitted.push(*sweep);
                }
                Fact::JobEnded { sweep, .. } if under_way.ended.last() != Some(sweep) => under_way.ended.push(*sweep),
                _ => {}
            }
        }
        under_way
    }
}

#[cfg(test)]
mod tests {
    use traipse_sweep::Incarnation;

    use super::*;
    use crate::command::{Command, Config};

    fn at(seconds: u64) -> Now {
        Duration::from_secs(seconds)
    }

    fn submit() -> Command<u64> {
        let spec = r#"{"spec":1,"name":"test","model":{"kind":"noop"}}"#;
        Command::Submit { sweep: SweepId(7), spec: spec.into() }
    }

    #[test]
    fn what_is_durable_is_published_before_it_is_answered_and_kept_in_a_snapshot_in_time() {
        let rule = SnapshotRule { facts: 100, after: at(60) };
        let mut drive: Drive<u64, u64> = Drive::new(Pump::new(Config::new(Incarnation(1))), rule);
        assert!(matches!(drive.on(at(0), Event::Tick)[..], [Deed::Commit(_)]));
        assert!(drive.on(at(0), Event::Call { reply: 1, command: submit() }).is_empty());
        assert!(!drive.is_settled());
        let deeds = drive.on(at(1), Event::Committed { batch: 1 });
        assert!(matches!(deeds[..], [Deed::Publish(_), Deed::Commit(_)]), "{deeds:?}");
        let deeds = drive.on(at(2), Event::Committed { batch: 2 });
        let [Deed::Publish(published), Deed::Answer { reply: 1, .. }] = &deeds[..] else { panic!("{deeds:?}") };
        assert_eq!(published.admitted, [SweepId(7)]);
        assert_eq!((drive.is_settled(), drive.next_deadline()), (true, Some(at(61))));
        let deeds = drive.on(at(61), Event::Tick);
        assert!(matches!(deeds[..], [Deed::KeepSnapshot { seq: 2, .. }]), "{deeds:?}");
        assert_eq!(drive.next_deadline(), None);
        assert!(drive.snapshot_kept(at(62)).is_none());
    }
}
