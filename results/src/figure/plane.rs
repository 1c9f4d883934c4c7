//! The path in the plane of its first two principal components, with that of a walk.

use traipse_sweep::columns::{Table, runs, trajectory};

use super::model::{Axis, Colour, Figure, Panel, Point, Shape};
use super::{Choice, not_measured};
use crate::verdict::words;
use crate::{Error, Tables};

pub(crate) const NAME: &str = "path-plane";

/// Points of the walk's curve.
const WALK_POINTS: usize = 100;

pub(crate) fn make(tables: &Tables, choice: &Choice) -> Result<Figure, Error> {
    let mut scores: Vec<Point> = Vec::new();
    let columns = [trajectory::RUN.name, trajectory::PC_SCORES.name];
    tables.each_row_of(Table::Trajectory, &columns, &[choice.run], |row, _| {
        if let Some([first, second, ..]) = row.list(trajectory::PC_SCORES.name).as_deref() {
            scores.push(Point::at(*first, *second));
        }
    })?;
    let mut explained = Vec::new();
    tables.each_row_of(Table::Runs, &[runs::RUN.name, runs::PCA_EXPLAINED.name], &[choice.run], |row, _| {
        explained = row.list(runs::PCA_EXPLAINED.name).unwrap_or_default();
    })?;
    if scores.len() < 3 || explained.len() < 2 {
        return Err(not_measured(
            NAME,
            &format!("run {} has no principal components (fewer than three snapshots)", choice.run),
        ));
    }
    let percent = |at: usize| words::number(100.0 * explained[at]);
    let label = |at: usize| format!("PC{} score (w), {} % of the variance", at + 1, percent(at));
    let mut panel = Panel::new(Axis::linear(label(0)), Axis::linear(label(1)));
    panel.equal = true;
    panel.add(
        "a random walk's mean, with the same variance",
        Colour::Faint,
        Shape::Dashed,
        walk(&scores, explained[0]),
    );
    panel.add("the run, from ring to disc", Colour::Series(0), Shape::Path, scores);
    let title = format!(
        "Two components hold {} % of the path's variance; of a walk's, 76 %",
        words::number(100.0 * (explained[0] + explained[1]))
    );
    let mut figure = Figure::new(NAME, title, choice.run_words());
    figure.panels = vec![panel];
    figure.caption = "Scores of the snapshots on their first two principal components (both axes have one scale). A \
                      random walk in many dimensions draws the dashed parabola, a Lissajous curve, whatever it does: a \
                      smooth arc alone is no sign of structure."
        .to_owned();
    Ok(figure)
}

/// Expected scores of a walk: cosines of one and of two half periods, with variances 6/(π²k²) of the total (Antognini &
/// Sohl-Dickstein 2018), turned as the run is.
fn walk(scores: &[Point], explained: f64) -> Vec<Point> {
    let n = scores.len() as f64;
    let total = scores.iter().map(|point| point.x * point.x).sum::<f64>() / n / explained.max(1e-12);
    let pi = std::f64::consts::PI;
    let size = |k: f64| (2.0 * total * 6.0 / (pi * pi * k * k)).sqrt();
    let sign = |first: f64, reference: f64| if first * reference < 0.0 { -1.0 } else { 1.0 };
    let signs = (sign(scores[0].x, 1.0), sign(scores[0].y, 1.0));
    let point = |at: usize| {
        let angle = pi * (at as f64 + 0.5) / WALK_POINTS as f64;
        Point::at(signs.0 * size(1.0) * libm::cos(angle), signs.1 * size(2.0) * libm::cos(2.0 * angle))
    };
    (0..WALK_POINTS).map(point).collect()
}
