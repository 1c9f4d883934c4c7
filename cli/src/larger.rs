//! A sweep file against a sweep that is there: whether it extends it, and what would be run.

use std::sync::Arc;

use serde::Serialize;
use traipse_sweep::Plan;
use traipse_sweep::plan::CarriedCounts;
use traipse_sweep::spec::{self, Format};

use crate::error::Error;
use crate::output::units::counted;
use crate::spec_file::SpecFile;

/// What an extension runs, and what it need not.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Difference {
    n_reused: u64,
    /// None: a run that is trained for longer is trained from its start.
    n_continued: u64,
    n_retrained: u64,
    n_new: u64,
    n_comparisons_reused: u64,
    n_comparisons_new: u64,
}

/// The plan of a sweep as a coordinator tells of it.
///
/// # Errors
/// If this version cannot read the specs.
pub(crate) fn plan_of(earlier: &[String], current: &str) -> Result<Plan, Error> {
    let parse = |text: &str| {
        let parsed = spec::parse(text, Format::Json, "the coordinator's copy of the spec");
        parsed.map(Arc::new).map_err(|error| error.to_string())
    };
    let texts = earlier.iter().map(String::as_str).chain([current]);
    let specs = texts.map(parse).collect::<Result<Vec<_>, _>>();
    specs
        .and_then(|specs| Plan::of_history(&specs))
        .map_err(|error| Error::environment(anyhow::anyhow!("this version cannot read the sweep's spec: {error}")))
}

/// The plan of a sweep that this file takes over.
///
/// # Errors
/// If the file does not extend the sweep: with the key, its line, what was and what is.
pub(crate) fn extend(before: &Plan, file: &SpecFile) -> Result<Plan, Error> {
    before.extended(&file.plan).map_err(|error| {
        let message = format!("{}: the sweep has {}, this file {}", error.message, error.was, error.is);
        file.refuse_key(&error.key, message, error.help)
    })
}

impl Difference {
    /// Of an extended plan; with `weights_gone`, what new comparisons need of old runs is trained again.
    pub(crate) fn of(plan: &Plan, weights_gone: bool) -> Self {
        let counts = plan.extension().map_or_else(CarriedCounts::default, |extension| extension.counts());
        let for_weights = if weights_gone { counts.n_newly_compared } else { 0 };
        Self {
            n_reused: counts.n_kept - for_weights,
            n_continued: 0,
            n_retrained: counts.n_again + for_weights,
            n_new: counts.n_new,
            n_comparisons_reused: counts.n_comparisons_kept,
            n_comparisons_new: counts.n_comparisons_again + counts.n_comparisons_new,
        }
    }

    /// In words.
    pub(crate) fn text(&self) -> String {
        let runs = format!(
            "{} reused, {} continued, {} trained again, {} new",
            counted(self.n_reused, "run"),
            self.n_continued,
            self.n_retrained,
            self.n_new
        );
        if self.n_comparisons_reused + self.n_comparisons_new == 0 {
            return runs;
        }
        let comparisons = counted(self.n_comparisons_reused, "comparison");
        format!("{runs}; {comparisons} reused, {} to be made", self.n_comparisons_new)
    }
}
