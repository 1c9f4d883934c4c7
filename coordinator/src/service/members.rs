//! `Members`: how the members of a comparison ended, and where their weights are.

use std::collections::BTreeMap;
use std::time::Duration;

use tonic::Status;
use traipse_proto::convert::{ids, outcome};
use traipse_proto::v1;
use traipse_scheduler::EndedMember;
use traipse_store::Name;
use traipse_sweep::{JobNumber, LeaseId, SweepId};

use super::{Shared, refusal};
use crate::driver::CallError;
use crate::journal::StoredArtifact;

/// How long a call waits for the ends of the members to be durable: a lease is granted as soon as they are decided.
const WAIT: Duration = Duration::from_secs(10);
/// Members that are looked up at a time: a page holds commits up while it is read.
const PAGE: usize = 256;

pub(super) async fn of(shared: &Shared, request: v1::MembersRequest) -> Result<v1::MembersResponse, Status> {
    let sweep = ids::sweep(&request.sweep, "sweep").map_err(|error| refusal::message(&error))?;
    let lease = LeaseId(request.lease);
    if !shared.tokens.is_of(&request.token, lease) {
        return Err(Status::permission_denied(format!("token is not lease {lease}'s")));
    }
    let ended = match tokio::time::timeout(WAIT, ended(shared, sweep, JobNumber(request.job))).await {
        Ok(ended) => ended?,
        Err(_) => return Err(Status::unavailable("the members have not all ended yet: ask again")),
    };
    let mut left = left(shared, sweep, &ended).await?;
    let member = |EndedMember { job, outcome, .. }: EndedMember| v1::Member {
        job: job.0,
        outcome: outcome::outcome_kind(outcome) as i32,
        artifacts: left.remove(&job).into_iter().collect(),
    };
    Ok(v1::MembersResponse { members: ended.into_iter().map(member).collect() })
}

/// How the members ended, once that is durable.
async fn ended(shared: &Shared, sweep: SweepId, job: JobNumber) -> Result<Vec<EndedMember>, Status> {
    let mut changes = shared.driver.changes();
    loop {
        changes.borrow_and_update();
        let read = shared.driver.read(move |driver| driver.pump().members(sweep, job)).await;
        let ended = read.map_err(refusal::call)?.map_err(|rejection| refusal::call(rejection.into()))?;
        if let Some(ended) = ended {
            return Ok(ended);
        }
        changes.changed().await.map_err(|_| refusal::call(CallError::Ending))?;
    }
}

/// What the members left, by job.
async fn left(
    shared: &Shared,
    sweep: SweepId,
    members: &[EndedMember],
) -> Result<BTreeMap<JobNumber, v1::StoredArtifact>, Status> {
    let mut left = BTreeMap::new();
    for page in members.chunks(PAGE) {
        let runs = page.iter().map(|member| (member.job, member.generation)).collect();
        let found = shared.journal.run(move |ledger| Box::pin(ledger.members(sweep, runs))).await;
        let found = found.map_err(|error| refusal::journal(&error))?;
        left.extend(found.into_iter().filter_map(|stored| Some((stored.job, message(sweep, stored)?))));
    }
    Ok(left)
}

/// The artifact of an accepted report as it travels.
pub(super) fn message(sweep: SweepId, stored: StoredArtifact) -> Option<v1::StoredArtifact> {
    let name = Name::of_lease(sweep, stored.job, stored.lease, &stored.kind).ok()?;
    Some(v1::StoredArtifact {
        job: stored.job.0,
        name: name.to_string(),
        kind: stored.kind,
        size: stored.size,
        sha256: stored.sha256,
    })
}
