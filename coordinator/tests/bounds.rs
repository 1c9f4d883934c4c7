//! Nothing that one caller does fills the memory or stops the others: what waits is bounded, what is too much is refused
//! with a delay, what is too fast to read is told in few words.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::time::{Duration, Instant};

use common::{Worker, block, check_refusal, clients, noop, start, status, submit, success, sweep, with_limits};
use tonic::Code;
use traipse_coordinator::Coordinator;
use traipse_proto::client::{pushback, unary};
use traipse_proto::v1;

/// A watch has at most 4 messages a second.
const APART: Duration = Duration::from_millis(250);

#[tokio::test]
async fn a_watch_tells_a_rush_in_few_words() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    let (spec, n_runs) = (noop("rush", 300), 300);
    submit(&clients, &sweep(1), &spec).await.unwrap();
    let request = v1::WatchRequest { sweep: sweep(1) };
    let mut watch = clients.sweep.clone().watch(request).await.unwrap().into_inner();
    let began = Instant::now();
    // Every run is a change of its own: one report each.
    let working = tokio::spawn({
        let (clients, rows) = (clients.clone(), block(&spec));
        async move { Worker::register(&clients, 1, 1).await.drain(&sweep(1), &rows).await }
    });
    let mut messages = Vec::new();
    while let Some(message) = watch.message().await.unwrap() {
        messages.push(message);
    }
    let apart = u32::try_from(messages.len() - 1).unwrap() * APART;
    assert!(apart <= began.elapsed(), "{} messages in {:?}", messages.len(), began.elapsed());
    assert_eq!(messages.last().unwrap().n_succeeded, n_runs, "the end is told");
    assert!(messages.iter().map(|message| message.n_succeeded).is_sorted());
    assert_eq!(working.await.unwrap(), n_runs);
    coordinator.shutdown().await;
}

#[tokio::test]
async fn a_watcher_that_reads_nothing_holds_nobody_up() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    let spec = noop("unread", 50);
    submit(&clients, &sweep(1), &spec).await.unwrap();
    let mut unread = Vec::new();
    for _ in 0..20 {
        unread.push(clients.sweep.clone().watch(v1::WatchRequest { sweep: sweep(1) }).await.unwrap());
    }
    let mut worker = Worker::register(&clients, 1, 8).await;
    assert_eq!(worker.drain(&sweep(1), &block(&spec)).await, 50);
    coordinator.shutdown().await;
}

#[tokio::test]
async fn a_report_beyond_the_budget_comes_through_later() {
    let dir = tempfile::tempdir().unwrap();
    let options = with_limits(dir.path(), |limits| limits.ingest_bytes = 64 << 10);
    let coordinator = Coordinator::start(options).await.unwrap();
    let clients = clients(&coordinator).await;
    let spec = noop("budget", 2);
    submit(&clients, &sweep(1), &spec).await.unwrap();
    let mut worker = Worker::register(&clients, 1, 2).await;
    let leases = worker.report(Vec::new(), 2).await.unwrap().leases;
    let long = common::block_with(&spec, &"long ".repeat(20 << 10));
    let refused = worker.report(vec![success(&leases[0], &long)], 0).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
    assert!(pushback(&refused).is_some_and(|delay| delay > Duration::ZERO), "it says when to come again");
    // What was refused has left nothing behind: the same call, with less in it, is taken.
    let reports = leases.iter().map(|lease| success(lease, &block(&spec))).collect();
    assert_eq!(worker.repeat(reports, 0).await.unwrap().verdicts.len(), 2);
    assert_eq!(status(&clients, &sweep(1)).await.n_succeeded, 2);
    coordinator.shutdown().await;
}

#[tokio::test]
async fn a_grid_beyond_all_numbers_is_refused_and_the_next_is_served() {
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    let axes = ["momentum", "learning_rate", "weight_decay"]
        .map(|key| format!(r#""train.{key}":{{"linear":[0.001,0.9],"n":65536}}"#));
    let vast = format!(
        r#"{{"spec":1,"name":"vast","model":{{"kind":"noop"}},"replicates":{{"seed":4294967295}},"axes":{{{}}}}}"#,
        axes.join(",")
    );
    check_refusal(submit(&clients, &sweep(1), &vast).await, Code::InvalidArgument, "");
    let spec = noop("next", 1);
    submit(&clients, &sweep(2), &spec).await.unwrap();
    assert_eq!(Worker::register(&clients, 1, 1).await.drain(&sweep(2), &block(&spec)).await, 1);
    coordinator.shutdown().await;
}

#[tokio::test]
async fn many_sweeps_are_listed_and_the_last_is_served_like_the_first() {
    const N: u128 = 1_000;
    let dir = tempfile::tempdir().unwrap();
    let coordinator = start(dir.path()).await;
    let clients = clients(&coordinator).await;
    let spec = noop("one-of-many", 1);
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..N {
        let (clients, spec) = (clients.clone(), spec.clone());
        calls.spawn(async move { submit(&clients, &sweep(number), &spec).await.unwrap() });
    }
    assert_eq!(calls.join_all().await.len(), N as usize);
    let mut worker = Worker::register(&clients, 1, 256).await;
    let (rows, mut reports, mut n_done) = (block(&spec), Vec::new(), 0);
    while n_done < N as usize {
        let answer = worker.report(std::mem::take(&mut reports), 256).await.unwrap();
        n_done += answer.verdicts.len();
        reports = answer.leases.iter().map(|lease| success(lease, &rows)).collect();
    }
    let list = clients.sweep.clone().list(unary(v1::ListRequest::default())).await.unwrap().into_inner();
    assert_eq!(list.sweeps.len(), N as usize);
    assert!(list.sweeps.iter().all(|status| status.n_succeeded == 1));
    coordinator.shutdown().await;
}
