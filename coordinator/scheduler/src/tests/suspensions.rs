//! Black holes: workers on which one job after another fails.

use traipse_sweep::FailureClass;

use super::world::*;
use crate::command::Lease;

/// A world whose first job has a result, so that the sweep is not on trial, and a worker.
fn begun(n_slots: u32) -> (World, Worker) {
    let mut world = World::with_runs(1000);
    let mut good = world.worker(9, 1);
    let lease = world.acquire(&mut good)[0];
    assert!(world.end(&mut good, &lease, rows(0)));
    let worker = world.worker(1, n_slots);
    (world, worker)
}

/// Acquires and fails one job after another.
fn fail(world: &mut World, worker: &mut Worker, n: u32) -> Vec<Lease> {
    (0..n)
        .map(|at| {
            let lease = world.report(worker, vec![], 1).leases[0];
            assert!(world.end(worker, &lease, failed(FailureClass::Transient)), "{at}");
            lease
        })
        .collect()
}

fn n_suspended(world: &World) -> usize {
    world.pump.suspended(world.now).count()
}

#[test]
fn five_different_jobs_in_a_row_suspend_a_worker_and_are_spared() {
    let (mut world, mut worker) = begun(1);
    let leases = fail(&mut world, &mut worker, 5);
    let told = world.pump.take_newly_suspended(world.now);
    assert_eq!((told.len(), told[0].remaining.as_secs(), &*told[0].message), (1, 60, "it is transient"));
    assert_eq!(world.pump.take_newly_suspended(world.now), [], "told once");
    let counted = |world: &World| -> Vec<u32> {
        let sweep = world.pump.committed_state().sweep(SWEEP).unwrap();
        leases.iter().map(|lease| sweep.jobs.touched[&lease.job.0].n_counted).collect()
    };
    assert_eq!(counted(&world), [0; 5]);
    for _ in 0..3 {
        world.pass(14.0);
        assert_eq!(world.acquire(&mut worker), []);
    }
    let (seq, bytes) = (world.pump.snapshot_seq(), world.pump.snapshot().encode());
    for snapshot in [None, Some((seq, &bytes[..]))] {
        world.crash(snapshot);
        assert_eq!((n_suspended(&world), counted(&world)), (1, vec![0; 5]), "it outlives the coordinator");
    }
    let mut worker = world.worker(1, 1);
    assert_eq!(world.acquire(&mut worker), [], "for its whole length again");
    world.pass(61.0);
    assert_eq!((n_suspended(&world), world.acquire(&mut worker).len()), (0, 1));
}

#[test]
fn suspensions_double_until_a_success() {
    let (mut world, mut worker) = begun(1);
    for seconds in [60.0, 120.0, 240.0] {
        fail(&mut world, &mut worker, 5);
        world.pass(seconds - 1.0);
        assert_eq!((n_suspended(&world), world.acquire(&mut worker)), (1, vec![]), "{seconds}");
        world.pass(2.0);
    }
    let lease = world.report(&mut worker, vec![], 1).leases[0];
    assert!(world.end(&mut worker, &lease, rows(lease.job.0)));
    fail(&mut world, &mut worker, 4);
    assert_eq!(n_suspended(&world), 0);
    fail(&mut world, &mut worker, 1);
    world.pass(61.0);
    assert_eq!(n_suspended(&world), 0, "a minute again");
}

#[test]
fn what_fails_on_a_suspended_worker_is_spared_and_a_result_lifts() {
    let (mut world, mut worker) = begun(8);
    let leases = world.acquire(&mut worker);
    let reports = leases[..7].iter().map(|lease| job_report(lease, failed(FailureClass::Transient))).collect();
    world.report(&mut worker, reports, 0);
    let sweep = world.pump.committed_state().sweep(SWEEP).unwrap();
    let counted: u32 = leases[..7].iter().map(|lease| sweep.jobs.touched[&lease.job.0].n_counted).sum();
    assert_eq!((n_suspended(&world), counted), (1, 0));
    assert_eq!(world.pump.suspended(world.now).next().unwrap().n_suspensions, 1);
    assert!(world.end(&mut worker, &leases[7], rows(leases[7].job.0)));
    assert_eq!(n_suspended(&world), 0);
}

#[test]
fn other_failures_suspend_nobody() {
    for class in [FailureClass::Poison, FailureClass::Invalid] {
        let (mut world, mut worker) = begun(1);
        for _ in 0..6 {
            let lease = world.report(&mut worker, vec![], 1).leases[0];
            assert!(world.end(&mut worker, &lease, failed(class)));
        }
        assert_eq!(n_suspended(&world), 0, "{class}");
    }
}

#[test]
fn a_job_is_spared_once_a_worker() {
    let mut world = World::with_runs(5);
    let mut worker = world.worker(1, 1);
    let mut n_attempts = 0;
    while !world.status().state.is_ended() {
        let leases = world.report(&mut worker, vec![], 1).leases;
        for lease in &leases {
            n_attempts += 1;
            assert!(n_attempts < 100, "{:?}", world.status());
            let message = std::sync::Arc::from(format!("of job {}", lease.job.0));
            let result = crate::command::JobResult::Failed { class: FailureClass::Transient, message };
            assert!(world.end(&mut worker, lease, result));
        }
        world.pass(61.0);
    }
    assert_eq!(world.status().n_failed, 5, "a sweep of bad jobs on one worker ends");
}

#[test]
fn why_a_sweep_waits_for_suspended_workers() {
    let mut world = World::with_runs(100);
    let mut good = world.worker(9, 1);
    let lease = world.acquire(&mut good)[0];
    assert!(world.end(&mut good, &lease, rows(0)));
    world.pass(40.0);
    let mut worker = world.worker(1, 1);
    fail(&mut world, &mut worker, 5);
    let message =
        "the only worker is suspended for a while, because job after job failed there; the last: it is transient";
    assert_eq!(world.status().message.as_deref(), Some(message));
}
