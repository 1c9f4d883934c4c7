//! What happened: counted by those who did it, and in the logs of those to whom it happened.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use super::cluster::Cluster;

/// Counted while faults are made.
#[derive(Debug, Default)]
pub struct Counts {
    /// The coordinator was killed and came back.
    pub coordinator_restarts: AtomicU64,
    /// A worker was killed and came back.
    pub worker_restarts: AtomicU64,
    /// A process was stopped for a while.
    pub pauses: AtomicU64,
    /// A worker's network was slow, trickling, deaf, half open or cut.
    pub foul_weather: AtomicU64,
    /// A worker was cut off until its leases ran out.
    pub partitions: AtomicU64,
    /// A worker's spool was torn between two of its lives.
    pub torn_spools: AtomicU64,
    /// Attempts that were lost, over all sweeps that have ended.
    pub lost_attempts: AtomicU64,
    /// Sweeps that ended with the tables of the undisturbed run.
    pub sweeps: AtomicU64,
}

/// Adds one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// All that is counted, with names.
#[derive(Clone, Debug)]
pub struct Tally(Vec<(&'static str, u64)>);

impl Tally {
    /// What has been counted so far, with what the logs say.
    #[must_use]
    pub fn of(counts: &Counts, cluster: &Cluster) -> Self {
        let coordinator = std::fs::read_to_string(cluster.log_path("coordinator")).unwrap_or_default();
        let registered = |line: &&str| line.contains("registered");
        let reattached: u64 = coordinator.lines().filter(registered).map(|line| field(line, "n_reattached=")).sum();
        let superseded: u64 = coordinator.lines().map(|line| field(line, "n_superseded=")).sum();
        let torn: u64 = (0..cluster.n_workers())
            .map(|at| std::fs::read_to_string(cluster.log_path(&format!("worker-{at}"))).unwrap_or_default())
            .map(|log| log.lines().filter(|line| field(line, "n_torn_bytes=") > 0).count() as u64)
            .sum();
        let connections: u64 = (0..cluster.n_workers()).map(|at| cluster.proxy(at).n_connections()).sum();
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Self(vec![
            ("sweeps with equal tables", read(&counts.sweeps)),
            ("coordinator restarts", read(&counts.coordinator_restarts)),
            ("worker restarts", read(&counts.worker_restarts)),
            ("pauses", read(&counts.pauses)),
            ("spells of foul weather", read(&counts.foul_weather)),
            ("partitions", read(&counts.partitions)),
            ("connections", connections),
            ("lost attempts", read(&counts.lost_attempts)),
            ("superseded reports", superseded),
            ("reattached leases", reattached),
            ("torn spools", read(&counts.torn_spools)),
            ("torn spools that a worker found", torn),
        ])
    }

    /// The names of what has not happened.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        self.0.iter().filter(|(_, n)| *n == 0).map(|(name, _)| *name).collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(name, n)| writeln!(formatter, "{n:>8}  {name}"))
    }
}

/// The number after `name` in a log line; 0 if it is not there.
fn field(line: &str, name: &str) -> u64 {
    let Some((_, rest)) = line.split_once(name) else { return 0 };
    rest.split(|letter: char| !letter.is_ascii_digit()).next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// The last lines of a log, for a failure's message.
pub(super) fn tail(path: &Path, n: usize) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(n)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found() {
        assert_eq!(field("INFO registered n_slots=4 n_reattached=12 n_ended=0", "n_reattached="), 12);
        assert_eq!(field("INFO registered", "n_reattached="), 0);
    }
}
