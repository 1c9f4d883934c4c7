//! The agent's nouns in messages, and messages in the agent's nouns.

use std::collections::BTreeMap;
use std::time::Duration;

use tonic::{Code, Status};
use traipse_agent::{CallFailure, Lease, Register, Report};
use traipse_proto::convert::ids;
use traipse_proto::{PROTOCOL, client, v1};
use traipse_sweep::{Generation, Incarnation, JobNumber, LeaseId, WorkerId};

/// What a worker says of itself at every register.
#[derive(Clone, Debug)]
pub(crate) struct Introduction {
    pub(crate) worker: WorkerId,
    pub(crate) incarnation: Incarnation,
    pub(crate) n_slots: u32,
    pub(crate) n_threads: u32,
    pub(crate) labels: BTreeMap<String, String>,
    /// Bytes for all slots together.
    pub(crate) memory: u64,
}

impl Introduction {
    pub(crate) fn register(&self, register: &Register) -> v1::RegisterRequest {
        let held = register.held.iter().map(|(lease, token)| v1::HeldLease { lease: lease.0, token: token.to_vec() });
        v1::RegisterRequest {
            protocol: PROTOCOL,
            worker: self.worker.to_string(),
            incarnation: self.incarnation.0,
            n_slots: self.n_slots,
            n_threads: self.n_threads,
            labels: self.labels.clone().into_iter().collect(),
            build: env!("CARGO_PKG_VERSION").to_owned(),
            numerics: traipse_nn::numerics(),
            cpu_features: traipse_nn::cpu_features(),
            held: held.collect(),
            memory_bytes: self.memory,
        }
    }
}

pub(crate) fn report(
    session: &str,
    report: &Report<v1::JobReport>,
    wait: Duration,
    reaches_store: bool,
) -> v1::ReportRequest {
    v1::ReportRequest {
        session: session.to_owned(),
        seq: report.seq,
        reports: report.outcomes.iter().map(|outcome| outcome.payload.clone()).collect(),
        n_free_slots: report.n_free,
        n_queued: report.n_queued,
        wait_ms: u32::try_from(wait.as_millis()).unwrap_or(u32::MAX),
        draining: report.draining,
        returned: report.returned.iter().map(|lease| lease.lease.0).collect(),
        reaches_store,
    }
}

/// The leases of an answer; one that does not convert is the coordinator's mistake and is left to run out.
pub(crate) fn leases(leases: Vec<v1::Lease>) -> Vec<Lease> {
    leases.into_iter().filter_map(lease).collect()
}

fn lease(lease: v1::Lease) -> Option<Lease> {
    let sweep = ids::sweep(&lease.sweep, "leases.sweep");
    let token = ids::token(&lease.token, "leases.token");
    let (sweep, token) = match (sweep, token) {
        (Ok(sweep), Ok(token)) => (sweep, token),
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(lease = %LeaseId(lease.lease), %error, "a lease that does not convert is passed over");
            return None;
        }
    };
    Some(Lease {
        sweep,
        job: JobNumber(lease.job),
        generation: Generation(lease.generation),
        lease: LeaseId(lease.lease),
        token: token.into(),
        attempt: lease.attempt,
        time_limit: (lease.time_limit_ms > 0).then(|| Duration::from_millis(lease.time_limit_ms)),
    })
}

/// Leases that directives stop.
pub(crate) fn stops(directives: &[v1::Directive]) -> Vec<LeaseId> {
    let stops = |directive: &&v1::Directive| matches!(directive.what, Some(v1::directive::What::Stop(true)));
    directives.iter().filter(stops).map(|directive| LeaseId(directive.lease)).collect()
}

/// Whether a directive asks the worker to leave.
pub(crate) fn drains(directives: &[v1::Directive]) -> bool {
    directives.iter().any(|directive| matches!(directive.what, Some(v1::directive::What::Drain(true))))
}

/// What to make of a refusal, by the meanings that the service gives to codes.
pub(crate) fn failure(status: &Status) -> CallFailure {
    match status.code() {
        // A report of a sweep that the coordinator does not know would fail for ever; a new session sorts out its leases.
        Code::Aborted | Code::NotFound => CallFailure::SessionLost,
        Code::FailedPrecondition
        | Code::InvalidArgument
        | Code::OutOfRange
        | Code::PermissionDenied
        | Code::Unauthenticated
        | Code::Unimplemented => CallFailure::Refused(status.message().into()),
        _ => CallFailure::Retry { after: client::pushback(status) },
    }
}

/// A status in words, down to the system's error where the transport kept it.
pub(crate) fn words(status: &Status) -> String {
    let mut words = status.message().to_owned();
    let mut source = std::error::Error::source(status);
    while let Some(error) = source {
        let text = error.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        source = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_mean_what_the_service_says() {
        let rows = [
            (Status::aborted(""), CallFailure::SessionLost),
            (Status::not_found("sweep"), CallFailure::SessionLost),
            (Status::failed_precondition("protocol"), CallFailure::Refused("protocol".into())),
            (Status::unauthenticated("token"), CallFailure::Refused("token".into())),
            (Status::unavailable(""), CallFailure::Retry { after: None }),
            (Status::deadline_exceeded(""), CallFailure::Retry { after: None }),
            (Status::internal(""), CallFailure::Retry { after: None }),
        ];
        for (status, expected) in rows {
            assert_eq!(failure(&status), expected, "{status:?}");
        }
        let mut status = Status::resource_exhausted("later");
        status.metadata_mut().insert(client::PUSHBACK, "250".parse().unwrap());
        assert_eq!(failure(&status), CallFailure::Retry { after: Some(Duration::from_millis(250)) });
    }

    #[test]
    fn a_lease_that_does_not_convert_is_passed_over() {
        let good = v1::Lease { sweep: traipse_sweep::SweepId(7).to_string(), token: vec![1; 16], ..Default::default() };
        let bad = [
            v1::Lease { token: vec![1; 15], ..good.clone() },
            v1::Lease { sweep: "nonsense".to_owned(), ..good.clone() },
        ];
        assert_eq!(leases(bad.into_iter().chain([good]).collect()).len(), 1);
    }
}
