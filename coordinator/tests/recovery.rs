//! Ending without grace: whatever was answered is there in the next life.

mod common;

use common::{Worker, block, check_refusal, clients, noop, start, status, submit, success, sweep};
use tonic::Code;
use traipse_coordinator::Coordinator;
use traipse_proto::v1;

#[tokio::test]
async fn what_was_answered_survives_and_leases_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let first = clients(&coordinator).await;
    let spec = noop("tiny", 10);
    let rows = block(&spec);
    submit(&first, &sweep(1), &spec).await.unwrap();
    let mut worker = Worker::register(&first, 1, 2).await;
    let mut leases = worker.report(Vec::new(), 2).await.unwrap().leases;
    let answer = worker.report(vec![success(&leases[0], &rows)], 0).await.unwrap();
    // Some are granted ahead.
    leases.extend(answer.leases);
    let n_held = leases.len() as u64 - 1;
    let (token, nonce) = (coordinator.token().to_owned(), worker.registered.nonce.clone());
    coordinator.kill().await;

    let coordinator = start(dir.path()).await;
    assert_eq!(coordinator.token(), token);
    let second = clients(&coordinator).await;
    let restored = status(&second, &sweep(1)).await;
    assert_eq!((restored.n_succeeded, restored.n_leased, restored.n_ready), (1, n_held, 9 - n_held));
    assert_eq!(restored.numerics, "test-1");

    let mut old = Worker { clients: second.clone(), ..worker };
    check_refusal(old.report(Vec::new(), 0).await, Code::Aborted, "register again");
    let held = leases[1..].iter().map(|lease| v1::HeldLease { lease: lease.lease, token: lease.token.clone() });
    let request = v1::RegisterRequest { held: held.collect(), ..common::register_request(1, 1, 2) };
    let mut worker = Worker::with(&second, request).await.unwrap();
    assert!(worker.registered.ended.is_empty(), "the leases have a fresh period");
    assert_eq!(worker.registered.coordinator_incarnation, 2);
    assert_ne!(worker.registered.nonce, nonce);
    let reports = leases[1..].iter().map(|lease| success(lease, &rows)).collect();
    let answer = worker.report(reports, 2).await.unwrap();
    assert_eq!(answer.verdicts, vec![v1::Verdict::Accepted as i32; n_held as usize]);
    assert!(answer.leases.iter().all(|lease| lease.lease >> 40 == 2), "lease ids name their life");
    let mut rest: Vec<_> = answer.leases.iter().map(|lease| success(lease, &rows)).collect();
    let mut n_rest = 0;
    while !rest.is_empty() {
        n_rest += rest.len() as u64;
        let answer = worker.report(std::mem::take(&mut rest), 0).await.unwrap();
        rest.extend(answer.leases.iter().map(|lease| success(lease, &rows)));
    }
    assert_eq!(worker.drain(&sweep(1), &rows).await, 9 - n_held - n_rest);
    coordinator.shutdown().await;
}

#[tokio::test]
async fn snapshots_carry_a_long_history() {
    let dir = tempfile::tempdir().unwrap();
    let spec = noop("tiny", 300);
    let rows = block(&spec);
    let options = || common::with_limits(dir.path(), |limits| limits.snapshot_facts = 20);
    let coordinator = Coordinator::start(options()).await.unwrap();
    let first = clients(&coordinator).await;
    submit(&first, &sweep(1), &spec).await.unwrap();
    let mut worker = Worker::register(&first, 1, 4).await;
    let mut n_done = 0;
    let mut reports = Vec::new();
    while n_done < 200 {
        let answer = worker.report(std::mem::take(&mut reports), 4).await.unwrap();
        n_done += answer.verdicts.len();
        reports.extend(answer.leases.iter().map(|lease| success(lease, &rows)));
    }
    coordinator.kill().await;

    let coordinator = Coordinator::start(options()).await.unwrap();
    let second = clients(&coordinator).await;
    assert_eq!(status(&second, &sweep(1)).await.n_succeeded, n_done as u64);
    // The old life's leases end at once where the worker says that it holds none.
    let mut worker = Worker::with(&second, common::register_request(1, 2, 4)).await.unwrap();
    assert_eq!(worker.drain(&sweep(1), &rows).await, 300 - n_done as u64);
    let status = status(&second, &sweep(1)).await;
    assert_eq!((status.state(), status.n_succeeded), (v1::SweepState::Completed, 300));
    coordinator.shutdown().await;
}

#[tokio::test]
async fn leases_of_a_silent_worker_run_out() {
    let dir = tempfile::tempdir().unwrap();
    let short = common::with_limits(dir.path(), |limits| limits.lease = std::time::Duration::from_millis(200));
    let coordinator = Coordinator::start(short).await.unwrap();
    let clients = clients(&coordinator).await;
    let spec = noop("tiny", 1);
    submit(&clients, &sweep(1), &spec).await.unwrap();
    let mut silent = Worker::register(&clients, 1, 1).await;
    let lost = silent.report(Vec::new(), 1).await.unwrap().leases.remove(0);
    let mut other = Worker::register(&clients, 2, 1).await;
    // The call waits until the lease has run out, and a backoff if there is one.
    let mut leases = Vec::new();
    while leases.is_empty() {
        leases = other.report(Vec::new(), 1).await.unwrap().leases;
    }
    assert_eq!((leases[0].job, leases[0].attempt), (lost.job, 2));
    assert_ne!(leases[0].lease, lost.lease);
    let late = silent.report(vec![success(&lost, &block(&spec))], 0).await;
    if let Ok(answer) = late {
        assert_eq!(answer.verdicts, [v1::Verdict::Accepted as i32], "ten hours of work are not thrown away");
    }
    coordinator.shutdown().await;
}
