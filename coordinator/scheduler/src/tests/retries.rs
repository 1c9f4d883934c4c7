//! Retries: what is reopened, in which generation, and what becomes of what was under way.

use std::ops::Range;

use traipse_sweep::facts::Control;
use traipse_sweep::{Fact, FailureClass, Generation, RequestId, SweepId};

use super::world::*;
use crate::command::{Answer, Command, Lease, Rejection, Reopened};
use crate::pump::SweepState;

impl World {
    pub(super) fn retry(&mut self, request: u128, cells: Option<Vec<Range<u64>>>) -> Result<Answer, Rejection> {
        self.ask(Command::Retry { sweep: SWEEP, request: RequestId(request), cells })
    }

    /// Does all that is leased, in order, failing those jobs for good.
    fn finish(&mut self, worker: &mut Worker, fail: &[u64]) -> Vec<Lease> {
        let (mut done, mut leases) = (Vec::new(), self.acquire(worker));
        while !leases.is_empty() {
            done.extend(leases.clone());
            let result = |lease: &Lease| match fail.contains(&lease.job.0) {
                true => failed(FailureClass::Invalid),
                false => rows(lease.job.0),
            };
            let reports = leases.iter().map(|lease| job_report(lease, result(lease))).collect();
            let n_slots = worker.n_slots;
            leases = self.report(worker, reports, n_slots).leases;
        }
        done
    }
}

fn retried(n_runs: u64, n_comparisons: u64) -> Result<Answer, Rejection> {
    Ok(Answer::Retried(Reopened { n_runs, n_comparisons }))
}

/// Jobs with their generations, by job.
fn jobs(leases: &[Lease]) -> Vec<(u64, u32)> {
    let mut jobs: Vec<_> = leases.iter().map(|lease| (lease.job.0, lease.generation.0)).collect();
    jobs.sort_unstable();
    jobs
}

/// What is asked of six runs of three cells that ended (run 2 and run 5 failed), and what is run anew.
#[test]
fn what_failed_or_what_is_named_is_run_anew() {
    let spec = r#"{"spec":1,"name":"test","model":{"kind":"noop"},"axes":{"train.learning_rate":[0.1,0.2,0.3]},
        "replicates":{"seed":2},"execution":{"order":"grid"}}"#;
    let no_cell = |cell| Err(Rejection::UnknownCell { sweep: SWEEP, cell, n_cells: 3 });
    type Row = (Option<Vec<Range<u64>>>, Result<Answer, Rejection>, Vec<(u64, u32)>);
    let rows_of_data: [Row; 7] = [
        (None, retried(2, 0), vec![(2, 1), (5, 1)]),
        (Some(vec![0..1]), retried(2, 0), vec![(0, 1), (1, 1)]),
        (Some(vec![1..3, 2..3]), retried(4, 0), vec![(2, 1), (3, 1), (4, 1), (5, 1)]),
        (Some(vec![]), retried(0, 0), vec![]),
        (Some(vec![3..4]), no_cell(3), vec![]),
        (Some(vec![0..4]), no_cell(3), vec![]),
        (Some(vec![2..u64::MAX]), no_cell(u64::MAX - 1), vec![]),
    ];
    for (cells, answer, expected) in rows_of_data {
        let mut world = World::new();
        world.submit(SWEEP, spec).unwrap();
        let mut worker = world.worker(1, 4);
        world.finish(&mut worker, &[2, 5]);
        assert_eq!(world.status().state, SweepState::Completed);
        assert_eq!(world.retry(1, cells.clone()), answer, "{cells:?}");
        let state = if expected.is_empty() { SweepState::Completed } else { SweepState::Active };
        assert_eq!(world.status().state, state, "{cells:?}");
        assert_eq!(jobs(&world.finish(&mut worker, &[])), expected, "{cells:?}");
        let status = world.status();
        assert_eq!(status.state, SweepState::Completed);
        assert_eq!(status.n_succeeded + status.n_failed, 6);
    }
}

#[test]
fn a_repeated_wish_is_answered_alike_also_after_a_restart() {
    for with_snapshot in [false, true] {
        let mut world = World::with_runs(3);
        let mut worker = world.worker(1, 3);
        world.finish(&mut worker, &[1]);
        assert_eq!(world.retry(7, None), retried(1, 0));
        world.finish(&mut worker, &[1]);
        assert_eq!(world.retry(7, None), retried(1, 0), "what failed since is another wish's");
        let (seq, bytes) = (world.pump.snapshot_seq(), world.pump.snapshot().encode());
        world.crash(with_snapshot.then_some((seq, &bytes[..])));
        assert_eq!(world.retry(7, None), retried(1, 0));
        assert_eq!(world.status().state, SweepState::Completed);
        assert_eq!(world.n_facts(|fact| matches!(fact, Fact::JobsRetried { .. })), 1);
        assert_eq!(world.retry(8, None), retried(1, 0));
        let mut worker = world.life(1, 2, 3, &[]).0;
        assert_eq!(jobs(&world.finish(&mut worker, &[])), [(1, 2)]);
        let raised: Vec<_> = world.pump.generations(SWEEP);
        assert_eq!((raised.len(), raised[0].first_job.0, raised[0].generation), (1, 1, Generation(2)));
    }
}

#[test]
fn what_is_no_sweep_or_was_cancelled_is_refused() {
    let mut world = World::with_runs(3);
    let unknown = world.ask(Command::Retry { sweep: SweepId(5), request: RequestId(1), cells: None });
    assert_eq!(unknown, Err(Rejection::UnknownSweep(SweepId(5))));
    world.control(SWEEP, Control::Cancel).unwrap();
    assert_eq!(world.retry(1, None), Err(Rejection::Cancelled(SWEEP)));
}

#[test]
fn a_late_report_of_the_old_generation_is_superseded() {
    let mut world = World::with_runs(2);
    let (mut lost, mut other) = (world.worker(1, 1), world.worker(2, 2));
    let old = world.acquire(&mut lost)[0];
    world.pass(16.0);
    world.finish(&mut other, &[0]);
    assert_eq!(world.retry(1, None), retried(1, 0));
    assert_eq!(world.beat(&lost, &[old.lease]), [old.lease], "nobody wants its result");
    assert!(!world.end(&mut lost, &old, rows(9)));
    let n_rows = world.n_rows();
    // The job that a lost worker ran had gone to the other alone, so that job 1 is still to come.
    assert_eq!(jobs(&world.finish(&mut other, &[])), [(0, 1), (1, 0)]);
    assert_eq!((world.n_rows() - n_rows, world.status().n_succeeded), (2, 2));
}

#[test]
fn attempts_and_strikes_start_anew() {
    let mut world = World::with_runs(1);
    let mut worker = world.worker(1, 1);
    for round in 0..2 {
        for attempt in 1..=3 {
            let lease = world.acquire(&mut worker)[0];
            assert_eq!((lease.attempt, lease.generation.0), (attempt, round));
            assert!(world.end(&mut worker, &lease, failed(FailureClass::Poison)));
        }
        assert_eq!(world.status().n_quarantined, 1);
        assert_eq!(world.retry(u128::from(round), None), retried(1, 0));
    }
}

/// Three runs and their three pairs (jobs 3 to 5), one after the other; run 1 fails, and pair 3 where it says so.
fn compared(fail: &[u64]) -> (World, Worker) {
    let mut world = World::new();
    world.submit(SWEEP, &pairs_spec(3)).unwrap();
    let mut worker = world.worker(1, 1);
    world.finish(&mut worker, fail);
    assert_eq!(world.status().state, SweepState::Completed);
    (world, worker)
}

#[test]
fn a_comparison_is_never_older_than_its_members() {
    // After the end, what comparisons need of their members is gone: all of them are trained anew.
    let (mut world, mut worker) = compared(&[1]);
    assert_eq!(world.retry(1, None), retried(3, 3));
    let status = world.status();
    assert_eq!((status.n_blocked, status.n_ready, status.n_succeeded), (3, 3, 0));
    let all: Vec<_> = (0..6).map(|job| (job, 1)).collect();
    assert_eq!(jobs(&world.finish(&mut worker, &[3])), all);
    // A comparison alone likewise.
    assert_eq!(world.retry(2, None), retried(3, 3));
    world.finish(&mut worker, &[]);
    assert_eq!(world.status().n_succeeded, 6);
}

#[test]
fn while_a_sweep_goes_on_members_stay_done() {
    let mut world = World::new();
    world.submit(SWEEP, &pairs_spec(3)).unwrap();
    let mut worker = world.worker(1, 3);
    let runs = world.acquire(&mut worker);
    for (lease, result) in runs.iter().zip([rows(0), failed(FailureClass::Invalid), rows(2)]) {
        assert!(world.end(&mut worker, lease, result));
    }
    let pairs = world.acquire(&mut worker);
    assert!(world.end(&mut worker, &pairs[0], rows(3)));
    assert!(world.end(&mut worker, &pairs[1], failed(FailureClass::Invalid)));
    // Run 1 and pair 4 failed. Pair 3 (done) and pair 5 (leased) have run 1 as a member; pair 4 has not.
    assert_eq!(world.retry(1, None), retried(1, 3));
    let status = world.status();
    assert_eq!((status.n_blocked, status.n_leased, status.n_ready), (2, 0, 2));
    assert_eq!(world.beat(&worker, &[pairs[2].lease]), [pairs[2].lease]);
    assert!(!world.end(&mut worker, &pairs[2], rows(5)), "it is of the old generation");
    assert_eq!(jobs(&world.finish(&mut worker, &[])), [(1, 1), (3, 1), (4, 1), (5, 1)]);
    assert_eq!(world.status().n_succeeded, 6);
    assert_eq!(world.pump.compared().map(|compared| compared.retry).collect::<Vec<_>>(), [Some(RequestId(1))]);
}

#[test]
fn a_whole_sweep_that_is_retried_takes_no_room() {
    let mut world = World::with_runs(2000);
    let mut worker = world.worker(1, 1000);
    world.finish(&mut worker, &[]);
    let before = world.pump.snapshot().encode().len();
    assert_eq!(world.retry(1, Some(vec![0..1])), retried(2000, 0));
    assert_eq!(world.retry(2, Some(vec![0..1])), retried(0, 0), "nothing has ended");
    assert!(world.pump.snapshot().encode().len() < before + 100);
    assert_eq!(world.status().n_ready, 2000);
}
