//! A two-dimensional slice of the loss, with the path projected onto it.

use traipse_sweep::columns::{Table, surfaces};

use super::model::{Axis, Colour, Figure, Heat, Panel, Point, Shape};
use super::{Choice, not_measured};
use crate::verdict::words;
use crate::{Error, Tables};

pub(crate) const NAME: &str = "surface";

/// Cells of the grid a side that are drawn.
const MAX_SIDE: usize = 101;

/// The first slice of the run, a PCA plane before others.
#[derive(Default)]
struct Slice {
    kind: String,
    x: Vec<f64>,
    y: Vec<f64>,
    loss: Vec<f64>,
    path: Vec<Point>,
    off_plane: Vec<f64>,
    losses: Vec<(f64, f64)>,
}

pub(crate) fn make(tables: &Tables, choice: &Choice) -> Result<Figure, Error> {
    let columns = [
        surfaces::RUN.name,
        surfaces::KIND.name,
        surfaces::X.name,
        surfaces::Y.name,
        surfaces::LOSS.name,
        surfaces::PATH_X.name,
        surfaces::PATH_Y.name,
        surfaces::PATH_OFF_PLANE.name,
        surfaces::PATH_LOSS.name,
        surfaces::PATH_LOSS_ON_PLANE.name,
    ];
    let mut found: Option<Slice> = None;
    tables.each_row_of(Table::Surfaces, &columns, &[choice.run], |row, _| {
        let list = |name| row.list(name).unwrap_or_default();
        let kind = row.text(surfaces::KIND.name).unwrap_or_default().to_owned();
        let (x, y, loss) = (list(surfaces::X.name), list(surfaces::Y.name), list(surfaces::LOSS.name));
        let whole = !x.is_empty() && x.len() <= MAX_SIDE && y.len() <= MAX_SIDE && loss.len() == x.len() * y.len();
        if !whole || (found.is_some() && kind != "pca") {
            return;
        }
        let path = list(surfaces::PATH_X.name).into_iter().zip(list(surfaces::PATH_Y.name));
        let losses = list(surfaces::PATH_LOSS.name).into_iter().zip(list(surfaces::PATH_LOSS_ON_PLANE.name));
        found = Some(Slice {
            path: path.map(|(x, y)| Point::at(x, y)).collect(),
            off_plane: list(surfaces::PATH_OFF_PLANE.name),
            losses: losses.collect(),
            kind,
            x,
            y,
            loss,
        });
    })?;
    match found {
        Some(slice) => Ok(draw(slice, choice)),
        None => Err(not_measured(NAME, &format!("run {} has no slice of the loss", choice.run))),
    }
}

fn draw(slice: Slice, choice: &Choice) -> Figure {
    let furthest = slice.off_plane.iter().copied().fold(0.0, f64::max);
    let apart = slice.losses.iter().map(|(own, plane)| (plane - own).abs()).fold(0.0, f64::max);
    let what = match slice.kind.as_str() {
        "pca" => "the plane of the path's first two components",
        "random" => "a filter-normalised random plane through the end",
        _ => "the plane through start, middle and end",
    };
    let title = format!("On {what} the path lies up to {} w off the picture", words::number(furthest));
    let mut figure = Figure::new(NAME, title, choice.run_words());
    let log = slice.loss.iter().all(|loss| !loss.is_finite() || *loss > 0.0);
    let (x, y) = (Axis::linear("first direction (w)"), Axis::linear("second direction (w)"));
    let mut panel = Panel::new(x, y);
    panel.equal = slice.kind != "random";
    panel.heat = Some(Heat { label: "loss (nat)".to_owned(), x: slice.x, y: slice.y, values: slice.loss, log });
    panel.add("the path, projected, from ring to disc", Colour::Series(1), Shape::Path, slice.path);
    figure.panels = vec![panel];
    figure.caption = format!(
        "Loss on the probe set over {what}, and the snapshots projected onto it. The weights are not in this plane: \
         they lie up to {} w away from it, and the loss at a projection differs from that at the snapshot by up to {} \
         nat. Read the valley with that in mind.",
        words::number(furthest),
        words::number(apart)
    );
    figure
}
