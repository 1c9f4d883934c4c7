//! A3: whether the path has a shape of its own: its principal components against those of walks.

use super::condition::{Condition, Statistic, Truth};
use super::robust::Robustness;
use super::sample::Sample;
use super::words::{counted, interval, list};
use super::{CellVerdict, Decision, Reference};
use crate::tables::{NullTest, RunRow};

/// A null is rejected in a run below this p.
pub(crate) const LEVEL: f64 = 0.05;
/// In more than this share of seeds a null must be rejected.
const MOST: f64 = 0.5;

const EXPLAINED: &str = "pca_explained_1";
const PERSISTENCE: &str = "persistence";

/// Judges the claim; q has no part in it.
pub(crate) fn judge(sample: &Sample<'_>) -> CellVerdict {
    let conditions = vec![exceeds(sample, 'a', "walk", "a random walk"), exceeds(sample, 'b', "signs", "random signs")];
    let decision = Decision::of_all(&conditions);
    let memory = exceeds(sample, 'm', "shuffled", "shuffled steps").truth;
    let finding = match (decision, memory) {
        (Decision::Supported, Truth::Holds) => Some("with memory: shuffled steps give less"),
        (Decision::Supported, Truth::Fails) => Some("drift without memory: shuffled steps give as much"),
        (Decision::Contradicted, _) => Some("no more low-dimensional than a walk"),
        _ => None,
    };
    let mut verdict = CellVerdict {
        cell: sample.cell.cell,
        label: sample.cell.label.clone(),
        decision,
        finding: finding.map(str::to_owned),
        remedies: remedies(&conditions),
        references: references(sample),
        conditions,
        counts: sample.counts(None),
        robustness: Robustness::WithoutQ,
        sentence: String::new(),
    };
    verdict.sentence = sentence(sample, &verdict);
    verdict
}

/// Share of seeds in which the first component holds more than under a null at p < [`LEVEL`].
///
/// Holds where that is most seeds and more than chance would reject; fails where it is neither; open between, and
/// with one seed that rejects.
fn exceeds(sample: &Sample<'_>, letter: char, kind: &str, name: &str) -> Condition {
    let found = sample.share(|run| Some(test(run, EXPLAINED, kind)?.p_high? < LEVEL));
    let asks = format!("share of seeds in which PC1 holds more than under {name} (p < {LEVEL}) > {MOST}");
    let Some(share) = found else {
        let note = format!("the null `{kind}` was not drawn, or has no value in any run");
        return Condition { letter, asks, statistic: None, truth: Truth::Missing, note: Some(note) };
    };
    let n = share.n;
    let k = libm::round(share.mean * f64::from(n)) as u32;
    let chance = tail(k, n, LEVEL);
    let truth = match (share.mean > MOST, chance < LEVEL) {
        (true, true) => Truth::Holds,
        (false, false) => Truth::Fails,
        _ => Truth::Straddles,
    };
    let note = format!(
        "{k} of {}; by chance so many with probability {}",
        counted(u64::from(n), "seed"),
        super::words::number(chance)
    );
    Condition { letter, asks, statistic: found, truth, note: Some(note) }
}

/// P(K ≥ k) for a binomial count of n with chance p.
fn tail(k: u32, n: u32, p: f64) -> f64 {
    let term = |i: u32| {
        let choose = (0..i).fold(1.0, |product, j| product * f64::from(n - j) / f64::from(j + 1));
        choose * libm::pow(p, f64::from(i)) * libm::pow(1.0 - p, f64::from(n - i))
    };
    (k..=n).map(term).sum::<f64>().min(1.0)
}

fn test<'a>(run: &'a RunRow, statistic: &str, kind: &str) -> Option<&'a NullTest> {
    run.nulls.iter().find(|test| test.statistic == statistic && test.kind == kind)
}

/// Observed values beside the means of every null, and exponents of diffusion.
fn references(sample: &Sample<'_>) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut push = |name: String, value: Option<Statistic>| {
        found.extend(value.map(|value| Reference { name, value }));
    };
    for (statistic, name) in [(EXPLAINED, "PC1 share"), (PERSISTENCE, "persistence")] {
        push(
            format!("{name}, observed"),
            sample.mean(|run| run.nulls.iter().find(|test| test.statistic == statistic)?.observed),
        );
        for kind in ["walk", "layer-walk", "momentum-walk", "signs", "shuffled"] {
            push(format!("{name}, null {kind}"), sample.mean(|run| test(run, statistic, kind)?.mean));
        }
        push(format!("{name}, spread of null signs (sd)"), sample.mean(|run| test(run, statistic, "signs")?.sd));
        push(
            format!("{name}, share of seeds below null signs"),
            sample.share(|run| Some(test(run, statistic, "signs")?.p_low? < LEVEL)),
        );
    }
    push("diffusion exponent, early (walk 1, line 2)".to_owned(), sample.mean(|run| run.exponents[0]));
    push("diffusion exponent, late (walk 1, line 2)".to_owned(), sample.mean(|run| run.exponents[1]));
    found
}

fn remedies(conditions: &[Condition]) -> Vec<String> {
    let need = |condition: &Condition| match (condition.letter, condition.truth) {
        ('a', Truth::Missing) => Some("\"walk\" in probes.nulls.kinds draws that null".to_owned()),
        ('b', Truth::Missing) => Some("\"signs\" in probes.nulls.kinds draws that null".to_owned()),
        (letter, Truth::Straddles) => Some(format!("more seeds decide ({letter})")),
        _ => None,
    };
    conditions.iter().filter_map(need).collect()
}

fn sentence(sample: &Sample<'_>, verdict: &CellVerdict) -> String {
    let value = |name: &str| {
        let found = verdict.references.iter().find(|reference| reference.name == name);
        found.map_or("an unknown share".to_owned(), |reference| interval(reference.value))
    };
    let (observed, walk, signs) =
        (value("PC1 share, observed"), value("PC1 share, null walk"), value("PC1 share, null signs"));
    let beside =
        format!("PC1 holds {observed} of the variance, against {walk} for a walk and {signs} for random signs");
    match verdict.decision {
        Decision::Supported => format!("The path is low-dimensional beyond its nulls: {beside}."),
        Decision::Contradicted => {
            let fails = verdict.conditions.iter().filter(|one| one.truth == Truth::Fails);
            let fails: Vec<String> = fails
                .map(|one| if one.letter == 'a' { "a walk" } else { "the same steps with random signs" }.to_owned())
                .collect();
            format!("The path is no more low-dimensional than {}: {beside}.", list(&fails))
        }
        Decision::Undecided if sample.n_seeds() == 1 => format!("Not decided by one seed: {beside}."),
        Decision::Undecided => format!("Not decided: {beside}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binomial_tails() {
        // 1 − .95^5; .05^2; all of nothing.
        assert!((tail(1, 5, 0.05) - 0.226_219_062_5).abs() < 1e-12);
        assert!((tail(2, 2, 0.05) - 0.0025).abs() < 1e-15);
        assert!((tail(0, 7, 0.05) - 1.0).abs() < 1e-12);
    }
}
