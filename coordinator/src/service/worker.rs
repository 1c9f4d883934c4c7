//! `WorkerService`: what workers say.

use std::sync::Arc;
use std::time::Duration;

use tonic::{Request, Response, Status};
use traipse_proto::convert::ids;
use traipse_proto::v1::worker_service_server::WorkerService;
use traipse_proto::{PROTOCOL, v1};
use traipse_scheduler::command::{Lease, Register, Reported, SessionId, WorkerInfo};
use traipse_scheduler::{Answer, Command, Rejection};
use traipse_sweep::{Incarnation, LeaseId};

use super::{DEADLINE, Shared, checkpoints, members, refusal, report, stored, within};
use crate::driver::CallError;
use crate::ingest::Held;
use crate::lease_token::Leased;

/// Most slots of one worker.
const MAX_SLOTS: u32 = 4_096;
/// Most labels of one worker, and bytes of one text that a worker says of itself.
const MAX_LABELS: usize = 64;
const MAX_TEXT_BYTES: usize = 1_024;

/// The service.
pub(super) struct Workers {
    shared: Arc<Shared>,
}

impl Workers {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    async fn open(&self, request: v1::RegisterRequest) -> Result<v1::RegisterResponse, Status> {
        check_protocol(request.protocol)?;
        let worker = ids::worker(&request.worker, "worker").map_err(|error| refusal::message(&error))?;
        check_size(&request)?;
        report::check_length(request.held.len(), "held")?;
        let (held, strange): (Vec<_>, Vec<_>) =
            request.held.iter().partition(|held| self.shared.tokens.is_of(&held.token, LeaseId(held.lease)));
        let register = Register {
            worker,
            incarnation: Incarnation(request.incarnation),
            held: held.iter().map(|held| LeaseId(held.lease)).collect(),
            info: WorkerInfo {
                n_slots: request.n_slots,
                n_threads: request.n_threads,
                labels: request.labels.clone().into_iter().collect(),
                build: request.build.as_str().into(),
                numerics: request.numerics.as_str().into(),
                cpu_features: request.cpu_features.as_str().into(),
                memory: request.memory_bytes,
            },
        };
        let answer = self.shared.driver.call(Command::Register(register)).await.map_err(refusal::call)?;
        let Answer::Registered { session, ended } = answer else { return Err(refusal::wrong_answer()) };
        let n_reattached = held.len().saturating_sub(ended.len());
        let (incarnation, n_slots) = (request.incarnation, request.n_slots);
        tracing::info!(%worker, incarnation, n_slots, n_reattached, "registered");
        let artifacts = &self.shared.artifacts;
        Ok(v1::RegisterResponse {
            session: self.session_text(session),
            lease_ms: millis(self.shared.limits.lease),
            heartbeat_ms: millis(self.shared.limits.heartbeat),
            artifacts_url: artifacts.url.clone(),
            nonce_name: artifacts.nonce_name.clone(),
            nonce: artifacts.nonce.clone(),
            coordinator_incarnation: self.shared.incarnation.0,
            ended: ended.iter().map(|lease| lease.0).chain(strange.iter().map(|held| held.lease)).collect(),
        })
    }

    async fn take_report(
        &self,
        request: v1::ReportRequest,
        held: Option<Arc<Held>>,
    ) -> Result<v1::ReportResponse, Status> {
        let session = self.session(&request.session)?;
        let (command, stored, shelved) = report::command(&self.shared, session, request, held).await?;
        let answer = self.shared.driver.call(Command::Report(command)).await.map_err(refusal::call)?;
        let Answer::Reported(reported) = answer else { return Err(refusal::wrong_answer()) };
        let n_superseded = reported.accepted.iter().filter(|&&accepted| !accepted).count();
        if n_superseded > 0 {
            tracing::info!(n_superseded, "reports came too late, and their rows are dropped");
        }
        stored::drop_refused(&self.shared, stored, &reported.accepted).await;
        checkpoints::drop_done(&self.shared, shelved);
        Ok(self.response(reported))
    }

    async fn beat(&self, request: v1::HeartbeatRequest) -> Result<v1::HeartbeatResponse, Status> {
        let session = self.session(&request.session)?;
        report::check_length(request.leases.len(), "leases")?;
        let leases = request.leases.iter().map(|lease| (LeaseId(lease.lease), lease.progress)).collect();
        let command = Command::Heartbeat { session, leases };
        let answer = self.shared.driver.call(command).await.map_err(refusal::call)?;
        let Answer::Beat { stop, drain } = answer else { return Err(refusal::wrong_answer()) };
        Ok(v1::HeartbeatResponse { directives: directives(stop, drain) })
    }

    async fn spec_of(&self, request: v1::SpecRequest) -> Result<v1::SpecResponse, Status> {
        let sweep = ids::sweep(&request.sweep, "sweep").map_err(|error| refusal::message(&error))?;
        match self.shared.driver.sweep(sweep) {
            Some(entry) => Ok(v1::SpecResponse { spec: entry.spec.to_string(), earlier: entry.earlier() }),
            None => Err(refusal::not_found(format!("there is no sweep {sweep}"))),
        }
    }

    fn response(&self, reported: Reported) -> v1::ReportResponse {
        let verdict = |accepted| {
            if accepted { v1::Verdict::Accepted as i32 } else { v1::Verdict::Superseded as i32 }
        };
        v1::ReportResponse {
            seq: reported.seq,
            verdicts: reported.accepted.into_iter().map(verdict).collect(),
            leases: reported.leases.into_iter().map(|lease| self.lease(lease)).collect(),
            directives: directives(reported.stop, reported.drain),
        }
    }

    fn lease(&self, lease: Lease) -> v1::Lease {
        let leased = Leased { lease: lease.lease, sweep: lease.sweep, job: lease.job, generation: lease.generation };
        let limits = self.shared.driver.sweep(lease.sweep).map(|entry| entry.limits).unwrap_or_default();
        v1::Lease {
            sweep: lease.sweep.to_string(),
            job: lease.job.0,
            generation: lease.generation.0,
            lease: lease.lease.0,
            token: self.shared.tokens.of(leased).to_vec(),
            attempt: lease.attempt,
            time_limit_ms: limits.0.as_millis() as u64,
            stall_limit_ms: limits.1.as_millis() as u64,
            // What a lease comes from is published before the lease is answered.
            n_extensions: self.shared.driver.sweep(lease.sweep).map_or(0, |entry| entry.n_extensions()),
        }
    }

    /// A session's number is unique in one life of the coordinator; its text in all of them.
    fn session_text(&self, session: SessionId) -> String {
        format!("{}.{}", self.shared.incarnation.0, session.0)
    }

    fn session(&self, text: &str) -> Result<SessionId, Status> {
        let malformed = || refusal::invalid(format!("session: `{text}` is not one that `register` gave"));
        let (life, session) = text.split_once('.').ok_or_else(malformed)?;
        let life: u32 = life.parse().map_err(|_| malformed())?;
        let session = SessionId(session.parse().map_err(|_| malformed())?);
        if life != self.shared.incarnation.0 {
            return Err(refusal::call(CallError::Rejected(Rejection::UnknownSession(session))));
        }
        Ok(session)
    }
}

fn check_protocol(found: u32) -> Result<(), Status> {
    if found == PROTOCOL {
        return Ok(());
    }
    let side = if found < PROTOCOL { "worker" } else { "coordinator" };
    Err(Status::failed_precondition(format!(
        "the worker speaks protocol version {found}, and this coordinator version {PROTOCOL}: \
         upgrade the {side} to the release that the other side runs"
    )))
}

fn check_size(request: &v1::RegisterRequest) -> Result<(), Status> {
    if !(1..=MAX_SLOTS).contains(&request.n_slots) {
        let found = request.n_slots;
        return Err(refusal::invalid(format!("n_slots is {found}: a worker offers 1 to {MAX_SLOTS} slots")));
    }
    if request.labels.len() > MAX_LABELS {
        return Err(refusal::invalid(format!("labels: at most {MAX_LABELS}")));
    }
    let own = [("build", &request.build), ("numerics", &request.numerics), ("cpu_features", &request.cpu_features)];
    let labels = request.labels.iter().flat_map(|(key, value)| [("labels", key), ("labels", value)]);
    match own.into_iter().chain(labels).find(|(_, text)| text.len() > MAX_TEXT_BYTES) {
        Some((what, _)) => Err(refusal::invalid(format!("{what}: at most {MAX_TEXT_BYTES} bytes"))),
        None => Ok(()),
    }
}

fn directives(stop: Vec<LeaseId>, drain: bool) -> Vec<v1::Directive> {
    use v1::directive::What;
    let stop = stop.into_iter().map(|lease| v1::Directive { lease: lease.0, what: Some(What::Stop(true)) });
    stop.chain(drain.then_some(v1::Directive { lease: 0, what: Some(What::Drain(true)) })).collect()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[tonic::async_trait]
impl WorkerService for Workers {
    async fn register(&self, request: Request<v1::RegisterRequest>) -> Result<Response<v1::RegisterResponse>, Status> {
        within(DEADLINE, self.open(request.into_inner())).await
    }

    async fn report(&self, request: Request<v1::ReportRequest>) -> Result<Response<v1::ReportResponse>, Status> {
        let held = request.extensions().get::<Arc<Held>>().map(Arc::clone);
        let request = request.into_inner();
        let wait = Duration::from_millis(request.wait_ms.into()).min(DEADLINE);
        within(DEADLINE + wait, self.take_report(request, held)).await
    }

    async fn heartbeat(
        &self,
        request: Request<v1::HeartbeatRequest>,
    ) -> Result<Response<v1::HeartbeatResponse>, Status> {
        within(DEADLINE, self.beat(request.into_inner())).await
    }

    async fn spec(&self, request: Request<v1::SpecRequest>) -> Result<Response<v1::SpecResponse>, Status> {
        within(DEADLINE, self.spec_of(request.into_inner())).await
    }

    async fn members(&self, request: Request<v1::MembersRequest>) -> Result<Response<v1::MembersResponse>, Status> {
        within(DEADLINE, members::of(&self.shared, request.into_inner())).await
    }
}
