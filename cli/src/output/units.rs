//! Numbers as people read them.

use std::time::Duration;

/// `12,345`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 run`, `2 runs`.
pub(crate) fn counted(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

/// `1.5 MB`, in powers of a thousand.
pub(crate) fn bytes(n: f64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut value = n;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let decimals = usize::from(unit > 0 && value < 99.95);
    format!("{value:.decimals$} {}", UNITS[unit])
}

/// `0.8 s`, `42 s`, `3 min 20 s`, `2 h 5 min`, `4 days 3 h`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let whole = seconds.round() as u64;
    match whole {
        0..10 => format!("{seconds:.1} s"),
        10..120 => format!("{whole} s"),
        120..7200 => format!("{} min {} s", whole / 60, whole % 60),
        7200..172_800 => format!("{} h {} min", whole / 3600, whole / 60 % 60),
        _ => format!("{} days {} h", count(whole / 86_400), whole / 3600 % 24),
    }
}

/// Runs a second, with as many digits as say something.
pub(crate) fn rate(per_second: f64) -> String {
    match per_second {
        rate if rate >= 99.5 => count(rate.round() as u64),
        rate if rate >= 9.95 => format!("{rate:.0}"),
        rate if rate >= 0.995 => format!("{rate:.1}"),
        rate => format!("{rate:.2}"),
    }
}

/// A number between its neighbours: `a – b`, or one of them where they are equal.
pub(crate) fn range(low: u64, high: u64, show: impl Fn(u64) -> String) -> String {
    if low == high { show(low) } else { format!("{} – {}", show(low), show(high)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_right() {
        assert_eq!([count(7), count(1000), count(10_000_000)], ["7", "1,000", "10,000,000"]);
        assert_eq!([counted(1, "run"), counted(0, "run")], ["1 run", "0 runs"]);
        assert_eq!(
            [bytes(999.0), bytes(1500.0), bytes(2.5e9), bytes(999_999.0)],
            ["999 B", "1.5 kB", "2.5 GB", "1.0 MB"]
        );
        let times = [0.84, 42.3, 200.0, 7500.0, 356_400.0].map(|s| duration(Duration::from_secs_f64(s)));
        assert_eq!(times, ["0.8 s", "42 s", "3 min 20 s", "2 h 5 min", "4 days 3 h"]);
        assert_eq!([rate(5123.4), rate(42.0), rate(3.21), rate(0.123)], ["5,123", "42", "3.2", "0.12"]);
        assert_eq!(range(1, 1, count), "1");
    }
}
