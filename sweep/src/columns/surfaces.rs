//! `surfaces.parquet`: one row a two-dimensional slice of the loss.

use super::{ColumnDef, ColumnType, Source, Table, column};

/// The run, as in runs.
pub static RUN: ColumnDef =
    column(Table::Surfaces, "run", ColumnType::U64, false, "1", Source::Plan, "the run, as in runs");
/// Pca, random (filter-normalised) or three-point.
pub static KIND: ColumnDef = column(
    Table::Surfaces,
    "kind",
    ColumnType::Utf8,
    false,
    "1",
    Source::Worker,
    "pca, random (filter-normalised) or three-point",
);
/// The snapshot at the origin; of pca, whose origin is the mean of the path, the last.
pub static STEP: ColumnDef = column(
    Table::Surfaces,
    "step",
    ColumnType::U64,
    false,
    "step",
    Source::Worker,
    "the snapshot at the origin; of pca, whose origin is the mean of the path, the last",
);
/// Coordinates of the columns.
pub static X: ColumnDef =
    column(Table::Surfaces, "x", ColumnType::ListF64, false, "w", Source::Worker, "coordinates of the columns");
/// Coordinates of the rows.
pub static Y: ColumnDef =
    column(Table::Surfaces, "y", ColumnType::ListF64, false, "w", Source::Worker, "coordinates of the rows");
/// Loss on the probe set, row by row; NaN where it is not finite.
pub static LOSS: ColumnDef = column(
    Table::Surfaces,
    "loss",
    ColumnType::ListF64,
    false,
    "nat",
    Source::Worker,
    "loss on the probe set, row by row; NaN where it is not finite",
);
/// Coordinates of the snapshots, projected.
pub static PATH_X: ColumnDef = column(
    Table::Surfaces,
    "path_x",
    ColumnType::ListF64,
    true,
    "w",
    Source::Worker,
    "coordinates of the snapshots, projected",
);
/// Likewise.
pub static PATH_Y: ColumnDef =
    column(Table::Surfaces, "path_y", ColumnType::ListF64, true, "w", Source::Worker, "likewise");
/// Distance of each snapshot from the plane.
pub static PATH_OFF_PLANE: ColumnDef = column(
    Table::Surfaces,
    "path_off_plane",
    ColumnType::ListF64,
    true,
    "w",
    Source::Worker,
    "distance of each snapshot from the plane",
);
/// Loss on the probe set at each snapshot itself.
pub static PATH_LOSS: ColumnDef = column(
    Table::Surfaces,
    "path_loss",
    ColumnType::ListF64,
    true,
    "nat",
    Source::Worker,
    "loss on the probe set at each snapshot itself",
);
/// Loss at its projection.
pub static PATH_LOSS_ON_PLANE: ColumnDef = column(
    Table::Surfaces,
    "path_loss_on_plane",
    ColumnType::ListF64,
    true,
    "nat",
    Source::Worker,
    "loss at its projection",
);
/// Why there is no surface.
pub static STATUS: ColumnDef =
    column(Table::Surfaces, "status", ColumnType::Utf8, true, "1", Source::Worker, "why there is no surface");

/// The columns in their order.
pub static ALL: [&ColumnDef; 12] =
    [&RUN, &KIND, &STEP, &X, &Y, &LOSS, &PATH_X, &PATH_Y, &PATH_OFF_PLANE, &PATH_LOSS, &PATH_LOSS_ON_PLANE, &STATUS];
