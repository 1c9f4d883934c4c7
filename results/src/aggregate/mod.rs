//! `statistics.parquet` from the other tables, in one pass: they are sorted by cell, then by replicate.

mod cell;
mod compared;
mod kept;
mod metrics;
mod row;
mod source;

use std::collections::BTreeMap;
use std::path::PathBuf;

use traipse_sweep::columns::{ColumnDef, Table, convergence, layers, nulls, runs, trajectory};
use traipse_sweep::plan::RunPlace;
use traipse_sweep::spec::ReplicateKey;
use traipse_sweep::{Plan, SweepSpec};

pub(crate) use cell::CellValues;
pub(crate) use compared::MAX_ROWS as MAX_COMPARISON_ROWS;
pub(crate) use kept::{Kept, MAX_VALUES as MAX_KEPT_VALUES};
pub(crate) use metrics::Registry;
pub(crate) use row::columns;

use crate::Error;
use crate::cells::{CellSummary, MAX_SUMMARIES, summary};
use crate::statistics::Summarizer;
use crate::statistics::bootstrap::Resamples;
use crate::statistics::design::Design;
use crate::table_writer::TableWriter;
use compared::Comparisons;
use metrics::{Level, Metric, picks};
use row::At;
use source::{Pick, Source, filled_columns};

/// The window of a null that covers the whole path.
const WHOLE: &str = "all";
/// The threshold that the final table of cells shows.
pub(crate) const SHOWN_THRESHOLD: f64 = 0.01;
/// How `convergence.status` says that a run did not settle.
const NOT_CONVERGED: &str = "not-converged";

/// What the pass over the cells gives beside the table.
pub(crate) struct Aggregated {
    /// The cells' summaries, where there are not too many.
    pub(crate) cells: Vec<CellSummary>,
    /// The runs' metrics, for contrasts between cells.
    pub(crate) kept: Kept,
}

/// Writes the statistics of every cell. The table of comparisons may be absent, or be left out for its size.
pub(crate) fn write(
    plan: &Plan,
    tables: &BTreeMap<Table, PathBuf>,
    writer: &mut TableWriter,
) -> Result<Aggregated, Error> {
    let mut registry = Registry::default();
    let mut inputs = Inputs::open(tables, &mut registry)?;
    let compared = match tables.get(&Table::Comparisons) {
        Some(path) => Comparisons::read(plan, path, &mut registry)?,
        None => Comparisons::default(),
    };
    let n_branches = plan.spec().n_branches.max(1) as usize;
    let mut summarizer = Summarizer::with_branches(design(plan.spec()), n_branches);
    let (mut values, mut summaries) = (CellValues::default(), Vec::new());
    let (mut sorted, mut kept) = (registry.sorted(), Kept::new(n_branches));
    while inputs.read_cell(plan, &mut registry, &mut values)? {
        if sorted.len() < registry.len() {
            sorted = registry.sorted();
        }
        write_cell(plan, &values, &compared, &sorted, &mut summarizer, writer)?;
        kept.add(&values, registry.n_run());
        if plan.n_cells() <= MAX_SUMMARIES {
            summaries.push(summary(plan, &values, &registry, &mut summarizer));
        }
    }
    kept.name(registry.sorted());
    Ok(Aggregated { cells: summaries, kept })
}

/// How the replicates of a cell vary: crossed where two seeds are, independently otherwise. Where all three are axes
/// the plain `seed` (which then seeds only the nulls) repeats the pairs of the other two.
pub(crate) fn design(spec: &SweepSpec) -> Design {
    let axes: Vec<_> = spec.replicates.iter().filter(|axis| axis.values.len() > 1).collect();
    let factors: Vec<ReplicateKey> = match axes.as_slice() {
        [] | [_] => return Design::Iid,
        [a, b] => vec![a.key, b.key],
        _ => vec![ReplicateKey::InitSeed, ReplicateKey::OrderSeed],
    };
    let n: usize = spec.replicates.iter().map(|axis| axis.values.len()).product();
    let level = |factor: ReplicateKey, replicate: usize| {
        let (mut rest, mut found) = (replicate, 0);
        for axis in spec.replicates.iter().rev() {
            if axis.key == factor {
                found = (rest % axis.values.len()) as u32;
            }
            rest /= axis.values.len();
        }
        found
    };
    let levels = |factor| (0..n).map(|replicate| level(factor, replicate)).collect();
    Design::Crossed { first: levels(factors[0]), second: levels(factors[1]) }
}

/// The tables that statistics read cell by cell.
struct Inputs {
    runs: Source,
    trajectory: Source,
    convergence: Source,
    nulls: Source,
    layers: Option<Source>,
    n_layer_columns: usize,
    n_run_columns: usize,
    n_snapshot_columns: usize,
    thresholds: Vec<(&'static ColumnDef, Pick)>,
}

impl Inputs {
    fn open(tables: &BTreeMap<Table, PathBuf>, registry: &mut Registry) -> Result<Self, Error> {
        let of = |table: Table| Ok::<_, Error>(picks(table, &filled_columns(&tables[&table])?));
        let (run_picks, snapshot_picks, thresholds) =
            (of(Table::Runs)?, of(Table::Trajectory)?, of(Table::Convergence)?);
        registry.add_columns(Level::Run, &run_picks);
        registry.add_columns(Level::Snapshot, &snapshot_picks);
        let layer_picks = if tables.contains_key(&Table::Layers) { of(Table::Layers)? } else { Vec::new() };
        registry.add_columns(Level::Layer, &layer_picks);
        let open = |table: Table, picks: &[(&ColumnDef, Pick)], more: &[Pick]| {
            let all = picks.iter().map(|pick| pick.1).chain(more.iter().copied()).collect();
            Source::open(&tables[&table], all)
        };
        let places = [Pick::Number(trajectory::STEP.name), Pick::Number(trajectory::EPOCH.name)];
        let threshold = [Pick::Number(convergence::Q.name), Pick::Text(convergence::STATUS.name)];
        let layer = [Pick::Number(layers::STEP.name), Pick::Number(layers::LAYER.name)];
        let null = [
            Pick::Text(nulls::WINDOW.name),
            Pick::Text(nulls::KIND.name),
            Pick::Text(nulls::STATISTIC.name),
            Pick::Number(nulls::MEAN.name),
            Pick::Number(nulls::SD.name),
        ];
        Ok(Self {
            runs: open(Table::Runs, &run_picks, &[Pick::Text(runs::OUTCOME.name)])?,
            trajectory: open(Table::Trajectory, &snapshot_picks, &places)?,
            convergence: open(Table::Convergence, &thresholds, &threshold)?,
            nulls: open(Table::Nulls, &[], &null)?,
            layers: (!layer_picks.is_empty()).then(|| open(Table::Layers, &layer_picks, &layer)).transpose()?,
            n_layer_columns: layer_picks.len(),
            n_run_columns: run_picks.len(),
            n_snapshot_columns: snapshot_picks.len(),
            thresholds,
        })
    }

    /// Reads the next cell; false at the end.
    fn read_cell(&mut self, plan: &Plan, registry: &mut Registry, to: &mut CellValues) -> Result<bool, Error> {
        let place = |run| plan.place(plan.job_of_run(run));
        let Some(first) = self.runs.run() else { return Ok(false) };
        let cell = place(first).cell;
        to.reset(cell, plan.n_replicates() as usize);
        let mut outcomes = Vec::new();
        while let Some(run) = self.runs.run() {
            let RunPlace { cell: of, replicate, .. } = place(run);
            if of != cell {
                break;
            }
            to.runs.push(run);
            for column in 0..self.n_run_columns {
                to.set(column, replicate as usize, self.runs.number(column));
            }
            let outcome = self.runs.text(self.n_run_columns);
            outcomes.push(outcome == "succeeded");
            to.count(outcome);
            self.runs.advance()?;
        }
        let members = Members { runs: to.runs.clone(), succeeded: outcomes, first: place(first) };
        self.read_steps(&members, to)?;
        self.read_thresholds(&members, registry, to)?;
        self.read_nulls(&members, registry, to)?;
        self.read_layers(&members, to)?;
        Ok(true)
    }

    fn read_steps(&mut self, members: &Members, to: &mut CellValues) -> Result<(), Error> {
        while let Some((replicate, _)) = members.find(self.trajectory.run()) {
            let n = self.n_snapshot_columns;
            let (step, epoch) = (self.trajectory.number(n), self.trajectory.number(n + 1));
            let values = (0..n).map(|column| self.trajectory.number(column));
            to.set_step(step as u64, epoch, replicate, values);
            self.trajectory.advance()?;
        }
        Ok(())
    }

    fn read_layers(&mut self, members: &Members, to: &mut CellValues) -> Result<(), Error> {
        let Some(source) = &mut self.layers else { return Ok(()) };
        while let Some((replicate, _)) = members.find(source.run()) {
            let n = self.n_layer_columns;
            let at = (source.number(n) as u64, source.number(n + 1) as u32);
            to.set_layer(at, replicate, (0..n).map(|column| source.number(column)));
            source.advance()?;
        }
        Ok(())
    }

    fn read_thresholds(
        &mut self,
        members: &Members,
        registry: &mut Registry,
        to: &mut CellValues,
    ) -> Result<(), Error> {
        while let Some((replicate, succeeded)) = members.find(self.convergence.run()) {
            let (n, source) = (self.thresholds.len(), &self.convergence);
            let q = source.number(n);
            let first = registry.threshold(q, &self.thresholds);
            (0..n).for_each(|column| to.set(first + column, replicate, source.number(column)));
            if q == SHOWN_THRESHOLD && succeeded && source.text(n + 1).starts_with(NOT_CONVERGED) {
                to.n_not_converged += 1;
            }
            self.convergence.advance()?;
        }
        Ok(())
    }

    fn read_nulls(&mut self, members: &Members, registry: &mut Registry, to: &mut CellValues) -> Result<(), Error> {
        while let Some((replicate, _)) = members.find(self.nulls.run()) {
            let source = &self.nulls;
            if source.text(0) == WHOLE {
                let first = registry.null(source.text(1), source.text(2));
                to.set(first, replicate, source.number(3));
                to.set(first + 1, replicate, source.number(4));
            }
            self.nulls.advance()?;
        }
        Ok(())
    }
}

/// The runs of a cell.
struct Members {
    runs: Vec<u64>,
    succeeded: Vec<bool>,
    first: RunPlace,
}

impl Members {
    /// The replicate of a run of this cell, and whether it succeeded. Runs are numbered replicate-minor.
    fn find(&self, run: Option<u64>) -> Option<(usize, bool)> {
        let run = run?;
        let at = self.runs.binary_search(&run).ok()?;
        Some(((run - self.first.run) as usize + self.first.replicate as usize, self.succeeded[at]))
    }
}

fn write_cell(
    plan: &Plan,
    values: &CellValues,
    compared: &Comparisons,
    metrics: &[Metric],
    summarizer: &mut Summarizer,
    writer: &mut TableWriter,
) -> Result<(), Error> {
    let head = row::CellHead::new(plan, values, summarizer.design());
    let wanted = metrics.iter().any(|metric| metric.level == Level::Run);
    let draw = || Resamples::draw(values.cell, head.n_seeds(), summarizer.design());
    let resamples = wanted.then(draw).flatten();
    for metric in metrics {
        match metric.level {
            Level::Run => {
                let found = summarizer.summarize(values.metric(metric.at), metric.kind, resamples.as_ref());
                head.push(writer, metric, At::default(), &found)?;
            }
            Level::Snapshot => {
                for (step, at) in &values.steps {
                    let found = summarizer.summarize(at.metric(metric.at), metric.kind, None);
                    let place = At { step: Some(*step), epoch: Some(at.epoch), ..At::default() };
                    head.push(writer, metric, place, &found)?;
                }
            }
            Level::Layer => {
                for ((step, layer), at) in &values.layers {
                    let found = summarizer.summarize(at.metric(metric.at), metric.kind, None);
                    let place = At { step: Some(*step), epoch: Some(at.epoch), layer: Some(*layer), ..At::default() };
                    head.push(writer, metric, place, &found)?;
                }
            }
            Level::Comparison => {
                for (key, rows) in compared.of(values.cell) {
                    let (found, design) = rows.summarize(metric.at, head.n_seeds(), summarizer);
                    let place = At { step: rows.step(), compared: Some(key), design: Some(design), ..At::default() };
                    head.push(writer, metric, place, &found)?;
                }
            }
        }
    }
    Ok(())
}
