//! `SweepService`: what people and scripts ask for.

use std::sync::Arc;

use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use traipse_proto::convert::ids;
use traipse_proto::v1;
use traipse_proto::v1::sweep_service_server::SweepService;
use traipse_scheduler::{Answer, Command};
use traipse_sweep::facts::Control;
use traipse_sweep::spec::{self, Format};
use traipse_sweep::{Plan, SweepId};

use super::{DEADLINE, Shared, control, explain, refusal, results, status, watch, within, workers};

/// The service.
pub(super) struct Sweeps {
    shared: Arc<Shared>,
}

impl Sweeps {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    async fn find(&self, text: String) -> Result<SweepId, Status> {
        status::find(&self.shared.driver, text).await
    }

    async fn admit(&self, request: v1::SubmitRequest) -> Result<v1::SubmitResponse, Status> {
        let sweep = ids::sweep(&request.sweep, "sweep").map_err(|error| refusal::message(&error))?;
        // A large spec takes a while to read, and this thread serves others.
        let checked = tokio::task::spawn_blocking(move || canonical(&request.spec)).await;
        let spec = checked.map_err(|_| Status::internal("reading the spec broke off, which is a bug"))??;
        let answer = self.shared.driver.call(Command::Submit { sweep, spec }).await.map_err(refusal::call)?;
        let Answer::Submitted { n_runs, existed } = answer else { return Err(refusal::wrong_answer()) };
        tracing::info!(%sweep, n_runs, existed, "submitted");
        Ok(v1::SubmitResponse { sweep: sweep.to_string(), n_runs, existed })
    }

    async fn get_one(&self, request: v1::GetRequest) -> Result<v1::GetResponse, Status> {
        let sweep = self.find(request.sweep).await?;
        let status = status::current(&self.shared.driver, sweep).await?;
        let entry = self.shared.driver.sweep(sweep);
        let spec = entry.as_ref().map(|entry| entry.spec.to_string()).unwrap_or_default();
        Ok(v1::GetResponse {
            status: Some(status),
            spec,
            earlier: entry.map(|entry| entry.earlier()).unwrap_or_default(),
        })
    }

    async fn grow(&self, request: v1::ExtendRequest) -> Result<v1::ExtendResponse, Status> {
        let id = ids::request(&request.request, "request").map_err(|error| refusal::message(&error))?;
        let sweep = self.find(request.sweep).await?;
        let checked = tokio::task::spawn_blocking(move || canonical(&request.spec)).await;
        let spec = checked.map_err(|_| Status::internal("reading the spec broke off, which is a bug"))??;
        let command = Command::Extend { sweep, request: id, spec };
        let answer = self.shared.driver.call(command).await.map_err(refusal::call)?;
        let Answer::Extended { existed } = answer else { return Err(refusal::wrong_answer()) };
        tracing::info!(%sweep, existed, "extended");
        Ok(v1::ExtendResponse { status: Some(status::current(&self.shared.driver, sweep).await?), existed })
    }

    async fn control(&self, sweep: String, control: Control) -> Result<Option<v1::SweepStatus>, Status> {
        control::control(&self.shared, sweep, control).await.map(Some)
    }
}

/// The client has checked the spec; so do we.
fn canonical(text: &str) -> Result<Arc<str>, Status> {
    let bad = |error: spec::SpecError| refusal::invalid(error.to_string());
    let parsed = spec::parse(text, Format::Json, "spec").map_err(bad)?;
    let canonical = parsed.canonical_json();
    Plan::new(Arc::new(parsed)).map_err(bad)?;
    Ok(canonical.into())
}

#[tonic::async_trait]
impl SweepService for Sweeps {
    type WatchStream = ReceiverStream<Result<v1::SweepStatus, Status>>;
    type ResultsStream = ReceiverStream<Result<v1::ResultsPart, Status>>;

    async fn submit(&self, request: Request<v1::SubmitRequest>) -> Result<Response<v1::SubmitResponse>, Status> {
        within(DEADLINE, self.admit(request.into_inner())).await
    }

    async fn get(&self, request: Request<v1::GetRequest>) -> Result<Response<v1::GetResponse>, Status> {
        within(DEADLINE, self.get_one(request.into_inner())).await
    }

    async fn list(&self, _request: Request<v1::ListRequest>) -> Result<Response<v1::ListResponse>, Status> {
        let all = async { self.shared.driver.read(status::all).await.map_err(refusal::call) };
        within(DEADLINE, all).await
    }

    async fn watch(&self, request: Request<v1::WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let sweep = self.find(request.into_inner().sweep).await?;
        Ok(Response::new(watch::stream(self.shared.driver.clone(), sweep)))
    }

    async fn cancel(&self, request: Request<v1::CancelRequest>) -> Result<Response<v1::CancelResponse>, Status> {
        let cancelled = self.control(request.into_inner().sweep, Control::Cancel);
        within(DEADLINE, async { Ok(v1::CancelResponse { status: cancelled.await? }) }).await
    }

    async fn pause(&self, request: Request<v1::PauseRequest>) -> Result<Response<v1::PauseResponse>, Status> {
        let paused = self.control(request.into_inner().sweep, Control::Pause);
        within(DEADLINE, async { Ok(v1::PauseResponse { status: paused.await? }) }).await
    }

    async fn resume(&self, request: Request<v1::ResumeRequest>) -> Result<Response<v1::ResumeResponse>, Status> {
        let resumed = self.control(request.into_inner().sweep, Control::Resume);
        within(DEADLINE, async { Ok(v1::ResumeResponse { status: resumed.await? }) }).await
    }

    async fn retry(&self, request: Request<v1::RetryRequest>) -> Result<Response<v1::RetryResponse>, Status> {
        within(DEADLINE, control::retry(&self.shared, request.into_inner())).await
    }

    async fn drain(&self, request: Request<v1::DrainRequest>) -> Result<Response<v1::DrainResponse>, Status> {
        within(DEADLINE, workers::drain(&self.shared, request.into_inner())).await
    }

    async fn workers(&self, _request: Request<v1::WorkersRequest>) -> Result<Response<v1::WorkersResponse>, Status> {
        within(DEADLINE, workers::all(&self.shared)).await
    }

    async fn explain(&self, request: Request<v1::ExplainRequest>) -> Result<Response<v1::ExplainResponse>, Status> {
        within(DEADLINE, explain::explain(&self.shared, request.into_inner())).await
    }

    async fn extend(&self, request: Request<v1::ExtendRequest>) -> Result<Response<v1::ExtendResponse>, Status> {
        within(DEADLINE, self.grow(request.into_inner())).await
    }

    async fn results(&self, request: Request<v1::ResultsRequest>) -> Result<Response<Self::ResultsStream>, Status> {
        let sweep = self.find(request.into_inner().sweep).await?;
        Ok(Response::new(results::stream(Arc::clone(&self.shared), sweep)))
    }
}
