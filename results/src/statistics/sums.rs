//! Sums of f64 that lose nothing that matters: compensated, in the order given.

/// Σ of the values (Neumaier 1974): the error does not grow with their number.
pub(crate) fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut total, mut lost) = (0.0_f64, 0.0_f64);
    for value in values {
        let next = total + value;
        lost += if total.abs() >= value.abs() { (total - next) + value } else { (value - next) + total };
        total = next;
    }
    total + lost
}

/// Mean of the values; the value itself where all are equal. NaN where there is none.
pub(crate) fn mean(values: &[f64]) -> f64 {
    match values {
        [first, rest @ ..] if rest.iter().all(|value| value == first) => *first,
        _ => sum(values.iter().copied()) / values.len() as f64,
    }
}

/// Σ (x − centre)².
pub(crate) fn squares(values: &[f64], centre: f64) -> f64 {
    sum(values.iter().map(|value| (value - centre) * (value - centre)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cancels_is_not_lost() {
        assert_eq!(sum([1e100, 1.0, -1e100]), 1.0);
        assert_eq!(mean(&[0.1; 7]), 0.1);
        assert_eq!(squares(&[1.0, 2.0, 3.0], 2.0), 2.0);
    }
}
