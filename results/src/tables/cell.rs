//! The cells of a sweep one after the other, with what verdicts read of their runs.

use std::collections::BTreeMap;

use serde_json::Value;
use traipse_sweep::columns::{Table, comparisons, convergence, curves, nulls, runs, trajectory};

use super::{Stream, Tables};
use crate::Error;

/// Comparisons that are held at once: of a sweep with more, the first so many decide.
const MAX_COMPARISONS: usize = 1_000_000;

/// The runs of one cell.
#[derive(Clone, Debug, Default)]
pub(crate) struct CellRuns {
    /// Index of the cell.
    pub(crate) cell: u64,
    /// Its axis values, for people.
    pub(crate) label: String,
    /// All settings of its first run.
    pub(crate) settings: Value,
    /// Its runs in order.
    pub(crate) runs: Vec<RunRow>,
    /// Comparisons whose first member is of this cell.
    pub(crate) siblings: Vec<Sibling>,
}

/// One run, with its rows of all tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunRow {
    pub(crate) run: u64,
    /// The seed, that of the weights and that of the order.
    pub(crate) seeds: (u64, u64, u64),
    pub(crate) outcome: String,
    pub(crate) displacement: Option<f64>,
    pub(crate) gradient_final: Option<f64>,
    pub(crate) noise_floor_final: Option<f64>,
    pub(crate) exponents: [Option<f64>; 2],
    pub(crate) thresholds: Vec<Threshold>,
    pub(crate) nulls: Vec<NullTest>,
    pub(crate) snapshots: Vec<SnapshotRow>,
    pub(crate) segments: Vec<Segment>,
}

/// A row of `convergence`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Threshold {
    pub(crate) q: f64,
    pub(crate) step: Option<f64>,
    pub(crate) resolved_stride: Option<f64>,
    pub(crate) status: String,
    pub(crate) travel_fraction: Option<f64>,
    pub(crate) line: Option<f64>,
    pub(crate) walk: Option<f64>,
    pub(crate) objective_ratio: Option<f64>,
    pub(crate) radial_share: Option<f64>,
    pub(crate) slope: Option<f64>,
    pub(crate) curvature_of_travel: Option<f64>,
    pub(crate) hessian_max: Option<f64>,
}

/// A row of `nulls` of the whole path.
#[derive(Clone, Debug, Default)]
pub(crate) struct NullTest {
    pub(crate) statistic: String,
    pub(crate) kind: String,
    pub(crate) observed: Option<f64>,
    pub(crate) mean: Option<f64>,
    pub(crate) sd: Option<f64>,
    pub(crate) p_low: Option<f64>,
    pub(crate) p_high: Option<f64>,
}

/// A row of `trajectory`.
#[derive(Clone, Debug, Default)]
pub(crate) struct SnapshotRow {
    pub(crate) step: f64,
    pub(crate) epoch: f64,
    pub(crate) train_loss: Option<f64>,
    pub(crate) distance_to_end: Option<f64>,
    pub(crate) gradient_error: Option<f64>,
    pub(crate) certificate: Option<f64>,
    pub(crate) hessian_min: Option<f64>,
    pub(crate) hessian_max: Option<f64>,
    pub(crate) negative_mass: Option<f64>,
    pub(crate) negative_mass_se: Option<f64>,
    pub(crate) near_zero_mass: Option<f64>,
    pub(crate) curvature_update: Option<f64>,
}

/// A curve of the loss from a snapshot to the end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Segment {
    pub(crate) step: f64,
    /// Highest loss on it, and that at its ends.
    pub(crate) highest: f64,
    pub(crate) ends: (f64, f64),
}

/// A comparison of two runs along the segment between them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sibling {
    pub(crate) seed: Option<u64>,
    pub(crate) members: (u64, u64),
    pub(crate) fork: Fork,
    pub(crate) differs_in: String,
    pub(crate) aligned: bool,
    pub(crate) at: String,
    pub(crate) barrier_mean: Option<f64>,
    pub(crate) barrier_chord: Option<f64>,
    pub(crate) loss_error: Option<f64>,
}

/// Where branches fork: updates before it, none where they share no trunk.
pub(crate) type Fork = Option<u64>;

const RUN_COLUMNS: [&str; 12] = [
    runs::RUN.name,
    runs::CELL.name,
    runs::CELL_LABEL.name,
    runs::SETTINGS.name,
    runs::SEED.name,
    runs::INIT_SEED.name,
    runs::ORDER_SEED.name,
    runs::OUTCOME.name,
    runs::DISPLACEMENT.name,
    runs::OBJECTIVE_GRADIENT_NORM_FINAL.name,
    runs::NOISE_FLOOR_FINAL.name,
    "diffusion_exponent_early",
];
const LATE: &str = "diffusion_exponent_late";
const CONVERGENCE_COLUMNS: [&str; 13] = [
    convergence::RUN.name,
    convergence::Q.name,
    convergence::STEP.name,
    convergence::RESOLVED_STRIDE.name,
    convergence::STATUS.name,
    convergence::TRAVEL_FRACTION.name,
    convergence::TRAVEL_FRACTION_LINE.name,
    convergence::TRAVEL_FRACTION_WALK.name,
    convergence::OBJECTIVE_RATIO.name,
    convergence::RADIAL_SHARE.name,
    convergence::SLOPE.name,
    convergence::CURVATURE_OF_TRAVEL.name,
    convergence::HESSIAN_MAX.name,
];
const NULL_COLUMNS: [&str; 9] = [
    nulls::RUN.name,
    nulls::WINDOW.name,
    nulls::STATISTIC.name,
    nulls::KIND.name,
    nulls::OBSERVED.name,
    nulls::MEAN.name,
    nulls::SD.name,
    nulls::P_LOW.name,
    nulls::P_HIGH.name,
];
const SNAPSHOT_COLUMNS: [&str; 13] = [
    trajectory::RUN.name,
    trajectory::STEP.name,
    trajectory::EPOCH.name,
    trajectory::TRAIN_LOSS.name,
    trajectory::DISTANCE_TO_END.name,
    trajectory::GRADIENT_ERROR.name,
    trajectory::CERTIFICATE.name,
    trajectory::HESSIAN_MIN.name,
    trajectory::HESSIAN_MAX.name,
    trajectory::NEGATIVE_MASS.name,
    trajectory::NEGATIVE_MASS_SE.name,
    trajectory::NEAR_ZERO_MASS.name,
    trajectory::CURVATURE_UPDATE.name,
];
const CURVE_COLUMNS: [&str; 4] = [curves::RUN.name, curves::KIND.name, curves::STEP.name, curves::Y.name];
const COMPARISON_COLUMNS: [&str; 12] = [
    comparisons::CELL.name,
    comparisons::SEED.name,
    comparisons::FORK_STEP.name,
    comparisons::KIND.name,
    comparisons::RUN_A.name,
    comparisons::RUN_B.name,
    comparisons::DIFFERS_IN.name,
    comparisons::ALIGNED.name,
    comparisons::AT.name,
    comparisons::BARRIER_MEAN.name,
    comparisons::BARRIER_CHORD.name,
    comparisons::LOSS_ERROR.name,
];

/// Reads the cells in order. Memory: the rows of one cell, and the comparisons' barriers (at most
/// [`MAX_COMPARISONS`]).
pub(crate) struct CellStream {
    runs: Option<Stream>,
    convergence: Option<Stream>,
    nulls: Option<Stream>,
    trajectory: Option<Stream>,
    curves: Option<Stream>,
    siblings: BTreeMap<u64, Vec<Sibling>>,
}

impl CellStream {
    /// Opens the tables of a folder.
    pub(crate) fn open(tables: &Tables) -> Result<Self, Error> {
        let run_columns: Vec<_> = RUN_COLUMNS.into_iter().chain([LATE]).collect();
        Ok(Self {
            runs: tables.stream(Table::Runs, &run_columns)?,
            convergence: tables.stream(Table::Convergence, &CONVERGENCE_COLUMNS)?,
            nulls: tables.stream(Table::Nulls, &NULL_COLUMNS)?,
            trajectory: tables.stream(Table::Trajectory, &SNAPSHOT_COLUMNS)?,
            curves: tables.stream(Table::Curves, &CURVE_COLUMNS)?,
            siblings: read_siblings(tables)?,
        })
    }

    /// The next cell; none at the end.
    pub(crate) fn next(&mut self) -> Result<Option<CellRuns>, Error> {
        let Some(stream) = self.runs.as_mut().filter(|stream| !stream.is_over()) else { return Ok(None) };
        let mut cell = cell_head(stream);
        while !stream.is_over() && stream.count(runs::CELL.name) == Some(cell.cell) {
            cell.runs.push(run_row(stream));
            stream.advance()?;
        }
        cell.siblings = self.siblings.remove(&cell.cell).unwrap_or_default();
        each_row(&mut self.convergence, &mut cell, |row, run| run.thresholds.push(threshold(row)))?;
        each_row(&mut self.nulls, &mut cell, |row, run| run.nulls.extend(null_test(row)))?;
        each_row(&mut self.trajectory, &mut cell, |row, run| run.snapshots.push(snapshot(row)))?;
        each_row(&mut self.curves, &mut cell, |row, run| run.segments.extend(segment(row)))?;
        Ok(Some(cell))
    }
}

/// Gives the rows of the cell's runs to their runs, and leaves the stream behind them.
fn each_row(
    stream: &mut Option<Stream>,
    cell: &mut CellRuns,
    mut take: impl FnMut(&Stream, &mut RunRow),
) -> Result<(), Error> {
    let Some(stream) = stream else { return Ok(()) };
    let Some(last) = cell.runs.last().map(|run| run.run) else { return Ok(()) };
    while !stream.is_over() {
        let run = stream.count("run").unwrap_or_default();
        if run > last {
            break;
        }
        if let Ok(at) = cell.runs.binary_search_by_key(&run, |row| row.run) {
            take(stream, &mut cell.runs[at]);
        }
        stream.advance()?;
    }
    Ok(())
}

fn cell_head(row: &Stream) -> CellRuns {
    let settings = row.text(runs::SETTINGS.name).and_then(|text| serde_json::from_str(text).ok());
    CellRuns {
        cell: row.count(runs::CELL.name).unwrap_or_default(),
        label: row.text(runs::CELL_LABEL.name).unwrap_or_default().to_owned(),
        settings: settings.unwrap_or(Value::Null),
        ..CellRuns::default()
    }
}

fn run_row(row: &Stream) -> RunRow {
    let count = |name| row.count(name).unwrap_or_default();
    RunRow {
        run: count(runs::RUN.name),
        seeds: (count(runs::SEED.name), count(runs::INIT_SEED.name), count(runs::ORDER_SEED.name)),
        outcome: row.text(runs::OUTCOME.name).unwrap_or_default().to_owned(),
        displacement: row.number(runs::DISPLACEMENT.name),
        gradient_final: row.number(runs::OBJECTIVE_GRADIENT_NORM_FINAL.name),
        noise_floor_final: row.number(runs::NOISE_FLOOR_FINAL.name),
        exponents: [row.number("diffusion_exponent_early"), row.number(LATE)],
        ..RunRow::default()
    }
}

fn threshold(row: &Stream) -> Threshold {
    Threshold {
        q: row.number(convergence::Q.name).unwrap_or_default(),
        step: row.number(convergence::STEP.name),
        resolved_stride: row.number(convergence::RESOLVED_STRIDE.name),
        status: row.text(convergence::STATUS.name).unwrap_or_default().to_owned(),
        travel_fraction: row.number(convergence::TRAVEL_FRACTION.name),
        line: row.number(convergence::TRAVEL_FRACTION_LINE.name),
        walk: row.number(convergence::TRAVEL_FRACTION_WALK.name),
        objective_ratio: row.number(convergence::OBJECTIVE_RATIO.name),
        radial_share: row.number(convergence::RADIAL_SHARE.name),
        slope: row.number(convergence::SLOPE.name),
        curvature_of_travel: row.number(convergence::CURVATURE_OF_TRAVEL.name),
        hessian_max: row.number(convergence::HESSIAN_MAX.name),
    }
}

/// The test of a null of the whole path; none of a window.
fn null_test(row: &Stream) -> Option<NullTest> {
    (row.text(nulls::WINDOW.name) == Some("all")).then(|| NullTest {
        statistic: row.text(nulls::STATISTIC.name).unwrap_or_default().to_owned(),
        kind: row.text(nulls::KIND.name).unwrap_or_default().to_owned(),
        observed: row.number(nulls::OBSERVED.name),
        mean: row.number(nulls::MEAN.name),
        sd: row.number(nulls::SD.name),
        p_low: row.number(nulls::P_LOW.name),
        p_high: row.number(nulls::P_HIGH.name),
    })
}

fn snapshot(row: &Stream) -> SnapshotRow {
    SnapshotRow {
        step: row.number(trajectory::STEP.name).unwrap_or_default(),
        epoch: row.number(trajectory::EPOCH.name).unwrap_or_default(),
        train_loss: row.number(trajectory::TRAIN_LOSS.name),
        distance_to_end: row.number(trajectory::DISTANCE_TO_END.name),
        gradient_error: row.number(trajectory::GRADIENT_ERROR.name),
        certificate: row.number(trajectory::CERTIFICATE.name),
        hessian_min: row.number(trajectory::HESSIAN_MIN.name),
        hessian_max: row.number(trajectory::HESSIAN_MAX.name),
        negative_mass: row.number(trajectory::NEGATIVE_MASS.name),
        negative_mass_se: row.number(trajectory::NEGATIVE_MASS_SE.name),
        near_zero_mass: row.number(trajectory::NEAR_ZERO_MASS.name),
        curvature_update: row.number(trajectory::CURVATURE_UPDATE.name),
    }
}

/// The segment from a snapshot to the end; none of another kind of curve.
fn segment(row: &Stream) -> Option<Segment> {
    let kind = row.text(curves::KIND.name)?;
    if kind != "snapshot-end" && kind != "start-end" {
        return None;
    }
    let losses = row.list(curves::Y.name)?;
    let highest = losses.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let finite = !losses.is_empty() && losses.iter().all(|loss| loss.is_finite());
    let step = row.number(curves::STEP.name)?;
    finite.then(|| Segment { step, highest, ends: (losses[0], losses[losses.len() - 1]) })
}

fn read_siblings(tables: &Tables) -> Result<BTreeMap<u64, Vec<Sibling>>, Error> {
    let mut found = BTreeMap::<u64, Vec<Sibling>>::new();
    let Some(mut row) = tables.stream(Table::Comparisons, &COMPARISON_COLUMNS)? else { return Ok(found) };
    let mut n = 0;
    while !row.is_over() && n < MAX_COMPARISONS {
        if row.text(comparisons::KIND.name) == Some("interpolation") {
            let cell = row.count(comparisons::CELL.name).unwrap_or_default();
            found.entry(cell).or_default().push(sibling(&row));
            n += 1;
        }
        row.advance()?;
    }
    Ok(found)
}

fn sibling(row: &Stream) -> Sibling {
    let text = |name| row.text(name).unwrap_or_default().to_owned();
    let member = |name| row.count(name).unwrap_or_default();
    Sibling {
        seed: row.count(comparisons::SEED.name),
        members: (member(comparisons::RUN_A.name), member(comparisons::RUN_B.name)),
        fork: row.count(comparisons::FORK_STEP.name),
        differs_in: text(comparisons::DIFFERS_IN.name),
        aligned: row.number(comparisons::ALIGNED.name) == Some(1.0),
        at: text(comparisons::AT.name),
        barrier_mean: row.number(comparisons::BARRIER_MEAN.name),
        barrier_chord: row.number(comparisons::BARRIER_CHORD.name),
        loss_error: row.number(comparisons::LOSS_ERROR.name),
    }
}
