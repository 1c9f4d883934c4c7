//! The ingest budget: bytes of reports are counted as they arrive, before anything is decoded, until they are durable.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use http_body::{Body as HttpBody, Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{Bytes, Service, http};
use tonic::server::NamedService;
use traipse_proto::client::PUSHBACK;

/// How long a refused caller is asked to wait.
const PUSHBACK_MS: &str = "100";

/// The call whose bytes are counted.
const REPORT: &str = "/traipse.v1.WorkerService/Report";

/// Bytes that may be under way.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: usize,
    used: AtomicUsize,
}

/// One call's share of the budget, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    budget: Arc<Budget>,
    bytes: AtomicUsize,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, used: AtomicUsize::new(0) })
    }

    fn take(&self, bytes: usize) -> bool {
        let more = |used: usize| used.checked_add(bytes).filter(|&sum| sum <= self.limit);
        self.used.try_update(Ordering::AcqRel, Ordering::Acquire, more).is_ok()
    }
}

impl Held {
    fn new(budget: &Arc<Budget>) -> Arc<Self> {
        Arc::new(Self { budget: Arc::clone(budget), bytes: AtomicUsize::new(0) })
    }

    fn take(&self, bytes: usize) -> Result<(), Status> {
        if !self.budget.take(bytes) {
            let mut status = Status::resource_exhausted("too many reports are under way: send this one again later");
            status.metadata_mut().insert(PUSHBACK, tonic::metadata::MetadataValue::from_static(PUSHBACK_MS));
            return Err(status);
        }
        self.bytes.fetch_add(bytes, Ordering::AcqRel);
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(*self.bytes.get_mut(), Ordering::AcqRel);
    }
}

/// A service whose reports are counted; the share of a call lies among its request's extensions.
#[derive(Clone, Debug)]
pub(crate) struct Budgeted<S> {
    inner: S,
    budget: Arc<Budget>,
}

impl<S> Budgeted<S> {
    pub(crate) fn new(inner: S, budget: Arc<Budget>) -> Self {
        Self { inner, budget }
    }
}

impl<S: NamedService> NamedService for Budgeted<S> {
    const NAME: &'static str = S::NAME;
}

impl<S: Service<http::Request<Body>>> Service<http::Request<Body>> for Budgeted<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> S::Future {
        if request.uri().path() != REPORT {
            return self.inner.call(request);
        }
        let held = Held::new(&self.budget);
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(Arc::clone(&held));
        let body = Body::new(Counted { inner: body, held });
        self.inner.call(http::Request::from_parts(parts, body))
    }
}

/// A body whose bytes are counted as they come.
struct Counted {
    inner: Body,
    held: Arc<Held>,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
            && let Err(status) = self.held.take(data.len())
        {
            return Poll::Ready(Some(Err(status)));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_never_exceeded_and_comes_back() {
        let budget = Budget::new(10);
        let (first, second) = (Held::new(&budget), Held::new(&budget));
        assert!(first.take(6).is_ok());
        assert!(second.take(4).is_ok());
        let status = first.take(1).unwrap_err();
        assert_eq!(status.code(), tonic::Code::ResourceExhausted);
        assert!(traipse_proto::client::pushback(&status).is_some());
        drop(first);
        assert!(second.take(6).is_ok());
        assert!(second.take(1).is_err());
    }
}
