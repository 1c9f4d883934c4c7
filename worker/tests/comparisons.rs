//! Comparisons in a worker: runs leave weights in the store, and whoever compares them copies and checks them.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::ops::Range;

use support::fake::{self, Fake};
use support::{Worker, digits, options};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use traipse_proto::v1::{self, job_report::Result as Wire};
use traipse_proto::{MEMBERS_KIND, v1::FailureClass};
use traipse_store::Store;
use traipse_sweep::JobNumber;
use traipse_worker::Options;

/// Four runs, and their six pairs as jobs 4 to 9.
const RUNS: Range<u64> = 0..4;
const PAIRS: Range<u64> = 4..10;

/// A sweep of pairs on a coordinator whose store is reached.
struct Scene {
    folder: TempDir,
    _artifacts: TempDir,
    store: Store,
    runtime: Runtime,
    fake: Fake,
}

impl Scene {
    fn new(more: &str) -> Self {
        let (folder, artifacts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let store = Store::open(artifacts.path().to_str().unwrap()).unwrap();
        let compare = "[[compare]]\npairs_over = \"seed\"\nprobe = \"distance\"";
        let spec = format!("{}\n{compare}\n", digits(1, more));
        let fake = Fake::with_store(&spec, Some((store.clone(), b"the real nonce".to_vec())));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { folder, _artifacts: artifacts, store, runtime, fake }
    }

    fn worker(&self, n_slots: u32) -> Worker {
        Worker::start(Options { n_slots, ..options(&self.fake, &self.folder) })
    }

    /// Has the runs run, and nothing else.
    fn run_runs(&self) -> Worker {
        self.fake.edit(|seen| seen.todo.retain(|job| RUNS.contains(job)));
        let worker = self.worker(1);
        self.fake.until("all runs", |seen| seen.accepted.len() == 4);
        worker
    }

    fn grant(&self, jobs: Range<u64>) {
        self.fake.edit(|seen| seen.todo.extend(jobs));
    }
}

#[test]
fn weights_that_are_not_what_was_promised_fail_the_attempt_and_name_the_store() {
    let scene = Scene::new("");
    let worker = scene.run_runs();
    let url = scene.store.url().to_owned();
    let left = scene.fake.edit(|seen| {
        RUNS.map(|run| fake::artifact(run, seen.lease_of(run).unwrap(), MEMBERS_KIND)).collect::<Vec<_>>()
    });
    scene.runtime.block_on(async {
        scene.store.delete(&left[0]).await.unwrap();
        scene.store.delete(&left[1]).await.unwrap();
        scene.store.put_if_absent(&left[1], "other weights").await.unwrap();
    });
    scene.grant(PAIRS);
    scene.fake.until("all jobs", |seen| seen.accepted.len() == 10);
    worker.drain().unwrap();
    scene.fake.edit(|seen| {
        for job in PAIRS {
            let members = scene.fake.plan.group(JobNumber(job)).unwrap().members;
            if members.iter().all(|run| run.0 > 1) {
                continue;
            }
            let Some(Wire::Failed(failure)) = &seen.accepted[&job].result else { panic!("job {job} did not fail") };
            assert_eq!(failure.class(), FailureClass::Transient, "{}", failure.message);
            assert!(failure.message.contains(&url), "{}", failure.message);
            let names = left[..2].iter().any(|name| failure.message.contains(name.as_str()));
            assert!(names, "{}", failure.message);
        }
    });
}

#[test]
fn a_comparison_that_waits_can_be_stopped() {
    let scene = Scene::new("");
    scene.fake.edit(|seen| seen.todo = [PAIRS.start].into());
    let worker = scene.worker(1);
    scene.fake.until("questions", |seen| seen.n_members >= 2);
    scene.fake.edit(|seen| {
        let lease = seen.lease_of(PAIRS.start).unwrap();
        seen.stop.insert(lease);
    });
    scene.grant(RUNS);
    scene.fake.until("the runs", |seen| seen.accepted.len() == 4);
    worker.drain().unwrap();
    scene.fake.edit(|seen| assert!(!seen.accepted.contains_key(&PAIRS.start), "it was stopped"));
}

#[test]
fn a_worker_that_reaches_no_store_says_so() {
    let compare = "[[compare]]\npairs_over = \"seed\"\nprobe = \"distance\"";
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(&format!("{}\n{compare}\n", digits(1, "")));
    fake.edit(|seen| seen.todo = [0].into());
    let worker = Worker::start(options(&fake, &folder));
    fake.until("an outcome", |seen| !seen.accepted.is_empty());
    worker.drain().unwrap();
    fake.edit(|seen| {
        let Some(Wire::Failed(v1::Failure { message, .. })) = &seen.accepted[&0].result else { panic!("no failure") };
        assert!(message.contains("comparisons need the artifact store"), "{message}");
    });
}
