//! Fair sharing over time: virtual slots that ask [`share`] for work whenever a job ends.

use proptest::prelude::*;
use traipse_sweep::{Incarnation, SweepId};

use crate::command::Config;
use crate::share::{Claim, Room, share};
use crate::soft::work::Work;

/// Ticks of a simulated second.
const SECOND: u64 = 1000;

/// A slot that runs a sweep's job until an instant.
#[derive(Clone, Copy, Debug)]
struct Running {
    sweep: usize,
    since: u64,
    until: u64,
}

/// Sweeps with endless jobs, by the ticks that one takes and the instant at which they come.
#[derive(Debug)]
struct Cluster {
    sweeps: Vec<(u64, u64)>,
    slots: Vec<Option<Running>>,
    work: Work,
    /// Slot ticks that each sweep has had.
    had: Vec<u64>,
}

impl Cluster {
    fn new(sweeps: Vec<(u64, u64)>, n_slots: usize) -> Self {
        Self { had: vec![0; sweeps.len()], sweeps, slots: vec![None; n_slots], work: Work::default() }
    }

    fn claims(&self, now: u64) -> Vec<Claim> {
        let claim = |(at, &(_, from)): (usize, &(u64, u64))| Claim {
            priority: 0,
            n_leased: self.slots.iter().flatten().filter(|running| running.sweep == at).count() as u64,
            per_slot: 1,
            ahead: 0,
            served: self.work.served(SweepId(at as u128), 0),
            number: at as u64,
            n_wanted: if from <= now { u64::MAX } else { 0 },
        };
        self.sweeps.iter().enumerate().map(claim).collect()
    }

    /// Each slot is a worker of its own.
    fn fill(&mut self, slot: usize, now: u64) {
        let claims = self.claims(now);
        let shares = share(&claims, Room { n_free: 1, n_queued: 0, n_slots: 1, most_queued: 1024 });
        if let Some(least) = claims.iter().filter(|claim| claim.n_wanted > 0).map(|claim| claim.served).min() {
            self.work.raise_floor(0, least);
        }
        self.slots[slot] = shares.iter().position(|n| *n == 1).map(|sweep| Running {
            sweep,
            since: now,
            until: now + self.sweeps[sweep].0,
        });
    }

    fn run_until(&mut self, end: u64) {
        for now in 0..=end {
            for slot in 0..self.slots.len() {
                if let Some(Running { sweep, since, .. }) = self.slots[slot].filter(|running| running.until == now) {
                    self.had[sweep] += now - since;
                    self.work.charge(SweepId(sweep as u128), 0, (now - since) as f64 / SECOND as f64);
                    self.slots[slot] = None;
                }
                if self.slots[slot].is_none() {
                    self.fill(slot, now);
                }
            }
        }
        for running in self.slots.iter().flatten() {
            self.had[running.sweep] += end - running.since;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever jobs take: sweeps that are there from the start have had the same slot time, but for the jobs under way,
    /// which count when they end, and one more.
    #[test]
    fn slot_time_is_shared_evenly(
        jobs in proptest::collection::vec(1_u64..60, 2..6),
        n_slots in 1_usize..9,
    ) {
        let mut cluster = Cluster::new(jobs.iter().map(|ticks| (*ticks, 0)).collect(), n_slots);
        cluster.run_until(5_000);
        for (one, two) in (0..jobs.len()).flat_map(|one| (0..one).map(move |two| (one, two))) {
            let apart = cluster.had[one].abs_diff(cluster.had[two]);
            let under_way = n_slots.div_ceil(jobs.len()) as u64 + 1;
            prop_assert!(apart <= under_way * jobs[one].max(jobs[two]), "{:?} of {:?} on {n_slots} slots", cluster.had, jobs);
        }
        prop_assert_eq!(cluster.had.iter().sum::<u64>(), 5_000 * n_slots as u64, "no slot idles");
    }

    /// A sweep that comes late has the next slot that becomes free, and its share from then on: neither more, to make
    /// up for what it missed, nor less.
    #[test]
    fn who_comes_late_begins_at_once_and_gets_its_share(
        old in 1_u64..60, new in 1_u64..60, n_slots in 1_usize..9, from in 100_u64..1_000,
    ) {
        let mut cluster = Cluster::new(vec![(old, 0), (new, from)], n_slots);
        cluster.run_until(from + old);
        prop_assert!(cluster.slots.iter().flatten().any(|running| running.sweep == 1), "it has a slot by now");
        let mut cluster = Cluster::new(vec![(old, 0), (new, from)], n_slots);
        cluster.run_until(from + 5_000);
        let share = 5_000 * n_slots as u64 / 2;
        // While the old one's jobs end, it may be n_slots jobs short of it.
        let apart = cluster.had[1].abs_diff(share);
        prop_assert!(apart <= old * n_slots as u64 + old + new, "{:?}, share {share}", cluster.had);
    }
}

#[test]
fn leases_that_keep_a_slot_follow_the_measured_work() {
    let (config, sweep) = (Config::new(Incarnation(1)), SweepId(1));
    // seconds a job, slots of the worker, leases a slot
    let rows = [(3600.0, 4, 1), (0.3, 4, 1), (0.1, 4, 3), (0.001, 4, 201), (0.001, 1024, 2), (0.000_02, 1, 1025)];
    for (seconds, n_slots, expected) in rows {
        let mut work = Work::default();
        assert_eq!(work.per_slot(&config, sweep, n_slots), 1, "unmeasured");
        work.observe(sweep, seconds);
        assert_eq!(work.per_slot(&config, sweep, n_slots), expected, "{seconds} s on {n_slots} slots");
    }
}
