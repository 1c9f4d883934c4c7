//! The columns of the final tables: those of the catalogue, and the axes of the sweep.

use traipse_sweep::Plan;
use traipse_sweep::columns::{Source, Table, runs};
use traipse_sweep::plan::AxisColumn;

use crate::schema::Spec;

/// What fills a column of a final table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filler {
    /// The job number and the plan, or the merge: by name.
    Plan(&'static str),
    /// The axis column of that place.
    Axis(usize),
    /// The segments' column of that place among [`Layout::wanted`].
    Segment(usize),
}

/// The columns of a final table and where each comes from.
pub(crate) struct Layout {
    /// The columns in their order.
    pub(crate) columns: Vec<Spec>,
    /// What fills each.
    pub(crate) fillers: Vec<Filler>,
    /// The columns that come from segments.
    pub(crate) wanted: Vec<Spec>,
    /// Where each of those stands in the table.
    pub(crate) places: Vec<usize>,
}

impl Layout {
    /// The layout of a table that is merged from segments.
    pub(crate) fn of(table: Table, plan: &Plan) -> Self {
        let mut layout = Self { columns: Vec::new(), fillers: Vec::new(), wanted: Vec::new(), places: Vec::new() };
        for &column in table.columns().iter().filter(|column| column.is_in(plan.spec())) {
            match column.source {
                Source::Plan | Source::Merge => layout.push(column.into(), Filler::Plan(column.name)),
                Source::Worker | Source::Coordinator => {
                    layout.places.push(layout.columns.len());
                    layout.push(column.into(), Filler::Segment(layout.wanted.len()));
                    layout.wanted.push(column.into());
                }
            }
            if table == Table::Runs && column.name == runs::SETTINGS.name {
                for (at, axis) in axis_specs(table, plan).into_iter().enumerate() {
                    layout.push(axis, Filler::Axis(at));
                }
            }
        }
        layout
    }

    /// Where a column that the plan fills stands in the table.
    pub(crate) fn position(&self, name: &'static str) -> usize {
        let found = self.fillers.iter().position(|filler| *filler == Filler::Plan(name));
        found.expect("a layout is asked for its own columns")
    }

    fn push(&mut self, column: Spec, filler: Filler) {
        self.columns.push(column);
        self.fillers.push(filler);
    }
}

/// The axes' columns as a table has them: under its dotted key where the short name is a column of the table.
pub(crate) fn axis_specs(table: Table, plan: &Plan) -> Vec<Spec> {
    plan.axis_columns().into_iter().map(|axis| axis_spec(table, axis)).collect()
}

fn axis_spec(table: Table, axis: AxisColumn) -> Spec {
    let taken = table.columns().iter().any(|column| column.name == axis.name);
    let name = if taken { axis.key.clone() } else { axis.name };
    let definition = format!("the setting {}, an axis of this sweep", axis.key);
    Spec { name, ty: axis.ty, nullable: axis.nullable, unit: axis.unit, version: 1, definition }
}
