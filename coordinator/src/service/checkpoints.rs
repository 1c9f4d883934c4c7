//! Checkpoints of jobs whose rows have come: nobody needs them any more.

use std::sync::Arc;

use traipse_proto::CHECKPOINT_KIND;
use traipse_proto::convert::report::{Parts, PartsResult};
use traipse_sweep::{JobNumber, SweepId};

use super::Shared;

/// A job with rows whose attempts left checkpoints in the store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shelved {
    sweep: SweepId,
    job: JobNumber,
}

/// Those of a call's reports.
pub(super) fn of(parts: &[Parts]) -> Vec<Shelved> {
    let done = |parts: &&Parts| parts.has_checkpoints && matches!(parts.result, PartsResult::Rows { .. });
    parts.iter().filter(done).map(|parts| Shelved { sweep: parts.sweep, job: parts.job }).collect()
}

/// Deletes them beside the answer, which says that the rows are kept, here or of an attempt before. What a crash leaves is
/// found once the sweep has ended, like all that no report names.
pub(super) fn drop_done(shared: &Arc<Shared>, shelved: Vec<Shelved>) {
    if shelved.is_empty() {
        return;
    }
    let artifacts = shared.artifacts.clone();
    tokio::spawn(async move {
        for Shelved { sweep, job } in shelved {
            if let Err(error) = artifacts.delete_of_job(sweep, job, CHECKPOINT_KIND).await {
                tracing::warn!(%sweep, job = job.0, %error, "checkpoints that nobody needs could not be deleted");
            }
        }
    });
}
