//! Probes that must be asked for. They measure once the training is over, from the snapshots that it left.
//!
//! Each has a file of its own with one function, `measure`, that looks at a [`Scene`] and leaves its cells in a
//! [`Measured`]; whether it was asked for is decided here alone.

mod diffusion;
mod dimension;
mod gradients;
mod hessian;
mod interpolation;
mod layers;
mod polish;
mod predictions;
mod scene;
mod sharpness;
mod spectrum;
mod surface;
mod trace;

use std::collections::BTreeMap;

use traipse_probe::{Element, Missing};
use traipse_sweep::columns::{ColumnDef, Table};
use traipse_sweep::rows::Cell;

use super::journey::Ended;
use super::rows::Row;
pub(super) use scene::Scene;

/// Forward passes that a gradient counts for.
const GRADIENT_FORWARDS: u32 = 3;

/// What the asked-for probes found, on its way into the rows.
#[derive(Debug, Default)]
pub(super) struct Measured {
    /// By snapshot, for its row in `trajectory`.
    pub(super) snapshots: BTreeMap<usize, Findings>,
    /// For the row in `runs`.
    pub(super) run: Findings,
    /// By snapshot t*, for every row in `convergence` whose t* it is.
    pub(super) convergence: BTreeMap<usize, Findings>,
    /// Whole rows of the tables that probes alone fill, in the order in which they are to stand.
    pub(super) tables: BTreeMap<Table, Vec<Row>>,
}

/// What goes into one row: cells of columns that were asked for, why some of them are null, and what it cost.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// No column twice.
    pub(super) cells: Row,
    /// Joins the row's status.
    pub(super) reasons: Vec<Missing>,
    /// Hessian-vector products.
    pub(super) hvps: u32,
    /// Passes over the probe set.
    pub(super) forwards: u32,
}

/// Runs every probe that the sweep asks for.
///
/// # Errors
/// If the task was asked to stop, or the snapshots cannot be read.
pub(super) fn measure<T: Element>(scene: &mut Scene<'_, T>) -> Result<Measured, Ended> {
    let probes = &scene.spec.probes;
    let mut measured = Measured::default();
    if let Some(settings) = &probes.hessian {
        hessian::measure(scene, settings, &mut measured)?;
    }
    if let Some(settings) = &probes.trace {
        trace::measure(scene, settings, &mut measured)?;
    }
    if let Some(settings) = &probes.spectrum {
        spectrum::measure(scene, settings, &mut measured)?;
    }
    if let Some(settings) = &probes.dimension {
        dimension::measure(scene, settings, &mut measured)?;
    }
    if let Some(settings) = &probes.diffusion {
        diffusion::measure(scene, settings, &mut measured)?;
    }
    if let Some(settings) = &probes.layers {
        layers::measure(scene, settings, &mut measured)?;
    }
    if let Some(settings) = &probes.gradients {
        gradients::measure(scene, settings, &mut measured)?;
    }
    if let Some(settings) = &probes.sharpness {
        sharpness::measure(scene, settings, &mut measured)?;
    }
    if let Some(settings) = &probes.predictions {
        predictions::measure(scene, settings, &mut measured)?;
    }
    if let Some(settings) = &probes.polish {
        polish::measure(scene, settings, &mut measured)?;
    }
    if let Some(settings) = &probes.interpolation {
        interpolation::measure(scene, settings, &mut measured)?;
    }
    if let Some(settings) = &probes.surface {
        surface::measure(scene, settings, &mut measured)?;
    }
    Ok(measured)
}

impl Measured {
    /// What is known of a snapshot.
    pub(super) fn at(&mut self, snapshot: usize) -> &mut Findings {
        self.snapshots.entry(snapshot).or_default()
    }

    /// What is known of a snapshot t*.
    pub(super) fn converged_at(&mut self, snapshot: usize) -> &mut Findings {
        self.convergence.entry(snapshot).or_default()
    }

    /// Adds a row to a table that probes alone fill.
    pub(super) fn push_row(&mut self, table: Table, row: Row) {
        self.tables.entry(table).or_default().push(row);
    }
}

impl Findings {
    /// Sets a column.
    pub(super) fn set(&mut self, column: &'static ColumnDef, value: impl Into<Cell>) {
        self.cells.push((column, value.into()));
    }

    /// Sets a column, or says why it is null.
    pub(super) fn set_or(&mut self, column: &'static ColumnDef, value: Result<f64, Missing>) {
        match value {
            Ok(value) => self.set(column, value),
            Err(missing) => self.reasons.push(missing),
        }
    }
}
