//! Extreme eigenvalues of the Hessian against time, with the optimiser's stability line.

use std::collections::BTreeMap;

use traipse_sweep::columns::{Table, trajectory};

use super::loss::points;
use super::model::{Axis, Colour, Figure, Panel, Point, Shape};
use super::{Choice, not_measured};
use crate::verdict::words;
use crate::{Error, Tables};

pub(crate) const NAME: &str = "eigenvalues";

const COLUMNS: [&str; 7] = [
    trajectory::RUN.name,
    trajectory::STEP.name,
    trajectory::EPOCH.name,
    trajectory::HESSIAN_MAX.name,
    trajectory::HESSIAN_MIN.name,
    trajectory::CERTIFICATE.name,
    trajectory::SHARPNESS_RATIO.name,
];
/// Where the axis of the negative end turns from linear to logarithmic, in nat/w².
const UNIT: f64 = 1e-3;

pub(crate) fn make(tables: &Tables, choice: &Choice) -> Result<Figure, Error> {
    let mut series: BTreeMap<&str, BTreeMap<u64, (f64, Vec<f64>)>> = BTreeMap::new();
    tables.each_row_of(Table::Trajectory, &COLUMNS, &choice.runs, |row, _| {
        let step = row.count(trajectory::STEP.name).unwrap_or_default();
        let epoch = row.number(trajectory::EPOCH.name).unwrap_or_default();
        let mut push = |name: &'static str, value: Option<f64>| {
            if let Some(value) = value {
                series.entry(name).or_default().entry(step).or_insert_with(|| (epoch, Vec::new())).1.push(value);
            }
        };
        let largest = row.number(trajectory::HESSIAN_MAX.name);
        push("largest", largest);
        push("smallest", row.number(trajectory::HESSIAN_MIN.name));
        push("certificate", row.number(trajectory::CERTIFICATE.name));
        let ratio = row.number(trajectory::SHARPNESS_RATIO.name).filter(|ratio| *ratio > 0.0);
        push("threshold", largest.zip(ratio).map(|(largest, ratio)| largest / ratio));
    })?;
    let of = |name: &str| series.get(name).map_or_else(Vec::new, points);
    let largest = of("largest");
    let Some(last) = largest.last().copied() else {
        return Err(not_measured(NAME, "no run of the cell has eigenvalues"));
    };
    let time = || Axis::linear("epoch").within(0.0, last.x.max(1e-9) * 1.01);
    let threshold: Vec<Point> = of("threshold").into_iter().map(|point| Point { limits: None, ..point }).collect();
    let title = match threshold.last() {
        Some(line) => format!(
            "The largest eigenvalue ends at {} of the optimiser's stability line",
            words::number(last.y / line.y)
        ),
        None => format!("The largest eigenvalue ends at {} nat/w²", words::number(last.y)),
    };
    let mut upper = Panel::new(time(), Axis::log("λmax (nat/w²)"));
    upper.add("stability line", Colour::Reference, Shape::Dashed, threshold);
    upper.add("largest Ritz value", Colour::Series(0), Shape::Line, largest);
    let scale = super::Scale::SignedLog { unit: UNIT };
    let mut lower = Panel::new(time(), Axis { scale, ..Axis::linear("λmin (nat/w²)") });
    lower.add("smallest Ritz value (probe set)", Colour::Series(1), Shape::Line, of("smallest"));
    lower.add("certificate (full objective)", Colour::Series(2), Shape::Line, of("certificate"));
    lower.add_quietly("zero", Colour::Faint, Shape::Dashed, vec![Point::at(0.0, 0.0), Point::at(last.x, 0.0)]);
    let mut figure = Figure::new(NAME, title, format!("{}; median, band from lowest to highest", choice.words()));
    figure.panels = vec![upper, lower];
    figure.caption = "Above: the largest Ritz value (a lower bound on the largest eigenvalue) with the line above which \
                      the optimiser is unstable on a quadratic. Below: the smallest Ritz value on the probe set, and \
                      v'Hv of the full objective for its vector: below zero, it proves that the objective is not convex \
                      there. The lower axis is linear within ±0.001 and logarithmic outside."
        .to_owned();
    Ok(figure)
}
