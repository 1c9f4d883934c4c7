//! A run's measurements as a row block, in the columns of the catalogue.

mod path;
mod runs;
mod trajectory;

use traipse_nn::Problem;
use traipse_probe::Missing;
use traipse_sweep::columns::{ColumnDef, Table};
use traipse_sweep::rows::{Cell, TableBuilder};
use traipse_sweep::settings::Optimizer;
use traipse_sweep::{RowBlock, Schema};

use super::analysis::Analysis;
use super::journey::{Journey, Point};
use super::measure::{Findings, Measured};

/// The cells of one row; columns that are not named are null.
pub(super) type Row = Vec<(&'static ColumnDef, Cell)>;

/// All rows of a training.
pub(super) fn block(
    schema: &Schema,
    problem: &Problem,
    journey: &Journey,
    analysis: &Analysis<'_>,
    mut measured: Measured,
) -> RowBlock {
    let summary = runs::row(problem, journey, analysis, &measured.run);
    let costs = trajectory::cost_columns(schema);
    let mut others = vec![
        table(schema, Table::Trajectory, trajectory::rows(problem, journey, analysis, &measured, &costs)),
        table(schema, Table::Gram, vec![path::gram_row(analysis)]),
        table(schema, Table::Convergence, path::convergence_rows(journey, analysis, &measured)),
        table(schema, Table::Nulls, path::null_rows(analysis)),
    ];
    let more = [Table::Layers, Table::Spectra, Table::Curves, Table::Surfaces];
    others.extend(more.map(|of| table(schema, of, measured.tables.remove(&of).unwrap_or_default())));
    let with = |summary: Row| {
        let first = table(schema, Table::Runs, vec![summary]);
        RowBlock { tables: std::iter::once(first).chain(others.clone()).flatten().collect() }
    };
    let digest = with(summary.clone()).digest();
    with(runs::with_digest(summary, digest))
}

/// The rows of a run that trains nothing: one in `runs`, empty.
pub(super) fn noop(schema: &Schema) -> RowBlock {
    RowBlock { tables: table(schema, Table::Runs, vec![runs::noop()]).into_iter().collect() }
}

/// None where the sweep has no such table.
pub(super) fn table(schema: &Schema, table: Table, rows: Vec<Row>) -> Option<traipse_sweep::TableRows> {
    let mut builder = TableBuilder::new(schema.table(table)?);
    for row in rows {
        builder.push(row);
    }
    Some(builder.finish())
}

/// The reasons in order and once each, as a `status`; null where there is none.
pub(super) fn status(reasons: impl IntoIterator<Item = Option<Missing>>) -> Cell {
    let mut texts: Vec<&'static str> = Vec::new();
    for missing in reasons.into_iter().flatten() {
        if !texts.contains(&missing.as_str()) {
            texts.push(missing.as_str());
        }
    }
    if texts.is_empty() { Cell::Null } else { Cell::Utf8(texts.join("; ")) }
}

/// Why cells that a probe was asked for are null.
fn reasons(findings: Option<&Findings>) -> impl Iterator<Item = Option<Missing>> {
    findings.into_iter().flat_map(|findings| findings.reasons.iter().copied().map(Some))
}

/// The cells that a probe was asked for.
fn cells(findings: Option<&Findings>) -> Row {
    findings.map(|findings| findings.cells.clone()).unwrap_or_default()
}

/// A share of misclassified examples; null of a regression, which has none.
fn share(error: f64) -> Cell {
    if error.is_nan() { Cell::Null } else { error.into() }
}

/// The loss with the penalty; null where decay acts on the weights alone, so that nothing is minimised by it.
fn objective(problem: &Problem, loss: f64, point: &Point) -> Cell {
    of_objective(problem, loss + point.on_probe_set.penalty)
}

/// A measure of the objective, where there is one.
fn of_objective(problem: &Problem, value: f64) -> Cell {
    let is_decoupled = problem.settings().train.optimizer == Optimizer::Adamw;
    if is_decoupled { Cell::Null } else { value.into() }
}

pub(super) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
