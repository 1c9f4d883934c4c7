//! Travel after convergence against the learning rate, by architecture.

use std::collections::BTreeMap;

use serde_json::Value;

use super::model::{Axis, Colour, Figure, Panel, Point, Shape};
use super::{Choice, not_measured};
use crate::verdict::{HEADLINE, Sample, THRESHOLDS, at};
use crate::{Error, Tables};

pub(crate) const NAME: &str = "travel-by-rate";

/// Architectures that are told apart by colour: the others are not drawn, and the subtitle says so.
const MAX_GROUPS: usize = 7;
/// Cells that are read: of a sweep with more, the first so many.
const MAX_CELLS: usize = 5000;

/// How words of a label begin that say what the network is.
const MODEL_WORDS: [&str; 7] = ["hidden=", "activation=", "preset=", "width=", "norm=", "kind=", "model."];

/// The points of one architecture, and the means for a line and a walk.
#[derive(Default)]
struct Group {
    travel: Vec<Point>,
    walk: Vec<Point>,
}

pub(crate) fn make(tables: &Tables, _: &Choice) -> Result<Figure, Error> {
    let q = THRESHOLDS[HEADLINE];
    let mut groups = BTreeMap::<String, Group>::new();
    let (mut cells, mut n) = (tables.cells()?, 0);
    while let Some(cell) = cells.next()?.filter(|_| n < MAX_CELLS) {
        n += 1;
        let Some(rate) = cell.settings.pointer("/train/learning_rate").and_then(Value::as_f64) else { continue };
        let sample = Sample::new(&cell);
        let mean = |value: fn(&crate::tables::Threshold) -> Option<f64>| sample.mean(|run| value(at(run, q)?));
        let group = groups.entry(without_rate(&cell.label)).or_default();
        if let Some(found) = mean(|row| row.travel_fraction) {
            group.travel.push(Point { x: rate, y: found.mean, limits: found.limits });
        }
        group.walk.extend(mean(|row| row.walk).map(|found| Point::at(rate, found.mean)));
    }
    groups.retain(|_, group| !group.travel.is_empty());
    if groups.is_empty() {
        let what =
            "no run trained for four times as long as its loss took to come within 1 % of its fall; train longer";
        return Err(not_measured(NAME, what));
    }
    Ok(if groups.len() > MAX_GROUPS { draw(by_architecture(groups), true) } else { draw(groups, false) })
}

/// Groups of one architecture together: of many settings, what the network is tells them apart best.
fn by_architecture(groups: BTreeMap<String, Group>) -> BTreeMap<String, Group> {
    let mut merged = BTreeMap::<String, Group>::new();
    for (name, group) in groups {
        let words = name.split(' ').filter(|word| MODEL_WORDS.iter().any(|begin| word.starts_with(begin)));
        let to = merged.entry(words.collect::<Vec<_>>().join(" ")).or_default();
        to.travel.extend(group.travel);
        to.walk.extend(group.walk);
    }
    merged
}

fn draw(groups: BTreeMap<String, Group>, merged: bool) -> Figure {
    let (n, left_out) = (groups.len(), groups.len().saturating_sub(MAX_GROUPS));
    let all: Vec<&Point> = groups.values().flat_map(|group| &group.travel).collect();
    let above = all.iter().filter(|point| point.limits.is_some_and(|(low, _)| low > 0.1)).count();
    let title = format!(
        "Travel after convergence exceeds a tenth of the way in {above} of {} {}",
        all.len(),
        if all.len() == 1 { "cell" } else { "cells" }
    );
    let thin = if merged { "one dot a cell" } else { "thin: random walks with the same step lengths" };
    let mut subtitle = format!("q = 1 %; mean over seeds with its 95 % interval; {thin}");
    if left_out > 0 {
        subtitle.push_str(&format!("; the first {MAX_GROUPS} of {n} settings of all else"));
    }
    let mut figure = Figure::new(NAME, title, subtitle);
    let mut panel =
        Panel::new(Axis::log("learning rate"), Axis::linear("travel after t* / displacement").within(0.0, top(&all)));
    let rates: Vec<f64> = all.iter().map(|point| point.x).collect();
    let (low, high) =
        rates.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), rate| (low.min(*rate), high.max(*rate)));
    for (at, (name, group)) in groups.into_iter().take(MAX_GROUPS).enumerate() {
        let name = if name.is_empty() { "all cells".to_owned() } else { name };
        // Of merged groups several points stand at one rate: no line joins them.
        let (shape, walk) = if merged { (Shape::Dots, Vec::new()) } else { (Shape::Joined, group.walk) };
        panel.add_quietly(format!("{name}, walk"), Colour::Series(at), Shape::Thin, walk);
        // Neighbours in colour are moved apart a little, so that their bars do not hide each other.
        let apart = libm::pow(1.015, at as f64 - 0.5 * (n.min(MAX_GROUPS) - 1) as f64);
        let travel = group.travel.into_iter().map(|point| Point { x: point.x * apart, ..point }).collect();
        panel.add(name, Colour::Series(at), shape, travel);
    }
    let threshold = vec![Point::at(low * 0.95, 0.1), Point::at(high * 1.05, 0.1)];
    panel.add("threshold of A4", Colour::Faint, Shape::Dashed, threshold);
    figure.panels = vec![panel];
    figure.caption =
        "How far the weights go after t* (the first snapshot from which the objective stays within 1 % of \
                      its fall), as a share of the way from start to end. Only runs that trained for four times t* \
                      count. Large travel alone says little: a random walk with the same step lengths travels, \
                      too, and stands beside every verdict."
            .to_owned();
    figure
}

fn top(points: &[&Point]) -> f64 {
    let highest = points.iter().map(|point| point.limits.map_or(point.y, |(_, high)| high)).fold(0.0, f64::max);
    (1.08 * highest).clamp(0.2, 1.5)
}

/// A cell's label without the learning rate: what else it sets.
fn without_rate(label: &str) -> String {
    let words = label
        .split(' ')
        .filter(|word| !word.starts_with("learning_rate=") && !word.starts_with("train.learning_rate="));
    words.collect::<Vec<_>>().join(" ")
}
