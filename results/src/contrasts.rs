//! `contrasts.parquet`: what changes from one value of an axis to the next, seed by seed.

use traipse_sweep::Plan;
use traipse_sweep::columns::Table;
use traipse_sweep::plan::Neighbours;
use traipse_sweep::rows::Cell;

use crate::Error;
use crate::aggregate::{Kept, MAX_KEPT_VALUES, design};
use crate::schema::Spec;
use crate::statistics::design::Design;
use crate::statistics::limits::{Student, two_sided};
use crate::statistics::sums::mean;
use crate::table_writer::TableWriter;

/// Rows of the table at most; a sweep with more has no contrasts.
const MAX_ROWS: u64 = 4_000_000;

/// The columns of the table.
pub(crate) fn columns() -> Vec<Spec> {
    Table::Contrasts.columns().iter().map(|&column| column.into()).collect()
}

/// Why a sweep has no contrasts; none where it has them.
pub(crate) fn too_large(plan: &Plan, kept: &Kept) -> Option<String> {
    let pairs = plan.contrast_axes().iter().map(|axis| plan.max_neighbours(axis)).fold(0, u64::saturating_add);
    let rows = pairs.saturating_mul(kept.metrics.len() as u64);
    if kept.overflows() {
        Some(format!("cells × metrics × seeds are more than {MAX_KEPT_VALUES}"))
    } else {
        (rows > MAX_ROWS).then(|| format!("it would have {rows} rows, more than {MAX_ROWS}"))
    }
}

/// Writes the contrasts of every axis and metric. Memory: those of one axis and metric.
pub(crate) fn write(plan: &Plan, kept: &Kept, writer: &mut TableWriter) -> Result<(), Error> {
    let (design, mut student) = (design(plan.spec()), Student::default());
    let mut axes = plan.contrast_axes();
    axes.sort_unstable();
    for axis in &axes {
        let neighbours: Vec<Neighbours> = plan.neighbours(axis).collect();
        for metric in &kept.metrics {
            let of = |pair: &Neighbours| {
                let differences = differences(kept.metric(pair.cell_a, metric.at), kept.metric(pair.cell_b, metric.at));
                Contrast::of(&differences, &design, &mut student)
            };
            let mut contrasts: Vec<Contrast> = neighbours.iter().map(of).collect();
            holm(&mut contrasts);
            for (pair, contrast) in neighbours.iter().zip(&contrasts) {
                let name = [Cell::from(metric.name.as_str()), Cell::from(metric.unit)];
                push(writer, axis, pair, name, contrast)?;
            }
        }
    }
    Ok(())
}

/// Second − first by seed; NaN where one of them is missing.
fn differences(first: &[f64], second: &[f64]) -> Vec<f64> {
    first.iter().zip(second).map(|(first, second)| second - first).collect()
}

/// What is known of one difference.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Contrast {
    mean: Option<f64>,
    limits: Option<(f64, f64)>,
    n_pairs: u32,
    p: Option<f64>,
    p_holm: Option<f64>,
    status: Option<&'static str>,
}

impl Contrast {
    fn of(differences: &[f64], design: &Design, student: &mut Student) -> Self {
        let known = differences.iter().enumerate().filter(|(_, difference)| !difference.is_nan());
        let (seeds, values): (Vec<u32>, Vec<f64>) = known.map(|(seed, value)| (seed as u32, *value)).unzip();
        let n_pairs = values.len() as u32;
        if values.is_empty() {
            return Self { status: Some("too-few-pairs"), ..Self::default() };
        }
        let centre = mean(&values);
        let plain = Self { mean: Some(centre), n_pairs, ..Self::default() };
        match design.mean_error(&values, &seeds) {
            None => Self { status: Some("too-few-pairs"), ..plain },
            Some(error) if error.sem == 0.0 => Self { status: Some("zero-variance"), ..plain },
            Some(error) => Self {
                limits: Some(error.limits(centre, student)),
                p: Some(two_sided(centre / error.sem, error.df)),
                ..plain
            },
        }
    }
}

/// Holm (1979): the k-th smallest of m p times m − k + 1, never below the one before.
fn holm(contrasts: &mut [Contrast]) {
    let mut order: Vec<(f64, usize)> =
        contrasts.iter().enumerate().filter_map(|(at, contrast)| Some((contrast.p?, at))).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (m, mut highest) = (order.len(), 0.0_f64);
    for (rank, (p, at)) in order.into_iter().enumerate() {
        highest = highest.max((p * (m - rank) as f64).min(1.0));
        contrasts[at].p_holm = Some(highest);
    }
}

fn push(
    writer: &mut TableWriter,
    axis: &str,
    pair: &Neighbours,
    [metric, unit]: [Cell; 2],
    contrast: &Contrast,
) -> Result<(), Error> {
    let cells = [
        Cell::from(axis),
        Cell::from(pair.level_a.as_str()),
        Cell::from(pair.level_b.as_str()),
        Cell::U64(pair.cell_a),
        Cell::U64(pair.cell_b),
        Cell::from(pair.label.as_str()),
        metric,
        unit,
        Cell::from(contrast.mean),
        Cell::from(contrast.limits.map(|limits| limits.0)),
        Cell::from(contrast.limits.map(|limits| limits.1)),
        Cell::U32(contrast.n_pairs),
        Cell::from(contrast.p),
        Cell::from(contrast.p_holm),
        Cell::from(contrast.status.map(str::to_owned)),
    ];
    for (at, cell) in cells.iter().enumerate() {
        writer.column(at).push(cell).expect("these cells stand in the order of the catalogue");
    }
    writer.end_rows(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(differences: &[f64]) -> Contrast {
        Contrast::of(differences, &Design::Iid, &mut Student::default())
    }

    #[test]
    fn two_pairs_by_hand() {
        // Mean 2, sd √2, sem 1: t = 2 on one degree of freedom.
        let found = of(&[1.0, f64::NAN, 3.0]);
        assert_eq!((found.mean, found.n_pairs, found.status), (Some(2.0), 2, None));
        assert!((found.p.unwrap() - (1.0 - 2.0 * libm::atan(2.0) / std::f64::consts::PI)).abs() < 1e-12);
        assert!((found.limits.unwrap().1 - 14.706_204_736_174_698).abs() < 1e-9);
    }

    #[test]
    fn what_cannot_be_said_has_its_reason() {
        assert_eq!(of(&[f64::NAN]), Contrast { status: Some("too-few-pairs"), ..Contrast::default() });
        let one = Contrast { mean: Some(1.0), n_pairs: 1, status: Some("too-few-pairs"), ..Contrast::default() };
        assert_eq!(of(&[1.0]), one);
        let equal = Contrast { mean: Some(0.5), n_pairs: 3, status: Some("zero-variance"), ..Contrast::default() };
        assert_eq!(of(&[0.5; 3]), equal);
    }

    #[test]
    fn holm_of_a_textbook() {
        let mut contrasts =
            [Some(0.01), Some(0.04), None, Some(0.03), Some(0.005)].map(|p| Contrast { p, ..Contrast::default() });
        holm(&mut contrasts);
        let found = contrasts.map(|contrast| contrast.p_holm);
        assert_eq!(found, [Some(0.03), Some(0.06), None, Some(0.06), Some(0.02)]);
    }
}
