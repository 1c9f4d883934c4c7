//! Failures by class: retried, struck, quarantined, final.

use traipse_sweep::FailureClass;

use super::world::*;
use crate::command::Lease;
use crate::pump::SweepState;

#[test]
fn transient_failures_wait_longer_each_time_and_are_final_at_last() {
    let mut world = World::with_runs(1);
    let mut worker = world.worker(1, 1);
    for (failure, longest) in [(1, 1.0), (2, 2.0), (3, 4.0)] {
        let lease = world.acquire(&mut worker)[0];
        assert_eq!(lease.attempt, failure);
        assert!(world.end(&mut worker, &lease, failed(FailureClass::Transient)));
        assert_eq!((world.status().n_backoff, world.status().n_ready), (1, 0));
        world.pass(longest * 0.49);
        assert_eq!(world.acquire(&mut worker), [], "failure {failure}: at least half the delay");
        world.pass(longest * 0.52);
    }
    let lease = world.acquire(&mut worker)[0];
    assert!(world.end(&mut worker, &lease, failed(FailureClass::Transient)));
    let status = world.status();
    assert_eq!((status.n_failed, status.n_lost_attempts, status.state), (1, 4, SweepState::Completed));
    assert_eq!(status.message.as_deref(), Some("it is transient"));
}

#[test]
fn a_transient_failure_counts_once_a_worker_while_there_are_others() {
    let mut world = World::new();
    world.submit(SWEEP, &spec_with(1, r#""max_attempts":2"#)).unwrap();
    let mut one = world.worker(1, 1);
    let lease = world.acquire(&mut one)[0];
    assert!(world.end(&mut one, &lease, failed(FailureClass::Transient)));
    for again in 0..5 {
        world.pass(61.0);
        let lease = world.acquire(&mut one)[0];
        // Another comes while the job runs: it may do better.
        let mut two = world.worker(2, 1);
        assert!(world.end(&mut one, &lease, failed(FailureClass::Transient)));
        assert_eq!((world.status().n_failed, world.status().n_backoff), (0, 1), "again {again}");
        world.report(&mut two, vec![], 0);
    }
    world.pass(61.0);
    let mut two = world.worker(2, 1);
    let lease = world.acquire(&mut two)[0];
    assert!(world.end(&mut two, &lease, failed(FailureClass::Transient)));
    assert_eq!(world.status().n_failed, 1, "on two workers");
}

#[test]
fn a_job_is_left_to_workers_that_have_not_failed_it() {
    let mut world = World::with_runs(1);
    let (mut one, mut two) = (world.worker(1, 1), world.worker(2, 1));
    let lease = world.acquire(&mut one)[0];
    assert!(world.end(&mut one, &lease, failed(FailureClass::Transient)));
    world.pass(1.1);
    assert_eq!(world.acquire(&mut one), [], "another is alive");
    let lease = world.acquire(&mut two)[0];
    assert!(world.end(&mut two, &lease, failed(FailureClass::Transient)));
    world.pass(2.1);
    let lease = world.acquire(&mut one)[0];
    assert_eq!(lease.attempt, 3, "all have failed it");
    assert!(world.end(&mut one, &lease, failed(FailureClass::Transient)));
    world.pass(4.1);
    let lease = world.acquire(&mut two)[0];
    assert!(world.end(&mut two, &lease, failed(FailureClass::Transient)));
    assert_eq!(world.status().n_failed, 1, "there is nobody else, so that every failure counts");
}

#[test]
fn a_job_goes_back_to_a_worker_that_failed_it_when_the_others_are_gone() {
    for with_crash in [false, true] {
        let mut world = World::with_runs(1);
        let (mut one, mut two) = (world.worker(1, 1), world.worker(2, 1));
        let lease = world.acquire(&mut one)[0];
        assert!(world.end(&mut one, &lease, failed(FailureClass::Transient)));
        if with_crash {
            let (seq, bytes) = (world.pump.snapshot_seq(), world.pump.snapshot().encode());
            world.crash(Some((seq, &bytes)));
            (one, two) = (world.worker(1, 1), world.worker(2, 1));
        }
        for _ in 0..2 {
            world.pass(10.0);
            assert_eq!(world.acquire(&mut one), [], "the other was heard");
            world.beat(&two, &[]);
        }
        for _ in 0..3 {
            world.pass(10.0);
            world.beat(&one, &[]);
        }
        assert_eq!(world.acquire(&mut one).len(), 1, "the other is silent");
    }
}

#[test]
fn the_third_strike_quarantines() {
    let mut world = World::with_runs(1);
    let mut worker = world.worker(1, 1);
    for strike in 1..=3 {
        let lease = world.acquire(&mut worker)[0];
        assert_eq!(lease.attempt, strike);
        assert!(world.end(&mut worker, &lease, failed(FailureClass::Poison)));
        world.crash(None);
        worker = world.life(1, strike + 1, 1, &[]).0;
    }
    assert_eq!((world.status().n_quarantined, world.status().state), (1, SweepState::Completed));
    assert_eq!(world.acquire(&mut worker), []);
}

/// Leases of two workers with three slots each, of which the first worker has reported a panic of job 0.
fn with_a_strike() -> (World, Worker, Worker, Vec<Lease>) {
    let mut world = World::with_runs(20);
    let (mut one, mut two) = (world.worker(1, 3), world.worker(2, 3));
    let (mut first, second) = (world.acquire(&mut one), world.acquire(&mut two));
    assert!(world.end(&mut one, &first.remove(0), failed(FailureClass::Poison)));
    let leases = first.into_iter().chain(second).collect();
    (world, one, two, leases)
}

#[test]
fn a_struck_job_is_leased_alone() {
    let (mut world, mut one, mut two, leases) = with_a_strike();
    assert_eq!(world.report(&mut one, vec![], 1).leases, [], "one worker is emptied for it");
    let two_goes_on = world.report(&mut two, vec![job_report(&leases[2], rows(1))], 1);
    assert_eq!(numbers(&two_goes_on.leases), [6], "the other goes on");
    let done = leases[..2].iter().map(|lease| job_report(lease, rows(2))).collect();
    let alone = world.report(&mut one, done, 3).leases;
    assert_eq!(numbers(&alone), [0], "alone");
    assert_eq!(world.report(&mut one, vec![], 2).leases, [], "and nothing beside it");
    assert_eq!(world.report(&mut one, vec![job_report(&alone[0], rows(3))], 3).leases.len(), 3);
}

#[test]
fn a_worker_that_is_emptied_and_lost_is_replaced_by_another() {
    let (mut world, mut one, mut two, leases) = with_a_strike();
    assert_eq!(world.report(&mut one, vec![], 1).leases, []);
    world.life(1, 2, 3, &[]);
    assert_eq!(world.report(&mut two, vec![], 0).leases, [], "now this one is emptied");
    let done = leases[2..].iter().map(|lease| job_report(lease, rows(1))).collect();
    assert_eq!(numbers(&world.report(&mut two, done, 3).leases), [0]);
}

#[test]
fn long_messages_are_cut_at_a_character() {
    let mut world = World::with_runs(1);
    let mut worker = world.worker(1, 1);
    let lease = world.acquire(&mut worker)[0];
    let message = std::sync::Arc::from("é".repeat(10_000));
    let result = crate::command::JobResult::Failed { class: FailureClass::Invalid, message };
    assert!(world.end(&mut worker, &lease, result));
    assert_eq!(world.status().message.map(|message| message.len()), Some(1024));
}
