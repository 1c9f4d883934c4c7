//! Workers on which one job after another fails: black holes, which would swallow a sweep.

use std::collections::BTreeMap;
use std::sync::Arc;

use traipse_sweep::{Generation, WorkerId};

use super::JobAt;

/// Consecutive transient failures of different jobs that suspend a worker.
pub(crate) const BLACK_HOLE: usize = 5;
/// Most workers that are remembered with failures and without a success since; those with the lowest ids are forgotten.
const MAX_SUSPECTS: usize = 65_536;

/// A failure that may turn out to be its worker's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Suspicion {
    pub(crate) at: JobAt,
    pub(crate) generation: Generation,
    /// It was the job's first on that worker: a job is spared once a worker, so that it ends some day.
    pub(crate) first: bool,
}

/// A worker since its last success.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Suspect {
    /// Failures in a row since the last suspension, of different jobs.
    pub(crate) failures: Vec<Suspicion>,
    /// Suspensions in a row.
    pub(crate) n_suspensions: u32,
    /// The last failure's message.
    pub(crate) message: Option<Arc<str>>,
}

/// All workers whose last report was no success.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Suspects {
    of_worker: BTreeMap<WorkerId, Suspect>,
}

impl Suspects {
    /// A job failed transiently on a worker. Returns the failures that were the worker's, if this one suspends it.
    pub(crate) fn fail(&mut self, worker: WorkerId, failure: Suspicion, message: &Arc<str>) -> Vec<Suspicion> {
        let suspect = self.of_worker.entry(worker).or_default();
        suspect.message = Some(Arc::clone(message));
        if suspect.failures.iter().all(|before| before.at != failure.at) {
            suspect.failures.push(failure);
        }
        let failures = match suspect.failures.len() {
            BLACK_HOLE => {
                suspect.n_suspensions = suspect.n_suspensions.saturating_add(1);
                std::mem::take(&mut suspect.failures)
            }
            _ => Vec::new(),
        };
        if self.of_worker.len() > MAX_SUSPECTS {
            self.of_worker.pop_first();
        }
        failures
    }

    /// A worker brought a result.
    pub(crate) fn succeed(&mut self, worker: WorkerId) {
        self.of_worker.remove(&worker);
    }

    pub(crate) fn get(&self, worker: WorkerId) -> Option<&Suspect> {
        self.of_worker.get(&worker)
    }

    /// Suspensions in a row of a worker.
    pub(crate) fn n_suspensions(&self, worker: WorkerId) -> u32 {
        self.get(worker).map_or(0, |suspect| suspect.n_suspensions)
    }

    pub(crate) fn all(&self) -> impl ExactSizeIterator<Item = (WorkerId, &Suspect)> {
        self.of_worker.iter().map(|(worker, suspect)| (*worker, suspect))
    }

    /// Puts a worker as a snapshot has it.
    pub(super) fn put(&mut self, worker: WorkerId, suspect: Suspect) {
        self.of_worker.insert(worker, suspect);
    }
}

#[cfg(test)]
mod tests {
    use traipse_sweep::SweepId;

    use super::*;

    fn failure(position: u64) -> Suspicion {
        Suspicion { at: JobAt { sweep: SweepId(1), position }, generation: Generation(0), first: true }
    }

    #[test]
    fn five_different_jobs_in_a_row_suspend() {
        let (mut suspects, worker, message) = (Suspects::default(), WorkerId(1), Arc::from("no disk"));
        for position in [0, 1, 1, 2, 0, 3] {
            assert_eq!(suspects.fail(worker, failure(position), &message), []);
        }
        assert_eq!(suspects.fail(worker, failure(4), &message).len(), BLACK_HOLE);
        assert_eq!(suspects.n_suspensions(worker), 1);
        (5..9).for_each(|position| assert_eq!(suspects.fail(worker, failure(position), &message), []));
        assert_eq!(suspects.fail(WorkerId(2), failure(9), &message), [], "each worker for itself");
        assert_eq!(suspects.fail(worker, failure(10), &message).len(), BLACK_HOLE);
        assert_eq!(suspects.n_suspensions(worker), 2);
        suspects.succeed(worker);
        assert_eq!((suspects.n_suspensions(worker), suspects.all().len()), (0, 1));
    }
}
