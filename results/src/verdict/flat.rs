//! A2: whether the region that the weights travel through is flat, wide and connected.

use super::condition::{Condition, Truth};
use super::robust::{Robustness, When};
use super::sample::{Sample, at};
use super::travel::{NEEDS_HESSIAN, flat, references};
use super::words::{interval, list, percent, threshold};
use super::{CellVerdict, Decision};
use crate::tables::RunRow;

/// Share of the spectrum within ± near_zero_width: above it, most directions are flat.
const NEAR_ZERO_MASS: f64 = 0.5;

const NEEDS_SPECTRUM: &str = "[probes.spectrum] measures the share of the spectrum near zero";
const NEEDS_SEGMENTS: &str =
    "[probes.interpolation] with segments = [\"snapshot-end\"] measures the loss along the travel";

/// Judges the claim at one threshold.
pub(crate) fn judge(sample: &Sample<'_>, q: f64, _: When) -> CellVerdict {
    let conditions = vec![mass(sample), flat('b', sample, q), level(sample, q)];
    let counts = sample.counts(Some(q));
    let mut verdict = CellVerdict {
        cell: sample.cell.cell,
        label: sample.cell.label.clone(),
        decision: Decision::of_all(&conditions),
        finding: None,
        remedies: remedies(&conditions),
        references: references(sample, q),
        conditions,
        counts,
        robustness: Robustness::Open,
        sentence: String::new(),
    };
    verdict.sentence = sentence(&verdict, q);
    verdict
}

/// (a) The share of the spectrum near zero, at the last snapshot that has one.
fn mass(sample: &Sample<'_>) -> Condition {
    let found = sample.mean(|run| run.snapshots.iter().rev().find_map(|snapshot| snapshot.near_zero_mass));
    let note = found.is_none().then(|| "no spectral density in any run".to_owned());
    Condition::above('a', "share of the spectrum near zero, at the end > 0.5", found, NEAR_ZERO_MASS).noting(note)
}

/// (c) How far the loss on the segment from t* to the end rises above its higher end, as a share of its whole fall.
fn level(sample: &Sample<'_>, q: f64) -> Condition {
    let found = sample.mean(|run| bump(run, q));
    let asks = format!("rise of the loss on the segment from t* to the end, as a share of its fall < {}", threshold(q));
    let note = found.is_none().then(|| "no segment from t* or later to the end in any run".to_owned());
    Condition::below('c', &asks, found, q).noting(note)
}

fn bump(run: &RunRow, q: f64) -> Option<f64> {
    // Without travel after t* there is no segment either: such a run has not converged.
    at(run, q)?.travel_fraction?;
    let since = at(run, q)?.step?;
    let last = run.snapshots.last()?.step;
    let segment = run.segments.iter().filter(|segment| segment.step >= since && segment.step < last);
    let segment = segment.min_by(|a, b| a.step.total_cmp(&b.step))?;
    let losses = run.snapshots.iter().filter_map(|snapshot| snapshot.train_loss);
    let fall = run.snapshots.first()?.train_loss? - losses.fold(f64::INFINITY, f64::min);
    let higher = segment.ends.0.max(segment.ends.1);
    (fall > 0.0).then(|| (segment.highest - higher).max(0.0) / fall)
}

fn remedies(conditions: &[Condition]) -> Vec<String> {
    let need = |condition: &Condition| match (condition.letter, condition.truth) {
        ('a', Truth::Missing) => Some(NEEDS_SPECTRUM.to_owned()),
        ('b', Truth::Missing) => Some(NEEDS_HESSIAN.to_owned()),
        ('c', Truth::Missing) => Some(NEEDS_SEGMENTS.to_owned()),
        (letter, Truth::Straddles) => Some(format!("more seeds narrow the interval of ({letter})")),
        _ => None,
    };
    conditions.iter().filter_map(need).collect()
}

fn sentence(verdict: &CellVerdict, q: f64) -> String {
    let told = |at: usize, words: fn(super::Statistic) -> String| {
        verdict.conditions[at].statistic.map_or("an unknown share".to_owned(), words)
    };
    match verdict.decision {
        Decision::Supported => format!(
            "{} of the spectrum is near zero; from t* to the end the weights crossed a region whose curvature is {} of \
             the largest, and on the straight segment the loss rose by {} of its fall.",
            told(0, percent),
            told(1, interval),
            told(2, percent)
        ),
        Decision::Contradicted => {
            let fails = verdict.conditions.iter().filter(|one| one.truth == Truth::Fails);
            let fails: Vec<String> = fails
                .map(|one| match one.letter {
                    'a' => format!("only {} of the spectrum is near zero", told(0, percent)),
                    'b' => format!("the travel has {} of the largest curvature", told(1, interval)),
                    _ => format!(
                        "the loss rises on the segment by {} of its fall, more than {}",
                        told(2, percent),
                        threshold(q)
                    ),
                })
                .collect();
            format!("No large flat connected region is seen here: {}.", list(&fails))
        }
        Decision::Undecided => super::words::open(&verdict.conditions),
    }
}
