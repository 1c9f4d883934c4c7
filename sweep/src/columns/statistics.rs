//! `statistics.parquet`: one row a cell and metric (and step): statistics over its replicates.

use super::{ColumnDef, ColumnType, Probe, Source, Table, column};

/// As in runs.
pub static CELL: ColumnDef =
    column(Table::Statistics, "cell", ColumnType::U64, false, "1", Source::Merge, "as in runs");
/// As in runs.
pub static CELL_LABEL: ColumnDef =
    column(Table::Statistics, "cell_label", ColumnType::Utf8, false, "1", Source::Merge, "as in runs");
/// Run, snapshot, comparison or layer: what a value belongs to.
pub static LEVEL: ColumnDef = column(
    Table::Statistics,
    "level",
    ColumnType::Utf8,
    false,
    "1",
    Source::Merge,
    "run, snapshot, comparison or layer: what a value belongs to",
);
/// The column that is summarised; of convergence with its threshold, as travel_fraction_q01 for q = 0.01; of nulls over the whole path as null_signs_pca_explained_1 (their mean) and null_signs_pca_explained_1_sd.
pub static METRIC: ColumnDef = column(
    Table::Statistics,
    "metric",
    ColumnType::Utf8,
    false,
    "1",
    Source::Merge,
    "the column that is summarised; of convergence with its threshold, as travel_fraction_q01 for q = 0.01; of nulls over the whole path as null_signs_pca_explained_1 (their mean) and null_signs_pca_explained_1_sd",
);
/// Its unit.
pub static UNIT: ColumnDef = column(Table::Statistics, "unit", ColumnType::Utf8, false, "1", Source::Merge, "its unit");
/// For metrics of snapshots and layers; of comparisons the first member's, where it is one.
pub static STEP: ColumnDef = column(
    Table::Statistics,
    "step",
    ColumnType::U64,
    true,
    "step",
    Source::Merge,
    "for metrics of snapshots and layers; of comparisons the first member's, where it is one",
);
/// For metrics of snapshots and layers; of comparisons the first member's, where it is one.
pub static EPOCH: ColumnDef = column(
    Table::Statistics,
    "epoch",
    ColumnType::F64,
    true,
    "epoch",
    Source::Merge,
    "for metrics of snapshots and layers; of comparisons the first member's, where it is one",
);
/// Of comparisons: which [[compare]] of the sweep file, from 0.
pub static COMPARE: ColumnDef = column(
    Table::Statistics,
    "compare",
    ColumnType::U32,
    true,
    "1",
    Source::Merge,
    "of comparisons: which [[compare]] of the sweep file, from 0",
)
.asked_by(&[Probe::Compare]);
/// Of comparisons: kind, as in comparisons.
pub static COMPARISON_KIND: ColumnDef = column(
    Table::Statistics,
    "comparison_kind",
    ColumnType::Utf8,
    true,
    "1",
    Source::Merge,
    "of comparisons: kind, as in comparisons",
)
.asked_by(&[Probe::Compare]);
/// Of comparisons: the axis over which members differ.
pub static DIFFERS_IN: ColumnDef = column(
    Table::Statistics,
    "differs_in",
    ColumnType::Utf8,
    true,
    "1",
    Source::Merge,
    "of comparisons: the axis over which members differ",
)
.asked_by(&[Probe::Compare]);
/// Of comparisons: start, end, or epoch N.
pub static AT: ColumnDef = column(
    Table::Statistics,
    "at",
    ColumnType::Utf8,
    true,
    "1",
    Source::Merge,
    "of comparisons: start, end, or epoch N",
)
.asked_by(&[Probe::Compare]);
/// Of comparisons: whether hidden units were permuted to match first.
pub static ALIGNED: ColumnDef = column(
    Table::Statistics,
    "aligned",
    ColumnType::Bool,
    true,
    "1",
    Source::Merge,
    "of comparisons: whether hidden units were permuted to match first",
)
.asked_by(&[Probe::Compare]);
/// Of layers: position among the layers with weights, from 0.
pub static LAYER: ColumnDef = column(
    Table::Statistics,
    "layer",
    ColumnType::U32,
    true,
    "1",
    Source::Merge,
    "of layers: position among the layers with weights, from 0",
)
.asked_by(&[Probe::Layers]);
/// Iid, crossed (two seeds vary against each other) or pairs (comparisons whose members differ in a seed).
pub static DESIGN: ColumnDef = column(
    Table::Statistics,
    "design",
    ColumnType::Utf8,
    false,
    "1",
    Source::Merge,
    "iid, crossed (two seeds vary against each other) or pairs (comparisons whose members differ in a seed)",
);
/// Runs of the cell, whether they have ended or not.
pub static N_TOTAL: ColumnDef = column(
    Table::Statistics,
    "n_total",
    ColumnType::U32,
    false,
    "1",
    Source::Merge,
    "runs of the cell, whether they have ended or not",
);
/// Runs with a value, never rows or pairs; seeds with a value where runs have branches, which are averaged by seed first.
pub static N_VALUE: ColumnDef = column(
    Table::Statistics,
    "n_value",
    ColumnType::U32,
    false,
    "1",
    Source::Merge,
    "runs with a value, never rows or pairs; seeds with a value where runs have branches, which are averaged by seed first",
);
/// Runs that succeeded.
pub static N_SUCCEEDED: ColumnDef =
    column(Table::Statistics, "n_succeeded", ColumnType::U32, false, "1", Source::Merge, "runs that succeeded");
/// Runs that diverged.
pub static N_DIVERGED: ColumnDef =
    column(Table::Statistics, "n_diverged", ColumnType::U32, false, "1", Source::Merge, "runs that diverged");
/// Runs that failed, were cancelled or quarantined.
pub static N_FAILED: ColumnDef = column(
    Table::Statistics,
    "n_failed",
    ColumnType::U32,
    false,
    "1",
    Source::Merge,
    "runs that failed, were cancelled or quarantined",
);
/// Some run of the cell has no value: the statistics describe the others.
pub static SURVIVORS_ONLY: ColumnDef = column(
    Table::Statistics,
    "survivors_only",
    ColumnType::Bool,
    false,
    "1",
    Source::Merge,
    "some run of the cell has no value: the statistics describe the others",
);
/// Mean over runs.
pub static MEAN: ColumnDef =
    column(Table::Statistics, "mean", ColumnType::F64, true, "metric", Source::Merge, "mean over runs");
/// Standard deviation (ddof 1).
pub static SD: ColumnDef =
    column(Table::Statistics, "sd", ColumnType::F64, true, "metric", Source::Merge, "standard deviation (ddof 1)");
/// Standard error of the mean: sd / √n_value; from the variance components of both seeds where they are crossed; of pairs the jackknife that leaves one seed out.
pub static SEM: ColumnDef = column(
    Table::Statistics,
    "sem",
    ColumnType::F64,
    true,
    "metric",
    Source::Merge,
    "standard error of the mean: sd / √n_value; from the variance components of both seeds where they are crossed; of pairs the jackknife that leaves one seed out",
);
/// Type 7 quantile at .5.
pub static MEDIAN: ColumnDef =
    column(Table::Statistics, "median", ColumnType::F64, true, "metric", Source::Merge, "type 7 quantile at .5");
/// Type 7 quantile at .05.
pub static Q05: ColumnDef =
    column(Table::Statistics, "q05", ColumnType::F64, true, "metric", Source::Merge, "type 7 quantile at .05");
/// At .25.
pub static Q25: ColumnDef = column(Table::Statistics, "q25", ColumnType::F64, true, "metric", Source::Merge, "at .25");
/// At .75.
pub static Q75: ColumnDef = column(Table::Statistics, "q75", ColumnType::F64, true, "metric", Source::Merge, "at .75");
/// At .95.
pub static Q95: ColumnDef = column(Table::Statistics, "q95", ColumnType::F64, true, "metric", Source::Merge, "at .95");
/// Lowest value.
pub static MIN: ColumnDef =
    column(Table::Statistics, "min", ColumnType::F64, true, "metric", Source::Merge, "lowest value");
/// Highest value.
pub static MAX: ColumnDef =
    column(Table::Statistics, "max", ColumnType::F64, true, "metric", Source::Merge, "highest value");
/// Lower limit for the mean: Student t on n_value − 1; on Satterthwaite's degrees of freedom where seeds are crossed; Wilson for fractions of runs (learned).
pub static T_LOW: ColumnDef = column(
    Table::Statistics,
    "t_low",
    ColumnType::F64,
    true,
    "metric",
    Source::Merge,
    "lower limit for the mean: Student t on n_value − 1; on Satterthwaite's degrees of freedom where seeds are crossed; Wilson for fractions of runs (learned)",
);
/// Upper limit, likewise.
pub static T_HIGH: ColumnDef =
    column(Table::Statistics, "t_high", ColumnType::F64, true, "metric", Source::Merge, "upper limit, likewise");
/// Lower percentile limit for the mean over 2,000 resamples of the runs (of both seeds where crossed); null for snapshots, layers and comparisons, and above 10,000 runs.
pub static BOOTSTRAP_LOW: ColumnDef = column(
    Table::Statistics,
    "bootstrap_low",
    ColumnType::F64,
    true,
    "metric",
    Source::Merge,
    "lower percentile limit for the mean over 2,000 resamples of the runs (of both seeds where crossed); null for snapshots, layers and comparisons, and above 10,000 runs",
);
/// Upper limit, likewise.
pub static BOOTSTRAP_HIGH: ColumnDef = column(
    Table::Statistics,
    "bootstrap_high",
    ColumnType::F64,
    true,
    "metric",
    Source::Merge,
    "upper limit, likewise",
);
/// Level of the intervals: .95.
pub static CI_LEVEL: ColumnDef =
    column(Table::Statistics, "ci_level", ColumnType::F64, false, "1", Source::Merge, "level of the intervals: .95");
/// Exp of the mean log; null unless every value is positive.
pub static GEOMETRIC_MEAN: ColumnDef = column(
    Table::Statistics,
    "geometric_mean",
    ColumnType::F64,
    true,
    "metric",
    Source::Merge,
    "exp of the mean log; null unless every value is positive",
);
/// Exp of the lower t limit of the mean log.
pub static LOG_T_LOW: ColumnDef = column(
    Table::Statistics,
    "log_t_low",
    ColumnType::F64,
    true,
    "metric",
    Source::Merge,
    "exp of the lower t limit of the mean log",
);
/// Exp of the upper t limit of the mean log.
pub static LOG_T_HIGH: ColumnDef = column(
    Table::Statistics,
    "log_t_high",
    ColumnType::F64,
    true,
    "metric",
    Source::Merge,
    "exp of the upper t limit of the mean log",
);

/// The columns in their order; axis columns stand after `settings` in `runs` and first in `statistics`.
pub static ALL: [&ColumnDef; 38] = [
    &CELL,
    &CELL_LABEL,
    &LEVEL,
    &METRIC,
    &UNIT,
    &STEP,
    &EPOCH,
    &COMPARE,
    &COMPARISON_KIND,
    &DIFFERS_IN,
    &AT,
    &ALIGNED,
    &LAYER,
    &DESIGN,
    &N_TOTAL,
    &N_VALUE,
    &N_SUCCEEDED,
    &N_DIVERGED,
    &N_FAILED,
    &SURVIVORS_ONLY,
    &MEAN,
    &SD,
    &SEM,
    &MEDIAN,
    &Q05,
    &Q25,
    &Q75,
    &Q95,
    &MIN,
    &MAX,
    &T_LOW,
    &T_HIGH,
    &BOOTSTRAP_LOW,
    &BOOTSTRAP_HIGH,
    &CI_LEVEL,
    &GEOMETRIC_MEAN,
    &LOG_T_LOW,
    &LOG_T_HIGH,
];
