//! Who works here, and asking one of them to leave.

use tonic::Status;
use traipse_proto::v1;
use traipse_scheduler::{Answer, Command, WorkerStatus};
use traipse_sweep::WorkerId;

use super::{Shared, refusal};
use crate::driver::Driver;

/// The label that names a worker.
const NAME: &str = "name";
/// Most candidates that an ambiguous text names.
const MAX_CANDIDATES: usize = 5;

/// All workers that have a session.
pub(super) async fn all(shared: &Shared) -> Result<v1::WorkersResponse, Status> {
    let workers = shared.driver.read(here).await.map_err(refusal::call)?;
    Ok(v1::WorkersResponse { workers: workers.iter().map(message).collect() })
}

/// Asks a worker to leave.
pub(super) async fn drain(shared: &Shared, request: v1::DrainRequest) -> Result<v1::DrainResponse, Status> {
    let text = request.worker;
    let worker = shared.driver.read(move |driver| resolve(&here(driver), &text)).await.map_err(refusal::call)??;
    match shared.driver.call(Command::Drain { worker }).await.map_err(refusal::call)? {
        Answer::Draining => {}
        _ => return Err(refusal::wrong_answer()),
    }
    tracing::info!(%worker, "asked to leave");
    let now = shared.driver.read(here).await.map_err(refusal::call)?;
    Ok(v1::DrainResponse { worker: now.iter().find(|known| known.worker == worker).map(message) })
}

fn here(driver: &Driver) -> Vec<WorkerStatus> {
    driver.pump().worker_list(driver.now()).collect()
}

/// The worker that a person means: an id, the name of one alone, or a unique prefix of an id.
fn resolve(workers: &[WorkerStatus], text: &str) -> Result<WorkerId, Status> {
    if text.is_empty() {
        return Err(refusal::invalid("no worker is named: give an id, the beginning of one, or a name"));
    }
    let prefix = text.to_ascii_uppercase();
    let named: Vec<WorkerId> = workers.iter().filter(|known| name(known) == text).map(|known| known.worker).collect();
    let begun = || workers.iter().map(|known| known.worker).filter(|id| id.to_string().starts_with(&prefix)).collect();
    let fitting = if named.is_empty() { begun() } else { named };
    match fitting[..] {
        [worker] => Ok(worker),
        [] => Err(refusal::not_found(format!("no worker here has the id or name {text}: `status` lists them"))),
        _ => {
            let some: Vec<_> = fitting.iter().take(MAX_CANDIDATES).map(ToString::to_string).collect();
            let (n, some) = (fitting.len(), some.join(", "));
            Err(refusal::invalid(format!("{text} means {n} workers: {some}; give one's id, or more of it")))
        }
    }
}

fn name(worker: &WorkerStatus) -> &str {
    worker.info.labels.get(NAME).map_or("", String::as_str)
}

fn message(worker: &WorkerStatus) -> v1::WorkerStatus {
    v1::WorkerStatus {
        worker: worker.worker.to_string(),
        name: name(worker).to_owned(),
        labels: worker.info.labels.clone().into_iter().collect(),
        n_slots: worker.info.n_slots,
        n_busy: worker.n_busy(),
        n_leased: worker.n_leased,
        silent_ms: u64::try_from(worker.silent.as_millis()).unwrap_or(u64::MAX),
        is_live: worker.is_live,
        is_draining: worker.is_draining,
        is_suspended: worker.is_suspended,
        memory_bytes: worker.info.memory,
        build: worker.info.build.to_string(),
        numerics: worker.info.numerics.to_string(),
    }
}
