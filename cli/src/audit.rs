//! Trains a sample of a sweep's runs again, here, and compares the digests of their rows.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use traipse_results::verify::{Finding, Kind, RunDigest, Verified};
use traipse_sweep::columns::{Table, runs};
use traipse_sweep::rows::{RowBlock, Schema, Values};
use traipse_sweep::settings::ModelKind;
use traipse_worker::data::Cache;
use traipse_worker::run::{RunEnd, Scratch, Task};

use crate::error::Error;
use crate::output::{Screen, style};

/// What came of an audit.
#[derive(Debug, Serialize)]
pub(crate) struct Audited {
    /// Runs that were trained again.
    n_audited: u64,
    /// Those that gave other rows.
    n_differ: u64,
    /// Why nothing could be compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_comparable: Option<String>,
}

impl Audited {
    /// In words.
    pub(crate) fn line(&self) -> String {
        match &self.not_comparable {
            Some(why) => format!("  {} {why}", style::warning("audit")),
            None => format!("  audit {} runs trained again, {} differ", self.n_audited, self.n_differ),
        }
    }
}

/// Trains `percent` of the runs that have rows again. Which ones follows from the spec's digest; at least one.
///
/// # Errors
/// If the data of a run cannot be loaded.
pub(crate) fn audit(verified: &mut Verified, percent: f64, screen: &Screen) -> Result<Audited, Error> {
    let (own, theirs) = (traipse_nn::numerics(), verified.manifest.numerics.clone());
    if own != theirs {
        let why = format!(
            "the sweep was run with the numerics `{theirs}`, and this build has `{own}`: another arithmetic gives other \
             bits, and cannot be compared"
        );
        return Ok(Audited { n_audited: 0, n_differ: 0, not_comparable: Some(why) });
    }
    let sample = sample(verified, percent);
    let (cache, schema) = (Cache::default(), Arc::new(Schema::of(verified.plan.spec())));
    let mut n_differ = 0;
    for (at, run) in sample.iter().enumerate() {
        screen.note(format!("audit: run {} ({} of {})", run.run, at + 1, sample.len()));
        let found = digest(verified, run, &schema, &cache)?;
        if found != run.digest {
            n_differ += 1;
            verified.findings.add(differs(verified, run, &found));
        }
    }
    Ok(Audited { n_audited: sample.len() as u64, n_differ, not_comparable: None })
}

fn sample(verified: &Verified, percent: f64) -> Vec<RunDigest> {
    let spec = Sha256::digest(verified.plan.spec().canonical_json());
    let place = |run: u64| {
        let hash = Sha256::new().chain_update(spec).chain_update(run.to_be_bytes()).finalize();
        u64::from_be_bytes(hash[..8].try_into().expect("a digest has 32 bytes"))
    };
    let limit = percent / 100.0 * 2.0_f64.powi(64);
    let placed: BTreeSet<(u64, usize)> =
        verified.with_rows.iter().enumerate().map(|(at, run)| (place(run.run), at)).collect();
    let drawn = placed.iter().enumerate().filter(|(at, (place, _))| *at == 0 || (*place as f64) < limit);
    let mut drawn: Vec<usize> = drawn.map(|(_, (_, at))| *at).collect();
    drawn.sort_unstable();
    drawn.into_iter().map(|at| verified.with_rows[at].clone()).collect()
}

/// The digest of the run's rows, or how it ended without any.
fn digest(verified: &Verified, run: &RunDigest, schema: &Arc<Schema>, cache: &Cache) -> Result<String, Error> {
    let plan = &verified.plan;
    let job = plan.job_of_run(run.run);
    let settings = plan.settings(job);
    let data = match settings.model.kind {
        ModelKind::Noop => None,
        _ => Some(cache.get(&settings.data).map_err(Error::environment)?),
    };
    let task = Task {
        plan: Arc::clone(plan),
        job,
        schema: Arc::clone(schema),
        data,
        scratch: Scratch::default(),
        progress: Arc::new(AtomicU64::new(0)),
        stop: Arc::new(AtomicBool::new(false)),
    };
    Ok(match traipse_worker::run::run(&task).0 {
        RunEnd::Rows { block, .. } => of_rows(&block, schema).unwrap_or_else(|| "none".to_owned()),
        RunEnd::Stopped => "none: it stopped".to_owned(),
        RunEnd::Invalid(why) => format!("none: {why}"),
        RunEnd::Lost(error) => return Err(Error::environment(error)),
    })
}

/// The worker's `rows_digest`.
fn of_rows(block: &RowBlock, schema: &Schema) -> Option<String> {
    let table = schema.table(Table::Runs)?;
    let at = table.columns.iter().position(|column| column.name == runs::ROWS_DIGEST.name)?;
    let rows = block.tables.iter().find(|rows| rows.table == Table::Runs)?;
    match &rows.columns[at].values {
        Values::Utf8(texts) => texts.first().cloned(),
        _ => None,
    }
}

fn differs(verified: &Verified, run: &RunDigest, found: &str) -> Finding {
    let RunDigest { run, cell, digest } = run;
    Finding {
        kind: Kind::Audit,
        file: Some("runs.parquet".to_owned()),
        run: Some(*run),
        cell: Some(*cell),
        message: format!("trained again, run {run} has rows of digest {found}, and the table's is {digest}"),
        remedy: format!("traipse retry {} --cells {cell}", verified.manifest.sweep),
    }
}
