//! Rows that came through the artifact store: verified before the scheduler hears of them, and taken away again where
//! they were not accepted.

use std::sync::Arc;

use tonic::Status;
use traipse_proto::convert::report::{Parts, PartsResult, cut, stored_rows};
use traipse_proto::convert::{self, rows};
use traipse_proto::{ROWS_KIND, v1};
use traipse_store::Artifact;
use traipse_sweep::{FailureClass, Generation, JobNumber, Schema, SweepId};

use super::{Shared, refusal};
use crate::driver::Entry;
use crate::reference::Reference;

/// One report's artifact of rows.
#[derive(Debug)]
pub(super) struct Stored {
    /// Which of the call's reports.
    at: usize,
    sweep: SweepId,
    job: JobNumber,
    generation: Generation,
    reference: Reference,
    /// The artifact was what the report said.
    is_whole: bool,
}

/// Reads and checks every artifact of rows, one at a time. In the reports, references take the place of what is whole;
/// a report whose rows are lost or damaged becomes a transient failure.
pub(super) async fn take(shared: &Shared, parts: &mut [Parts]) -> Result<Vec<Stored>, Status> {
    let mut taken = Vec::new();
    for (at, report) in parts.iter_mut().enumerate() {
        let PartsResult::Rows { block, artifacts, .. } = &mut report.result else { continue };
        let Some(reference) = stored_rows(artifacts).and_then(|stored| reference(report.lease, stored)) else {
            continue;
        };
        let (sweep, job, generation) = (report.sweep, report.job, report.generation);
        let unknown = || refusal::not_found(format!("there is no sweep {sweep}"));
        let entry = shared.driver.sweep(sweep).ok_or_else(unknown)?;
        let read = read(shared, &entry, sweep, job, &reference).await;
        let is_whole = read.is_ok();
        match read {
            Ok(()) => {
                *block = reference.encode().to_vec().into();
                artifacts.retain(|artifact| artifact.kind != ROWS_KIND);
            }
            Err(Broken::Store(source)) => {
                let message = format!("its rows did not come through the artifact store: {source}");
                tracing::warn!(%sweep, job = job.0, %message, "an attempt is taken as failed");
                report.result =
                    PartsResult::Failed { class: FailureClass::Transient, message: Arc::from(cut(&message)) };
            }
            Err(Broken::Rows(error)) => {
                return Err(refusal::message(&error.within(format!("reports[{at}].artifacts"))));
            }
            Err(Broken::Off) => return Err(Status::internal("reading of rows broke off, which is a bug")),
        }
        taken.push(Stored { at, sweep, job, generation, reference, is_whole });
    }
    Ok(taken)
}

/// Deletes the artifacts whose rows were not accepted, unless the ledger refers to them: a report may come twice.
pub(super) async fn drop_refused(shared: &Shared, taken: Vec<Stored>, accepted: &[bool]) {
    for stored in taken {
        if stored.is_whole && accepted.get(stored.at).is_none_or(|&accepted| accepted) {
            continue;
        }
        let Stored { sweep, job, generation, reference, .. } = stored;
        let known = shared.journal.run(move |ledger| Box::pin(ledger.reference(sweep, job, generation))).await;
        if known.is_ok_and(|known| known.is_none_or(|known| known.lease != reference.lease)) {
            shared.artifacts.delete_rows(sweep, job, &reference).await;
        }
    }
}

/// Why rows in the store are not taken.
enum Broken {
    Store(traipse_store::Error),
    Rows(convert::Error),
    Off,
}

async fn read(
    shared: &Shared,
    entry: &Arc<Entry>,
    sweep: SweepId,
    job: JobNumber,
    reference: &Reference,
) -> Result<(), Broken> {
    let turn = shared.artifacts.turn().await;
    let bytes = shared.artifacts.rows(sweep, job, reference).await.map_err(Broken::Store)?;
    let entry = Arc::clone(entry);
    let check = move |schemas: &[Arc<Schema>]| rows::decode_any(&bytes, schemas).map(drop).map_err(Broken::Rows);
    let checked = tokio::task::spawn_blocking(move || {
        let checked = check(&entry.schemas);
        drop(turn);
        checked
    });
    checked.await.unwrap_or(Err(Broken::Off))
}

fn reference(lease: traipse_sweep::LeaseId, stored: &v1::Artifact) -> Option<Reference> {
    let sha256 = stored.sha256.as_slice().try_into().ok()?;
    Some(Reference { lease, artifact: Artifact { size: stored.size, sha256 } })
}
