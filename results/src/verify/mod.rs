//! Whether a folder of tables is what its manifest and its sweep say: every file whole, every run there once.

mod files;
mod rows;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use traipse_sweep::Plan;
use traipse_sweep::spec::{self, Format};

use crate::tables::Manifest;
use crate::{Error, Tables};

/// Findings of one kind that are kept; more are counted.
const MAX_OF_A_KIND: u64 = 100;

/// What is wrong with a file or a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A file that is listed or needed is not there.
    MissingFile,
    /// A file's bytes are not those that were written.
    DamagedFile,
    /// A run or comparison without a row, though its sweep has ended.
    Missing,
    /// A run with two rows, or a table out of order.
    Duplicate,
    /// Rows of a run that the sweep or `runs` does not have.
    Foreign,
    /// A run without the snapshots that its settings ask for.
    Snapshots,
    /// Ended without rows.
    Failed,
    /// Took its workers down.
    Quarantined,
    /// Ended by a person.
    Cancelled,
    /// Has not ended yet.
    Unfinished,
    /// The manifest counts what the tables do not hold.
    Counts,
    /// A run that was trained again gave other rows.
    Audit,
    /// Training stopped being finite: a result.
    Diverged,
    /// A comparison without enough members: a result.
    Skipped,
}

impl Kind {
    /// Whether something is missing or differs; else it is worth knowing.
    #[must_use]
    pub fn is_fault(self) -> bool {
        !matches!(self, Self::Diverged | Self::Skipped)
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Of what kind.
    pub kind: Kind,
    /// In which file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Of which run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<u64>,
    /// Of which cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell: Option<u64>,
    /// In words.
    pub message: String,
    /// What to do about it; empty where nothing is to be done.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remedy: String,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// The first ones of each kind.
    pub list: Vec<Finding>,
    /// How many of each kind there are.
    pub counts: BTreeMap<Kind, u64>,
}

impl Findings {
    /// Adds one.
    pub fn add(&mut self, finding: Finding) {
        let count = self.counts.entry(finding.kind).or_default();
        *count += 1;
        if *count <= MAX_OF_A_KIND {
            self.list.push(finding);
        }
    }

    /// How many say that something is missing or differs.
    #[must_use]
    pub fn n_faults(&self) -> u64 {
        self.counts.iter().filter(|(kind, _)| kind.is_fault()).map(|(_, n)| n).sum()
    }
}

/// A folder that was looked through.
#[derive(Debug)]
pub struct Verified {
    /// What its manifest says.
    pub manifest: Manifest,
    /// Its plan.
    pub plan: Arc<Plan>,
    /// What was found.
    pub findings: Findings,
    /// Runs with rows: what an audit draws from.
    pub with_rows: Vec<RunDigest>,
}

/// A run with rows, and their digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDigest {
    /// Which run.
    pub run: u64,
    /// Of which cell.
    pub cell: u64,
    /// As `runs.rows_digest`.
    pub digest: String,
}

/// Looks through the folder that `traipse local` or `traipse collect` wrote. Memory: some bytes a run, and a batch of rows.
///
/// # Errors
/// If the manifest cannot be read, or is of another version; a table that cannot be read is a finding.
pub fn verify(dir: &Path) -> Result<Verified, Error> {
    let tables = Tables::open_unchecked(dir)?;
    let manifest = tables.manifest().clone();
    let text = manifest.spec.to_string();
    let plan = spec::parse(&text, Format::Json, "manifest.json").map(Arc::new).and_then(Plan::new);
    let plan = plan.map_err(|error| Error::Segment { path: dir.join("manifest.json"), what: error.to_string() })?;
    let mut findings = Findings::default();
    let whole = files::check(dir, &manifest, &plan, &mut findings)?;
    let with_rows = rows::check(&tables, &plan, &whole, &mut findings);
    Ok(Verified { manifest, plan: Arc::new(plan), findings, with_rows })
}

/// What brings the tables again.
fn collect_again(manifest: &Manifest) -> String {
    format!("traipse collect {} --out another folder writes the tables again", manifest.sweep)
}
