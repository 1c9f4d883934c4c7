//! Extensions: what is run, what is kept, what is fenced off, and what a restart finds.

use std::sync::Arc;

use traipse_sweep::facts::Control;
use traipse_sweep::{Fact, Generation, RequestId, SweepId};

use super::world::*;
use crate::command::{Answer, Command, Lease, Rejection};
use crate::pump::SweepState;

fn spec(epochs: u64, seeds: u64, compare: &str) -> String {
    let text = format!(
        r#"{{"spec":1,"name":"test","model":{{"kind":"noop"}},"train":{{"epochs":{epochs}}},
        "axes":{{"train.learning_rate":[0.1,0.2]}},"replicates":{{"seed":{seeds}}},
        "execution":{{"order":"grid"}}{compare}}}"#
    );
    let spec = traipse_sweep::spec::parse(&text, traipse_sweep::spec::Format::Json, "test");
    spec.unwrap_or_else(|error| panic!("{error}")).canonical_json()
}

const PAIRS: &str = r#","compare":[{"pairs_over":"seed","probe":"distance"}]"#;

impl World {
    fn extend(&mut self, request: u128, spec: &str) -> Result<Answer, Rejection> {
        self.ask(Command::Extend { sweep: SWEEP, request: RequestId(request), spec: Arc::from(spec) })
    }

    /// Does all that is leased, in order; jobs with their generations, by job.
    fn finish_all(&mut self, worker: &mut Worker) -> Vec<(u64, u32)> {
        let (mut done, mut leases) = (Vec::new(), self.acquire(worker));
        while !leases.is_empty() {
            done.extend(leases.iter().map(|lease| (lease.job.0, lease.generation.0)));
            let reports = leases.iter().map(|lease: &Lease| job_report(lease, rows(lease.job.0))).collect();
            let n_slots = worker.n_slots;
            leases = self.report(worker, reports, n_slots).leases;
        }
        done.sort_unstable();
        done
    }
}

const NEW: Result<Answer, Rejection> = Ok(Answer::Extended { existed: false });
const KNOWN: Result<Answer, Rejection> = Ok(Answer::Extended { existed: true });

fn submitted(spec: &str) -> (World, Worker) {
    let mut world = World::new();
    world.submit(SWEEP, spec).expect("a fresh sweep is admitted");
    let mut worker = world.worker(1, 4);
    worker.n_slots = 4;
    (world, worker)
}

#[test]
fn more_seeds_are_run_and_the_rest_is_kept() {
    let (mut world, mut worker) = submitted(&spec(1, 2, ""));
    world.finish_all(&mut worker);
    assert_eq!(world.status().state, SweepState::Completed);
    assert_eq!(world.extend(1, &spec(1, 3, "")), NEW);
    assert_eq!((world.status().state, world.status().n_runs, world.status().n_ready), (SweepState::Active, 6, 2));
    assert_eq!(world.finish_all(&mut worker), [(4, 0), (5, 0)]);
    assert_eq!((world.status().state, world.status().n_succeeded), (SweepState::Completed, 6));
}

#[test]
fn more_epochs_run_all_again_and_fence_off_what_is_under_way() {
    let (mut world, mut worker) = submitted(&spec(1, 2, ""));
    let old = world.acquire(&mut worker);
    world.end(&mut worker, &old[0], rows(1));
    assert_eq!(world.extend(1, &spec(2, 2, "")), NEW);
    let stopped: Vec<_> = old[1..].iter().map(|lease| lease.lease).collect();
    assert_eq!(world.beat(&worker, &stopped), stopped);
    assert!(!world.end(&mut worker, &old[1], rows(9)), "rows of the old training are superseded");
    assert_eq!(world.finish_all(&mut worker), [(0, 1), (1, 1), (2, 1), (3, 1)]);
    let raised = world.pump.generations(SWEEP);
    assert_eq!((raised.len(), raised[0].n_jobs, raised[0].generation), (1, 4, Generation(1)));
}

#[test]
fn what_new_pairs_need_is_trained_again_once_the_weights_are_gone() {
    let (mut world, mut worker) = submitted(&spec(1, 2, PAIRS));
    assert_eq!(world.finish_all(&mut worker).len(), 6);
    assert_eq!(world.extend(1, &spec(1, 3, PAIRS)), NEW);
    // Runs 0 to 3 once more, two new runs; pairs 4 and 5 stay, and two times two are new: 8, 10, 11 and so on less holes.
    let done = world.finish_all(&mut worker);
    let again: Vec<_> = done.iter().filter(|(job, _)| *job < 6).collect();
    assert_eq!(again, [&(0, 1), &(1, 1), &(2, 1), &(3, 1)]);
    assert_eq!(done.len(), 4 + 2 + 4);
    let status = world.status();
    assert_eq!((status.n_comparisons, status.n_comparisons_done, status.n_succeeded), (6, 6, 12));
}

#[test]
fn while_a_sweep_goes_on_its_weights_serve_new_pairs() {
    let (mut world, mut worker) = submitted(&spec(1, 2, PAIRS));
    let leases = world.acquire(&mut worker);
    for lease in &leases[..3] {
        world.end(&mut worker, lease, rows(1));
    }
    assert_eq!(world.extend(1, &spec(1, 3, PAIRS)), NEW);
    world.end(&mut worker, &leases[3], rows(1));
    let done = world.finish_all(&mut worker);
    assert!(done.iter().all(|(job, generation)| *job >= 4 && *generation == 0), "{done:?}");
    assert_eq!((world.status().state, world.status().n_succeeded), (SweepState::Completed, 12));
}

#[test]
fn a_comparison_more_of_ended_runs_is_ready_at_once_or_when_they_are_trained_again() {
    let both = r#","compare":[{"pairs_over":"seed","probe":"distance"},{"neighbours_over":"train.learning_rate","probe":"distance"}]"#;
    let (mut world, mut worker) = submitted(&spec(1, 2, PAIRS));
    world.finish_all(&mut worker);
    assert_eq!(world.extend(1, &spec(1, 2, both)), NEW);
    let done = world.finish_all(&mut worker);
    assert_eq!(done.len(), 4 + 2, "{done:?}");
    assert_eq!((world.status().n_comparisons, world.status().n_comparisons_done), (4, 4));
    // And taken back: what is not asked for is not counted, and comes again in another generation.
    assert_eq!(world.extend(2, &spec(1, 2, PAIRS)), NEW);
    assert_eq!((world.status().state, world.status().n_succeeded), (SweepState::Completed, 6));
    assert_eq!(world.extend(3, &spec(1, 2, both)), NEW);
    let generations: Vec<u32> = world.finish_all(&mut worker).into_iter().map(|(_, generation)| generation).collect();
    assert_eq!((generations.len(), generations.iter().filter(|at| **at > 0).count()), (6, 6));
}

#[test]
fn an_extension_is_idempotent_also_after_a_restart() {
    for with_snapshot in [false, true] {
        let (mut world, mut worker) = submitted(&spec(1, 2, PAIRS));
        world.finish_all(&mut worker);
        assert_eq!(world.extend(1, &spec(1, 3, PAIRS)), NEW);
        assert_eq!(world.extend(1, &spec(1, 3, PAIRS)), KNOWN);
        assert_eq!(world.extend(2, &spec(2, 4, PAIRS)), NEW);
        world.acquire(&mut worker);
        let (seq, bytes) = (world.pump.snapshot_seq(), world.pump.snapshot().encode());
        world.crash(with_snapshot.then_some((seq, &bytes[..])));
        assert_eq!(world.extend(1, &spec(1, 3, PAIRS)), KNOWN);
        assert_eq!(world.extend(1, &spec(1, 5, PAIRS)), Err(Rejection::OtherSpec(SWEEP)));
        assert_eq!(world.extend(7, &spec(2, 4, PAIRS)), KNOWN);
        let first = world.submit(SWEEP, &spec(1, 2, PAIRS));
        assert!(matches!(first, Ok(Answer::Submitted { existed: true, .. })), "{first:?}");
        assert_eq!(world.n_facts(|fact| matches!(fact, Fact::SweepExtended { .. })), 2);
        let mut worker = world.life(1, 2, 4, &[]).0;
        world.finish_all(&mut worker);
        let status = world.status();
        assert_eq!((status.state, status.n_succeeded), (SweepState::Completed, 8 + 12));
    }
}

#[test]
fn what_is_no_extension_is_refused_and_changes_nothing() {
    let (mut world, _) = submitted(&spec(2, 2, ""));
    let smaller = world.extend(1, &spec(2, 1, ""));
    assert!(
        matches!(&smaller, Err(Rejection::NotLarger { message, .. }) if message.contains("replicates.seed")),
        "{smaller:?}"
    );
    let unknown = Command::Extend { sweep: SweepId(5), request: RequestId(1), spec: Arc::from(spec(2, 2, "")) };
    assert_eq!(world.ask(unknown), Err(Rejection::UnknownSweep(SweepId(5))));
    world.control(SWEEP, Control::Cancel).unwrap();
    assert_eq!(world.extend(1, &spec(2, 3, "")), Err(Rejection::Cancelled(SWEEP)));
    assert_eq!(world.n_facts(|fact| matches!(fact, Fact::SweepExtended { .. })), 0);
}

#[test]
fn no_lease_of_an_extension_is_granted_before_it_is_durable() {
    let (mut world, mut worker) = submitted(&spec(1, 2, ""));
    world.finish_all(&mut worker);
    world.commits_at_once = false;
    let call = world.call(Command::Extend { sweep: SWEEP, request: RequestId(1), spec: Arc::from(spec(1, 3, "")) });
    let report = Command::Report(worker.next(2));
    let acquire = world.call(report);
    assert!(!world.answers.contains_key(&call));
    world.commits_at_once = true;
    world.commit();
    match world.answers.remove(&acquire) {
        Some(Ok(Answer::Reported(answer))) => assert!(answer.leases.is_empty(), "it was decided before"),
        other => panic!("not reported: {other:?}"),
    }
    assert_eq!(world.acquire(&mut worker).len(), 2);
}
