//! Figures: pure functions from tables to panels of marks, drawn as SVG and PNG, with their data as CSV.
//!
//! A figure of single runs takes the runs of one cell, at most [`MAX_RUNS`] of them: the cell that is asked for, else
//! the first of those with the most runs that succeeded and converged.

mod barriers;
mod choice;
mod csv;
mod curves;
mod diffusion;
mod distances;
mod draw;
mod eigenvalues;
mod explained;
mod loss;
mod model;
mod plane;
mod scale;
mod spectrum;
mod surface;
#[cfg(test)]
mod tests;
mod travel;

pub use choice::{Choice, MAX_RUNS, Wanted};
pub use csv::csv;
pub use draw::{png, svg};
pub use model::{Axis, Colour, Figure, Heat, Mark, Panel, Point, Scale, Shape};

use std::path::{Path, PathBuf};

use crate::aside::write_all;
use crate::{Error, Tables};

/// A figure that can be made.
#[derive(Debug)]
pub struct Entry {
    /// Its name in kebab-case.
    pub name: &'static str,
    /// What it shows, in a line.
    pub shows: &'static str,
    /// What a sweep file must switch on for it; none where the default probes do.
    pub needs: Option<&'static str>,
    make: fn(&Tables, &Choice) -> Result<Figure, Error>,
}

/// Every figure, in the order of a report.
pub static CATALOGUE: [Entry; 11] = [
    Entry {
        name: loss::NAME,
        shows: "loss, distance and gradient norm on one time axis",
        needs: None,
        make: loss::make,
    },
    Entry {
        name: travel::NAME,
        shows: "travel after convergence against the learning rate, by architecture",
        needs: None,
        make: travel::make,
    },
    Entry { name: diffusion::NAME, shows: "mean squared displacement", needs: None, make: diffusion::make },
    Entry {
        name: plane::NAME,
        shows: "the path in the plane of its first two components, with that of a walk",
        needs: None,
        make: plane::make,
    },
    Entry {
        name: explained::NAME,
        shows: "variance along each principal component against a walk's 1/k²",
        needs: None,
        make: explained::make,
    },
    Entry { name: distances::NAME, shows: "distances between all snapshots", needs: None, make: distances::make },
    Entry {
        name: eigenvalues::NAME,
        shows: "extreme eigenvalues against time, with the stability line",
        needs: Some("[probes.hessian]"),
        make: eigenvalues::make,
    },
    Entry {
        name: spectrum::NAME,
        shows: "spectral density of the Hessian over time",
        needs: Some("[probes.spectrum]"),
        make: spectrum::make,
    },
    Entry {
        name: curves::NAME,
        shows: "the loss along segments of the path",
        needs: Some("[probes.interpolation]"),
        make: curves::make,
    },
    Entry {
        name: barriers::NAME,
        shows: "barrier and chord violation against the time of the fork",
        needs: Some("[fork] with branches = 2 and [[compare]] with pairs_over = \"branch\""),
        make: barriers::make,
    },
    Entry {
        name: surface::NAME,
        shows: "a slice of the loss with the path",
        needs: Some("[probes.surface]"),
        make: surface::make,
    },
];

/// The figure of that name; none where there is none.
#[must_use]
pub fn entry(name: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().find(|entry| entry.name == name)
}

impl Entry {
    /// Makes the figure from the tables of a folder.
    ///
    /// # Errors
    /// If a table cannot be read, or what the figure shows was not measured.
    pub fn make(&self, tables: &Tables, choice: &Choice) -> Result<Figure, Error> {
        (self.make)(tables, choice)
    }
}

/// Writes `NAME.svg`, `NAME.png` and `NAME.csv` into a folder, whole or not at all; gives their paths.
///
/// # Errors
/// If the figure cannot be drawn, or the folder not be written to.
pub fn write(figure: &Figure, dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let name = |extension: &str| format!("{}.{extension}", figure.name);
    let files = [
        (name("svg"), svg(figure)?.into_bytes()),
        (name("png"), png(figure)?),
        (name("csv"), csv(figure).into_bytes()),
    ];
    write_all(dir, &files)
}

/// What a figure cannot be drawn without.
fn not_measured(figure: &'static str, what: &str) -> Error {
    let needs = entry(figure).and_then(|entry| entry.needs);
    let remedy = needs.map_or_else(String::new, |needs| format!("; switch it on with {needs} in the sweep file"));
    Error::NotMeasured { figure, what: format!("{what}{remedy}") }
}
