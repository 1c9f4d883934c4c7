//! Comparisons: blocked until their members have ended, ahead of fresh runs, otherwise jobs like any other.

use std::time::Duration;

use traipse_sweep::{FailureClass, JobNumber, Outcome};

use super::world::*;
use crate::command::{Answer, Command, JobResult, Rejection, Report};
use crate::pump::SweepState;

/// With three runs, and their three pairs as jobs 3 to 5.
fn three() -> World {
    let mut world = World::new();
    world.submit(SWEEP, &pairs_spec(3)).unwrap();
    world
}

/// Blocked, ready and done comparisons; ready are runs too.
fn counts(world: &World) -> (u64, u64, u64) {
    let status = world.status();
    (status.n_blocked, status.n_ready, status.n_comparisons_done)
}

fn diverged() -> JobResult<u64> {
    JobResult::Rows { outcome: Outcome::Diverged, block: 1 }
}

#[test]
fn a_comparison_waits_for_its_members_and_goes_before_fresh_runs() {
    let mut world = three();
    let mut worker = world.worker(1, 2);
    assert_eq!((counts(&world), world.status().n_runs, world.status().n_comparisons), ((3, 3, 0), 3, 3));
    let plan = world.pump.plan(SWEEP).unwrap();
    // The members of each job leased (a run is its own), and what is blocked and ready after its end.
    let rows_of_data: [(&[u64], _, _); 4] = [(&[0], 3, 2), (&[1], 2, 2), (&[0, 1], 2, 1), (&[2], 0, 2)];
    for (members, n_blocked, n_ready) in rows_of_data {
        let lease = world.report(&mut worker, vec![], 1).leases[0];
        let found = plan.group(lease.job).map_or(vec![lease.job], |group| group.members);
        assert_eq!(found.iter().map(|run| run.0).collect::<Vec<_>>(), members);
        assert!(world.end(&mut worker, &lease, rows(lease.job.0)));
        let found = counts(&world);
        assert_eq!((found.0, found.1), (n_blocked, n_ready), "after {members:?}");
    }
    let done = world.report(&mut worker, vec![], 2).leases;
    let done = done.iter().map(|lease| job_report(lease, rows(lease.job.0))).collect();
    world.report(&mut worker, done, 0);
    assert_eq!(world.status().state, SweepState::Completed);
    assert_eq!((world.status().n_comparisons_done, world.status().n_succeeded), (3, 6));
}

#[test]
fn members_may_end_however_they_like() {
    let ends = [rows(1), diverged(), failed(FailureClass::Transient)];
    for end in &ends {
        for other in &ends {
            let mut world = World::new();
            let once = pairs_spec(2).replace(r#""order":"grid""#, r#""order":"grid","max_attempts":1"#);
            world.submit(SWEEP, &once).unwrap();
            let mut worker = world.worker(1, 2);
            let leases = world.acquire(&mut worker);
            assert!(world.end(&mut worker, &leases[0], end.clone()));
            assert_eq!(counts(&world), (1, 0, 0));
            assert!(world.end(&mut worker, &leases[1], other.clone()));
            assert_eq!(counts(&world), (0, 1, 0), "{end:?} and {other:?}");
            let Ok(Some(members)) = world.pump.members(SWEEP, JobNumber(2)) else { panic!("they have ended") };
            assert_eq!(members.iter().map(|member| member.job.0).collect::<Vec<_>>(), [0, 1]);
            assert_eq!(members[0].outcome, outcome(end));
            assert_eq!(numbers(&world.acquire(&mut worker)), [2]);
        }
    }
}

fn outcome(result: &JobResult<u64>) -> Outcome {
    match result {
        JobResult::Rows { outcome, .. } => *outcome,
        JobResult::Failed { .. } => Outcome::Failed,
    }
}

/// Three runs done, three pairs ready.
fn compared() -> (World, Worker) {
    let mut world = three();
    let mut worker = world.worker(1, 3);
    let done = world.acquire(&mut worker).iter().map(|lease| job_report(lease, rows(lease.job.0))).collect();
    assert_eq!(world.report(&mut worker, done, 0).leases, []);
    assert_eq!(counts(&world), (0, 3, 0));
    (world, worker)
}

#[test]
fn what_is_ready_comes_out_of_a_restart() {
    for with_snapshot in [false, true] {
        let (mut world, mut worker) = compared();
        let lease = world.report(&mut worker, vec![], 1).leases[0];
        assert!(world.end(&mut worker, &lease, rows(lease.job.0)));
        let (seq, bytes) = (world.pump.snapshot_seq(), world.pump.snapshot().encode());
        world.crash(with_snapshot.then_some((seq, &bytes[..])));
        let mut worker = world.life(1, 2, 3, &[]).0;
        assert_eq!(counts(&world), (0, 2, 1));
        assert_eq!(numbers(&world.acquire(&mut worker)), [4, 5]);
    }
}

#[test]
fn failures_of_comparisons_count_as_those_of_runs() {
    let (mut world, mut worker) = compared();
    let leases = world.acquire(&mut worker);
    assert!(world.end(&mut worker, &leases[0], failed(FailureClass::Invalid)));
    assert!(world.end(&mut worker, &leases[1], failed(FailureClass::Transient)));
    assert!(world.end(&mut worker, &leases[2], failed(FailureClass::Poison)));
    let status = world.status();
    assert_eq!((status.n_failed, status.n_backoff, status.n_ready, status.n_comparisons_done), (1, 1, 1, 1));
    assert_eq!(numbers(&world.acquire(&mut worker)), [5], "the struck one, alone");
    world.pass(16.0);
    assert_eq!((world.status().n_leased, world.status().n_lost_attempts), (0, 4), "lost with its worker");
    let mut other = world.worker(2, 1);
    let lease = world.acquire(&mut other)[0];
    assert_eq!(lease.job.0, 5);
    assert!(world.end(&mut other, &lease, failed(FailureClass::Poison)), "the third strike");
    assert_eq!(world.status().n_quarantined, 1);
    let lease = world.acquire(&mut other)[0];
    assert!(world.end(&mut other, &lease, rows(4)));
    assert_eq!(world.status().state, SweepState::Completed);
    let ranges = world.pump.without_rows(SWEEP);
    let without: Vec<_> = ranges.iter().map(|range| (range.first_job.0, range.outcome)).collect();
    assert_eq!(without, [(3, Outcome::Failed), (5, Outcome::Quarantined)]);
    assert_eq!(world.pump.compared().map(|compared| compared.sweep).collect::<Vec<_>>(), [SWEEP]);
}

#[test]
fn a_report_of_a_blocked_comparison_is_superseded() {
    let mut world = three();
    let mut worker = world.worker(1, 1);
    assert!(!world.end(&mut worker, &foreign_lease(3), rows(3)));
    assert_eq!(world.status().n_comparisons_done, 0);
    assert!(matches!(world.pump.members(SWEEP, JobNumber(3)), Ok(None)));
    for job in [0, 6, u64::MAX] {
        let refused = world.pump.members(SWEEP, JobNumber(job));
        assert!(matches!(refused, Err(Rejection::UnknownJob { .. })), "{job}: {refused:?}");
    }
}

#[test]
fn a_cancelled_sweep_cancels_its_comparisons() {
    let (mut world, mut worker) = compared();
    let leases = world.acquire(&mut worker);
    assert!(world.end(&mut worker, &leases[0], rows(3)));
    world.control(SWEEP, traipse_sweep::facts::Control::Cancel).unwrap();
    let status = world.status();
    assert_eq!((status.n_cancelled, status.n_succeeded, status.n_blocked), (2, 4, 0));
    assert_eq!(world.beat(&worker, &[leases[1].lease]), [leases[1].lease]);
    assert_eq!(world.pump.compared().map(|compared| compared.sweep).collect::<Vec<_>>(), [SWEEP]);
    assert!(matches!(world.pump.members(SWEEP, JobNumber(4)), Err(Rejection::Ended(_))));
}

#[test]
fn compared_runs_take_a_worker_that_reaches_the_store() {
    let mut world = three();
    let mut far = world.worker(1, 1);
    let without = Command::Report(Report { reaches_store: false, ..far.next(1) });
    let Ok(Answer::Reported(answer)) = world.ask(without) else { panic!("not reported") };
    assert_eq!(answer.leases, []);
    let message = world.status().message.map(|message| message.to_string()).unwrap_or_default();
    assert!(message.starts_with("its weights are compared, and no worker reaches the artifact store"), "{message}");
    assert_eq!(numbers(&world.acquire(&mut far)), [0], "it reaches the store by now");
}

#[test]
fn a_worker_that_waits_is_woken_by_readiness() {
    let mut world = World::new();
    world.submit(SWEEP, &pairs_spec(2)).unwrap();
    let (mut one, mut two) = (world.worker(1, 2), world.worker(2, 1));
    let leases = world.acquire(&mut one);
    let waits = world.call(Command::Report(Report { wait: Duration::from_secs(9), ..two.next(1) }));
    assert!(world.end(&mut one, &leases[0], rows(0)));
    assert!(!world.answers.contains_key(&waits));
    assert!(world.end(&mut one, &leases[1], rows(1)));
    let Some(Ok(Answer::Reported(answer))) = world.answers.remove(&waits) else { panic!("it still waits") };
    assert_eq!(numbers(&answer.leases), [2]);
}

#[test]
fn excluded_runs_leave_no_comparison_waiting() {
    let mut world = World::new();
    world.submit(SWEEP, &compared_grid_spec(2)).unwrap();
    let mut worker = world.worker(1, 4);
    let mut leases = world.acquire(&mut worker);
    while !leases.is_empty() {
        let done = leases.iter().map(|lease| job_report(lease, rows(lease.job.0))).collect();
        leases = world.report(&mut worker, done, 4).leases;
    }
    let status = world.status();
    assert_eq!((status.state, status.n_blocked), (SweepState::Completed, 0), "{status:?}");
    assert_eq!(status.n_succeeded, status.n_runs + status.n_comparisons);
}

#[test]
fn memory_follows_what_was_touched() {
    let mut world = World::new();
    world.submit(SWEEP, &pairs_spec(200)).unwrap();
    assert_eq!(world.status().n_comparisons, 200 * 199 / 2);
    let mut worker = world.worker(1, 2);
    let done = world.acquire(&mut worker).iter().map(|lease| job_report(lease, rows(1))).collect();
    let next = world.report(&mut worker, done, 1).leases[0].job;
    assert_eq!(world.pump.plan(SWEEP).unwrap().group(next).unwrap().members, [JobNumber(0), JobNumber(1)]);
    assert!(world.pump.snapshot().encode().len() < 1000);
}
