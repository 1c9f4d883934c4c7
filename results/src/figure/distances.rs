//! Distances between all snapshots of a run, from the Gram matrix of its steps.

use traipse_sweep::columns::{Table, gram};

use super::model::{Axis, Figure, Heat, Panel};
use super::{Choice, not_measured};
use crate::verdict::words;
use crate::{Error, Tables};

pub(crate) const NAME: &str = "distance-matrix";

/// Snapshots a side that are drawn: of more, evenly spaced ones.
const MAX_SIDE: usize = 64;

pub(crate) fn make(tables: &Tables, choice: &Choice) -> Result<Figure, Error> {
    let (mut steps, mut packed) = (Vec::new(), None);
    let columns = [gram::RUN.name, gram::STEPS.name, gram::GRAM.name];
    tables.each_row_of(Table::Gram, &columns, &[choice.run], |row, _| {
        steps = row.list(gram::STEPS.name).unwrap_or_default();
        packed = row.list(gram::GRAM.name);
    })?;
    let Some(packed) = packed.filter(|packed| packed.len() == steps.len().saturating_sub(1) * steps.len() / 2) else {
        let what =
            format!("run {} has no Gram matrix of its steps (fewer than two snapshots, or more than 256)", choice.run);
        return Err(not_measured(NAME, &what));
    };
    if steps.len() < 2 {
        return Err(not_measured(NAME, &format!("run {} has one snapshot", choice.run)));
    }
    let distances = distances(&packed, steps.len());
    let (kept, values) = thinned(&distances, steps.len());
    let n = steps.len();
    let late = n - 1 - n / 4;
    let (recent, whole) = (distances[late * n + n - 1], distances[n - 1]);
    let title = if whole > 0.0 {
        format!(
            "In the last quarter of its snapshots the run still goes {} % of its way",
            words::number(100.0 * recent / whole)
        )
    } else {
        "The run ends where it began".to_owned()
    };
    let mut subtitle = choice.run_words();
    if kept.len() < n {
        subtitle.push_str(&format!("; {} of {n} snapshots", kept.len()));
    }
    let mut figure = Figure::new(NAME, title, subtitle);
    // Snapshots stand at equal distances, whatever the steps between them.
    let places: Vec<f64> = (0..kept.len()).map(|at| at as f64).collect();
    let axis = || {
        let stride = (kept.len() / 5).max(1);
        let named = (0..kept.len()).step_by(stride).map(|at| (at as f64, format!("{}", steps[kept[at]] as u64)));
        Axis { names: named.collect(), ..Axis::linear("snapshot at step").within(-0.5, kept.len() as f64 - 0.5) }
    };
    let mut panel = Panel::new(axis(), axis());
    panel.equal = true;
    panel.heat = Some(Heat { label: "distance (w)".to_owned(), x: places.clone(), y: places, values, log: false });
    figure.panels = vec![panel];
    figure.caption =
        "Distance in weight space between every two snapshots. A path that has arrived shows a dark square \
                      in the upper right corner; one that goes on has bands along the diagonal to its end."
            .to_owned();
    Ok(figure)
}

/// ‖θi − θj‖ for all pairs: block sums of the Gram matrix of steps, which never cancel.
fn distances(packed: &[f64], n: usize) -> Vec<f64> {
    let steps = n - 1;
    let at = |i: usize, j: usize| {
        let (i, j) = (i.min(j), i.max(j));
        packed[i * steps - i * (i + 1) / 2 + j]
    };
    let mut found = vec![0.0; n * n];
    for i in 0..n {
        let mut square = 0.0;
        for j in i + 1..n {
            // θj − θi = (θ(j−1) − θi) + step j−1.
            let step = j - 1;
            let cross: f64 = (i..step).map(|other| at(other, step)).sum();
            square += 2.0 * cross + at(step, step);
            let distance = square.max(0.0).sqrt();
            (found[i * n + j], found[j * n + i]) = (distance, distance);
        }
    }
    found
}

/// The snapshots that are drawn, and their distances.
fn thinned(distances: &[f64], n: usize) -> (Vec<usize>, Vec<f64>) {
    let side = n.min(MAX_SIDE);
    let kept: Vec<usize> = (0..side).map(|at| at * (n - 1) / (side - 1).max(1)).collect();
    let values = kept.iter().flat_map(|i| kept.iter().map(move |j| distances[i * n + j])).collect();
    (kept, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_block_sums() {
        // Steps (1, 0), (0, 2), (−1, 0): snapshots at (0, 0), (1, 0), (1, 2), (0, 2).
        let packed = [1.0, 0.0, -1.0, 4.0, 0.0, 1.0];
        let found = distances(&packed, 4);
        let expected = [0.0, 1.0, 5.0_f64.sqrt(), 2.0, 1.0, 0.0, 2.0, 5.0_f64.sqrt()];
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        let (kept, values) = thinned(&found, 4);
        assert_eq!((kept.len(), values.len()), (4, 16));
    }
}
