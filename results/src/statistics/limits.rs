//! Quantiles of Student's t, and limits for fractions.

use std::collections::BTreeMap;

/// Level of every interval.
pub(crate) const CI_LEVEL: f64 = 0.95;
/// The normal quantile at .975.
pub(crate) const Z: f64 = 1.959_963_984_540_054;
/// Share above the upper limit.
const TAIL: f64 = 0.025;
/// Degrees of freedom above which the series around the normal quantile is exact to rounding.
const SERIES_FROM: f64 = 1e4;
/// Newton steps at most; a handful suffice but for less than one degree of freedom.
const NEWTON_STEPS: usize = 500;
/// Terms of the continued fraction at most; about √ν are needed.
const FRACTION_TERMS: usize = 1000;

/// Remembers quantiles, because cells of a sweep have few different sizes.
#[derive(Debug, Default)]
pub(crate) struct Student {
    known: BTreeMap<u64, f64>,
}

impl Student {
    /// The quantile of t with `df` > 0 degrees of freedom at .975.
    pub(crate) fn quantile(&mut self, df: f64) -> f64 {
        *self.known.entry(df.to_bits()).or_insert_with(|| t_quantile(df))
    }
}

/// P(|T| > |t|) with `df` > 0 degrees of freedom.
pub(crate) fn two_sided(t: f64, df: f64) -> f64 {
    (2.0 * tail(t.abs(), df)).min(1.0)
}

/// Wilson's limits (1927) for a fraction of n ≥ 1.
pub(crate) fn wilson(fraction: f64, n: usize) -> (f64, f64) {
    let n = n as f64;
    let (scale, centre) = (1.0 + Z * Z / n, fraction + Z * Z / (2.0 * n));
    let reach = Z * (fraction * (1.0 - fraction) / n + Z * Z / (4.0 * n * n)).sqrt();
    (((centre - reach) / scale).max(0.0), ((centre + reach) / scale).min(1.0))
}

fn t_quantile(df: f64) -> f64 {
    if df > SERIES_FROM {
        return series(df);
    }
    // The tail is convex where t > 0 and the normal quantile lies below the root: Newton climbs to it monotonically.
    let mut t = Z;
    let log_norm = log_beta(0.5 * df, 0.5) + 0.5 * libm::log(df);
    for _ in 0..NEWTON_STEPS {
        let density = libm::exp(-log_norm - 0.5 * (df + 1.0) * libm::log1p(t * t / df));
        let next = t + (tail(t, df) - TAIL) / density;
        if !next.is_finite() || (next - t).abs() <= 1e-15 * t {
            break;
        }
        t = next;
    }
    t
}

/// Cornish–Fisher in 1/ν to the third order (Abramowitz & Stegun 26.7.5).
fn series(df: f64) -> f64 {
    let square = Z * Z;
    let first = Z * (square + 1.0) / 4.0;
    let second = Z * ((5.0 * square + 16.0) * square + 3.0) / 96.0;
    let third = Z * (((3.0 * square + 19.0) * square + 17.0) * square - 15.0) / 384.0;
    Z + (first + (second + third / df) / df) / df
}

/// P(T > t) = I_x(ν/2, 1/2) / 2 with x = ν / (ν + t²).
fn tail(t: f64, df: f64) -> f64 {
    let x = df / (df + t * t);
    0.5 * incomplete_beta(x, t * t / (df + t * t), 0.5 * df, 0.5)
}

/// The regularised incomplete beta function I_x(a, b); `y` is 1 − x without cancellation.
fn incomplete_beta(x: f64, y: f64, a: f64, b: f64) -> f64 {
    let front = libm::exp(a * libm::log(x) + b * libm::log(y) - log_beta(a, b));
    if x < (a + 1.0) / (a + b + 2.0) { front * fraction(x, a, b) / a } else { 1.0 - front * fraction(y, b, a) / b }
}

/// The continued fraction of the incomplete beta function (DLMF 8.17.22) by Lentz's method.
fn fraction(x: f64, a: f64, b: f64) -> f64 {
    let safe = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / safe(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for m in 1..FRACTION_TERMS {
        let m = m as f64;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for term in [even, odd] {
            d = 1.0 / safe(1.0 + term * d);
            c = safe(1.0 + term / c);
            change = c * d;
            value *= change;
        }
        if (change - 1.0).abs() < 1e-16 {
            break;
        }
    }
    value
}

fn log_beta(a: f64, b: f64) -> f64 {
    libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64, relative: f64) {
        assert!((a - b).abs() <= relative * b.abs(), "{a} is not {b}");
    }

    #[test]
    fn closed_forms() {
        // ν = 1 is Cauchy: tan(.475 π); ν = 2: 2 p √(2 / (1 − 4 p²)) with p = .475.
        close(t_quantile(1.0), 12.706_204_736_174_698, 1e-13);
        close(t_quantile(2.0), 0.95 * (2.0 / (1.0 - 0.95 * 0.95_f64)).sqrt(), 1e-13);
    }

    #[test]
    fn tails_are_those_of_closed_forms() {
        // ν = 1: 1 − 2 atan(t) / π; ν = 2: 1 − t / √(2 + t²).
        close(two_sided(-1.0, 1.0), 0.5, 1e-13);
        close(two_sided(3.0, 2.0), 1.0 - 3.0 / 11.0_f64.sqrt(), 1e-12);
        assert_eq!(two_sided(0.0, 7.0), 1.0);
    }

    #[test]
    fn the_series_meets_the_fraction() {
        close(series(SERIES_FROM), t_quantile(SERIES_FROM), 1e-11);
        assert!(t_quantile(1e300) >= Z);
    }

    #[test]
    fn wilson_of_a_textbook() {
        // Newcombe 1998, table I: 81/263, 15/148, 0/20 and 1/29.
        for ((k, n), (low, high)) in [
            ((81, 263), (0.2553, 0.3662)),
            ((15, 148), (0.0624, 0.1605)),
            ((0, 20), (0.0, 0.1611)),
            ((1, 29), (0.0061, 0.1718)),
        ] {
            let found = wilson(f64::from(k) / f64::from(n), n as usize);
            assert!((found.0 - low).abs() < 5e-5 && (found.1 - high).abs() < 5e-5, "{k}/{n}: {found:?}");
        }
        assert_eq!(wilson(1.0, 5).1, 1.0);
    }
}
