//! Means over pairs of runs: pairs that share a run are not independent, so 45 pairs of 10 seeds are not 45 values.

use std::collections::BTreeSet;

use super::design::{Design, MeanError};
use super::sums::{mean, squares, sum};

/// One comparison: its value and the seeds of its members, ascending, by their place among the cell's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair<'a> {
    pub(crate) value: f64,
    pub(crate) seeds: &'a [u32],
}

/// How many different seeds the pairs have.
pub(crate) fn n_seeds(pairs: &[Pair<'_>]) -> usize {
    pairs.iter().flat_map(|pair| pair.seeds).collect::<BTreeSet<_>>().len()
}

/// The jackknife that leaves one seed out, with all its pairs: n seeds give n − 1 degrees of freedom. Where two seeds
/// are crossed, a level of one of them is left out, and the seed that leaves more uncertainty counts. None where fewer
/// than three could be left out.
pub(crate) fn mean_error(pairs: &[Pair<'_>], design: &Design) -> Option<MeanError> {
    match design {
        Design::Iid => jackknife(pairs, |seed| seed),
        Design::Crossed { first, second } => {
            let by_first = jackknife(pairs, |seed| first[seed as usize]);
            let by_second = jackknife(pairs, |seed| second[seed as usize]);
            [by_first, by_second].into_iter().flatten().max_by(|a, b| a.sem.total_cmp(&b.sem))
        }
    }
}

/// Σ (θ₍ᵢ₎ − mean θ)² (n − 1) / n over what may be left out.
fn jackknife(pairs: &[Pair<'_>], cluster_of: impl Fn(u32) -> u32) -> Option<MeanError> {
    let clusters: Vec<Vec<u32>> =
        pairs.iter().map(|pair| pair.seeds.iter().map(|&seed| cluster_of(seed)).collect()).collect();
    let all: BTreeSet<u32> = clusters.iter().flatten().copied().collect();
    let without = |left: u32| {
        let kept: Vec<f64> =
            pairs.iter().zip(&clusters).filter(|(_, of)| !of.contains(&left)).map(|(pair, _)| pair.value).collect();
        (!kept.is_empty()).then(|| sum(kept.iter().copied()) / kept.len() as f64)
    };
    let means: Vec<f64> = all.iter().map(|&left| without(left)).collect::<Option<_>>()?;
    let n = means.len() as f64;
    let variance = squares(&means, mean(&means)) * (n - 1.0) / n;
    (means.len() > 1).then(|| MeanError { sem: variance.sqrt(), df: n - 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Summarizer;
    use traipse_sweep::streams::{Philox, Purpose};

    /// All pairs of n seeds.
    fn all_pairs(n: u32) -> Vec<[u32; 2]> {
        (0..n).flat_map(|a| (a + 1..n).map(move |b| [a, b])).collect()
    }

    #[test]
    fn pairs_that_add_effects_have_the_error_of_the_effects() {
        // y_ab = x_a + x_b: the mean is twice the mean of x, and so is its error.
        let x = [0.3, 1.0, -2.0, 0.7, 5.0];
        let seeds = all_pairs(5);
        let pairs: Vec<_> =
            seeds.iter().map(|seeds| Pair { value: x[seeds[0] as usize] + x[seeds[1] as usize], seeds }).collect();
        let error = mean_error(&pairs, &Design::Iid).unwrap();
        let plain = Design::Iid.mean_error(&x, &[0, 1, 2, 3, 4]).unwrap();
        assert!((error.sem - 2.0 * plain.sem).abs() < 1e-12 && error.df == 4.0);
    }

    #[test]
    fn one_pair_tells_no_error() {
        assert_eq!(mean_error(&[Pair { value: 1.0, seeds: &[0, 1] }], &Design::Iid), None);
        let found = Summarizer::new(Design::Iid).summarize_pairs(&[Pair { value: 1.0, seeds: &[0, 1] }]);
        assert_eq!((found.n_value, found.mean, found.t), (2, Some(1.0), None));
    }

    #[test]
    fn leaving_out_seeds_covers_what_taking_pairs_for_values_does_not() {
        const SAMPLES: u64 = 2000;
        let philox = Philox::new(3, Purpose::Bootstrap);
        let seeds = all_pairs(10);
        let mut summarizer = Summarizer::new(Design::Iid);
        let covers = |limits: Option<(f64, f64)>| limits.is_some_and(|(low, high)| low <= 0.0 && 0.0 <= high);
        let (mut jackknife, mut naive) = (0, 0);
        for index in 0..SAMPLES {
            let mut draws = philox.at(index);
            let x: Vec<f64> = (0..10).map(|_| draws.normal()).collect();
            let values: Vec<f64> =
                seeds.iter().map(|s| x[s[0] as usize] + x[s[1] as usize] + 0.3 * draws.normal()).collect();
            let pairs: Vec<_> = seeds.iter().zip(&values).map(|(seeds, &value)| Pair { value, seeds }).collect();
            jackknife += u64::from(covers(summarizer.summarize_pairs(&pairs).t));
            let plain = summarizer.summarize(&values, crate::statistics::Kind::Number, None);
            naive += u64::from(covers(plain.t));
        }
        let share = |n: u64| n as f64 / SAMPLES as f64;
        assert!((0.935..0.97).contains(&share(jackknife)), "{}", share(jackknife));
        assert!((0.40..0.56).contains(&share(naive)), "{}", share(naive));
    }
}
