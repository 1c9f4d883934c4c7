//! Mean squared displacement against lag: a walk has slope 1, a line 2, a trapped path 0.

use traipse_sweep::columns::{Table, curves, trajectory};

use super::loss::median;
use super::model::{Axis, Colour, Figure, Panel, Point, Shape};
use super::{Choice, not_measured};
use crate::verdict::words;
use crate::{Error, Tables};

pub(crate) const NAME: &str = "diffusion";

/// Kinds of curves, in words.
const KINDS: [(&str, &str); 3] = [("msd-early", "first third"), ("msd-late", "last third"), ("msd-origin", "since t*")];

pub(crate) fn make(tables: &Tables, choice: &Choice) -> Result<Figure, Error> {
    let mut panel = Panel::new(Axis::log("lag (steps)"), Axis::log("mean squared displacement (w²)"));
    let mut exponents = vec![Vec::new(); KINDS.len()];
    let columns = [curves::RUN.name, curves::KIND.name, curves::X.name, curves::Y.name, curves::EXPONENT.name];
    tables.each_row_of(Table::Curves, &columns, &choice.runs, |row, _| {
        let kind = row.text(curves::KIND.name).unwrap_or_default();
        let Some(at) = KINDS.iter().position(|(name, _)| *name == kind) else { return };
        let (Some(x), Some(y)) = (row.list(curves::X.name), row.list(curves::Y.name)) else { return };
        exponents[at].extend(row.number(curves::EXPONENT.name));
        let points: Vec<Point> = x.into_iter().zip(y).map(|(x, y)| Point::at(x, y)).collect();
        let (colour, first) = (Colour::Series(at), !panel.marks.iter().any(|mark| mark.name == KINDS[at].1));
        if first {
            panel.add(KINDS[at].1, colour, Shape::Thin, points);
        } else {
            panel.add_quietly(KINDS[at].1, colour, Shape::Thin, points);
        }
    })?;
    let measured = !panel.marks.is_empty();
    if !measured {
        from_start(tables, choice, &mut panel)?;
    }
    if panel.marks.is_empty() {
        return Err(not_measured(NAME, "no run of the cell has two snapshots"));
    }
    let told: Vec<String> = exponents
        .into_iter()
        .zip(KINDS)
        .filter_map(|(values, (_, name))| Some(format!("{} in the {name}", words::number(median(values)?))))
        .map(|text| text.replace("in the since", "since"))
        .collect();
    let title = match told.as_slice() {
        [] => "How the squared distance grows: a walk has slope 1, a line 2".to_owned(),
        told => format!("The path spreads with exponent {} (walk 1, line 2)", words::list(told)),
    };
    slopes(&mut panel);
    let mut figure = Figure::new(NAME, title, format!("{}; one line a run", choice.words()));
    figure.panels = vec![panel];
    figure.caption = if measured {
        "Mean squared displacement over all pairs of snapshots at a lag, within a third of the training; dashed: the \
         slopes of a walk and of a line. Neighbouring lags share steps: intervals come from seeds, never from a fit."
    } else {
        "Squared distance from the start against the steps since, which every sweep has: one origin, so no mean over \
         origins. [probes.diffusion] adds curves within windows of the path. Dashed: the slopes of a walk and of a line."
    }
    .to_owned();
    Ok(figure)
}

/// ‖θt − θ0‖² against t: the curve of one origin that every sweep has.
fn from_start(tables: &Tables, choice: &Choice, panel: &mut Panel) -> Result<(), Error> {
    let columns = [trajectory::RUN.name, trajectory::STEP.name, trajectory::DISTANCE_FROM_START.name];
    let mut lines = vec![Vec::new(); choice.runs.len()];
    tables.each_row_of(Table::Trajectory, &columns, &choice.runs, |row, at| {
        let step = row.number(trajectory::STEP.name).filter(|step| *step > 0.0);
        if let Some((step, distance)) = step.zip(row.number(trajectory::DISTANCE_FROM_START.name)) {
            lines[at].push(Point::at(step, distance * distance));
        }
    })?;
    for line in lines.into_iter().filter(|line: &Vec<Point>| line.len() > 1) {
        if panel.marks.is_empty() {
            panel.add("since the start", Colour::Series(0), Shape::Thin, line);
        } else {
            panel.add_quietly("since the start", Colour::Series(0), Shape::Thin, line);
        }
    }
    Ok(())
}

/// The slopes of a walk and of a line, through the first point of the first curve.
fn slopes(panel: &mut Panel) {
    let points: Vec<Point> = panel.marks.first().map_or_else(Vec::new, |mark| mark.points.clone());
    let held: Vec<&Point> = points.iter().filter(|point| point.x > 0.0 && point.y > 0.0).collect();
    let (Some(first), Some(last)) = (held.first(), held.last()) else { return };
    if last.x <= first.x {
        return;
    }
    let ratio = last.x / first.x;
    let end = |power: f64| Point::at(last.x, first.y * libm::pow(ratio, power));
    let begin = Point::at(first.x, first.y);
    panel.add("slope 1 (walk)", Colour::Reference, Shape::Dashed, vec![begin, end(1.0)]);
    panel.add("slope 2 (line)", Colour::Faint, Shape::Dashed, vec![begin, end(2.0)]);
}
