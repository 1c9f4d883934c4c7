//! Numbers in words: three digits, no more.

use super::{Condition, Statistic, Truth};

/// A number with three digits that count.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return "—".to_owned();
    }
    if !(1e-3..1e5).contains(&size) {
        let text = format!("{value:.2e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}·10{}", digits.replace('-', "−"), superscript(power.parse().unwrap_or(0)));
    }
    let digits = (2 - libm::floor(libm::log10(size)) as i32).clamp(0, 5) as usize;
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    text.replace('-', "−")
}

/// A whole number, raised.
pub(crate) fn superscript(n: i32) -> String {
    let digit = |digit: char| match digit {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => char::from_u32(0x2070 + digit as u32 - '0' as u32).unwrap_or(digit),
    };
    n.to_string().chars().map(digit).collect()
}

/// A mean with its interval: `0.24 [0.18, 0.31]`.
pub(crate) fn interval(statistic: Statistic) -> String {
    match statistic.limits {
        Some((low, high)) => format!("{} [{}, {}]", number(statistic.mean), number(low), number(high)),
        None => number(statistic.mean),
    }
}

/// A share as per cent: `24 % [18, 31]`.
pub(crate) fn percent(statistic: Statistic) -> String {
    let of = |share: f64| number(100.0 * share);
    match statistic.limits {
        Some((low, high)) => format!("{} % [{}, {}]", of(statistic.mean), of(low), of(high)),
        None => format!("{} %", of(statistic.mean)),
    }
}

/// A threshold q: `1 %`.
pub(crate) fn threshold(q: f64) -> String {
    format!("{} %", number(100.0 * q))
}

/// Words joined as people do: `a, b and c`.
pub(crate) fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Which conditions are open, and why.
pub(crate) fn open(conditions: &[Condition]) -> String {
    let why = |condition: &Condition| match &condition.note {
        Some(note) => format!("({}) {note}", condition.letter),
        None => format!("({}) is open", condition.letter),
    };
    let open = conditions.iter().filter(|condition| matches!(condition.truth, Truth::Straddles | Truth::Missing));
    format!("Not decided: {}.", open.map(why).collect::<Vec<_>>().join("; "))
}

/// A count with its noun: `1 cell`, `3 cells`.
pub(crate) fn counted(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        let cases = [
            (0.0, "0"),
            (0.2441, "0.244"),
            (24.41, "24.4"),
            (2441.0, "2441"),
            (-0.5, "−0.5"),
            (1.2e-5, "1.20·10⁻⁵"),
            (1.0, "1"),
            (100.0, "100"),
            (3e7, "3.00·10⁷"),
        ];
        for (value, expected) in cases {
            assert_eq!(number(value), expected);
        }
        let statistic = Statistic { mean: 0.24, limits: Some((0.18, 0.31)), n: 5 };
        assert_eq!(interval(statistic), "0.24 [0.18, 0.31]");
        assert_eq!(percent(statistic), "24 % [18, 31]");
    }
}
