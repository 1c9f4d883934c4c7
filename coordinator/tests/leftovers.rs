//! Artifacts that no accepted report names are deleted once their sweep has ended; all others stay.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::time::{Duration, Instant};

use bytes::Bytes;
use common::{Worker, block, clients, noop, start, submit, success, sweep, with_limits};
use traipse_coordinator::Coordinator;
use traipse_proto::v1;
use traipse_store::{Artifact, Name, Store};
use traipse_sweep::{JobNumber, LeaseId, SweepId};

const KIND: &str = "snapshots.safetensors";
/// Bounds a failure; nothing waits that long.
const PATIENCE: Duration = Duration::from_secs(20);

async fn put(store: &Store, sweep: &str, job: u64, lease: u64) -> (Name, Artifact) {
    let sweep: SweepId = sweep.parse().unwrap();
    let name = Name::of_lease(sweep, JobNumber(job), LeaseId(lease), KIND).unwrap();
    let artifact = store.put_if_absent(&name, Bytes::from_static(b"weights")).await.unwrap();
    (name, artifact)
}

/// Reports a lease's rows and the artifact that it put.
fn with_artifact(lease: &v1::Lease, block: &Bytes, artifact: &Artifact) -> v1::JobReport {
    let named = v1::Artifact { kind: KIND.to_owned(), size: artifact.size, sha256: artifact.sha256.to_vec() };
    let rows = v1::Rows { block: block.clone(), artifacts: vec![named] };
    v1::JobReport { result: Some(v1::job_report::Result::Succeeded(rows)), ..success(lease, block) }
}

#[tokio::test]
async fn what_no_report_names_goes_and_what_one_names_stays() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let callers = clients(&coordinator).await;
    let spec = noop("left", 1);
    for n in 1..=2 {
        submit(&callers, &sweep(n), &spec).await.unwrap();
    }
    let mut worker = Worker::register(&callers, 1, 1).await;
    let store = Store::open_existing(&worker.registered.artifacts_url).unwrap();
    let lease = worker.report(Vec::new(), 1).await.unwrap().leases.remove(0);
    let (ended, going_on) = (lease.sweep.clone(), sweep(if lease.sweep == sweep(1) { 2 } else { 1 }));
    let (named, artifact) = put(&store, &ended, lease.job, lease.lease).await;
    let (orphan, _) = put(&store, &ended, lease.job, lease.lease + 1000).await;
    let (early, _) = put(&store, &going_on, 0, 77).await;
    let (foreign, _) = put(&store, &sweep(99), 0, 1).await;
    let report = with_artifact(&lease, &block(&spec), &artifact);
    worker.report(vec![report], 0).await.unwrap();
    coordinator.shutdown().await;
    assert!(store.get(&orphan).await.is_ok(), "a day has not passed");

    let options = with_limits(dir.path(), |limits| limits.leftover_after = Duration::ZERO);
    let coordinator = Coordinator::start(options).await.unwrap();
    let begun = Instant::now();
    while store.get(&orphan).await.is_ok() {
        assert!(begun.elapsed() < PATIENCE, "the orphan was not deleted");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The look ends in order, so all of it is over when the coordinator is.
    coordinator.shutdown().await;
    assert!(store.get(&named).await.is_ok(), "an accepted report names it");
    assert!(store.get(&early).await.is_ok(), "its sweep goes on");
    assert!(store.get(&foreign).await.is_ok(), "its sweep is another coordinator's");
}
