//! When leases run out, by worker: renewing or ending one costs one look-up, and expiry is looked for a worker at a time.

use std::collections::{BTreeMap, BTreeSet};

use traipse_sweep::{LeaseId, SweepId, WorkerId};

use crate::command::Now;

/// A lease's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    /// Whose job it is.
    pub(crate) sweep: SweepId,
    pub(crate) deadline: Now,
    /// None if an earlier life granted it.
    pub(crate) granted_at: Option<Now>,
    /// What its worker says of it; none before it runs.
    pub(crate) course: Option<Course>,
}

impl Clock {
    pub(crate) fn new(sweep: SweepId, deadline: Now, granted_at: Option<Now>) -> Self {
        Self { sweep, deadline, granted_at, course: None }
    }
}

/// How a job runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Course {
    /// Since when, as far as heartbeats tell.
    pub(crate) since: Now,
    /// As its worker last said.
    progress: u64,
    /// When that last changed.
    pub(crate) moved: Now,
}

#[derive(Debug, Default)]
struct Leases {
    clocks: BTreeMap<LeaseId, Clock>,
    /// How many there are, by sweep.
    n_of_sweep: BTreeMap<SweepId, u32>,
    /// When expired ones are looked for; at or before every deadline.
    check: Option<Now>,
}

/// The clocks of all leases under way.
#[derive(Debug, Default)]
pub(crate) struct Clocks {
    of_worker: BTreeMap<WorkerId, Leases>,
    checks: BTreeSet<(Now, WorkerId)>,
}

impl Clocks {
    pub(crate) fn start(&mut self, worker: WorkerId, lease: LeaseId, clock: Clock) {
        let leases = self.of_worker.entry(worker).or_default();
        if leases.clocks.insert(lease, clock).is_none() {
            *leases.n_of_sweep.entry(clock.sweep).or_default() += 1;
        }
        if leases.check.is_none_or(|check| check > clock.deadline) {
            if let Some(check) = leases.check {
                self.checks.remove(&(check, worker));
            }
            leases.check = Some(clock.deadline);
            self.checks.insert((clock.deadline, worker));
        }
    }

    /// Forgets a lease that is over.
    pub(crate) fn end(&mut self, worker: WorkerId, lease: LeaseId) -> Option<Clock> {
        let leases = self.of_worker.get_mut(&worker)?;
        let clock = leases.clocks.remove(&lease)?;
        let n_left = leases.n_of_sweep.get_mut(&clock.sweep).expect("a clock is counted with its sweep");
        *n_left -= 1;
        if *n_left == 0 {
            leases.n_of_sweep.remove(&clock.sweep);
        }
        Some(clock)
    }

    /// How many leases of each sweep a worker has.
    pub(crate) fn n_of_sweeps(&self, worker: WorkerId) -> impl Iterator<Item = (SweepId, u32)> {
        let counts = self.of_worker.get(&worker).into_iter().flat_map(|leases| &leases.n_of_sweep);
        counts.map(|(sweep, n)| (*sweep, *n))
    }

    pub(crate) fn get(&self, worker: WorkerId, lease: LeaseId) -> Option<Clock> {
        self.of_worker.get(&worker)?.clocks.get(&lease).copied()
    }

    /// Gives a lease until `deadline`. False if that worker does not hold it.
    pub(crate) fn renew(&mut self, worker: WorkerId, lease: LeaseId, deadline: Now) -> bool {
        let clock = self.of_worker.get_mut(&worker).and_then(|leases| leases.clocks.get_mut(&lease));
        if let Some(clock) = clock {
            // Time does not run backwards, so no renewal shortens a lease below the next check.
            clock.deadline = clock.deadline.max(deadline);
            true
        } else {
            false
        }
    }

    /// What a heartbeat says of a worker's lease. One without progress has begun only if it `runs`.
    pub(crate) fn note(&mut self, worker: WorkerId, lease: LeaseId, now: Now, progress: u64, runs: bool) {
        let clock = self.of_worker.get_mut(&worker).and_then(|leases| leases.clocks.get_mut(&lease));
        let Some(clock) = clock.filter(|clock| clock.course.is_some() || runs || progress > 0) else { return };
        let course = clock.course.get_or_insert(Course { since: now, progress, moved: now });
        if course.progress != progress {
            (course.progress, course.moved) = (progress, now);
        }
    }

    /// A worker's leases, in the order in which they were granted.
    pub(crate) fn of(&self, worker: WorkerId) -> impl Iterator<Item = LeaseId> {
        self.of_worker.get(&worker).into_iter().flat_map(|leases| leases.clocks.keys().copied())
    }

    pub(crate) fn n_of(&self, worker: WorkerId) -> usize {
        self.of_worker.get(&worker).map_or(0, |leases| leases.clocks.len())
    }

    pub(crate) fn next_deadline(&self) -> Option<Now> {
        self.checks.first().map(|(check, _)| *check)
    }

    /// Gives every lease until `deadline` at least.
    pub(crate) fn renew_all(&mut self, deadline: Now) {
        self.checks.clear();
        for (worker, leases) in &mut self.of_worker {
            leases.clocks.values_mut().for_each(|clock| clock.deadline = clock.deadline.max(deadline));
            leases.check = leases.clocks.values().map(|clock| clock.deadline).min();
            self.checks.extend(leases.check.map(|check| (check, *worker)));
        }
    }

    /// Leases whose deadline has come. They stay until they are ended.
    pub(crate) fn expired(&mut self, now: Now) -> Vec<LeaseId> {
        let mut expired = Vec::new();
        while let Some(&(check, worker)) = self.checks.first().filter(|(check, _)| *check <= now) {
            self.checks.remove(&(check, worker));
            let leases = self.of_worker.get_mut(&worker).expect("a check is scheduled for workers with leases alone");
            let over = |clock: &Clock| clock.deadline <= now;
            expired.extend(leases.clocks.iter().filter(|(_, clock)| over(clock)).map(|(lease, _)| *lease));
            leases.check = leases.clocks.values().filter(|clock| !over(clock)).map(|clock| clock.deadline).min();
            match leases.check {
                Some(check) => _ = self.checks.insert((check, worker)),
                None if leases.clocks.is_empty() => _ = self.of_worker.remove(&worker),
                None => {}
            }
        }
        expired
    }

    /// All leases with a clock and their workers.
    #[cfg(any(test, feature = "simulation"))]
    pub(crate) fn all(&self) -> impl Iterator<Item = (LeaseId, WorkerId)> {
        self.of_worker.iter().flat_map(|(worker, leases)| leases.clocks.keys().map(|lease| (*lease, *worker)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const fn at(seconds: u64) -> Now {
        Duration::from_secs(seconds)
    }

    fn clock(deadline: u64) -> Clock {
        Clock::new(SweepId(1), at(deadline), None)
    }

    #[test]
    fn what_is_renewed_does_not_expire() {
        let (mut clocks, worker) = (Clocks::default(), WorkerId(1));
        clocks.start(worker, LeaseId(1), clock(15));
        clocks.start(worker, LeaseId(2), clock(15));
        assert!(clocks.renew(worker, LeaseId(1), at(18)));
        assert!(!clocks.renew(WorkerId(2), LeaseId(1), at(18)), "another worker's");
        assert_eq!(clocks.expired(at(14)), []);
        assert_eq!(clocks.expired(at(15)), [LeaseId(2)]);
        clocks.end(worker, LeaseId(2));
        assert_eq!(clocks.next_deadline(), Some(at(18)));
        assert_eq!(clocks.expired(at(18)), [LeaseId(1)]);
    }

    #[test]
    fn all_are_renewed_together() {
        let (mut clocks, worker) = (Clocks::default(), WorkerId(1));
        clocks.start(worker, LeaseId(1), clock(15));
        clocks.start(WorkerId(2), LeaseId(2), clock(50));
        clocks.renew_all(at(40));
        assert_eq!(clocks.expired(at(39)), []);
        assert_eq!(clocks.expired(at(45)), [LeaseId(1)]);
        assert_eq!(clocks.expired(at(50)), [LeaseId(2)]);
    }

    #[test]
    fn a_worker_without_leases_is_forgotten() {
        let (mut clocks, worker) = (Clocks::default(), WorkerId(1));
        clocks.start(worker, LeaseId(1), clock(15));
        clocks.end(worker, LeaseId(1));
        assert_eq!(clocks.expired(at(15)), []);
        assert_eq!((clocks.next_deadline(), clocks.n_of(worker)), (None, 0));
        clocks.start(worker, LeaseId(2), clock(30));
        assert_eq!(clocks.next_deadline(), Some(at(30)));
    }
}
