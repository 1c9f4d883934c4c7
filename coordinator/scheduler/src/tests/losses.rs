//! A worker is lost: which of its jobs are struck, and which losses count for nothing.

use traipse_sweep::{Fact, FailureClass, LeaseId, Outcome};

use super::world::*;
use crate::command::{Answer, Command};

/// How a worker of two slots that holds six leases (0 to 5, the first two running) goes.
#[derive(Clone, Copy, Debug)]
enum Goes {
    /// It falls silent.
    Silent,
    /// It comes back with a higher incarnation and nothing.
    Restarted,
    /// It has said that it leaves, and falls silent or comes back.
    Drained(bool),
    /// It is alive and omits its leases.
    Omits,
    /// It registers again in the same life, without its leases.
    Forgets,
    /// The coordinator restarts, and the worker is never heard again, or comes back in another life.
    Crash(bool),
    /// All of them report, as a worker does that is told to go.
    Returns,
}

/// Six leases of one worker, which has two slots: the rest waits in it.
fn holding_six(world: &mut World) -> (Worker, Vec<LeaseId>) {
    let mut worker = world.worker(1, 2);
    let mut leases: Vec<LeaseId> = Vec::new();
    for _ in 0..3 {
        leases.extend(world.acquire(&mut worker).iter().map(|lease| lease.lease));
    }
    assert_eq!(leases.len(), 6);
    (worker, leases)
}

fn go(world: &mut World, worker: &mut Worker, leases: &[LeaseId], how: Goes) {
    let mut drain = |world: &mut World, returned: &[LeaseId]| {
        let mut report = worker.next(0);
        report.draining = true;
        report.returned = returned.to_vec();
        assert!(matches!(world.ask(Command::Report(report)), Ok(Answer::Reported(_))));
    };
    match how {
        Goes::Silent => world.pass(16.0),
        Goes::Restarted => _ = world.life(1, 2, 2, &[]),
        Goes::Drained(silently) => {
            drain(world, &[]);
            if silently { world.pass(16.0) } else { _ = world.life(1, 2, 2, &[]) }
        }
        Goes::Omits => {
            for _ in 0..6 {
                world.pass(3.0);
                world.beat(worker, &[]);
            }
        }
        Goes::Forgets => _ = world.life(1, 1, 2, &[]),
        Goes::Crash(comes_back) => {
            world.crash(None);
            if comes_back {
                world.life(1, 2, 2, &[]);
            }
            world.pass(16.0);
        }
        Goes::Returns => drain(world, leases),
    }
}

#[test]
fn the_first_slots_of_a_lost_worker_are_struck_and_nothing_else() {
    let rows_of_data = [
        (Goes::Silent, 2),
        (Goes::Restarted, 2),
        (Goes::Drained(true), 0),
        (Goes::Drained(false), 0),
        (Goes::Omits, 0),
        (Goes::Forgets, 0),
        (Goes::Crash(false), 0),
        (Goes::Crash(true), 0),
        (Goes::Returns, 0),
    ];
    for (how, n_struck) in rows_of_data {
        let mut world = World::with_runs(20);
        let (mut worker, leases) = holding_six(&mut world);
        go(&mut world, &mut worker, &leases, how);
        let struck = |fact: &Fact| matches!(fact, Fact::AttemptFailed { counts: true, .. });
        assert_eq!((world.status().n_leased, world.n_facts(struck)), (0, n_struck), "{how:?}");
        let mut other = world.worker(2, 10);
        let next = numbers(&world.acquire(&mut other));
        let expected: Vec<u64> = if n_struck == 0 { (0..10).collect() } else { vec![0] };
        assert_eq!(next, expected, "{how:?}: a struck job is leased alone");
    }
}

#[test]
fn reported_jobs_are_not_blamed_and_the_next_ones_are() {
    let mut world = World::with_runs(20);
    let mut worker = world.worker(1, 2);
    let mut leases = world.acquire(&mut worker);
    leases.extend(world.acquire(&mut worker));
    assert!(world.end(&mut worker, &leases[0], rows(0)));
    world.life(1, 2, 2, &[]);
    let mut other = world.worker(2, 4);
    for expected in [1, 2] {
        let lease = world.acquire(&mut other)[0];
        assert_eq!(lease.job.0, expected);
        assert!(world.end(&mut other, &lease, rows(expected)));
    }
    assert_eq!(numbers(&world.acquire(&mut other)), [3, 4, 5, 6], "job 3 only waited");
}

#[test]
fn leases_of_one_silence_are_blamed_once() {
    let mut world = World::with_runs(20);
    let mut worker = world.worker(1, 2);
    let first = world.acquire(&mut worker);
    world.pass(2.0);
    world.beat(&worker, &first.iter().map(|lease| lease.lease).collect::<Vec<_>>());
    world.pass(2.0);
    assert_eq!(world.acquire(&mut worker).len(), 2, "later leases, which run out later");
    world.pass(14.9);
    assert_eq!(world.status().n_leased, 4, "its last word renewed all that it had not omitted");
    world.pass(0.2);
    let struck = |fact: &Fact| matches!(fact, Fact::AttemptFailed { counts: true, .. });
    assert_eq!((world.status().n_leased, world.n_facts(struck)), (0, 2));
}

#[test]
fn three_lost_workers_quarantine_a_job_whatever_restarts_between() {
    for with_snapshot in [false, true] {
        let mut world = World::with_runs(1);
        for strike in 1..=3 {
            let mut worker = world.worker(strike, 1);
            assert_eq!(world.acquire(&mut worker).len(), 1, "strike {strike}");
            world.pass(16.0);
            let (seq, bytes) = (world.pump.snapshot_seq(), world.pump.snapshot().encode());
            world.crash(with_snapshot.then_some((seq, &bytes[..])));
        }
        assert_eq!(world.status().n_quarantined, 1);
        let ranges = world.pump.without_rows(SWEEP);
        assert_eq!(ranges[0].outcome, Outcome::Quarantined);
        assert_eq!(ranges[0].message.as_deref(), Some("the lease ran out without a heartbeat"));
        let lost = world.journal.iter().flat_map(|batch| &batch.attempts);
        let classes: Vec<_> = lost.map(|attempt| attempt.failure.as_ref().map(|(class, _)| *class)).collect();
        assert_eq!(classes, [Some(FailureClass::Lost); 3]);
    }
}

#[test]
fn a_lapsed_lease_still_brings_its_rows_after_a_strike() {
    let mut world = World::with_runs(1);
    let mut worker = world.worker(1, 1);
    let lease = world.acquire(&mut worker)[0];
    world.pass(16.0);
    assert!(world.end(&mut worker, &lease, rows(1)));
    assert_eq!(world.status().n_succeeded, 1);
}
