//! Results: sealed segments, streamed while the sweep runs and after a restart.

mod common;

use common::results::results;
use common::{Worker, block, clients, failure, noop, start, submit, success, sweep};
use traipse_coordinator::{Coordinator, Error};
use traipse_proto::v1;

#[tokio::test]
async fn results_stream_while_the_sweep_runs_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let first = clients(&coordinator).await;
    let spec = noop("tiny", 6);
    let rows = block(&spec);
    submit(&first, &sweep(1), &spec).await.unwrap();
    let none = results(&first, &sweep(1)).await;
    assert!(none.header.files.is_empty() && none.header.spec == spec);

    let mut worker = Worker::register(&first, 1, 2).await;
    let leases = worker.report(Vec::new(), 2).await.unwrap().leases;
    let mut kept = success(&leases[0], &rows);
    let artifact = v1::Artifact { kind: "snapshots".into(), size: 3, sha256: vec![1; 32] };
    kept.result = Some(v1::job_report::Result::Succeeded(v1::Rows { block: rows.clone(), artifacts: vec![artifact] }));
    worker.report(vec![kept], 0).await.unwrap();
    let some = results(&first, &sweep(1)).await;
    assert_eq!((some.n_rows("runs"), some.n_rows("attempts")), (1, 1));
    assert_eq!(some.header.status.as_ref().unwrap().n_succeeded, 1);
    assert_eq!((some.artifacts.len(), some.artifacts[0].job), (1, leases[0].job));
    assert!(some.artifacts[0].name.ends_with("/snapshots") && !some.header.artifacts_url.is_empty());

    let class = v1::FailureClass::Invalid;
    worker.report(vec![failure(&leases[1], class, "cannot be")], 0).await.unwrap();
    coordinator.kill().await;
    std::fs::write(dir.path().join("segments").join(sweep(1)).join("left.runs.parquet"), "half").unwrap();

    let coordinator = start(dir.path()).await;
    assert!(!dir.path().join("segments").join(sweep(1)).join("left.runs.parquet").exists());
    let second = clients(&coordinator).await;
    let more = results(&second, &sweep(1)).await;
    assert_eq!((more.n_rows("runs"), more.n_rows("attempts")), (1, 2));
    assert_eq!(more.header.without_rows[0].outcome, "failed");
    assert_eq!(more.header.files[..some.header.files.len()], some.header.files[..], "segments never change");
    coordinator.shutdown().await;
}

#[tokio::test]
async fn full_segments_are_sealed_in_passing() {
    let dir = tempfile::tempdir().unwrap();
    let options = common::with_limits(dir.path(), |limits| limits.seal_bytes = 200);
    let coordinator = Coordinator::start(options).await.unwrap();
    let clients = clients(&coordinator).await;
    let spec = noop("tiny", 50);
    submit(&clients, &sweep(1), &spec).await.unwrap();
    let mut worker = Worker::register(&clients, 1, 4).await;
    assert_eq!(worker.drain(&sweep(1), &block(&spec)).await, 50);
    let all = results(&clients, &sweep(1)).await;
    assert_eq!((all.n_rows("runs"), all.n_rows("attempts")), (50, 50));
    assert!(
        all.header.files.iter().filter(|file| file.table == "runs").count() > 1,
        "no segment takes more than 200 B"
    );
    coordinator.shutdown().await;
}

#[tokio::test]
async fn a_lost_segment_is_noticed_at_start() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    let spec = noop("tiny", 2);
    submit(&clients, &sweep(1), &spec).await.unwrap();
    Worker::register(&clients, 1, 1).await.drain(&sweep(1), &block(&spec)).await;
    results(&clients, &sweep(1)).await;
    coordinator.shutdown().await;
    let folder = dir.path().join("segments").join(sweep(1));
    let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_file(&file).unwrap();
    let error = common::refused(common::options(dir.path())).await;
    assert!(matches!(&error, Error::Segment { path, .. } if *path == file), "{error}");
}
