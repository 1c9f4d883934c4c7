//! A4 (H1): when the loss has converged, the weights make large moves through flat regions, at no critical point.

use super::condition::{Condition, Statistic, Truth};
use super::robust::{Robustness, When};
use super::sample::{Sample, at};
use super::words::{counted, interval, number, percent, threshold};
use super::{CellVerdict, Decision, Reference};
use crate::tables::RunRow;

/// Travel after t* as a share of the whole displacement: above it, the move is large.
pub(crate) const TRAVEL_FRACTION: f64 = 0.1;
/// Log-log slope of the squared distance since t*: above it, the weights still go somewhere.
pub(crate) const SLOPE: f64 = 0.1;
/// Squared gradient over squared arithmetic error: above it, the gradient is no rounding.
pub(crate) const ERROR_FACTOR: f64 = 100.0;
/// Squared gradient over the stationary value of SGD at a minimum: above it, the gradient is no hovering.
pub(crate) const FLOOR_FACTOR: f64 = 2.0;
/// Curvature along the travel over the largest eigenvalue: below it, the region is flat.
pub(crate) const FLATNESS: f64 = 0.01;
/// What a cell is in which all holds but the gradient.
pub(crate) const DIFFUSES: &str = "diffuses along a flat set";

const NEEDS_GRADIENTS: &str = "[probes.gradients] measures the arithmetic error of the gradient";
pub(crate) const NEEDS_HESSIAN: &str = "[probes.hessian] measures curvature, and with it the noise floor";

/// Judges the claim at one threshold.
pub(crate) fn judge(sample: &Sample<'_>, q: f64, when: When) -> CellVerdict {
    let conditions = vec![moves(sample, q, when), grows(sample, q), gradient(sample), flat('d', sample, q)];
    let counts = sample.counts(Some(q));
    let mut verdict = CellVerdict {
        cell: sample.cell.cell,
        label: sample.cell.label.clone(),
        decision: Decision::of_all(&conditions),
        finding: finding(&conditions).map(str::to_owned),
        remedies: remedies(&conditions, counts.n_not_converged, q),
        references: references(sample, q),
        conditions,
        counts,
        robustness: Robustness::Open,
        sentence: String::new(),
    };
    verdict.sentence = sentence(&verdict, q);
    verdict
}

/// (a) The travel after t* as a share of the displacement.
pub(crate) fn moves(sample: &Sample<'_>, q: f64, when: When) -> Condition {
    let found = sample.mean(|run| travel_fraction(run, q, when));
    let asks = format!("travel fraction after t* > {}", number(TRAVEL_FRACTION));
    Condition::above('a', &asks, found, TRAVEL_FRACTION).noting(missing_travel(sample, q, found))
}

/// (b) Whether the distance from t* goes on growing.
pub(crate) fn grows(sample: &Sample<'_>, q: f64) -> Condition {
    let found = sample.mean(|run| at(run, q)?.slope);
    let asks = format!("log-log slope of the squared distance since t* > {}", number(SLOPE));
    Condition::above('b', &asks, found, SLOPE).noting(missing_travel(sample, q, found))
}

/// (d) The curvature along the travel, against the largest eigenvalue.
pub(crate) fn flat(letter: char, sample: &Sample<'_>, q: f64) -> Condition {
    let found = sample.mean(|run| {
        let row = at(run, q)?;
        let largest = row.hessian_max.filter(|largest| *largest > 0.0)?;
        Some(row.curvature_of_travel? / largest)
    });
    let asks = format!("curvature along the travel / largest eigenvalue < {}", number(FLATNESS));
    let note = found.is_none().then(|| "no curvature of the travel in any run".to_owned());
    Condition::below(letter, &asks, found, FLATNESS).noting(note)
}

/// (c) The gradient at the end, above arithmetic error and above hovering. The weaker of both ratios is shown.
fn gradient(sample: &Sample<'_>) -> Condition {
    let square = |run: &RunRow| run.gradient_final.map(|norm| norm * norm);
    let error = sample.ratio(|run| {
        let error = run.snapshots.iter().rev().find_map(|snapshot| snapshot.gradient_error)?;
        Some(square(run)? / (ERROR_FACTOR * error * error).max(f64::MIN_POSITIVE))
    });
    let floor = sample.ratio(|run| {
        let floor = run.noise_floor_final?;
        Some(square(run)? / (FLOOR_FACTOR * floor * floor).max(f64::MIN_POSITIVE))
    });
    let asks = "squared gradient over the larger of 100 × error² and 2 × noise floor² > 1";
    let (error, floor) = (Condition::above('c', asks, error, 1.0), Condition::above('c', asks, floor, 1.0));
    let truth = error.truth.and(floor.truth);
    let weaker = match (error.statistic, floor.statistic) {
        (Some(error), Some(floor)) => Some(if error.mean < floor.mean { error } else { floor }),
        _ => None,
    };
    let told = |name: &str, statistic: Option<Statistic>| {
        statistic.map_or(format!("{name} not measured"), |statistic| format!("{name} {}", interval(statistic)))
    };
    let note =
        format!("{}; {}", told("over 100 × error²", error.statistic), told("over 2 × noise floor²", floor.statistic));
    let statistic = weaker.or(error.statistic).or(floor.statistic);
    Condition { letter: 'c', asks: asks.to_owned(), statistic, truth, note: Some(note) }
}

/// The travel as a share of the displacement, from t* or from the snapshot before.
fn travel_fraction(run: &RunRow, q: f64, when: When) -> Option<f64> {
    let row = at(run, q)?;
    let found = row.travel_fraction?;
    let step = row.step?;
    let before = || {
        let before = run.snapshots.iter().rev().find(|snapshot| snapshot.step < step)?;
        Some(before.distance_to_end? / run.displacement?)
    };
    match when {
        When::Found => Some(found),
        When::Before => Some(before().unwrap_or(found)),
    }
}

fn missing_travel(sample: &Sample<'_>, q: f64, found: Option<Statistic>) -> Option<String> {
    let mut reasons: Vec<&str> = sample.cell.runs.iter().filter_map(|run| Some(at(run, q)?.status.as_str())).collect();
    reasons.retain(|reason| !reason.is_empty());
    reasons.sort_unstable();
    reasons.dedup();
    found.is_none().then(|| match reasons.as_slice() {
        [] => "no run has a value".to_owned(),
        reasons => format!("no run has a value: {}", reasons.join(", ")),
    })
}

fn finding(conditions: &[Condition]) -> Option<&'static str> {
    let holds = |letter| conditions.iter().any(|one| one.letter == letter && one.truth == Truth::Holds);
    let fails = |letter| conditions.iter().any(|one| one.letter == letter && one.truth == Truth::Fails);
    (holds('a') && holds('b') && holds('d') && fails('c')).then_some(DIFFUSES)
}

/// A line and a walk with the same step lengths, and how much of the travel is a change of norm.
pub(crate) fn references(sample: &Sample<'_>, q: f64) -> Vec<Reference> {
    let of = |name: &str, value: fn(&crate::tables::Threshold) -> Option<f64>| {
        let value = sample.mean(|run| value(at(run, q)?))?;
        Some(Reference { name: name.to_owned(), value })
    };
    let found = [
        of("travel fraction of a straight line with the same step lengths", |row| row.line),
        of("travel fraction of a random walk with the same step lengths", |row| row.walk),
        of("share of the travel that only changes the norm", |row| row.radial_share),
        of("objective at t* / at the end", |row| row.objective_ratio),
        of("steps between t* and the snapshot before", |row| row.resolved_stride),
    ];
    found.into_iter().flatten().collect()
}

/// What would decide an open condition.
pub(crate) fn remedies(conditions: &[Condition], n_not_converged: u32, q: f64) -> Vec<String> {
    let mut remedies = Vec::new();
    for condition in conditions {
        match (condition.letter, condition.truth) {
            ('a' | 'b', Truth::Missing) if n_not_converged > 0 => remedies.push(format!(
                "train longer: at q = {} a statement about arriving needs four times t* ({})",
                threshold(q),
                counted(u64::from(n_not_converged), "run had not"),
            )),
            ('c', Truth::Missing) => {
                let note = condition.note.as_deref().unwrap_or_default();
                let needs =
                    [("over 100 × error² not measured", NEEDS_GRADIENTS), ("noise floor² not measured", NEEDS_HESSIAN)];
                remedies
                    .extend(needs.iter().filter(|(sign, _)| note.contains(sign)).map(|(_, need)| (*need).to_owned()));
            }
            ('d', Truth::Missing) => remedies.push(NEEDS_HESSIAN.to_owned()),
            (_, Truth::Straddles) => remedies.push(format!("more seeds narrow the interval of ({})", condition.letter)),
            _ => {}
        }
    }
    remedies.dedup();
    remedies
}

fn sentence(verdict: &CellVerdict, q: f64) -> String {
    let of = |letter: char| verdict.conditions.iter().find(|condition| condition.letter == letter);
    let told = |letter: char| of(letter).and_then(|condition| condition.statistic);
    let travel = told('a').map_or("an unknown share".to_owned(), percent);
    let since = format!("after the objective had come within {} of its fall", threshold(q));
    let curvature = told('d').map_or("unknown".to_owned(), interval);
    match (verdict.decision, verdict.finding.as_deref()) {
        (Decision::Supported, _) => format!(
            "The weights made {travel} of their whole displacement {since}, still growing (slope {}), along directions \
             with {curvature} of the largest curvature, and with a gradient above both error and noise.",
            told('b').map_or("unknown".to_owned(), interval),
        ),
        (_, Some(finding)) => format!(
            "The weights made {travel} of their displacement {since}, in flat directions, but the gradient is no larger \
             than what SGD has at a minimum: this {finding}, and is no travel away from critical points."
        ),
        (Decision::Contradicted, _) => {
            let fails: Vec<String> =
                verdict.conditions.iter().filter(|one| one.truth == Truth::Fails).map(failing).collect();
            format!("The claim fails here: {since}, {}.", super::words::list(&fails))
        }
        (Decision::Undecided, _) => super::words::open(&verdict.conditions),
    }
}

/// What a condition that fails means.
fn failing(condition: &Condition) -> String {
    let value = condition.statistic;
    match condition.letter {
        'a' => format!("the weights made only {} of their displacement", value.map_or("none".to_owned(), percent)),
        'b' => format!("their distance no longer grew (slope {})", value.map_or("none".to_owned(), interval)),
        'c' => "the gradient at the end is no larger than error or the noise of SGD at a minimum explain".to_owned(),
        _ => format!(
            "they moved along directions with {} of the largest curvature, which is not flat",
            value.map_or("none".to_owned(), interval)
        ),
    }
}
