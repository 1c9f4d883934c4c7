//! Who gets what: priorities, limits, and what a sweep requires of a worker.

use std::time::Duration;

use traipse_sweep::SweepId;

use super::world::*;
use crate::command::{Answer, AttemptStats, Command, Lease, Report};

const OTHER: SweepId = SweepId(5);

/// A sweep of `n` runs with that in its `[execution]`.
fn spec_with(n: u64, execution: &str) -> String {
    spec(n).replacen(r#""order":"grid""#, &format!(r#""order":"grid",{execution}"#), 1)
}

fn sweeps(leases: &[Lease]) -> Vec<u128> {
    leases.iter().map(|lease| lease.sweep.0).collect()
}

/// Registers a worker with one slot, a label and memory.
fn labelled(world: &mut World, id: u128, label: Option<(&str, &str)>, memory: u64) -> Worker {
    let Command::Register(mut register) = register(id, 1, 1, "v1", &[]) else { unreachable!("it registers") };
    register.info.labels.extend(label.map(|(key, value)| (key.to_owned(), value.to_owned())));
    register.info.memory = memory;
    match world.ask(Command::Register(register)) {
        Ok(Answer::Registered { session, .. }) => Worker { session, seq: 0, n_slots: 1 },
        other => panic!("not registered: {other:?}"),
    }
}

#[test]
fn a_higher_priority_is_served_first_and_the_lower_has_what_is_left() {
    let mut world = World::with_runs(9);
    world.submit(OTHER, &spec_with(3, r#""priority":1"#)).unwrap();
    let mut worker = world.worker(1, 4);
    assert_eq!(sweeps(&world.acquire(&mut worker)), [5, 5, 5, 77]);
}

#[test]
fn no_more_jobs_are_leased_than_the_sweep_allows_lease_ahead_included() {
    let mut world = World::new();
    world.submit(SWEEP, &spec_with(1000, r#""max_concurrent":3"#)).unwrap();
    let (mut one, mut two) = (world.worker(1, 2), world.worker(2, 4));
    let mut leases = world.acquire(&mut one);
    assert_eq!((leases.len(), world.acquire(&mut two).len()), (2, 1));
    let parked = world.call(Command::Report(Report { wait: Duration::from_secs(9), ..two.next(3) }));
    assert!(!world.answers.contains_key(&parked), "it waits at the limit");
    for _ in 0..5 {
        let stats = AttemptStats { total_seconds: 0.000_1, ..AttemptStats::default() };
        let reports = leases.iter().map(|lease| crate::command::JobReport { stats, ..job_report(lease, rows(1)) });
        leases = world.report(&mut one, reports.collect(), 2).leases;
        assert_eq!((leases.len(), world.status().n_leased), (2, 3), "short jobs, too");
    }
    // The worker takes no more itself: who waits is served.
    world.report(&mut one, vec![job_report(&leases[0], rows(1))], 0);
    let answer = world.answers.get(&parked);
    assert!(matches!(answer, Some(Ok(Answer::Reported(answer))) if answer.leases.len() == 1), "{answer:?}");
    assert_eq!(world.status().n_leased, 3);
}

#[test]
fn a_sweep_goes_to_workers_that_have_what_it_requires_and_holds_nobody_up() {
    let mut world = World::new();
    world.submit(OTHER, &spec_with(9, r#""priority":9,"require":{"labels":{"gpu":"a100"},"memory_mb":2000}"#)).unwrap();
    world.submit(SWEEP, &spec(9)).unwrap();
    let rows = [
        (1, None, 4_000_000_000, 77),
        (2, Some(("gpu", "a100")), 1_999_999_999, 77),
        (3, Some(("gpu", "h100")), 4_000_000_000, 77),
        (4, Some(("gpu", "a100")), 0, 77),
        (5, Some(("gpu", "a100")), 2_000_000_000, 5),
    ];
    for (id, label, memory, expected) in rows {
        let mut worker = labelled(&mut world, id, label, memory);
        assert_eq!(sweeps(&world.acquire(&mut worker)), [expected], "{label:?}, {memory} bytes");
    }
}

#[test]
fn a_small_sweep_begins_with_the_next_slot_beside_a_huge_one() {
    let mut world = World::with_runs(10_000);
    let mut worker = world.worker(1, 2);
    let leases = world.acquire(&mut worker);
    world.submit(OTHER, &spec(2)).unwrap();
    let next = world.report(&mut worker, vec![job_report(&leases[0], rows(1))], 1).leases;
    assert_eq!(sweeps(&next), [5]);
    let next = world.report(&mut worker, vec![job_report(&leases[1], rows(1))], 1).leases;
    assert_eq!(sweeps(&next), [77], "one slot each");
}

/// Short jobs fill the worker for 200 ms ahead. A new sweep waits for no more than that.
#[test]
fn lease_ahead_is_held_back_for_who_is_first_in_line() {
    let mut world = World::with_runs(100_000);
    let mut worker = world.worker(1, 1);
    let short = |lease: &Lease| {
        let stats = AttemptStats { total_seconds: 0.001, ..AttemptStats::default() };
        crate::command::JobReport { stats, ..job_report(lease, rows(1)) }
    };
    let first = world.acquire(&mut worker);
    let mut held = world.report(&mut worker, vec![short(&first[0])], 1).leases;
    assert_eq!(held.len(), 201);
    world.submit(OTHER, &spec(1)).unwrap();
    let mut n_calls = 0;
    let served = loop {
        let done: Vec<_> = held.drain(..held.len().min(50)).collect();
        let mut report = worker.next(u32::from(held.is_empty()));
        report.reports = done.iter().map(short).collect();
        report.n_queued = u32::try_from(held.len()).unwrap().saturating_sub(1);
        let Ok(Answer::Reported(answer)) = world.ask(Command::Report(report)) else { panic!("not reported") };
        n_calls += 1;
        if let Some(first) = answer.leases.first() {
            break first.sweep;
        }
    };
    assert_eq!((served, n_calls), (OTHER, 5), "with the first free slot, after what waited");
}

/// Long jobs keep both slots: what could only wait behind them goes to others.
#[test]
fn short_jobs_do_not_wait_behind_long_ones() {
    let mut world = World::with_runs(100_000);
    let (mut one, mut two) = (world.worker(1, 2), world.worker(2, 1));
    let first = world.acquire(&mut two);
    let short = AttemptStats { total_seconds: 0.001, ..AttemptStats::default() };
    let report = crate::command::JobReport { stats: short, ..job_report(&first[0], rows(1)) };
    assert_eq!(world.report(&mut two, vec![report], 0).leases.len(), 200);
    world.submit(OTHER, &spec_with(3, r#""priority":1"#)).unwrap();
    assert_eq!(sweeps(&world.acquire(&mut one)), [5, 5]);
    assert!(world.report(&mut one, vec![], 0).leases.is_empty());
    let held = world.report(&mut two, vec![], 0).leases;
    assert!(held.is_empty(), "held back for the third long job");
}

#[test]
fn what_no_worker_has_is_said() {
    let mut world = World::new();
    world.submit(SWEEP, &spec_with(9, r#""require":{"labels":{"gpu":"a100"},"memory_mb":2000}"#)).unwrap();
    let said = |world: &World| world.status().message.map(|message| message.to_string()).unwrap_or_default();
    assert_eq!(said(&world), "no worker is connected");
    labelled(&mut world, 1, None, 4_000_000_000);
    assert_eq!(
        said(&world),
        "waits: no worker has label gpu=a100 and 2000 MB of memory a slot (1 worker here: no gpu, 4000 MB)"
    );
    labelled(&mut world, 2, Some(("gpu", "h100")), 1_000_000);
    labelled(&mut world, 3, Some(("gpu", "h100")), 1_000_000);
    assert!(said(&world).ends_with("(3 workers here: gpu=h100, 1 MB; no gpu, 4000 MB)"), "{}", said(&world));
    labelled(&mut world, 4, Some(("gpu", "a100")), 2_000_000_000);
    assert_eq!(said(&world), "");
}
