//! What a coordinator is started with.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Where to listen, where to keep things, and with what limits.
#[derive(Clone, Debug)]
pub struct Options {
    /// Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The data folder, made if it is not there: journal, segments, token, and artifacts by default.
    pub data: PathBuf,
    /// The bearer token; by default the one in the data folder, which the first start makes.
    pub token: Option<String>,
    /// Where artifacts go; by default a folder under the data folder.
    pub artifacts: Option<String>,
    /// Periods and sizes, which only tests change.
    pub limits: Limits,
}

/// Periods and sizes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a lease lasts without a heartbeat.
    pub lease: Duration,
    /// How often a worker is asked to send heartbeats: several fit into a lease.
    pub heartbeat: Duration,
    /// Rows of a sweep are sealed when there are that many bytes of them; no segment takes more.
    pub seal_bytes: u64,
    /// Rows of a sweep are sealed when the oldest is that old.
    pub seal_after: Duration,
    /// A snapshot is taken after that many facts.
    pub snapshot_facts: u64,
    /// A snapshot is taken that long after a fact.
    pub snapshot_after: Duration,
    /// Most bytes of reports that are under way, between arrival and commit.
    pub ingest_bytes: usize,
    /// Artifacts that no accepted report names are deleted that long after they were put, once their sweep has ended.
    pub leftover_after: Duration,
    /// How long an ending coordinator waits for calls under way.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            heartbeat: Duration::from_secs(3),
            seal_bytes: 64 << 20,
            seal_after: Duration::from_secs(60),
            snapshot_facts: 65_536,
            snapshot_after: Duration::from_secs(60),
            ingest_bytes: 64 << 20,
            leftover_after: Duration::from_secs(24 * 60 * 60),
            grace: Duration::from_secs(5),
        }
    }
}

impl Options {
    /// The defaults for an address and a data folder.
    #[must_use]
    pub fn new(listen: SocketAddr, data: impl Into<PathBuf>) -> Self {
        Self { listen, data: data.into(), token: None, artifacts: None, limits: Limits::default() }
    }
}
