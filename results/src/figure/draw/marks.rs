//! The marks of a panel: lines with bands, dots with bars, paths.

use plotters::prelude::{Circle, DrawingBackend, Polygon, RGBColor, ShapeStyle, WHITE};
use plotters::style::Color;

use super::frame::Frame;
use super::{Canvas, rgb};
use crate::figure::model::{Mark, Point, Shape};
use crate::figure::scale::Ruler;

/// How much of a band's colour shows.
const BAND: f64 = 0.18;
/// Dash and gap, in CSS pixels.
const DASH: (f64, f64) = (5.0, 4.0);
/// Points of a path above which its dots are left out.
const MAX_DOTS: usize = 400;

impl<B: DrawingBackend> Canvas<B> {
    /// Draws a series.
    pub(super) fn mark(&self, mark: &Mark, rulers: (&Ruler, &Ruler), frame: Frame) -> Result<(), String> {
        let colour = rgb(mark.colour);
        let pieces = pieces(&mark.points, rulers);
        for piece in &pieces {
            let line: Vec<(i32, i32)> = piece.iter().map(|point| place(point.x, point.y, rulers, frame)).collect();
            match mark.shape {
                Shape::Line => {
                    self.band(piece, rulers, frame, colour)?;
                    self.line_or_dot(line, self.stroke(colour, 2.0), colour)?;
                }
                Shape::Thin => self.line_or_dot(line, self.stroke(colour, 1.0), colour)?,
                Shape::Dashed => self.dashes(&line, self.stroke(colour, 1.5))?,
                Shape::Dots => self.dots(piece, &line, rulers, frame, colour)?,
                Shape::Joined => {
                    self.polyline(line.clone(), self.stroke(colour, 1.5))?;
                    self.dots(piece, &line, rulers, frame, colour)?;
                }
                Shape::Path => self.path(line, colour)?,
            }
        }
        Ok(())
    }

    /// A polygon between the limits, where there are limits.
    fn band(&self, piece: &[Point], rulers: (&Ruler, &Ruler), frame: Frame, colour: RGBColor) -> Result<(), String> {
        let limits = piece.iter().filter_map(|point| Some((point.x, point.limits?)));
        let (mut upper, mut lower) = (Vec::new(), Vec::new());
        for (x, (low, high)) in limits.filter(|(_, (low, high))| rulers.1.holds(*low) && rulers.1.holds(*high)) {
            upper.push(place(x, high, rulers, frame));
            lower.push(place(x, low, rulers, frame));
        }
        if upper.len() < 2 {
            return Ok(());
        }
        upper.extend(lower.into_iter().rev());
        self.area.draw(&Polygon::new(upper, colour.mix(BAND).filled())).map_err(|error| error.to_string())
    }

    /// Dots with bars to their limits.
    fn dots(
        &self,
        piece: &[Point],
        places: &[(i32, i32)],
        rulers: (&Ruler, &Ruler),
        frame: Frame,
        colour: RGBColor,
    ) -> Result<(), String> {
        for (point, at) in piece.iter().zip(places) {
            if let Some((low, high)) = point.limits.filter(|(low, high)| rulers.1.holds(*low) && rulers.1.holds(*high))
            {
                let ends = [low, high].map(|value| rulers.1.place(value, frame.y));
                self.polyline(vec![(at.0, ends[0]), (at.0, ends[1])], self.stroke(colour, 1.2))?;
                for end in ends {
                    let half = 3 * self.units;
                    self.polyline(vec![(at.0 - half, end), (at.0 + half, end)], self.stroke(colour, 1.2))?;
                }
            }
            self.dot(*at, 3.0, colour.filled())?;
        }
        Ok(())
    }

    /// A path from a ring to a disc.
    fn path(&self, line: Vec<(i32, i32)>, colour: RGBColor) -> Result<(), String> {
        let (Some(begin), Some(end)) = (line.first().copied(), line.last().copied()) else { return Ok(()) };
        self.polyline(line.clone(), self.stroke(colour, 1.5))?;
        if line.len() <= MAX_DOTS {
            for at in line {
                self.dot(at, 1.8, colour.filled())?;
            }
        }
        self.dot(begin, 5.0, WHITE.filled())?;
        self.dot(begin, 5.0, self.stroke(colour, 1.5))?;
        self.dot(end, 5.0, colour.filled())
    }

    /// A line, or a dot where it has one point alone.
    fn line_or_dot(&self, line: Vec<(i32, i32)>, style: ShapeStyle, colour: RGBColor) -> Result<(), String> {
        match line.as_slice() {
            [only] => self.dot(*only, 2.0, colour.filled()),
            _ => self.polyline(line, style),
        }
    }

    /// A dot; its radius in CSS pixels.
    pub(super) fn dot(&self, at: (i32, i32), radius: f64, style: impl Into<ShapeStyle>) -> Result<(), String> {
        let radius = libm::round(radius * f64::from(self.units)) as i32;
        self.area.draw(&Circle::new(at, radius, style)).map_err(|error| error.to_string())
    }

    /// A dashed line.
    pub(super) fn dashes(&self, line: &[(i32, i32)], style: ShapeStyle) -> Result<(), String> {
        let units = f64::from(self.units);
        let (dash, period) = (DASH.0 * units, (DASH.0 + DASH.1) * units);
        let mut along = 0.0;
        for pair in line.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let (dx, dy) = (f64::from(to.0 - from.0), f64::from(to.1 - from.1));
            let length = libm::hypot(dx, dy);
            let at = |share: f64| {
                let share = (share / length.max(1e-9)).clamp(0.0, 1.0);
                (from.0 + libm::round(share * dx) as i32, from.1 + libm::round(share * dy) as i32)
            };
            let mut begin = -(along % period);
            while begin < length {
                if begin + dash > 0.0 {
                    self.polyline(vec![at(begin), at(begin + dash)], style)?;
                }
                begin += period;
            }
            along += length;
        }
        Ok(())
    }
}

/// Stretches of points that have a place on both axes.
fn pieces(points: &[Point], (x, y): (&Ruler, &Ruler)) -> Vec<Vec<Point>> {
    let held = |point: &Point| x.holds(point.x) && y.holds(point.y);
    points.split(|point| !held(point)).filter(|piece| !piece.is_empty()).map(<[Point]>::to_vec).collect()
}

fn place(x: f64, y: f64, rulers: (&Ruler, &Ruler), frame: Frame) -> (i32, i32) {
    (rulers.0.place(x, frame.x), rulers.1.place(y, frame.y))
}
