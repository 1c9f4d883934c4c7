//! Rows against the plan: every run once and in order, every row of another table under a run that has rows, as many
//! snapshots as the settings ask for.

use std::collections::{BTreeMap, BTreeSet};

use traipse_sweep::Plan;
use traipse_sweep::columns::Table;
use traipse_sweep::settings::ModelKind;

use super::{Finding, Findings, Kind, RunDigest, collect_again};
use crate::Error;
use crate::tables::{Stream, Tables};

/// What the other tables may hold of a run.
struct Known {
    run: u64,
    has_rows: bool,
    /// How many snapshots it must have, where that is known.
    n_snapshots: Option<u64>,
}

/// Checks the tables that are whole.
pub(super) fn check(tables: &Tables, plan: &Plan, whole: &BTreeSet<String>, findings: &mut Findings) -> Vec<RunDigest> {
    let mut checker = Checker { tables, plan, findings, known: Vec::new(), digests: Vec::new() };
    let is_whole = |table: Table| whole.contains(&format!("{}.parquet", table.as_str()));
    if !is_whole(Table::Runs) {
        return Vec::new();
    }
    checker.try_table(Table::Runs, Checker::runs);
    let rest = |table: &Table| !matches!(table, Table::Runs | Table::Comparisons) && is_whole(*table);
    for table in Table::FROM_WORKERS.into_iter().filter(rest) {
        checker.try_table(table, |checker| checker.rest(table));
    }
    if is_whole(Table::Comparisons) {
        checker.try_table(Table::Comparisons, Checker::comparisons);
    }
    checker.digests
}

struct Checker<'a> {
    tables: &'a Tables,
    plan: &'a Plan,
    findings: &'a mut Findings,
    /// By run.
    known: Vec<Known>,
    digests: Vec<RunDigest>,
}

impl Checker<'_> {
    fn try_table(&mut self, table: Table, check: impl FnOnce(&mut Self) -> Result<(), Error>) {
        if let Err(error) = check(self) {
            let remedy = collect_again(self.tables.manifest());
            self.add(Kind::DamagedFile, table, None, error.to_string(), remedy);
        }
    }

    fn add(&mut self, kind: Kind, table: Table, run: Option<u64>, message: String, remedy: String) {
        let file = Some(format!("{}.parquet", table.as_str()));
        let cell = run.filter(|run| *run < self.plan.n_run_jobs());
        let cell = cell.map(|run| self.plan.place(self.plan.job_of_run(run)).cell);
        self.findings.add(Finding { kind, file, run, cell, message, remedy });
    }

    fn retry(&self, run: u64) -> String {
        let cell = self.plan.place(self.plan.job_of_run(run)).cell;
        format!("traipse retry {} --cells {cell}", self.tables.manifest().sweep)
    }

    fn runs(&mut self) -> Result<(), Error> {
        let columns = ["run", "cell", "outcome", "status", "rows_digest", "n_train", "stopped_step"];
        let rows = self.tables.stream(Table::Runs, &columns)?;
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        let mut expected = 0;
        if let Some(mut row) = rows {
            while !row.is_over() {
                let run = row.count("run").unwrap_or(u64::MAX);
                if run < expected {
                    let message = format!("run {run} stands there twice, or not in order");
                    self.add(Kind::Duplicate, Table::Runs, Some(run), message, collect_again(self.tables.manifest()));
                } else if run >= self.plan.n_run_jobs() || self.plan.is_excluded(self.plan.job_of_run(run)) {
                    let message = format!("the sweep has no run {run}");
                    self.add(Kind::Foreign, Table::Runs, Some(run), message, collect_again(self.tables.manifest()));
                } else {
                    (expected..run).for_each(|run| self.missing(run));
                    expected = run + 1;
                    *counts.entry(self.run(run, &row)).or_default() += 1;
                }
                row.advance()?;
            }
        }
        (expected..self.plan.n_run_jobs()).for_each(|run| self.missing(run));
        self.compare_counts(&counts);
        Ok(())
    }

    fn missing(&mut self, run: u64) {
        if !self.plan.is_excluded(self.plan.job_of_run(run)) {
            let remedy = collect_again(self.tables.manifest());
            self.add(Kind::Missing, Table::Runs, Some(run), format!("run {run} has no row"), remedy);
        }
    }

    /// How a run ended; what is not right about it is noted.
    fn run(&mut self, run: u64, row: &Stream) -> String {
        let outcome = row.text("outcome").unwrap_or("unknown").to_owned();
        let why = row.text("status").map(|why| format!(": {why}")).unwrap_or_default();
        let cell = row.count("cell").unwrap_or_default();
        let (kind, remedy) = match outcome.as_str() {
            "succeeded" => (None, String::new()),
            "diverged" => (Some(Kind::Diverged), String::new()),
            "failed" => (Some(Kind::Failed), self.retry(run)),
            "quarantined" => (Some(Kind::Quarantined), self.retry(run)),
            "cancelled" => (Some(Kind::Cancelled), "submit the sweep again: a cancelled one has ended for good".into()),
            "unfinished" if self.tables.manifest().partial => {
                (Some(Kind::Unfinished), format!("traipse watch {}, then collect again", self.tables.manifest().sweep))
            }
            _ => (Some(Kind::Missing), self.retry(run)),
        };
        if let Some(kind) = kind {
            self.add(kind, Table::Runs, Some(run), format!("run {run} is {outcome}{why}"), remedy);
        }
        let has_rows = matches!(outcome.as_str(), "succeeded" | "diverged");
        let n_snapshots = (outcome == "succeeded").then(|| self.n_snapshots(run, row)).flatten();
        self.known.push(Known { run, has_rows, n_snapshots });
        if let Some(digest) = row.text("rows_digest").filter(|_| has_rows) {
            self.digests.push(RunDigest { run, cell, digest: digest.to_owned() });
        }
        outcome
    }

    /// None where nothing is trained, or the training stopped by itself.
    fn n_snapshots(&self, run: u64, row: &Stream) -> Option<u64> {
        let settings = self.plan.settings(self.plan.job_of_run(run));
        if settings.model.kind == ModelKind::Noop || row.count("stopped_step").is_some() {
            return None;
        }
        let course = settings.train.course(row.count("n_train")?).ok()?;
        Some(self.plan.spec().snapshots.steps(&course).len() as u64)
    }

    fn compare_counts(&mut self, found: &BTreeMap<String, u64>) {
        let listed = &self.tables.manifest().n_runs;
        if listed != found {
            let message = format!("manifest.json counts the runs {listed:?}, and the table holds {found:?}");
            self.add(Kind::Counts, Table::Runs, None, message, collect_again(self.tables.manifest()));
        }
    }

    /// A table under runs: in their order, each with rows in `runs`.
    fn rest(&mut self, table: Table) -> Result<(), Error> {
        let is_trajectory = table == Table::Trajectory;
        let columns: &[&'static str] = if is_trajectory { &["run", "step"] } else { &["run"] };
        let mut before = None;
        let mut n_snapshots = vec![0_u64; if is_trajectory { self.known.len() } else { 0 }];
        if let Some(mut row) = self.tables.stream(table, columns)? {
            while !row.is_over() {
                let run = row.count("run").unwrap_or(u64::MAX);
                let key = (run, if is_trajectory { row.count("step") } else { None });
                if before.is_some_and(|before| before > key || is_trajectory && before == key) {
                    let message = format!("rows of run {run} stand there twice, or not in order");
                    self.add(Kind::Duplicate, table, Some(run), message, collect_again(self.tables.manifest()));
                }
                let known = self.known.binary_search_by_key(&run, |known| known.run);
                if let Some(n) = known.ok().and_then(|at| n_snapshots.get_mut(at)) {
                    *n += 1;
                }
                let is_new = before.is_none_or(|(last, _)| last != run);
                if is_new && !known.is_ok_and(|at| self.known[at].has_rows) {
                    let message = format!("there are rows of run {run}, which has none in runs.parquet");
                    self.add(Kind::Foreign, table, Some(run), message, collect_again(self.tables.manifest()));
                }
                before = Some(key);
                row.advance()?;
            }
        }
        self.compare_snapshots(&n_snapshots);
        Ok(())
    }

    /// Snapshots found, in the order of the known runs; none of another table.
    fn compare_snapshots(&mut self, found: &[u64]) {
        for (at, found) in found.iter().enumerate() {
            let (run, wanted) = (self.known[at].run, self.known[at].n_snapshots);
            if let Some(wanted) = wanted.filter(|wanted| wanted != found) {
                let message = format!("run {run} has {found} snapshots, and its settings ask for {wanted}");
                let remedy = self.retry(run);
                self.add(Kind::Snapshots, Table::Trajectory, Some(run), message, remedy);
            }
        }
    }

    fn comparisons(&mut self) -> Result<(), Error> {
        let (mut before, mut n_found) = (None, 0_u64);
        if let Some(mut row) = self.tables.stream(Table::Comparisons, &["comparison"])? {
            while !row.is_over() {
                let comparison = row.count("comparison").unwrap_or(u64::MAX);
                if before.is_some_and(|before| comparison < before) {
                    let message = format!("comparison {comparison} does not stand in order");
                    self.add(Kind::Duplicate, Table::Comparisons, None, message, collect_again(self.tables.manifest()));
                } else if before != Some(comparison) {
                    n_found += 1;
                    self.members(comparison);
                }
                before = Some(comparison);
                row.advance()?;
            }
        }
        self.count_comparisons(n_found);
        Ok(())
    }

    fn members(&mut self, comparison: u64) {
        let is_known = comparison < self.plan.n_comparison_jobs();
        let group = is_known.then(|| self.plan.job_of_comparison(comparison)).and_then(|job| self.plan.group(job));
        let Some(group) = group else {
            let message = format!("the sweep has no comparison {comparison}");
            return self.add(Kind::Foreign, Table::Comparisons, None, message, collect_again(self.tables.manifest()));
        };
        for member in group.members {
            let run = self.plan.place(member).run;
            if self.known.binary_search_by_key(&run, |known| known.run).is_err() {
                let message = format!("comparison {comparison} is of run {run}, which runs.parquet does not have");
                self.add(Kind::Foreign, Table::Comparisons, Some(run), message, self.retry(run));
            }
        }
    }

    fn count_comparisons(&mut self, n_found: u64) {
        let manifest = self.tables.manifest().clone();
        let of = |word: &str| manifest.n_comparisons.get(word).copied().unwrap_or(0);
        if of("succeeded") != n_found {
            let message =
                format!("manifest.json counts {} comparisons, and the table holds {n_found}", of("succeeded"));
            self.add(Kind::Counts, Table::Comparisons, None, message, collect_again(&manifest));
        }
        let retry = || format!("traipse retry {}", manifest.sweep);
        let rest = self.plan.n_comparisons().saturating_sub(manifest.n_comparisons.values().sum());
        let unfinished = if manifest.partial { Kind::Unfinished } else { Kind::Missing };
        let words = [
            (of("failed"), Kind::Failed, "failed", retry()),
            (of("quarantined"), Kind::Quarantined, "quarantined", retry()),
            (of("cancelled"), Kind::Cancelled, "cancelled", "submit the sweep again".to_owned()),
            (of("skipped"), Kind::Skipped, "skipped: too few of their runs have weights", String::new()),
            (of("unfinished") + rest, unfinished, "without rows", retry()),
        ];
        for (n, kind, word, remedy) in words.into_iter().filter(|(n, ..)| *n > 0) {
            self.add(kind, Table::Comparisons, None, format!("{n} comparisons are {word}"), remedy);
        }
    }
}
