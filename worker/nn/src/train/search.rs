//! A line search for the strong Wolfe conditions: bracket, then zoom (Nocedal, Wright 2006, algorithms 3.5 and 3.6).
//!
//! Where two values differ by no more than `noise`, neither is called lower, and the slope decides alone (Hager, Zhang
//! 2005): near a minimum values are equal long before slopes are 0.

/// c₁ of the sufficient decrease: φ(α) ≤ φ(0) + c₁ α φ′(0).
const DECREASE: f64 = 1e-4;
/// c₂ of the curvature condition: |φ′(α)| ≤ c₂ |φ′(0)|.
const FLATTER: f64 = 0.9;
/// How much longer each try is while nothing brackets the minimum.
const LONGER: f64 = 4.0;
/// A try keeps at least this share of the bracket from either end.
const MARGIN: f64 = 0.1;
/// Most tries.
const TRIES: u32 = 40;

/// φ at one length α.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sample {
    /// α.
    pub(super) at: f64,
    /// φ(α).
    pub(super) value: f64,
    /// φ′(α).
    pub(super) slope: f64,
}

/// A length α > 0 that satisfies the conditions, `first` being tried first; none where there is none within rounding. `phi`
/// evaluates φ, whose slope at 0 is negative. What comes back was the last evaluation.
pub(super) fn search(start: Sample, first: f64, noise: f64, mut phi: impl FnMut(f64) -> Sample) -> Option<Sample> {
    // The best so far that decreases enough, and the other end of the bracket once there is one.
    let (mut low, mut high) = (start, None::<Sample>);
    let mut at = first;
    for _ in 0..TRIES {
        let tried = phi(at);
        if !tried.is_low(start, noise) || tried.value > low.value + noise {
            high = Some(tried);
        } else if tried.slope.abs() <= FLATTER * start.slope.abs() {
            return Some(tried);
        } else {
            // The minimum lies where the slope points down from the new low end.
            let ahead = high.map_or(1.0, |high| high.at - low.at);
            if tried.slope * ahead > 0.0 {
                high = Some(low);
            }
            low = tried;
        }
        at = high.map_or(at * LONGER, |high| between(low, high, noise));
        if !at.is_finite() || at == low.at || high.is_some_and(|high| at == high.at) {
            break;
        }
    }
    // No place is flat enough; one that is clearly lower will do.
    (low.value < start.value - noise).then(|| phi(low.at))
}

impl Sample {
    /// Whether φ decreased enough, or as far as can be told. Not for NaN.
    fn is_low(self, start: Self, noise: f64) -> bool {
        let enough = self.value <= start.value + DECREASE * self.at * start.slope;
        self.slope.is_finite() && (enough || (self.value - start.value).abs() <= noise)
    }
}

/// A try inside a bracket: the minimum of the cubic through both ends, or where a line between the slopes is 0 if the
/// values tell nothing, or the middle.
fn between(low: Sample, high: Sample, noise: f64) -> f64 {
    let width = high.at - low.at;
    let share = if !high.value.is_finite() || !high.slope.is_finite() {
        MARGIN
    } else if (high.value - low.value).abs() > noise {
        cubic(low, high)
    } else {
        low.slope / (low.slope - high.slope)
    };
    // Written so that NaN becomes the middle.
    let share = if (0.0..=1.0).contains(&share) { share.clamp(MARGIN, 1.0 - MARGIN) } else { 0.5 };
    low.at + share * width
}

/// Where the cubic with these values and slopes has its minimum, as a share of the way from `low` to `high`; anything where
/// it has none.
fn cubic(low: Sample, high: Sample) -> f64 {
    let width = high.at - low.at;
    let (from, to) = (low.slope * width, high.slope * width);
    let mean = from + to - 3.0 * (high.value - low.value);
    let root = (mean * mean - from * to).sqrt();
    1.0 - (to + root - mean) / (to - from + 2.0 * root)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(first: f64, phi: impl Fn(f64) -> (f64, f64)) -> (Option<Sample>, u32) {
        let mut evaluations = 0;
        let mut sample = |at: f64| {
            evaluations += 1;
            let (value, slope) = phi(at);
            Sample { at, value, slope }
        };
        let start = sample(0.0);
        let found = search(start, first, 1e-14 * start.value.abs(), &mut sample);
        if let Some(found) = found {
            assert!(found.value <= start.value + DECREASE * found.at * start.slope, "{found:?}");
        }
        (found, evaluations - 1)
    }

    #[test]
    fn a_parabola_is_found_from_far_and_near() {
        for first in [1e-6, 0.1, 1.0, 5.0, 1e6] {
            let (found, evaluations) = run(first, |x| ((x - 3.0) * (x - 3.0), 2.0 * (x - 3.0)));
            let found = found.unwrap();
            assert!(found.slope.abs() <= 0.9 * 6.0 && evaluations <= 20, "{first}: {found:?} by {evaluations}");
        }
    }

    #[test]
    fn the_cubic_is_exact() {
        let sample = |x: f64| Sample { at: x, value: x * x * x - 3.0 * x, slope: 3.0 * x * x - 3.0 };
        let at = between(sample(0.0), sample(4.0), 0.0);
        assert!((at - 1.0).abs() < 1e-12, "{at}");
        let at = between(sample(4.0), sample(0.0), 0.0);
        assert!((at - 1.0).abs() < 1e-12, "{at}");
    }

    #[test]
    fn hard_functions_of_more_and_thuente() {
        // Their functions 1 and 2 (1994), where the conditions hold on short stretches alone.
        let first = |x: f64| (-x / (x * x + 2.0), (x * x - 2.0) / ((x * x + 2.0) * (x * x + 2.0)));
        let second = |x: f64| {
            let y = x + 0.004;
            (libm::pow(y, 5.0) - 2.0 * libm::pow(y, 4.0), 5.0 * libm::pow(y, 4.0) - 8.0 * libm::pow(y, 3.0))
        };
        for start in [1e-3, 1e-1, 10.0, 1e3] {
            for (found, evaluations) in [run(start, first), run(start, second)] {
                assert!(found.is_some() && evaluations <= 30, "{start}: {found:?} by {evaluations}");
            }
        }
    }

    #[test]
    fn walls_and_slopes_without_an_end_do_no_harm() {
        let wall = |x: f64| if x > 0.01 { (f64::NAN, f64::NAN) } else { (-x, -1.0) };
        assert!(run(1.0, wall).0.is_some_and(|found| found.at <= 0.01));
        let (found, evaluations) = run(1.0, |x| (-x, -1.0));
        assert!(found.is_some() && evaluations <= TRIES + 1);
        assert_eq!(run(1.0, |x| (x, -1.0)).0, None);
    }
}
