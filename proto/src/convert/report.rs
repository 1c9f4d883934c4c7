//! One job's report, taken apart and checked.

use std::sync::Arc;

use bytes::Bytes;
use traipse_sweep::{FailureClass, Generation, JobNumber, LeaseId, Outcome, SweepId};

use super::ids::{self, Token};
use super::{Error, Problem, exact_bytes, outcome, required};
use crate::{MAX_ROWS_BYTES, ROWS_KIND, v1};

/// Longest failure message that is kept, in bytes; a longer one is cut.
pub const MAX_MESSAGE_BYTES: usize = 4096;

/// Most artifacts of one job.
pub const MAX_ARTIFACTS: usize = 64;

/// A job's report whose every field has been checked, but for the rows inside the block.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// Which sweep.
    pub sweep: SweepId,
    /// Which job.
    pub job: JobNumber,
    /// The generation that was run.
    pub generation: Generation,
    /// The lease under which it ran.
    pub lease: LeaseId,
    /// What the lease's holder was given.
    pub token: Token,
    /// What came of it.
    pub result: PartsResult,
    /// Clocks, finite and not negative.
    pub stats: v1::AttemptStats,
    /// Whether checkpoints of the job are in the store.
    pub has_checkpoints: bool,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum PartsResult {
    /// Succeeded or diverged.
    Rows {
        /// Which of the two.
        outcome: Outcome,
        /// A [`v1::RowBlock`], encoded, not looked into; empty where [`stored_rows`] finds it among the artifacts.
        block: Bytes,
        /// What the lease put into the store, digests 32 bytes long.
        artifacts: Vec<v1::Artifact>,
    },
    /// No result.
    Failed {
        /// What kind of failure.
        class: FailureClass,
        /// In words, at most [`MAX_MESSAGE_BYTES`].
        message: Arc<str>,
    },
}

/// Takes a report apart.
///
/// # Errors
/// If a field is missing or out of range.
pub fn parts(report: v1::JobReport) -> Result<Parts, Error> {
    Ok(Parts {
        sweep: ids::sweep(&report.sweep, "sweep")?,
        job: JobNumber(report.job),
        generation: Generation(report.generation),
        lease: LeaseId(report.lease),
        token: ids::token(&report.token, "token")?,
        result: result(required(report.result, "result")?)?,
        stats: stats(report.stats.unwrap_or_default())?,
        has_checkpoints: report.has_checkpoints,
    })
}

/// The message of parts.
#[must_use]
pub fn message(parts: Parts) -> v1::JobReport {
    use v1::job_report::Result as Wire;
    let result = match parts.result {
        PartsResult::Rows { outcome: Outcome::Diverged, block, artifacts } => {
            Wire::Diverged(v1::Rows { block, artifacts })
        }
        PartsResult::Rows { block, artifacts, .. } => Wire::Succeeded(v1::Rows { block, artifacts }),
        PartsResult::Failed { class, message } => {
            Wire::Failed(v1::Failure { class: outcome::class_kind(class) as i32, message: message.to_string() })
        }
    };
    v1::JobReport {
        sweep: parts.sweep.to_string(),
        job: parts.job.0,
        generation: parts.generation.0,
        lease: parts.lease.0,
        token: parts.token.to_vec(),
        result: Some(result),
        stats: Some(parts.stats),
        has_checkpoints: parts.has_checkpoints,
    }
}

/// The artifact that holds the rows, where the block does not.
#[must_use]
pub fn stored_rows(artifacts: &[v1::Artifact]) -> Option<&v1::Artifact> {
    artifacts.iter().find(|artifact| artifact.kind == ROWS_KIND)
}

fn result(result: v1::job_report::Result) -> Result<PartsResult, Error> {
    use v1::job_report::Result as Wire;
    match result {
        Wire::Succeeded(found) => rows(Outcome::Succeeded, found).map_err(|error| error.within("succeeded")),
        Wire::Diverged(found) => rows(Outcome::Diverged, found).map_err(|error| error.within("diverged")),
        Wire::Failed(failure) => Ok(PartsResult::Failed {
            class: outcome::class(failure.class, "failed.class")?,
            message: Arc::from(cut(&failure.message)),
        }),
    }
}

fn rows(outcome: Outcome, rows: v1::Rows) -> Result<PartsResult, Error> {
    if rows.artifacts.len() > MAX_ARTIFACTS {
        let (found, expected) = (rows.artifacts.len() as u64, MAX_ARTIFACTS as u64);
        return Err(Problem::Length { what: "artifacts", found, expected }.at("artifacts"));
    }
    for (at, artifact) in rows.artifacts.iter().enumerate() {
        exact_bytes::<32>(&artifact.sha256, "sha256").map_err(|error| error.within(format!("artifacts[{at}]")))?;
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        if artifact.kind.is_empty() || artifact.kind.starts_with('.') || !artifact.kind.bytes().all(plain) {
            return Err(Problem::Range(format!("`{}`", artifact.kind)).at(format!("artifacts[{at}].kind")));
        }
    }
    check_stored(&rows)?;
    Ok(PartsResult::Rows { outcome, block: rows.block, artifacts: rows.artifacts })
}

/// Rows come once: in the block, or in one artifact that is not too large to be read.
fn check_stored(rows: &v1::Rows) -> Result<(), Error> {
    let Some(stored) = stored_rows(&rows.artifacts) else { return Ok(()) };
    let n_stored = rows.artifacts.iter().filter(|artifact| artifact.kind == ROWS_KIND).count();
    if n_stored > 1 || !rows.block.is_empty() {
        return Err(Problem::Range("holds the rows more than once".to_owned()).at("artifacts"));
    }
    if stored.size == 0 || stored.size > MAX_ROWS_BYTES {
        return Err(Problem::Range(format!("rows of {} bytes", stored.size)).at("artifacts"));
    }
    Ok(())
}

fn stats(stats: v1::AttemptStats) -> Result<v1::AttemptStats, Error> {
    let seconds = [
        ("lease_wait_seconds", stats.lease_wait_seconds),
        ("train_seconds", stats.train_seconds),
        ("probe_seconds", stats.probe_seconds),
        ("cpu_seconds", stats.cpu_seconds),
        ("total_seconds", stats.total_seconds),
    ];
    for (name, value) in seconds {
        if !(value.is_finite() && value >= 0.0) {
            return Err(Problem::Range(value.to_string()).at(format!("stats.{name}")));
        }
    }
    Ok(stats)
}

/// At most [`MAX_MESSAGE_BYTES`] of a text, cut between characters.
#[must_use]
pub fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_MESSAGE_BYTES)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Parts {
        let artifact = v1::Artifact { kind: "snapshots.safetensors".into(), size: 9, sha256: vec![7; 32] };
        Parts {
            sweep: SweepId(5),
            job: JobNumber(3),
            generation: Generation(1),
            lease: LeaseId(77),
            token: [9; 16],
            result: PartsResult::Rows {
                outcome: Outcome::Diverged,
                block: Bytes::from_static(b"rows"),
                artifacts: vec![artifact],
            },
            stats: v1::AttemptStats { train_seconds: 1.5, ..Default::default() },
            has_checkpoints: true,
        }
    }

    #[test]
    fn parts_come_back() {
        let failed = PartsResult::Failed { class: FailureClass::Transient, message: "disk full".into() };
        for parts_in in [sample(), Parts { result: failed, ..sample() }] {
            assert_eq!(parts(message(parts_in.clone())), Ok(parts_in));
        }
    }

    #[test]
    fn errors_name_the_field() {
        type Edit = fn(&mut v1::JobReport);
        let edits: [(&str, Edit); 5] = [
            ("sweep: ", |report| report.sweep = "x".into()),
            ("token: has 3 bytes", |report| report.token = vec![1, 2, 3]),
            ("result: is missing", |report| report.result = None),
            ("stats.cpu_seconds: NaN", |report| report.stats.as_mut().unwrap().cpu_seconds = f64::NAN),
            ("diverged.artifacts[0].kind: `../x`", |report| {
                let Some(v1::job_report::Result::Diverged(rows)) = &mut report.result else { panic!() };
                rows.artifacts[0].kind = "../x".into();
            }),
        ];
        for (start, edit) in edits {
            let mut report = message(sample());
            edit(&mut report);
            let error = parts(report).unwrap_err().to_string();
            assert!(error.starts_with(start), "{error}");
        }
    }

    #[test]
    fn rows_come_once_and_are_not_too_large() {
        let stored = |size| v1::Artifact { kind: ROWS_KIND.into(), size, sha256: vec![7; 32] };
        let rows = [
            (Bytes::new(), vec![stored(MAX_ROWS_BYTES)], true),
            (Bytes::new(), vec![stored(MAX_ROWS_BYTES + 1)], false),
            (Bytes::new(), vec![stored(0)], false),
            (Bytes::new(), vec![stored(9), stored(9)], false),
            (Bytes::from_static(b"rows"), vec![stored(9)], false),
        ];
        for (block, artifacts, good) in rows {
            let result = PartsResult::Rows { outcome: Outcome::Succeeded, block, artifacts };
            let found = parts(message(Parts { result, ..sample() }));
            assert_eq!(found.is_ok(), good, "{found:?}");
        }
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let long = "é".repeat(MAX_MESSAGE_BYTES);
        assert_eq!(cut(&long).len(), MAX_MESSAGE_BYTES);
        assert_eq!(cut("short"), "short");
    }
}
