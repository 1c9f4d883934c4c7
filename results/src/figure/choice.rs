//! Which cell and runs a figure shows.

use traipse_sweep::columns::{Table, convergence, runs};

use crate::verdict::{HEADLINE, THRESHOLDS};
use crate::{Error, Tables};

/// Runs of a cell that a figure shows at most: the first so many.
pub const MAX_RUNS: usize = 30;

/// What was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// A cell.
    pub cell: Option<u64>,
    /// A run, whose cell is then taken.
    pub run: Option<u64>,
}

/// What is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The cell.
    pub cell: u64,
    /// Its axis values, for people.
    pub label: String,
    /// Its runs, ascending: at most [`MAX_RUNS`].
    pub runs: Vec<u64>,
    /// Runs of the cell in all.
    pub n_runs: usize,
    /// The run of figures that show one.
    pub run: u64,
}

/// A cell as it is met.
#[derive(Default)]
struct Candidate {
    cell: u64,
    label: String,
    runs: Vec<u64>,
    n_runs: usize,
    n_succeeded: usize,
    n_converged: usize,
    first_succeeded: Option<u64>,
}

impl Choice {
    /// The cell that is asked for, or the first of those with the most runs that succeeded, and of these with the most
    /// that had converged; in it the run that is asked for, or the first that succeeded.
    ///
    /// # Errors
    /// If the table of runs cannot be read, or holds no such cell or run.
    pub fn of(tables: &Tables, wanted: Wanted) -> Result<Self, Error> {
        let columns = [runs::RUN.name, runs::CELL.name, runs::CELL_LABEL.name, runs::OUTCOME.name];
        let converged = converged(tables)?;
        let (mut best, mut current, mut n_cells): (Option<Candidate>, Option<Candidate>, u64) = (None, None, 0);
        if let Some(mut row) = tables.stream(Table::Runs, &columns)? {
            while !row.is_over() {
                let cell = row.count(runs::CELL.name).unwrap_or_default();
                if current.as_ref().is_none_or(|current| current.cell != cell) {
                    n_cells += 1;
                    best = better(best, current.take(), wanted);
                    let label = row.text(runs::CELL_LABEL.name).unwrap_or_default().to_owned();
                    current = Some(Candidate { cell, label, ..Candidate::default() });
                }
                let run = row.count(runs::RUN.name).unwrap_or_default();
                let succeeded = row.text(runs::OUTCOME.name) == Some("succeeded");
                if let Some(current) = &mut current {
                    current.add(run, succeeded, wanted.run);
                    current.n_converged += usize::from(converged.binary_search(&run).is_ok());
                }
                row.advance()?;
            }
        }
        better(best, current, wanted).map(|found| found.choose(wanted)).ok_or_else(|| missing(tables, wanted, n_cells))
    }

    /// A line about the runs, for a subtitle.
    #[must_use]
    pub fn words(&self) -> String {
        let n = self.runs.len();
        let of = if n < self.n_runs { format!("first {n} of {} runs", self.n_runs) } else { plural(n) };
        format!("{} ({of})", self.place())
    }

    /// A line about the one run, for a subtitle.
    #[must_use]
    pub fn run_words(&self) -> String {
        format!("{}, run {}", self.place(), self.run)
    }

    fn place(&self) -> String {
        if self.label.is_empty() {
            format!("cell {}", self.cell)
        } else {
            format!("cell {}: {}", self.cell, self.label)
        }
    }
}

fn plural(n: usize) -> String {
    if n == 1 { "1 run".to_owned() } else { format!("{n} runs") }
}

impl Candidate {
    fn add(&mut self, run: u64, succeeded: bool, wanted: Option<u64>) {
        self.n_runs += 1;
        self.n_succeeded += usize::from(succeeded);
        if succeeded && self.first_succeeded.is_none() {
            self.first_succeeded = Some(run);
        }
        if self.runs.len() < MAX_RUNS {
            self.runs.push(run);
        } else if wanted == Some(run) {
            // The one that is asked for is shown, wherever it stands.
            self.runs.pop();
            self.runs.push(run);
        }
    }

    fn rank(&self) -> (usize, usize) {
        (self.n_succeeded, self.n_converged)
    }

    fn choose(self, wanted: Wanted) -> Choice {
        let first = self.first_succeeded.or_else(|| self.runs.first().copied()).unwrap_or_default();
        Choice {
            cell: self.cell,
            label: self.label,
            n_runs: self.n_runs,
            run: wanted.run.unwrap_or(first),
            runs: self.runs,
        }
    }
}

/// Runs with a travel after t* at the headline threshold, ascending.
fn converged(tables: &Tables) -> Result<Vec<u64>, Error> {
    let columns = [convergence::RUN.name, convergence::Q.name, convergence::TRAVEL_FRACTION.name];
    let mut found = Vec::new();
    let Some(mut row) = tables.stream(Table::Convergence, &columns)? else { return Ok(found) };
    while !row.is_over() {
        let headline = row.number(convergence::Q.name) == Some(THRESHOLDS[HEADLINE]);
        if headline && row.number(convergence::TRAVEL_FRACTION.name).is_some() {
            found.extend(row.count(convergence::RUN.name));
        }
        row.advance()?;
    }
    Ok(found)
}

/// The one of two cells that is to be shown.
fn better(best: Option<Candidate>, other: Option<Candidate>, wanted: Wanted) -> Option<Candidate> {
    let Some(other) = other else { return best };
    let fits_cell = wanted.cell.is_none_or(|cell| cell == other.cell);
    let fits_run = wanted.run.is_none_or(|run| other.runs.contains(&run));
    if !(fits_cell && fits_run) {
        return best;
    }
    match best {
        Some(best) if best.rank() >= other.rank() => Some(best),
        _ => Some(other),
    }
}

fn missing(tables: &Tables, wanted: Wanted, n_cells: u64) -> Error {
    let dir = tables.dir().to_owned();
    let n_runs: u64 = tables.manifest().n_runs.values().sum();
    match (wanted.run, wanted.cell) {
        (Some(given), None) => Error::NoSuch { what: "run", given, held: format!("of {n_runs} in all"), dir },
        (Some(given), Some(cell)) => {
            Error::NoSuch { what: "run", given, held: format!("of cell {cell} among others"), dir }
        }
        (None, given) => {
            Error::NoSuch { what: "cell", given: given.unwrap_or(0), held: format!("0 to {}", n_cells.max(1) - 1), dir }
        }
    }
}
