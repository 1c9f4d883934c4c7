//! How much memory a worker may use for snapshots: a size as people write it, or a share of the machine's.

use std::fs;
use std::str::FromStr;

/// The machine's memory is divided by this for `auto`: the rest is for data, networks and everybody else.
const AUTO_SHARE: u64 = 2;

/// What a machine that does not tell is taken to have.
const UNKNOWN_MACHINE: u64 = 4 << 30;

/// Limits of control groups, old and new: in a container the machine's memory is not one's own.
const CONTAINER_LIMITS: [&str; 2] = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

/// Units, longest first, so that no other is found at the end of one.
const UNITS: [(&str, u64); 13] = [
    ("KIB", 1 << 10),
    ("MIB", 1 << 20),
    ("GIB", 1 << 30),
    ("TIB", 1 << 40),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("K", 1 << 10),
    ("M", 1 << 20),
    ("G", 1 << 30),
    ("T", 1 << 40),
    ("B", 1),
];

/// How much memory the snapshots of all slots together may use; beyond it they go to a scratch file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Memory {
    /// Half of what the machine has, or of what this process is allowed.
    #[default]
    Auto,
    /// That many bytes.
    Bytes(u64),
}

/// Not a size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a size{why}: write a number and a unit, as 8GiB, 500MB or 0{auto}")]
pub struct SizeError {
    text: String,
    why: &'static str,
    auto: &'static str,
}

impl Memory {
    /// In bytes, for all slots.
    #[must_use]
    pub fn bytes(self) -> u64 {
        match self {
            Self::Auto => machine() / AUTO_SHARE,
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// `auto`, or a number with a unit: powers of 1,000 (`500MB`) or of 1,024 (`8GiB`, `8G`), in either case.
impl FromStr for Memory {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        if text.trim().eq_ignore_ascii_case("auto") {
            return Ok(Self::Auto);
        }
        size(text).map(Self::Bytes).map_err(|error| SizeError { auto: ", or auto", ..error })
    }
}

/// A number with a unit: powers of 1,000 (`500MB`) or of 1,024 (`8GiB`, `8G`), in either case.
///
/// # Errors
/// If it is none, or more than any machine has.
pub fn size(text: &str) -> Result<u64, SizeError> {
    let refuse = |why| SizeError { text: text.to_owned(), why, auto: "" };
    let word = text.trim().to_ascii_uppercase();
    let unit = UNITS.into_iter().find_map(|(unit, bytes)| Some((word.strip_suffix(unit)?, bytes)));
    let (number, unit) = match unit {
        Some((number, unit)) => (number.trim_end(), Some(unit)),
        None => (word.as_str(), None),
    };
    let number: f64 = number.parse().map_err(|_| refuse(""))?;
    if !number.is_finite() || number < 0.0 {
        return Err(refuse(""));
    }
    let Some(unit) = unit.or((number == 0.0).then_some(1)) else { return Err(refuse(", for it has no unit")) };
    let bytes = number * unit as f64;
    if bytes >= u64::MAX as f64 { Err(refuse(", but more than any machine has")) } else { Ok(bytes as u64) }
}

/// What this process may use at most.
fn machine() -> u64 {
    let all = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text)).unwrap_or(UNKNOWN_MACHINE);
    let limits = CONTAINER_LIMITS.into_iter().filter_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok());
    limits.fold(all, u64::min)
}

/// `MemTotal` of `/proc/meminfo`.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_people_write_them() {
        let rows = [
            ("8GiB", 8 << 30),
            ("500MB", 500_000_000),
            ("500 mb", 500_000_000),
            ("1.5g", 3 << 29),
            ("64k", 64 << 10),
            ("1TB", 1_000_000_000_000),
            ("12B", 12),
            ("0", 0),
            ("0MB", 0),
        ];
        for (text, bytes) in rows {
            assert_eq!(text.parse(), Ok(Memory::Bytes(bytes)), "{text}");
        }
        assert_eq!("Auto".parse(), Ok(Memory::Auto));
    }

    #[test]
    fn what_is_no_size_says_what_would_be() {
        for text in ["", "GB", "8", "-1GB", "8 giga", "1e30GB", "NaNMB", "infGB", "8GB!", "½GB"] {
            let error = text.parse::<Memory>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")) && error.contains("8GiB"), "{error}");
        }
        assert!("8".parse::<Memory>().unwrap_err().to_string().contains("no unit"));
    }

    #[test]
    fn the_machine_has_memory() {
        assert_eq!(total("MemTotal:       24543960 kB\nMemFree:  1 kB"), Some(24_543_960 << 10));
        assert_eq!(total("MemFree: 1 kB"), None);
        assert!(Memory::Auto.bytes() > 1 << 20);
        assert_eq!(Memory::Bytes(7).bytes(), 7);
    }
}
