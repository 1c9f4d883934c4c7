//! Why a job stands where it stands, as rows of data.

use std::time::Duration;

use traipse_sweep::facts::Control;
use traipse_sweep::{FailureClass, JobNumber, SweepId};

use super::world::*;
use crate::command::Rejection;
use crate::pump::Explained;

fn explain(world: &World, job: u64) -> Explained {
    world.pump.explain(world.now, SWEEP, JobNumber(job)).expect("the job is there")
}

#[track_caller]
fn says(world: &World, job: u64, state: &str, words: &[&str]) {
    let explained = explain(world, job);
    assert_eq!(explained.state, state, "{explained:?}");
    let why = explained.why.join("; ");
    assert!(words.iter().all(|word| why.contains(word)), "{words:?} in {why}");
}

#[test]
fn what_waits_says_behind_what() {
    let mut world = World::new();
    world.submit(SWEEP, &pairs_spec(3)).unwrap();
    says(&world, 0, "ready", &["the next run", "no worker is connected"]);
    says(&world, 2, "ready", &["up to 2 runs stand before it"]);
    says(&world, 3, "blocked", &["waits for its runs 1, 2"]);
    world.control(SWEEP, Control::Pause).unwrap();
    says(&world, 0, "ready", &["paused", "traipse resume"]);
    world.control(SWEEP, Control::Resume).unwrap();
    world.submit(SweepId(5), &spec(1)).unwrap();
    says(&world, 0, "ready", &["shares the slots with another active sweep"]);
}

#[test]
fn what_runs_failed_or_ended_says_so() {
    let mut world = World::with_runs(5);
    let mut worker = world.worker(1, 4);
    let leases = world.acquire(&mut worker);
    world.pass(3.0);
    let under_way = explain(&world, 0).under_way.expect("it runs");
    assert_eq!((under_way.attempt, under_way.lease), (1, leases[0].lease));
    assert_eq!(under_way.since, Some(Duration::from_secs(3)));
    assert!(world.end(&mut worker, &leases[0], failed(FailureClass::Transient)));
    says(&world, 0, "backoff", &["1 of", "tried again"]);
    let left = explain(&world, 0).backoff.expect("it waits");
    assert!(left > Duration::ZERO && left <= Duration::from_secs(1), "{left:?}");
    // Something has succeeded, so what is invalid ends its own job alone.
    assert!(world.end(&mut worker, &leases[3], rows(3)));
    says(&world, 3, "succeeded", &["it has ended"]);
    assert!(world.end(&mut worker, &leases[1], failed(FailureClass::Invalid)));
    says(&world, 1, "failed", &["it is invalid", "traipse retry"]);
    assert!(world.end(&mut worker, &leases[2], failed(FailureClass::Poison)));
    says(&world, 2, "ready", &["took its worker down 1 times"]);
    world.control(SWEEP, Control::Cancel).unwrap();
    says(&world, 4, "cancelled", &["the sweep has ended"]);
}

#[test]
fn what_is_not_there_is_refused() {
    let world = World::with_runs(2);
    let unknown = world.pump.explain(world.now, SweepId(9), JobNumber(0));
    assert_eq!(unknown, Err(Rejection::UnknownSweep(SweepId(9))));
    let job = JobNumber(2);
    assert_eq!(world.pump.explain(world.now, SWEEP, job), Err(Rejection::UnknownJob { sweep: SWEEP, job }));
}
