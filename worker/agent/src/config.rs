//! Limits and periods, all named.

use std::time::Duration;

/// How an agent behaves.
#[derive(Clone, Debug)]
pub struct Config {
    /// Jobs that are held at a time beside those that wait: permits.
    pub n_slots: u32,
    /// Jobs that run at a time, at most one a slot.
    pub n_threads: u32,
    /// As many slots are used as have this much work for each thread, at least one a thread: jobs that take long are left
    /// to other workers.
    pub slot_work: Duration,
    /// Leases that wait for a thread go back when none has ended for this long.
    pub hoard_max: Duration,
    /// Seeds the jitter of retries.
    pub seed: u64,
    /// Longest wait of a report that has nothing to say, while nothing runs.
    pub wait_idle: Duration,
    /// The same while some slots run: an end of theirs would otherwise wait for the coordinator to hear a second call.
    pub wait_busy: Duration,
    /// Shortest time from one report that brought nothing to the next one.
    pub pause: Duration,
    /// First delay after a failed call; doubles with each.
    pub backoff: Duration,
    /// Longest delay after a failed call.
    pub backoff_max: Duration,
    /// A coordinator that was never reached is given up after this; one that was reached once, never.
    pub first_contact: Duration,
    /// How long running jobs may finish once the worker drains.
    pub grace: Duration,
    /// How long stopped jobs and the last report may take after that.
    pub last_words: Duration,
    /// A report is cut at this many bytes of rows.
    pub report_bytes: usize,
    /// A report is cut at this many outcomes.
    pub report_outcomes: usize,
    /// While finished and unanswered outcomes have more bytes of rows than this, no leases are asked for.
    pub spool_bytes: usize,
    /// A finished outcome that is not answered within this goes to the spool; at once if a call has failed.
    pub keep_after: Duration,
    /// An outcome that took longer than this to compute goes to the spool at once.
    pub keep_cost: Duration,
    /// One write to the spool is cut at this many bytes of rows.
    pub keep_bytes: usize,
    /// How long a job may ignore that the coordinator has told it to stop. Then the worker leaves.
    pub stop_grace: Duration,
    /// Leases above this many are handed back at once.
    pub held_max: u32,
    /// Specs above this many are forgotten where no lease needs them.
    pub specs_max: usize,
}

impl Config {
    /// The defaults of a worker with that many slots.
    #[must_use]
    pub fn new(n_slots: u32, seed: u64) -> Self {
        Self {
            n_slots,
            n_threads: n_slots,
            slot_work: Duration::from_secs(1),
            hoard_max: Duration::from_secs(5),
            seed,
            wait_idle: Duration::from_secs(5),
            wait_busy: Duration::from_secs(1),
            pause: Duration::from_millis(100),
            backoff: Duration::from_millis(100),
            backoff_max: Duration::from_secs(5),
            first_contact: Duration::from_secs(15),
            grace: Duration::from_secs(30),
            last_words: Duration::from_secs(5),
            report_bytes: 1 << 20,
            report_outcomes: 1024,
            spool_bytes: 256 << 20,
            keep_after: Duration::from_millis(500),
            keep_cost: Duration::from_secs(2),
            keep_bytes: 8 << 20,
            stop_grace: Duration::from_secs(120),
            held_max: 8192 + n_slots,
            specs_max: 64,
        }
    }
}
