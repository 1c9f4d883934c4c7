//! A real server on a free port, and a worker written by hand.
#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod raw;
pub(crate) mod results;

use std::path::Path;
use std::time::Duration;

use tonic::{Code, Status};
use traipse_coordinator::{Coordinator, Error, Limits, Options};
use traipse_proto::client::{self, Clients, unary, with_deadline};
use traipse_proto::convert::rows;
use traipse_proto::{PROTOCOL, v1};
use traipse_sweep::columns::{Table, runs};
use traipse_sweep::rows::{RowBlock, Schema, TableBuilder};
use traipse_sweep::spec::{self, Format};
use traipse_sweep::{SweepId, WorkerId};

/// No call of a test waits longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The id of the tests' first sweep, and of others by number.
pub(crate) fn sweep(n: u128) -> String {
    SweepId(0x0192_0000_0000_0000_0000_0000_0000_0000 + n).to_string()
}

/// A sweep of `n` runs that train nothing.
pub(crate) fn noop(name: &str, n: u64) -> String {
    let text =
        format!(r#"{{"spec": 1, "name": "{name}", "model": {{"kind": "noop"}}, "replicates": {{"seed": {n}}}}}"#);
    spec::parse(&text, Format::Json, "test").expect("the test's spec is good").canonical_json()
}

/// Options for a folder: a free port, leases and seals that no test waits for.
pub(crate) fn options(data: &Path) -> Options {
    Options::new(([127, 0, 0, 1], 0).into(), data)
}

/// Options with other limits.
pub(crate) fn with_limits(data: &Path, change: impl FnOnce(&mut Limits)) -> Options {
    let mut options = options(data);
    change(&mut options.limits);
    options
}

pub(crate) async fn start(data: &Path) -> Coordinator {
    Coordinator::start(options(data)).await.expect("the coordinator starts")
}

/// Why it does not start.
pub(crate) async fn refused(options: Options) -> Error {
    match Coordinator::start(options).await {
        Ok(_) => panic!("it started"),
        Err(error) => error,
    }
}

pub(crate) async fn clients(coordinator: &Coordinator) -> Clients {
    client::connect(&coordinator.url(), coordinator.token()).await.expect("the coordinator answers")
}

pub(crate) async fn submit(clients: &Clients, sweep: &str, spec: &str) -> Result<v1::SubmitResponse, Status> {
    let request = v1::SubmitRequest { sweep: sweep.to_owned(), spec: spec.to_owned() };
    clients.sweep.clone().submit(unary(request)).await.map(tonic::Response::into_inner)
}

pub(crate) async fn status(clients: &Clients, sweep: &str) -> v1::SweepStatus {
    let request = v1::GetRequest { sweep: sweep.to_owned() };
    let response = clients.sweep.clone().get(unary(request)).await.expect("the sweep is there");
    response.into_inner().status.expect("a status is always there")
}

/// An encoded block with one row in `runs`.
pub(crate) fn block(spec_text: &str) -> bytes::Bytes {
    block_with(spec_text, "noop")
}

/// The same with that status, which may be long.
pub(crate) fn block_with(spec_text: &str, status: &str) -> bytes::Bytes {
    let spec = spec::parse(spec_text, Format::Json, "test").expect("the test's spec is good");
    let schema = Schema::of(&spec);
    let mut builder = TableBuilder::new(schema.table(Table::Runs).expect("every schema has runs"));
    builder.push([(&runs::STATUS, status.into())]);
    rows::encode(&RowBlock { tables: vec![builder.finish()] }, &schema).expect("the block fits its schema")
}

pub(crate) fn success(lease: &v1::Lease, block: &bytes::Bytes) -> v1::JobReport {
    let rows = v1::Rows { block: block.clone(), artifacts: Vec::new() };
    report(lease, v1::job_report::Result::Succeeded(rows))
}

pub(crate) fn failure(lease: &v1::Lease, class: v1::FailureClass, message: &str) -> v1::JobReport {
    let failure = v1::Failure { class: class as i32, message: message.to_owned() };
    report(lease, v1::job_report::Result::Failed(failure))
}

fn report(lease: &v1::Lease, result: v1::job_report::Result) -> v1::JobReport {
    v1::JobReport {
        sweep: lease.sweep.clone(),
        job: lease.job,
        generation: lease.generation,
        lease: lease.lease,
        token: lease.token.clone(),
        result: Some(result),
        stats: Some(v1::AttemptStats { total_seconds: 0.001, ..v1::AttemptStats::default() }),
        ..v1::JobReport::default()
    }
}

/// A worker's session.
pub(crate) struct Worker {
    pub(crate) clients: Clients,
    pub(crate) registered: v1::RegisterResponse,
    pub(crate) seq: u64,
    pub(crate) n_slots: u32,
}

/// What a worker says of itself.
pub(crate) fn register_request(id: u128, incarnation: u32, n_slots: u32) -> v1::RegisterRequest {
    v1::RegisterRequest {
        protocol: PROTOCOL,
        worker: WorkerId(id).to_string(),
        incarnation,
        n_slots,
        numerics: "test-1".to_owned(),
        ..v1::RegisterRequest::default()
    }
}

impl Worker {
    pub(crate) async fn register(clients: &Clients, id: u128, n_slots: u32) -> Self {
        let request = register_request(id, 1, n_slots);
        Self::with(clients, request).await.expect("the worker is welcome")
    }

    pub(crate) async fn with(clients: &Clients, request: v1::RegisterRequest) -> Result<Self, Status> {
        let n_slots = request.n_slots;
        let registered = clients.worker.clone().register(unary(request)).await?.into_inner();
        Ok(Self { clients: clients.clone(), registered, seq: 0, n_slots })
    }

    /// Reports, and asks for `n_free` leases.
    pub(crate) async fn report(
        &mut self,
        reports: Vec<v1::JobReport>,
        n_free: u32,
    ) -> Result<v1::ReportResponse, Status> {
        self.seq += 1;
        self.repeat(reports, n_free).await
    }

    /// The same call again.
    pub(crate) async fn repeat(&self, reports: Vec<v1::JobReport>, n_free: u32) -> Result<v1::ReportResponse, Status> {
        let request = v1::ReportRequest {
            session: self.registered.session.clone(),
            seq: self.seq,
            reports,
            n_free_slots: n_free,
            wait_ms: if n_free == 0 { 0 } else { 5_000 },
            reaches_store: true,
            ..v1::ReportRequest::default()
        };
        self.clients.worker.clone().report(with_deadline(request, PATIENCE)).await.map(tonic::Response::into_inner)
    }

    /// Runs a sweep of noops to its end, `n_slots` at a time; says how many jobs it ran.
    pub(crate) async fn drain(&mut self, sweep: &str, block: &bytes::Bytes) -> u64 {
        let (mut reports, mut n_done) = (Vec::new(), 0);
        loop {
            if reports.is_empty() && status(&self.clients, sweep).await.state().is_over() {
                return n_done;
            }
            let answer = self.report(std::mem::take(&mut reports), self.n_slots).await.expect("reports are taken");
            n_done += answer.verdicts.iter().filter(|&&verdict| verdict == v1::Verdict::Accepted as i32).count() as u64;
            reports.extend(answer.leases.iter().map(|lease| success(lease, block)));
        }
    }
}

/// The code of a refusal, whose message holds `part`.
pub(crate) fn check_refusal<T>(found: Result<T, Status>, code: Code, part: &str) {
    let status = match found {
        Ok(_) => panic!("it was not refused"),
        Err(status) => status,
    };
    assert_eq!(status.code(), code, "{status}");
    assert!(status.message().contains(part), "{status}");
}
