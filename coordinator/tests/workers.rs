//! What workers say: register, report, leases, tokens, sequence numbers, limits.

mod common;

use common::{
    PATIENCE, Worker, block, check_refusal, clients, failure, noop, register_request, start, status, submit, success,
    sweep,
};
use tonic::Code;
use traipse_proto::client::{pushback, unary, with_deadline};
use traipse_proto::v1;

#[tokio::test]
async fn another_protocol_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    for (version, remedy) in [(0, "upgrade the worker"), (2, "upgrade the coordinator")] {
        let request = v1::RegisterRequest { protocol: version, ..register_request(1, 1, 1) };
        let refused = Worker::with(&clients, request).await;
        check_refusal(refused.map(|_| ()), Code::FailedPrecondition, remedy);
    }
    let request = register_request(1, 1, 0);
    check_refusal(Worker::with(&clients, request).await.map(|_| ()), Code::InvalidArgument, "n_slots");
    coordinator.shutdown().await;
}

#[tokio::test]
async fn a_worker_finds_the_nonce_in_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let worker = Worker::register(&clients(&coordinator).await, 1, 1).await;
    let store = traipse_store::Store::open(&worker.registered.artifacts_url).unwrap();
    let name = worker.registered.nonce_name.parse().unwrap();
    assert_eq!(store.get(&name).await.unwrap(), worker.registered.nonce);
    coordinator.shutdown().await;
}

#[tokio::test]
async fn reports_are_accepted_once_and_repeated_answers_are_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    let spec = noop("tiny", 4);
    let rows = block(&spec);
    submit(&clients, &sweep(1), &spec).await.unwrap();
    let mut worker = Worker::register(&clients, 1, 2).await;
    let fetched = clients.worker.clone().spec(unary(v1::SpecRequest { sweep: sweep(1) })).await.unwrap().into_inner();
    assert_eq!(fetched.spec, spec);

    let answer = worker.report(Vec::new(), 2).await.unwrap();
    assert!(!answer.leases.is_empty());
    let again = worker.repeat(Vec::new(), 2).await.unwrap();
    assert_eq!(again, answer);
    let lease = &answer.leases[0];

    let first = worker.report(vec![success(lease, &rows)], 0).await.unwrap();
    assert_eq!(first.verdicts, [v1::Verdict::Accepted as i32]);
    assert_eq!(worker.repeat(vec![success(lease, &rows)], 0).await.unwrap(), first);
    let second = worker.report(vec![success(lease, &rows)], 0).await.unwrap();
    assert_eq!(second.verdicts, [v1::Verdict::Superseded as i32]);
    assert_eq!(status(&clients, &sweep(1)).await.n_succeeded, 1);

    worker.seq += 5;
    check_refusal(worker.repeat(Vec::new(), 0).await, Code::Aborted, "out of order");
    let mut stranger = Worker::register(&clients, 2, 1).await;
    stranger.registered.session = "99.1".to_owned();
    check_refusal(stranger.report(Vec::new(), 0).await, Code::Aborted, "register again");
    stranger.registered.session = "nonsense".to_owned();
    check_refusal(stranger.report(Vec::new(), 0).await, Code::InvalidArgument, "session");
    coordinator.shutdown().await;
}

#[tokio::test]
async fn bad_reports_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    let spec = noop("tiny", 4);
    let rows = block(&spec);
    submit(&clients, &sweep(1), &spec).await.unwrap();
    let mut worker = Worker::register(&clients, 1, 1).await;
    let lease = worker.report(Vec::new(), 1).await.unwrap().leases.remove(0);

    let mut forged = success(&lease, &rows);
    forged.token[0] ^= 1;
    check_refusal(worker.report(vec![forged], 0).await, Code::PermissionDenied, "reports[0].token");
    let mut cut = success(&lease, &rows);
    cut.result = Some(v1::job_report::Result::Succeeded(v1::Rows { block: rows.slice(..5), artifacts: Vec::new() }));
    worker.seq -= 1;
    check_refusal(worker.report(vec![cut], 0).await, Code::InvalidArgument, "reports[0].block.rows");
    let mut other = success(&lease, &rows);
    other.sweep = sweep(5);
    worker.seq -= 1;
    check_refusal(worker.report(vec![other], 0).await, Code::PermissionDenied, "is not that of lease");

    worker.seq -= 1;
    let answer = worker.report(vec![success(&lease, &rows)], 0).await.unwrap();
    assert_eq!(answer.verdicts, [v1::Verdict::Accepted as i32], "nothing of the bad ones counted");
    coordinator.shutdown().await;
}

#[tokio::test]
async fn a_higher_incarnation_ends_the_old_leases_and_keeps_the_held() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    let spec = noop("tiny", 2);
    submit(&clients, &sweep(1), &spec).await.unwrap();
    let mut old = Worker::register(&clients, 1, 2).await;
    let leases = old.report(Vec::new(), 2).await.unwrap().leases;
    assert_eq!(leases.len(), 2);

    let held = leases.iter().take(1).map(|lease| v1::HeldLease { lease: lease.lease, token: lease.token.clone() });
    let forged = v1::HeldLease { lease: leases[1].lease, token: vec![0; 16] };
    let request = v1::RegisterRequest { held: held.chain([forged]).collect(), ..register_request(1, 2, 2) };
    let mut new = Worker::with(&clients, request).await.unwrap();
    assert_eq!(new.registered.ended, [leases[1].lease]);
    check_refusal(old.report(Vec::new(), 0).await, Code::Aborted, "register again");
    let refused = Worker::with(&clients, register_request(1, 1, 2)).await;
    check_refusal(refused.map(|_| ()), Code::FailedPrecondition, "is over");
    let answer = new.report(vec![success(&leases[0], &block(&spec))], 0).await.unwrap();
    assert_eq!(answer.verdicts, [v1::Verdict::Accepted as i32]);
    coordinator.shutdown().await;
}

#[tokio::test]
async fn a_heartbeat_stops_leases_of_a_cancelled_sweep() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    submit(&clients, &sweep(1), &noop("tiny", 1)).await.unwrap();
    let mut worker = Worker::register(&clients, 1, 1).await;
    let lease = worker.report(Vec::new(), 1).await.unwrap().leases.remove(0);
    let beat = || v1::HeartbeatRequest {
        session: worker.registered.session.clone(),
        leases: vec![v1::LeaseProgress { lease: lease.lease, progress: 3 }],
    };
    let quiet = clients.worker.clone().heartbeat(unary(beat())).await.unwrap().into_inner();
    assert!(quiet.directives.is_empty());
    clients.sweep.clone().cancel(unary(v1::CancelRequest { sweep: sweep(1) })).await.unwrap();
    let stop = clients.worker.clone().heartbeat(unary(beat())).await.unwrap().into_inner();
    assert_eq!(stop.directives.iter().map(|directive| directive.lease).collect::<Vec<_>>(), [lease.lease]);
    coordinator.shutdown().await;
}

#[tokio::test]
async fn a_waiting_report_is_answered_when_work_comes() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    let mut worker = Worker::register(&clients, 1, 1).await;
    let waiting = tokio::spawn(async move { worker.report(Vec::new(), 1).await });
    submit(&clients, &sweep(1), &noop("tiny", 1)).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().leases.len(), 1);
    coordinator.shutdown().await;
}

#[tokio::test]
async fn an_invalid_job_ends_without_rows() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    submit(&clients, &sweep(1), &noop("tiny", 3)).await.unwrap();
    let mut worker = Worker::register(&clients, 1, 1).await;
    let lease = worker.report(Vec::new(), 1).await.unwrap().leases.remove(0);
    let report = failure(&lease, v1::FailureClass::Invalid, "no such data");
    worker.report(vec![report], 0).await.unwrap();
    let status = status(&clients, &sweep(1)).await;
    assert!(status.n_failed >= 1 && status.message.contains("no such data"), "{status:?}");
    coordinator.shutdown().await;
}

/// A report of about a MiB goes through in one call; beyond the budget, it is asked to come again.
#[tokio::test]
async fn large_reports_pass_and_the_budget_holds() {
    let dir = tempfile::tempdir().unwrap();
    let options = common::with_limits(dir.path(), |limits| limits.ingest_bytes = 2 << 20);
    let coordinator = traipse_coordinator::Coordinator::start(options).await.unwrap();
    let clients = clients(&coordinator).await;
    let mut worker = Worker::register(&clients, 1, 1).await;
    let large = |bytes: usize| v1::HeartbeatRequest { session: "x".repeat(bytes), leases: Vec::new() };
    check_refusal(clients.worker.clone().heartbeat(unary(large(3 << 20))).await, Code::InvalidArgument, "session");

    let request = |session: &str, bytes: usize| v1::ReportRequest {
        session: session.to_owned(),
        seq: 1,
        reports: vec![v1::JobReport { token: vec![0; bytes], ..v1::JobReport::default() }],
        ..v1::ReportRequest::default()
    };
    let session = worker.registered.session.clone();
    let call = |bytes| with_deadline(request(&session, bytes), PATIENCE);
    check_refusal(clients.worker.clone().report(call(1 << 20)).await, Code::InvalidArgument, "reports[0].sweep");
    let refused = clients.worker.clone().report(call(3 << 20)).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
    assert!(pushback(&refused).is_some());
    assert!(worker.report(Vec::new(), 0).await.is_ok(), "the budget came back");
    coordinator.shutdown().await;
}

#[tokio::test]
async fn kept_weights_wait_for_a_worker_that_reaches_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    let spec = noop("kept", 2).replacen("\"keep\":false", "\"keep\":true", 1);
    submit(&clients, &sweep(1), &spec).await.unwrap();
    let worker = Worker::register(&clients, 1, 1).await;
    let n_leases = async |seq, reaches_store| {
        let session = worker.registered.session.clone();
        let request = v1::ReportRequest { session, seq, n_free_slots: 1, reaches_store, ..Default::default() };
        clients.worker.clone().report(unary(request)).await.unwrap().into_inner().leases.len()
    };
    assert_eq!(n_leases(1, false).await, 0);
    let message = status(&clients, &sweep(1)).await.message;
    assert!(message.contains("no worker reaches") && message.contains(&worker.registered.artifacts_url), "{message}");
    assert_eq!(n_leases(2, true).await, 1);
    assert_eq!(status(&clients, &sweep(1)).await.message, "");
    coordinator.shutdown().await;
}
