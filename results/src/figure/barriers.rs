//! Barrier and chord violation between siblings, against the time of their fork.

use std::collections::BTreeMap;

use super::model::{Axis, Colour, Figure, Panel, Point, Scale, Shape};
use super::{Choice, not_measured};
use crate::verdict::{Statistic, chord_violation, mean_barrier};
use crate::{Error, Tables};

pub(crate) const NAME: &str = "barriers-by-fork";

/// Settings that are told apart by colour.
const MAX_GROUPS: usize = 5;
/// Cells that are read: of a sweep with more, the first so many.
const MAX_CELLS: usize = 5000;
/// Where the axis of forks turns from linear to logarithmic, in steps.
const STEP_UNIT: f64 = 10.0;

/// By the step of the fork: over the mean of the ends, and above the chord.
type Forks = BTreeMap<u64, [Option<Statistic>; 2]>;

pub(crate) fn make(tables: &Tables, _: &Choice) -> Result<Figure, Error> {
    let mut groups = BTreeMap::<String, Forks>::new();
    let (mut cells, mut n) = (tables.cells()?, 0);
    while let Some(cell) = cells.next()?.filter(|_| n < MAX_CELLS) {
        n += 1;
        let mut forks = BTreeMap::<u64, Vec<&crate::tables::Sibling>>::new();
        for sibling in crate::verdict::siblings_at_end(&cell) {
            forks.entry(sibling.fork.unwrap_or(0)).or_default().push(sibling);
        }
        for (fork, siblings) in forks {
            let found = [mean_barrier(&siblings), chord_violation(&siblings)];
            groups.entry(without_fork(&cell.label)).or_default().insert(fork, found);
        }
    }
    if groups.is_empty() {
        return Err(not_measured(NAME, "the sweep compares no siblings at their end"));
    }
    Ok(draw(groups))
}

fn draw(groups: BTreeMap<String, Forks>) -> Figure {
    let n = groups.len();
    let places = groups.values().map(BTreeMap::len).max().unwrap_or(0);
    let fork_axis = || Axis { scale: Scale::SignedLog { unit: STEP_UNIT }, ..Axis::linear("steps before the fork") };
    let mut barrier = Panel::new(fork_axis(), Axis::linear("barrier (nat)"));
    let mut chord = Panel::new(fork_axis(), Axis::linear("above the chord (nat)"));
    let (mut violating, mut all) = (0, 0);
    let mut last: f64 = 0.0;
    for (at, (name, forks)) in groups.into_iter().take(MAX_GROUPS).enumerate() {
        let name = if name.is_empty() { "all cells".to_owned() } else { name };
        let points = |which: usize| -> Vec<Point> {
            let point = |(fork, found): (&u64, &[Option<Statistic>; 2])| {
                found[which].map(|found| Point { x: *fork as f64, y: found.mean, limits: found.limits })
            };
            forks.iter().filter_map(point).collect()
        };
        violating += points(1).iter().filter(|point| point.limits.is_some_and(|(low, _)| low > 0.0)).count();
        all += points(1).len();
        last = forks.keys().map(|fork| *fork as f64).fold(last, f64::max);
        barrier.add(name.clone(), Colour::Series(at), Shape::Joined, points(0));
        chord.add(name, Colour::Series(at), Shape::Joined, points(1));
    }
    for panel in [&mut barrier, &mut chord] {
        panel.add_quietly("zero", Colour::Faint, Shape::Dashed, vec![Point::at(0.0, 0.0), Point::at(last, 0.0)]);
    }
    let title = format!("Between siblings the loss lies above the chord at {violating} of {all} forks");
    let mut subtitle = "mean over seeds with its 95 % interval; pairs at the end of training".to_owned();
    if n > MAX_GROUPS {
        subtitle.push_str(&format!("; the first {MAX_GROUPS} of {n} settings of all else"));
    }
    let mut figure = Figure::new(NAME, title, subtitle);
    figure.panels = vec![barrier, chord];
    figure.caption = format!(
        "Siblings share their weights up to the fork, and see other orders of the data after it{}. Above: the highest \
         training loss between them over the mean of the two ends, which is zero once they are linearly connected. \
         Below: over the chord, less 3 × the loss's arithmetic error; above zero, the surface is not convex between \
         them. The axis is linear up to {STEP_UNIT} steps.",
        if places < 2 { " (one fork in this sweep)" } else { "" }
    );
    figure
}

/// A cell's label without the fork: what else it sets.
fn without_fork(label: &str) -> String {
    let fork = |word: &&str| !["fork.", "epoch=", "step="].iter().any(|begin| word.starts_with(begin));
    label.split(' ').filter(fork).collect::<Vec<_>>().join(" ")
}
