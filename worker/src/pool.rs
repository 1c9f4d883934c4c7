//! The threads that work: they take jobs from one queue, in order, and put what came of them into one heap.
//!
//! A slot is a permit to hold a job; there are no more threads than cores, so that a job that runs has one to itself.
//! Both sides hand over in bulk: a batch of leases is one lock, and the driver takes all ends that there are at once.
//! The queue and the heap are bounded by the leases that the agent holds.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use traipse_agent::{Finished, Lease};
use traipse_proto::v1::JobReport;
use traipse_sweep::LeaseId;

use crate::job::{self, Context};
use crate::sweeps::Sweep;

/// One lease on its way through a slot.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) lease: Lease,
    pub(crate) sweep: Arc<Sweep>,
    pub(crate) given_at: Instant,
    pub(crate) signals: Signals,
}

/// What the driver and a running job tell each other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signals {
    /// Optimiser steps done, and measurements.
    pub(crate) progress: Arc<AtomicU64>,
    /// End at the next step boundary.
    pub(crate) stop: Arc<AtomicBool>,
    watch: Arc<Watch>,
}

#[derive(Debug, Default)]
struct Watch {
    begun: OnceLock<Instant>,
    /// How long the job may run.
    limit: Option<Duration>,
    /// Whether the stop came because the job's time is over.
    is_late: AtomicBool,
    /// Heartbeats while the job waited for a thread.
    n_waits: AtomicU64,
}

impl Signals {
    /// Of a job that may run for so long.
    pub(crate) fn within(limit: Option<Duration>) -> Self {
        Self { watch: Arc::new(Watch { limit, ..Watch::default() }), ..Self::default() }
    }

    /// The job has a thread now.
    pub(crate) fn begin(&self, now: Instant) {
        self.watch.begun.get_or_init(|| now);
    }

    /// What a heartbeat shows of the job: it grows while the job gets on, and while it waits for its turn.
    pub(crate) fn shown(&self) -> u64 {
        let waited = u64::from(self.watch.begun.get().is_none());
        self.watch.n_waits.fetch_add(waited, Ordering::Relaxed) + waited + self.progress.load(Ordering::Relaxed)
    }

    /// Stops the job if its time is over.
    pub(crate) fn stop_if_late(&self) {
        let (begun, limit) = (self.watch.begun.get(), self.watch.limit);
        if begun.zip(limit).is_some_and(|(begun, limit)| begun.elapsed() > limit) {
            self.watch.is_late.store(true, Ordering::Relaxed);
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    /// The limit, if the job was stopped for it.
    pub(crate) fn exceeded(&self) -> Option<Duration> {
        self.watch.limit.filter(|_| self.watch.is_late.load(Ordering::Relaxed))
    }
}

/// The threads of one worker.
#[derive(Debug)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    work: Condvar,
    ends: Mutex<Vec<Finished<JobReport>>>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    jobs: VecDeque<Job>,
    closed: bool,
}

impl Pool {
    /// Starts the threads.
    pub(crate) fn start(n_threads: u32, context: &Arc<Context>) -> std::io::Result<Self> {
        let pool = Self { shared: Arc::default() };
        for at in 0..n_threads {
            let (shared, context) = (pool.shared.clone(), context.clone());
            let thread = std::thread::Builder::new().name(format!("slot-{at}"));
            thread.spawn(move || shared.serve(&context))?;
        }
        Ok(pool)
    }

    /// Adds jobs behind all others.
    pub(crate) fn give(&self, jobs: Vec<Job>) {
        let n_jobs = jobs.len();
        lock(&self.shared.queue).jobs.extend(jobs);
        if n_jobs == 1 { self.shared.work.notify_one() } else { self.shared.work.notify_all() }
    }

    /// Takes back all jobs that have not started.
    pub(crate) fn recall(&self) -> Vec<LeaseId> {
        lock(&self.shared.queue).jobs.drain(..).map(|job| job.lease.lease).collect()
    }

    /// Takes these back, as far as they have not started.
    pub(crate) fn withdraw(&self, leases: &BTreeSet<LeaseId>) -> Vec<LeaseId> {
        let mut withdrawn = Vec::new();
        lock(&self.shared.queue).jobs.retain(|job| {
            let stays = !leases.contains(&job.lease.lease);
            withdrawn.extend((!stays).then_some(job.lease.lease));
            stays
        });
        withdrawn
    }

    /// Resolves when jobs have ended since the last time. Safe to drop and call again.
    pub(crate) async fn news(&self) {
        self.shared.news.notified().await;
    }

    /// All jobs that ended since the last time, in the order of their ends.
    pub(crate) fn take_ends(&self) -> Vec<Finished<JobReport>> {
        std::mem::take(&mut lock(&self.shared.ends))
    }
}

/// Threads end after the job that they run; who has told it to stop waits a step at most, and nobody has to wait.
impl Drop for Pool {
    fn drop(&mut self) {
        lock(&self.shared.queue).closed = true;
        self.shared.work.notify_all();
    }
}

impl Shared {
    /// A thread's life.
    fn serve(&self, context: &Context) {
        while let Some(job) = self.next() {
            let lease = job.lease.lease;
            job.signals.begin(Instant::now());
            let end = job::run(job, context);
            let mut ends = lock(&self.ends);
            let first = ends.is_empty();
            ends.push(Finished { lease, end });
            drop(ends);
            if first {
                self.news.notify_one();
            }
        }
    }

    /// None once the pool is closed.
    fn next(&self) -> Option<Job> {
        let mut queue = lock(&self.queue);
        loop {
            if queue.closed {
                return None;
            }
            match queue.jobs.pop_front() {
                Some(job) => return Some(job),
                None => queue = self.work.wait(queue).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

/// No code that can panic runs under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
