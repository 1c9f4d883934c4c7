//! The column catalogue: every column of every table, once. Writers, readers, metadata and docs all start here.

pub mod attempts;
pub mod comparisons;
pub mod contrasts;
pub mod convergence;
pub mod curves;
pub mod gram;
pub mod layers;
pub mod nulls;
pub mod runs;
pub mod spectra;
pub mod statistics;
pub mod surfaces;
pub mod trajectory;

use crate::spec::{Probe, SweepSpec};

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
    /// One row a run, snapshot and layer.
    Layers,
    /// One row a run, snapshot and draw of stochastic Lanczos quadrature.
    Spectra,
    /// One row a curve.
    Curves,
    /// One row a two-dimensional slice.
    Surfaces,
    /// One row a comparison, snapshot and alignment.
    Comparisons,
    /// One row a cell and metric.
    Statistics,
    /// One row a pair of neighbouring cells and metric.
    Contrasts,
    /// One row an attempt.
    Attempts,
}

impl Table {
    /// Every table, in the order in which files are written.
    pub const ALL: [Self; 13] = [
        Self::Runs,
        Self::Trajectory,
        Self::Gram,
        Self::Convergence,
        Self::Nulls,
        Self::Layers,
        Self::Spectra,
        Self::Curves,
        Self::Surfaces,
        Self::Comparisons,
        Self::Statistics,
        Self::Contrasts,
        Self::Attempts,
    ];

    /// The tables whose rows come from workers, in the order of a row block.
    pub const FROM_WORKERS: [Self; 10] = [
        Self::Runs,
        Self::Trajectory,
        Self::Gram,
        Self::Convergence,
        Self::Nulls,
        Self::Layers,
        Self::Spectra,
        Self::Curves,
        Self::Surfaces,
        Self::Comparisons,
    ];

    /// The probes of which one must be asked for, or the table is absent; none for a default table.
    #[must_use]
    pub fn asked_by(self) -> &'static [Probe] {
        match self {
            Self::Layers => &[Probe::Layers],
            Self::Spectra => &[Probe::Spectrum],
            Self::Curves => &[Probe::Diffusion, Probe::Interpolation],
            Self::Surfaces => &[Probe::Surface],
            Self::Comparisons => &[Probe::Compare],
            _ => &[],
        }
    }

    /// Whether a sweep has this table.
    #[must_use]
    pub fn is_in(self, spec: &SweepSpec) -> bool {
        asks(spec, self.asked_by())
    }

    /// The file's stem.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Trajectory => "trajectory",
            Self::Gram => "gram",
            Self::Convergence => "convergence",
            Self::Nulls => "nulls",
            Self::Layers => "layers",
            Self::Spectra => "spectra",
            Self::Curves => "curves",
            Self::Surfaces => "surfaces",
            Self::Comparisons => "comparisons",
            Self::Statistics => "statistics",
            Self::Contrasts => "contrasts",
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
            Self::Layers => &layers::ALL,
            Self::Spectra => &spectra::ALL,
            Self::Curves => &curves::ALL,
            Self::Surfaces => &surfaces::ALL,
            Self::Comparisons => &comparisons::ALL,
            Self::Statistics => &statistics::ALL,
            Self::Contrasts => &contrasts::ALL,
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
    /// The probes of which one must be asked for, or the column is absent; none for a default column.
    pub asked_by: &'static [Probe],
    /// What it is.
    pub definition: &'static str,
}

impl ColumnDef {
    /// Whether a sweep has this column.
    #[must_use]
    pub fn is_in(&self, spec: &SweepSpec) -> bool {
        asks(spec, self.asked_by)
    }

    const fn asked_by(mut self, probes: &'static [Probe]) -> Self {
        self.asked_by = probes;
        self
    }
}

/// Whether one of the probes is asked for; no probe is needed where there is none.
fn asks(spec: &SweepSpec, probes: &[Probe]) -> bool {
    probes.is_empty() || probes.iter().any(|&probe| spec.asks_for(probe))
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
    ColumnDef { table, name, ty, nullable, unit, version: 1, source, asked_by: &[], definition }
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
