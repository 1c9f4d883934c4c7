//! `attempts.parquet`: one row an attempt. The only table with clocks in it.

use super::{ColumnDef, ColumnType, Source, Table, column};

/// Job number.
pub static JOB: ColumnDef =
    column(Table::Attempts, "job", ColumnType::U64, false, "1", Source::Coordinator, "job number");
/// Run or comparison.
pub static KIND: ColumnDef =
    column(Table::Attempts, "kind", ColumnType::Utf8, false, "1", Source::Coordinator, "run or comparison");
/// The run, as in runs.
pub static RUN: ColumnDef =
    column(Table::Attempts, "run", ColumnType::U64, true, "1", Source::Plan, "the run, as in runs");
/// Counted from 1.
pub static ATTEMPT: ColumnDef =
    column(Table::Attempts, "attempt", ColumnType::U32, false, "1", Source::Coordinator, "counted from 1");
/// The worker's id.
pub static WORKER: ColumnDef =
    column(Table::Attempts, "worker", ColumnType::Utf8, false, "1", Source::Coordinator, "the worker's id");
/// Its labels, as JSON.
pub static WORKER_LABELS: ColumnDef =
    column(Table::Attempts, "worker_labels", ColumnType::Utf8, false, "1", Source::Coordinator, "its labels, as JSON");
/// When the lease was granted, by the coordinator's clock.
pub static STARTED_AT: ColumnDef = column(
    Table::Attempts,
    "started_at",
    ColumnType::Timestamp,
    false,
    "UTC",
    Source::Coordinator,
    "when the lease was granted, by the coordinator's clock",
);
/// Between the grant and the start of the work.
pub static LEASE_WAIT_SECONDS: ColumnDef = column(
    Table::Attempts,
    "lease_wait_seconds",
    ColumnType::F64,
    true,
    "s",
    Source::Coordinator,
    "between the grant and the start of the work",
);
/// Inside optimiser steps and batch assembly alone.
pub static TRAIN_SECONDS: ColumnDef = column(
    Table::Attempts,
    "train_seconds",
    ColumnType::F64,
    true,
    "s",
    Source::Coordinator,
    "inside optimiser steps and batch assembly alone",
);
/// Inside probes.
pub static PROBE_SECONDS: ColumnDef =
    column(Table::Attempts, "probe_seconds", ColumnType::F64, true, "s", Source::Coordinator, "inside probes");
/// CPU time of the thread.
pub static CPU_SECONDS: ColumnDef =
    column(Table::Attempts, "cpu_seconds", ColumnType::F64, true, "s", Source::Coordinator, "CPU time of the thread");
/// From start to report.
pub static TOTAL_SECONDS: ColumnDef =
    column(Table::Attempts, "total_seconds", ColumnType::F64, true, "s", Source::Coordinator, "from start to report");
/// As in runs, or failed-attempt.
pub static OUTCOME: ColumnDef = column(
    Table::Attempts,
    "outcome",
    ColumnType::Utf8,
    false,
    "1",
    Source::Coordinator,
    "as in runs, or failed-attempt",
);
/// Transient, poison, invalid or lost.
pub static FAILURE_CLASS: ColumnDef = column(
    Table::Attempts,
    "failure_class",
    ColumnType::Utf8,
    true,
    "1",
    Source::Coordinator,
    "transient, poison, invalid or lost",
);
/// In words.
pub static FAILURE_MESSAGE: ColumnDef =
    column(Table::Attempts, "failure_message", ColumnType::Utf8, true, "1", Source::Coordinator, "in words");
/// Highest resident memory of the worker process so far.
pub static PEAK_MEMORY_BYTES: ColumnDef = column(
    Table::Attempts,
    "peak_memory_bytes",
    ColumnType::U64,
    true,
    "B",
    Source::Coordinator,
    "highest resident memory of the worker process so far",
);
/// The worker's version.
pub static BUILD: ColumnDef =
    column(Table::Attempts, "build", ColumnType::Utf8, false, "1", Source::Coordinator, "the worker's version");
/// The worker's numerics.
pub static NUMERICS: ColumnDef =
    column(Table::Attempts, "numerics", ColumnType::Utf8, false, "1", Source::Coordinator, "the worker's numerics");
/// The worker's CPU features.
pub static CPU_FEATURES: ColumnDef = column(
    Table::Attempts,
    "cpu_features",
    ColumnType::Utf8,
    false,
    "1",
    Source::Coordinator,
    "the worker's CPU features",
);

/// The columns in their order.
pub static ALL: [&ColumnDef; 19] = [
    &JOB,
    &KIND,
    &RUN,
    &ATTEMPT,
    &WORKER,
    &WORKER_LABELS,
    &STARTED_AT,
    &LEASE_WAIT_SECONDS,
    &TRAIN_SECONDS,
    &PROBE_SECONDS,
    &CPU_SECONDS,
    &TOTAL_SECONDS,
    &OUTCOME,
    &FAILURE_CLASS,
    &FAILURE_MESSAGE,
    &PEAK_MEMORY_BYTES,
    &BUILD,
    &NUMERICS,
    &CPU_FEATURES,
];
