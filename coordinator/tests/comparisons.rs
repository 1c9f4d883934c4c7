//! Comparisons through the service: whose members are where, and how long their weights stay.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use common::results::results;
use common::{Worker, block, check_refusal, clients, failure, noop, start, status, submit, success, sweep};
use tonic::{Code, Response, Status};
use traipse_proto::client::{Clients, unary};
use traipse_proto::{MEMBERS_KIND, v1};
use traipse_store::{Name, Store};
use traipse_sweep::spec::{self, Format};
use traipse_sweep::{JobNumber, LeaseId, SweepId};

const KEPT: &str = "snapshots.safetensors";
/// Bounds a failure; nothing waits that long.
const PATIENCE: Duration = Duration::from_secs(20);

/// Three runs that train nothing, and their three pairs.
fn pairs() -> String {
    let text = noop("pairs", 3).replacen('{', r#"{"compare":[{"pairs_over":"seed","probe":"distance"}],"#, 1);
    spec::parse(&text, Format::Json, "test").expect("the test's spec is good").canonical_json()
}

/// Reports a lease's rows and what it puts into the store under these kinds.
async fn with_artifacts(store: &Store, lease: &v1::Lease, block: &Bytes, kinds: &[&str]) -> v1::JobReport {
    let mut artifacts = Vec::new();
    for kind in kinds {
        let put = store.put_if_absent(&name(lease, kind), format!("{kind} of {}", lease.job)).await.unwrap();
        artifacts.push(v1::Artifact { kind: (*kind).to_owned(), size: put.size, sha256: put.sha256.to_vec() });
    }
    let rows = v1::Rows { block: block.clone(), artifacts };
    v1::JobReport { result: Some(v1::job_report::Result::Succeeded(rows)), ..success(lease, block) }
}

fn name(lease: &v1::Lease, kind: &str) -> Name {
    let sweep: SweepId = lease.sweep.parse().unwrap();
    Name::of_lease(sweep, JobNumber(lease.job), LeaseId(lease.lease), kind).unwrap()
}

async fn members(clients: &Clients, lease: &v1::Lease) -> Result<Vec<v1::Member>, Status> {
    let v1::Lease { sweep, job, lease, token, .. } = lease.clone();
    let request = unary(v1::MembersRequest { sweep, job, lease, token });
    clients.worker.clone().members(request).await.map(|response| Response::into_inner(response).members)
}

/// A sweep whose runs have ended: 0 and 1 left weights, 2 failed. The leases of the comparisons, in order.
async fn compared(clients: &Clients) -> (Worker, Store, Vec<v1::Lease>, Vec<v1::Lease>) {
    let spec = pairs();
    submit(clients, &sweep(1), &spec).await.unwrap();
    let mut worker = Worker::register(clients, 1, 3).await;
    let store = Store::open_existing(&worker.registered.artifacts_url).unwrap();
    let mut runs = worker.report(Vec::new(), 3).await.unwrap().leases;
    runs.sort_by_key(|lease| lease.job);
    let reports = vec![
        with_artifacts(&store, &runs[0], &block(&spec), &[KEPT, MEMBERS_KIND]).await,
        with_artifacts(&store, &runs[1], &block(&spec), &[MEMBERS_KIND]).await,
        failure(&runs[2], v1::FailureClass::Invalid, "cannot be"),
    ];
    let leases = worker.report(reports, 3).await.unwrap().leases;
    assert_eq!(leases.iter().map(|lease| lease.job).collect::<Vec<_>>(), [3, 4, 5]);
    (worker, store, runs, leases)
}

async fn until_gone(store: &Store, name: &Name) {
    let begun = Instant::now();
    while store.get(name).await.is_ok() {
        assert!(begun.elapsed() < PATIENCE, "{name} was not deleted");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_comparison_learns_how_its_members_ended_and_what_they_left() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let first = clients(&coordinator).await;
    let (_worker, store, runs, leases) = compared(&first).await;
    let mut pairs = Vec::new();
    for lease in &leases {
        let found = members(&first, lease).await.unwrap();
        for member in &found {
            let failed = member.job == 2;
            let outcome = if failed { v1::OutcomeKind::Failed } else { v1::OutcomeKind::Succeeded };
            assert_eq!((member.outcome(), member.artifacts.len()), (outcome, usize::from(!failed)));
            for artifact in &member.artifacts {
                assert_eq!((artifact.job, artifact.kind.as_str()), (member.job, MEMBERS_KIND));
                let digest = artifact.sha256.as_slice().try_into().unwrap();
                let weights = store.get_verified(&artifact.name.parse().unwrap(), &digest).await.unwrap();
                assert_eq!(weights, format!("{MEMBERS_KIND} of {}", member.job));
            }
        }
        pairs.push([found[0].job, found[1].job]);
    }
    pairs.sort_unstable();
    assert_eq!(pairs, [[0, 1], [0, 2], [1, 2]]);

    let stolen = v1::Lease { token: leases[1].token.clone(), ..leases[0].clone() };
    check_refusal(members(&first, &stolen).await, Code::PermissionDenied, "token");
    check_refusal(members(&first, &runs[0]).await, Code::InvalidArgument, "no job");
    let beyond = v1::Lease { job: 6, ..leases[0].clone() };
    check_refusal(members(&first, &beyond).await, Code::InvalidArgument, "no job");
    let elsewhere = v1::Lease { sweep: sweep(2), ..leases[0].clone() };
    check_refusal(members(&first, &elsewhere).await, Code::NotFound, "there is no sweep");
    coordinator.shutdown().await;
}

#[tokio::test]
async fn members_weights_outlive_a_crash_and_go_with_the_end_of_the_sweep() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let (_, store, runs, leases) = compared(&clients(&coordinator).await).await;
    coordinator.kill().await;

    let coordinator = start(dir.path()).await;
    let second = clients(&coordinator).await;
    let mut worker = Worker::register(&second, 1, 3).await;
    let again = worker.report(Vec::new(), 3).await.unwrap().leases;
    let jobs = |leases: &[v1::Lease]| leases.iter().map(|lease| lease.job).collect::<Vec<_>>();
    assert_eq!(jobs(&again), jobs(&leases), "what was ready is ready again");
    assert_eq!(members(&second, &again[0]).await.unwrap().len(), 2);
    let done = status(&second, &sweep(1)).await;
    assert_eq!((done.n_runs, done.n_comparisons, done.n_comparisons_done, done.n_blocked), (3, 3, 0, 0));
    assert_eq!((done.n_ended(), done.n_jobs()), (3, 6));

    let rows = block(&pairs());
    worker.report(again.iter().map(|lease| success(lease, &rows)).collect(), 0).await.unwrap();
    assert_eq!(status(&second, &sweep(1)).await.state(), v1::SweepState::Completed);
    for run in &runs[..2] {
        until_gone(&store, &name(run, MEMBERS_KIND)).await;
    }
    assert!(store.get(&name(&runs[0], KEPT)).await.is_ok(), "the sweep keeps it");
    check_refusal(members(&second, &again[0]).await, Code::FailedPrecondition, "has ended");
    let found = results(&second, &sweep(1)).await;
    assert_eq!(found.artifacts.iter().map(|stored| stored.kind.as_str()).collect::<Vec<_>>(), [KEPT]);
    let mut kinds = attempt_kinds(&dir.path().join("segments").join(sweep(1)));
    kinds.retain(|(_, job)| *job < 6.0);
    assert!(kinds.iter().all(|(kind, job)| (kind == "comparison") == (*job >= 3.0)), "{kinds:?}");
    assert!(kinds.len() >= 6, "{kinds:?}");
    coordinator.shutdown().await;
}

#[tokio::test]
async fn a_cancelled_sweep_leaves_no_weights_of_members() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let callers = clients(&coordinator).await;
    let (_worker, store, runs, _) = compared(&callers).await;
    let cancelled = callers.sweep.clone().cancel(unary(v1::CancelRequest { sweep: sweep(1) })).await.unwrap();
    assert_eq!(cancelled.into_inner().status.unwrap().n_cancelled, 3);
    for run in &runs[..2] {
        until_gone(&store, &name(run, MEMBERS_KIND)).await;
    }
    assert!(store.get(&name(&runs[0], KEPT)).await.is_ok());
    coordinator.shutdown().await;
}

/// The kind and the job of every attempt in the segments.
fn attempt_kinds(folder: &Path) -> Vec<(String, f64)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().ends_with(".attempts.parquet") {
            let kinds = traipse_results::read::texts(&path, "kind").unwrap().into_iter().flatten();
            found.extend(kinds.zip(traipse_results::read::numbers(&path, "job").unwrap().into_iter().flatten()));
        }
    }
    found
}
