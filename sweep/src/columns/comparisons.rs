//! `comparisons.parquet`: one row a comparison, snapshot and alignment.

use super::{ColumnDef, ColumnType, Source, Table, column};

/// The comparison's index in the sweep.
pub static COMPARISON: ColumnDef = column(
    Table::Comparisons,
    "comparison",
    ColumnType::U64,
    false,
    "1",
    Source::Plan,
    "the comparison's index in the sweep",
);
/// The cell of its first member.
pub static CELL: ColumnDef =
    column(Table::Comparisons, "cell", ColumnType::U64, false, "1", Source::Plan, "the cell of its first member");
/// What its members have in common.
pub static CELL_LABEL: ColumnDef = column(
    Table::Comparisons,
    "cell_label",
    ColumnType::Utf8,
    false,
    "1",
    Source::Plan,
    "what its members have in common",
);
/// The seed that its members share; null where they differ in it.
pub static SEED: ColumnDef = column(
    Table::Comparisons,
    "seed",
    ColumnType::U64,
    true,
    "1",
    Source::Plan,
    "the seed that its members share; null where they differ in it",
);
/// Optimiser updates before the fork, where its members are branches of one trunk.
pub static FORK_STEP: ColumnDef = column(
    Table::Comparisons,
    "fork_step",
    ColumnType::U64,
    true,
    "step",
    Source::Worker,
    "optimiser updates before the fork, where its members are branches of one trunk",
);
/// Interpolation, distance, alignment or prediction.
pub static KIND: ColumnDef = column(
    Table::Comparisons,
    "kind",
    ColumnType::Utf8,
    false,
    "1",
    Source::Plan,
    "interpolation, distance, alignment or prediction",
);
/// Its first member, as in runs.
pub static RUN_A: ColumnDef =
    column(Table::Comparisons, "run_a", ColumnType::U64, false, "1", Source::Plan, "its first member, as in runs");
/// Its second, where there are two.
pub static RUN_B: ColumnDef =
    column(Table::Comparisons, "run_b", ColumnType::U64, true, "1", Source::Plan, "its second, where there are two");
/// All members, as in runs.
pub static MEMBERS: ColumnDef =
    column(Table::Comparisons, "members", ColumnType::ListU64, false, "1", Source::Plan, "all members, as in runs");
/// The axis over which they differ.
pub static DIFFERS_IN: ColumnDef = column(
    Table::Comparisons,
    "differs_in",
    ColumnType::Utf8,
    false,
    "1",
    Source::Plan,
    "the axis over which they differ",
);
/// Whether hidden units were permuted to match first.
pub static ALIGNED: ColumnDef = column(
    Table::Comparisons,
    "aligned",
    ColumnType::Bool,
    false,
    "1",
    Source::Worker,
    "whether hidden units were permuted to match first",
);
/// Start, end, epoch N or step N.
pub static AT: ColumnDef =
    column(Table::Comparisons, "at", ColumnType::Utf8, false, "1", Source::Worker, "start, end, epoch N or step N");
/// Step of the first member's snapshot.
pub static AT_STEP_A: ColumnDef = column(
    Table::Comparisons,
    "at_step_a",
    ColumnType::U64,
    true,
    "step",
    Source::Worker,
    "step of the first member's snapshot",
);
/// Of the second's.
pub static AT_STEP_B: ColumnDef =
    column(Table::Comparisons, "at_step_b", ColumnType::U64, true, "step", Source::Worker, "of the second's");
/// Shares of the segment from the first to the second member, 0 and 1 among them.
pub static ALPHA: ColumnDef = column(
    Table::Comparisons,
    "alpha",
    ColumnType::ListF64,
    true,
    "1",
    Source::Worker,
    "shares of the segment from the first to the second member, 0 and 1 among them",
);
/// Loss over the training set at each.
pub static TRAIN_LOSS: ColumnDef = column(
    Table::Comparisons,
    "train_loss",
    ColumnType::ListF64,
    true,
    "nat",
    Source::Worker,
    "loss over the training set at each",
);
/// Test loss at each.
pub static TEST_LOSS: ColumnDef =
    column(Table::Comparisons, "test_loss", ColumnType::ListF64, true, "nat", Source::Worker, "test loss at each");
/// Training error at each.
pub static TRAIN_ERROR: ColumnDef = column(
    Table::Comparisons,
    "train_error",
    ColumnType::ListF64,
    true,
    "frac",
    Source::Worker,
    "training error at each",
);
/// Test error at each.
pub static TEST_ERROR: ColumnDef =
    column(Table::Comparisons, "test_error", ColumnType::ListF64, true, "frac", Source::Worker, "test error at each");
/// Highest interior training loss over the mean of the two ends; null where the ends differ by design.
pub static BARRIER_MEAN: ColumnDef = column(
    Table::Comparisons,
    "barrier_mean",
    ColumnType::F64,
    true,
    "nat",
    Source::Worker,
    "highest interior training loss over the mean of the two ends; null where the ends differ by design",
);
/// Over the chord: a convexity violation where positive.
pub static BARRIER_CHORD: ColumnDef = column(
    Table::Comparisons,
    "barrier_chord",
    ColumnType::F64,
    true,
    "nat",
    Source::Worker,
    "over the chord: a convexity violation where positive",
);
/// Over the higher end.
pub static BARRIER_MAX: ColumnDef =
    column(Table::Comparisons, "barrier_max", ColumnType::F64, true, "nat", Source::Worker, "over the higher end");
/// Highest interior test error over the mean of the two ends.
pub static BARRIER_ERROR: ColumnDef = column(
    Table::Comparisons,
    "barrier_error",
    ColumnType::F64,
    true,
    "frac",
    Source::Worker,
    "highest interior test error over the mean of the two ends",
);
/// Largest difference of the loss from that in f64 with the examples in reverse, at the ends and the middle.
pub static LOSS_ERROR: ColumnDef = column(
    Table::Comparisons,
    "loss_error",
    ColumnType::F64,
    true,
    "nat",
    Source::Worker,
    "largest difference of the loss from that in f64 with the examples in reverse, at the ends and the middle",
);
/// Interior points above the chord by more than 3 × loss_error.
pub static VIOLATIONS: ColumnDef = column(
    Table::Comparisons,
    "violations",
    ColumnType::U32,
    true,
    "1",
    Source::Worker,
    "interior points above the chord by more than 3 × loss_error",
);
/// Smallest second difference of the training loss over neighbouring points.
pub static MIN_SECOND_DIFFERENCE: ColumnDef = column(
    Table::Comparisons,
    "min_second_difference",
    ColumnType::F64,
    true,
    "nat",
    Source::Worker,
    "smallest second difference of the training loss over neighbouring points",
);
/// ‖θa − θb‖; of more than two members the mean over pairs.
pub static DISTANCE: ColumnDef = column(
    Table::Comparisons,
    "distance",
    ColumnType::F64,
    true,
    "w",
    Source::Worker,
    "‖θa − θb‖; of more than two members the mean over pairs",
);
/// Cosine of θa − θ0 and θb − θ0, where they have one start or one fork.
pub static DISPLACEMENT_COSINE: ColumnDef = column(
    Table::Comparisons,
    "displacement_cosine",
    ColumnType::F64,
    true,
    "1",
    Source::Worker,
    "cosine of θa − θ0 and θb − θ0, where they have one start or one fork",
);
/// Share of test examples on whose class they disagree; of more than two members the mean over pairs.
pub static PREDICTION_DISAGREEMENT: ColumnDef = column(
    Table::Comparisons,
    "prediction_disagreement",
    ColumnType::F64,
    true,
    "frac",
    Source::Worker,
    "share of test examples on whose class they disagree; of more than two members the mean over pairs",
);
/// Mean symmetrised KL divergence of their predicted distributions over test examples.
pub static PREDICTION_KL: ColumnDef = column(
    Table::Comparisons,
    "prediction_kl",
    ColumnType::F64,
    true,
    "nat",
    Source::Worker,
    "mean symmetrised KL divergence of their predicted distributions over test examples; of more than two members the mean over pairs",
);
/// Why values are null.
pub static STATUS: ColumnDef = column(
    Table::Comparisons,
    "status",
    ColumnType::Utf8,
    true,
    "1",
    Source::Worker,
    "why values are null: member-failed, member-diverged, no-snapshot, no-fork-snapshot, too-few-members, different-networks, different-data, more-than-two, or a probe's reason",
);

/// The columns in their order.
pub static ALL: [&ColumnDef; 31] = [
    &COMPARISON,
    &CELL,
    &CELL_LABEL,
    &SEED,
    &FORK_STEP,
    &KIND,
    &RUN_A,
    &RUN_B,
    &MEMBERS,
    &DIFFERS_IN,
    &ALIGNED,
    &AT,
    &AT_STEP_A,
    &AT_STEP_B,
    &ALPHA,
    &TRAIN_LOSS,
    &TEST_LOSS,
    &TRAIN_ERROR,
    &TEST_ERROR,
    &BARRIER_MEAN,
    &BARRIER_CHORD,
    &BARRIER_MAX,
    &BARRIER_ERROR,
    &LOSS_ERROR,
    &VIOLATIONS,
    &MIN_SECOND_DIFFERENCE,
    &DISTANCE,
    &DISPLACEMENT_COSINE,
    &PREDICTION_DISAGREEMENT,
    &PREDICTION_KL,
    &STATUS,
];
