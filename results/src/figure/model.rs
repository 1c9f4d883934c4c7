//! What a figure is: panels of marks on labelled axes, with a message. All formats are made from it.

/// A figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Its name, in kebab-case: the stem of its files.
    pub name: &'static str,
    /// Its message, in a line.
    pub title: String,
    /// Of what: cell, runs, and how lines and bands are made.
    pub subtitle: String,
    /// How to read it, in whole sentences.
    pub caption: String,
    /// Its panels, from top to bottom.
    pub panels: Vec<Panel>,
}

/// Axes with marks on them.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// Share of the figure's height, against the others'.
    pub height: f64,
    /// What is drawn, from back to front.
    pub marks: Vec<Mark>,
    /// A field of colour behind the marks.
    pub heat: Option<Heat>,
    /// Whether both axes have one scale.
    pub equal: bool,
}

/// An axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What it shows, with its unit.
    pub label: String,
    /// How values become lengths.
    pub scale: Scale,
    /// The ends, where they do not follow from the marks.
    pub range: Option<(f64, f64)>,
    /// Places with names, where numbers would say less.
    pub names: Vec<(f64, String)>,
}

/// How values become lengths.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// In proportion.
    Linear,
    /// By their logarithm; values that are not positive are left out.
    Log,
    /// sign(v) log₁₀(1 + |v| / unit): linear below the unit, logarithmic above, for both signs.
    SignedLog {
        /// Where it changes.
        unit: f64,
    },
}

/// A series.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Its name in the data and, where `in_legend`, in the legend.
    pub name: String,
    /// Whether the legend names it.
    pub in_legend: bool,
    /// Its colour.
    pub colour: Colour,
    /// What is drawn of it.
    pub shape: Shape,
    /// Its points.
    pub points: Vec<Point>,
}

/// A point with limits, where it has some.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Horizontal.
    pub x: f64,
    /// Vertical.
    pub y: f64,
    /// Lower and upper limit of y.
    pub limits: Option<(f64, f64)>,
}

/// What is drawn of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A line, with a band between the limits.
    Line,
    /// A thin line.
    Thin,
    /// A dashed line: a reference.
    Dashed,
    /// Dots, with bars to the limits.
    Dots,
    /// Dots with bars, joined by a line.
    Joined,
    /// A line from a ring (its begin) to a disc (its end), with dots between.
    Path,
}

/// Values on a grid, as colours.
#[derive(Clone, Debug, PartialEq)]
pub struct Heat {
    /// What the colours show, with its unit.
    pub label: String,
    /// Centres of the columns, ascending.
    pub x: Vec<f64>,
    /// Centres of the rows, ascending.
    pub y: Vec<f64>,
    /// Values row by row; those that are not finite stay white.
    pub values: Vec<f64>,
    /// Whether colours go by the logarithm.
    pub log: bool,
}

/// A colour by its part in a figure: Okabe and Ito's palette, which colour-blind people can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// The series of that number.
    Series(usize),
    /// A reference: a null, a line, a threshold.
    Reference,
    /// A second reference.
    Faint,
}

impl Figure {
    /// A figure without panels yet.
    pub(crate) fn new(name: &'static str, title: impl Into<String>, subtitle: impl Into<String>) -> Self {
        Self { name, title: title.into(), subtitle: subtitle.into(), caption: String::new(), panels: Vec::new() }
    }
}

impl Panel {
    /// A panel without marks yet.
    pub(crate) fn new(x: Axis, y: Axis) -> Self {
        Self { x, y, height: 1.0, marks: Vec::new(), heat: None, equal: false }
    }

    /// Adds a series that the legend names, unless it has no points.
    pub(crate) fn add(&mut self, name: impl Into<String>, colour: Colour, shape: Shape, points: Vec<Point>) {
        self.push(Mark { name: name.into(), in_legend: true, colour, shape, points });
    }

    /// Adds a series that the legend does not name.
    pub(crate) fn add_quietly(&mut self, name: impl Into<String>, colour: Colour, shape: Shape, points: Vec<Point>) {
        self.push(Mark { name: name.into(), in_legend: false, colour, shape, points });
    }

    fn push(&mut self, mark: Mark) {
        if !mark.points.is_empty() {
            self.marks.push(mark);
        }
    }
}

impl Axis {
    /// A linear axis.
    pub(crate) fn linear(label: impl Into<String>) -> Self {
        Self { label: label.into(), scale: Scale::Linear, range: None, names: Vec::new() }
    }

    /// A logarithmic axis.
    pub(crate) fn log(label: impl Into<String>) -> Self {
        Self { scale: Scale::Log, ..Self::linear(label) }
    }

    /// The same axis with given ends.
    pub(crate) fn within(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }
}

impl Point {
    /// A point without limits.
    pub(crate) fn at(x: f64, y: f64) -> Self {
        Self { x, y, limits: None }
    }
}
