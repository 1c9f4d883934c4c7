//! The members of a comparison: asked of the coordinator, then copied from the artifact store, one at a time.

use std::io::{self, BufWriter};
use std::sync::atomic::Ordering;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use traipse_agent::CallFailure;
use traipse_proto::convert::outcome;
use traipse_proto::v1::worker_service_client::WorkerServiceClient;
use traipse_proto::{MEMBERS_KIND, client, v1};
use traipse_store::{Artifact, Name};
use traipse_sweep::{JobNumber, Plan};

use crate::job::{Context, Failure, out_of_reach, transient};
use crate::pool::Job;
use crate::run::{Member, MemberFile};
use crate::shelf::rewound;
use crate::wire;

/// The first wait before the question is asked again; doubles with each.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The longest wait, after which a slot also looks whether it is to stop.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

type Client = WorkerServiceClient<client::Authorised>;

/// By which slots ask the coordinator.
#[derive(Debug, Default)]
pub(crate) struct Line(RwLock<Option<Client>>);

impl Line {
    /// The coordinator that this worker is registered with.
    pub(crate) fn set(&self, client: Client) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(client);
    }

    fn client(&self) -> Option<Client> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The members of a job's comparison, each with its weights in a file of its own. None if the job is told to stop.
pub(crate) fn fetch(job: &Job, plan: &Plan, context: &Context) -> Result<Option<Vec<Member>>, Failure> {
    let Some(answered) = ask(job, context)? else { return Ok(None) };
    let group = plan.group(job.lease.job).map(|group| group.members).unwrap_or_default();
    if !answered.iter().map(|member| member.job).eq(group.iter().map(|member| member.0)) {
        return Err(transient("the coordinator and this worker differ about the members of the comparison".to_owned()));
    }
    let mut members = Vec::with_capacity(answered.len());
    for member in answered {
        if job.signals.stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let outcome = outcome::outcome(member.outcome, "members.outcome");
        let outcome = outcome.map_err(|error| transient(format!("a member of the comparison: {error}")))?;
        let left = member.artifacts.iter().find(|artifact| artifact.kind == MEMBERS_KIND);
        let snapshots = left.map(|artifact| copy(artifact, context)).transpose()?;
        members.push(Member { job: JobNumber(member.job), outcome, snapshots });
    }
    Ok(Some(members))
}

/// Asks until there is an answer, also while the coordinator is away. None if the job is told to stop.
fn ask(job: &Job, context: &Context) -> Result<Option<Vec<v1::Member>>, Failure> {
    let mut wait = FIRST_WAIT;
    while !job.signals.stop.load(Ordering::Relaxed) {
        let Some(mut client) = context.line.client() else {
            return Err(transient("the worker is not registered".to_owned()));
        };
        let lease = &job.lease;
        let request = client::unary(v1::MembersRequest {
            sweep: lease.sweep.to_string(),
            job: lease.job.0,
            lease: lease.lease.0,
            token: lease.token.to_vec(),
        });
        let status = match context.runtime.block_on(client.members(request)) {
            Ok(response) => return Ok(Some(response.into_inner().members)),
            Err(status) => status,
        };
        match wire::failure(&status) {
            CallFailure::Retry { after } => {
                std::thread::sleep(after.unwrap_or(wait).min(LONGEST_WAIT));
                wait = (2 * wait).min(LONGEST_WAIT);
            }
            _ => {
                let why = wire::words(&status);
                return Err(transient(format!("the members of the comparison are not known: {why}")));
            }
        }
    }
    Ok(None)
}

/// Copies a member's weights into a file that has no name here.
fn copy(artifact: &v1::StoredArtifact, context: &Context) -> Result<MemberFile, Failure> {
    let Some(store) = context.reach.store() else { return Err(out_of_reach(MEMBERS_KIND, 0)) };
    let broken = |error: &dyn std::fmt::Display| transient(format!("the weights of run {}: {error}", artifact.job));
    let name: Name = artifact.name.parse().map_err(|error: traipse_store::NameError| broken(&error))?;
    let sha256 = artifact.sha256.as_slice().try_into().map_err(|_| broken(&"their digest is none"))?;
    let promised = Artifact { size: artifact.size, sha256 };
    let folder = &context.scratch.folder;
    let no_file = |error: io::Error| {
        broken(&format!(
            "cannot copy them to a file in {}: {error}; make room there, or name another folder",
            folder.display()
        ))
    };
    let mut file = BufWriter::new(tempfile::tempfile_in(folder).map_err(no_file)?);
    context.runtime.block_on(store.copy_exactly(&name, &promised, &mut file)).map_err(|error| broken(&error))?;
    let file = rewound(file).map_err(no_file)?;
    Ok(MemberFile { file, name: name.to_string() })
}
