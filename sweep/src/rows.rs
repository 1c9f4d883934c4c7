//! Row blocks: what one job adds to the tables, packed by column in schema order.

use sha2::{Digest, Sha256};

use crate::columns::{ColumnDef, ColumnType, Table};
use crate::spec::SweepSpec;

/// The columns that workers fill, by table: a function of the spec, fixed at admission.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// Tables in the order of [`Table`], each with its columns in the order of the catalogue.
    pub tables: Vec<TableSchema>,
    /// Computed once: it stands in every block.
    id: u64,
}

/// The columns that workers fill in one table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableSchema {
    /// Which table.
    pub table: Table,
    /// Its columns, in order.
    pub columns: Vec<&'static ColumnDef>,
}

impl Schema {
    /// The schema of a sweep's row blocks.
    #[must_use]
    pub fn of(spec: &SweepSpec) -> Self {
        let tables = Table::FROM_WORKERS
            .iter()
            .filter(|table| table.is_in(spec))
            .map(|&table| TableSchema {
                table,
                columns: table.worker_columns().filter(|column| column.is_in(spec)).collect(),
            })
            .collect();
        Self::new(tables)
    }

    /// A schema of these tables.
    #[must_use]
    pub fn new(tables: Vec<TableSchema>) -> Self {
        let id = id(&tables);
        Self { tables, id }
    }

    /// One table's columns, if workers fill that table.
    #[must_use]
    pub fn table(&self, table: Table) -> Option<&TableSchema> {
        self.tables.iter().find(|schema| schema.table == table)
    }

    /// Names the schema on the wire: the first eight bytes of a SHA-256 over names, types and versions.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }
}

fn id(tables: &[TableSchema]) -> u64 {
    let mut hasher = Sha256::new();
    for table in tables {
        for column in &table.columns {
            hasher.update(table.table.as_str());
            hasher.update([0]);
            hasher.update(column.name);
            hasher.update([0, column.ty as u8, u8::from(column.nullable), column.version]);
        }
    }
    let digest = hasher.finalize();
    u64::from_le_bytes(std::array::from_fn(|i| digest[i]))
}

/// All rows of one job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowBlock {
    /// Tables in schema order; a table without rows may be left out.
    pub tables: Vec<TableRows>,
}

/// One job's rows of one table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableRows {
    /// Which table.
    pub table: Table,
    /// How many rows.
    pub n_rows: u32,
    /// One a column of the schema, in its order, each with `n_rows` values.
    pub columns: Vec<Column>,
}

/// One column's values, and which of them are null.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// One a row; the type's zero where null.
    pub values: Values,
    /// Bit `i` (least significant first) is set where row `i` is null; empty where none is.
    pub nulls: Vec<u8>,
}

impl Column {
    /// Whether row `row` is null.
    #[must_use]
    pub fn is_null(&self, row: usize) -> bool {
        self.nulls.get(row / 8).is_some_and(|byte| byte >> (row % 8) & 1 == 1)
    }
}

/// A column's values by type.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// 32-bit counts.
    U32(Vec<u32>),
    /// 64-bit counts.
    U64(Vec<u64>),
    /// Numbers.
    F64(Vec<f64>),
    /// Truths.
    Bool(Vec<bool>),
    /// Text.
    Utf8(Vec<String>),
    /// Lists of numbers: row `i` is `values[offsets[i]..offsets[i + 1]]`.
    ListF64 {
        /// `n_rows + 1` ends.
        offsets: Vec<u32>,
        /// All rows' items.
        values: Vec<f64>,
    },
    /// Lists of counts, likewise.
    ListU64 {
        /// `n_rows + 1` ends.
        offsets: Vec<u32>,
        /// All rows' items.
        values: Vec<u64>,
    },
}

impl Values {
    fn empty(ty: ColumnType) -> Self {
        match ty {
            ColumnType::U32 => Self::U32(Vec::new()),
            ColumnType::U64 => Self::U64(Vec::new()),
            ColumnType::F64 => Self::F64(Vec::new()),
            ColumnType::Bool => Self::Bool(Vec::new()),
            ColumnType::Utf8 => Self::Utf8(Vec::new()),
            ColumnType::ListF64 => Self::ListF64 { offsets: vec![0], values: Vec::new() },
            ColumnType::ListU64 => Self::ListU64 { offsets: vec![0], values: Vec::new() },
            ColumnType::Timestamp => unreachable!("no worker column is a timestamp"),
        }
    }

    /// The type of column that holds such values.
    #[must_use]
    pub fn ty(&self) -> ColumnType {
        match self {
            Self::U32(_) => ColumnType::U32,
            Self::U64(_) => ColumnType::U64,
            Self::F64(_) => ColumnType::F64,
            Self::Bool(_) => ColumnType::Bool,
            Self::Utf8(_) => ColumnType::Utf8,
            Self::ListF64 { .. } => ColumnType::ListF64,
            Self::ListU64 { .. } => ColumnType::ListU64,
        }
    }

    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::U32(values) => values.len(),
            Self::U64(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::Bool(values) => values.len(),
            Self::Utf8(values) => values.len(),
            Self::ListF64 { offsets, .. } | Self::ListU64 { offsets, .. } => offsets.len() - 1,
        }
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One value on its way into a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// No value.
    Null,
    /// A 32-bit count.
    U32(u32),
    /// A 64-bit count.
    U64(u64),
    /// A number; one that is not finite becomes null.
    F64(f64),
    /// A truth.
    Bool(bool),
    /// Text.
    Utf8(String),
    /// A list of numbers.
    ListF64(Vec<f64>),
    /// A list of counts.
    ListU64(Vec<u64>),
}

/// Makes `From<T>` and `From<Option<T>>` for a cell's kinds.
macro_rules! cell_from {
    ($($ty:ty => $variant:ident),* $(,)?) => {$(
        impl From<$ty> for Cell {
            fn from(value: $ty) -> Self {
                Self::$variant(value)
            }
        }

        impl From<Option<$ty>> for Cell {
            fn from(value: Option<$ty>) -> Self {
                value.map_or(Self::Null, Self::$variant)
            }
        }
    )*};
}

cell_from! {
    u32 => U32,
    u64 => U64,
    f64 => F64,
    bool => Bool,
    String => Utf8,
    Vec<f64> => ListF64,
    Vec<u64> => ListU64,
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Self::Utf8(value.to_owned())
    }
}

/// Builds one table's rows column by column, holding every cell to the catalogue.
#[derive(Debug)]
pub struct TableBuilder {
    table: Table,
    columns: Vec<&'static ColumnDef>,
    built: Vec<Column>,
    filled: Vec<bool>,
    n_rows: u32,
}

impl TableBuilder {
    /// An empty table of that schema.
    #[must_use]
    pub fn new(schema: &TableSchema) -> Self {
        let built = schema
            .columns
            .iter()
            .map(|column| Column { values: Values::empty(column.ty), nulls: Vec::new() })
            .collect();
        let filled = vec![false; schema.columns.len()];
        Self { table: schema.table, columns: schema.columns.clone(), built, filled, n_rows: 0 }
    }

    /// Adds one row from its cells; nullable columns that are not named become null.
    ///
    /// # Panics
    /// If a cell names a column that the table does not have or has been given already, has another type than the
    /// catalogue says, or a column that is not nullable gets no value: each is a bug in the caller.
    pub fn push(&mut self, cells: impl IntoIterator<Item = (&'static ColumnDef, Cell)>) {
        self.filled.fill(false);
        for (column, cell) in cells {
            let at = self.columns.iter().position(|known| std::ptr::eq(*known, column) || known.name == column.name);
            let Some(at) = at else { panic!("{} has no column {}", self.table.as_str(), column.name) };
            assert!(!self.filled[at], "{} is given twice", column.name);
            self.filled[at] = true;
            self.append(at, cell);
        }
        for at in 0..self.columns.len() {
            if !self.filled[at] {
                self.append(at, Cell::Null);
            }
        }
        self.n_rows += 1;
    }

    /// The rows.
    #[must_use]
    pub fn finish(self) -> TableRows {
        TableRows { table: self.table, n_rows: self.n_rows, columns: self.built }
    }

    fn append(&mut self, at: usize, cell: Cell) {
        let (column, row) = (self.columns[at], self.n_rows as usize);
        let built = &mut self.built[at];
        let mut null = false;
        match (&mut built.values, cell) {
            (Values::U32(values), Cell::U32(value)) => values.push(value),
            (Values::U64(values), Cell::U64(value)) => values.push(value),
            (Values::F64(values), Cell::F64(value)) => {
                null = !value.is_finite();
                values.push(if null { 0.0 } else { value });
            }
            (Values::Bool(values), Cell::Bool(value)) => values.push(value),
            (Values::Utf8(values), Cell::Utf8(value)) => values.push(value),
            (Values::ListF64 { offsets, values }, Cell::ListF64(items)) => {
                values.extend(items);
                offsets.push(values.len() as u32);
            }
            (Values::ListU64 { offsets, values }, Cell::ListU64(items)) => {
                values.extend(items);
                offsets.push(values.len() as u32);
            }
            (values, Cell::Null) => {
                null = true;
                push_zero(values);
            }
            (_, cell) => panic!("{} is {:?}, not {cell:?}", column.name, column.ty),
        }
        if null {
            assert!(column.nullable, "{}.{} must have a value", self.table.as_str(), column.name);
            built.nulls.resize(row / 8 + 1, 0);
            built.nulls[row / 8] |= 1 << (row % 8);
        }
    }
}

fn push_zero(values: &mut Values) {
    match values {
        Values::U32(values) => values.push(0),
        Values::U64(values) => values.push(0),
        Values::F64(values) => values.push(0.0),
        Values::Bool(values) => values.push(false),
        Values::Utf8(values) => values.push(String::new()),
        Values::ListF64 { offsets, values } => offsets.push(values.len() as u32),
        Values::ListU64 { offsets, values } => offsets.push(values.len() as u32),
    }
}
