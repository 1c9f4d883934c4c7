//! The table of cells at the end of a sweep.

use traipse_results::{CellSummary, Estimate};
use traipse_sweep::rows::Cell;

use crate::output::style;
use crate::output::table::{Align, TextTable};
use crate::output::units::{count, counted};

/// Cells that are shown; of more, the best by test error.
const MAX_SHOWN: usize = 24;

/// What the columns mean.
const LEGEND: [&str; 3] = [
    "test error %: mean [95 % interval] over seeds",
    "travel: way since the objective had fallen by 99 %, over the whole displacement; line, walk: of the same step lengths",
    "PC1: share of the path's variance on one axis; signs: the same if steps had random signs (95 %)",
];

/// The cells, the best ones where there are many, with a legend; none where nothing was measured.
pub(crate) fn table(cells: &[CellSummary], n_cells: u64) -> Option<String> {
    if cells.iter().all(|cell| cell.test_error.is_none()) {
        return None;
    }
    let shown = shown(cells);
    let axes: Vec<&str> = cells[0].axes.iter().map(|(name, _)| name.as_str()).collect();
    let mut table = TextTable::new(columns(&axes, cells));
    for cell in &shown {
        table.row(row(cell));
    }
    let mut text = table.render();
    let n_more = n_cells.saturating_sub(shown.len() as u64);
    if n_more > 0 {
        text.push_str(&format!(
            "\n  {}",
            style::faint(format!("the best by test error; {} more in statistics.parquet", counted(n_more, "cell")))
        ));
    }
    if shown.iter().any(|cell| cell.survivors_only) {
        text.push_str(&format!(
            "\n  {}",
            style::warning("* some runs did not succeed: the figures are of the survivors")
        ));
    }
    if shown.iter().any(|cell| cell.n_not_converged > 0) {
        text.push_str(&format!(
            "\n  {}",
            style::warning("° some runs did not train for four times as long as convergence took")
        ));
    }
    text.extend(LEGEND.map(|line| format!("\n  {}", style::faint(line))));
    Some(text)
}

/// In the order of the grid, or the best ones first.
fn shown(cells: &[CellSummary]) -> Vec<&CellSummary> {
    let mut shown: Vec<&CellSummary> = cells.iter().collect();
    if shown.len() > MAX_SHOWN {
        let error = |cell: &CellSummary| cell.test_error.map_or(f64::INFINITY, |error| error.mean);
        shown.sort_by(|a, b| error(a).total_cmp(&error(b)).then(a.cell.cmp(&b.cell)));
        shown.truncate(MAX_SHOWN);
    }
    shown
}

fn columns(axes: &[&str], cells: &[CellSummary]) -> Vec<(String, Align)> {
    let numbers = |at: usize| cells.iter().all(|cell| !matches!(cell.axes[at].1, Cell::Utf8(_)));
    let axis = |(at, name): (usize, &&str)| ((*name).to_owned(), if numbers(at) { Align::Right } else { Align::Left });
    let measured = ["runs", "test error %", "travel", "line", "walk", "PC1", "signs"]
        .map(|title| (title.to_owned(), if title == "test error %" { Align::Left } else { Align::Right }));
    axes.iter().enumerate().map(axis).chain(measured).collect()
}

fn row(cell: &CellSummary) -> Vec<String> {
    let mut row: Vec<String> = cell.axes.iter().map(|(_, value)| value_text(value)).collect();
    let runs = format!("{}/{}", count(u64::from(cell.n_succeeded)), count(u64::from(cell.n_total)));
    row.push(if cell.survivors_only { style::warning(format!("{runs} *")) } else { runs });
    row.push(percent(cell.test_error));
    let mark = if cell.n_not_converged > 0 { "°" } else { "" };
    row.push(share(cell.travel_fraction.map(|travel| travel.mean)) + mark);
    row.push(style::faint(share(cell.travel_fraction_line)));
    row.push(style::faint(share(cell.travel_fraction_walk)));
    row.push(share(cell.pca_explained_1.map(|share| share.mean)));
    row.push(style::faint(match cell.pca_explained_1_signs {
        Some((low, high)) => format!("{:.2}–{:.2}", low.max(0.0), high.min(1.0)),
        None => "-".to_owned(),
    }));
    row
}

fn percent(estimate: Option<Estimate>) -> String {
    match estimate {
        Some(Estimate { mean, limits: Some((low, high)) }) => {
            format!(
                "{} {}",
                style::strong(format!("{:5.2}", 100.0 * mean)),
                interval(100.0 * low.max(0.0), 100.0 * high.min(1.0))
            )
        }
        Some(Estimate { mean, limits: None }) => style::strong(format!("{:5.2}", 100.0 * mean)),
        None => "    -".to_owned(),
    }
}

fn interval(low: f64, high: f64) -> String {
    format!("[{low:.2}, {high:.2}]")
}

fn share(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"))
}

fn value_text(value: &Cell) -> String {
    match value {
        Cell::Null => "-".to_owned(),
        Cell::U32(value) => value.to_string(),
        Cell::U64(value) => value.to_string(),
        Cell::F64(value) => value.to_string(),
        Cell::Bool(value) => value.to_string(),
        Cell::Utf8(value) => value.clone(),
        Cell::ListF64(values) => values.iter().map(f64::to_string).collect::<Vec<_>>().join(" "),
        Cell::ListU64(values) => values.iter().map(u64::to_string).collect::<Vec<_>>().join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(at: u64) -> CellSummary {
        CellSummary {
            cell: at,
            label: format!("learning_rate={at}"),
            axes: vec![("learning_rate".to_owned(), Cell::F64(at as f64 / 10.0))],
            n_total: 5,
            n_succeeded: 5,
            n_diverged: 0,
            n_failed: 0,
            n_not_converged: 0,
            survivors_only: false,
            test_error: Some(Estimate { mean: 0.5 - at as f64 / 1000.0, limits: Some((0.01, 0.6)) }),
            travel_fraction: Some(Estimate { mean: 0.31, limits: None }),
            travel_fraction_line: Some(0.4),
            travel_fraction_walk: Some(0.9),
            pca_explained_1: Some(Estimate { mean: 0.8, limits: None }),
            pca_explained_1_signs: Some((0.4, 0.7)),
        }
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn a_cell_is_a_line_beside_its_references() {
        let mut one = cell(1);
        one.n_succeeded = 3;
        one.survivors_only = true;
        let text = plain(&table(&[one], 1).unwrap());
        let line: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(line, ["0.1", "3/5", "*", "49.90", "[1.00,", "60.00]", "0.31", "0.40", "0.90", "0.80", "0.40–0.70"]);
        assert!(text.contains("survivors"), "{text}");
    }

    #[test]
    fn of_many_cells_the_best_are_shown_and_the_rest_counted() {
        let cells: Vec<CellSummary> = (0..30).map(cell).collect();
        let text = plain(&table(&cells, 30).unwrap());
        assert!(text.lines().nth(1).unwrap().trim_start().starts_with("2.9 "), "{text}");
        assert!(text.contains("6 cells more") || text.contains("6 cells"), "{text}");
    }

    #[test]
    fn a_sweep_that_measured_nothing_has_no_table() {
        let mut noop = cell(0);
        noop.test_error = None;
        assert_eq!(table(&[noop], 1), None);
        assert_eq!(table(&[], 0), None);
    }
}
