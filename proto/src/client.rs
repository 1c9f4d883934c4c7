//! Clients of a coordinator: one connection with the windows, limits and deadlines that the protocol wants.

use std::time::Duration;

use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::v1::sweep_service_client::SweepServiceClient;
use crate::v1::worker_service_client::WorkerServiceClient;
use crate::{CONNECTION_WINDOW_BYTES, MAX_MESSAGE_BYTES, STREAM_WINDOW_BYTES};

/// How long a connection may take to come about.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The deadline of a unary call that does not wait on purpose.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// How often an idle connection is asked whether it lives, and how long the answer may take.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// A channel that says who calls.
pub type Authorised = InterceptedService<Channel, Bearer>;

/// The services of one coordinator over one connection. Heartbeats want a connection of their own: connect twice.
#[derive(Clone, Debug)]
pub struct Clients {
    /// What people and scripts ask for.
    pub sweep: SweepServiceClient<Authorised>,
    /// What workers say.
    pub worker: WorkerServiceClient<Authorised>,
}

/// Adds the bearer token to every call.
#[derive(Clone, Debug)]
pub struct Bearer {
    header: MetadataValue<Ascii>,
}

/// Why there are no clients.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not an address of the form `http://host:port`.
    #[error("`{url}` is not a coordinator's address: write http://HOST:PORT")]
    Url {
        /// What was given.
        url: String,
    },
    /// A token that cannot stand in a header.
    #[error("the token has characters that no token has: pass the file that the coordinator wrote, unchanged")]
    Token,
    /// Nobody answers there.
    #[error("no coordinator answers at {url}: is it running, and is the address right?")]
    Unreachable {
        /// Where it was looked for.
        url: String,
        /// Why.
        #[source]
        source: tonic::transport::Error,
    },
}

/// Connects to the coordinator at `url` (`http://host:port`; a bare `host:port` is taken as that). A connection that
/// breaks later is made again at the next call.
///
/// # Errors
/// If the address or the token has the wrong form, or nobody answers within [`CONNECT_TIMEOUT`].
pub async fn connect(url: &str, token: &str) -> Result<Clients, Error> {
    let endpoint = endpoint(url)?;
    let bearer = Bearer::new(token)?;
    let channel = endpoint.connect().await.map_err(|source| Error::Unreachable { url: url.to_owned(), source })?;
    Ok(clients(channel, bearer))
}

/// As [`connect`], but connects at the first call only.
///
/// # Errors
/// If the address or the token has the wrong form. Must be called within a tokio runtime.
pub fn connect_lazy(url: &str, token: &str) -> Result<Clients, Error> {
    Ok(clients(endpoint(url)?.connect_lazy(), Bearer::new(token)?))
}

/// A unary request that ends at the latest after `deadline`, on both sides.
pub fn with_deadline<T>(message: T, deadline: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(deadline);
    request
}

/// A unary request with the usual [`DEADLINE`].
pub fn unary<T>(message: T) -> Request<T> {
    with_deadline(message, DEADLINE)
}

/// How long a RESOURCE_EXHAUSTED asks its caller to wait, if it does.
#[must_use]
pub fn pushback(status: &Status) -> Option<Duration> {
    let text = status.metadata().get(PUSHBACK)?.to_str().ok()?;
    text.parse().ok().map(Duration::from_millis)
}

/// The metadata key of [`pushback`], in milliseconds.
pub const PUSHBACK: &str = "grpc-retry-pushback-ms";

impl Bearer {
    /// The bearer of that token; space around it is dropped.
    ///
    /// # Errors
    /// If it has characters that cannot stand in a header.
    pub fn new(token: &str) -> Result<Self, Error> {
        let header = format!("Bearer {}", token.trim()).parse().map_err(|_| Error::Token)?;
        Ok(Self { header })
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.header.clone());
        Ok(request)
    }
}

fn clients(channel: Channel, bearer: Bearer) -> Clients {
    let channel = InterceptedService::new(channel, bearer);
    Clients {
        sweep: SweepServiceClient::new(channel.clone())
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES),
        worker: WorkerServiceClient::new(channel)
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES),
    }
}

fn endpoint(url: &str) -> Result<Endpoint, Error> {
    let bad = || Error::Url { url: url.to_owned() };
    let full = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let uri: tonic::transport::Uri = full.parse().map_err(|_| bad())?;
    if uri.scheme_str() != Some("http") || uri.host().is_none() || uri.port_u16().is_none() {
        return Err(bad());
    }
    Ok(Endpoint::from(uri)
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .keep_alive_while_idle(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_need_host_and_port_and_plain_http() {
        for url in ["http://127.0.0.1:7878", "localhost:7878", "http://[::1]:1"] {
            assert!(endpoint(url).is_ok(), "{url}");
        }
        for url in ["", "http://", "https://host:1", "http://host", "nonsense", "http://a b:3", "ftp://host:1"] {
            let error = endpoint(url).unwrap_err().to_string();
            assert!(error.contains("http://HOST:PORT"), "{url}: {error}");
        }
        assert!(Bearer::new("bad\u{1}token").is_err());
        assert!(Bearer::new(" 0123abcd\n").is_ok());
    }

    #[test]
    fn a_pushback_is_read() {
        let mut status = Status::resource_exhausted("later");
        assert_eq!(pushback(&status), None);
        status.metadata_mut().insert(PUSHBACK, "250".parse().unwrap());
        assert_eq!(pushback(&status), Some(Duration::from_millis(250)));
    }
}
