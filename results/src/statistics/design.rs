//! How a cell's replicates vary: independently, or two seeds against each other.

use super::limits::Student;
use super::sums::{mean, squares, sum};

/// What a cell's replicates are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Design {
    /// Each differs from the others in everything.
    Iid,
    /// Each is a pair of levels of two seeds, by replicate.
    Crossed {
        /// Level of the first seed.
        first: Vec<u32>,
        /// Level of the second seed.
        second: Vec<u32>,
    },
}

/// How well a mean is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct MeanError {
    /// Standard error of the mean.
    pub(crate) sem: f64,
    /// Degrees of freedom behind it.
    pub(crate) df: f64,
}

impl MeanError {
    /// Student's limits around a mean.
    pub(crate) fn limits(self, mean: f64, student: &mut Student) -> (f64, f64) {
        let reach = if self.sem == 0.0 { 0.0 } else { student.quantile(self.df) * self.sem };
        (mean - reach, mean + reach)
    }
}

impl Design {
    /// The word in `statistics.design`.
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Iid => "iid",
            Self::Crossed { .. } => "crossed",
        }
    }

    /// How well the mean of the values of these replicates is known; none where they cannot tell.
    pub(crate) fn mean_error(&self, values: &[f64], replicates: &[u32]) -> Option<MeanError> {
        match self {
            Self::Iid => {
                let n = values.len() as f64;
                let spread = squares(values, mean(values)) / (n - 1.0);
                (values.len() > 1).then(|| MeanError { sem: (spread / n).sqrt(), df: n - 1.0 })
            }
            Self::Crossed { first, second } => {
                let levels = |of: &[u32]| replicates.iter().map(|&replicate| of[replicate as usize]).collect();
                Grid::new(values, levels(first), levels(second)).mean_error()
            }
        }
    }
}

/// Values by two levels, those of one pair of levels averaged.
struct Grid {
    values: Vec<f64>,
    first: Vec<usize>,
    second: Vec<usize>,
    n_first: usize,
    n_second: usize,
}

impl Grid {
    fn new(values: &[f64], first: Vec<u32>, second: Vec<u32>) -> Self {
        let mut pairs = std::collections::BTreeMap::<(u32, u32), Vec<f64>>::new();
        for ((value, first), second) in values.iter().zip(&first).zip(&second) {
            pairs.entry((*first, *second)).or_default().push(*value);
        }
        let (first, n_first) = renumber(pairs.keys().map(|pair| pair.0).collect());
        let (second, n_second) = renumber(pairs.keys().map(|pair| pair.1).collect());
        Self { values: pairs.values().map(|values| mean(values)).collect(), first, second, n_first, n_second }
    }

    /// Random effects of two crossed seeds: Var(mean) = σ_a²/I + σ_b²/J + σ_e²/(IJ), no component below 0.
    fn mean_error(&self) -> Option<MeanError> {
        if self.n_first < 2 || self.n_second < 2 {
            return None;
        }
        if self.values.len() == self.n_first * self.n_second { Some(self.complete()) } else { Some(self.incomplete()) }
    }

    /// Mean squares of the two-way table, and Satterthwaite's degrees of freedom of their sum.
    fn complete(&self) -> MeanError {
        let (i, j, centre) = (self.n_first as f64, self.n_second as f64, mean(&self.values));
        let rows: Vec<f64> = self.sums(&self.values, &self.first, self.n_first).iter().map(|sum| sum / j).collect();
        let columns: Vec<f64> =
            self.sums(&self.values, &self.second, self.n_second).iter().map(|sum| sum / i).collect();
        let rest = sum((0..self.values.len()).map(|at| {
            let residual = self.values[at] - rows[self.first[at]] - columns[self.second[at]] + centre;
            residual * residual
        }));
        let first = Component { square: j * squares(&rows, centre) / (i - 1.0), df: i - 1.0 };
        let second = Component { square: i * squares(&columns, centre) / (j - 1.0), df: j - 1.0 };
        let rest = Component { square: rest / ((i - 1.0) * (j - 1.0)), df: (i - 1.0) * (j - 1.0) };
        // σ_e² + max(0, MS_a − σ_e²) + max(0, MS_b − σ_e²), as a sum of independent mean squares.
        let kept: Vec<Component> = [first, second].into_iter().filter(|part| part.square > rest.square).collect();
        let share = 1.0 - kept.len() as f64;
        let total = share * rest.square + kept.iter().map(|part| part.square).sum::<f64>();
        let below = share * share * rest.weight() + kept.iter().map(|part| part.weight()).sum::<f64>();
        let df = if below > 0.0 { total * total / below } else { rest.df };
        MeanError { sem: (total / (i * j)).sqrt(), df }
    }

    /// Where pairs are missing: the two-way clustered variance (Cameron, Gelbach & Miller 2011), equal to the
    /// balanced one where none is, with the degrees of freedom of the seed that has fewer levels.
    fn incomplete(&self) -> MeanError {
        let (n, centre) = (self.values.len() as f64, mean(&self.values));
        let residuals: Vec<f64> = self.values.iter().map(|value| value - centre).collect();
        let clustered = |levels: &[usize], n_levels: usize| {
            let sums = self.sums(&residuals, levels, n_levels);
            let small = n_levels as f64 / (n_levels as f64 - 1.0);
            small * squares(&sums, 0.0) / (n * n)
        };
        let (first, second) = (clustered(&self.first, self.n_first), clustered(&self.second, self.n_second));
        let alone = squares(&residuals, 0.0) / (n * (n - 1.0));
        let variance = alone + (first - alone).max(0.0) + (second - alone).max(0.0);
        MeanError { sem: variance.sqrt(), df: (self.n_first.min(self.n_second) - 1) as f64 }
    }

    fn sums(&self, values: &[f64], levels: &[usize], n_levels: usize) -> Vec<f64> {
        let of = |level| (0..values.len()).filter(move |&at| levels[at] == level).map(|at| values[at]);
        (0..n_levels).map(|level| sum(of(level))).collect()
    }
}

/// A mean square and its degrees of freedom.
struct Component {
    square: f64,
    df: f64,
}

impl Component {
    /// Its part in Satterthwaite's denominator.
    fn weight(&self) -> f64 {
        self.square * self.square / self.df
    }
}

/// Levels that occur, numbered from 0 in ascending order.
fn renumber(levels: Vec<u32>) -> (Vec<usize>, usize) {
    let known: std::collections::BTreeSet<u32> = levels.iter().copied().collect();
    let known: Vec<u32> = known.into_iter().collect();
    let at = |level: &u32| known.binary_search(level).expect("every level was put into the set");
    (levels.iter().map(at).collect(), known.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crossed(i: u32, j: u32) -> Design {
        let first = (0..i * j).map(|replicate| replicate / j).collect();
        Design::Crossed { first, second: (0..i * j).map(|replicate| replicate % j).collect() }
    }

    #[test]
    fn effects_of_one_seed_alone_have_its_degrees_of_freedom() {
        // y_ij = a_i: MS_a = J var(a), the rest is 0, so the variance is var(a) / I on I − 1.
        let values = [1.0, 1.0, 2.0, 2.0, 4.0, 4.0];
        let error = crossed(3, 2).mean_error(&values, &[0, 1, 2, 3, 4, 5]).unwrap();
        let variance = (16.0 / 9.0 + 1.0 / 9.0 + 25.0 / 9.0) / 2.0;
        assert!((error.sem - (variance / 3.0_f64).sqrt()).abs() < 1e-12);
        assert!((error.df - 2.0).abs() < 1e-12);
    }

    #[test]
    fn no_effect_at_all_leaves_the_rest() {
        // A 2 × 2 table with interaction alone: MS_a = MS_b = 0, MS_e = 4 on one degree of freedom.
        let error = crossed(2, 2).mean_error(&[1.0, -1.0, -1.0, 1.0], &[0, 1, 2, 3]).unwrap();
        assert_eq!(error, MeanError { sem: 1.0, df: 1.0 });
    }

    #[test]
    fn a_missing_pair_needs_two_levels_of_both() {
        let design = crossed(2, 3);
        assert!(design.mean_error(&[1.0, 2.0, 3.0], &[0, 1, 2]).is_none(), "one level of the first seed is left");
        let some = design.mean_error(&[1.0, 2.0, 3.0, 5.0, 4.0], &[0, 1, 2, 3, 4]).unwrap();
        assert!(some.sem > 0.0 && some.df == 1.0);
    }

    #[test]
    fn runs_that_share_both_seeds_count_once() {
        let twice = Design::Crossed { first: vec![0, 0, 0, 1, 1], second: vec![0, 0, 1, 0, 1] };
        let once = crossed(2, 2);
        let doubled = twice.mean_error(&[1.0, 3.0, 4.0, 5.0, 9.0], &[0, 1, 2, 3, 4]);
        assert_eq!(doubled, once.mean_error(&[2.0, 4.0, 5.0, 9.0], &[0, 1, 2, 3]));
    }
}
