//! Failures by class: retried, struck, quarantined, final.

use traipse_sweep::{Fact, FailureClass, Outcome};

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
fn an_invalid_job_fails_at_once() {
    let mut world = World::with_runs(2);
    let mut worker = world.worker(1, 1);
    let lease = world.acquire(&mut worker)[0];
    assert!(world.end(&mut worker, &lease, failed(FailureClass::Invalid)));
    assert_eq!(world.status().n_failed, 1);
    let ranges = world.pump.without_rows(SWEEP);
    assert_eq!((ranges[0].first_job.0, ranges[0].n_jobs, ranges[0].outcome), (0, 1, Outcome::Failed));
    assert_eq!(ranges[0].message.as_deref(), Some("it is invalid"));
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

#[test]
fn every_third_loss_is_a_strike_and_the_ninth_quarantines() {
    let mut world = World::with_runs(1);
    for life in 1..=9 {
        let (mut worker, _) = world.life(1, life, 1, &[]);
        assert_eq!(world.acquire(&mut worker).len(), 1, "life {life}");
    }
    world.life(1, 10, 1, &[]);
    assert_eq!(world.status().n_quarantined, 1);
    let poison = |fact: &Fact| matches!(fact, Fact::AttemptFailed { class: FailureClass::Poison, .. });
    assert_eq!(world.n_facts(poison), 2);
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
