//! Whether a decision hangs on the threshold q, or on how finely snapshots resolve t*.

use serde::Serialize;

use super::sample::Sample;
use super::words::{list, threshold};
use super::{CellVerdict, Decision, THRESHOLDS};

/// What a decision hangs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "what")]
pub enum Robustness {
    /// The same at every q and at both ends of the interval that t* lies in.
    Robust,
    /// The same at every q at which it is decided; undecided at those that are named.
    AsFarAsDecided(String),
    /// Another at another q.
    HangsOnQ(String),
    /// Another if t* lay at the snapshot before.
    HangsOnCadence(String),
    /// Another at another time of the training.
    HangsOnTime(String),
    /// Its rule does not know q.
    WithoutQ,
    /// Undecided everywhere.
    Open,
}

impl Robustness {
    /// Which of them, in a word or two.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Robust => "robust",
            Self::AsFarAsDecided(_) => "robust as far as decided",
            Self::HangsOnQ(_) => "hangs on q",
            Self::HangsOnCadence(_) => "hangs on the cadence",
            Self::HangsOnTime(_) => "hangs on the time",
            Self::WithoutQ => "the threshold q has no part in it",
            Self::Open => "open",
        }
    }

    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Robust => "robust".to_owned(),
            Self::AsFarAsDecided(what) => format!("robust as far as decided: {what}"),
            Self::HangsOnQ(what) => format!("hangs on q: {what}"),
            Self::HangsOnCadence(what) => format!("hangs on the cadence: {what}"),
            Self::HangsOnTime(what) => format!("hangs on the time: {what}"),
            Self::WithoutQ => "the threshold q has no part in it".to_owned(),
            Self::Open => "—".to_owned(),
        }
    }
}

/// Where t* is taken to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// At the snapshot at which it was found.
    Found,
    /// At the snapshot before: t* lies between the two.
    Before,
}

/// Whether a rule can be evaluated at the snapshot before t*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cadence {
    /// It can.
    Varies,
    /// It reads nothing that depends on the exact place of t*.
    Fixed,
}

/// A verdict at every threshold, each with what it hangs on.
pub(crate) fn over_thresholds(
    sample: &Sample<'_>,
    judge: impl Fn(&Sample<'_>, f64, When) -> CellVerdict,
    cadence: Cadence,
) -> Vec<CellVerdict> {
    let mut verdicts: Vec<CellVerdict> = THRESHOLDS.iter().map(|q| judge(sample, *q, When::Found)).collect();
    let decisions: Vec<Decision> = verdicts.iter().map(|verdict| verdict.decision).collect();
    for (at, verdict) in verdicts.iter_mut().enumerate() {
        let before = match cadence {
            Cadence::Varies => judge(sample, THRESHOLDS[at], When::Before).decision,
            Cadence::Fixed => verdict.decision,
        };
        verdict.robustness = robustness(at, &decisions, before);
    }
    verdicts
}

fn robustness(at: usize, decisions: &[Decision], before: Decision) -> Robustness {
    let mine = decisions[at];
    let others = || (0..decisions.len()).filter(move |other| *other != at && decisions[*other] != mine);
    let name = |other: usize| threshold(THRESHOLDS[other]);
    let decided: Vec<String> = others()
        .filter(|other| decisions[*other] != Decision::Undecided)
        .map(|other| format!("{} at {}", decisions[other].as_str(), name(other)))
        .collect();
    if !decided.is_empty() {
        return Robustness::HangsOnQ(list(&decided));
    }
    if mine == Decision::Undecided {
        return Robustness::Open;
    }
    if before != mine {
        let what = format!("{} if t* lay at the snapshot before", before.as_str());
        return Robustness::HangsOnCadence(what);
    }
    let open: Vec<String> = others().map(name).collect();
    if open.is_empty() { Robustness::Robust } else { Robustness::AsFarAsDecided(format!("open at {}", list(&open))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Decision::{Contradicted, Supported, Undecided};

    #[test]
    fn each_way_of_hanging_is_told() {
        let all = [Supported, Supported, Supported];
        assert_eq!(robustness(1, &all, Supported), Robustness::Robust);
        assert!(matches!(robustness(1, &all, Contradicted), Robustness::HangsOnCadence(_)));
        let partly = robustness(1, &[Supported, Supported, Undecided], Supported);
        assert_eq!(partly.words(), "robust as far as decided: open at 0.1 %");
        let hangs = robustness(1, &[Supported, Contradicted, Contradicted], Contradicted);
        assert_eq!(hangs.words(), "hangs on q: supported at 5 %");
        assert_eq!(robustness(1, &[Undecided; 3], Undecided), Robustness::Open);
    }
}
