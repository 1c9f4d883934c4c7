//! The frame of a panel: axes, ticks, labels, legend, and the scale of colours.

use plotters::prelude::{DrawingBackend, FontTransform, PathElement, RGBColor, Rectangle, ShapeStyle};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Canvas, GRID, INK, LegendEntry, PADDING, SOFT, TEXT, WIDTH, rgb, text_width};
use crate::figure::model::{Heat, Panel, Shape};
use crate::figure::scale::{Ruler, half_step};
use crate::verdict::words;

/// Length of a line in the legend.
pub(super) const SWATCH: i32 = 22;
/// Room right of a field of colour for its scale.
const SCALE_ROOM: i32 = 96;
/// Room below the axis for ticks and label.
const BELOW: i32 = 42;
/// What of it the label takes.
const LABEL: i32 = 16;
/// Room above a panel.
const ABOVE: i32 = 12;
/// Steps of a scale of colours.
const SCALE_STEPS: i32 = 64;
/// Viridis at nine places.
const VIRIDIS: [(u8, u8, u8); 9] = [
    (68, 1, 84),
    (71, 44, 122),
    (59, 81, 139),
    (44, 113, 142),
    (33, 144, 141),
    (39, 173, 129),
    (92, 200, 99),
    (170, 220, 50),
    (253, 231, 37),
];

/// Where a panel's data lie, in drawing units: left, right, top, bottom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) x: (i32, i32),
    /// From bottom to top.
    pub(super) y: (i32, i32),
}

impl<B: DrawingBackend> Canvas<B> {
    /// Draws a panel between two heights, its data from `left` on.
    pub(super) fn panel(&self, panel: &Panel, place: Place) -> Result<(), String> {
        let rulers = Ruler::of_panel(panel);
        let room = if panel.heat.is_some() { SCALE_ROOM } else { 0 };
        let below = if place.names_x { BELOW } else { BELOW - LABEL };
        let (mut x, mut y) = ((place.left, WIDTH - PADDING - 8 - room), (place.bottom - below, place.top + ABOVE));
        let rulers = match (panel.equal, &panel.heat) {
            (true, Some(_)) => {
                (x, y) = cropped(&rulers, x, y);
                rulers
            }
            (true, None) => equal(rulers, x, y),
            (false, _) => rulers,
        };
        let (x_ruler, y_ruler) = (&rulers.0, &rulers.1);
        let frame = Frame { x: self.scaled(x), y: self.scaled(y) };
        if let Some(heat) = &panel.heat {
            self.heat(heat, (x_ruler, y_ruler), frame)?;
            self.colour_scale(heat, (x.1 + 16, y))?;
        }
        self.axes(panel, (x_ruler, y_ruler), frame, place.names_x)?;
        for mark in &panel.marks {
            self.mark(mark, (x_ruler, y_ruler), frame)?;
        }
        Ok(())
    }

    /// Room left of a panel's data for its ticks and label.
    pub(super) fn left_of(&self, panel: &Panel) -> i32 {
        let (_, y) = Ruler::of_panel(panel);
        let widest = y.ticks().iter().map(|(_, text)| text_width(text, TEXT, false, self.units)).max();
        PADDING + TEXT + 14 + widest.unwrap_or(0)
    }

    fn axes(&self, panel: &Panel, (x, y): (&Ruler, &Ruler), frame: Frame, names_x: bool) -> Result<(), String> {
        let line = self.stroke(GRID, 1.0);
        let heat = panel.heat.is_some();
        for (value, text) in y.ticks() {
            let at = y.place(*value, frame.y);
            if !heat {
                self.polyline(vec![(frame.x.0, at), (frame.x.1, at)], line)?;
            }
            let style = self.text_style(TEXT, SOFT, false).pos(Pos::new(HPos::Right, VPos::Center));
            self.put(text, (frame.x.0 - 6 * self.units, at), &style)?;
        }
        for (value, text) in x.ticks() {
            let at = x.place(*value, frame.x);
            if !heat {
                self.polyline(vec![(at, frame.y.0), (at, frame.y.1)], line)?;
            }
            let style = self.text_style(TEXT, SOFT, false).pos(Pos::new(HPos::Center, VPos::Top));
            self.put(text, (at, frame.y.0 + 5 * self.units), &style)?;
        }
        self.polyline(vec![(frame.x.0, frame.y.0), (frame.x.1, frame.y.0)], self.stroke(SOFT, 1.0))?;
        let middle = ((frame.x.0 + frame.x.1) / 2, (frame.y.0 + frame.y.1) / 2);
        let style = self.text_style(TEXT, INK, false);
        let below = style.clone().pos(Pos::new(HPos::Center, VPos::Top));
        if names_x {
            self.put(&panel.x.label, (middle.0, frame.y.0 + 22 * self.units), &below)?;
        }
        let mut beside = style.pos(Pos::new(HPos::Center, VPos::Top));
        beside.font = beside.font.transform(FontTransform::Rotate270);
        self.put(&panel.y.label, ((PADDING - 4) * self.units, middle.1), &beside)
    }

    fn heat(&self, heat: &Heat, (x, y): (&Ruler, &Ruler), frame: Frame) -> Result<(), String> {
        let (low, high) = heat_range(heat);
        let (half_x, half_y) = (half_step(&heat.x), half_step(&heat.y));
        for (row, y_value) in heat.y.iter().enumerate() {
            let rows = [y_value + half_y, y_value - half_y].map(|value| y.place(value, frame.y));
            for (column, x_value) in heat.x.iter().enumerate() {
                let value = heat.values[row * heat.x.len() + column];
                if !value.is_finite() || (heat.log && value <= 0.0) {
                    continue;
                }
                let columns = [x_value - half_x, x_value + half_x].map(|value| x.place(value, frame.x));
                let corners = [(columns[0], rows[0]), (columns[1], rows[1])];
                let colour = viridis((heat_length(heat, value) - low) / (high - low));
                let cell = Rectangle::new(corners, colour.filled());
                self.area.draw(&cell).map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    /// The scale of colours beside a field, from bottom to top.
    fn colour_scale(&self, heat: &Heat, (left, (bottom, top)): (i32, (i32, i32))) -> Result<(), String> {
        let (low, high) = heat_range(heat);
        let x = (left * self.units, (left + 12) * self.units);
        let y = self.scaled((bottom, top));
        for step in 0..SCALE_STEPS {
            let at = |step: i32| y.0 + (y.1 - y.0) * step / SCALE_STEPS;
            let colour = viridis((f64::from(step) + 0.5) / f64::from(SCALE_STEPS));
            let cell = Rectangle::new([(x.0, at(step + 1)), (x.1, at(step))], colour.filled());
            self.area.draw(&cell).map_err(|error| error.to_string())?;
        }
        let style = self.text_style(TEXT, SOFT, false).pos(Pos::new(HPos::Left, VPos::Center));
        for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
            let length = low + share * (high - low);
            let value = if heat.log { libm::pow(10.0, length) } else { length };
            let at = y.0 + libm::round(share * f64::from(y.1 - y.0)) as i32;
            self.put(&words::number(value), (x.1 + 5 * self.units, at), &style)?;
        }
        let mut label = self.text_style(TEXT, INK, false).pos(Pos::new(HPos::Center, VPos::Bottom));
        label.font = label.font.transform(FontTransform::Rotate270);
        self.put(&heat.label, (x.0 + 82 * self.units, (y.0 + y.1) / 2), &label)
    }

    /// A name in the legend with a piece of its line.
    pub(super) fn legend_entry(&self, entry: &LegendEntry, at: (i32, i32)) -> Result<(), String> {
        let middle = (at.1 + TEXT / 2 + 1) * self.units;
        let (from, to) = (at.0 * self.units, (at.0 + SWATCH) * self.units);
        let colour = rgb(entry.colour);
        match entry.shape {
            Shape::Dots => self.dot(((from + to) / 2, middle), 3.0, colour.filled())?,
            Shape::Dashed => self.dashes(&[(from, middle), (to, middle)], self.stroke(colour, 1.5))?,
            Shape::Thin => self.polyline(vec![(from, middle), (to, middle)], self.stroke(colour, 1.0))?,
            Shape::Line => self.polyline(vec![(from, middle), (to, middle)], self.stroke(colour, 2.0))?,
            Shape::Joined | Shape::Path => {
                self.polyline(vec![(from, middle), (to, middle)], self.stroke(colour, 1.5))?;
                self.dot(((from + to) / 2, middle), 2.5, colour.filled())?;
            }
        }
        let left = (at.0 + SWATCH + 6, at.1);
        self.text(&entry.name, left, TEXT, INK, false, Pos::new(HPos::Left, VPos::Top))
    }

    /// Writes a text at drawing units.
    fn put(&self, text: &str, at: (i32, i32), style: &plotters::style::TextStyle<'_>) -> Result<(), String> {
        self.area.draw_text(text, style, at).map_err(|error| error.to_string())
    }

    pub(super) fn polyline(&self, points: Vec<(i32, i32)>, style: ShapeStyle) -> Result<(), String> {
        self.area.draw(&PathElement::new(points, style)).map_err(|error| error.to_string())
    }

    /// A line's style, its width in CSS pixels.
    pub(super) fn stroke(&self, colour: RGBColor, width: f64) -> ShapeStyle {
        let units = libm::round(width * f64::from(self.units)).max(1.0) as u32;
        colour.stroke_width(units)
    }
}

/// Where a panel stands, in CSS pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) top: i32,
    pub(super) bottom: i32,
    pub(super) left: i32,
    /// Whether the horizontal axis has its label: the panel below may have the same.
    pub(super) names_x: bool,
}

/// The larger part of a frame in which both rulers have one scale: from the left, and from the top.
fn cropped(rulers: &(Ruler, Ruler), (left, right): (i32, i32), (bottom, top): (i32, i32)) -> ((i32, i32), (i32, i32)) {
    let (wide, high) = (f64::from(right - left), f64::from(bottom - top));
    let unit = (rulers.0.span() / wide).max(rulers.1.span() / high);
    let width = libm::round(rulers.0.span() / unit) as i32;
    let height = libm::round(rulers.1.span() / unit) as i32;
    ((left, left + width.max(1)), (top + height.max(1), top))
}

/// Both rulers stretched to one scale, around their middles.
fn equal((x, y): (Ruler, Ruler), (left, right): (i32, i32), (bottom, top): (i32, i32)) -> (Ruler, Ruler) {
    let (wide, high) = (f64::from(right - left), f64::from(bottom - top));
    let unit = (x.span() / wide).max(y.span() / high);
    (x.stretched(unit * wide), y.stretched(unit * high))
}

fn heat_length(heat: &Heat, value: f64) -> f64 {
    if heat.log { libm::log10(value) } else { value }
}

/// The ends of a field's colours.
fn heat_range(heat: &Heat) -> (f64, f64) {
    debug_assert!(heat.values.len() == heat.x.len() * heat.y.len());
    let held = heat.values.iter().copied().filter(|value| value.is_finite() && (!heat.log || *value > 0.0));
    let lengths = held.map(|value| heat_length(heat, value));
    let (low, high) = lengths.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| (low.min(at), high.max(at)));
    match low < high {
        true => (low, high),
        false if low.is_finite() => (low - 0.5, low + 0.5),
        false => (0.0, 1.0),
    }
}

fn viridis(share: f64) -> RGBColor {
    let at = share.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let from = (at as usize).min(VIRIDIS.len() - 2);
    let mix =
        |low: u8, high: u8| libm::round(f64::from(low) + (at - from as f64) * (f64::from(high) - f64::from(low))) as u8;
    let ((r0, g0, b0), (r1, g1, b1)) = (VIRIDIS[from], VIRIDIS[from + 1]);
    RGBColor(mix(r0, r1), mix(g0, g1), mix(b0, b1))
}
