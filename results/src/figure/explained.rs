//! Variance along each principal component, against a walk's 1/k² and the nulls of the first.

use std::collections::BTreeMap;

use traipse_sweep::columns::{Table, nulls, runs};

use super::loss::{median, points};
use super::model::{Axis, Colour, Figure, Panel, Point, Shape};
use super::{Choice, not_measured};
use crate::verdict::words;
use crate::{Error, Tables};

pub(crate) const NAME: &str = "explained-variance";

/// Deviations of a null that its bar spans.
const DEVIATIONS: f64 = 1.959_963_984_540_054;
/// Nulls with a bar, and where it stands beside the first component.
const NULLS: [(&str, &str, f64); 3] =
    [("walk", "null: walk", 1.06), ("signs", "null: random signs", 1.12), ("shuffled", "null: shuffled steps", 1.18)];

pub(crate) fn make(tables: &Tables, choice: &Choice) -> Result<Figure, Error> {
    let mut shares = BTreeMap::<u64, (f64, Vec<f64>)>::new();
    tables.each_row_of(Table::Runs, &[runs::RUN.name, runs::PCA_EXPLAINED.name], &choice.runs, |row, _| {
        for (at, share) in row.list(runs::PCA_EXPLAINED.name).unwrap_or_default().into_iter().enumerate() {
            let k = at as u64 + 1;
            shares.entry(k).or_insert_with(|| (k as f64, Vec::new())).1.push(share);
        }
    })?;
    let observed: Vec<Point> = points(&shares);
    let Some(first) = observed.first().copied() else {
        return Err(not_measured(NAME, "no run of the cell has principal components (fewer than two snapshots)"));
    };
    let pi = std::f64::consts::PI;
    let walk = observed.iter().map(|point| Point::at(point.x, 6.0 / (pi * pi * point.x * point.x))).collect();
    let n = observed.len() as f64;
    let ticks = (1..=observed.len()).map(|k| (k as f64, k.to_string())).collect();
    let x = Axis { names: ticks, ..Axis::log("principal component k").within(0.93, 1.05 * n.max(1.3)) };
    let mut panel = Panel::new(x, Axis::log("share of the path's variance"));
    panel.add("6/(π²k²): a long walk of equal steps", Colour::Faint, Shape::Dashed, walk);
    panel.add("observed", Colour::Series(0), Shape::Line, observed);
    let null = null_bars(tables, choice)?;
    let signs = null.iter().find(|(at, _)| *at == 1).map(|(_, point)| point.y);
    for (at, point) in null {
        panel.add(NULLS[at].1, Colour::Series(at + 1), Shape::Dots, vec![point]);
    }
    let of = |share: f64| words::number(100.0 * share);
    let title = match signs {
        Some(signs) => {
            format!("The first component holds {} % of the variance; with random signs, {} %", of(first.y), of(signs))
        }
        None => format!("The first component holds {} % of the path's variance; of a walk's, 61 %", of(first.y)),
    };
    let mut figure = Figure::new(NAME, title, format!("{}; median, band from lowest to highest", choice.words()));
    figure.panels = vec![panel];
    figure.caption = "Shares of the path's variance along its principal components. Every long path looks \
                      low-dimensional: a random walk holds 61 % in its first component. Bars beside the first component \
                      are its nulls (mean ± 1.96 sd within a run, median over runs): walks and random signs kill \
                      drift, shuffled steps kill memory alone."
        .to_owned();
    Ok(figure)
}

/// Median over runs of each null's mean and limits for the first component.
fn null_bars(tables: &Tables, choice: &Choice) -> Result<Vec<(usize, Point)>, Error> {
    let columns = [
        nulls::RUN.name,
        nulls::WINDOW.name,
        nulls::STATISTIC.name,
        nulls::KIND.name,
        nulls::MEAN.name,
        nulls::SD.name,
    ];
    let mut found = vec![(Vec::new(), Vec::new()); NULLS.len()];
    tables.each_row_of(Table::Nulls, &columns, &choice.runs, |row, _| {
        let whole = row.text(nulls::WINDOW.name) == Some("all");
        let first = row.text(nulls::STATISTIC.name) == Some("pca_explained_1");
        let kind = row.text(nulls::KIND.name).unwrap_or_default();
        let values = row.number(nulls::MEAN.name).zip(row.number(nulls::SD.name));
        let Some(at) = NULLS.iter().position(|(name, ..)| *name == kind).filter(|_| whole && first) else { return };
        if let Some((mean, sd)) = values {
            found[at].0.push(mean);
            found[at].1.push(sd);
        }
    })?;
    let bar = |(at, (means, deviations)): (usize, (Vec<f64>, Vec<f64>))| {
        let (mean, reach) = (median(means)?, DEVIATIONS * median(deviations)?);
        let limits = Some(((mean - reach).max(1e-6), (mean + reach).min(1.0)));
        Some((at, Point { x: NULLS[at].2, y: mean, limits }))
    };
    Ok(found.into_iter().enumerate().filter_map(bar).collect())
}
