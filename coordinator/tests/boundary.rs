//! The boundary of the service under bad input: random bytes, mutated messages, huge counts, wrong tokens, numbers out of
//! order, ten thousand sweeps. All of it is refused or carried; a worker that behaves goes on beside it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::raw::{Raw, Strange};
use common::{
    Worker, block, check_refusal, clients, failure, noop, register_request, start, status, submit, success, sweep,
};
use futures_util::StreamExt;
use prost::Message;
use tonic::{Code, Status};
use traipse_proto::client::{Clients, unary};
use traipse_proto::v1;

/// Calls of each kind, with bytes that mean nothing and with messages that nearly mean something.
const N_CALLS: usize = 60;

fn lease_of(lease: &v1::Lease, change: impl FnOnce(&mut v1::Lease)) -> v1::Lease {
    let mut lease = lease.clone();
    change(&mut lease);
    lease
}

/// A message of every kind, as good as can be.
fn messages(worker: &Worker, lease: &v1::Lease, spec: &str) -> Vec<(&'static str, Vec<u8>)> {
    let held = v1::HeldLease { lease: lease.lease, token: lease.token.clone() };
    let register = v1::RegisterRequest { held: vec![held], ..register_request(7, 3, 2) };
    let report = v1::ReportRequest {
        session: worker.registered.session.clone(),
        seq: worker.seq + 1,
        reports: vec![success(lease, &block(spec)), failure(lease, v1::FailureClass::Transient, "no room")],
        n_free_slots: 1,
        returned: vec![lease.lease],
        ..v1::ReportRequest::default()
    };
    let beat = v1::HeartbeatRequest {
        session: worker.registered.session.clone(),
        leases: vec![v1::LeaseProgress { lease: lease.lease, progress: 5 }],
    };
    let members = v1::MembersRequest {
        sweep: lease.sweep.clone(),
        job: lease.job,
        lease: lease.lease,
        token: lease.token.clone(),
    };
    let sweep = lease.sweep.clone();
    vec![
        ("/traipse.v1.WorkerService/Register", register.encode_to_vec()),
        ("/traipse.v1.WorkerService/Report", report.encode_to_vec()),
        ("/traipse.v1.WorkerService/Heartbeat", beat.encode_to_vec()),
        ("/traipse.v1.WorkerService/Spec", v1::SpecRequest { sweep: sweep.clone() }.encode_to_vec()),
        ("/traipse.v1.WorkerService/Members", members.encode_to_vec()),
        (
            "/traipse.v1.SweepService/Submit",
            v1::SubmitRequest { sweep: sweep.clone(), spec: spec.to_owned() }.encode_to_vec(),
        ),
        ("/traipse.v1.SweepService/Get", v1::GetRequest { sweep: sweep.clone() }.encode_to_vec()),
        ("/traipse.v1.SweepService/List", v1::ListRequest {}.encode_to_vec()),
        ("/traipse.v1.SweepService/Watch", v1::WatchRequest { sweep: sweep.clone() }.encode_to_vec()),
        ("/traipse.v1.SweepService/Cancel", v1::CancelRequest { sweep: sweep.clone() }.encode_to_vec()),
        ("/traipse.v1.SweepService/Results", v1::ResultsRequest { sweep }.encode_to_vec()),
        ("/traipse.v1.SweepService/Nothing", vec![1, 2, 3]),
        ("/traipse.v9.WorkerService/Register", register_request(1, 1, 1).encode_to_vec()),
    ]
}

/// What a caller may be told. Anything else is a panic, a connection that broke, or a bug that says so.
fn check_answer(path: &str, bytes: &[u8], answer: Result<bytes::Bytes, Status>) {
    let Err(status) = answer else { return };
    let may_be = match status.code() {
        Code::InvalidArgument | Code::NotFound | Code::Aborted | Code::PermissionDenied | Code::FailedPrecondition => {
            true
        }
        Code::AlreadyExists | Code::OutOfRange | Code::ResourceExhausted | Code::Unimplemented => true,
        // The message is no protobuf.
        Code::Internal => status.message().contains("decode"),
        // A report may ask to wait.
        Code::DeadlineExceeded | Code::Cancelled => {
            ["/Report", "/Members", "/Watch"].iter().any(|waits| path.ends_with(waits))
        }
        _ => false,
    };
    assert!(may_be && !status.message().contains("bug"), "{path} with {bytes:?}: {status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_mean_nothing_harm_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    let good = noop("good", 300);
    submit(&clients, &sweep(9), &good).await.unwrap();
    let mut behaves = Worker::register(&clients, 1, 4).await;
    // The good worker's first lease pins its sweep's arithmetic, so that strange workers get none of it.
    let first = behaves.report(Vec::new(), 1).await.unwrap().leases;
    let answer = behaves.report(first.iter().map(|lease| success(lease, &block(&good))).collect(), 0).await.unwrap();
    let n_first = answer.verdicts.len() as u64;
    // And the strange one's lease pins the other sweep, before the good worker goes on: sweeps share the slots.
    let strange = noop("strange", 50);
    submit(&clients, &sweep(2), &strange).await.unwrap();
    let request = v1::RegisterRequest { numerics: "strange".into(), ..register_request(7, 2, 2) };
    let mut worker = Worker::with(&clients, request).await.unwrap();
    let lease = worker.report(Vec::new(), 1).await.unwrap().leases.remove(0);
    assert_eq!(lease.sweep, sweep(2));
    let beside = tokio::spawn(async move {
        let rows = block(&good);
        let (mut answer, mut n) = (answer, n_first);
        // Leases that come ahead of free slots are held too: none may be forgotten.
        while !answer.leases.is_empty() {
            let ahead = answer.leases.iter().map(|lease| success(lease, &rows)).collect();
            answer = behaves.report(ahead, 0).await.unwrap();
            n += answer.verdicts.len() as u64;
        }
        n + behaves.drain(&sweep(9), &rows).await
    });

    let raw = Raw::connect(&coordinator.url(), coordinator.token()).await;
    let mut bytes = Strange::new(4);
    for (path, message) in messages(&worker, &lease, &strange) {
        let calls = (0..N_CALLS).map(|n| if n % 3 == 0 { bytes.random() } else { bytes.mutated(&message) });
        let calls: Vec<Vec<u8>> = calls.collect();
        let answers = futures_util::stream::iter(calls).map(|call| {
            let raw = raw.clone();
            async move {
                let answer = raw.call(path, call.clone()).await;
                check_answer(path, &call, answer);
            }
        });
        answers.buffer_unordered(8).collect::<Vec<()>>().await;
    }
    assert_eq!(beside.await.unwrap(), 300);
    assert_eq!(status(&clients, &sweep(9)).await.n_succeeded, 300);
    assert!(coordinator.failure().is_none());
    coordinator.shutdown().await;
}

/// Reports one thing in a session of its own.
async fn says(clients: &Clients, report: v1::JobReport) -> Result<v1::ReportResponse, Status> {
    let mut worker = Worker::register(clients, 77, 1).await;
    worker.report(vec![report], 0).await
}

#[tokio::test]
async fn a_token_is_good_for_its_own_job() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    let spec = noop("mine", 5);
    let rows = block(&spec);
    submit(&clients, &sweep(1), &spec).await.unwrap();
    submit(&clients, &sweep(2), &noop("other", 5)).await.unwrap();
    let mut worker = Worker::register(&clients, 1, 1).await;
    let lease = worker.report(Vec::new(), 1).await.unwrap().leases.remove(0);
    let (own, job) = (lease.sweep.clone(), lease.job);
    let other = if own == sweep(1) { sweep(2) } else { sweep(1) };
    let wrong = [
        lease_of(&lease, |lease| lease.sweep = other),
        lease_of(&lease, |lease| lease.job = (job + 1) % 5),
        lease_of(&lease, |lease| lease.job = u64::MAX),
        lease_of(&lease, |lease| lease.generation = 1),
        lease_of(&lease, |lease| lease.lease += 1),
        lease_of(&lease, |lease| lease.token[3] ^= 1),
        lease_of(&lease, |lease| lease.token[12] ^= 1),
    ];
    for lease in wrong {
        check_refusal(says(&clients, success(&lease, &rows)).await, Code::PermissionDenied, "token");
        check_refusal(
            says(&clients, failure(&lease, v1::FailureClass::Invalid, "no")).await,
            Code::PermissionDenied,
            "token",
        );
    }
    for n in [1, 2] {
        let found = status(&clients, &sweep(n)).await;
        assert_eq!((found.n_succeeded, found.n_failed, found.n_lost_attempts), (0, 0, 0));
    }
    let answer = worker.report(vec![success(&lease, &rows)], 0).await.unwrap();
    assert_eq!(answer.verdicts, [v1::Verdict::Accepted as i32]);
    coordinator.shutdown().await;
}

#[tokio::test]
async fn clocks_that_no_clock_shows_are_refused_and_others_are_carried() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    let spec = noop("tiny", 40);
    let rows = block(&spec);
    submit(&clients, &sweep(1), &spec).await.unwrap();
    let mut worker = Worker::register(&clients, 1, 2).await;
    let mut lease = worker.report(Vec::new(), 1).await.unwrap().leases.remove(0);
    for seconds in [f64::NAN, f64::INFINITY, -1.0] {
        let stats = Some(v1::AttemptStats { total_seconds: seconds, ..v1::AttemptStats::default() });
        let said = says(&clients, v1::JobReport { stats, ..success(&lease, &rows) }).await;
        check_refusal(said, Code::InvalidArgument, "total_seconds");
    }
    // As of a clock that is years off, and more.
    for seconds in [1e9, 1e300, f64::MAX] {
        let stats = v1::AttemptStats {
            lease_wait_seconds: seconds,
            train_seconds: seconds,
            total_seconds: seconds,
            peak_memory_bytes: u64::MAX,
            ..v1::AttemptStats::default()
        };
        let report = v1::JobReport { stats: Some(stats), ..success(&lease, &rows) };
        let answer = worker.report(vec![report], 0).await.unwrap();
        assert_eq!(answer.verdicts, [v1::Verdict::Accepted as i32]);
        // What was leased ahead is handed back, with some that nobody has.
        let ahead = answer.leases.iter().map(|lease| lease.lease);
        returns(&mut worker, ahead.chain([0, u64::MAX]).collect()).await;
        lease = worker.report(Vec::new(), 1).await.unwrap().leases.remove(0);
    }
    worker.report(vec![success(&lease, &rows)], 0).await.unwrap();
    let mut worker = Worker::with(&clients, register_request(1, 2, 2)).await.unwrap();
    assert_eq!(worker.drain(&sweep(1), &rows).await, 36);
    coordinator.shutdown().await;
}

#[tokio::test]
async fn counts_that_no_worker_has_are_refused_or_carried() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    let spec = noop("tiny", 40);
    submit(&clients, &sweep(1), &spec).await.unwrap();
    let mut worker = Worker::register(&clients, 1, 2).await;
    let lease = worker.report(Vec::new(), 1).await.unwrap().leases.remove(0);
    worker.seq += 1;
    let huge = v1::ReportRequest {
        session: worker.registered.session.clone(),
        seq: worker.seq,
        n_free_slots: u32::MAX,
        n_queued: u32::MAX,
        wait_ms: 1,
        ..v1::ReportRequest::default()
    };
    let answer = clients.worker.clone().report(unary(huge)).await.unwrap().into_inner();
    assert!(answer.leases.len() <= 2, "{}", answer.leases.len());
    worker.seq += 1;
    let many = vec![failure(&lease, v1::FailureClass::Transient, "no"); 20_000];
    check_refusal(worker.repeat(many, 0).await, Code::InvalidArgument, "reports has 20000 entries");
    let leases = vec![v1::LeaseProgress { lease: 1, ..v1::LeaseProgress::default() }; 20_000];
    let beat = v1::HeartbeatRequest { session: worker.registered.session.clone(), leases };
    check_refusal(clients.worker.clone().heartbeat(unary(beat)).await, Code::InvalidArgument, "leases has 20000");
    let held = vec![v1::HeldLease { lease: 1, token: vec![1] }; 20_000];
    let request = v1::RegisterRequest { held, ..register_request(3, 1, 1) };
    check_refusal(Worker::with(&clients, request).await.map(|_| ()), Code::InvalidArgument, "held has 20000");
    // What was refused has changed nothing, so its number is still to come.
    let answer = worker.repeat(vec![success(&lease, &block(&spec))], 0).await.unwrap();
    assert_eq!(answer.verdicts, [v1::Verdict::Accepted as i32]);
    coordinator.shutdown().await;
}

#[tokio::test]
async fn numbers_out_of_order_are_refused_and_harm_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    let spec = noop("tiny", 20);
    submit(&clients, &sweep(1), &spec).await.unwrap();
    let mut worker = Worker::register(&clients, 1, 2).await;
    worker.report(Vec::new(), 0).await.unwrap();
    for strange in [0, 3, u64::MAX] {
        worker.seq = strange;
        check_refusal(worker.repeat(Vec::new(), 0).await, Code::Aborted, "");
    }
    worker.seq = 1;
    worker.report(Vec::new(), 0).await.unwrap();
    let mut newest = Worker::with(&clients, register_request(1, u32::MAX, 2)).await.unwrap();
    let older = Worker::with(&clients, register_request(1, 1, 2)).await.map(|_| ());
    check_refusal(older, Code::FailedPrecondition, "");
    assert_eq!(newest.drain(&sweep(1), &block(&spec)).await, 20);
    coordinator.shutdown().await;
}

/// Hands leases back.
async fn returns(worker: &mut Worker, returned: Vec<u64>) {
    worker.seq += 1;
    let (session, seq) = (worker.registered.session.clone(), worker.seq);
    let request = v1::ReportRequest { session, seq, returned, ..v1::ReportRequest::default() };
    worker.clients.worker.clone().report(unary(request)).await.unwrap();
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    submit(&clients, &sweep(1), &noop("tiny", 4)).await.unwrap();
    let raw = Raw::connect(&coordinator.url(), coordinator.token()).await;
    for path in
        ["/traipse.v1.WorkerService/Report", "/traipse.v1.WorkerService/Register", "/traipse.v1.SweepService/Submit"]
    {
        let status = raw.call(path, vec![0x0a; 9 << 20]).await.unwrap_err();
        assert!(matches!(status.code(), Code::OutOfRange | Code::ResourceExhausted), "{path}: {status}");
    }
    let list = |n: u64| format!(r#"{{"linear":[0,1],"n":{n}}}"#);
    let axes = |n: usize| (0..n).map(|at| format!(r#""axis-{at}":{}"#, list(100_000))).collect::<Vec<_>>().join(",");
    let specs = [
        r#"{"spec":1,"name":"a","model":{"kind":"noop"},"replicates":{"seed":18446744073709551615}}"#.to_owned(),
        r#"{"spec":1,"name":"a","model":{"kind":"noop"},"replicates":{"seed":18446744073709551616}}"#.to_owned(),
        r#"{"spec":1,"name":"a","model":{"kind":"noop"},"replicates":{"seed":1e300}}"#.to_owned(),
        r#"{"spec":1,"name":"a","axes":{"train.learning_rate":{"log":[0.1,1],"n":100000},"train.momentum":{"linear":[0,0.9],"n":100000},"train.weight_decay":{"linear":[0,0.1],"n":100000},"train.epochs":{"linear":[1,100000],"n":100000}}}"#.to_owned(),
        format!(r#"{{"spec":1,"name":"a","axes":{{{}}}}}"#, axes(64)),
        format!(r#"{{"spec":1,"name":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000)),
        format!(r#"{{"spec":1,"name":"{}"}}"#, "x".repeat(2 << 20)),
        String::new(),
    ];
    for (at, spec) in specs.iter().enumerate() {
        match submit(&clients, &sweep(20 + at as u128), spec).await {
            Err(status) => assert_eq!(status.code(), Code::InvalidArgument, "{at}: {status}"),
            Ok(answer) => panic!("{at}: taken with {} runs", answer.n_runs),
        }
    }
    let mut worker = Worker::register(&clients, 1, 2).await;
    assert_eq!(worker.drain(&sweep(1), &block(&noop("tiny", 4))).await, 4);
    coordinator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_sweeps_are_carried() {
    const N_SWEEPS: u128 = 10_000;
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let first = clients(&coordinator).await;
    let spec = noop("many", 1);
    let submits = futures_util::stream::iter(0..N_SWEEPS).map(|n| {
        let (clients, spec) = (first.clone(), spec.clone());
        async move { submit(&clients, &sweep(n), &spec).await.unwrap() }
    });
    submits.buffer_unordered(128).for_each(|_| std::future::ready(())).await;
    let list = first.sweep.clone().list(unary(v1::ListRequest {})).await.unwrap().into_inner();
    assert_eq!(list.sweeps.len() as u128, N_SWEEPS);
    let mut worker = Worker::register(&first, 1, 64).await;
    let rows = block(&spec);
    let (mut reports, mut n_done) = (Vec::new(), 0);
    while n_done < 500 {
        let answer = worker.report(std::mem::take(&mut reports), 64).await.unwrap();
        n_done += answer.verdicts.len();
        reports.extend(answer.leases.iter().map(|lease| success(lease, &rows)));
    }
    coordinator.kill().await;

    let coordinator = start(dir.path()).await;
    let second = clients(&coordinator).await;
    let list = second.sweep.clone().list(unary(v1::ListRequest {})).await.unwrap().into_inner();
    let n_ended = list.sweeps.iter().filter(|sweep| sweep.state().is_over()).count();
    assert!(n_ended >= n_done, "{n_ended} of {n_done}");
    coordinator.shutdown().await;
}
