//! Jobs that take too long, or stand still.

use traipse_sweep::{Fact, FailureClass};

use super::world::*;
use crate::command::{Answer, Command};

/// Beats every 3 s for so long, with a progress that is a function of the seconds passed; returns after how many the
/// lease was told to stop.
fn until_stopped(world: &mut World, worker: &Worker, seconds: u64, progress: impl Fn(u64) -> u64) -> Option<u64> {
    let leases: Vec<_> = world.pump.committed_state().leases().map(|(lease, _)| lease).collect();
    for passed in (0..=seconds).step_by(3) {
        let listed = leases.iter().map(|lease| (*lease, progress(passed))).collect();
        match world.ask(Command::Heartbeat { session: worker.session, leases: listed }) {
            Ok(Answer::Beat { stop, .. }) if stop.is_empty() => world.pass(3.0),
            Ok(Answer::Beat { .. }) => return Some(passed),
            other => panic!("no beat: {other:?}"),
        }
    }
    None
}

const LIMITS: &str = r#""time_limit":"120s","stall_limit":"30s""#;

#[test]
fn limits_end_a_lease_after_a_grace_as_a_transient_failure() {
    let time = "it took longer than its time_limit of 2m";
    let stall = "it made no progress for its stall_limit of 30s";
    type Row = (fn(u64) -> u64, Option<(u64, &'static str)>);
    let rows_of_data: [Row; 4] = [
        (|seconds| seconds, Some((120, time))),
        (|_| 0, Some((30, stall))),
        (|seconds| seconds.min(40), Some((42 + 30, stall))),
        (|seconds| seconds / 29, Some((120, time))),
    ];
    for (at, (progress, expected)) in rows_of_data.into_iter().enumerate() {
        let mut world = World::new();
        world.submit(SWEEP, &spec_with(10, LIMITS)).unwrap();
        let mut worker = world.worker(1, 1);
        let lease = world.acquire(&mut worker)[0];
        let stopped = until_stopped(&mut world, &worker, 200, progress);
        let (limit, message) = expected.unwrap();
        let (earliest, latest) = (limit + 15, limit + 15 + 6);
        assert!(stopped.is_some_and(|at| (earliest..=latest).contains(&at)), "row {at}: {stopped:?}");
        let status = world.status();
        assert_eq!((status.message.as_deref(), status.n_backoff, status.n_leased), (Some(message), 1, 0));
        let transient = |fact: &Fact| matches!(fact, Fact::AttemptFailed { class: FailureClass::Transient, .. });
        assert_eq!(world.n_facts(transient), 1);
        assert!(world.end(&mut worker, &lease, rows(0)), "a result that comes nonetheless is welcome");
    }
}

#[test]
fn leases_that_wait_in_a_worker_do_not_stand_still() {
    let mut world = World::new();
    world.submit(SWEEP, &spec_with(10, LIMITS)).unwrap();
    let mut worker = world.worker(1, 1);
    world.acquire(&mut worker);
    let waiting = world.report(&mut worker, vec![], 1).leases[0].lease;
    for step in 0..30_u64 {
        let first = world.pump.committed_state().leases().next().unwrap().0;
        let leases = vec![(first, step), (waiting, 0)];
        let answer = world.ask(Command::Heartbeat { session: worker.session, leases });
        assert_eq!(answer, Ok(Answer::Beat { stop: vec![], drain: false }), "step {step}");
        world.pass(3.0);
    }
}

#[test]
fn a_restart_of_the_coordinator_begins_the_limits_anew() {
    let mut world = World::new();
    world.submit(SWEEP, &spec_with(10, LIMITS)).unwrap();
    let mut worker = world.worker(1, 1);
    let lease = world.acquire(&mut worker)[0].lease;
    assert_eq!(until_stopped(&mut world, &worker, 36, |_| 0), None);
    world.crash(None);
    let (worker, _) = world.life(1, 1, 1, &[lease]);
    assert_eq!(until_stopped(&mut world, &worker, 36, |_| 0), None);
    assert!(until_stopped(&mut world, &worker, 36, |_| 0).is_some());
}
