//! One claim over all cells of a sweep.

use serde::Serialize;

use super::words::{counted, list};
use super::{CellVerdict, Claim, Condition, Counts, Decision, Statistic, Truth};

/// Cells whose verdicts are kept whole: of a sweep with more, the others are counted.
pub const MAX_CELLS: usize = 200;

/// How a claim fares over all cells.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClaimVerdict {
    /// Which claim.
    pub claim: Claim,
    /// Its short name.
    pub code: &'static str,
    /// What it says.
    pub statement: &'static str,
    /// The rule.
    pub rule: &'static str,
    /// The decision over the cells: what all cells that are decided say, where that is at least half of them.
    pub decision: Decision,
    /// Cells in which it is supported.
    pub n_supported: u64,
    /// Cells in which it is contradicted.
    pub n_contradicted: u64,
    /// Cells in which it is undecided.
    pub n_undecided: u64,
    /// The rule's conditions, over the cells.
    pub conditions: Vec<ConditionTally>,
    /// What decisions hang on, with the number of cells.
    pub robustness: Vec<(&'static str, u64)>,
    /// Runs of all cells.
    pub counts: Counts,
    /// One plain sentence.
    pub sentence: String,
    /// What would decide it where it is open, each once.
    pub remedies: Vec<String>,
    /// The cells, the first [`MAX_CELLS`] of them.
    pub cells: Vec<CellVerdict>,
}

/// A condition over all cells.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConditionTally {
    /// Its letter in the rule.
    pub letter: char,
    /// What is asked, as the first cell has it.
    pub asks: String,
    /// Cells in which it holds.
    pub n_holds: u64,
    /// Cells in which it fails.
    pub n_fails: u64,
    /// Cells in which it is open.
    pub n_open: u64,
    /// The lowest and the highest mean of a cell, with the statistic of the only cell where there is one.
    pub range: Option<(f64, f64)>,
    /// The statistic where the sweep has one cell.
    pub only: Option<Statistic>,
}

impl ConditionTally {
    fn add(&mut self, condition: &Condition) {
        match condition.truth {
            Truth::Holds => self.n_holds += 1,
            Truth::Fails => self.n_fails += 1,
            Truth::Straddles | Truth::Missing => self.n_open += 1,
        }
        let first = self.n_holds + self.n_fails + self.n_open == 1;
        self.only = condition.statistic.filter(|_| first);
        if let Some(mean) = condition.statistic.map(|statistic| statistic.mean) {
            self.range = Some(self.range.map_or((mean, mean), |(low, high)| (low.min(mean), high.max(mean))));
        }
    }

    fn of(condition: &Condition) -> Self {
        let (letter, asks) = (condition.letter, condition.asks.clone());
        Self { letter, asks, n_holds: 0, n_fails: 0, n_open: 0, range: None, only: None }
    }
}

/// Counts a claim's verdicts cell by cell.
pub(crate) struct Tally {
    verdict: ClaimVerdict,
    findings: Vec<(String, u64)>,
}

impl Tally {
    /// Of no cell yet.
    pub(crate) fn new(claim: Claim) -> Self {
        let verdict = ClaimVerdict {
            claim,
            code: claim.code(),
            statement: claim.statement(),
            rule: claim.rule(),
            decision: Decision::Undecided,
            n_supported: 0,
            n_contradicted: 0,
            n_undecided: 0,
            conditions: Vec::new(),
            robustness: Vec::new(),
            counts: Counts::default(),
            sentence: String::new(),
            remedies: Vec::new(),
            cells: Vec::new(),
        };
        Self { verdict, findings: Vec::new() }
    }

    /// Adds a cell.
    pub(crate) fn add(&mut self, cell: CellVerdict) {
        let to = &mut self.verdict;
        match cell.decision {
            Decision::Supported => to.n_supported += 1,
            Decision::Contradicted => to.n_contradicted += 1,
            Decision::Undecided => to.n_undecided += 1,
        }
        if to.conditions.is_empty() {
            to.conditions = cell.conditions.iter().map(ConditionTally::of).collect();
        }
        to.conditions.iter_mut().zip(&cell.conditions).for_each(|(tally, condition)| tally.add(condition));
        let kind = cell.robustness.kind();
        match to.robustness.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, n)) => *n += 1,
            None => to.robustness.push((kind, 1)),
        }
        to.counts.n_total += cell.counts.n_total;
        to.counts.n_succeeded += cell.counts.n_succeeded;
        to.counts.n_diverged += cell.counts.n_diverged;
        to.counts.n_failed += cell.counts.n_failed;
        to.counts.n_not_converged += cell.counts.n_not_converged;
        for remedy in cell.remedies.iter().filter(|remedy| remedy.starts_with('[') || remedy.starts_with('"')) {
            if !to.remedies.contains(remedy) {
                to.remedies.push(remedy.clone());
            }
        }
        if let Some(finding) = &cell.finding {
            match self.findings.iter_mut().find(|(known, _)| known == finding) {
                Some((_, n)) => *n += 1,
                None => self.findings.push((finding.clone(), 1)),
            }
        }
        if to.cells.len() < MAX_CELLS {
            to.cells.push(cell);
        }
    }

    /// Decides over the cells.
    pub(crate) fn finish(mut self) -> ClaimVerdict {
        let to = &self.verdict;
        let n_cells = to.n_supported + to.n_contradicted + to.n_undecided;
        self.verdict.decision = match (to.n_supported, to.n_contradicted) {
            (n, 0) if n > 0 && 2 * n >= n_cells => Decision::Supported,
            (0, n) if n > 0 && 2 * n >= n_cells => Decision::Contradicted,
            _ => Decision::Undecided,
        };
        self.verdict.sentence = self.sentence(n_cells);
        self.verdict
    }

    fn sentence(&self, n_cells: u64) -> String {
        let to = &self.verdict;
        if let ([only], 1) = (to.cells.as_slice(), n_cells) {
            return only.sentence.clone();
        }
        let parts = [(to.n_supported, "supported"), (to.n_contradicted, "contradicted"), (to.n_undecided, "undecided")];
        let told: Vec<String> =
            parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{word} in {n}")).collect();
        let begin = match (to.decision, to.n_supported > 0 && to.n_contradicted > 0) {
            (Decision::Undecided, true) => "It depends on the cell: ",
            _ => "",
        };
        let findings: Vec<String> = self.findings.iter().map(|(finding, n)| format!("{finding} in {n}")).collect();
        let findings = if findings.is_empty() { String::new() } else { format!(" ({})", list(&findings)) };
        let sentence = format!("{begin}{} of {}{findings}.", list(&told), counted(n_cells, "cell"));
        let mut letters = sentence.chars();
        letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
    }
}
