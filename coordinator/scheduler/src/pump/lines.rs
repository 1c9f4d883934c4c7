//! Each session's line of reports: one at a time, numbered, the last answer kept; and the reports that are parked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use crate::command::{Now, Reported, SessionId};

/// What a report is to its session's line.
#[derive(Debug, PartialEq)]
pub(super) enum Arrival<R> {
    /// The next.
    New,
    /// The last, answered before.
    Repeat(Reported),
    /// The one under way, on another call, which takes the place of the earlier call, if that is still there.
    TookPlace { of: Option<R> },
    /// None of these.
    OutOfOrder { last: u64 },
}

#[derive(Debug)]
struct Line<R> {
    /// The last report that was answered.
    last: u64,
    answer: Reported,
    under_way: Option<UnderWay<R>>,
}

#[derive(Debug)]
struct UnderWay<R> {
    seq: u64,
    reply: Option<R>,
    parked: Option<Parked>,
}

#[derive(Clone, Copy, Debug)]
struct Parked {
    arrival: u64,
    until: Now,
}

/// The lines of all sessions.
#[derive(Debug)]
pub(super) struct Lines<R> {
    lines: BTreeMap<SessionId, Line<R>>,
    /// By arrival: the oldest is served first.
    parked: BTreeMap<u64, SessionId>,
    deadlines: BTreeSet<(Now, SessionId)>,
    n_parked: u64,
}

impl<R> Default for Lines<R> {
    fn default() -> Self {
        Self { lines: BTreeMap::new(), parked: BTreeMap::new(), deadlines: BTreeSet::new(), n_parked: 0 }
    }
}

impl<R> Default for Line<R> {
    fn default() -> Self {
        Self { last: 0, answer: Reported::default(), under_way: None }
    }
}

impl<R: Copy + Ord + Debug> Lines<R> {
    /// A report comes in. A parked one that is repeated waits on until `until`.
    pub(super) fn arrive(&mut self, session: SessionId, seq: u64, reply: R, until: Now) -> Arrival<R> {
        let line = self.lines.entry(session).or_default();
        match &mut line.under_way {
            Some(under_way) if under_way.seq == seq => {
                let of = under_way.reply.replace(reply);
                if let Some(parked) = &mut under_way.parked {
                    self.deadlines.remove(&(parked.until, session));
                    parked.until = until;
                    self.deadlines.insert((until, session));
                }
                Arrival::TookPlace { of }
            }
            None if line.last.checked_add(1) == Some(seq) => Arrival::New,
            None if line.last == seq && seq > 0 => Arrival::Repeat(line.answer.clone()),
            _ => Arrival::OutOfOrder { last: line.last },
        }
    }

    /// The next report is under way.
    pub(super) fn begin(&mut self, session: SessionId, seq: u64, reply: R) {
        let line = self.lines.entry(session).or_default();
        assert!(line.under_way.is_none() && seq == line.last + 1, "reports are taken one at a time, in order");
        line.under_way = Some(UnderWay { seq, reply: Some(reply), parked: None });
    }

    /// The next report is under way and waits for something to say.
    pub(super) fn park(&mut self, session: SessionId, seq: u64, reply: R, until: Now) {
        self.begin(session, seq, reply);
        let arrival = self.n_parked;
        self.n_parked += 1;
        if let Some(under_way) = self.under_way(session) {
            under_way.parked = Some(Parked { arrival, until });
        }
        self.parked.insert(arrival, session);
        self.deadlines.insert((until, session));
    }

    /// Parked reports, oldest first.
    pub(super) fn parked(&self) -> Vec<(SessionId, u64)> {
        self.parked.values().filter_map(|session| self.seq_under_way(*session)).collect()
    }

    /// Parked reports whose wait is over.
    pub(super) fn overdue(&self, now: Now) -> Vec<(SessionId, u64)> {
        let overdue = self.deadlines.iter().take_while(|(until, _)| *until <= now);
        overdue.filter_map(|(_, session)| self.seq_under_way(*session)).collect()
    }

    pub(super) fn next_deadline(&self) -> Option<Now> {
        self.deadlines.first().map(|(until, _)| *until)
    }

    /// The session's report waits no more for something to say; it is still under way.
    pub(super) fn unpark(&mut self, session: SessionId) {
        let parked = self.under_way(session).and_then(|under_way| under_way.parked.take());
        if let Some(Parked { arrival, until }) = parked {
            self.parked.remove(&arrival);
            self.deadlines.remove(&(until, session));
        }
    }

    /// The report under way is answered. Returns the call that is still there, if one is.
    pub(super) fn answer(&mut self, session: SessionId, answer: Reported) -> Option<R> {
        let line = self.lines.get_mut(&session)?;
        let under_way = line.under_way.take().expect("an answer is to the report under way");
        assert!(under_way.seq == answer.seq && under_way.parked.is_none(), "an answer is to the report under way");
        line.last = answer.seq;
        line.answer = answer;
        under_way.reply
    }

    /// A call is gone. A parked report is forgotten with it: nothing was done for it. Another is answered to its repeat.
    pub(super) fn forget(&mut self, session: SessionId, reply: R) {
        let Some(under_way) = self.under_way(session).filter(|under_way| under_way.reply == Some(reply)) else {
            return;
        };
        under_way.reply = None;
        if under_way.parked.is_some() {
            self.unpark(session);
            if let Some(line) = self.lines.get_mut(&session) {
                line.under_way = None;
            }
        }
    }

    /// The session is over. Returns the call that is still there, if one is.
    pub(super) fn close(&mut self, session: SessionId) -> Option<R> {
        self.unpark(session);
        self.lines.remove(&session)?.under_way?.reply
    }

    /// Lines, and parked reports.
    #[cfg(feature = "simulation")]
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.lines.len(), self.parked.len())
    }

    fn under_way(&mut self, session: SessionId) -> Option<&mut UnderWay<R>> {
        self.lines.get_mut(&session)?.under_way.as_mut()
    }

    fn seq_under_way(&self, session: SessionId) -> Option<(SessionId, u64)> {
        Some((session, self.lines.get(&session)?.under_way.as_ref()?.seq))
    }
}
