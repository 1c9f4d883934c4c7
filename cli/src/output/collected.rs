//! What came out of a sweep: the table of cells, where the files are, what to type next.

use std::path::Path;

use serde::Serialize;
use traipse_proto::v1::SweepStatus;
use traipse_results::Collected;
use traipse_sweep::Plan;
use traipse_sweep::columns::ColumnType;

use crate::error::Error;
use crate::output::status::{StatusView, outcomes};
use crate::output::units::{bytes, count, counted};
use crate::output::{Screen, cells, style};

/// What came out, as JSON.
#[derive(Serialize)]
struct CollectedView<'a> {
    out: String,
    complete: bool,
    status: StatusView<'a>,
    files: Vec<FileView<'a>>,
}

#[derive(Serialize)]
struct FileView<'a> {
    name: &'a str,
    n_rows: u64,
    size: u64,
    sha256: &'a str,
}

/// Prints what came out as JSON.
///
/// # Errors
/// If stdout cannot be written to.
pub(crate) fn json(screen: &Screen, status: &SweepStatus, collected: &Collected, out: &Path) -> Result<(), Error> {
    let file = |file: &'_ traipse_results::TableFile| (file.name.clone(), file.n_rows, file.size, file.sha256.clone());
    let files: Vec<_> = collected.files.iter().map(file).collect();
    screen.json(&CollectedView {
        out: out.display().to_string(),
        complete: status.n_ended() == status.n_jobs(),
        status: status.into(),
        files: files
            .iter()
            .map(|(name, n_rows, size, sha256)| FileView { name, n_rows: *n_rows, size: *size, sha256 })
            .collect(),
    })
}

/// Prints what came out for a person.
///
/// # Errors
/// If stdout cannot be written to.
pub(crate) fn text(
    screen: &Screen,
    status: &SweepStatus,
    collected: &Collected,
    plan: &Plan,
    out: &Path,
) -> Result<(), Error> {
    if let Some(table) = cells::table(&collected.cells, plan.n_runs() / u64::from(plan.n_replicates())) {
        screen.print(format!("{table}\n"))?;
    }
    let partial = match status.n_jobs() - status.n_ended() {
        0 => String::new(),
        n => style::warning(format!(", {} to come: these tables are partial", count(n))),
    };
    let jobs = match status.n_comparisons {
        0 => counted(status.n_runs, "run"),
        n => format!("{} and {}", counted(status.n_runs, "run"), counted(n, "comparison")),
    };
    screen.print(format!("{}  {jobs}: {}{partial}", style::strong(&status.name), outcomes(status)))?;
    if !status.message.is_empty() {
        screen.print(format!("  {}", style::warning(&status.message)))?;
    }
    let size: u64 = collected.files.iter().map(|file| file.size).sum();
    let stems = collected.files.iter().filter_map(|file| file.name.strip_suffix(".parquet"));
    let names = stems.collect::<Vec<_>>().join(", ");
    screen.print(format!(
        "tables  {}  {}",
        style::strong(out.display()),
        style::faint(format!("{} in {names}", bytes(size as f64)))
    ))?;
    screen.print(format!("next    {}", query(collected, plan, out)))
}

/// A query that says something about the tables.
fn query(collected: &Collected, plan: &Plan, out: &Path) -> String {
    let axes: Vec<String> = plan
        .axis_columns()
        .iter()
        .filter(|column| !matches!(column.ty, ColumnType::ListF64 | ColumnType::ListU64))
        .map(|column| if column.name.contains('.') { format!("\\\"{}\\\"", column.name) } else { column.name.clone() })
        .collect();
    let measured = collected.cells.is_empty() || collected.cells.iter().any(|cell| cell.test_error.is_some());
    let (what, order) = if measured {
        let by: String = axes.iter().map(|axis| format!("{axis}, ")).collect();
        (format!("{by}count(*) AS runs, avg(final_test_error) AS test_error"), "test_error")
    } else {
        ("outcome, count(*) AS runs".to_owned(), "runs")
    };
    format!("duckdb -c \"SELECT {what} FROM '{}' GROUP BY ALL ORDER BY {order}\"", out.join("runs.parquet").display())
}
