//! The coordinator made by hand: it grants a sweep's jobs, remembers every call, and misbehaves when told to.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, async_trait};
use traipse_proto::v1::worker_service_server::{WorkerService, WorkerServiceServer};
use traipse_proto::v1::{self, Verdict};
use traipse_store::{Name, Store};
use traipse_sweep::spec::{self, Format};
use traipse_sweep::{JobNumber, LeaseId, Plan, Schema, SweepId};

pub(crate) const TOKEN: &str = "sesame";
pub(crate) const SWEEP: SweepId = SweepId(0x0192_0000_0000_0000_0000_0000_0000_002a);
/// A test that waits longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(120);
const NONCE: &str = "nonce";

/// What it has seen and what it still has to give.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) registers: Vec<v1::RegisterRequest>,
    pub(crate) reports: Vec<v1::ReportRequest>,
    pub(crate) beats: Vec<v1::HeartbeatRequest>,
    /// By job: what was accepted first.
    pub(crate) accepted: BTreeMap<u64, v1::JobReport>,
    /// Reports of jobs that were accepted already.
    pub(crate) n_superseded: u64,
    pub(crate) returned: BTreeSet<u64>,
    pub(crate) granted: BTreeMap<u64, v1::Lease>,
    pub(crate) n_specs: u64,
    /// Questions after members.
    pub(crate) n_members: u64,
    /// Jobs to grant.
    pub(crate) todo: VecDeque<u64>,
    /// Most leases of one answer beyond the free slots.
    pub(crate) ahead: usize,
    /// Answers of reports with outcomes that get lost after they were worked in.
    pub(crate) lose: u32,
    /// Of every lease from now on.
    pub(crate) time_limit_ms: u64,
    /// Reports that are asked for patience.
    pub(crate) deaf: bool,
    /// Leases to stop at the next heartbeat.
    pub(crate) stop: BTreeSet<u64>,
    /// Refuse registers with this.
    pub(crate) refuse: Option<Status>,
    session: u64,
    last: Option<v1::ReportResponse>,
}

struct Shared {
    seen: Mutex<Seen>,
    changed: Condvar,
    news: Notify,
    spec: String,
    plan: Plan,
    store: Option<(Store, Vec<u8>)>,
}

/// The fake. Dropping it is a crash.
pub(crate) struct Fake {
    shared: Arc<Shared>,
    address: SocketAddr,
    runtime: Option<Runtime>,
    pub(crate) plan: Plan,
    pub(crate) schema: Schema,
}

impl Fake {
    /// Grants all jobs of the sweep in `toml`, without a store.
    pub(crate) fn start(toml: &str) -> Self {
        Self::with_store(toml, None)
    }

    /// The store, and the nonce that is announced, whatever the store really holds.
    pub(crate) fn with_store(toml: &str, store: Option<(Store, Vec<u8>)>) -> Self {
        let spec = spec::parse(toml, Format::Toml, "test.toml").unwrap_or_else(|error| panic!("{error}"));
        let canonical = spec.canonical_json();
        let schema = Schema::of(&spec);
        let plan = Plan::new(Arc::new(spec)).unwrap_or_else(|error| panic!("{error}"));
        let seen = Seen { todo: (0..plan.n_jobs()).collect(), ahead: 64, session: 1, ..Seen::default() };
        let (seen, changed, news) = (Mutex::new(seen), Condvar::new(), Notify::new());
        let shared = Shared { seen, changed, news, spec: canonical, plan: plan.clone(), store };
        let mut fake =
            Self { shared: Arc::new(shared), address: ([127, 0, 0, 1], 0).into(), runtime: None, plan, schema };
        fake.listen();
        fake
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// As a process that is killed: connections break in the middle of whatever they do.
    pub(crate) fn crash(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(PATIENCE);
        }
    }

    /// Comes back at the same address, with its jobs and leases and without its sessions.
    pub(crate) fn come_back(&mut self) {
        self.edit(|seen| {
            seen.session += 1;
            seen.last = None;
        });
        self.listen();
    }

    pub(crate) fn edit<T>(&self, edit: impl FnOnce(&mut Seen) -> T) -> T {
        let edited = edit(&mut self.shared.seen.lock().unwrap());
        self.shared.changed.notify_all();
        self.shared.news.notify_waiters();
        edited
    }

    /// Waits until what it has seen is as wanted.
    pub(crate) fn until(&self, what: &str, wanted: impl Fn(&Seen) -> bool) {
        let seen = self.shared.seen.lock().unwrap();
        let (seen, waited) = self.shared.changed.wait_timeout_while(seen, PATIENCE, |seen| !wanted(seen)).unwrap();
        drop(seen);
        assert!(!waited.timed_out(), "waited in vain: {what}");
    }

    fn listen(&mut self) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind(self.address)).unwrap();
        self.address = listener.local_addr().unwrap();
        let service = WorkerServiceServer::new(Service(self.shared.clone()))
            .max_decoding_message_size(traipse_proto::MAX_MESSAGE_BYTES);
        let server = tonic::transport::Server::builder().add_service(service);
        runtime.spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        self.runtime = Some(runtime);
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.crash();
    }
}

struct Service(Arc<Shared>);

impl Service {
    fn check<T>(request: &Request<T>) -> Result<(), Status> {
        let shown = request.metadata().get("authorization").map(|value| value.as_bytes());
        if shown == Some(format!("Bearer {TOKEN}").as_bytes()) {
            return Ok(());
        }
        Err(Status::unauthenticated("the token is wrong"))
    }

    fn edit<T>(&self, edit: impl FnOnce(&mut Seen) -> T) -> T {
        let edited = edit(&mut self.0.seen.lock().unwrap());
        self.0.changed.notify_all();
        edited
    }
}

#[async_trait]
impl WorkerService for Service {
    async fn register(&self, request: Request<v1::RegisterRequest>) -> Result<Response<v1::RegisterResponse>, Status> {
        Self::check(&request)?;
        let request = request.into_inner();
        let (url, nonce) = match &self.0.store {
            Some((store, nonce)) => {
                let name: Name = NONCE.parse().unwrap();
                store.put_if_absent(&name, "the real nonce").await.unwrap();
                (store.url().to_owned(), nonce.clone())
            }
            None => (String::new(), Vec::new()),
        };
        self.edit(|seen| {
            if let Some(status) = &seen.refuse {
                return Err(status.clone());
            }
            let unknown =
                |held: &&v1::HeldLease| seen.granted.get(&held.lease).is_none_or(|lease| lease.token != held.token);
            let ended = request.held.iter().filter(unknown).map(|held| held.lease).collect();
            seen.registers.push(request.clone());
            seen.session += 1;
            seen.last = None;
            Ok(Response::new(v1::RegisterResponse {
                session: seen.session.to_string(),
                lease_ms: 15_000,
                heartbeat_ms: 50,
                artifacts_url: url,
                nonce_name: NONCE.to_owned(),
                nonce,
                coordinator_incarnation: 1,
                ended,
            }))
        })
    }

    async fn report(&self, request: Request<v1::ReportRequest>) -> Result<Response<v1::ReportResponse>, Status> {
        Self::check(&request)?;
        let request = request.into_inner();
        let wait = Duration::from_millis(request.wait_ms.into());
        let patience = tokio::time::sleep(wait);
        tokio::pin!(patience);
        self.edit(|seen| seen.reports.push(request.clone()));
        if self.edit(|seen| seen.deaf && !request.reports.is_empty()) {
            return Err(Status::unavailable("it does not listen"));
        }
        loop {
            let news = self.0.news.notified();
            if let Some(answer) = self.edit(|seen| seen.answer(&request, patience.is_elapsed())) {
                return answer.map(Response::new);
            }
            tokio::select! {
                () = news => {}
                () = &mut patience => {}
            }
        }
    }

    async fn heartbeat(
        &self,
        request: Request<v1::HeartbeatRequest>,
    ) -> Result<Response<v1::HeartbeatResponse>, Status> {
        Self::check(&request)?;
        self.edit(|seen| {
            seen.check_session(&request.get_ref().session)?;
            seen.beats.push(request.into_inner());
            let stop = |&lease: &u64| v1::Directive { lease, what: Some(v1::directive::What::Stop(true)) };
            Ok(Response::new(v1::HeartbeatResponse { directives: seen.stop.iter().map(stop).collect() }))
        })
    }

    async fn spec(&self, request: Request<v1::SpecRequest>) -> Result<Response<v1::SpecResponse>, Status> {
        Self::check(&request)?;
        self.edit(|seen| seen.n_specs += 1);
        Ok(Response::new(v1::SpecResponse { spec: self.0.spec.clone(), earlier: Vec::new() }))
    }

    async fn members(&self, request: Request<v1::MembersRequest>) -> Result<Response<v1::MembersResponse>, Status> {
        Self::check(&request)?;
        let request = request.into_inner();
        let group = self.0.plan.group(JobNumber(request.job)).expect("members are asked of comparisons");
        self.edit(|seen| {
            seen.n_members += 1;
            assert_eq!(seen.granted[&request.lease].token, request.token);
            let ended = |run: JobNumber| Some(member(seen.accepted.get(&run.0)?));
            let members = group.members.into_iter().map(ended).collect::<Option<_>>();
            let members = members.ok_or_else(|| Status::unavailable("the members have not all ended yet"))?;
            Ok(Response::new(v1::MembersResponse { members }))
        })
    }
}

impl Seen {
    fn check_session(&self, session: &str) -> Result<(), Status> {
        if session == self.session.to_string() {
            return Ok(());
        }
        Err(Status::aborted("the session is not open: register again"))
    }

    /// None while there is nothing to say.
    fn answer(&mut self, request: &v1::ReportRequest, impatient: bool) -> Option<Result<v1::ReportResponse, Status>> {
        if let Err(status) = self.check_session(&request.session) {
            return Some(Err(status));
        }
        let last_seq = self.last.as_ref().map_or(0, |last| last.seq);
        if request.seq == last_seq {
            return self.last.clone().map(Ok);
        }
        assert_eq!(request.seq, last_seq + 1, "reports are numbered without gaps");
        let hollow = request.reports.is_empty() && request.returned.is_empty() && !request.draining;
        if hollow && self.todo.is_empty() && !impatient && request.wait_ms > 0 {
            return None;
        }
        let answer = self.work_in(request);
        self.last = Some(answer.clone());
        if self.lose > 0 && !request.reports.is_empty() {
            self.lose -= 1;
            return Some(Err(Status::unavailable("the answer got lost")));
        }
        Some(Ok(answer))
    }

    fn work_in(&mut self, request: &v1::ReportRequest) -> v1::ReportResponse {
        let mut verdicts = Vec::new();
        for report in &request.reports {
            let lease = self.granted.get(&report.lease).expect("only what was granted is reported");
            assert_eq!((report.job, &report.token), (lease.job, &lease.token));
            let first = !self.accepted.contains_key(&report.job);
            let verdict = if first { Verdict::Accepted } else { Verdict::Superseded };
            verdicts.push(verdict as i32);
            self.n_superseded += u64::from(!first);
            self.accepted.entry(report.job).or_insert_with(|| report.clone());
        }
        self.returned.extend(&request.returned);
        let room = if request.draining || request.n_free_slots == 0 {
            0
        } else {
            request.n_free_slots as usize + self.ahead.saturating_sub(request.n_queued as usize)
        };
        let n = room.min(self.todo.len());
        let jobs: Vec<_> = self.todo.drain(..n).collect();
        let leases = jobs.into_iter().map(|job| self.grant(job)).collect();
        v1::ReportResponse { seq: request.seq, verdicts, leases, directives: Vec::new() }
    }

    fn grant(&mut self, job: u64) -> v1::Lease {
        let lease = self.granted.len() as u64 + 1;
        let granted = v1::Lease {
            sweep: SWEEP.to_string(),
            job,
            generation: 0,
            lease,
            token: u128::from(lease * 77).to_le_bytes().to_vec(),
            attempt: 1,
            time_limit_ms: self.time_limit_ms,
            stall_limit_ms: 0,
            n_extensions: 0,
        };
        self.granted.insert(lease, granted.clone());
        granted
    }

    /// The only lease of a job, as far as granted.
    pub(crate) fn lease_of(&self, job: u64) -> Option<u64> {
        self.granted.values().find(|lease| lease.job == job).map(|lease| lease.lease)
    }
}

/// How a run ended, with what it left.
fn member(report: &v1::JobReport) -> v1::Member {
    let (outcome, left) = match &report.result {
        Some(v1::job_report::Result::Succeeded(rows)) => (v1::OutcomeKind::Succeeded, &rows.artifacts[..]),
        Some(v1::job_report::Result::Diverged(rows)) => (v1::OutcomeKind::Diverged, &rows.artifacts[..]),
        _ => (v1::OutcomeKind::Failed, &[][..]),
    };
    let stored = |left: &v1::Artifact| v1::StoredArtifact {
        job: report.job,
        name: artifact(report.job, report.lease, &left.kind).to_string(),
        kind: left.kind.clone(),
        size: left.size,
        sha256: left.sha256.clone(),
    };
    v1::Member { job: report.job, outcome: outcome as i32, artifacts: left.iter().map(stored).collect() }
}

/// The name of what an attempt put into the store.
pub(crate) fn artifact(job: u64, lease: u64, kind: &str) -> Name {
    Name::of_lease(SWEEP, JobNumber(job), LeaseId(lease), kind).unwrap()
}
