//! Calls to the coordinator, each a task of its own that ends in one [`Answer`].
//!
//! Heartbeats are sent elsewhere, by a thread with connections of its own: flow control couples the calls on one
//! connection, and a report of a megabyte must not cost a lease.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{AbortHandle, JoinSet, spawn_blocking};
use tonic::{Response, Status};
use traipse_agent::{Call, Register, Report};
use traipse_proto::client::{self, Authorised};
use traipse_proto::v1::worker_service_client::WorkerServiceClient;
use traipse_proto::{PROTOCOL, v1};
use traipse_store::Store;
use traipse_sweep::SweepId;

use crate::reach;
use crate::sweeps::Sweep;
use crate::wire::{self, Introduction};

pub(crate) type Client = WorkerServiceClient<Authorised>;

/// What came of a call.
#[derive(Debug)]
pub(crate) enum Answer {
    Registered { call: Call, response: v1::RegisterResponse, store: Option<Store> },
    Reported { call: Call, response: v1::ReportResponse },
    BeatAnswered { call: Call, response: v1::HeartbeatResponse },
    Failed { call: Call, status: Status },
    Spec { sweep: SweepId, n_extensions: u32, spec: Sweep },
    SpecFailed { sweep: SweepId, status: Status },
}

/// One coordinator's clients.
struct Coordinator {
    url: String,
    work: Client,
}

/// The calls that are under way. Dropping it ends them.
pub(crate) struct Calls {
    coordinators: Vec<Coordinator>,
    at: usize,
    under_way: JoinSet<Answer>,
    /// The register or the report: one at a time, a newer one replaces it.
    main: Option<AbortHandle>,
}

impl Calls {
    /// Clients of all coordinators; nothing connects yet.
    pub(crate) fn new(urls: &[String], token: &str) -> Result<Self, client::Error> {
        let coordinators = urls.iter().map(|url| Ok(Coordinator { url: url.clone(), work: client(url, token)? }));
        let coordinators = coordinators.collect::<Result<_, client::Error>>()?;
        Ok(Self { coordinators, at: 0, under_way: JoinSet::new(), main: None })
    }

    /// The address of the coordinator that is called now.
    pub(crate) fn url(&self) -> &str {
        &self.coordinators[self.at].url
    }

    /// Which of the list that is.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Calls the next coordinator of the list from now on.
    pub(crate) fn next_coordinator(&mut self) {
        self.at = (self.at + 1) % self.coordinators.len();
    }

    /// The next answer; waits for ever if no call is under way. Safe to drop and call again.
    pub(crate) async fn answer(&mut self) -> Answer {
        loop {
            match self.under_way.join_next().await {
                Some(Ok(answer)) => return answer,
                // A call that was replaced.
                Some(Err(error)) if error.is_cancelled() => {}
                Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
                None => std::future::pending().await,
            }
        }
    }

    pub(crate) fn register(&mut self, introduction: &Introduction, register: &Register) {
        let (call, mut client) = (register.call, self.work());
        let request = client::unary(introduction.register(register));
        self.replace(async move {
            match client.register(request).await.map(Response::into_inner) {
                Ok(response) => {
                    let store = reach::prove(&response).await;
                    Answer::Registered { call, response, store }
                }
                Err(status) => Answer::Failed { call, status: explain(status) },
            }
        });
    }

    pub(crate) fn report(
        &mut self,
        call: Call,
        session: &str,
        report: &Arc<Report<v1::JobReport>>,
        wait: Duration,
        reaches_store: bool,
    ) {
        let mut client = self.work();
        let (session, report) = (session.to_owned(), report.clone());
        self.replace(async move {
            let request = wire::report(&session, &report, wait, reaches_store);
            let answered = client.report(client::with_deadline(request, client::DEADLINE + wait)).await;
            match answered.map(Response::into_inner) {
                Ok(response) => Answer::Reported { call, response },
                Err(status) => Answer::Failed { call, status },
            }
        });
    }

    pub(crate) fn fetch_spec(&mut self, sweep: SweepId) {
        let mut client = self.work();
        self.under_way.spawn(async move {
            let request = client::unary(v1::SpecRequest { sweep: sweep.to_string() });
            match client.spec(request).await.map(Response::into_inner) {
                // A plan of millions of runs takes its time, and other calls wait on this runtime.
                Ok(v1::SpecResponse { spec, earlier }) => {
                    let n_extensions = earlier.len() as u32;
                    match spawn_blocking(move || Sweep::of(sweep, &earlier, &spec)).await {
                        Ok(spec) => Answer::Spec { sweep, n_extensions, spec },
                        Err(_) => Answer::SpecFailed { sweep, status: Status::internal("its plan broke off") },
                    }
                }
                Err(status) => Answer::SpecFailed { sweep, status },
            }
        });
    }

    /// A client of the coordinator that is called now.
    pub(crate) fn work(&self) -> Client {
        self.coordinators[self.at].work.clone()
    }

    fn replace(&mut self, call: impl Future<Output = Answer> + Send + 'static) {
        // The old call goes first: otherwise the coordinator may tell it that it was replaced, which is no news.
        if let Some(old) = self.main.take() {
            old.abort();
        }
        self.main = Some(self.under_way.spawn(call));
    }
}

/// A client of that coordinator; nothing connects yet.
pub(crate) fn client(url: &str, token: &str) -> Result<Client, client::Error> {
    client::connect_lazy(url, token).map(|clients| clients.worker)
}

/// Says to a person what a refused register means.
fn explain(status: Status) -> Status {
    match status.code() {
        tonic::Code::Unauthenticated => Status::unauthenticated(format!(
            "{}: give the token that the coordinator keeps in its data folder",
            status.message()
        )),
        tonic::Code::Unimplemented => Status::unimplemented(format!(
            "it is no coordinator, or one that does not speak protocol {PROTOCOL} ({})",
            status.message()
        )),
        _ => status,
    }
}
