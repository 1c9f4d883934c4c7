//! Capacity and lease-ahead.

use std::time::Duration;

use super::world::*;
use crate::command::{AttemptStats, Lease, Report};

/// Reports leases as jobs of so many seconds, and asks with one free slot.
fn done(world: &mut World, worker: &mut Worker, leases: &[Lease], seconds: f64) -> Vec<Lease> {
    let reports = leases.iter().map(|lease| {
        let mut report = job_report(lease, rows(1));
        report.stats = AttemptStats { total_seconds: seconds, ..AttemptStats::default() };
        report
    });
    world.report(worker, reports.collect(), 1).leases
}

#[test]
fn lease_ahead_ramps_up_within_two_calls_for_short_jobs() {
    let mut world = World::with_runs(20_000);
    let (mut worker, _other) = (world.worker(1, 1), world.worker(2, 1));
    let mut leases = world.acquire(&mut worker);
    assert_eq!(leases.len(), 1, "nothing is measured yet");
    leases = done(&mut world, &mut worker, &leases, 0.000_05);
    assert_eq!(leases.len(), 1025);
    let mut n_calls = 0;
    while !leases.is_empty() {
        leases = done(&mut world, &mut worker, &leases, 0.000_05);
        n_calls += 1;
    }
    assert_eq!(world.status().n_succeeded, 20_000);
    assert!(n_calls < 50, "{n_calls} calls: shrinks only where little remains");
}

#[test]
fn long_jobs_get_no_lease_ahead() {
    let mut world = World::with_runs(1000);
    let mut worker = world.worker(1, 1);
    let leases = world.acquire(&mut worker);
    assert_eq!(done(&mut world, &mut worker, &leases, 1.5).len(), 1);
}

#[test]
fn what_waits_in_the_worker_counts() {
    let mut world = World::with_runs(10_000);
    let mut worker = world.worker(1, 2);
    let leases = world.acquire(&mut worker);
    done(&mut world, &mut worker, &leases, 0.01);
    for (n_free, n_queued, expected) in [(0, 40, 0), (0, 39, 1), (2, 0, 42), (9, 41, 1), (0, 1000, 0)] {
        let report = Report { n_queued, wait: Duration::ZERO, ..worker.next(n_free) };
        let answer = world.ask(crate::Command::Report(report));
        let Ok(crate::Answer::Reported(answer)) = answer else { panic!("{answer:?}") };
        assert_eq!(answer.leases.len(), expected, "{n_free} free, {n_queued} queued");
    }
}
