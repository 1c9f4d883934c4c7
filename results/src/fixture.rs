//! Folders of tables for tests: every column of every table, of which a test fills what it wants.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::json;
use traipse_sweep::columns::{ColumnDef, ColumnType, Table};
use traipse_sweep::rows::Cell;

use crate::Tables;
use crate::schema::Spec;
use crate::table_writer::TableWriter;

/// A row: the columns that a test fills.
pub(crate) type Row = Vec<(&'static str, Cell)>;

/// Tables on their way to a folder.
#[derive(Default)]
pub(crate) struct Fixture {
    rows: BTreeMap<Table, Vec<Row>>,
}

impl Fixture {
    /// Adds a row. Rows must come in the order of their table.
    pub(crate) fn push(&mut self, table: Table, row: Row) {
        self.rows.entry(table).or_default().push(row);
    }

    /// Adds a run of a cell; its seeds are `seed`.
    pub(crate) fn run(&mut self, run: u64, cell: u64, seed: u64, rest: Row) {
        let settings = json!({
            "model": { "kind": "mlp", "hidden": [8 * (cell + 1)], "activation": "relu" },
            "train": { "learning_rate": 0.1 * (cell + 1) as f64, "loss": "cross-entropy" },
        });
        let mut row: Row = vec![
            ("run", Cell::U64(run)),
            ("cell", Cell::U64(cell)),
            ("cell_label", Cell::from(format!("cell {cell}").as_str())),
            ("settings", Cell::from(settings.to_string().as_str())),
            ("seed", Cell::U64(seed)),
            ("init_seed", Cell::U64(seed)),
            ("order_seed", Cell::U64(seed)),
            ("outcome", Cell::from("succeeded")),
            ("displacement", Cell::F64(10.0)),
        ];
        row.extend(rest);
        self.push(Table::Runs, row);
    }

    /// Writes the tables that have rows, and a manifest that lists them; opens the folder.
    pub(crate) fn write(&self, dir: &Path) -> Tables {
        let mut files = serde_json::Map::new();
        for (table, rows) in &self.rows {
            let name = format!("{}.parquet", table.as_str());
            let columns: Vec<Spec> = table.columns().iter().map(|column| Spec::from(*column)).collect();
            let mut writer = TableWriter::create(&dir.join(&name), &columns, 1, &[]).unwrap();
            for row in rows {
                for (at, column) in table.columns().iter().enumerate() {
                    writer.column(at).push(&cell(row, column)).unwrap();
                }
                writer.end_rows(1).unwrap();
            }
            let (finished, n_rows) = writer.finish().unwrap();
            let bytes = finished.size;
            finished.publish().unwrap();
            files.insert(name, json!({ "rows": n_rows, "bytes": bytes, "sha256": "00" }));
        }
        let manifest = json!({
            "manifest": 1, "sweep": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "name": "planted", "state": "completed",
            "partial": false, "n_runs": { "succeeded": self.rows[&Table::Runs].len() }, "build": "0.1.0",
            "numerics": "n1", "cpu_features": ["cpu"], "files": files, "spec": { "name": "planted" },
        });
        fs::write(dir.join("manifest.json"), manifest.to_string()).unwrap();
        Tables::open(dir).unwrap()
    }
}

/// What the row says of a column (the last word counts), else null or, where that cannot be, a zero.
fn cell(row: &Row, column: &ColumnDef) -> Cell {
    if let Some((_, cell)) = row.iter().rev().find(|(name, _)| *name == column.name) {
        return cell.clone();
    }
    match column.ty {
        _ if column.nullable => Cell::Null,
        ColumnType::U32 => Cell::U32(0),
        ColumnType::U64 => Cell::U64(0),
        ColumnType::F64 => Cell::F64(0.0),
        ColumnType::Bool => Cell::Bool(false),
        ColumnType::Utf8 => Cell::from(""),
        ColumnType::ListF64 => Cell::ListF64(vec![]),
        ColumnType::ListU64 => Cell::ListU64(vec![]),
        ColumnType::Timestamp => unreachable!("no test fills clocks"),
    }
}
