//! What people ask for: submit, get, list, cancel, watch; tokens, health, reflection; starting twice.

mod common;

use common::{check_refusal, clients, noop, options, refused, start, status, submit, sweep};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use traipse_coordinator::Coordinator;
use traipse_proto::client::{self, unary};
use traipse_proto::v1;

#[tokio::test]
async fn a_submit_is_idempotent_and_named_three_ways() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    let (first, second) = (sweep(1), sweep(2));
    let spec = noop("tiny", 3);
    let answer = submit(&clients, &first, &spec).await.unwrap();
    assert_eq!((answer.n_runs, answer.existed), (3, false));
    let answer = submit(&clients, &first, &spec).await.unwrap();
    assert_eq!((answer.n_runs, answer.existed), (3, true));
    check_refusal(submit(&clients, &first, &noop("tiny", 4)).await, Code::AlreadyExists, "submit under a new id");
    submit(&clients, &second, &noop("tiny", 5)).await.unwrap();

    assert_eq!(status(&clients, &first).await.n_runs, 3);
    assert_eq!(status(&clients, "tiny").await.sweep, second, "the newest of a name");
    let ambiguous = clients.sweep.clone().get(unary(v1::GetRequest { sweep: first[..20].to_owned() })).await;
    check_refusal(ambiguous, Code::InvalidArgument, "give more of the id");
    let unknown = clients.sweep.clone().get(unary(v1::GetRequest { sweep: "nothing".into() })).await;
    check_refusal(unknown, Code::NotFound, "nothing");
    let got = clients.sweep.clone().get(unary(v1::GetRequest { sweep: first.clone() })).await.unwrap().into_inner();
    assert_eq!(got.spec, spec);

    let list = clients.sweep.clone().list(unary(v1::ListRequest {})).await.unwrap().into_inner();
    let ids: Vec<_> = list.sweeps.iter().map(|status| status.sweep.clone()).collect();
    assert_eq!(ids, [second, first]);
    coordinator.shutdown().await;
}

#[tokio::test]
async fn bad_submits_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    check_refusal(submit(&clients, "x", &noop("a", 1)).await, Code::InvalidArgument, "sweep: `x` is not");
    check_refusal(submit(&clients, &sweep(1), "{").await, Code::InvalidArgument, "spec:");
    let unknown = r#"{"spec": 1, "name": "a", "trian": {}}"#;
    check_refusal(submit(&clients, &sweep(1), unknown).await, Code::InvalidArgument, "trian");
    coordinator.shutdown().await;
}

#[tokio::test]
async fn only_health_answers_without_the_token() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let wrong = client::connect(&coordinator.url(), "0000000000000000").await.unwrap();
    check_refusal(wrong.sweep.clone().list(unary(v1::ListRequest {})).await, Code::Unauthenticated, "DATA/token");
    let request = common::register_request(1, 1, 1);
    check_refusal(wrong.worker.clone().register(unary(request)).await, Code::Unauthenticated, "DATA/token");

    let channel = tonic::transport::Endpoint::from_shared(coordinator.url()).unwrap().connect().await.unwrap();
    let request = HealthCheckRequest { service: "traipse.v1.WorkerService".to_owned() };
    let health = HealthClient::new(channel).check(request).await.unwrap().into_inner();
    assert_eq!(health.status(), ServingStatus::Serving);
    coordinator.shutdown().await;
}

#[tokio::test]
async fn health_says_that_the_coordinator_leaves_before_it_does() {
    let dir = tempfile::tempdir().unwrap();
    let patient = common::with_limits(dir.path(), |limits| limits.grace = 2 * common::PATIENCE);
    let coordinator = Coordinator::start(patient).await.unwrap();
    let channel = tonic::transport::Endpoint::from_shared(coordinator.url()).unwrap().connect().await.unwrap();
    let mut watches = Vec::new();
    for service in ["", "traipse.v1.SweepService", "traipse.v1.WorkerService"] {
        let request = HealthCheckRequest { service: service.to_owned() };
        let mut watch = HealthClient::new(channel.clone()).watch(request).await.unwrap().into_inner();
        assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
        watches.push(watch);
    }
    // Grace is longer than any test waits: the streams of those who watch must not use it up.
    let (ended, ()) = tokio::join!(tokio::time::timeout(common::PATIENCE, coordinator.shutdown()), async {
        for watch in &mut watches {
            let last = watch.message().await.expect("a whole connection").expect("one more");
            assert_eq!(last.status(), ServingStatus::NotServing);
            assert!(watch.message().await.expect("an orderly end").is_none());
        }
    });
    ended.expect("it ends");
}

#[tokio::test]
async fn a_cancelled_sweep_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    submit(&clients, &sweep(1), &noop("tiny", 3)).await.unwrap();
    let answer = clients.sweep.clone().cancel(unary(v1::CancelRequest { sweep: "tiny".into() })).await.unwrap();
    let status = answer.into_inner().status.unwrap();
    assert_eq!((status.state(), status.n_cancelled), (v1::SweepState::Cancelled, 3));
    coordinator.shutdown().await;
}

#[tokio::test]
async fn a_watch_ends_with_its_sweep() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    let spec = noop("tiny", 20);
    submit(&clients, &sweep(1), &spec).await.unwrap();
    let mut watch = clients.sweep.clone().watch(v1::WatchRequest { sweep: sweep(1) }).await.unwrap().into_inner();
    let first = watch.message().await.unwrap().unwrap();
    assert_eq!((first.state(), first.n_ready), (v1::SweepState::Active, 20));
    let mut worker = common::Worker::register(&clients, 7, 2).await;
    assert_eq!(worker.drain(&sweep(1), &common::block(&spec)).await, 20);
    let mut last = first;
    while let Some(status) = watch.message().await.unwrap() {
        assert!(status.n_succeeded >= last.n_succeeded);
        last = status;
    }
    assert_eq!((last.state(), last.n_succeeded), (v1::SweepState::Completed, 20));
    coordinator.shutdown().await;
}

#[tokio::test]
async fn an_ending_coordinator_says_so_to_those_who_wait() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    submit(&clients, &sweep(1), &noop("tiny", 1)).await.unwrap();
    let mut watch = clients.sweep.clone().watch(v1::WatchRequest { sweep: sweep(1) }).await.unwrap().into_inner();
    watch.message().await.unwrap().unwrap();
    coordinator.shutdown().await;
    check_refusal(watch.message().await, Code::Unavailable, "is ending");
}

#[tokio::test]
async fn one_folder_and_one_port_have_one_coordinator() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let coordinator = start(dir.path()).await;
    let error = refused(options(dir.path())).await.to_string();
    assert!(error.contains("another coordinator") && error.contains(&dir.path().display().to_string()), "{error}");

    let mut busy = options(other.path());
    busy.listen = coordinator.address();
    let error = refused(busy).await.to_string();
    assert!(error.contains("in use") && error.contains(&coordinator.address().to_string()), "{error}");
    coordinator.shutdown().await;
    start(dir.path()).await.shutdown().await;
}

#[tokio::test]
async fn a_strange_journal_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("journal.sqlite"), "a diary\n".repeat(1000)).unwrap();
    let error = refused(options(dir.path())).await.to_string();
    assert!(error.contains("journal.sqlite is not a journal of Traipse"), "{error}");

    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = refused(options(&file)).await.to_string();
    assert!(error.contains("data folder"), "{error}");
}
