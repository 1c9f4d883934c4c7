//! The column catalogue: every column of every table, once. Writers, readers, metadata and docs all start here.

pub mod attempts;
pub mod convergence;
pub mod gram;
pub mod nulls;
pub mod runs;
pub mod statistics;
pub mod trajectory;

/// A table of the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// One row a run.
    Runs,
    /// One row a run at a snapshot.
    Trajectory,
    /// One row a run: its step Gram matrix.
    Gram,
    /// One row a run and threshold.
    Convergence,
    /// One row a run, window, statistic and null.
    Nulls,
    /// One row a cell and metric.
    Statistics,
    /// One row an attempt.
    Attempts,
}

impl Table {
    /// Every table, in the order in which files are written.
    pub const ALL: [Self; 7] =
        [Self::Runs, Self::Trajectory, Self::Gram, Self::Convergence, Self::Nulls, Self::Statistics, Self::Attempts];

    /// The tables whose rows come from workers, in the order of a row block.
    pub const FROM_WORKERS: [Self; 5] = [Self::Runs, Self::Trajectory, Self::Gram, Self::Convergence, Self::Nulls];

    /// The file's stem.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Trajectory => "trajectory",
            Self::Gram => "gram",
            Self::Convergence => "convergence",
            Self::Nulls => "nulls",
            Self::Statistics => "statistics",
            Self::Attempts => "attempts",
        }
    }

    /// The table of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.as_str() == name)
    }

    /// All columns but the axes', in their order.
    #[must_use]
    pub fn columns(self) -> &'static [&'static ColumnDef] {
        match self {
            Self::Runs => &runs::ALL,
            Self::Trajectory => &trajectory::ALL,
            Self::Gram => &gram::ALL,
            Self::Convergence => &convergence::ALL,
            Self::Nulls => &nulls::ALL,
            Self::Statistics => &statistics::ALL,
            Self::Attempts => &attempts::ALL,
        }
    }

    /// The columns that a worker fills.
    pub fn worker_columns(self) -> impl Iterator<Item = &'static ColumnDef> {
        self.columns().iter().copied().filter(|column| column.source == Source::Worker)
    }
}

/// One column: what it holds, in what, and who fills it.
#[derive(Debug, PartialEq, Eq)]
pub struct ColumnDef {
    /// Its table.
    pub table: Table,
    /// Its name, unique in the table.
    pub name: &'static str,
    /// Its type.
    pub ty: ColumnType,
    /// Whether it may be null.
    pub nullable: bool,
    /// `w` = length in weight space, `nat` = the loss's unit, `frac` = a share, `1` = none.
    pub unit: &'static str,
    /// Raised when the definition changes.
    pub version: u8,
    /// Who fills it.
    pub source: Source,
    /// What it is.
    pub definition: &'static str,
}

/// A column's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ColumnType {
    /// 32-bit count.
    U32 = 1,
    /// 64-bit count.
    U64 = 2,
    /// Number.
    F64 = 3,
    /// Truth.
    Bool = 4,
    /// Text.
    Utf8 = 5,
    /// List of numbers.
    ListF64 = 6,
    /// List of counts.
    ListU64 = 7,
    /// Microseconds since 1970, UTC. Never from a worker.
    Timestamp = 8,
}

/// Who fills a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The worker: it travels in row blocks.
    Worker,
    /// The job number: computed from the spec when tables are written.
    Plan,
    /// The coordinator, when an attempt ends.
    Coordinator,
    /// The merge, over a cell's runs.
    Merge,
}

const fn column(
    table: Table,
    name: &'static str,
    ty: ColumnType,
    nullable: bool,
    unit: &'static str,
    source: Source,
    definition: &'static str,
) -> ColumnDef {
    ColumnDef { table, name, ty, nullable, unit, version: 1, source, definition }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_every_column_knows_its_table() {
        for table in Table::ALL {
            let columns = table.columns();
            for (at, column) in columns.iter().enumerate() {
                assert_eq!(column.table, table, "{}", column.name);
                assert!(columns[..at].iter().all(|other| other.name != column.name), "{}", column.name);
            }
        }
    }
}
