//! A worker that is asked to leave: told until it says so, served no more, and blamed for nothing.

use std::time::Duration;

use traipse_sweep::{Fact, WorkerId};

use super::world::*;
use crate::command::{Answer, Command, Rejection, Report};

const WORKER: WorkerId = WorkerId(1);

fn drain(world: &mut World) -> Result<Answer, Rejection> {
    world.ask(Command::Drain { worker: WORKER })
}

fn beat_drains(world: &mut World, worker: &Worker) -> bool {
    match world.ask(Command::Heartbeat { session: worker.session, leases: vec![] }) {
        Ok(Answer::Beat { drain, .. }) => drain,
        other => panic!("no beat: {other:?}"),
    }
}

#[test]
fn it_is_told_in_every_answer_until_it_says_that_it_leaves() {
    let mut world = World::with_runs(9);
    let mut worker = world.worker(1, 2);
    let held = world.acquire(&mut worker);
    assert!(!beat_drains(&mut world, &worker));
    assert_eq!(drain(&mut world), Ok(Answer::Draining));
    assert_eq!(drain(&mut world), Ok(Answer::Draining), "once more is no harm");
    assert!(beat_drains(&mut world, &worker) && beat_drains(&mut world, &worker));
    let answer = world.report(&mut worker, vec![job_report(&held[0], rows(1))], 1);
    assert!(answer.drain && answer.leases.is_empty() && answer.accepted == [true], "{answer:?}");
    let leaving = Report { draining: true, returned: vec![held[1].lease], ..worker.next(2) };
    let Ok(Answer::Reported(answer)) = world.ask(Command::Report(leaving)) else { panic!("not reported") };
    assert!(!answer.drain && answer.leases.is_empty(), "{answer:?}");
    let status = world.status();
    assert_eq!((status.n_lost_attempts, status.n_leased, status.n_ready), (0, 0, 8), "nothing counts against a job");
    let failed = |fact: &Fact| matches!(fact, Fact::AttemptFailed { .. });
    assert_eq!(world.n_facts(failed), 0);
}

#[test]
fn a_report_that_waits_is_answered_at_once() {
    let mut world = World::new();
    let mut worker = world.worker(1, 1);
    let parked = world.call(Command::Report(Report { wait: Duration::from_secs(9), ..worker.next(1) }));
    assert!(!world.answers.contains_key(&parked));
    drain(&mut world).unwrap();
    assert!(matches!(&world.answers[&parked], Ok(Answer::Reported(answer)) if answer.drain));
    world.submit(SWEEP, &spec(3)).unwrap();
    assert!(world.acquire(&mut worker).is_empty(), "it gets nothing more");
}

#[test]
fn the_wish_is_for_one_life_of_the_worker() {
    let mut world = World::with_runs(9);
    assert_eq!(drain(&mut world), Err(Rejection::UnknownWorker(WORKER)));
    world.worker(1, 1);
    drain(&mut world).unwrap();
    let (mut same, _) = world.life(1, 1, 1, &[]);
    assert!(beat_drains(&mut world, &same), "a new session alone changes nothing");
    assert!(world.acquire(&mut same).is_empty());
    let (mut new, _) = world.life(1, 2, 1, &[]);
    assert!(!beat_drains(&mut world, &new));
    assert_eq!(world.acquire(&mut new).len(), 1, "another life is welcome");
}

#[test]
fn workers_are_listed_while_they_are_here() {
    let mut world = World::with_runs(9);
    let (mut one, two) = (world.worker(1, 2), world.worker(2, 4));
    world.acquire(&mut one);
    let list = |world: &World| -> Vec<_> {
        let seen = world.pump.worker_list(world.now);
        seen.map(|seen| (seen.worker.0, seen.n_busy(), seen.is_live, seen.is_draining)).collect()
    };
    assert_eq!(list(&world), [(1, 2, true, false), (2, 0, true, false)]);
    drain(&mut world).unwrap();
    for _ in 0..8 {
        world.pass(5.0);
        world.beat(&two, &[]);
    }
    assert_eq!(list(&world), [(2, 0, true, false)], "who left is not missed");
    assert!(world.pump.worker_list(world.now).all(|seen| seen.silent == Duration::ZERO));
}
