//! One condition of a rule: a statistic with its interval, against a threshold.

use serde::Serialize;

/// A mean over seeds with its interval at 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Statistic {
    /// Mean over seeds; of a ratio that spans orders of magnitude, the geometric mean; of truths, the share.
    pub mean: f64,
    /// Its lower and upper limit; none with fewer than two seeds.
    pub limits: Option<(f64, f64)>,
    /// Seeds behind it.
    pub n: u32,
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Truth {
    /// The whole interval says so.
    Holds,
    /// The whole interval says the contrary.
    Fails,
    /// The interval straddles the threshold, or one seed gives none.
    Straddles,
    /// What it needs was not measured, or has no value in any run.
    Missing,
}

impl Truth {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Fails => "fails",
            Self::Straddles => "straddles",
            Self::Missing => "missing",
        }
    }

    /// Both: fails where one fails, holds where both hold.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Fails, _) | (_, Self::Fails) => Self::Fails,
            (Self::Holds, Self::Holds) => Self::Holds,
            (Self::Missing, _) | (_, Self::Missing) => Self::Missing,
            _ => Self::Straddles,
        }
    }
}

/// A condition of a rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Condition {
    /// Its letter in the rule.
    pub letter: char,
    /// What is asked, with the threshold.
    pub asks: String,
    /// The statistic.
    pub statistic: Option<Statistic>,
    /// Whether it holds.
    pub truth: Truth,
    /// Why it is open, or what should be known beside it.
    pub note: Option<String>,
}

impl Condition {
    /// That a statistic lies above a threshold.
    pub(crate) fn above(letter: char, asks: &str, statistic: Option<Statistic>, threshold: f64) -> Self {
        let sides = |(low, high): (f64, f64)| (low > threshold, high <= threshold);
        Self::by_sides(letter, asks, statistic, sides)
    }

    /// That a statistic lies below a threshold.
    pub(crate) fn below(letter: char, asks: &str, statistic: Option<Statistic>, threshold: f64) -> Self {
        let sides = |(low, high): (f64, f64)| (high < threshold, low >= threshold);
        Self::by_sides(letter, asks, statistic, sides)
    }

    /// The same with a note.
    pub(crate) fn noting(mut self, note: Option<String>) -> Self {
        self.note = note.or(self.note);
        self
    }

    fn by_sides(
        letter: char,
        asks: &str,
        statistic: Option<Statistic>,
        sides: impl Fn((f64, f64)) -> (bool, bool),
    ) -> Self {
        let limits = statistic.and_then(|statistic| statistic.limits);
        let (truth, note) = match (statistic, limits.map(sides)) {
            (None, _) => (Truth::Missing, None),
            (Some(_), None) => (Truth::Straddles, Some("one seed gives no interval".to_owned())),
            (_, Some((true, _))) => (Truth::Holds, None),
            (_, Some((_, true))) => (Truth::Fails, None),
            _ => (Truth::Straddles, Some("the interval straddles the threshold".to_owned())),
        };
        Self { letter, asks: asks.to_owned(), statistic, truth, note }
    }
}
