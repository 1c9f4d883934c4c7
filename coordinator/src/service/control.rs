//! What people do to a sweep that is there: pause, resume, cancel, run jobs anew.

use std::ops::Range;

use tonic::Status;
use traipse_proto::convert::ids;
use traipse_proto::v1;
use traipse_scheduler::{Answer, Command};
use traipse_sweep::facts::Control;

use super::{Shared, refusal, status};

/// Most ranges of cells in one call.
const MAX_RANGES: usize = 65_536;

/// Pauses, resumes or cancels; the sweep's counts afterwards.
pub(super) async fn control(shared: &Shared, sweep: String, control: Control) -> Result<v1::SweepStatus, Status> {
    let sweep = status::find(&shared.driver, sweep).await?;
    shared.driver.call(Command::Control { sweep, control }).await.map_err(refusal::call)?;
    tracing::info!(%sweep, ?control, "controlled");
    status::current(&shared.driver, sweep).await
}

/// Runs jobs anew.
pub(super) async fn retry(shared: &Shared, request: v1::RetryRequest) -> Result<v1::RetryResponse, Status> {
    let id = ids::request(&request.request, "request").map_err(|error| refusal::message(&error))?;
    let sweep = status::find(&shared.driver, request.sweep).await?;
    let cells = if request.cells.is_empty() { None } else { Some(cells(&request.cells)?) };
    let command = Command::Retry { sweep, request: id, cells };
    let answer = shared.driver.call(command).await.map_err(refusal::call)?;
    let Answer::Retried(reopened) = answer else { return Err(refusal::wrong_answer()) };
    tracing::info!(%sweep, n_runs = reopened.n_runs, n_comparisons = reopened.n_comparisons, "retried");
    let status = status::current(&shared.driver, sweep).await?;
    let (n_runs, n_comparisons) = (reopened.n_runs, reopened.n_comparisons);
    Ok(v1::RetryResponse { status: Some(status), n_runs, n_comparisons })
}

fn cells(ranges: &[v1::CellRange]) -> Result<Vec<Range<u64>>, Status> {
    if ranges.len() > MAX_RANGES {
        return Err(refusal::invalid(format!(
            "cells has {} ranges, and one call takes at most {MAX_RANGES}: name fewer at a time",
            ranges.len()
        )));
    }
    let checked = ranges.iter().enumerate().map(|(at, range)| {
        let end = range.first_cell.checked_add(range.n_cells).filter(|end| *end > range.first_cell);
        end.map(|end| range.first_cell..end).ok_or_else(|| {
            refusal::invalid(format!("cells[{at}] holds no cell: {} from {}", range.n_cells, range.first_cell))
        })
    });
    checked.collect()
}
