//! Segments that cannot be written: the coordinator stops with the reason, and the next life writes them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::results::{results, try_results};
use common::{PATIENCE, Worker, block, clients, noop, start, status, submit, sweep};

#[tokio::test]
async fn a_segment_that_cannot_be_written_stops_the_coordinator_and_is_written_in_its_next_life() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let first = clients(&coordinator).await;
    let spec = noop("tiny", 5);
    submit(&first, &sweep(1), &spec).await.unwrap();
    let mut worker = Worker::register(&first, 1, 2).await;
    assert_eq!(worker.drain(&sweep(1), &block(&spec)).await, 5);
    // A file in the folder's place refuses every write below it, also to root.
    let place = dir.path().join("segments").join(sweep(1));
    std::fs::write(&place, "").unwrap();
    let asked = tokio::time::timeout(PATIENCE, try_results(&first, &sweep(1))).await;
    assert!(!matches!(asked, Ok(Ok(_))), "there is no segment to give");
    tokio::time::timeout(PATIENCE, coordinator.failed()).await.unwrap();
    let failure = coordinator.failure().unwrap().to_string();
    assert!(failure.contains("segments"), "{failure}");
    coordinator.kill().await;

    std::fs::remove_file(&place).unwrap();
    let coordinator = start(dir.path()).await;
    let second = clients(&coordinator).await;
    assert_eq!(status(&second, &sweep(1)).await.n_succeeded, 5);
    assert_eq!(results(&second, &sweep(1)).await.n_rows("runs"), 5);
    coordinator.shutdown().await;
}
