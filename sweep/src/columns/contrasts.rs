//! `contrasts.parquet`: neighbours along an axis, paired by seed.

use super::{ColumnDef, ColumnType, Source, Table, column};

/// The axis along which two neighbouring cells differ, by its column; zipped axes are one, joined by +.
pub static AXIS: ColumnDef = column(
    Table::Contrasts,
    "axis",
    ColumnType::Utf8,
    false,
    "1",
    Source::Merge,
    "the axis along which two neighbouring cells differ, by its column; zipped axes are one, joined by +",
);
/// Its value in the first cell.
pub static LEVEL_A: ColumnDef =
    column(Table::Contrasts, "level_a", ColumnType::Utf8, false, "1", Source::Merge, "its value in the first cell");
/// In the second.
pub static LEVEL_B: ColumnDef =
    column(Table::Contrasts, "level_b", ColumnType::Utf8, false, "1", Source::Merge, "in the second");
/// The first cell.
pub static CELL_A: ColumnDef =
    column(Table::Contrasts, "cell_a", ColumnType::U64, false, "1", Source::Merge, "the first cell");
/// The second cell.
pub static CELL_B: ColumnDef =
    column(Table::Contrasts, "cell_b", ColumnType::U64, false, "1", Source::Merge, "the second cell");
/// What the two have in common.
pub static CELL_LABEL: ColumnDef =
    column(Table::Contrasts, "cell_label", ColumnType::Utf8, false, "1", Source::Merge, "what the two have in common");
/// As in statistics.
pub static METRIC: ColumnDef =
    column(Table::Contrasts, "metric", ColumnType::Utf8, false, "1", Source::Merge, "as in statistics");
/// Of the metric.
pub static UNIT: ColumnDef =
    column(Table::Contrasts, "unit", ColumnType::Utf8, false, "1", Source::Merge, "of the metric");
/// Mean over seeds of second − first.
pub static MEAN_DIFFERENCE: ColumnDef = column(
    Table::Contrasts,
    "mean_difference",
    ColumnType::F64,
    true,
    "metric",
    Source::Merge,
    "mean over seeds of second − first",
);
/// Lower end of its 95 % interval, Student t over the pairs; by both seeds where they are crossed.
pub static T_LOW: ColumnDef = column(
    Table::Contrasts,
    "t_low",
    ColumnType::F64,
    true,
    "metric",
    Source::Merge,
    "lower end of its 95 % interval, Student t over the pairs; by both seeds where they are crossed",
);
/// Upper end.
pub static T_HIGH: ColumnDef =
    column(Table::Contrasts, "t_high", ColumnType::F64, true, "metric", Source::Merge, "upper end");
/// Seeds with a value in both cells.
pub static N_PAIRS: ColumnDef =
    column(Table::Contrasts, "n_pairs", ColumnType::U32, false, "1", Source::Merge, "seeds with a value in both cells");
/// Two-sided p of no difference, Student t over the pairs.
pub static P: ColumnDef = column(
    Table::Contrasts,
    "p",
    ColumnType::F64,
    true,
    "1",
    Source::Merge,
    "two-sided p of no difference, Student t over the pairs",
);
/// The same, adjusted by Holm over all contrasts of that axis and metric.
pub static P_HOLM: ColumnDef = column(
    Table::Contrasts,
    "p_holm",
    ColumnType::F64,
    true,
    "1",
    Source::Merge,
    "the same, adjusted by Holm over all contrasts of that axis and metric",
);
/// Why there is no interval: too-few-pairs or zero-variance.
pub static STATUS: ColumnDef = column(
    Table::Contrasts,
    "status",
    ColumnType::Utf8,
    true,
    "1",
    Source::Merge,
    "why there is no interval: too-few-pairs or zero-variance",
);

/// The columns in their order.
pub static ALL: [&ColumnDef; 15] = [
    &AXIS,
    &LEVEL_A,
    &LEVEL_B,
    &CELL_A,
    &CELL_B,
    &CELL_LABEL,
    &METRIC,
    &UNIT,
    &MEAN_DIFFERENCE,
    &T_LOW,
    &T_HIGH,
    &N_PAIRS,
    &P,
    &P_HOLM,
    &STATUS,
];
