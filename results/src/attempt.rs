//! One attempt: what the coordinator knows about one execution of a job.

/// A row of `attempts.parquet`, but for `run`, which follows from the job when tables are written.
#[derive(Clone, Debug, PartialEq)]
pub struct AttemptRow {
    /// Job number.
    pub job: u64,
    /// `run` or `comparison`.
    pub kind: String,
    /// Counted from 1.
    pub attempt: u32,
    /// The worker's id.
    pub worker: String,
    /// The worker's labels, as a JSON object.
    pub worker_labels: String,
    /// When the lease was granted: microseconds since 1970, UTC, by the coordinator's clock.
    pub started_at_us: i64,
    /// Seconds between the grant and the start of the work.
    pub lease_wait_seconds: Option<f64>,
    /// Seconds inside optimiser steps and batch assembly alone.
    pub train_seconds: Option<f64>,
    /// Seconds inside probes.
    pub probe_seconds: Option<f64>,
    /// CPU seconds of the thread.
    pub cpu_seconds: Option<f64>,
    /// Seconds from start to report.
    pub total_seconds: Option<f64>,
    /// As in runs, or `failed-attempt`.
    pub outcome: String,
    /// `transient`, `poison`, `invalid` or `lost`.
    pub failure_class: Option<String>,
    /// In words.
    pub failure_message: Option<String>,
    /// Highest resident memory of the worker process so far.
    pub peak_memory_bytes: Option<u64>,
    /// The worker's version.
    pub build: String,
    /// The worker's numerics.
    pub numerics: String,
    /// The worker's CPU features.
    pub cpu_features: String,
}
