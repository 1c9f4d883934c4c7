//! Reports, from the wire to the scheduler's command: fields, tokens and rows are checked here, off the driver's task.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry::Vacant;
use std::sync::Arc;
use std::time::Duration;

use tonic::Status;
use traipse_proto::convert::report::{Parts, PartsResult, stored_rows};
use traipse_proto::convert::{self, rows};
use traipse_proto::v1;
use traipse_scheduler::command::{AttemptStats, JobReport, JobResult, Report, SessionId};
use traipse_sweep::{LeaseId, SweepId};

use super::checkpoints::{self, Shelved};
use super::stored::{self, Stored};
use super::{Shared, refusal};
use crate::block::Block;
use crate::driver::Entry;
use crate::ingest::Held;
use crate::lease_token::Leased;

/// Most jobs' reports in one call, and most leases that are held or handed back: lease-ahead and slots stay far below.
pub(super) const MAX_REPORTS: usize = 16_384;

/// Blocks beyond that many bytes are checked on a thread of their own.
const INLINE_BYTES: usize = 256 << 10;

/// The scheduler's command of a report, what of it came through the artifact store, and which jobs have checkpoints there.
pub(super) async fn command(
    shared: &Shared,
    session: SessionId,
    request: v1::ReportRequest,
    held: Option<Arc<Held>>,
) -> Result<(Report<Block>, Vec<Stored>, Vec<Shelved>), Status> {
    check_length(request.reports.len(), "reports")?;
    check_length(request.returned.len(), "returned")?;
    let mut parts = Vec::with_capacity(request.reports.len());
    for (at, report) in request.reports.into_iter().enumerate() {
        let report = convert::report::parts(report)
            .map_err(|error| refusal::message(&error.within(format!("reports[{at}]"))))?;
        let (lease, sweep, job, generation) = (report.lease, report.sweep, report.job, report.generation);
        if !shared.tokens.is_for(&report.token, Leased { lease, sweep, job, generation }) {
            let text = format!("reports[{at}].token is not that of lease {lease} of job {} of sweep {sweep}", job.0);
            return Err(Status::permission_denied(text));
        }
        parts.push(report);
    }
    let mut parts = check_rows(shared, parts).await?;
    let stored = stored::take(shared, &mut parts).await?;
    let shelved = checkpoints::of(&parts);
    let report = Report {
        session,
        seq: request.seq,
        reports: parts.into_iter().map(|parts| job_report(parts, held.as_ref())).collect(),
        n_free_slots: request.n_free_slots,
        n_queued: request.n_queued,
        wait: Duration::from_millis(request.wait_ms.into()),
        draining: request.draining,
        returned: request.returned.into_iter().map(LeaseId).collect(),
        reaches_store: request.reaches_store,
    };
    Ok((report, stored, shelved))
}

/// Lists of a message are bounded.
pub(super) fn check_length(found: usize, what: &str) -> Result<(), Status> {
    if found <= MAX_REPORTS {
        return Ok(());
    }
    Err(refusal::invalid(format!("{what} has {found} entries, and one call takes at most {MAX_REPORTS}")))
}

/// Decodes every block against its sweep's schema; what goes on is the bytes.
async fn check_rows(shared: &Shared, parts: Vec<Parts>) -> Result<Vec<Parts>, Status> {
    let mut sweeps = BTreeMap::new();
    let mut n_bytes = 0;
    for report in &parts {
        if let PartsResult::Rows { block, .. } = &report.result {
            n_bytes += block.len();
            if let Vacant(vacant) = sweeps.entry(report.sweep) {
                let unknown = || refusal::not_found(format!("there is no sweep {}", report.sweep));
                vacant.insert(shared.driver.sweep(report.sweep).ok_or_else(unknown)?);
            }
        }
    }
    if n_bytes <= INLINE_BYTES {
        return check_blocks(&sweeps, &parts).map(|()| parts);
    }
    let checked = tokio::task::spawn_blocking(move || check_blocks(&sweeps, &parts).map(|()| parts));
    checked.await.map_err(|_| Status::internal("checking the rows broke off, which is a bug"))?
}

fn check_blocks(sweeps: &BTreeMap<SweepId, Arc<Entry>>, parts: &[Parts]) -> Result<(), Status> {
    for (at, report) in parts.iter().enumerate() {
        if let PartsResult::Rows { block, artifacts, .. } = &report.result
            && stored_rows(artifacts).is_none()
        {
            rows::decode_any(block, &sweeps[&report.sweep].schemas)
                .map_err(|error| refusal::message(&error.within(format!("reports[{at}].block"))))?;
        }
    }
    Ok(())
}

fn job_report(parts: Parts, held: Option<&Arc<Held>>) -> JobReport<Block> {
    let result = match parts.result {
        PartsResult::Rows { outcome, block, artifacts } => {
            let held = held.map(Arc::clone);
            JobResult::Rows {
                outcome,
                block: Block { bytes: block, lease: parts.lease, artifacts: artifacts.into(), _held: held },
            }
        }
        PartsResult::Failed { class, message } => JobResult::Failed { class, message },
    };
    JobReport {
        sweep: parts.sweep,
        job: parts.job,
        generation: parts.generation,
        lease: parts.lease,
        result,
        stats: AttemptStats {
            lease_wait_seconds: parts.stats.lease_wait_seconds,
            train_seconds: parts.stats.train_seconds,
            probe_seconds: parts.stats.probe_seconds,
            cpu_seconds: parts.stats.cpu_seconds,
            total_seconds: parts.stats.total_seconds,
            peak_memory_bytes: parts.stats.peak_memory_bytes,
        },
    }
}
