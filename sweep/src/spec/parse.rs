//! The way in: text to tree to spec, then the checks of the whole.

use std::ops::Range;

use super::error::{Fault, SpecError};
use super::read::{self, Places};
use super::{Format, SweepSpec, check, text};
use crate::plan::grid::{Grid, GridError, Part};

/// Longest sweep file, and longest canonical form of one.
pub const MAX_SPEC_BYTES: usize = 1 << 20;

/// Reads a sweep file. `file` is only a name for errors; nothing is opened.
///
/// # Errors
/// The first thing that is wrong, with its file, line, column, key and remedy.
pub fn parse(text: &str, format: Format, file: &str) -> Result<SweepSpec, SpecError> {
    read_all(text, format).map_err(|fault| fault.locate(file, text))
}

fn read_all(text: &str, format: Format) -> Result<SweepSpec, Fault> {
    bounded(text.len(), "the file")?;
    let root = text::read(text, format)?;
    let (spec, places) = read::spec(&root)?;
    check::settings(&spec, &places)?;
    let grid = Grid::new(&spec).map_err(|error| place(error, &places))?;
    check::cells(&spec, &places, &grid)?;
    bounded(spec.canonical_json().len(), "the spec, with its ranges and defaults written out,")?;
    Ok(spec)
}

fn bounded(n_bytes: usize, what: &str) -> Result<(), Fault> {
    if n_bytes <= MAX_SPEC_BYTES {
        return Ok(());
    }
    let message = format!("{what} has {n_bytes} bytes, at most {MAX_SPEC_BYTES} are allowed");
    Err(Fault::new(&(0..0), "", message, "take fewer values, or split the sweep"))
}

/// Gives an error of the grid its place in the text.
fn place(error: GridError, places: &Places) -> Fault {
    let axis = |product: usize, axis: usize| places.axes.get(product).and_then(|axes| axes.get(axis));
    let span: Option<Range<usize>> = match error.part {
        Part::Whole => None,
        Part::Axis { product, axis: at } => axis(product, at).map(|place| place.key.clone()),
        Part::Value { product, axis: at, value } => {
            axis(product, at).and_then(|place| place.values.get(value).cloned())
        }
        Part::Zip(at) => places.zip.get(at).cloned(),
        Part::Exclude(at) => places.exclude.get(at).cloned(),
        Part::Compare(at) => places.compare.get(at).cloned(),
    };
    Fault {
        span: span.unwrap_or_else(|| places.grid.clone()),
        key: error.key,
        message: error.message,
        help: error.help,
    }
}
