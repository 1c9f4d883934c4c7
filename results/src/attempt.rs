//! One attempt: what the coordinator knows about one execution of a job.

use std::path::Path;
use std::sync::Arc;

use traipse_sweep::columns::{ColumnDef, attempts};
use traipse_sweep::rows::Cell;

use crate::Error;
use crate::aside::Finished;
use crate::schema::Spec;
use crate::table_writer::TableWriter;
use crate::tables::Stream;

/// A row of `attempts.parquet`, but for `run`, which follows from the job when tables are written. Many rows say the same
/// of their worker: they share its texts.
#[derive(Clone, Debug, PartialEq)]
pub struct AttemptRow {
    /// Job number.
    pub job: u64,
    /// `run` or `comparison`.
    pub kind: &'static str,
    /// Counted from 1.
    pub attempt: u32,
    /// The worker's id.
    pub worker: Arc<str>,
    /// The worker's labels, as a JSON object.
    pub worker_labels: Arc<str>,
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
    pub outcome: &'static str,
    /// `transient`, `poison`, `invalid` or `lost`.
    pub failure_class: Option<&'static str>,
    /// In words.
    pub failure_message: Option<Arc<str>>,
    /// Highest resident memory of the worker process so far.
    pub peak_memory_bytes: Option<u64>,
    /// The worker's version.
    pub build: Arc<str>,
    /// The worker's numerics.
    pub numerics: Arc<str>,
    /// The worker's CPU features.
    pub cpu_features: Arc<str>,
}

/// The columns of an attempts segment: those of the table but `run`.
pub(crate) fn columns() -> Vec<Spec> {
    attempts::ALL.iter().filter(|column| column.name != attempts::RUN.name).map(|&column| column.into()).collect()
}

/// Writes attempts, sorted by job and attempt, to a file that stays aside.
pub(crate) fn write(path: &Path, rows: &[AttemptRow]) -> Result<(Finished, u64), Error> {
    let columns = columns();
    let mut writer = TableWriter::create(path, &columns, 1, &[])?;
    let mut order: Vec<&AttemptRow> = rows.iter().collect();
    order.sort_by_key(|row| (row.job, row.attempt));
    for row in order {
        for (at, cell) in row.cells().into_iter().enumerate() {
            match cell {
                Value::Cell(cell) => writer
                    .column(at)
                    .push(&cell)
                    .map_err(|_| Error::Block { job: row.job, what: format!("attempts.{}", columns[at].name) })?,
                Value::Instant(instant) => writer.column(at).push_instant(instant),
            }
        }
        writer.end_rows(1)?;
    }
    writer.finish()
}

/// What a segment says of an attempt, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct PastAttempt {
    /// Counted from 1.
    pub attempt: u32,
    /// The worker's id.
    pub worker: String,
    /// Its labels, as a JSON object.
    pub worker_labels: String,
    /// When the lease was granted: microseconds since 1970, UTC, by the coordinator's clock.
    pub started_at_us: i64,
    /// Seconds from start to report.
    pub total_seconds: Option<f64>,
    /// As in runs, or `failed-attempt`.
    pub outcome: String,
    /// `transient`, `poison`, `invalid` or `lost`.
    pub failure_class: Option<String>,
    /// In words.
    pub failure_message: Option<String>,
}

impl From<AttemptRow> for PastAttempt {
    fn from(row: AttemptRow) -> Self {
        Self {
            attempt: row.attempt,
            worker: row.worker.to_string(),
            worker_labels: row.worker_labels.to_string(),
            started_at_us: row.started_at_us,
            total_seconds: row.total_seconds,
            outcome: row.outcome.to_owned(),
            failure_class: row.failure_class.map(str::to_owned),
            failure_message: row.failure_message.map(|message| message.to_string()),
        }
    }
}

/// The attempts of one job in a segment of attempts, in order. Reads the row groups that can hold them alone.
///
/// # Errors
/// If the segment cannot be read.
pub fn attempts_of(path: &Path, job: u64) -> Result<Vec<PastAttempt>, Error> {
    let columns = attempts::ALL.map(|column| column.name);
    let mut row = Stream::open_runs(path, &columns, job..=job)?;
    let mut found = Vec::new();
    while !row.is_over() {
        if row.count(attempts::JOB.name) == Some(job) {
            let text = |column: &ColumnDef| row.text(column.name).map(str::to_owned);
            found.push(PastAttempt {
                attempt: row.count(attempts::ATTEMPT.name).unwrap_or_default() as u32,
                worker: text(&attempts::WORKER).unwrap_or_default(),
                worker_labels: text(&attempts::WORKER_LABELS).unwrap_or_default(),
                started_at_us: row.instant(attempts::STARTED_AT.name).unwrap_or_default(),
                total_seconds: row.number(attempts::TOTAL_SECONDS.name),
                outcome: text(&attempts::OUTCOME).unwrap_or_default(),
                failure_class: text(&attempts::FAILURE_CLASS),
                failure_message: text(&attempts::FAILURE_MESSAGE),
            });
        }
        row.advance()?;
    }
    Ok(found)
}

/// Row cells have no instants: no worker sends any.
enum Value {
    Cell(Cell),
    Instant(i64),
}

impl AttemptRow {
    /// The values in the order of [`columns`].
    fn cells(&self) -> [Value; 18] {
        let text = |text: &str| Value::Cell(Cell::from(text));
        let number = |number: Option<f64>| Value::Cell(Cell::from(number));
        [
            Value::Cell(Cell::U64(self.job)),
            text(self.kind),
            Value::Cell(Cell::U32(self.attempt)),
            text(&self.worker),
            text(&self.worker_labels),
            Value::Instant(self.started_at_us),
            number(self.lease_wait_seconds),
            number(self.train_seconds),
            number(self.probe_seconds),
            number(self.cpu_seconds),
            number(self.total_seconds),
            text(self.outcome),
            Value::Cell(Cell::from(self.failure_class.map(str::to_owned))),
            Value::Cell(Cell::from(self.failure_message.as_deref().map(str::to_owned))),
            Value::Cell(Cell::from(self.peak_memory_bytes)),
            text(&self.build),
            text(&self.numerics),
            text(&self.cpu_features),
        ]
    }
}
