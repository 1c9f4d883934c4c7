//! A1: whether the weights settle at a point. Read from the travel after t* and from its growth.

use super::condition::{Condition, Truth};
use super::robust::{Robustness, When};
use super::sample::Sample;
use super::travel::{grows, moves, references, remedies};
use super::words::{interval, percent, threshold};
use super::{CellVerdict, Decision};

/// A travel fraction whose whole interval lies below this has arrived, whatever its slope.
const ARRIVED: f64 = 0.01;

/// Judges the claim at one threshold.
pub(crate) fn judge(sample: &Sample<'_>, q: f64, when: When) -> CellVerdict {
    let conditions = vec![moves(sample, q, when), grows(sample, q)];
    let (decision, finding) = decide(&conditions);
    let counts = sample.counts(Some(q));
    let mut verdict = CellVerdict {
        cell: sample.cell.cell,
        label: sample.cell.label.clone(),
        decision,
        finding: finding.map(str::to_owned),
        remedies: if decision == Decision::Undecided {
            remedies(&conditions, counts.n_not_converged, q)
        } else {
            vec![]
        },
        references: references(sample, q),
        conditions,
        counts,
        robustness: Robustness::Open,
        sentence: String::new(),
    };
    verdict.sentence = sentence(&verdict, q);
    verdict
}

/// Whether the distance has stopped growing decides; a travel that is next to nothing decides alone.
fn decide(conditions: &[Condition]) -> (Decision, Option<&'static str>) {
    let (moves, grows) = (conditions[0].truth, conditions[1].truth);
    let limits = conditions[0].statistic.and_then(|statistic| statistic.limits);
    let arrived = limits.is_some_and(|(_, high)| high < ARRIVED);
    match (moves, grows) {
        (Truth::Holds, Truth::Holds) => (Decision::Supported, Some("goes on travelling")),
        (Truth::Fails, Truth::Fails) => (Decision::Contradicted, Some("settles")),
        (_, Truth::Fails) => (Decision::Contradicted, Some("travels, then settles")),
        _ if arrived => (Decision::Contradicted, Some("settles")),
        (Truth::Fails, Truth::Holds) => (Decision::Undecided, Some("creeps")),
        _ => (Decision::Undecided, None),
    }
}

fn sentence(verdict: &CellVerdict, q: f64) -> String {
    let [moves, grows] = [0, 1].map(|at| verdict.conditions[at].statistic);
    let travel = moves.map_or("an unknown share".to_owned(), percent);
    let slope = grows.map_or("not measurable".to_owned(), interval);
    let since = format!("after the objective had come within {} of its fall", threshold(q));
    match (verdict.decision, verdict.finding.as_deref()) {
        (Decision::Supported, _) => format!(
            "The weights do not settle: {since} they made {travel} of their displacement and went on (slope {slope})."
        ),
        (Decision::Contradicted, Some("settles")) => {
            format!("The weights settle: {since} they made only {travel} of their displacement (slope {slope}).")
        }
        (Decision::Contradicted, _) => format!(
            "The weights settle late: they made {travel} of their displacement {since}, but then stopped (slope {slope})."
        ),
        (Decision::Undecided, Some(_)) => format!(
            "The weights creep: only {travel} of the displacement lies {since}, but it still grows (slope {slope})."
        ),
        (Decision::Undecided, None) => super::words::open(&verdict.conditions),
    }
}
