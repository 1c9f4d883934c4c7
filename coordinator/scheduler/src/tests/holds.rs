//! The coordinator itself pauses or stops a sweep.

use std::sync::Arc;

use traipse_sweep::facts::Control;
use traipse_sweep::{Fact, FailureClass};

use super::world::*;
use crate::command::{JobResult, Rejection};
use crate::pump::SweepState;

fn failed_with(class: FailureClass, message: &str) -> JobResult<u64> {
    JobResult::Failed { class, message: Arc::from(message) }
}

/// Fails one job on each of so many new workers.
fn fail(world: &mut World, n: u64, message: impl Fn(u64) -> String) {
    for at in 0..n {
        let mut worker = world.worker(1000 + u128::from(world.status().n_lost_attempts), 1);
        let lease = world.acquire(&mut worker)[0];
        world.end(&mut worker, &lease, failed_with(FailureClass::Transient, &message(at)));
    }
}

#[test]
fn a_sweep_that_only_fails_pauses_and_goes_on_when_it_is_resumed() {
    let mut world = World::with_runs(100);
    fail(&mut world, 19, |_| "no data".to_owned());
    assert_eq!(world.status().state, SweepState::Active);
    fail(&mut world, 1, |_| "no data".to_owned());
    for with_snapshot in [None, Some(false), Some(true)] {
        if let Some(with_snapshot) = with_snapshot {
            let (seq, bytes) = (world.pump.snapshot_seq(), world.pump.snapshot().encode());
            world.crash(with_snapshot.then_some((seq, &bytes[..])));
        }
        let status = world.status();
        assert_eq!((status.state, status.held), (SweepState::Paused, true));
        let expected = "the first 20 attempts all failed, with one message: no data";
        assert_eq!(status.message.as_deref(), Some(expected));
        let mut worker = world.worker(1, 1);
        assert_eq!(world.acquire(&mut worker), []);
    }
    world.control(SWEEP, Control::Resume).unwrap();
    assert_eq!((world.status().state, world.status().held), (SweepState::Active, false));
    fail(&mut world, 19, |_| "no data".to_owned());
    assert_eq!(world.status().state, SweepState::Active, "it is on trial again");
    fail(&mut world, 1, |_| "no data".to_owned());
    assert_eq!(world.status().state, SweepState::Paused);
    world.control(SWEEP, Control::Cancel).unwrap();
    assert_eq!((world.status().state, world.status().held), (SweepState::Cancelled, false));
}

#[test]
fn a_sweep_that_does_not_only_fail_goes_on() {
    let mut differs = World::with_runs(100);
    fail(&mut differs, 40, |at| format!("failure {}", at % 2));
    let mut succeeds = World::with_runs(100);
    let mut worker = succeeds.worker(1, 1);
    fail(&mut succeeds, 10, |_| "no data".to_owned());
    let lease = succeeds.acquire(&mut worker)[0];
    assert!(succeeds.end(&mut worker, &lease, rows(1)));
    fail(&mut succeeds, 30, |_| "no data".to_owned());
    let mut lost = World::with_runs(100);
    for worker in 0..40 {
        let mut worker = lost.worker(worker, 1);
        assert_eq!(lost.acquire(&mut worker).len(), 1);
        lost.pass(16.0);
    }
    for world in [differs, succeeds, lost] {
        assert_eq!(world.status().state, SweepState::Active, "{:?}", world.status());
    }
}

#[test]
fn a_pause_by_a_person_holds_nothing() {
    let mut world = World::with_runs(100);
    world.control(SWEEP, Control::Pause).unwrap();
    assert_eq!((world.status().state, world.status().held), (SweepState::Paused, false));
}

#[test]
fn an_invalid_job_before_any_result_stops_the_sweep() {
    for with_snapshot in [false, true] {
        let mut world = World::with_runs(10_000);
        let mut worker = world.worker(1, 3);
        let leases = world.acquire(&mut worker);
        let reports = leases.iter().map(|lease| job_report(lease, failed(FailureClass::Invalid))).collect();
        let answer = world.report(&mut worker, reports, 3);
        assert_eq!((answer.accepted, answer.leases), (vec![true, false, false], vec![]));
        let (seq, bytes) = (world.pump.snapshot_seq(), world.pump.snapshot().encode());
        world.crash(with_snapshot.then_some((seq, &bytes[..])));
        let status = world.status();
        assert_eq!((status.state, status.held), (SweepState::Stopped, true));
        assert_eq!((status.n_failed, status.n_cancelled, status.n_leased), (1, 9_999, 0));
        let message = "job 0, before any had a result, cannot be run at all: it is invalid";
        assert_eq!(status.message.as_deref(), Some(message));
        assert_eq!(world.control(SWEEP, Control::Resume), Err(Rejection::Ended(SWEEP)));
    }
}

#[test]
fn an_invalid_job_among_results_is_its_own_affair() {
    let mut world = World::with_runs(3);
    let mut worker = world.worker(1, 1);
    let lease = world.acquire(&mut worker)[0];
    assert!(world.end(&mut worker, &lease, rows(1)));
    let lease = world.acquire(&mut worker)[0];
    assert!(world.end(&mut worker, &lease, failed(FailureClass::Invalid)));
    assert_eq!((world.status().state, world.status().n_failed), (SweepState::Active, 1));
    assert_eq!(world.acquire(&mut worker).len(), 1);
}

#[test]
fn on_failure_stops_a_sweep_and_its_running_jobs() {
    // Of a job: how it ends, what the sweep's state is then.
    let once = FailureClass::Transient;
    let rows_of_data = [
        ("\"stop\"", vec![rows(0), failed(once)], SweepState::Stopped),
        ("\"stop\"", vec![failed(once)], SweepState::Stopped),
        ("\"stop\"", vec![rows(0), failed(FailureClass::Invalid)], SweepState::Stopped),
        ("\"stop\"", vec![rows(0), failed(FailureClass::Poison)], SweepState::Active),
        ("\"continue\"", vec![rows(0), failed(once)], SweepState::Active),
    ];
    for (on_failure, ends, state) in rows_of_data {
        let mut world = World::new();
        let spec = spec_with(20, &format!(r#""max_attempts":1,"on_failure":{on_failure}"#));
        world.submit(SWEEP, &spec).unwrap();
        let (mut one, mut two) = (world.worker(1, 1), world.worker(2, 1));
        let running = world.acquire(&mut two)[0];
        for end in ends.clone() {
            let lease = world.acquire(&mut one)[0];
            assert!(world.end(&mut one, &lease, end));
        }
        assert_eq!(world.status().state, state, "{on_failure} {ends:?}");
        let stops = if state == SweepState::Stopped { vec![running.lease] } else { vec![] };
        assert_eq!(world.beat(&two, &[running.lease]), stops, "{on_failure} {ends:?}");
        assert_eq!(world.end(&mut two, &running, rows(1)), stops.is_empty(), "what comes later is dropped");
    }
}

#[test]
fn the_third_strike_stops_a_sweep_that_stops_on_failure() {
    let mut world = World::new();
    world.submit(SWEEP, &spec_with(20, r#""on_failure":"stop""#)).unwrap();
    for strike in 0..3 {
        let mut worker = world.worker(strike, 1);
        assert_eq!(numbers(&world.acquire(&mut worker)), [0]);
        world.pass(16.0);
    }
    let status = world.status();
    assert_eq!((status.state, status.n_quarantined, status.n_cancelled), (SweepState::Stopped, 1, 19));
    let message = "on_failure = \"stop\", and job 0 was quarantined: the lease ran out without a heartbeat";
    assert_eq!(status.message.as_deref(), Some(message));
    let held = |fact: &Fact| matches!(fact, Fact::SweepHeld { .. });
    assert_eq!(world.n_facts(held), 1);
}

#[test]
fn a_failure_in_a_paused_sweep_may_stop_it_and_never_pauses_it_again() {
    let mut world = World::new();
    world.submit(SWEEP, &spec_with(20, r#""max_attempts":1,"on_failure":"stop""#)).unwrap();
    let mut worker = world.worker(1, 1);
    let lease = world.acquire(&mut worker)[0];
    world.control(SWEEP, Control::Pause).unwrap();
    assert!(world.end(&mut worker, &lease, failed(FailureClass::Transient)));
    assert_eq!(world.status().state, SweepState::Stopped);
}

#[test]
fn a_retry_of_a_stopped_sweep_goes_on_with_all_that_is_not_done() {
    for with_snapshot in [false, true] {
        let mut world = World::new();
        let once = pairs_spec(4).replace(r#""order":"grid""#, r#""order":"grid","max_attempts":1,"on_failure":"stop""#);
        world.submit(SWEEP, &once).unwrap();
        let (mut one, mut two) = (world.worker(1, 2), world.worker(2, 1));
        let first = world.acquire(&mut one);
        let running = world.acquire(&mut two)[0];
        first.iter().for_each(|lease| assert!(world.end(&mut one, lease, rows(lease.job.0))));
        // The pair of the first two is ready, the third runs, the fourth fails.
        let pair = world.report(&mut one, vec![], 2).leases;
        assert!(world.end(&mut one, &pair[1], failed(FailureClass::Transient)));
        let status = world.status();
        assert_eq!((status.state, status.n_failed, status.n_cancelled), (SweepState::Stopped, 1, 7), "{status:?}");
        if with_snapshot {
            let (seq, bytes) = (world.pump.snapshot_seq(), world.pump.snapshot().encode());
            world.crash(Some((seq, &bytes)));
        }
        world.retry(1, None).unwrap();
        assert_eq!((world.status().state, world.status().held), (SweepState::Active, false));
        let mut worker = world.life(3, 1, 4, &[]).0;
        while !world.status().state.is_ended() {
            let leases = world.acquire(&mut worker);
            assert!(!leases.is_empty(), "{:?}", world.status());
            leases.iter().for_each(|lease| assert!(world.end(&mut worker, lease, rows(lease.job.0))));
        }
        assert_eq!((world.status().n_succeeded, world.status().state), (10, SweepState::Completed));
        assert_eq!(running.job.0, 2);
    }
}

#[test]
fn a_sweep_that_fails_on_every_worker_pauses_without_waiting_for_twenty() {
    let mut world = World::with_runs(100);
    let mut workers = [world.worker(1, 1), world.worker(2, 1)];
    for (at, n_until) in [(0, 5), (1, 10)] {
        for n in n_until - 4..=n_until {
            assert_eq!(world.status().state, SweepState::Active, "{n}");
            let lease = world.acquire(&mut workers[at])[0];
            world.end(&mut workers[at], &lease, failed_with(FailureClass::Transient, "no data"));
        }
    }
    let status = world.status();
    assert_eq!((status.state, status.held), (SweepState::Paused, true));
    let expected = "all 10 attempts so far failed, on every worker and with one message: no data";
    assert_eq!(status.message.as_deref(), Some(expected));
    world.control(SWEEP, Control::Resume).unwrap();
    assert_eq!(world.acquire(&mut workers[0]).len(), 1, "whoever resumes has mended the workers");
}
