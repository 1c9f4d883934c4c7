//! Sweeps: admitted once, served oldest first, paused, cancelled, completed.

use std::time::Duration;

use traipse_sweep::facts::Control;
use traipse_sweep::{Fact, FailureClass, Outcome, SweepId};

use super::world::*;
use crate::command::{Answer, Command, Rejection, Report};
use crate::pump::SweepState;

#[test]
fn a_submit_is_idempotent() {
    let mut world = World::new();
    assert_eq!(world.submit(SWEEP, &spec(3)), Ok(Answer::Submitted { n_runs: 3, existed: false }));
    assert_eq!(world.submit(SWEEP, &spec(3)), Ok(Answer::Submitted { n_runs: 3, existed: true }));
    assert_eq!(world.submit(SWEEP, &spec(4)), Err(Rejection::OtherSpec(SWEEP)));
    assert!(matches!(world.submit(SweepId(1), "{"), Err(Rejection::BadSpec(_))));
    assert_eq!(world.n_facts(|fact| matches!(fact, Fact::SweepAdmitted { .. })), 1);
    world.crash(None);
    assert_eq!(world.submit(SWEEP, &spec(3)), Ok(Answer::Submitted { n_runs: 3, existed: true }));
}

#[test]
fn controls_by_state() {
    use Control::{Cancel, Pause, Resume};
    let ended = Err(Rejection::Ended(SWEEP));
    let rows = [
        (vec![Pause], Pause, Ok(Answer::Controlled), SweepState::Paused),
        (vec![Pause], Resume, Ok(Answer::Controlled), SweepState::Active),
        (vec![], Resume, Ok(Answer::Controlled), SweepState::Active),
        (vec![Pause], Cancel, Ok(Answer::Controlled), SweepState::Cancelled),
        (vec![Cancel], Cancel, Ok(Answer::Controlled), SweepState::Cancelled),
        (vec![Cancel], Pause, ended.clone(), SweepState::Cancelled),
        (vec![Cancel], Resume, ended, SweepState::Cancelled),
    ];
    for (before, control, answer, state) in rows {
        let mut world = World::with_runs(3);
        for control in &before {
            world.control(SWEEP, *control).unwrap();
        }
        assert_eq!(world.control(SWEEP, control), answer, "{before:?}, {control:?}");
        assert_eq!(world.status().state, state, "{before:?}, {control:?}");
    }
    let unknown = World::new().control(SWEEP, Cancel);
    assert_eq!(unknown, Err(Rejection::UnknownSweep(SWEEP)));
}

#[test]
fn a_paused_sweep_finishes_what_is_leased() {
    let mut world = World::with_runs(3);
    let mut worker = world.worker(1, 1);
    let lease = world.acquire(&mut worker)[0];
    world.control(SWEEP, Control::Pause).unwrap();
    assert!(world.end(&mut worker, &lease, rows(1)));
    assert_eq!(world.acquire(&mut worker), []);
    let parked = Report { wait: Duration::from_secs(9), ..worker.next(1) };
    let call = world.call(Command::Report(parked));
    world.control(SWEEP, Control::Resume).unwrap();
    assert!(matches!(&world.answers[&call], Ok(Answer::Reported(answer)) if numbers(&answer.leases) == [1]));
}

#[test]
fn a_cancelled_sweep_stops_what_runs_and_keeps_what_is_done() {
    let mut world = World::with_runs(8);
    let (mut one, mut two) = (world.worker(1, 3), world.worker(2, 1));
    let leases = world.acquire(&mut one);
    assert!(world.end(&mut one, &leases[0], rows(1)));
    assert!(world.end(&mut one, &leases[1], failed(FailureClass::Invalid)));
    let other = world.acquire(&mut two)[0];
    let parked = world.call(Command::Report(Report { wait: Duration::from_secs(9), ..two.next(0) }));
    let n_facts = world.facts().len();
    world.control(SWEEP, Control::Cancel).unwrap();
    assert_eq!(world.facts().len(), n_facts + 1, "one fact, whatever the number of jobs");
    let status = world.status();
    assert_eq!((status.n_succeeded, status.n_failed, status.n_cancelled), (1, 1, 6));
    assert_eq!((status.n_leased, status.n_ready, status.n_backoff), (0, 0, 0));
    assert!(matches!(&world.answers[&parked], Ok(Answer::Reported(answer)) if answer.stop == [other.lease]));
    assert_eq!(world.beat(&one, &[leases[2].lease]), [leases[2].lease]);
    assert!(!world.end(&mut one, &leases[2], rows(3)), "its rows are dropped");
    let ranges = world.pump.without_rows(SWEEP);
    let ranges: Vec<_> = ranges.iter().map(|range| (range.first_job.0, range.n_jobs, range.outcome)).collect();
    assert_eq!(ranges, [(1, 1, Outcome::Failed), (2, 6, Outcome::Cancelled)]);
    world.crash(None);
    assert_eq!(world.status(), status);
}

#[test]
fn sweeps_share_and_the_older_comes_first() {
    let mut world = World::with_runs(3);
    world.submit(SweepId(5), &spec(3)).unwrap();
    let mut worker = world.worker(1, 3);
    let sweeps: Vec<u128> = world.acquire(&mut worker).iter().map(|lease| lease.sweep.0).collect();
    assert_eq!(sweeps, [77, 77, 5]);
    assert_eq!(world.pump.sweeps().collect::<Vec<_>>(), [SweepId(5), SWEEP], "newest first");
}

#[test]
fn excluded_jobs_are_never_leased() {
    for n_seeds in [1, 3] {
        let mut world = World::new();
        world.submit(SWEEP, &grid_spec(n_seeds)).unwrap();
        assert_eq!((world.status().n_runs, world.status().n_excluded), (10 * n_seeds, 2 * n_seeds));
        let mut worker = world.worker(1, 4);
        let mut done = std::collections::BTreeSet::new();
        loop {
            let leases = world.acquire(&mut worker);
            if leases.is_empty() {
                break;
            }
            for lease in leases {
                assert!(done.insert(lease.job));
                assert!(world.end(&mut worker, &lease, rows(lease.job.0)));
            }
        }
        assert_eq!((done.len() as u64, world.status().state), (10 * n_seeds, SweepState::Completed));
        assert_eq!(world.control(SWEEP, Control::Cancel), Err(Rejection::Ended(SWEEP)));
    }
}
