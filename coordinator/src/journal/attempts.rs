//! Attempts that are not sealed, in pages. Most of a row says who made the attempt: that is read once a worker, and shared.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use traipse_proto::convert::{ids, outcome};
use traipse_proto::v1;
use traipse_results::AttemptRow;
use traipse_sweep::{JobNumber, SweepId};

use super::segments::{PAGE_ROWS, unsigned};
use super::{Damage, Error, Ledger, sweep_key};

/// What is known of workers, by the number of their description. Small, and as many as there were workers.
#[derive(Debug, Default)]
pub(super) struct Described {
    workers: BTreeMap<i64, Worker>,
}

/// What an attempt says of its worker.
#[derive(Clone, Debug)]
struct Worker {
    id: Arc<str>,
    labels: Arc<str>,
    build: Arc<str>,
    numerics: Arc<str>,
    cpu_features: Arc<str>,
}

impl Ledger {
    /// A page of a sweep's attempts in (`after`, `upto`], each with its number. Jobs of those numbers are runs.
    pub(crate) async fn attempts(
        &mut self,
        sweep: SweepId,
        after: i64,
        upto: i64,
        runs: &[Range<u64>],
    ) -> Result<Vec<(i64, AttemptRow)>, Error> {
        let found = sqlx::query(
            "SELECT id, job, attempt, worker, record FROM attempts WHERE id > ? AND id <= ? AND sweep = ?
                ORDER BY id LIMIT ?",
        )
        .bind(after)
        .bind(upto)
        .bind(sweep_key(sweep))
        .bind(PAGE_ROWS as i64)
        .fetch_all(&mut self.connection)
        .await
        .map_err(self.reading())?;
        let mut page = Vec::with_capacity(found.len());
        for row in &found {
            let number = row.try_get(3).map_err(self.reading())?;
            let worker = self.described(number).await?;
            page.push(attempt(row, worker, runs).ok_or_else(|| self.damaged(Damage::Value("an attempt")))?);
        }
        Ok(page)
    }

    /// A job's attempts that are in no segment, in order: a walk over all that are not sealed.
    pub(crate) async fn attempts_of(
        &mut self,
        sweep: SweepId,
        job: JobNumber,
        runs: &[Range<u64>],
    ) -> Result<Vec<AttemptRow>, Error> {
        let (mut after, upto) = self.unsealed(sweep).await?;
        let mut found = Vec::new();
        loop {
            let page = self.attempts(sweep, after, upto, runs).await?;
            let Some(&(last, _)) = page.last() else { return Ok(found) };
            after = last;
            found.extend(page.into_iter().map(|(_, attempt)| attempt).filter(|attempt| attempt.job == job.0));
        }
    }

    async fn described(&mut self, number: i64) -> Result<Worker, Error> {
        if let Some(known) = self.described.workers.get(&number) {
            return Ok(known.clone());
        }
        let info: Option<Vec<u8>> = sqlx::query_scalar("SELECT info FROM workers WHERE id = ?")
            .bind(number)
            .fetch_optional(&mut self.connection)
            .await
            .map_err(self.reading())?;
        let described = info.and_then(|info| worker(&info));
        let described = described.ok_or_else(|| self.damaged(Damage::Value("the worker of an attempt")))?;
        self.described.workers.insert(number, described.clone());
        Ok(described)
    }
}

fn worker(info: &[u8]) -> Option<Worker> {
    let info = <v1::WorkerInfo as prost::Message>::decode(info).ok()?;
    let id = ids::worker_bytes(&info.worker, "worker").ok()?;
    Some(Worker {
        id: id.to_string().into(),
        labels: info.labels.into(),
        build: info.build.into(),
        numerics: info.numerics.into(),
        cpu_features: info.cpu_features.into(),
    })
}

fn attempt(row: &SqliteRow, worker: Worker, runs: &[Range<u64>]) -> Option<(i64, AttemptRow)> {
    let end = <v1::AttemptEnd as prost::Message>::decode(row.try_get::<&[u8], _>(4).ok()?).ok()?;
    let ended = if end.outcome == 0 { None } else { Some(outcome::outcome(end.outcome, "outcome").ok()?) };
    let class = if end.class == 0 { None } else { Some(outcome::class(end.class, "class").ok()?) };
    let seconds = |of: fn(&v1::AttemptStats) -> f64| end.stats.as_ref().map(of);
    let job = unsigned(row, 1).ok()?;
    let attempt = AttemptRow {
        job,
        kind: if runs.iter().any(|runs| runs.contains(&job)) { "run" } else { "comparison" },
        attempt: row.try_get(2).ok()?,
        worker: worker.id,
        worker_labels: worker.labels,
        started_at_us: end.granted_at_us,
        lease_wait_seconds: seconds(|stats| stats.lease_wait_seconds),
        train_seconds: seconds(|stats| stats.train_seconds),
        probe_seconds: seconds(|stats| stats.probe_seconds),
        cpu_seconds: seconds(|stats| stats.cpu_seconds),
        total_seconds: seconds(|stats| stats.total_seconds),
        outcome: ended.map_or("failed-attempt", |outcome| outcome.as_str()),
        failure_class: class.map(|class| class.as_str()),
        failure_message: end.message.map(Arc::from),
        peak_memory_bytes: end.stats.as_ref().map(|stats| stats.peak_memory_bytes),
        build: worker.build,
        numerics: worker.numerics,
        cpu_features: worker.cpu_features,
    };
    Some((row.try_get(0).ok()?, attempt))
}
