//! A run as a comparison finds it: how it ended, and its snapshots in a file.

use std::fs::File;

use traipse_sweep::{JobNumber, Outcome};

/// A run that is compared.
#[derive(Debug)]
pub struct Member {
    /// The run.
    pub job: JobNumber,
    /// How it ended.
    pub outcome: Outcome,
    /// What it left behind for its comparisons; none of a run that diverged or failed.
    pub snapshots: Option<MemberFile>,
}

/// The snapshots of one run, as [`RunEnd::Rows`](crate::run::RunEnd::Rows) gave them in `members`.
#[derive(Debug)]
pub struct MemberFile {
    /// Open to be read.
    pub file: File,
    /// What messages call it: a path or the artifact's name.
    pub name: String,
}
