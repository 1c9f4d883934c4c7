//! Workers come, go and come back.

use super::world::*;
use crate::command::{Answer, Command, Rejection, Report};
use traipse_sweep::Incarnation;

#[test]
fn a_higher_incarnation_ends_what_it_does_not_list() {
    let mut world = World::with_runs(10);
    let mut worker = world.worker(1, 3);
    let leases = world.acquire(&mut worker);
    let (mut next, ended) = world.life(1, 2, 3, &[leases[1].lease]);
    assert_eq!((ended, world.status().n_leased), (vec![], 1));
    assert!(world.end(&mut next, &leases[1], rows(1)), "from the spool of the life before");
    assert_eq!(numbers(&world.acquire(&mut next)), [0], "it was running and may be to blame: alone");
}

#[test]
fn a_lower_incarnation_is_refused() {
    let mut world = World::with_runs(10);
    world.life(1, 5, 1, &[]);
    let refused = world.ask(register(1, 4, 1, "v1", &[]));
    assert_eq!(refused, Err(Rejection::OldIncarnation { found: Incarnation(4), current: Incarnation(5) }));
    assert!(world.ask(register(1, 5, 1, "v1", &[])).is_ok(), "the same life may register again");
}

#[test]
fn held_leases_whose_job_is_done_are_ended_and_lapsed_ones_go_on() {
    let mut world = World::with_runs(2);
    let (mut one, mut two) = (world.worker(1, 2), world.worker(2, 1));
    let leases = world.acquire(&mut one);
    world.pass(16.0);
    let again = world.acquire(&mut two)[0];
    assert!(world.end(&mut two, &again, rows(1)));
    let held: Vec<_> = leases.iter().map(|lease| lease.lease).collect();
    let (mut one, ended) = world.life(1, 1, 2, &held);
    assert_eq!(ended, [held[0]], "job 0 is done");
    assert_eq!(world.beat(&one, &held), [held[0]]);
    assert!(world.end(&mut one, &leases[1], rows(2)), "job 1 still wants a result");
    assert_eq!(world.status().n_succeeded, 2);
}

#[test]
fn live_workers_are_counted_and_silent_ones_not() {
    let mut world = World::new();
    let (one, _two) = (world.worker(1, 3), world.worker(2, 4));
    assert_eq!(world.pump.workers(), (2, 7));
    for _ in 0..6 {
        world.pass(5.0);
        world.beat(&one, &[]);
    }
    assert_eq!(world.pump.workers(), (1, 3));
    world.pass(1000.0);
    assert_eq!(world.pump.workers(), (0, 0));
    let late = world.ask(Command::Heartbeat { session: one.session, leases: vec![] });
    assert_eq!(late, Err(Rejection::UnknownSession(one.session)));
}

#[test]
fn the_first_grant_pins_numerics() {
    let mut world = World::with_runs(10);
    let mut one = world.worker(1, 1);
    let two = match world.ask(register(2, 1, 1, "v2", &[])) {
        Ok(Answer::Registered { session, .. }) => session,
        other => panic!("{other:?}"),
    };
    let mut two = Worker { session: two, seq: 0, n_slots: 1 };
    let lease = world.acquire(&mut one)[0];
    assert_eq!(world.acquire(&mut two), [], "other bits");
    assert_eq!(world.status().numerics.as_deref(), Some("v1"));
    assert!(!world.end(&mut two, &lease, rows(1)), "nor are its results taken");
    assert!(world.end(&mut one, &lease, rows(1)));
    world.pass(8.0);
    world.acquire(&mut two);
    world.pass(8.0);
    let message = world.status().message.unwrap();
    assert!(message.contains("numerics `v1`"), "{message}");
    world.pass(60.0);
    assert_eq!(world.status().message.as_deref(), Some("no worker is connected"));
}

#[test]
fn kept_weights_take_a_worker_that_reaches_the_store() {
    let mut world = World::with(|config| config.artifacts_url = "file:///shared/artifacts".into());
    let keeping = spec(3).replacen('{', r#"{"snapshots":{"keep":true},"#, 1);
    world.submit(SWEEP, &keeping).unwrap();
    let mut far = world.worker(1, 1);
    assert_ne!(message(&world), STORELESS, "it has not spoken yet");
    let without = |worker: &mut Worker| Command::Report(Report { reaches_store: false, ..worker.next(1) });
    let Ok(Answer::Reported(answer)) = world.ask(without(&mut far)) else { panic!("not reported") };
    assert_eq!(answer.leases, []);
    assert_eq!(message(&world), STORELESS);
    let mut near = world.worker(2, 1);
    let lease = world.acquire(&mut near)[0];
    assert!(world.end(&mut near, &lease, rows(1)));
    assert_eq!((message(&world), world.status().n_ready), (String::new(), 2), "one worker reaches it");

    let other = traipse_sweep::SweepId(78);
    world.submit(other, &spec(1)).unwrap();
    let Ok(Answer::Reported(answer)) = world.ask(without(&mut far)) else { panic!("not reported") };
    assert_eq!(answer.leases.iter().map(|lease| lease.sweep).collect::<Vec<_>>(), [other], "which keeps nothing");
    assert_eq!(numbers(&world.acquire(&mut far)), [1], "it reaches the store by now");
}

const STORELESS: &str = "its weights are kept, and no worker reaches the artifact store file:///shared/artifacts: none \
                         of 1 connected; mount it under that path where they run, and start them again";

fn message(world: &World) -> String {
    world.status().message.as_deref().unwrap_or_default().to_owned()
}
