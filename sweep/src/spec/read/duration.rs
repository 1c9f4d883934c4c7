//! Lengths of time: `"90s"`, `"10m"`, `"2h"`, `"7d"`.

use std::time::Duration;

use crate::spec::error::Fault;
use crate::spec::node::{Node, quote};

/// The units and their seconds, the largest first.
const UNITS: [(&str, u64); 4] = [("d", 24 * 60 * 60), ("h", 60 * 60), ("m", 60), ("s", 1)];
/// Longest length of time, in seconds: a year.
const MAX_SECONDS: u64 = 365 * 24 * 60 * 60;
/// The grammar of a length of time, for the schema.
pub(crate) const PATTERN: &str = "^[0-9]+[dhms]$";
const HELP: &str = "write a whole number with its unit, s, m, h or d, such as \"90s\", \"10m\", \"2h\" or \"7d\"; from \"1s\" to \"365d\"";

/// Reads a length of time.
pub(super) fn read(node: &Node, key: &str) -> Result<Duration, Fault> {
    let text = node.text(key, "text such as \"10m\"").map_err(|fault| Fault { help: HELP.to_owned(), ..fault })?;
    parse(text).map_err(|why| Fault::new(&node.span, key, format!("{} is {why}", quote(text)), HELP))
}

/// The length of time that a text says.
fn parse(text: &str) -> Result<Duration, &'static str> {
    match seconds(text) {
        None => Err("not a length of time"),
        Some(seconds) if (1..=MAX_SECONDS).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        Some(_) => Err("out of range"),
    }
}

/// A length of time outside a spec, such as an argument.
///
/// # Errors
/// What is wrong with it and how to write it.
pub fn length_of_time(text: &str) -> Result<Duration, String> {
    parse(text).map_err(|why| format!("{} is {why}: {HELP}", quote(text)))
}

/// A length of time as a sweep file has it, in the largest unit that divides it.
#[must_use]
pub fn text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let unit = UNITS.iter().find(|(_, unit)| seconds.is_multiple_of(*unit));
    let (name, unit) = unit.expect("one second divides every whole number of seconds");
    format!("{}{name}", seconds / unit)
}

fn seconds(text: &str) -> Option<u64> {
    UNITS.iter().find_map(|(name, unit)| {
        let digits = text.strip_suffix(name)?;
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        // What is too long for the type is out of range too.
        plain.then(|| digits.parse::<u64>().ok().and_then(|n| n.checked_mul(*unit)).unwrap_or(u64::MAX))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_unit_that_divides_is_written() {
        for (whole, expected) in [(1, "1s"), (90, "90s"), (600, "10m"), (7200, "2h"), (5400, "90m"), (86_400, "1d")] {
            assert_eq!(text(Duration::from_secs(whole)), expected);
            assert_eq!(seconds(expected), Some(whole));
        }
        for bad in ["", "h", "2", "2 h", "+2h", "-1s", "1.5h", "2w", "1h30m"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
