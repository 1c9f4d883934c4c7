//! What waits for the disk, and what does not.

use std::time::Duration;

use traipse_sweep::facts::Control;
use traipse_sweep::{Fact, Incarnation};

use super::world::*;
use crate::command::{Answer, Command, Config, Now, Report};
use crate::pump::{Action, Event, Pump, RestoreError};

#[test]
fn commitments_are_answered_when_they_are_durable() {
    let mut world = World::new();
    world.commits_at_once = false;
    let submit = world.call(Command::Submit { sweep: SWEEP, spec: spec(5).into() });
    assert!(world.answers.is_empty() && world.pump.status(SWEEP).is_none());
    let again = world.call(Command::Submit { sweep: SWEEP, spec: spec(5).into() });
    let other = world.call(Command::Submit { sweep: SWEEP, spec: spec(6).into() });
    assert!(world.answers.is_empty(), "even a refusal shows what is not durable yet");
    world.commit();
    assert_eq!(world.answers.len(), 3, "{submit}, {again}, {other}");
    assert_eq!(world.status().n_ready, 5);
    let cancel = world.call(Command::Control { sweep: SWEEP, control: Control::Cancel });
    assert!(!world.answers.contains_key(&cancel));
    world.commit();
    assert_eq!(world.answers[&cancel], Ok(Answer::Controlled));
}

#[test]
fn grants_are_answered_at_once_unless_they_come_with_commitments() {
    let mut world = World::with_runs(5);
    let mut worker = world.worker(1, 1);
    world.commits_at_once = false;
    let wait = Duration::from_secs(5);
    let pinning = world.call(Command::Report(Report { wait, ..worker.next(1) }));
    assert!(!world.answers.contains_key(&pinning), "it pins numerics");
    world.commit();
    let Some(Ok(Answer::Reported(answer))) = world.answers.get(&pinning).cloned() else { panic!("not answered") };
    let grant = world.call(Command::Report(Report { wait, ..worker.next(1) }));
    assert!(world.answers.contains_key(&grant), "grants ride in the next batch");
    assert!(world.has_under_way());
    let reports = vec![job_report(&answer.leases[0], rows(1))];
    let report = world.call(Command::Report(Report { reports, wait, ..worker.next(1) }));
    assert_eq!(world.status().n_succeeded, 0);
    world.commit();
    assert!(!world.answers.contains_key(&report), "that was the batch before");
    world.commit();
    assert!(matches!(&world.answers[&report], Ok(Answer::Reported(answer)) if answer.accepted == [true]));
    assert_eq!(world.status().n_succeeded, 1);
}

#[test]
fn nothing_is_leased_before_the_sweep_and_the_life_are_durable() {
    let mut pump: Pump<u64, u64> = Pump::new(Config::new(Incarnation(1)));
    assert_eq!(pump.next_deadline(), Some(Now::ZERO));
    let now = Duration::from_secs(1);
    let first = pump.on(now, Event::Tick);
    let [Action::Commit(batch)] = &first[..] else { panic!("{first:?}") };
    assert_eq!((batch.seq, &batch.facts[..]), (1, &[Fact::IncarnationStarted { incarnation: Incarnation(1) }][..]));
    assert!(pump.on(now, Event::Call { reply: 1, command: register(1, 1, 1, "v1", &[]) }).is_empty());
    let command = Command::Submit { sweep: SWEEP, spec: spec(1).into() };
    assert!(pump.on(now, Event::Call { reply: 2, command }).is_empty());
    let actions = pump.on(now, Event::Committed { batch: 1 });
    let [Action::Answer { reply: 1, answer: Ok(Answer::Registered { session, .. }) }, Action::Commit(batch)] =
        &actions[..]
    else {
        panic!("{actions:?}")
    };
    let mut worker = Worker { session: *session, seq: 0, n_slots: 1 };
    let wait = Duration::from_secs(5);
    let command = Command::Report(Report { wait, ..worker.next(1) });
    assert!(pump.on(now, Event::Call { reply: 3, command }).is_empty(), "the sweep is not durable");
    let actions = pump.on(now, Event::Committed { batch: batch.seq });
    assert!(matches!(&actions[..], [Action::Answer { reply: 2, .. }, Action::Commit(_)]), "{actions:?}");
    let actions = pump.on(now, Event::Committed { batch: 3 });
    assert!(matches!(&actions[..], [Action::Answer { reply: 3, .. }]), "{actions:?}");
}

#[test]
fn batches_are_bounded_and_keep_commands_whole() {
    let mut world = World::with(|config| config.batch_facts = 4);
    world.submit(SWEEP, &spec(100)).unwrap();
    world.commits_at_once = false;
    let mut workers: Vec<Worker> = (0..10).map(|id| world.worker(id, 3)).collect();
    world.commits_at_once = false;
    for worker in &mut workers {
        let report = Report { wait: Duration::from_secs(1), ..worker.next(3) };
        world.call(Command::Report(report));
    }
    while world.has_under_way() {
        world.commit();
    }
    let sizes: Vec<usize> = world.journal.iter().skip(2).map(|batch| batch.facts.len()).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 31, "30 grants and the pinned numerics");
    assert!(sizes.iter().all(|size| *size <= 4 + 2), "{sizes:?}");
}

#[test]
fn uncommitted_facts_die_with_the_process() {
    let mut world = World::with_runs(2);
    let mut worker = world.worker(1, 1);
    let lease = world.acquire(&mut worker)[0];
    world.commits_at_once = false;
    let report = Report { reports: vec![job_report(&lease, rows(1))], ..worker.next(0) };
    world.call(Command::Report(report));
    world.crash(None);
    world.commits_at_once = true;
    world.commit();
    assert_eq!((world.status().n_succeeded, world.status().n_leased), (0, 1));
    let (mut worker, ended) = world.life(1, 1, 1, &[lease.lease]);
    assert_eq!(ended, []);
    assert!(world.end(&mut worker, &lease, rows(1)), "its worker reports again");
    assert_eq!(world.n_rows(), 1);
}

#[test]
fn an_incarnation_is_not_used_twice() {
    let world = World::with_runs(2);
    let config = Config::new(Incarnation(1));
    let restored = Pump::<u64, u64>::restore(config, world.now, None, world.facts().into_iter(), 9);
    assert!(matches!(restored, Err(RestoreError::Incarnation { .. })));
}

#[test]
fn a_journal_that_does_not_fit_together_is_refused() {
    let mut world = World::with_runs(4);
    let mut worker = world.worker(1, 2);
    for lease in world.acquire(&mut worker) {
        world.end(&mut worker, &lease, rows(1));
    }
    let facts = world.facts();
    for missing in 1..3 {
        let without = facts.iter().enumerate().filter(|(at, _)| *at != missing).map(|(_, fact)| fact.clone());
        let restored = Pump::<u64, u64>::restore(Config::new(Incarnation(2)), world.now, None, without, 9);
        // Without the numerics that were pinned, the rest still fits.
        assert_eq!(restored.is_err(), !matches!(facts[missing], Fact::NumericsPinned { .. }), "{:?}", facts[missing]);
    }
    let twice = facts.iter().chain(facts.last()).cloned();
    let restored = Pump::<u64, u64>::restore(Config::new(Incarnation(2)), world.now, None, twice, 9);
    assert!(matches!(restored, Err(RestoreError::Journal(_))));
}

#[test]
fn not_even_a_guessed_session_gets_a_lease_before_the_life_is_durable() {
    let mut world = World::with_runs(5);
    let mut worker = world.worker(2, 1);
    world.acquire(&mut worker);
    world.commits_at_once = false;
    world.crash(None);
    world.call(register(1, 1, 1, "v1", &[]));
    let mut guessed = Worker { session: crate::command::SessionId(2 << 40), seq: 0, n_slots: 1 };
    let report = world.call(Command::Report(Report { wait: Duration::from_secs(5), ..guessed.next(1) }));
    assert!(!world.answers.contains_key(&report), "numerics are pinned, so a grant would be answered at once");
    world.commit();
    assert!(matches!(&world.answers[&report], Ok(Answer::Reported(answer)) if answer.leases.len() == 1));
}
