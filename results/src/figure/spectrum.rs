//! Spectral density of the Hessian over time, from the raw nodes and weights of stochastic Lanczos quadrature.

use std::collections::BTreeMap;

use traipse_sweep::columns::{Table, spectra};

use super::model::{Axis, Colour, Figure, Panel, Point, Scale, Shape};
use super::{Choice, not_measured};
use crate::verdict::words;
use crate::{Error, Tables};

pub(crate) const NAME: &str = "spectral-density";

/// Where the axis turns from linear to logarithmic, in nat/w². Fixed, so that figures compare.
const UNIT: f64 = 1e-3;
/// Standard deviation of the Gaussian kernel, in units of the axis (decades, outside of the linear part). Fixed, too.
const KERNEL: f64 = 0.08;
/// Points of a curve.
const GRID: usize = 400;
/// Times that are drawn: of more, evenly spaced ones.
const MAX_TIMES: usize = 5;
/// Density below which nothing is drawn.
const LOWEST: f64 = 1e-6;

/// Nodes and weights of all draws of a step.
type Nodes = Vec<(f64, f64)>;

pub(crate) fn make(tables: &Tables, choice: &Choice) -> Result<Figure, Error> {
    let mut by_step = BTreeMap::<u64, (Nodes, usize)>::new();
    let columns = [spectra::RUN.name, spectra::STEP.name, spectra::NODES.name, spectra::WEIGHTS.name];
    tables.each_row_of(Table::Spectra, &columns, &[choice.run], |row, _| {
        let (nodes, weights) = (row.list(spectra::NODES.name), row.list(spectra::WEIGHTS.name));
        let Some((nodes, weights)) = nodes.zip(weights).filter(|(nodes, _)| !nodes.is_empty()) else { return };
        let step = by_step.entry(row.count(spectra::STEP.name).unwrap_or_default()).or_default();
        step.0.extend(nodes.into_iter().zip(weights).filter(|(node, weight)| node.is_finite() && weight.is_finite()));
        step.1 += 1;
    })?;
    if by_step.is_empty() {
        return Err(not_measured(NAME, &format!("run {} has no spectral density", choice.run)));
    }
    let steps: Vec<u64> = by_step.keys().copied().collect();
    let n = steps.len().min(MAX_TIMES);
    let shown: Vec<u64> = (0..n).map(|at| steps[at * (steps.len() - 1) / (n - 1).max(1)]).collect();
    let (low, high) = ends(&by_step);
    let mut panel = Panel::new(
        Axis {
            scale: Scale::SignedLog { unit: UNIT },
            ..Axis::linear("eigenvalue (nat/w²)").within(value(low), value(high))
        },
        Axis::log("density (share a decade)"),
    );
    for (at, step) in shown.iter().enumerate() {
        let (nodes, draws) = &by_step[step];
        panel.add(format!("step {step}"), Colour::Series(at), Shape::Line, density(nodes, *draws, (low, high)));
    }
    let last = &by_step[&steps[steps.len() - 1]];
    let within = last.0.iter().filter(|(node, _)| node.abs() < UNIT).map(|(_, weight)| weight).sum::<f64>();
    let title = format!(
        "At the end {} % of the spectrum lies within ±{UNIT} nat/w²",
        words::number(100.0 * within / last.1 as f64)
    );
    let mut figure = Figure::new(
        NAME,
        title,
        format!("{}; mean over {}", choice.run_words(), words::counted(last.1 as u64, "random vector")),
    );
    figure.panels = vec![panel];
    figure.caption = format!(
        "Share of the Hessian's eigenvalues by size: nodes of stochastic Lanczos quadrature, smoothed by a Gaussian of \
         {KERNEL} decades, the same in every figure. The axis is linear within ±{UNIT} and logarithmic outside; what \
         stands left of zero is negative curvature."
    );
    Ok(figure)
}

/// Kernel estimate on the axis' own lengths.
fn density(nodes: &[(f64, f64)], draws: usize, (low, high): (f64, f64)) -> Vec<Point> {
    let norm = 1.0 / (KERNEL * (2.0 * std::f64::consts::PI).sqrt() * draws.max(1) as f64);
    let at = |place: f64| {
        let sum: f64 = nodes
            .iter()
            .map(|(node, weight)| {
                let z = (place - length(*node)) / KERNEL;
                weight * libm::exp(-0.5 * z * z)
            })
            .sum();
        sum * norm
    };
    let grid = (0..GRID).map(|at| low + (high - low) * at as f64 / (GRID - 1) as f64);
    grid.map(|place| Point::at(value(place), at(place)))
        .map(|point| Point { y: if point.y < LOWEST { f64::NAN } else { point.y }, ..point })
        .collect()
}

/// The ends of all spectra on the axis, with room for the kernel.
fn ends(by_step: &BTreeMap<u64, (Nodes, usize)>) -> (f64, f64) {
    let places = by_step.values().flat_map(|(nodes, _)| nodes).map(|(node, _)| length(*node));
    let (low, high) = places.fold((0.0_f64, 0.0_f64), |(low, high), at| (low.min(at), high.max(at)));
    (low - 5.0 * KERNEL, high + 5.0 * KERNEL)
}

fn length(value: f64) -> f64 {
    libm::copysign(libm::log10(1.0 + value.abs() / UNIT), value)
}

fn value(length: f64) -> f64 {
    libm::copysign(UNIT * (libm::pow(10.0, length.abs()) - 1.0), length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_density_has_the_mass_of_its_weights() {
        let nodes = [(0.0, 0.75), (10.0, 0.25), (0.0, 0.75), (10.0, 0.25)];
        let (low, high) = (-1.0, 5.0);
        let points = density(&nodes, 2, (low, high));
        let width = (high - low) / (GRID - 1) as f64;
        let mass: f64 = points.iter().map(|point| if point.y.is_nan() { 0.0 } else { point.y * width }).sum();
        assert!((mass - 1.0).abs() < 1e-3, "{mass}");
    }
}
