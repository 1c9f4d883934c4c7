//! Sample quantiles of type 7 (Hyndman & Fan 1996), as NumPy, pandas and R take them by default.

/// The quantile `p` of ascending values: linear between the order statistics around (n − 1) p.
///
/// # Panics
/// If there is no value.
pub(crate) fn type7(sorted: &[f64], p: f64) -> f64 {
    let (below, share) = position(sorted.len(), p);
    between(sorted[below], sorted[(below + 1).min(sorted.len() - 1)], share)
}

/// The order statistic below the quantile, and the share of the way to the next one.
pub(crate) fn position(n: usize, p: f64) -> (usize, f64) {
    let at = (n - 1) as f64 * p;
    (at.floor() as usize, at - at.floor())
}

/// The point between two values, exact at both ends.
pub(crate) fn between(low: f64, high: f64, share: f64) -> f64 {
    if share < 0.5 { low + (high - low) * share } else { high - (high - low) * (1.0 - share) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_order_statistics() {
        let values = [1.0, 2.0, 4.0, 8.0];
        assert_eq!(type7(&values, 0.0), 1.0);
        assert_eq!(type7(&values, 0.5), 3.0);
        assert_eq!(type7(&values, 0.25), 1.75);
        assert_eq!(type7(&values, 1.0), 8.0);
        assert_eq!(type7(&[5.0], 0.95), 5.0);
    }
}
