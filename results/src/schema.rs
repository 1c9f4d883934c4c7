//! Columns as Arrow fields, with unit, version and definition as metadata.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Metadata, Schema as ArrowSchema, SchemaRef, TimeUnit};
use serde::Serialize;
use traipse_sweep::columns::{ColumnDef, ColumnType, Table};

/// A column of a file: one of the catalogue, or one that the sweep adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    pub(crate) name: String,
    pub(crate) ty: ColumnType,
    pub(crate) nullable: bool,
    pub(crate) unit: &'static str,
    pub(crate) version: u8,
    pub(crate) definition: String,
}

impl From<&ColumnDef> for Spec {
    fn from(column: &ColumnDef) -> Self {
        Self {
            name: column.name.to_owned(),
            ty: column.ty,
            nullable: column.nullable,
            unit: column.unit,
            version: column.version,
            definition: column.definition.to_owned(),
        }
    }
}

impl Spec {
    /// A column that is no measure: a key or a name.
    pub(crate) fn plain(name: &str, ty: ColumnType, definition: &str) -> Self {
        Self { name: name.to_owned(), ty, nullable: false, unit: "1", version: 1, definition: definition.to_owned() }
    }

    fn field(&self) -> Field {
        let metadata = [
            ("definition".to_owned(), self.definition.clone()),
            ("unit".to_owned(), self.unit.to_owned()),
            ("version".to_owned(), self.version.to_string()),
        ];
        Field::new(&self.name, data_type(self.ty), self.nullable).with_metadata(Metadata::from_iter(metadata))
    }
}

/// The Arrow schema of some columns.
pub(crate) fn arrow(columns: &[Spec]) -> SchemaRef {
    Arc::new(ArrowSchema::new(columns.iter().map(Spec::field).collect::<Vec<_>>()))
}

/// What the file key `traipse.columns` holds: a JSON array in column order.
pub(crate) fn json(table: Table, columns: &[Spec]) -> String {
    #[derive(Serialize)]
    struct Entry<'a> {
        table: &'static str,
        name: &'a str,
        r#type: &'static str,
        nullable: bool,
        unit: &'static str,
        version: u8,
        definition: &'a str,
    }
    let entries: Vec<_> = columns
        .iter()
        .map(|column| Entry {
            table: table.as_str(),
            name: &column.name,
            r#type: type_name(column.ty),
            nullable: column.nullable,
            unit: column.unit,
            version: column.version,
            definition: &column.definition,
        })
        .collect();
    serde_json::to_string(&entries).expect("texts and numbers always serialise")
}

/// The Arrow type of a column; list items are called `element`, as Parquet wants them.
pub(crate) fn data_type(ty: ColumnType) -> DataType {
    match ty {
        ColumnType::U32 => DataType::UInt32,
        ColumnType::U64 => DataType::UInt64,
        ColumnType::F64 => DataType::Float64,
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Utf8 => DataType::Utf8,
        ColumnType::ListF64 => DataType::List(element(DataType::Float64)),
        ColumnType::ListU64 => DataType::List(element(DataType::UInt64)),
        ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
    }
}

/// The field of a list's items, which are never null.
pub(crate) fn element(ty: DataType) -> Arc<Field> {
    Arc::new(Field::new("element", ty, false))
}

/// The word for a type in metadata and docs.
pub(crate) fn type_name(ty: ColumnType) -> &'static str {
    match ty {
        ColumnType::U32 => "u32",
        ColumnType::U64 => "u64",
        ColumnType::F64 => "f64",
        ColumnType::Bool => "bool",
        ColumnType::Utf8 => "utf8",
        ColumnType::ListF64 => "list<f64>",
        ColumnType::ListU64 => "list<u64>",
        ColumnType::Timestamp => "timestamp",
    }
}
