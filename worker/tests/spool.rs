//! What a worker has finished outlives it, its coordinator and a full disk, over real gRPC.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use support::fake::Fake;
use support::{Worker, digits, noop, options, state};
use tokio_util::sync::CancellationToken;
use traipse_agent::Outcome;
use traipse_proto::v1::{self, job_report::Result as Wire};
use traipse_sweep::LeaseId;
use traipse_worker::spool::{FileSpool, Spool};
use traipse_worker::{Error, Options};

/// Every outcome counts as dear, and goes to the spool at once.
fn dear(fake: &Fake, folder: &tempfile::TempDir) -> Options {
    Options { keep_cost: Duration::ZERO, grace: Duration::ZERO, ..options(fake, folder) }
}

/// A spool that counts, and fails when told to.
struct Watched {
    inner: FileSpool,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    full: AtomicBool,
    n_kept: AtomicU64,
    n_failed: AtomicU64,
    /// Writes wait while this is set.
    stuck: Mutex<bool>,
    loose: Condvar,
}

impl Spool for Watched {
    fn keep(&mut self, outcomes: &[Arc<Outcome<v1::JobReport>>]) -> io::Result<()> {
        let stuck = self.seen.stuck.lock().unwrap();
        drop(self.seen.loose.wait_while(stuck, |stuck| *stuck).unwrap());
        if self.seen.full.load(Ordering::SeqCst) {
            self.seen.n_failed.fetch_add(1, Ordering::SeqCst);
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.inner.keep(outcomes)?;
        self.seen.n_kept.fetch_add(outcomes.len() as u64, Ordering::SeqCst);
        Ok(())
    }

    fn release(&mut self, leases: &[LeaseId]) {
        self.inner.release(leases);
    }
}

fn watched(options: Options) -> (Options, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let shared = seen.clone();
    let around = move |inner| Box::new(Watched { inner, seen: shared.clone() }) as Box<dyn Spool>;
    (Options { around_spool: Some(Arc::new(around)), ..options }, seen)
}

/// Leaves a worker's state folder with `n` finished outcomes in its spool that the coordinator has not heard of.
fn left_behind(fake: &Fake, folder: &tempfile::TempDir, n: u64) {
    fake.edit(|seen| seen.deaf = true);
    let (options, seen) = watched(dear(fake, folder));
    let worker = Worker::start(options);
    while seen.n_kept.load(Ordering::SeqCst) < n {
        std::thread::sleep(Duration::from_millis(5));
    }
    let error = worker.drain().unwrap_err();
    let Error::GraceOver { n_kept, .. } = &error else { panic!("{error}") };
    assert!(*n_kept as u64 >= n, "{error}");
    assert!(error.to_string().contains("--state") && error.to_string().contains(state(folder).to_str().unwrap()));
    fake.edit(|seen| seen.deaf = false);
}

#[test]
fn another_life_reports_what_the_one_before_had_finished() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(&noop(8));
    fake.edit(|seen| seen.ahead = 7);
    left_behind(&fake, &folder, 8);
    fake.edit(|seen| assert_eq!((seen.accepted.len(), seen.granted.len()), (0, 8)));
    let worker = Worker::start(options(&fake, &folder));
    fake.until("all jobs", |seen| seen.accepted.len() == 8);
    worker.drain().unwrap();
    fake.edit(|seen| {
        assert_eq!((seen.granted.len(), seen.n_superseded), (8, 0), "no job was leased again, none was reported twice");
        let held: Vec<_> = seen.registers.iter().map(|register| register.held.len()).collect();
        assert_eq!((held.first(), held.last()), (Some(&0), Some(&8)));
    });
    let third = Worker::start(options(&fake, &folder));
    fake.until("a third life", |seen| seen.registers.last().is_some_and(|register| register.incarnation == 3));
    third.drain().unwrap();
    fake.edit(|seen| assert!(seen.registers.last().unwrap().held.is_empty(), "what was answered is gone"));
}

#[test]
fn what_another_coordinator_gave_is_dropped_when_this_one_says_so() {
    let folder = tempfile::tempdir().unwrap();
    left_behind(&Fake::start(&noop(3)), &folder, 3);
    let other = Fake::start(&noop(5));
    let worker = Worker::start(options(&other, &folder));
    other.until("its own jobs", |seen| seen.accepted.len() == 5);
    worker.drain().unwrap();
    other.edit(|seen| assert_eq!((seen.registers.len(), seen.registers[0].held.len()), (1, 3)));
    let (_, left) = FileSpool::open(&state(&folder)).unwrap();
    assert!(left.outcomes.is_empty());
}

#[test]
fn a_spool_that_was_cut_short_gives_what_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(&noop(4));
    fake.edit(|seen| seen.ahead = 3);
    left_behind(&fake, &folder, 4);
    let path = state(&folder).join("spool");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
    let (_, left) = FileSpool::open(&state(&folder)).unwrap();
    assert_eq!((left.outcomes.len(), left.n_damaged), (3, 0));
    assert!(left.n_torn_bytes > 100, "{left:?}");
    let (_, left) = FileSpool::open(&state(&folder)).unwrap();
    assert_eq!((left.outcomes.len(), left.n_torn_bytes), (3, 0), "the torn end is gone");
}

#[test]
fn cheap_outcomes_that_are_answered_do_not_reach_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(&noop(300));
    let (options, seen) = watched(Options { keep_cost: Duration::from_secs(60), ..options(&fake, &folder) });
    let worker = Worker::start(options);
    fake.until("all jobs", |seen| seen.accepted.len() == 300);
    let n_kept = seen.n_kept.load(Ordering::SeqCst);
    worker.drain().unwrap();
    // A machine that stands still for half a second is no mistake of the worker.
    assert!(n_kept < 300, "{n_kept} of 300 were written");
}

#[test]
fn a_full_disk_stops_the_taking_of_jobs_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(&noop(20));
    fake.edit(|seen| (seen.ahead, seen.todo) = (0, [0].into()));
    let (options, disk) = watched(dear(&fake, &folder));
    disk.full.store(true, Ordering::SeqCst);
    let worker = Worker::start(options);
    fake.until("the first job", |seen| seen.accepted.len() == 1);
    fake.edit(|seen| seen.todo = (1..20).collect());
    let before = disk.n_failed.load(Ordering::SeqCst);
    while disk.n_failed.load(Ordering::SeqCst) < before + 3 {
        std::thread::sleep(Duration::from_millis(5));
    }
    fake.edit(|seen| assert!(seen.granted.len() <= 2, "{} leases were taken", seen.granted.len()));
    disk.full.store(false, Ordering::SeqCst);
    fake.until("all jobs", |seen| seen.accepted.len() == 20);
    worker.drain().unwrap();
}

#[test]
fn heartbeats_go_on_while_the_disk_stands_still() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(&noop(2));
    fake.edit(|seen| (seen.ahead, seen.deaf) = (1, true));
    let (options, disk) = watched(dear(&fake, &folder));
    *disk.stuck.lock().unwrap() = true;
    let worker = Worker::start(options);
    fake.until("outcomes that wait", |seen| seen.reports.iter().any(|report| !report.reports.is_empty()));
    let before = fake.edit(|seen| seen.beats.len());
    fake.until("heartbeats", |seen| {
        seen.beats.len() > before + 10 && seen.beats.last().is_some_and(|beat| beat.leases.len() == 2)
    });
    fake.edit(|seen| {
        let shown: Vec<_> = seen.beats.iter().flat_map(|beat| &beat.leases).map(|lease| lease.progress).collect();
        assert!(shown.first() < shown.last(), "what waits for the coordinator does not stand still: {shown:?}");
        seen.deaf = false;
    });
    fake.until("all jobs", |seen| seen.accepted.len() == 2);
    *disk.stuck.lock().unwrap() = false;
    disk.loose.notify_all();
    worker.drain().unwrap();
}

#[test]
fn heartbeats_go_on_while_the_driver_stands_still() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(&digits(1_000_000, ""));
    fake.edit(|seen| (seen.ahead, seen.todo) = (0, [0].into()));
    let options = Options { grace: Duration::ZERO, ..options(&fake, &folder) };
    let leave = CancellationToken::new();
    let (token, (jam, jammed)) = (leave.clone(), std::sync::mpsc::channel::<std::sync::mpsc::Receiver<()>>());
    let worker = std::thread::spawn(move || {
        // One thread for all: who blocks it blocks the driver.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    if let Ok(until) = jammed.try_recv() {
                        let _ = until.recv();
                        return;
                    }
                }
            });
            traipse_worker::start(options, token).await
        })
    });
    fake.until("a job under way", |seen| {
        seen.beats.iter().any(|beat| beat.leases.iter().any(|lease| lease.progress > 0))
    });
    let (free, until) = std::sync::mpsc::channel();
    jam.send(until).unwrap();
    let n_reports = fake.edit(|seen| seen.reports.len());
    let before = fake.edit(|seen| seen.beats.len());
    fake.until("heartbeats", |seen| seen.beats.len() > before + 10);
    fake.edit(|seen| {
        let shown: Vec<_> =
            seen.beats[before..].iter().flat_map(|beat| &beat.leases).map(|lease| lease.progress).collect();
        assert!(shown.first() < shown.last(), "with the progress of the moment: {shown:?}");
        assert!(seen.reports.len() <= n_reports + 1, "the driver stood still");
    });
    free.send(()).unwrap();
    leave.cancel();
    worker.join().unwrap().unwrap();
}

#[test]
fn a_job_whose_time_is_over_is_a_transient_failure() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(&digits(1_000_000, ""));
    fake.edit(|seen| (seen.ahead, seen.todo, seen.time_limit_ms) = (0, [0].into(), 1000));
    let worker = Worker::start(options(&fake, &folder));
    fake.until("its failure", |seen| !seen.accepted.is_empty());
    worker.drain().unwrap();
    fake.edit(|seen| {
        let Some(Wire::Failed(failure)) = &seen.accepted[&0].result else { panic!("{:?}", seen.accepted) };
        assert_eq!(failure.class(), v1::FailureClass::Transient);
        assert_eq!(failure.message, "it took longer than its time_limit of 1s");
    });
}

#[test]
fn many_slots_are_few_threads() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(&noop(20_000));
    fake.edit(|seen| seen.ahead = 0);
    let worker = Worker::start(Options { n_slots: 1024, ..options(&fake, &folder) });
    fake.until("all jobs", |seen| seen.accepted.len() == 20_000);
    worker.drain().unwrap();
    fake.edit(|seen| {
        let register = &seen.registers[0];
        let cores = std::thread::available_parallelism().unwrap().get() as u32;
        assert_eq!((register.n_slots, register.n_threads), (1024, cores.min(1024)));
        assert_eq!(seen.reports[0].n_free_slots, register.n_threads, "before it is known that jobs are short");
        let most = seen.reports.iter().map(|report| report.n_free_slots).max();
        assert!(most > Some(100), "{most:?} at most were asked for");
    });
}
