//! The loss along segments of the path: from the start, and from snapshots, to the end.

use traipse_sweep::columns::{Table, curves};

use super::model::{Axis, Colour, Figure, Panel, Point, Shape};
use super::{Choice, not_measured};
use crate::verdict::words;
use crate::{Error, Tables};

pub(crate) const NAME: &str = "interpolation";

/// Later snapshots from which a segment is drawn.
const MAX_LATER: usize = 3;

/// The segments of a run, and whether the loss never rises on the first.
#[derive(Default)]
struct Found {
    from_start: Vec<Vec<Point>>,
    monotone: Vec<bool>,
    later: Vec<(u64, Vec<Point>)>,
}

pub(crate) fn make(tables: &Tables, choice: &Choice) -> Result<Figure, Error> {
    let columns =
        [curves::RUN.name, curves::KIND.name, curves::STEP.name, curves::X.name, curves::Y.name, curves::MONOTONE.name];
    let one = choice.runs.binary_search(&choice.run).unwrap_or(0);
    let mut found = Found::default();
    tables.each_row_of(Table::Curves, &columns, &choice.runs, |row, at| {
        let kind = row.text(curves::KIND.name).unwrap_or_default();
        let Some((x, y)) = row.list(curves::X.name).zip(row.list(curves::Y.name)) else { return };
        let points: Vec<Point> = x.into_iter().zip(y).map(|(x, y)| Point::at(x, y)).collect();
        match kind {
            "start-end" => {
                found.from_start.push(points);
                found.monotone.extend(row.number(curves::MONOTONE.name).map(|truth| truth == 1.0));
            }
            "snapshot-end" if at == one => {
                found.later.push((row.count(curves::STEP.name).unwrap_or_default(), points));
            }
            _ => {}
        }
    })?;
    found.later.retain(|(step, points)| *step > 0 && points.len() > 1);
    if found.from_start.is_empty() && found.later.is_empty() {
        return Err(not_measured(NAME, "no run of the cell has the loss along a segment"));
    }
    Ok(draw(found, choice))
}

fn draw(found: Found, choice: &Choice) -> Figure {
    let positive = found.from_start.iter().flatten().all(|point| point.y > 0.0);
    let loss =
        if positive { Axis::log("loss on the probe set (nat)") } else { Axis::linear("loss on the probe set (nat)") };
    let mut panel =
        Panel::new(Axis::linear("share of the segment, from its begin to the end of training").within(0.0, 1.0), loss);
    let (n, monotone) = (found.monotone.len(), found.monotone.iter().filter(|truth| **truth).count());
    for (at, points) in found.from_start.into_iter().enumerate() {
        if at == 0 {
            panel.add("from the start", Colour::Series(0), Shape::Thin, points);
        } else {
            panel.add_quietly("from the start", Colour::Series(0), Shape::Thin, points);
        }
    }
    let shown = found.later.len().min(MAX_LATER);
    for (at, place) in (0..shown).map(|at| (at, at * (found.later.len() - 1) / (shown - 1).max(1))) {
        let (step, points) = &found.later[place];
        panel.add(format!("run {} from step {step}", choice.run), Colour::Series(at + 1), Shape::Line, points.clone());
    }
    let title = if n == 0 {
        "The loss on straight lines to the end of training".to_owned()
    } else {
        format!(
            "On the straight line from start to end the loss never rises in {} of {}",
            monotone,
            words::counted(n as u64, "run")
        )
    };
    let mut figure = Figure::new(NAME, title, choice.words());
    figure.panels = vec![panel];
    figure.caption =
        "The loss on the probe set along straight lines in weight space. A line that falls all the way met \
                      no obstacle; what matters for convexity is whether it bulges above the chord between its ends, \
                      which the verdicts tell."
            .to_owned();
    figure
}
