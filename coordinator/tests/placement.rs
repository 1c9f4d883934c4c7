//! Who gets what, over real gRPC: priorities, shares, requirements, and workers that are asked to leave.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{Worker, block, check_refusal, clients, noop, register_request, start, status, submit, success, sweep};
use tonic::Code;
use traipse_proto::client::{Clients, unary};
use traipse_proto::v1;
use traipse_proto::v1::directive::What;

/// A sweep of noops with that in its `[execution]`.
fn noop_with(name: &str, n: u64, execution: &str) -> String {
    noop(name, n).replacen(r#""execution":{"#, &format!(r#""execution":{{{execution},"#), 1)
}

async fn workers(clients: &Clients) -> Vec<v1::WorkerStatus> {
    clients.sweep.clone().workers(unary(v1::WorkersRequest {})).await.unwrap().into_inner().workers
}

async fn drain(clients: &Clients, worker: &str) -> Result<v1::DrainResponse, tonic::Status> {
    let request = v1::DrainRequest { worker: worker.to_owned() };
    clients.sweep.clone().drain(unary(request)).await.map(tonic::Response::into_inner)
}

fn is_drained(directives: &[v1::Directive]) -> bool {
    directives.iter().any(|directive| directive.what == Some(What::Drain(true)))
}

#[tokio::test]
async fn a_higher_priority_goes_first_and_equals_share() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    submit(&clients, &sweep(1), &noop("huge", 100_000)).await.unwrap();
    submit(&clients, &sweep(2), &noop("small", 100)).await.unwrap();
    submit(&clients, &sweep(3), &noop_with("first", 2, r#""priority":5"#)).await.unwrap();
    let mut worker = Worker::register(&clients, 1, 6).await;
    let leases = worker.report(Vec::new(), 6).await.unwrap().leases;
    let of = |n| leases.iter().filter(|lease| lease.sweep == sweep(n)).count();
    assert_eq!((of(3), of(1), of(2)), (2, 2, 2));
    assert!(leases[..2].iter().all(|lease| lease.sweep == sweep(3)), "first in the answer, too");
    coordinator.shutdown().await;
}

#[tokio::test]
async fn a_limit_holds_and_a_freed_place_is_given_to_who_waits() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    let spec = noop_with("few", 9, r#""max_concurrent":2"#);
    submit(&clients, &sweep(1), &spec).await.unwrap();
    let (mut one, mut two) = (Worker::register(&clients, 1, 4).await, Worker::register(&clients, 2, 4).await);
    let leases = one.report(Vec::new(), 4).await.unwrap().leases;
    assert_eq!(leases.len(), 2);
    let waiting = tokio::spawn(async move { two.report(Vec::new(), 4).await });
    one.report(vec![success(&leases[0], &block(&spec))], 0).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().leases.len(), 1);
    // A grant is answered before it is durable, and only what is durable is shown.
    assert!(status(&clients, &sweep(1)).await.n_leased <= 2);
    coordinator.shutdown().await;
}

#[tokio::test]
async fn requirements_are_met_or_said() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    let require = r#""priority":9,"require":{"labels":{"gpu":"a100"},"memory_mb":0}"#;
    submit(&clients, &sweep(1), &noop_with("picky", 9, require)).await.unwrap();
    submit(&clients, &sweep(2), &noop("plain", 9)).await.unwrap();
    let mut plain = Worker::register(&clients, 1, 1).await;
    let leases = plain.report(Vec::new(), 1).await.unwrap().leases;
    assert_eq!(leases[0].sweep, sweep(2), "who can be served is not held up");
    let said = status(&clients, &sweep(1)).await.message;
    assert_eq!(said, "waits: no worker has label gpu=a100 (1 worker here: no gpu)");
    let labels = [("gpu".to_owned(), "a100".to_owned())].into();
    let request = v1::RegisterRequest { labels, ..register_request(2, 1, 1) };
    let mut fitting = Worker::with(&clients, request).await.unwrap();
    assert_eq!(status(&clients, &sweep(1)).await.message, "");
    assert_eq!(fitting.report(Vec::new(), 1).await.unwrap().leases[0].sweep, sweep(1));
    coordinator.shutdown().await;
}

#[tokio::test]
async fn a_worker_is_found_asked_to_leave_and_welcome_again() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    let spec = noop("tiny", 9);
    submit(&clients, &sweep(1), &spec).await.unwrap();
    let named = |id, name: &str| v1::RegisterRequest {
        labels: [("name".to_owned(), name.to_owned())].into(),
        memory_bytes: 5_000_000,
        ..register_request(id, 1, 2)
    };
    let mut one = Worker::with(&clients, named(1, "alpha")).await.unwrap();
    let _two = Worker::with(&clients, named(2, "beta")).await.unwrap();
    let _three = Worker::with(&clients, named(3, "beta")).await.unwrap();
    let leases = one.report(Vec::new(), 2).await.unwrap().leases;

    check_refusal(drain(&clients, "gamma").await, Code::NotFound, "`status` lists them");
    check_refusal(drain(&clients, "beta").await, Code::InvalidArgument, "means 2 workers");
    check_refusal(drain(&clients, "0000").await, Code::InvalidArgument, "means 3 workers");
    check_refusal(drain(&clients, "").await, Code::InvalidArgument, "no worker is named");
    let asked = drain(&clients, "alpha").await.unwrap().worker.unwrap();
    assert_eq!((asked.name.as_str(), asked.n_slots, asked.n_busy, asked.is_draining), ("alpha", 2, 2, true));
    let list = workers(&clients).await;
    let of = |list: &[v1::WorkerStatus]| list.iter().map(|known| known.is_draining).collect::<Vec<_>>();
    assert_eq!(of(&list), [true, false, false]);
    assert!(list.iter().all(|known| known.is_live && known.memory_bytes == 5_000_000));

    let session = one.registered.session.clone();
    let beat = v1::HeartbeatRequest { session: session.clone(), leases: Vec::new() };
    assert!(is_drained(&clients.worker.clone().heartbeat(unary(beat)).await.unwrap().into_inner().directives));
    let answer = one.report(vec![success(&leases[0], &block(&spec))], 1).await.unwrap();
    assert!(is_drained(&answer.directives) && answer.leases.is_empty(), "{answer:?}");
    let returned = vec![leases[1].lease];
    let leaving = v1::ReportRequest { session, seq: 3, draining: true, returned, ..Default::default() };
    let answer = clients.worker.clone().report(unary(leaving)).await.unwrap().into_inner();
    assert!(!is_drained(&answer.directives), "it has said so");
    let counts = status(&clients, &sweep(1)).await;
    assert_eq!((counts.n_succeeded, counts.n_ready, counts.n_lost_attempts), (1, 8, 0));

    let again = v1::RegisterRequest { incarnation: 2, ..named(1, "alpha") };
    let mut again = Worker::with(&clients, again).await.unwrap();
    assert_eq!(again.report(Vec::new(), 2).await.unwrap().leases.len(), 2);
    coordinator.shutdown().await;
}
