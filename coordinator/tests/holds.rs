//! The coordinator itself pauses and stops sweeps, over real connections.

mod common;

use common::{Worker, clients, failure, noop, start, status, submit, success, sweep};
use traipse_proto::client::unary;
use traipse_proto::v1;

/// A sweep of `n` runs that train nothing, with that in `[execution]`.
fn spec(n: u64, execution: &str) -> String {
    let spec = noop("held", n);
    let (before, after) = spec.split_once(r#""execution":{"#).expect("the canonical form has the section");
    let text = format!(r#"{before}"execution":{{{execution}{after}"#);
    let parsed = traipse_sweep::spec::parse(&text, traipse_sweep::spec::Format::Json, "test");
    parsed.expect("the test's spec is good").canonical_json()
}

#[tokio::test]
async fn a_sweep_that_only_fails_pauses_until_it_is_resumed() {
    let folder = tempfile::tempdir().expect("a folder");
    let coordinator = start(folder.path()).await;
    let all = clients(&coordinator).await;
    let (id, text) = (sweep(1), spec(100, ""));
    submit(&all, &id, &text).await.expect("it is admitted");
    for worker in 0..20 {
        let mut worker = Worker::register(&all, worker, 1).await;
        let leases = worker.report(vec![], 1).await.expect("it is answered").leases;
        assert_eq!((leases[0].time_limit_ms, leases[0].stall_limit_ms), (7_200_000, 600_000));
        let failed = failure(&leases[0], v1::FailureClass::Transient, "no data");
        worker.report(vec![failed], 0).await.expect("it is answered");
    }
    coordinator.shutdown().await;
    let coordinator = start(folder.path()).await;
    let all = clients(&coordinator).await;
    let held = status(&all, &id).await;
    assert_eq!((held.state(), held.held), (v1::SweepState::Paused, true));
    assert_eq!(held.message, "the first 20 attempts all failed, with one message: no data");
    let request = v1::ResumeRequest { sweep: id.clone() };
    let resumed = all.sweep.clone().resume(unary(request)).await.expect("it can be resumed").into_inner();
    assert_eq!(resumed.status.map(|status| (status.state(), status.held)), Some((v1::SweepState::Active, false)));
    let block = common::block(&text);
    let mut worker = Worker::register(&all, 99, 8).await;
    while status(&all, &id).await.n_succeeded < 50 {
        let leases = worker.report(vec![], 8).await.expect("it is answered").leases;
        let reports = leases.iter().map(|lease| success(lease, &block)).collect();
        worker.report(reports, 0).await.expect("it is answered");
    }
    coordinator.shutdown().await;
}

#[tokio::test]
async fn an_invalid_first_job_or_a_failure_that_stops_ends_the_sweep() {
    let folder = tempfile::tempdir().expect("a folder");
    let coordinator = start(folder.path()).await;
    let all = clients(&coordinator).await;
    let stops = r#""on_failure":"stop","#;
    let (invalid, transient) = (v1::FailureClass::Invalid, v1::FailureClass::Transient);
    let once = r#""max_attempts":1,"on_failure":"stop","order":"balanced"}"#;
    let strict = noop("strict", 50).replace(r#""max_attempts":4,"order":"balanced"}"#, once);
    let rows = [
        (spec(50, ""), invalid, "job 0, before any had a result, cannot be run at all: it is bad"),
        (spec(50, stops), invalid, "job 0, before any had a result, cannot be run at all: it is bad"),
        (strict, transient, r#"on_failure = "stop", and job 0 was failed: it is bad"#),
    ];
    for (number, (text, class, message)) in (1..).zip(rows) {
        let id = sweep(number);
        submit(&all, &id, &text).await.expect("it is admitted");
        let mut worker = Worker::register(&all, number, 2).await;
        let leases = worker.report(vec![], 2).await.expect("it is answered").leases;
        let failed = failure(&leases[0], class, "it is bad");
        let answer = worker.report(vec![failed], 0).await.expect("it is answered");
        assert_eq!(answer.directives[0].lease, leases[1].lease, "what runs is told to stop");
        let ended = status(&all, &id).await;
        assert_eq!((ended.state(), ended.held, &*ended.message), (v1::SweepState::Stopped, true, message));
        assert_eq!((ended.n_failed, ended.n_cancelled), (1, 49), "{ended:?}");
    }
    coordinator.shutdown().await;
}
