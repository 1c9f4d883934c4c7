//! Who makes trouble: one thread for short faults everywhere, one that cuts the first worker off for long.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::cluster::Cluster;
use super::counts::{Counts, count};
use super::proxy::{FOUL, Weather};
use super::random::Random;

/// Losses of workers that one sweep must bear. Three on one run would quarantine it, rightly, and change the tables.
const LOSSES_A_SWEEP: u64 = 2;
/// Short faults end before leases run out (15 s), so that they cost no attempt.
const SHORT_MS: (u64, u64) = (200, 4_000);
/// Waiting for an outcome that cannot be reported ends at the latest after this.
const LONGEST_SPOOLING: Duration = Duration::from_secs(6);
/// The spool's name in a worker's state folder.
const SPOOL: &str = "spool";
/// A partition ends at the latest after this, whatever it has cost.
const LONGEST_PARTITION: Duration = Duration::from_secs(50);
/// A spool with fewer bytes has no whole outcome in it.
const SPOOLED_BYTES: u64 = 200;
/// How long the others go on after an attempt was lost to a partition, so that they do its work first.
const AFTER_LOSS: Duration = Duration::from_secs(4);

/// What the troublemakers share with the one who watches the sweeps.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    pub(super) counts: Counts,
    /// No more of it.
    pub(super) over: AtomicBool,
    /// Losses that the sweep under way has borne.
    losses: AtomicU64,
    /// The first worker is cut off: the coordinator must live, or its leases get a fresh period.
    partition: AtomicBool,
    /// Attempts that the sweep under way has lost, as its status says.
    pub(super) n_lost: AtomicU64,
}

impl Trouble {
    /// Another sweep has begun.
    pub(super) fn begin_sweep(&self) {
        self.losses.store(0, Ordering::Relaxed);
        self.n_lost.store(0, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn may_lose(&self) -> bool {
        let more = |n: u64| (n < LOSSES_A_SWEEP).then_some(n + 1);
        self.losses.try_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Sleeps, but not longer than there is trouble.
    fn sleep(&self, time: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < time && !self.is_over() {
            thread::sleep(Duration::from_millis(20).min(time));
        }
    }
}

/// Kills, pauses and foul weather in random order, until it is over.
pub(super) fn short(cluster: &Cluster, trouble: &Trouble, seed: u64) -> Result<()> {
    let mut random = Random::new(seed, 1);
    while !trouble.is_over() {
        trouble.sleep(random.millis(300, 1_800));
        let worker = random.between(1, cluster.n_workers() as u64 - 1) as usize;
        let time = random.millis(SHORT_MS.0, SHORT_MS.1);
        match random.between(0, 9) {
            0..=1 if trouble.may_lose() => kill_worker(cluster, trouble, worker, &mut random)?,
            2..=3 if !trouble.partition.load(Ordering::Relaxed) => {
                let _calm = cluster.calm();
                cluster.kill_coordinator()?;
                trouble.sleep(random.millis(0, 1_500));
                cluster.start_coordinator()?;
                count(&trouble.counts.coordinator_restarts);
            }
            4 => {
                let _calm = cluster.calm();
                cluster.pause_coordinator(time / 2)?;
                count(&trouble.counts.pauses);
            }
            5 => {
                cluster.pause_worker(worker, time)?;
                count(&trouble.counts.pauses);
            }
            _ => {
                let weather = FOUL[random.between(0, FOUL.len() as u64 - 1) as usize];
                cluster.proxy(worker).set(weather);
                trouble.sleep(time);
                cluster.proxy(worker).set(Weather::Clear);
                count(&trouble.counts.foul_weather);
            }
        }
    }
    Ok(())
}

/// Now and then cuts the first worker off until its leases have run out and others have done its work; then it reports.
pub(super) fn long(cluster: &Cluster, trouble: &Trouble, seed: u64) -> Result<()> {
    let mut random = Random::new(seed, 2);
    while !trouble.is_over() {
        trouble.sleep(random.millis(2_000, 6_000));
        if trouble.may_lose() {
            partition(cluster, trouble, &mut random)?;
        }
        trouble.sleep(random.millis(1_000, 6_000));
        if !trouble.is_over() && trouble.may_lose() {
            spooled(cluster, trouble, &mut random)?;
        }
    }
    cluster.proxy(0).set(Weather::Clear);
    Ok(())
}

fn partition(cluster: &Cluster, trouble: &Trouble, random: &mut Random) -> Result<()> {
    let begun = Instant::now();
    let before = trouble.n_lost.load(Ordering::Relaxed);
    trouble.partition.store(true, Ordering::Relaxed);
    cluster.proxy(0).set(Weather::Deaf);
    let is_lost = || trouble.n_lost.load(Ordering::Relaxed) > before;
    while !trouble.is_over() && begun.elapsed() < LONGEST_PARTITION && !is_lost() {
        trouble.sleep(Duration::from_millis(200));
    }
    if is_lost() {
        trouble.sleep(AFTER_LOSS);
        count(&trouble.counts.partitions);
    }
    // Every other time it is another life that reports what the cut-off one has kept.
    let dies = random.between(0, 1) == 0;
    if dies {
        cluster.kill_worker(0)?;
    }
    cluster.proxy(0).set(Weather::Clear);
    trouble.partition.store(false, Ordering::Relaxed);
    if dies { restart(cluster, trouble, 0, random) } else { Ok(()) }
}

/// Cuts the first worker off until it has kept an outcome that it could not report, kills it, and tears what it kept.
fn spooled(cluster: &Cluster, trouble: &Trouble, random: &mut Random) -> Result<()> {
    let begun = Instant::now();
    cluster.proxy(0).set(Weather::Deaf);
    let length = || fs::metadata(cluster.state(0).join(SPOOL)).map_or(0, |found| found.len());
    let before = length();
    while !trouble.is_over() && begun.elapsed() < LONGEST_SPOOLING && length() <= before.max(SPOOLED_BYTES) {
        trouble.sleep(Duration::from_millis(50));
    }
    cluster.kill_worker(0)?;
    cluster.proxy(0).set(Weather::Clear);
    if tear(&cluster.state(0).join(SPOOL), random)? {
        count(&trouble.counts.torn_spools);
    }
    cluster.start_worker(0)?;
    count(&trouble.counts.worker_restarts);
    Ok(())
}

fn kill_worker(cluster: &Cluster, trouble: &Trouble, at: usize, random: &mut Random) -> Result<()> {
    cluster.kill_worker(at)?;
    restart(cluster, trouble, at, random)
}

fn restart(cluster: &Cluster, trouble: &Trouble, at: usize, random: &mut Random) -> Result<()> {
    trouble.sleep(random.millis(0, 1_500));
    if random.between(0, 1) == 0 && tear(&cluster.state(at).join(SPOOL), random)? {
        count(&trouble.counts.torn_spools);
    }
    cluster.start_worker(at)?;
    count(&trouble.counts.worker_restarts);
    Ok(())
}

/// Cuts some bytes off a spool's end, as a power cut in the middle of a write would; false if nothing is in it.
fn tear(spool: &Path, random: &mut Random) -> io::Result<bool> {
    let Ok(file) = fs::File::options().write(true).open(spool) else { return Ok(false) };
    let length = file.metadata()?.len();
    if length < SPOOLED_BYTES {
        return Ok(false);
    }
    file.set_len(length - random.between(1, SPOOLED_BYTES / 2))?;
    Ok(true)
}
