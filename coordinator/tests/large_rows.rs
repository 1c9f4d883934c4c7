//! Rows that are too large for a report go through the artifact store.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use bytes::Bytes;
use common::results::{results, try_results};
use common::{Worker, block_with, check_refusal, clients, noop, start, status, submit, sweep};
use tonic::Code;
use traipse_coordinator::Coordinator;
use traipse_proto::{ROWS_KIND, v1};
use traipse_store::{Name, Store};
use traipse_sweep::{JobNumber, LeaseId};

const REJECTED: i32 = v1::Verdict::Superseded as i32;
const ACCEPTED: i32 = v1::Verdict::Accepted as i32;

/// A worker with leases of two jobs, and rows of more than a mebibyte.
struct Scene {
    worker: Worker,
    leases: Vec<v1::Lease>,
    store: Store,
    rows: Bytes,
}

impl Scene {
    async fn new(coordinator: &Coordinator) -> Self {
        let clients = clients(coordinator).await;
        let spec = noop("large", 2);
        submit(&clients, &sweep(1), &spec).await.unwrap();
        let mut worker = Worker::register(&clients, 1, 2).await;
        let leases = worker.report(Vec::new(), 2).await.unwrap().leases;
        let store = Store::open_existing(&worker.registered.artifacts_url).unwrap();
        let rows = block_with(&spec, &"long ".repeat(300_000));
        assert!(rows.len() > traipse_proto::INLINE_ROWS_BYTES);
        Self { worker, leases, store, rows }
    }

    fn name(&self, at: usize) -> Name {
        let lease = &self.leases[at];
        Name::of_lease(lease.sweep.parse().unwrap(), JobNumber(lease.job), LeaseId(lease.lease), ROWS_KIND).unwrap()
    }

    async fn put(&self, at: usize) {
        self.store.put_if_absent(&self.name(at), self.rows.clone()).await.unwrap();
    }

    async fn is_there(&self, at: usize) -> bool {
        self.store.get(&self.name(at)).await.is_ok()
    }

    /// Reports the rows that the store should hold; says how it was taken.
    async fn report(&mut self, at: usize) -> i32 {
        let artifact = traipse_store::Artifact::of(&self.rows);
        let stored = v1::Artifact { kind: ROWS_KIND.to_owned(), size: artifact.size, sha256: artifact.sha256.to_vec() };
        let mut report = common::success(&self.leases[at], &Bytes::new());
        let rows = v1::Rows { block: Bytes::new(), artifacts: vec![stored] };
        report.result = Some(v1::job_report::Result::Succeeded(rows));
        self.worker.report(vec![report], 0).await.unwrap().verdicts[0]
    }
}

#[tokio::test]
async fn large_rows_are_accepted_sealed_and_taken_away() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let mut scene = Scene::new(&coordinator).await;
    let clients = clients(&coordinator).await;
    scene.put(0).await;
    assert_eq!(scene.report(0).await, ACCEPTED);
    assert_eq!(scene.report(0).await, REJECTED);
    assert!(scene.is_there(0).await, "the ledger refers to it, whatever a repetition was told");
    let sealed = results(&clients, &sweep(1)).await;
    assert_eq!((sealed.n_rows("runs"), sealed.n_rows("attempts"), sealed.artifacts.len()), (1, 1, 0));
    // Taking away follows the answer; the next request comes after it.
    results(&clients, &sweep(1)).await;
    assert!(!scene.is_there(0).await);
    scene.put(0).await;
    assert_eq!(scene.report(0).await, REJECTED);
    assert!(!scene.is_there(0).await, "what is superseded is deleted");
    assert_eq!(results(&clients, &sweep(1)).await.n_rows("runs"), 1);
    coordinator.shutdown().await;
}

#[tokio::test]
async fn rows_that_are_lost_or_damaged_fail_their_attempt() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let mut scene = Scene::new(&coordinator).await;
    let clients = clients(&coordinator).await;
    assert_eq!(scene.report(0).await, ACCEPTED, "as a failure");
    let lost = status(&clients, &sweep(1)).await;
    assert_eq!((lost.n_succeeded, lost.n_lost_attempts), (0, 1));
    assert!(lost.message.contains("artifact store"), "{}", lost.message);
    let mut damaged = scene.rows.to_vec();
    damaged[1_000_000] ^= 1;
    scene.store.put_if_absent(&scene.name(1), damaged).await.unwrap();
    assert_eq!(scene.report(1).await, ACCEPTED, "as a failure");
    let lost = status(&clients, &sweep(1)).await;
    assert_eq!((lost.n_succeeded, lost.n_lost_attempts), (0, 2));
    assert!(lost.message.contains("damaged"), "{}", lost.message);
    assert!(!scene.is_there(1).await);
    assert_eq!(results(&clients, &sweep(1)).await.n_rows("runs"), 0);
    coordinator.shutdown().await;
}

#[tokio::test]
async fn accepted_rows_are_sealed_by_the_next_life_once_they_are_in_reach() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let mut scene = Scene::new(&coordinator).await;
    for at in 0..2 {
        scene.put(at).await;
        assert_eq!(scene.report(at).await, ACCEPTED);
    }
    coordinator.kill().await;
    scene.store.delete(&scene.name(1)).await.unwrap();

    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    check_refusal(try_results(&clients, &sweep(1)).await, Code::DataLoss, "put the artifact back");
    assert_eq!(status(&clients, &sweep(1)).await.n_succeeded, 2, "the coordinator goes on");
    scene.put(1).await;
    assert_eq!(results(&clients, &sweep(1)).await.n_rows("runs"), 2);
    // Whether or not this life has taken it away, the next one does.
    coordinator.kill().await;
    let coordinator = start(dir.path()).await;
    let clients = common::clients(&coordinator).await;
    for _ in 0..2 {
        assert_eq!(results(&clients, &sweep(1)).await.n_rows("runs"), 2);
    }
    assert!(!scene.is_there(0).await && !scene.is_there(1).await);
    coordinator.shutdown().await;
}
