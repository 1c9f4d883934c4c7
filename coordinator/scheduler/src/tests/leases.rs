//! Leases: at most one a job, renewed by heartbeats, never used twice, and no bar to a result that comes late.

use std::collections::BTreeSet;

use traipse_sweep::{Fact, FailureClass, Incarnation, LeaseId, Outcome};

use super::world::*;
use crate::command::{Answer, Command, JobResult, Rejection};

#[test]
fn a_lease_without_heartbeats_runs_out_and_its_job_comes_first() {
    let mut world = World::with_runs(10);
    let (mut one, mut two) = (world.worker(1, 2), world.worker(2, 2));
    assert_eq!(numbers(&world.acquire(&mut one)), [0, 1]);
    assert_eq!(numbers(&world.acquire(&mut two)), [2, 3]);
    world.pass(14.9);
    assert_eq!(world.status().n_leased, 4);
    world.pass(0.2);
    let status = world.status();
    assert_eq!((status.n_leased, status.n_ready, status.n_lost_attempts), (0, 10, 4));
    let leases = world.acquire(&mut two);
    assert_eq!(numbers(&leases), [0], "ready again, ahead of fresh ones, and alone");
    assert_eq!(leases[0].attempt, 2);
    let lost = |fact: &Fact| matches!(fact, Fact::AttemptFailed { class: FailureClass::Lost, .. });
    assert_eq!(world.n_facts(lost), 4);
    let attempts: usize = world.journal.iter().map(|batch| batch.attempts.len()).sum();
    assert_eq!(attempts, 4, "a row an attempt");
}

#[test]
fn heartbeats_renew_what_they_list() {
    let mut world = World::with_runs(10);
    let mut worker = world.worker(1, 2);
    let leases = world.acquire(&mut worker);
    for _ in 0..10 {
        world.pass(3.0);
        assert_eq!(world.beat(&worker, &[leases[0].lease]), []);
    }
    assert_eq!(world.status().n_leased, 1, "the other was not listed");
    assert_eq!(numbers(&world.acquire(&mut worker)), [1, 2]);
}

#[test]
fn a_late_report_is_accepted_until_the_job_is_done() {
    let mut world = World::with_runs(1);
    let (mut one, mut two) = (world.worker(1, 1), world.worker(2, 1));
    let first = world.acquire(&mut one)[0];
    world.pass(16.0);
    let second = world.acquire(&mut two)[0];
    assert_eq!((first.job, second.attempt), (second.job, 2));
    assert_eq!(world.beat(&one, &[first.lease]), [], "it may still be first");
    assert!(world.end(&mut one, &first, rows(1)), "whatever became of its lease");
    assert_eq!(world.status().n_succeeded, 1);
    assert_eq!(world.beat(&two, &[second.lease]), [second.lease], "the loser is told to stop");
    assert_eq!(world.report(&mut two, vec![], 1).stop, [second.lease], "in its next answer, too");
    assert!(!world.end(&mut two, &second, rows(2)), "superseded");
    assert_eq!(world.n_rows(), 1);
    let ended = |fact: &Fact| matches!(fact, Fact::JobEnded { .. });
    assert_eq!(world.n_facts(ended), 1);
}

#[test]
fn a_job_reported_twice_in_one_call_counts_once() {
    let mut world = World::with_runs(2);
    let mut worker = world.worker(1, 1);
    let lease = world.acquire(&mut worker)[0];
    let twice = vec![job_report(&lease, rows(1)), job_report(&lease, rows(2))];
    assert_eq!(world.report(&mut worker, twice, 0).accepted, [true, false]);
    assert_eq!(world.n_rows(), 1);
}

#[test]
fn a_report_under_a_lease_that_a_crash_lost_is_accepted() {
    let mut world = World::with_runs(3);
    let mut worker = world.worker(1, 1);
    for block in 0..2 {
        assert!(world.end(&mut worker, &foreign_lease(2 - block), rows(block)));
    }
    assert!(!world.end(&mut worker, &foreign_lease(0), failed(FailureClass::Poison)), "it counts under its own lease");
    assert_eq!(numbers(&world.acquire(&mut worker)), [0], "what is done is not leased");
    assert_eq!(world.acquire(&mut worker), []);
    let numerics = world.status().numerics;
    assert_eq!(numerics.as_deref(), Some("v1"), "pinned by the result");
}

#[test]
fn another_generation_is_superseded() {
    let mut world = World::with_runs(1);
    let mut worker = world.worker(1, 1);
    let mut lease = world.acquire(&mut worker)[0];
    lease.generation.0 = 1;
    assert!(!world.end(&mut worker, &lease, rows(1)));
    assert_eq!(world.n_rows(), 0);
}

#[test]
fn reports_of_jobs_that_do_not_exist() {
    let mut world = World::new();
    world.submit(SWEEP, &grid_spec(2)).unwrap();
    let mut worker = world.worker(1, 1);
    let plan = world.pump.plan(SWEEP).unwrap();
    let excluded = (0..plan.n_jobs()).find(|job| plan.is_excluded(traipse_sweep::JobNumber(*job))).unwrap();
    for job in [plan.n_jobs(), u64::MAX, excluded] {
        let mut report = worker.next(0);
        worker.seq -= 1;
        report.reports = vec![job_report(&foreign_lease(job), rows(1))];
        let answer = world.ask(Command::Report(report));
        assert!(matches!(answer, Err(Rejection::UnknownJob { .. })), "{job}: {answer:?}");
    }
    let mut lease = foreign_lease(0);
    lease.sweep.0 = 5;
    assert!(!world.end(&mut worker, &lease, rows(1)), "a sweep that is gone wants no rows");
    assert_eq!(world.n_rows(), 0);
}

#[test]
fn no_lease_id_is_used_twice() {
    let mut world = World::with_runs(1000);
    let mut seen = BTreeSet::new();
    for life in 1..=4 {
        let (mut worker, _) = world.life(life.into(), 1, 10, &[]);
        for lease in world.acquire(&mut worker) {
            assert!(seen.insert(lease.lease));
            assert_eq!(lease.lease.incarnation(), Incarnation(life));
        }
        world.crash(None);
    }
    assert_eq!(seen.len(), 40);
    assert_eq!(seen.first(), Some(&LeaseId::new(Incarnation(1), 0)));
}

#[test]
fn outstanding_leases_get_one_fresh_period_after_a_restart() {
    let mut world = World::with_runs(10);
    let mut worker = world.worker(1, 2);
    let leases: Vec<LeaseId> = world.acquire(&mut worker).iter().map(|lease| lease.lease).collect();
    world.pass(14.0);
    world.crash(None);
    world.pass(14.0);
    assert_eq!(world.status().n_leased, 2);
    let refused = world.ask(Command::Heartbeat { session: worker.session, leases: vec![] });
    assert_eq!(refused, Err(Rejection::UnknownSession(worker.session)));
    let (_, ended) = world.life(1, 1, 2, &[leases[0], LeaseId(12345)]);
    assert_eq!(ended, [LeaseId(12345)]);
    assert_eq!(world.status().n_leased, 1, "the one that it does not list is over at once");
    world.pass(14.0);
    assert_eq!(world.status().n_leased, 1);
    world.pass(2.0);
    assert_eq!(world.status().n_leased, 0);
}

#[test]
fn a_returned_lease_counts_against_nobody() {
    let mut world = World::with_runs(2);
    let mut worker = world.worker(1, 2);
    let leases = world.acquire(&mut worker);
    let mut report = worker.next(0);
    report.draining = true;
    report.returned = leases.iter().map(|lease| lease.lease).chain([LeaseId(99)]).collect();
    assert!(matches!(world.ask(Command::Report(report)), Ok(Answer::Reported(_))));
    let status = world.status();
    assert_eq!((status.n_ready, status.n_lost_attempts, status.message), (2, 0, None));
    assert_eq!(world.acquire(&mut worker).len(), 2, "a later report that does not say so drains no more");
    let mut report = worker.next(2);
    report.draining = true;
    assert!(matches!(world.ask(Command::Report(report)), Ok(Answer::Reported(answer)) if answer.leases.is_empty()));
    world.pass(15.0);
    let mut other = world.worker(2, 2);
    assert_eq!(world.acquire(&mut other)[0].attempt, 2, "the returned lease is not counted");
}

#[test]
fn diverged_is_a_result() {
    let mut world = World::with_runs(1);
    let mut worker = world.worker(1, 1);
    let lease = world.acquire(&mut worker)[0];
    assert!(world.end(&mut worker, &lease, JobResult::Rows { outcome: Outcome::Diverged, block: 4 }));
    let status = world.status();
    assert_eq!((status.n_diverged, status.n_failed, status.state), (1, 0, crate::SweepState::Completed));
    assert_eq!((world.n_rows(), world.pump.without_rows(SWEEP)), (1, vec![]));
}

#[test]
fn a_coordinator_that_stood_still_blames_nobody() {
    for (stood_still, n_leased) in [(19.0, 0), (21.0, 2), (1000.0, 2)] {
        let mut world = World::with_runs(10);
        let mut worker = world.worker(1, 2);
        world.acquire(&mut worker);
        world.now += std::time::Duration::from_secs_f64(stood_still);
        world.on(crate::Event::Tick);
        assert_eq!(world.status().n_leased, n_leased, "after {stood_still} s");
        world.pass(15.1);
        assert_eq!(world.status().n_leased, 0, "one fresh period");
    }
}
