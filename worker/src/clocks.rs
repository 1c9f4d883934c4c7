//! What an attempt cost: the thread's processor time, the process's memory.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Peak memory is read again after this: it takes as long as two noop jobs.
const PEAK_MEMORY_AGE: Duration = Duration::from_millis(200);

/// Processor time of the calling thread so far.
pub(crate) fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Highest resident memory of this process so far, in bytes, at most [`PEAK_MEMORY_AGE`] old; 0 where the system
/// does not tell.
pub(crate) fn peak_memory() -> u64 {
    static LAST: Mutex<Option<(Instant, u64)>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    match *last {
        Some((at, bytes)) if at.elapsed() < PEAK_MEMORY_AGE => bytes,
        _ => {
            let bytes = read_peak_memory().unwrap_or(0);
            *last = Some((Instant::now(), bytes));
            bytes
        }
    }
}

fn read_peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_advance_and_memory_is_plausible() {
        let before = thread_cpu();
        let mut sum = 0u64;
        while thread_cpu() == before {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(peak_memory() > 1 << 20);
    }
}
