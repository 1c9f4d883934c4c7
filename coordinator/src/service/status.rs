//! A sweep's status as it travels, and how people name sweeps.

use tonic::Status;
use traipse_proto::v1;
use traipse_scheduler::{SweepState, SweepStatus};
use traipse_sweep::SweepId;

use super::refusal;
use crate::driver::{Driver, Handle};

/// Most candidates that an ambiguous prefix names.
const MAX_CANDIDATES: usize = 5;

/// The status of a sweep, with its rate and the workers.
pub(super) fn of(driver: &Driver, sweep: SweepId) -> Option<v1::SweepStatus> {
    let status = driver.pump().status(sweep)?;
    let rate = if status.state.is_ended() { 0.0 } else { driver.rate(&status) };
    Some(message(&status, rate, driver.pump().workers()))
}

/// All sweeps, newest first.
pub(super) fn all(driver: &Driver) -> v1::ListResponse {
    let (n_workers, n_slots) = driver.pump().workers();
    let sweeps = driver.pump().sweeps().filter_map(|sweep| of(driver, sweep)).collect();
    v1::ListResponse { sweeps, n_workers, n_slots }
}

/// The status of a sweep that is known to be there.
pub(super) async fn current(driver: &Handle, sweep: SweepId) -> Result<v1::SweepStatus, Status> {
    let found = driver.read(move |driver| of(driver, sweep)).await.map_err(refusal::call)?;
    found.ok_or_else(|| refusal::not_found(format!("there is no sweep {sweep}")))
}

/// The sweep that a person means: an id, a name (the newest of that name), or a unique prefix of an id.
pub(super) async fn find(driver: &Handle, text: String) -> Result<SweepId, Status> {
    driver.read(move |driver| resolve(driver, &text)).await.map_err(refusal::call)?
}

fn resolve(driver: &Driver, text: &str) -> Result<SweepId, Status> {
    let pump = driver.pump();
    if text.is_empty() {
        return Err(refusal::invalid("no sweep is named: give an id, the beginning of one, or a name"));
    }
    if let Ok(sweep) = text.parse::<SweepId>() {
        let found = pump.status(sweep).map(|_| sweep);
        return found.ok_or_else(|| refusal::not_found(format!("there is no sweep {sweep}: `status` lists them")));
    }
    let named = |sweep: &SweepId| pump.status(*sweep).is_some_and(|status| &*status.name == text);
    if let Some(sweep) = pump.sweeps().find(named) {
        return Ok(sweep);
    }
    let prefix = text.to_ascii_uppercase();
    let fitting: Vec<_> = pump.sweeps().filter(|sweep| sweep.to_string().starts_with(&prefix)).collect();
    match fitting[..] {
        [sweep] => Ok(sweep),
        [] => Err(refusal::not_found(format!("no sweep has the id or name {text}: `status` lists them"))),
        _ => {
            let some: Vec<_> = fitting.iter().take(MAX_CANDIDATES).map(ToString::to_string).collect();
            let (n, some) = (fitting.len(), some.join(", "));
            Err(refusal::invalid(format!("{n} sweeps begin with {text}: {some}; give more of the id")))
        }
    }
}

fn message(status: &SweepStatus, rate: f64, (n_workers, n_slots): (u32, u32)) -> v1::SweepStatus {
    v1::SweepStatus {
        sweep: status.sweep.to_string(),
        name: status.name.to_string(),
        state: state(status.state) as i32,
        n_runs: status.n_runs,
        n_excluded: status.n_excluded,
        n_ready: status.n_ready,
        n_leased: status.n_leased,
        n_backoff: status.n_backoff,
        n_succeeded: status.n_succeeded,
        n_diverged: status.n_diverged,
        n_failed: status.n_failed,
        n_quarantined: status.n_quarantined,
        n_cancelled: status.n_cancelled,
        n_lost_attempts: status.n_lost_attempts,
        rate,
        n_workers,
        n_slots,
        message: status.message.as_deref().unwrap_or_default().to_owned(),
        numerics: status.numerics.as_deref().unwrap_or_default().to_owned(),
        n_comparisons: status.n_comparisons,
        n_comparisons_done: status.n_comparisons_done,
        n_blocked: status.n_blocked,
        held: status.held,
    }
}

pub(super) fn state(state: SweepState) -> v1::SweepState {
    match state {
        SweepState::Active => v1::SweepState::Active,
        SweepState::Paused => v1::SweepState::Paused,
        SweepState::Stopped => v1::SweepState::Stopped,
        SweepState::Completed => v1::SweepState::Completed,
        SweepState::Cancelled => v1::SweepState::Cancelled,
    }
}
