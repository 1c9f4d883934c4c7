//! The gRPC services: thin, and all that knows of tonic besides the ingest budget.

mod auth;
mod checkpoints;
mod control;
mod explain;
mod members;
mod refusal;
mod report;
mod results;
mod status;
mod stored;
mod sweep;
mod watch;
mod worker;
mod workers;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Response, Status};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use traipse_proto::v1::sweep_service_server::SweepServiceServer;
use traipse_proto::v1::worker_service_server::WorkerServiceServer;
use traipse_proto::{CONNECTION_WINDOW_BYTES, FILE_DESCRIPTOR_SET, MAX_MESSAGE_BYTES, STREAM_WINDOW_BYTES};
use traipse_sweep::Incarnation;

use crate::Error;
use crate::artifacts::Artifacts;
use crate::driver::Handle;
use crate::ingest::{Budget, Budgeted};
use crate::journal::Journal;
use crate::lease_token::Tokens;
use crate::options::Limits;
use crate::seal::Sealing;
use auth::Auth;

/// The deadline of a unary call, if its caller gave none; a report's wait comes on top.
const DEADLINE: Duration = Duration::from_secs(60);

/// A stream whose reader takes nothing for so long is ended.
const IDLE_LIMIT: Duration = Duration::from_secs(60);

/// How often an idle connection is asked whether it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Most calls at once on one connection.
const MAX_STREAMS: u32 = 1_024;

/// What health is told of: all of the process, and each service.
const SERVICES: [&str; 3] = ["", "traipse.v1.SweepService", "traipse.v1.WorkerService"];

/// What the services need.
pub(crate) struct Shared {
    pub(crate) driver: Handle,
    pub(crate) journal: Journal,
    pub(crate) sealing: Sealing,
    pub(crate) segments: std::path::PathBuf,
    pub(crate) artifacts: Artifacts,
    pub(crate) tokens: Tokens,
    pub(crate) incarnation: Incarnation,
    pub(crate) limits: Limits,
}

/// Serves until it is told to end and the calls under way are done.
///
/// # Errors
/// If the server breaks.
pub(crate) async fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    token: &str,
    end: CancellationToken,
) -> Result<(), Error> {
    let auth = Auth::new(token);
    let (health, health_service) = tonic_health::server::health_reporter();
    for service in SERVICES {
        health.set_service_status(service, ServingStatus::Serving).await;
    }
    let sweeps = SweepServiceServer::new(sweep::Sweeps::new(Arc::clone(&shared)))
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES);
    let budget = Budget::new(shared.limits.ingest_bytes);
    let workers = WorkerServiceServer::new(worker::Workers::new(shared))
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES);
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()
        .expect("the descriptors were encoded when this was built");
    // Without TCP_NODELAY on accepted sockets, reports of some kilobytes wait for acknowledgements: 20 times slower.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true)).with_keepalive(Some(KEEP_ALIVE));
    Server::builder()
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(MAX_STREAMS)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE))
        .add_service(health_service)
        .add_service(InterceptedService::new(reflection, auth.clone()))
        .add_service(InterceptedService::new(sweeps, auth.clone()))
        .add_service(InterceptedService::new(Budgeted::new(workers, budget), auth))
        .serve_with_incoming_shutdown(incoming, leave(health, end))
        .await?;
    Ok(())
}

/// Waits until the coordinator ends, and says so to whoever watches its health; the listener closes when this returns.
async fn leave(mut health: HealthReporter, end: CancellationToken) {
    end.cancelled().await;
    for service in SERVICES {
        health.set_service_status(service, ServingStatus::NotServing).await;
    }
    for service in SERVICES {
        // This ends the streams of those who watch, when they have seen it: the server would wait for them.
        health.clear_service_status(service).await;
    }
}

/// A unary call ends at its deadline.
async fn within<T>(deadline: Duration, work: impl Future<Output = Result<T, Status>>) -> Result<Response<T>, Status> {
    match tokio::time::timeout(deadline, work).await {
        Ok(done) => done.map(Response::new),
        Err(_) => Err(Status::deadline_exceeded(format!("no answer within {} s", deadline.as_secs()))),
    }
}
