//! Loss, distance and gradient norm on one time axis: what converges, and what goes on.

use std::collections::BTreeMap;

use traipse_sweep::columns::{Table, convergence, runs, trajectory};

use super::model::{Axis, Colour, Figure, Panel, Point, Shape};
use super::{Choice, not_measured};
use crate::statistics::quantile::type7;
use crate::verdict::{HEADLINE, THRESHOLDS, words};
use crate::{Error, Tables};

pub(crate) const NAME: &str = "loss-and-path";

/// Values by time, those of all runs.
type Series = BTreeMap<u64, (f64, Vec<f64>)>;

const COLUMNS: [&str; 9] = [
    trajectory::RUN.name,
    trajectory::STEP.name,
    trajectory::EPOCH.name,
    trajectory::TRAIN_LOSS.name,
    trajectory::TEST_LOSS.name,
    trajectory::OBJECTIVE.name,
    trajectory::DISTANCE_FROM_START.name,
    trajectory::DISTANCE_TO_END.name,
    trajectory::OBJECTIVE_GRADIENT_NORM.name,
];

pub(crate) fn make(tables: &Tables, choice: &Choice) -> Result<Figure, Error> {
    let mut series: BTreeMap<&str, Series> = BTreeMap::new();
    tables.each_row_of(Table::Trajectory, &COLUMNS, &choice.runs, |row, _| {
        let step = row.count(trajectory::STEP.name).unwrap_or_default();
        let epoch = row.number(trajectory::EPOCH.name).unwrap_or_default();
        for name in &COLUMNS[3..] {
            if let Some(value) = row.number(name) {
                let at = series.entry(name).or_default().entry(step).or_insert_with(|| (epoch, Vec::new()));
                at.1.push(value);
            }
        }
    })?;
    if series.is_empty() {
        return Err(not_measured(NAME, "no run of the cell has a trajectory"));
    }
    let (converged, floor) = (converged(tables, choice)?, noise_floor(tables, choice)?);
    let of = |name: &str| series.get(name).map_or_else(Vec::new, points);
    let mut figure =
        Figure::new(NAME, title(tables, choice)?, format!("{}; median, band from lowest to highest", choice.words()));
    let last = series.values().flat_map(|times| times.values()).map(|(epoch, _)| *epoch).fold(0.0, f64::max);
    let time = || Axis::linear("epoch").within(0.0, last.max(1e-9) * 1.01);

    let mut losses = Panel::new(time(), Axis::log("loss (nat)"));
    losses.add("training loss", Colour::Series(0), Shape::Line, of(trajectory::TRAIN_LOSS.name));
    losses.add("test loss", Colour::Series(1), Shape::Line, of(trajectory::TEST_LOSS.name));
    if differs(&of(trajectory::OBJECTIVE.name), &of(trajectory::TRAIN_LOSS.name)) {
        losses.add("objective", Colour::Series(3), Shape::Line, of(trajectory::OBJECTIVE.name));
    }
    let mut distances = Panel::new(time(), Axis::linear("distance (w)"));
    distances.add("from the start", Colour::Series(2), Shape::Line, of(trajectory::DISTANCE_FROM_START.name));
    distances.add("to the end", Colour::Series(4), Shape::Line, of(trajectory::DISTANCE_TO_END.name));
    let mut gradients = Panel::new(time(), Axis::log("‖∇J‖ (nat/w)"));
    gradients.add(
        "gradient of the objective",
        Colour::Series(5),
        Shape::Line,
        of(trajectory::OBJECTIVE_GRADIENT_NORM.name),
    );
    if let Some(floor) = floor {
        let line = vec![Point::at(0.0, floor), Point::at(last, floor)];
        gradients.add("noise floor of SGD at a minimum", Colour::Reference, Shape::Dashed, line);
    }
    for panel in [&mut losses, &mut distances, &mut gradients] {
        if let Some(epoch) = converged {
            vertical(panel, epoch);
        }
    }
    figure.panels = vec![losses, distances, gradients];
    figure.caption = caption(converged.is_some(), floor.is_some());
    Ok(figure)
}

/// Median over runs at each time, between the lowest and the highest.
pub(crate) fn points(series: &Series) -> Vec<Point> {
    let point = |(epoch, values): &(f64, Vec<f64>)| {
        let mut sorted = values.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let limits = (sorted.len() > 1).then(|| (sorted[0], sorted[sorted.len() - 1]));
        Point { x: *epoch, y: type7(&sorted, 0.5), limits }
    };
    series.values().map(point).collect()
}

/// A dashed line at a time, over the height of the marks that are there.
fn vertical(panel: &mut Panel, epoch: f64) {
    let values = panel
        .marks
        .iter()
        .flat_map(|mark| &mark.points)
        .flat_map(|point| point.limits.map_or([point.y; 2], |(low, high)| [low, high]));
    let held = values.filter(|value| value.is_finite() && (*value > 0.0 || panel.y.scale == super::Scale::Linear));
    let (low, high) = held.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| (low.min(at), high.max(at)));
    if low < high {
        let name = format!("t* at {} (median)", words::threshold(THRESHOLDS[HEADLINE]));
        panel.add(name, Colour::Faint, Shape::Dashed, vec![Point::at(epoch, low), Point::at(epoch, high)]);
    }
}

fn differs(a: &[Point], b: &[Point]) -> bool {
    a.iter().zip(b).any(|(a, b)| (a.y - b.y).abs() > 1e-9 * b.y.abs())
}

/// Median over runs of t* in epochs, at the headline threshold.
fn converged(tables: &Tables, choice: &Choice) -> Result<Option<f64>, Error> {
    let columns = [convergence::RUN.name, convergence::Q.name, convergence::EPOCH.name];
    let mut epochs = Vec::new();
    tables.each_row_of(Table::Convergence, &columns, &choice.runs, |row, _| {
        if row.number(convergence::Q.name) == Some(THRESHOLDS[HEADLINE]) {
            epochs.extend(row.number(convergence::EPOCH.name));
        }
    })?;
    Ok(median(epochs))
}

fn noise_floor(tables: &Tables, choice: &Choice) -> Result<Option<f64>, Error> {
    let mut floors = Vec::new();
    tables.each_row_of(Table::Runs, &[runs::RUN.name, runs::NOISE_FLOOR_FINAL.name], &choice.runs, |row, _| {
        floors.extend(row.number(runs::NOISE_FLOOR_FINAL.name));
    })?;
    Ok(median(floors))
}

pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    (!values.is_empty()).then(|| type7(&values, 0.5))
}

/// What the weights did after the loss had converged.
fn title(tables: &Tables, choice: &Choice) -> Result<String, Error> {
    let columns = [convergence::RUN.name, convergence::Q.name, convergence::TRAVEL_FRACTION.name];
    let mut fractions = Vec::new();
    tables.each_row_of(Table::Convergence, &columns, &choice.runs, |row, _| {
        if row.number(convergence::Q.name) == Some(THRESHOLDS[HEADLINE]) {
            fractions.extend(row.number(convergence::TRAVEL_FRACTION.name));
        }
    })?;
    Ok(match median(fractions) {
        Some(travel) => format!(
            "After the loss has fallen by all but 1 %, the weights travel {} % of their way",
            words::number(100.0 * travel)
        ),
        None => "Loss, path and gradient: training was too short to tell what follows convergence".to_owned(),
    })
}

fn caption(converged: bool, floor: bool) -> String {
    let mut caption = "Loss, distance in weight space and gradient norm on one time axis. ".to_owned();
    if converged {
        caption.push_str("The dashed line is t*, from which the objective stays within 1 % of its fall. ");
    }
    caption.push_str("If weights settled with the loss, the distance to the end would be zero right of it. ");
    if floor {
        caption.push_str("A gradient above the noise floor is more than SGD's hovering around a minimum. ");
    }
    caption.trim_end().to_owned()
}
