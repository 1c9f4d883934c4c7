//! The numbering of reports: one at a time, each answered as before when it is repeated.

use std::time::Duration;

use super::world::*;
use crate::command::{Answer, Command, Rejection, Report};

/// A report that waits for something to say.
fn waiting(worker: &mut Worker, n_free: u32) -> Report<u64> {
    Report { wait: Duration::from_secs(5), ..worker.next(n_free) }
}

#[test]
fn a_repeat_is_answered_as_before() {
    let mut world = World::with_runs(10);
    let mut worker = world.worker(1, 2);
    let report = worker.next(2);
    let first = world.ask(Command::Report(report.clone()));
    let again = world.ask(Command::Report(report));
    assert_eq!(first, again);
    assert_eq!(world.status().n_leased, 2, "nothing is granted twice");
}

#[test]
fn other_numbers_are_out_of_order() {
    let mut world = World::with_runs(10);
    let mut worker = world.worker(1, 1);
    let rows = [(0, 0), (2, 0), (7, 0), (u64::MAX, 0)];
    for (found, last) in rows {
        let answer = world.ask(Command::Report(Report { seq: found, ..worker.clone().next(1) }));
        assert_eq!(answer, Err(Rejection::OutOfOrder { found, last }));
    }
    world.acquire(&mut worker);
    world.acquire(&mut worker);
    let answer = world.ask(Command::Report(Report { seq: 1, ..worker.clone().next(1) }));
    assert_eq!(answer, Err(Rejection::OutOfOrder { found: 1, last: 2 }), "only the last answer is kept");
}

#[test]
fn a_repeat_takes_the_place_of_a_parked_report() {
    let mut world = World::new();
    let mut worker = world.worker(1, 1);
    let report = waiting(&mut worker, 1);
    let first = world.call(Command::Report(report.clone()));
    world.pass(4.0);
    let second = world.call(Command::Report(report.clone()));
    assert_eq!(world.answers.get(&first), Some(&Err(Rejection::Replaced { seq: 1 })));
    let next = world.ask(Command::Report(Report { seq: 2, ..report }));
    assert_eq!(next, Err(Rejection::OutOfOrder { found: 2, last: 0 }), "one at a time");
    world.pass(4.0);
    assert!(!world.answers.contains_key(&second), "it waits its own time");
    world.submit(SWEEP, &spec(1)).unwrap();
    assert!(matches!(&world.answers[&second], Ok(Answer::Reported(answer)) if answer.leases.len() == 1));
}

#[test]
fn a_repeat_takes_the_place_of_a_report_that_waits_for_the_disk() {
    let mut world = World::with_runs(2);
    let mut worker = world.worker(1, 1);
    let lease = world.acquire(&mut worker)[0];
    world.commits_at_once = false;
    let report = Report { reports: vec![job_report(&lease, rows(1))], ..worker.next(1) };
    let first = world.call(Command::Report(report.clone()));
    let second = world.call(Command::Report(report.clone()));
    let third = world.call(Command::Report(report.clone()));
    world.gone(third);
    world.commit();
    assert_eq!(world.answers.len(), 2, "the third is gone");
    for call in [first, second] {
        assert_eq!(world.answers[&call], Err(Rejection::Replaced { seq: 2 }));
    }
    let fourth = world.call(Command::Report(report));
    assert!(matches!(&world.answers[&fourth], Ok(Answer::Reported(answer)) if answer.accepted == [true]));
    world.commit();
    assert_eq!(world.n_rows(), 1);
}

#[test]
fn a_parked_report_whose_caller_is_gone_gets_nothing() {
    let mut world = World::new();
    let mut worker = world.worker(1, 1);
    let report = waiting(&mut worker, 1);
    let first = world.call(Command::Report(report.clone()));
    world.gone(first);
    world.submit(SWEEP, &spec(1)).unwrap();
    assert_eq!(world.status().n_leased, 0);
    let again = world.ask(Command::Report(report));
    assert!(matches!(again, Ok(Answer::Reported(answer)) if answer.leases.len() == 1), "the number is still free");
}

#[test]
fn parked_reports_are_served_oldest_first_and_answered_empty_in_the_end() {
    let mut world = World::new();
    let calls: Vec<u64> = [3, 1, 2]
        .into_iter()
        .map(|id| {
            let mut worker = world.worker(id, 1);
            world.call(Command::Report(waiting(&mut worker, 1)))
        })
        .collect();
    world.submit(SWEEP, &spec(2)).unwrap();
    let leases = |world: &World, call| match &world.answers[&call] {
        Ok(Answer::Reported(answer)) => numbers(&answer.leases),
        other => panic!("{other:?}"),
    };
    assert_eq!((leases(&world, calls[0]), leases(&world, calls[1])), (vec![0], vec![1]));
    assert!(!world.answers.contains_key(&calls[2]));
    world.pass(5.0);
    assert!(leases(&world, calls[2]).is_empty());
}

#[test]
fn a_refused_report_leaves_its_number_free() {
    let mut world = World::with_runs(1);
    let mut worker = world.worker(1, 1);
    let bad = Report { reports: vec![job_report(&foreign_lease(5), rows(1))], ..worker.clone().next(1) };
    assert!(matches!(world.ask(Command::Report(bad)), Err(Rejection::UnknownJob { .. })));
    assert_eq!(world.acquire(&mut worker).len(), 1);
}

#[test]
fn a_new_session_ends_the_old_one_and_its_parked_report() {
    let mut world = World::new();
    let mut worker = world.worker(1, 1);
    let parked = world.call(Command::Report(waiting(&mut worker, 1)));
    world.life(1, 2, 1, &[]);
    assert_eq!(world.answers[&parked], Err(Rejection::UnknownSession(worker.session)));
    let late = world.ask(Command::Report(worker.next(1)));
    assert_eq!(late, Err(Rejection::UnknownSession(worker.session)));
}
