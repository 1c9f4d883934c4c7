//! A report: one HTML file with verdicts, figures, what was not measured, and provenance. It loads nothing.

mod escape;
mod figures;
mod page;
mod provenance;
#[cfg(test)]
mod tests;
mod verdicts;

use std::path::Path;

use crate::aside::write_all;
use crate::figure::{Choice, Wanted};
use crate::verdict::{Verdicts, judge};
use crate::{Error, Tables};

/// What a report holds, before it is written.
#[derive(Clone, Debug)]
pub struct Report {
    /// The verdicts.
    pub verdicts: Verdicts,
    /// The page.
    pub html: String,
}

/// Judges the claims, draws the figures, and sets the page.
///
/// Memory: the rows of one cell at a time, and the page (verdicts of at most [`crate::verdict::MAX_CELLS`] cells).
///
/// # Errors
/// If the tables cannot be read, or hold no such cell or run.
pub fn make(tables: &Tables, wanted: Wanted) -> Result<Report, Error> {
    let choice = Choice::of(tables, wanted)?;
    let verdicts = judge(tables)?;
    let figures = figures::draw_all(tables, &choice)?;
    let html = page::page(tables, &verdicts, &figures, &choice);
    Ok(Report { verdicts, html })
}

/// Writes the page, whole or not at all.
///
/// # Errors
/// If the file cannot be written.
pub fn write(report: &Report, path: &Path) -> Result<(), Error> {
    let name = path.file_name().map_or_else(|| "report.html".to_owned(), |name| name.to_string_lossy().into_owned());
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    write_all(dir, &[(name, report.html.clone().into_bytes())]).map(|_| ())
}
