//! Axes as lengths: ranges that hold all marks, and ticks at round numbers.

use super::model::{Axis, Panel, Scale};
use crate::verdict::words;

/// Share of a linear range that is left free at its ends.
const MARGIN: f64 = 0.04;
/// Ticks of a linear axis, about.
const TICKS: f64 = 5.0;
/// Decades above which a logarithmic axis leaves out some of them.
const MAX_DECADES: i32 = 7;

/// An axis that knows its range and ticks, and where a value lies between two pixels.
#[derive(Clone, Debug)]
pub(crate) struct Ruler {
    scale: Scale,
    /// In lengths, not values.
    low: f64,
    high: f64,
    ticks: Vec<(f64, String)>,
    /// Whether ticks are names, which stay what they are.
    named: bool,
}

impl Ruler {
    /// The ruler of an axis over values.
    pub(crate) fn new(axis: &Axis, values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = axis.range.unwrap_or_else(|| extent(axis.scale, values));
        let (low, high) = (length(axis.scale, low), length(axis.scale, high));
        let ticks = if axis.names.is_empty() { ticks(axis.scale, low, high) } else { axis.names.clone() };
        Self { scale: axis.scale, low, high, ticks, named: !axis.names.is_empty() }
    }

    /// Both rulers of a panel.
    pub(crate) fn of_panel(panel: &Panel) -> (Self, Self) {
        let points = || panel.marks.iter().flat_map(|mark| &mark.points);
        let (half_x, half_y) = panel.heat.as_ref().map_or((0.0, 0.0), |heat| (half_step(&heat.x), half_step(&heat.y)));
        let x = points().map(|point| point.x);
        let limits = |point: &super::model::Point| point.limits.map_or([point.y; 2], |(low, high)| [low, high]);
        let y = points().flat_map(|point| [[point.y; 2], limits(point)].concat());
        if let Some(heat) = panel.heat.as_ref().filter(|heat| !heat.x.is_empty() && !heat.y.is_empty()) {
            // A field of colour fills its frame.
            let ends = |grid: &[f64], half: f64| (grid[0] - half, grid[grid.len() - 1] + half);
            let (x, y) = (ends(&heat.x, half_x), ends(&heat.y, half_y));
            let within = |axis: &Axis, ends| Axis { range: axis.range.or(Some(ends)), ..axis.clone() };
            let none = std::iter::empty;
            return (Self::new(&within(&panel.x, x), none()), Self::new(&within(&panel.y, y), none()));
        }
        (Self::new(&panel.x, x), Self::new(&panel.y, y))
    }

    /// Length of the range.
    pub(crate) fn span(&self) -> f64 {
        self.high - self.low
    }

    /// The same ruler over a longer range with the same middle.
    pub(crate) fn stretched(mut self, span: f64) -> Self {
        let more = 0.5 * (span - self.span()).max(0.0);
        self.low -= more;
        self.high += more;
        if !self.named {
            self.ticks = ticks(self.scale, self.low, self.high);
        }
        self
    }

    /// Whether a value has a place.
    pub(crate) fn holds(&self, value: f64) -> bool {
        value.is_finite() && (self.scale != Scale::Log || value > 0.0)
    }

    /// The ticks: value and text.
    pub(crate) fn ticks(&self) -> &[(f64, String)] {
        &self.ticks
    }

    /// The pixel of a value, between the pixels of the range's ends.
    pub(crate) fn place(&self, value: f64, (from, to): (i32, i32)) -> i32 {
        let share = (length(self.scale, value) - self.low) / self.span();
        // What lies outside is held near the frame, so that it stays a number of pixels.
        libm::round(f64::from(from) + share.clamp(-0.5, 1.5) * f64::from(to - from)) as i32
    }
}

/// Half the distance of neighbours on a grid.
pub(crate) fn half_step(grid: &[f64]) -> f64 {
    match grid {
        [first, .., last] => 0.5 * (last - first) / (grid.len() - 1) as f64,
        _ => 0.5,
    }
}

/// The length of a value from zero (from one, where logarithmic).
fn length(scale: Scale, value: f64) -> f64 {
    match scale {
        Scale::Linear => value,
        Scale::Log => libm::log10(value.max(f64::MIN_POSITIVE)),
        Scale::SignedLog { unit } => libm::copysign(libm::log10(1.0 + value.abs() / unit), value),
    }
}

fn value(scale: Scale, length: f64) -> f64 {
    match scale {
        Scale::Linear => length,
        Scale::Log => libm::pow(10.0, length),
        Scale::SignedLog { unit } => libm::copysign(unit * (libm::pow(10.0, length.abs()) - 1.0), length),
    }
}

/// The least range that holds all values, with a margin.
fn extent(scale: Scale, values: impl Iterator<Item = f64>) -> (f64, f64) {
    let held = values.filter(|value| value.is_finite() && (scale != Scale::Log || *value > 0.0));
    let lengths = held.map(|value| length(scale, value));
    let (low, high) = lengths.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| (low.min(at), high.max(at)));
    if low > high {
        return (value(scale, 0.0), value(scale, 1.0));
    }
    let least = if scale == Scale::Linear { 1e-9 * high.abs().max(low.abs()).max(1e-12) } else { 0.1 };
    let margin = (MARGIN * (high - low)).max(least);
    // A range that begins at zero keeps its zero.
    let low = if scale == Scale::Linear && low == 0.0 { 0.0 } else { low - margin };
    (value(scale, low), value(scale, high + margin))
}

fn ticks(scale: Scale, low: f64, high: f64) -> Vec<(f64, String)> {
    match scale {
        Scale::Linear => linear(low, high),
        Scale::Log => decades(low, high),
        Scale::SignedLog { unit } => signed(unit, low, high),
    }
}

/// Multiples of 1, 2 or 5 times a power of ten.
fn linear(low: f64, high: f64) -> Vec<(f64, String)> {
    let rough = (high - low) / TICKS;
    let power = libm::pow(10.0, libm::floor(libm::log10(rough)));
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power).find(|step| *step >= rough);
    let step = step.unwrap_or(rough);
    let (first, last) = (libm::ceil(low / step) as i64, libm::floor(high / step) as i64);
    (first..=last).map(|at| at as f64 * step).map(|value| (value, words::number(clean(value, step)))).collect()
}

/// A multiple of a step without the last digits' noise.
fn clean(value: f64, step: f64) -> f64 {
    let digits = (1.0 - libm::floor(libm::log10(step))).clamp(0.0, 12.0) as usize;
    format!("{value:.digits$}").parse().unwrap_or(value)
}

/// Powers of ten; with 2 and 5 between where there are few.
fn decades(low: f64, high: f64) -> Vec<(f64, String)> {
    let (first, last) = (libm::floor(low) as i32, libm::ceil(high) as i32);
    let stride = ((last - first - 1) / MAX_DECADES + 1).max(1);
    let times: &[f64] = match high - low {
        span if span < 1.2 => &[1.0, 2.0, 3.0, 5.0, 7.0],
        span if span < 2.5 => &[1.0, 2.0, 5.0],
        _ => &[1.0],
    };
    let values = (first..=last).filter(|decade| decade.rem_euclid(stride) == 0).flat_map(|decade| {
        let power = libm::pow(10.0, f64::from(decade));
        times.iter().map(move |times| (times * power, *times, decade))
    });
    let inside = values.filter(|(value, ..)| (low..=high).contains(&libm::log10(*value)));
    inside.map(|(value, times, decade)| (value, decade_text(value, times, decade))).collect()
}

fn decade_text(value: f64, times: f64, decade: i32) -> String {
    if (-3..=4).contains(&decade) {
        return words::number(clean(value, libm::pow(10.0, f64::from(decade))));
    }
    let power = format!("10{}", words::superscript(decade));
    if times == 1.0 { power } else { format!("{times}·{power}") }
}

/// Zero and powers of ten of both signs.
fn signed(unit: f64, low: f64, high: f64) -> Vec<(f64, String)> {
    let first = libm::round(libm::log10(unit)) as i32;
    let reach = libm::ceil(low.abs().max(high.abs())) as i32;
    let stride = (reach / 4 + 1).max(1) as usize;
    let powers = (first + 1..=first + reach).step_by(stride);
    let values: Vec<(f64, i32)> = powers.map(|power| (libm::pow(10.0, f64::from(power)), power)).collect();
    let scale = Scale::SignedLog { unit };
    let text = |value: f64, power: i32| {
        if value < 0.0 { format!("−{}", decade_text(-value, 1.0, power)) } else { decade_text(value, 1.0, power) }
    };
    let negative = values.iter().rev().map(|(value, power)| (-value, *power));
    let all = negative.map(|(value, power)| (value, text(value, power))).chain([(0.0, "0".to_owned())]);
    let all = all.chain(values.iter().map(|(value, power)| (*value, text(*value, *power))));
    all.filter(|(value, _)| (low..=high).contains(&length(scale, *value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(scale: Scale, low: f64, high: f64) -> Vec<String> {
        ticks(scale, low, high).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(texts(Scale::Linear, 0.0, 1.04), ["0", "0.5", "1"]);
        assert_eq!(texts(Scale::Linear, -0.1, 0.33), ["−0.1", "0", "0.1", "0.2", "0.3"]);
        assert_eq!(texts(Scale::Log, -5.5, 0.2), ["10⁻⁵", "10⁻⁴", "0.001", "0.01", "0.1", "1"]);
        assert_eq!(texts(Scale::SignedLog { unit: 0.01 }, -1.2, 2.1), ["−0.1", "0", "0.1", "1"]);
    }

    #[test]
    fn a_ruler_holds_its_values_inside() {
        for values in [vec![0.0, 3.0], vec![5.0], vec![], vec![-2.0, -2.0]] {
            let ruler = Ruler::new(&Axis::linear("x"), values.iter().copied());
            for value in values {
                let at = ruler.place(value, (0, 1000));
                assert!((0..=1000).contains(&at), "{value} at {at}");
            }
        }
    }
}
