//! Verdicts: each claim about weight space, decided cell by cell from the tables, by rules with fixed thresholds.
//!
//! A verdict is *supported*, *contradicted* or *undecided*. Statistics are means over the seeds of a cell with 95 %
//! intervals; a condition holds where the whole interval lies on its side of the threshold, fails where the whole
//! interval lies on the other, and is open where it straddles. A claim is contradicted as soon as one of its conditions
//! fails, supported where all hold, undecided else: then the verdict names what would decide it.

mod claim;
mod condition;
mod flat;
mod nonconvex;
mod overall;
mod path;
mod robust;
mod sample;
mod settle;
#[cfg(test)]
mod tests;
mod travel;
pub(crate) mod words;

pub use claim::Claim;
pub use condition::{Condition, Statistic, Truth};
pub use overall::{ClaimVerdict, ConditionTally, MAX_CELLS};
pub use robust::Robustness;

use serde::Serialize;

use crate::Error;
use crate::tables::{CellRuns, Tables};
pub(crate) use nonconvex::{mean_barrier, siblings_at_end, violation as chord_violation};
pub(crate) use sample::{Sample, at};

use overall::Tally;
use robust::Cadence;

/// Thresholds of convergence at which verdicts are made, as shares of the objective's fall.
pub const THRESHOLDS: [f64; 3] = [0.05, 0.01, 0.001];
/// Which of them is the headline.
pub const HEADLINE: usize = 1;

/// How a claim fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Every condition holds.
    Supported,
    /// Some condition fails.
    Contradicted,
    /// Some condition is open, and none fails.
    Undecided,
}

impl Decision {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Supported => "supported",
            Self::Contradicted => "contradicted",
            Self::Undecided => "undecided",
        }
    }

    /// All of some conditions.
    pub(crate) fn of_all(conditions: &[Condition]) -> Self {
        if conditions.iter().any(|condition| condition.truth == Truth::Fails) {
            Self::Contradicted
        } else if conditions.iter().all(|condition| condition.truth == Truth::Holds) {
            Self::Supported
        } else {
            Self::Undecided
        }
    }
}

/// Something that a condition is read beside: a line, a walk, a null, a noise floor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reference {
    /// What it is.
    pub name: String,
    /// Its value.
    pub value: Statistic,
}

/// Runs behind a verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Runs of the cell.
    pub n_total: u32,
    /// Runs that succeeded.
    pub n_succeeded: u32,
    /// Runs that diverged.
    pub n_diverged: u32,
    /// Runs that failed, were cancelled or have not ended.
    pub n_failed: u32,
    /// Runs that succeeded, but trained for less than four times t*, or never came within the threshold.
    pub n_not_converged: u32,
}

impl Counts {
    /// Whether statistics describe a part of the cell's runs alone.
    #[must_use]
    pub fn survivors_only(&self) -> bool {
        self.n_succeeded < self.n_total || self.n_not_converged > 0
    }
}

/// How a claim fares in one cell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CellVerdict {
    /// Index of the cell.
    pub cell: u64,
    /// Its axis values, for people.
    pub label: String,
    /// The decision.
    pub decision: Decision,
    /// What was found where the decision alone says too little, such as `diffuses along a flat set`.
    pub finding: Option<String>,
    /// The rule's conditions.
    pub conditions: Vec<Condition>,
    /// What they are read beside.
    pub references: Vec<Reference>,
    /// Runs behind them.
    pub counts: Counts,
    /// Whether the decision hangs on q or on the cadence of snapshots.
    pub robustness: Robustness,
    /// The verdict in one plain sentence.
    pub sentence: String,
    /// What would decide it, or say more.
    pub remedies: Vec<String>,
}

/// All claims at all thresholds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdicts {
    /// One entry a threshold of [`THRESHOLDS`].
    pub by_threshold: Vec<AtThreshold>,
}

/// All claims at one threshold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AtThreshold {
    /// q.
    pub q: f64,
    /// The claims in order.
    pub claims: Vec<ClaimVerdict>,
}

impl Verdicts {
    /// The claims at the headline threshold.
    #[must_use]
    pub fn headline(&self) -> &[ClaimVerdict] {
        &self.by_threshold[HEADLINE].claims
    }
}

/// Judges every claim in every cell. Reads the tables once, cell by cell.
///
/// # Errors
/// If a table cannot be read.
pub fn judge(tables: &Tables) -> Result<Verdicts, Error> {
    let mut tallies: Vec<Vec<Tally>> =
        THRESHOLDS.iter().map(|_| Claim::ALL.into_iter().map(Tally::new).collect()).collect();
    let mut cells = tables.cells()?;
    while let Some(cell) = cells.next()? {
        for claim in Claim::ALL {
            for (at, verdict) in judge_cell(claim, &cell).into_iter().enumerate() {
                tallies[at][claim as usize].add(verdict);
            }
        }
    }
    let finish =
        |(q, tallies): (f64, Vec<Tally>)| AtThreshold { q, claims: tallies.into_iter().map(Tally::finish).collect() };
    Ok(Verdicts { by_threshold: THRESHOLDS.into_iter().zip(tallies).map(finish).collect() })
}

/// One claim in one cell, at every threshold.
pub(crate) fn judge_cell(claim: Claim, cell: &CellRuns) -> Vec<CellVerdict> {
    let sample = Sample::new(cell);
    let mut verdicts = match claim {
        Claim::Settling => robust::over_thresholds(&sample, settle::judge, Cadence::Varies),
        Claim::FlatRegions => robust::over_thresholds(&sample, flat::judge, Cadence::Fixed),
        Claim::Path => vec![path::judge(&sample); THRESHOLDS.len()],
        Claim::Travel => robust::over_thresholds(&sample, travel::judge, Cadence::Varies),
        Claim::NonConvex => vec![nonconvex::judge(&sample); THRESHOLDS.len()],
    };
    for verdict in verdicts.iter_mut().filter(|verdict| verdict.decision == Decision::Undecided) {
        if verdict.counts.n_succeeded == 0 {
            let (diverged, failed) = (verdict.counts.n_diverged, verdict.counts.n_failed);
            verdict.sentence =
                format!("No run of this cell succeeded: {diverged} diverged, {failed} failed or not ended.");
            verdict.remedies.clear();
        }
    }
    verdicts
}
