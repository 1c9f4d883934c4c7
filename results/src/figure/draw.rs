//! Draws a figure with plotters: as SVG, and as pixels for PNG. One layout serves both.

mod frame;
mod marks;

use std::sync::Once;

use plotters::coord::Shift;
use plotters::prelude::{
    BitMapBackend, DrawingArea, DrawingBackend, FontStyle, IntoDrawingArea, IntoTextStyle, RGBColor, SVGBackend,
    TextStyle, WHITE,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, register_font};

use super::model::{Colour, Figure};
use crate::Error;
use frame::Place;

/// Width of a figure, in CSS pixels.
pub(crate) const WIDTH: i32 = 720;
/// Height of a figure's only panel, and what several share at least each.
const PANEL: (i32, i32) = (360, 190);
/// Drawing units a CSS pixel in SVG: plotters places things at whole units.
const SVG_UNITS: i32 = 8;
/// Pixels of a PNG a CSS pixel.
const PNG_UNITS: i32 = 3;
/// Padding at the figure's edges.
const PADDING: i32 = 12;
/// Sizes of text.
const TITLE: i32 = 16;
const TEXT: i32 = 12;
/// The font's name in both formats; readers of SVG take their own.
const FONT: &str = "sans-serif";

const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
const SOFT: RGBColor = RGBColor(0x59, 0x59, 0x59);
const GRID: RGBColor = RGBColor(0xe6, 0xe6, 0xe6);
/// Okabe and Ito 2008, in the order in which series take them.
const PALETTE: [RGBColor; 7] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0x22, 0x22, 0x22),
];

/// The figure as an SVG document that needs nothing beside it.
///
/// # Errors
/// If the drawing library refuses.
pub fn svg(figure: &Figure) -> Result<String, Error> {
    let layout = Layout::new(figure, SVG_UNITS);
    let (width, height) = (WIDTH * SVG_UNITS, layout.height * SVG_UNITS);
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, (width as u32, height as u32)).into_drawing_area();
        Canvas { area: root, units: SVG_UNITS }.figure(figure, &layout)?;
    }
    // The document has the size of the figure, whatever units it was drawn in.
    let drawn = format!(r#"<svg width="{width}" height="{height}""#);
    let shown = format!(r#"<svg role="img" width="{WIDTH}" height="{}""#, layout.height);
    // Cells of a field of colour meet without seams.
    Ok(text.replacen(&drawn, &shown, 1).replace("<rect ", "<rect shape-rendering=\"crispEdges\" "))
}

/// The figure as the bytes of a PNG file, at three pixels a CSS pixel.
///
/// # Errors
/// If the drawing library or the encoder refuses.
pub fn png(figure: &Figure) -> Result<Vec<u8>, Error> {
    let layout = Layout::new(figure, PNG_UNITS);
    let (width, height) = ((WIDTH * PNG_UNITS) as u32, (layout.height * PNG_UNITS) as u32);
    let mut pixels = vec![0_u8; (width * height * 3) as usize];
    {
        let root = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        Canvas { area: root, units: PNG_UNITS }.figure(figure, &layout)?;
    }
    encode(&pixels, width, height).map_err(|error| trouble(figure.name, &error))
}

fn encode(pixels: &[u8], width: u32, height: u32) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}

fn trouble(figure: &str, error: &dyn std::error::Error) -> Error {
    Error::Drawing { figure: figure.to_owned(), what: error.to_string() }
}

/// Gives plotters the embedded font, once a process.
fn fonts() {
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        // A font that could not be read would leave text unmeasured; a test draws every glyph.
        let _ = register_font(FONT, FontStyle::Normal, include_bytes!("fonts/regular.ttf"));
        let _ = register_font(FONT, FontStyle::Bold, include_bytes!("fonts/bold.ttf"));
    });
}

/// Where things stand, in CSS pixels.
struct Layout {
    title: Vec<String>,
    subtitle: Vec<String>,
    /// Rows of the legend: series by their number, and where each begins.
    legend: Vec<Vec<(LegendEntry, i32)>>,
    height: i32,
    /// Top and bottom of each panel with its labels.
    panels: Vec<(i32, i32)>,
    panels_top: i32,
}

/// A name in the legend, with how it is drawn.
#[derive(Clone, Debug, PartialEq)]
struct LegendEntry {
    name: String,
    colour: Colour,
    shape: super::model::Shape,
}

impl Layout {
    fn new(figure: &Figure, units: i32) -> Self {
        fonts();
        let room = WIDTH - 2 * PADDING;
        let title = wrap(&figure.title, TITLE, true, room, units);
        let subtitle = wrap(&figure.subtitle, TEXT, false, room, units);
        let legend = legend_rows(figure, room, units);
        let (title_height, line) = (title.len() as i32 * (TITLE + 5), TEXT + 5);
        let panels_top = PADDING + title_height + line * (subtitle.len() + legend.len()) as i32 + 6;
        let n = figure.panels.len().max(1) as i32;
        let total = if n == 1 { PANEL.0 } else { PANEL.1 * n };
        let weights: f64 = figure.panels.iter().map(|panel| panel.height).sum();
        let (mut top, mut panels) = (panels_top, Vec::new());
        for panel in &figure.panels {
            let height = libm::round(f64::from(total) * panel.height / weights.max(1e-9)) as i32;
            panels.push((top, top + height));
            top += height;
        }
        Self { title, subtitle, legend, height: top + PADDING, panels, panels_top }
    }
}

/// The legend's entries, each name once, in rows that fit.
fn legend_rows(figure: &Figure, room: i32, units: i32) -> Vec<Vec<(LegendEntry, i32)>> {
    let mut entries: Vec<LegendEntry> = Vec::new();
    for mark in figure.panels.iter().flat_map(|panel| &panel.marks).filter(|mark| mark.in_legend) {
        let entry = LegendEntry { name: mark.name.clone(), colour: mark.colour, shape: mark.shape };
        if !entries.iter().any(|known| known.name == entry.name) {
            entries.push(entry);
        }
    }
    let (mut rows, mut at) = (vec![Vec::new()], 0);
    for entry in entries {
        let width = frame::SWATCH + 6 + text_width(&entry.name, TEXT, false, units) + 18;
        if at > 0 && at + width > room {
            rows.push(Vec::new());
            at = 0;
        }
        if let Some(row) = rows.last_mut() {
            row.push((entry, at));
        }
        at += width;
    }
    rows.retain(|row| !row.is_empty());
    rows
}

/// Lines of words that fit into a width.
fn wrap(text: &str, size: i32, bold: bool, room: i32, units: i32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let longer = lines.last().map(|line| format!("{line} {word}"));
        match longer.filter(|line| text_width(line, size, bold, units) <= room) {
            Some(line) => *lines.last_mut().expect("a longer line continues one") = line,
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Width of a text in CSS pixels.
fn text_width(text: &str, size: i32, bold: bool, units: i32) -> i32 {
    let style = if bold { FontStyle::Bold } else { FontStyle::Normal };
    let font = (FONT, size * units, style).into_text_style(&(1, 1));
    let width = font.font.box_size(text).map_or(0, |(width, _)| width as i32);
    width / units + 1
}

/// What a figure is drawn on: every length is in CSS pixels until it meets plotters.
struct Canvas<B: DrawingBackend> {
    area: DrawingArea<B, Shift>,
    units: i32,
}

impl<B: DrawingBackend> Canvas<B> {
    fn figure(&self, figure: &Figure, layout: &Layout) -> Result<(), Error>
    where
        B::ErrorType: 'static,
    {
        let drawn = self.try_figure(figure, layout);
        drawn.map_err(|what| Error::Drawing { figure: figure.name.to_owned(), what })
    }

    fn try_figure(&self, figure: &Figure, layout: &Layout) -> Result<(), String> {
        self.area.fill(&WHITE).map_err(|error| error.to_string())?;
        let mut top = PADDING;
        for line in &layout.title {
            self.text(line, (PADDING, top), TITLE, INK, true, Pos::new(HPos::Left, VPos::Top))?;
            top += TITLE + 5;
        }
        for line in &layout.subtitle {
            self.text(line, (PADDING, top), TEXT, SOFT, false, Pos::new(HPos::Left, VPos::Top))?;
            top += TEXT + 5;
        }
        for row in &layout.legend {
            for (entry, left) in row {
                self.legend_entry(entry, (PADDING + left, top))?;
            }
            top += TEXT + 5;
        }
        debug_assert!(top <= layout.panels_top, "the header fits above the panels");
        let left = figure.panels.iter().map(|panel| self.left_of(panel)).max().unwrap_or(0);
        for (at, (panel, (top, bottom))) in figure.panels.iter().zip(&layout.panels).enumerate() {
            let below = figure.panels.get(at + 1);
            let names_x = below.is_none_or(|below| below.x.label != panel.x.label);
            self.panel(panel, Place { top: *top, bottom: *bottom, left, names_x })?;
        }
        self.area.present().map_err(|error| error.to_string())
    }

    /// Writes a text at an anchor.
    fn text(
        &self,
        text: &str,
        at: (i32, i32),
        size: i32,
        colour: RGBColor,
        bold: bool,
        pos: Pos,
    ) -> Result<(), String> {
        let style = self.text_style(size, colour, bold).pos(pos);
        self.area.draw_text(text, &style, self.scaled(at)).map_err(|error| error.to_string())
    }

    fn text_style(&self, size: i32, colour: RGBColor, bold: bool) -> TextStyle<'static> {
        let style = if bold { FontStyle::Bold } else { FontStyle::Normal };
        let mut style = (FONT, size * self.units, style).into_text_style(&(1, 1));
        style.color = colour.to_backend_color();
        style
    }

    fn scaled(&self, (x, y): (i32, i32)) -> (i32, i32) {
        (x * self.units, y * self.units)
    }
}

/// The colour of a series.
fn rgb(colour: Colour) -> RGBColor {
    match colour {
        Colour::Series(n) => PALETTE[n % PALETTE.len()],
        Colour::Reference => RGBColor(0x44, 0x44, 0x44),
        Colour::Faint => RGBColor(0x8c, 0x8c, 0x8c),
    }
}
