//! A5 (H2): whether the surface is locally non-convex, at the start and after partial training.
//!
//! The word is *non-convex*, never *saddle*: the gradient is not zero there.

use std::collections::BTreeMap;

use super::condition::{Condition, Statistic, Truth};
use super::robust::Robustness;
use super::sample::{Sample, mean_of_seeds};
use super::words::{counted, interval, list, number};
use super::{CellVerdict, Decision, Reference};
use crate::statistics::limits::Student;
use crate::statistics::sums::mean;
use crate::tables::{CellRuns, RunRow, Sibling, SnapshotRow};

/// A certificate counts as negative below minus this share of the largest eigenvalue in size: arithmetic in f64
/// errs by less.
const ROUNDING: f64 = 1e-9;
/// A violation of the chord counts above so many times the arithmetic error of the loss.
const LOSS_ERRORS: f64 = 3.0;
/// Share of seeds above which most have a certificate.
const MOST: f64 = 0.5;

const NEEDS_HESSIAN: &str = "[probes.hessian] measures certificates";
const NEEDS_SIBLINGS: &str =
    "[fork] with branches = 2 and [[compare]] with pairs_over = \"branch\" measure siblings of one start or state";

/// Judges the claim; q has no part in it.
pub(crate) fn judge(sample: &Sample<'_>) -> CellVerdict {
    let instants = instants(sample);
    let (start, later): (Vec<_>, Vec<_>) = instants.into_iter().partition(|instant| instant.step == 0.0);
    let (chord, by_fork) = chord(sample);
    let conditions = vec![certified('a', "at the start", start.first()), partial(&later), chord];
    let decision = Decision::of_all(&conditions);
    let mut verdict = CellVerdict {
        cell: sample.cell.cell,
        label: sample.cell.label.clone(),
        decision,
        finding: None,
        remedies: remedies(&conditions),
        references: references(sample, &start, &later),
        conditions,
        counts: sample.counts(None),
        robustness: hangs(decision, &later, &by_fork),
        sentence: String::new(),
    };
    verdict.sentence = sentence(&verdict);
    verdict
}

/// The certificates at one step.
struct Instant {
    step: f64,
    epoch: f64,
    share: Statistic,
    truth: Truth,
}

impl Instant {
    fn name(&self) -> String {
        format!("epoch {}", number(self.epoch))
    }
}

/// Every step at which some run has a certificate, in order.
fn instants(sample: &Sample<'_>) -> Vec<Instant> {
    let mut steps = BTreeMap::<u64, f64>::new();
    for snapshot in sample.cell.runs.iter().flat_map(|run| &run.snapshots) {
        if snapshot.certificate.is_some() {
            steps.insert(snapshot.step as u64, snapshot.epoch);
        }
    }
    let instant = |(step, epoch): (u64, f64)| {
        let share = sample.share(|run| negative(snapshot(run, step as f64)?))?;
        Some(Instant { step: step as f64, epoch, share, truth: most(share) })
    };
    steps.into_iter().filter_map(instant).collect()
}

fn snapshot(run: &RunRow, step: f64) -> Option<&SnapshotRow> {
    run.snapshots.iter().find(|snapshot| snapshot.step == step)
}

/// Whether a certificate proves non-convexity.
fn negative(snapshot: &SnapshotRow) -> Option<bool> {
    let sizes = [snapshot.hessian_max, snapshot.hessian_min];
    let largest = sizes.into_iter().flatten().map(f64::abs).fold(0.0, f64::max);
    Some(snapshot.certificate? < -ROUNDING * largest)
}

/// A certificate is a proof, so all or none of the seeds decide at once; else most, by Wilson's interval.
fn most(share: Statistic) -> Truth {
    let (low, high) = share.limits.unwrap_or((0.0, 1.0));
    match share.mean {
        1.0 => Truth::Holds,
        0.0 => Truth::Fails,
        _ if low > MOST => Truth::Holds,
        _ if high < MOST => Truth::Fails,
        _ => Truth::Straddles,
    }
}

fn certified(letter: char, when: &str, instant: Option<&Instant>) -> Condition {
    let asks = format!("share of seeds with a negative certificate {when} > {MOST}");
    match instant {
        Some(instant) => Condition { letter, asks, statistic: Some(instant.share), truth: instant.truth, note: None },
        None => {
            let note = Some("no certificate in any run".to_owned());
            Condition { letter, asks, statistic: None, truth: Truth::Missing, note }
        }
    }
}

/// (b) At the first snapshot after the start that has certificates; the later ones are told beside it.
fn partial(later: &[Instant]) -> Condition {
    let when = later.first().map_or("after partial training".to_owned(), |first| format!("after {}", first.name()));
    let each: Vec<String> =
        later.iter().map(|instant| format!("{}: {}", instant.name(), number(instant.share.mean))).collect();
    let note = (later.len() > 1).then(|| format!("share by time: {}", each.join(", ")));
    certified('b', &when, later.first()).noting(note)
}

/// (c) How far the loss lies above the chord between siblings, less the arithmetic error, by fork; the earliest decides.
fn chord(sample: &Sample<'_>) -> (Condition, Vec<(String, Truth)>) {
    let asks = "loss above the chord between siblings, less 3 × its error > 0 (nat)";
    let mut forks = BTreeMap::<Option<u64>, Vec<&Sibling>>::new();
    for sibling in siblings_at_end(sample.cell) {
        forks.entry(sibling.fork).or_default().push(sibling);
    }
    let each: Vec<(String, Condition)> = forks
        .into_iter()
        .map(|(fork, siblings)| (fork_name(fork), Condition::above('c', asks, violation(&siblings), 0.0)))
        .collect();
    let by_fork: Vec<(String, Truth)> = each.iter().map(|(name, one)| (name.clone(), one.truth)).collect();
    let told: Vec<String> =
        each.iter().filter_map(|(name, one)| Some(format!("{name}: {}", interval(one.statistic?)))).collect();
    let first = each.into_iter().next().map(|(_, condition)| condition);
    let none = || Condition::above('c', asks, None, 0.0).noting(Some("no siblings were compared".to_owned()));
    let note = (!told.is_empty()).then(|| told.join("; "));
    (first.unwrap_or_else(none).noting(note), by_fork)
}

/// Pairs that share their start or a later state.
pub(crate) fn siblings_at_end(cell: &CellRuns) -> impl Iterator<Item = &Sibling> {
    let one_start = |sibling: &&Sibling| matches!(sibling.differs_in.as_str(), "branch" | "order_seed");
    cell.siblings.iter().filter(one_start).filter(|sibling| sibling.at == "end" && !sibling.aligned)
}

fn fork_name(fork: Option<u64>) -> String {
    match fork {
        None | Some(0) => "from one start".to_owned(),
        Some(step) => format!("forked after {}", counted(step, "step")),
    }
}

/// Mean over seeds of barrier_chord − 3 × loss_error.
pub(crate) fn violation(siblings: &[&Sibling]) -> Option<Statistic> {
    by_seed(siblings, margin)
}

/// Mean over seeds of the barrier over the mean of the two ends.
pub(crate) fn mean_barrier(siblings: &[&Sibling]) -> Option<Statistic> {
    by_seed(siblings, |sibling| sibling.barrier_mean)
}

/// Pairs of one seed are averaged first. Without a shared seed, the first member stands for it.
fn by_seed(siblings: &[&Sibling], value: impl Fn(&Sibling) -> Option<f64>) -> Option<Statistic> {
    let mut by_seed = BTreeMap::<u64, Vec<f64>>::new();
    for sibling in siblings {
        if let Some(value) = value(sibling) {
            by_seed.entry(sibling.seed.unwrap_or(sibling.members.0)).or_default().push(value);
        }
    }
    mean_of_seeds(&by_seed)
}

fn margin(sibling: &Sibling) -> Option<f64> {
    Some(sibling.barrier_chord? - LOSS_ERRORS * sibling.loss_error.unwrap_or(0.0))
}

/// The same between independent starts, whose pairs share runs: leave-one-run-out jackknife.
fn independent(sample: &Sample<'_>, aligned: bool) -> Option<Statistic> {
    let pairs = sample.cell.siblings.iter().filter(|pair| matches!(pair.differs_in.as_str(), "seed" | "init_seed"));
    let pairs = pairs.filter(|pair| pair.at == "end" && pair.aligned == aligned);
    let values: Vec<((u64, u64), f64)> = pairs.filter_map(|pair| Some((pair.members, margin(pair)?))).collect();
    jackknife(&values)
}

/// Mean over pairs, with limits from leaving out one run at a time.
fn jackknife(values: &[((u64, u64), f64)]) -> Option<Statistic> {
    let all: Vec<f64> = values.iter().map(|(_, value)| *value).collect();
    let mut runs: Vec<u64> = values.iter().flat_map(|((a, b), _)| [*a, *b]).collect();
    runs.sort_unstable();
    runs.dedup();
    let n = runs.len() as f64;
    let without = |run: u64| -> Vec<f64> {
        values.iter().filter(|((a, b), _)| *a != run && *b != run).map(|(_, value)| *value).collect()
    };
    let left: Vec<f64> =
        runs.iter().map(|run| without(*run)).filter(|left| !left.is_empty()).map(|left| mean(&left)).collect();
    if all.is_empty() {
        return None;
    }
    let (centre, of_left) = (mean(&all), mean(&left));
    let spread: f64 = left.iter().map(|value| (value - of_left) * (value - of_left)).sum();
    let reach = || Student::default().quantile(n - 1.0) * ((n - 1.0) / n * spread).sqrt();
    let limits = (left.len() > 2 && left.len() == runs.len()).then(reach).map(|reach| (centre - reach, centre + reach));
    Some(Statistic { mean: centre, limits, n: runs.len() as u32 })
}

/// How large the negative curvature is, and what independent starts show.
fn references(sample: &Sample<'_>, start: &[Instant], later: &[Instant]) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut push = |name: String, value: Option<Statistic>| found.extend(value.map(|value| Reference { name, value }));
    for (when, instant) in
        [("at the start", start.first()), ("after partial training", later.first()), ("at the end", later.last())]
    {
        let Some(instant) = instant else { continue };
        let at = |value: fn(&SnapshotRow) -> Option<f64>| sample.mean(|run| value(snapshot(run, instant.step)?));
        push(
            format!("|λmin| / λmax {when}"),
            at(|row| Some((-row.hessian_min?).max(0.0) / row.hessian_max.filter(|max| *max > 0.0)?)),
        );
        push(format!("certificate {when} (nat/w²)"), at(|row| row.certificate));
        push(format!("negative mass {when}"), at(|row| row.negative_mass));
        push(format!("its standard error within a run {when}"), at(|row| row.negative_mass_se));
        push(
            format!("curvature along the last step / λmax {when}"),
            at(|row| Some(row.curvature_update? / row.hessian_max.filter(|max| *max > 0.0)?)),
        );
    }
    let siblings: Vec<&Sibling> = siblings_at_end(sample.cell).collect();
    push("barrier over the mean of the ends, siblings (nat)".to_owned(), mean_barrier(&siblings));
    push("above the chord, independent starts (nat)".to_owned(), independent(sample, false));
    push("above the chord, independent starts after permutation alignment (nat)".to_owned(), independent(sample, true));
    found
}

/// Later times at which the certificates, or later forks at which the chord, say something else.
fn hangs(decision: Decision, later: &[Instant], by_fork: &[(String, Truth)]) -> Robustness {
    if decision == Decision::Undecided {
        return Robustness::Open;
    }
    let mut others = Vec::new();
    if let Some(first) = later.first() {
        let differ = later.iter().filter(|instant| instant.truth != first.truth);
        others.extend(differ.map(|instant| format!("certificate {} at {}", verb(instant.truth), instant.name())));
    }
    if let Some((_, first)) = by_fork.first() {
        let differ = by_fork.iter().filter(|(_, truth)| truth != first);
        others.extend(differ.map(|(name, truth)| format!("chord {} {name}", verb(*truth))));
    }
    if others.is_empty() { Robustness::Robust } else { Robustness::HangsOnTime(list(&others)) }
}

fn verb(truth: Truth) -> &'static str {
    match truth {
        Truth::Holds => "condition holds",
        Truth::Fails => "condition fails",
        Truth::Straddles => "condition is open",
        Truth::Missing => "was not measured",
    }
}

fn remedies(conditions: &[Condition]) -> Vec<String> {
    let need = |condition: &Condition| match (condition.letter, condition.truth) {
        ('a' | 'b', Truth::Missing) => Some(NEEDS_HESSIAN.to_owned()),
        ('c', Truth::Missing) => Some(NEEDS_SIBLINGS.to_owned()),
        (letter, Truth::Straddles) => Some(format!("more seeds narrow the interval of ({letter})")),
        _ => None,
    };
    let mut needs: Vec<String> = conditions.iter().filter_map(need).collect();
    needs.dedup();
    needs
}

fn sentence(verdict: &CellVerdict) -> String {
    let [start, later, chord] = [0, 1, 2].map(|at| &verdict.conditions[at]);
    let value =
        |name: &str| verdict.references.iter().find(|reference| reference.name == name).map(|found| found.value);
    let size = value("|λmin| / λmax at the start")
        .map_or(String::new(), |size| format!(" (|λmin| / λmax = {})", interval(size)));
    let mut sentence = match verdict.decision {
        Decision::Supported => format!(
            "The objective is non-convex at the start{size} and after partial training, and between siblings the loss \
             lies {} nat above the chord.",
            chord.statistic.map_or("some".to_owned(), interval)
        ),
        Decision::Contradicted => {
            let mut fails = Vec::new();
            if start.truth == Truth::Fails {
                fails.push("no direction of negative curvature was found at the start".to_owned());
            }
            if later.truth == Truth::Fails {
                fails.push("none was found after partial training".to_owned());
            }
            if chord.truth == Truth::Fails {
                fails.push("between siblings the loss nowhere lies above the chord".to_owned());
            }
            let also = if start.truth == Truth::Holds {
                format!(" Certificates do prove non-convexity at the start{size}.")
            } else {
                String::new()
            };
            format!("The claim fails here: {}.{also}", list(&fails))
        }
        Decision::Undecided => {
            let proven = if start.truth == Truth::Holds {
                format!(" Certificates prove non-convexity at the start{size}.")
            } else {
                String::new()
            };
            format!("{}{proven}", super::words::open(&verdict.conditions))
        }
    };
    let raw = value("above the chord, independent starts (nat)");
    let aligned = value("above the chord, independent starts after permutation alignment (nat)");
    if let (Some(raw), Some(aligned)) = (raw, aligned) {
        sentence.push_str(&alignment(raw, aligned));
    }
    sentence
}

/// What aligning hidden units does to the barrier between independent starts.
fn alignment(raw: Statistic, aligned: Statistic) -> String {
    let (before, after) = (interval(raw), interval(aligned));
    match (raw.mean > 0.0, aligned.mean > 0.0) {
        (true, false) => format!(
            " Between independent starts the loss lies {before} nat above the chord, and nowhere once hidden units are \
             aligned: that barrier is a permutation's."
        ),
        (true, true) => format!(
            " Between independent starts the loss lies {before} nat above the chord, {after} once hidden units are aligned."
        ),
        (false, _) => " Between independent starts the loss nowhere lies above the chord.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jackknife_over_all_pairs_is_that_of_runs() {
        // f(a, b) = x_a + x_b over all pairs of x = 0, 1, 2, 3: mean 3; leaving out i gives 2 (6 − x_i) / 3.
        let x = [0.0, 1.0, 2.0, 3.0];
        let mut pairs = Vec::new();
        for a in 0..4_usize {
            for b in a + 1..4 {
                pairs.push(((a as u64, b as u64), x[a] + x[b]));
            }
        }
        let found = jackknife(&pairs).unwrap();
        let deviation = (0.75 * (4.0 / 9.0) * 5.0_f64).sqrt();
        let (low, high) = found.limits.unwrap();
        assert!((found.mean - 3.0).abs() < 1e-12);
        assert!((high - low - 2.0 * 3.182_446_305_284_263 * deviation).abs() < 1e-9);
    }
}
