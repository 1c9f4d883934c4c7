//! One byte a job, by position in the sweep's order, so that progress compresses to a few long runs.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Positions of one chunk: copied when it is written after a clone, allocated when it is first written.
const CHUNK: u64 = 1 << 10;

/// What is known of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    /// A run that was never leased, and may turn out to be excluded when it is drawn; a comparison whose members have not
    /// all ended, or that is left out.
    Fresh,
    /// Drawn and found to be excluded.
    Excluded,
    /// Leased before, ready again.
    Again,
    /// Leased.
    Leased,
    /// Failed transiently, waits for its retry.
    Backoff,
    /// A comparison whose members have all ended, never leased.
    Ready,
    /// Done with rows.
    Succeeded,
    /// Done with rows up to the divergence.
    Diverged,
    /// Done without rows.
    Failed,
    /// Done without rows: took its workers down.
    Quarantined,
    /// Done without rows: a comparison without enough members.
    Skipped,
}

impl Mark {
    /// Every mark, at the index that is its byte in a snapshot: new ones are added at the end.
    const ALL: [Self; 11] = [
        Self::Fresh,
        Self::Excluded,
        Self::Again,
        Self::Leased,
        Self::Backoff,
        Self::Succeeded,
        Self::Diverged,
        Self::Failed,
        Self::Quarantined,
        Self::Skipped,
        Self::Ready,
    ];

    /// The mark of a byte, none if it is no mark's.
    pub(crate) fn of(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte)).copied()
    }

    /// Its byte in a snapshot.
    pub(crate) fn byte(self) -> u8 {
        let at = Self::ALL.iter().position(|mark| *mark == self);
        at.expect("all marks are there, fewer than bytes") as u8
    }

    /// Whether the job has ended in its generation.
    pub(crate) fn is_done(self) -> bool {
        self >= Self::Succeeded
    }
}

/// The marks of all positions; those never written are fresh and take no memory. A clone shares its chunks.
#[derive(Clone, Default)]
pub(crate) struct Marks {
    chunks: BTreeMap<u64, Arc<[Mark]>>,
}

impl Marks {
    pub(crate) fn get(&self, position: u64) -> Mark {
        self.chunks.get(&(position / CHUNK)).map_or(Mark::Fresh, |chunk| chunk[(position % CHUNK) as usize])
    }

    pub(crate) fn set(&mut self, position: u64, mark: Mark) {
        let chunk =
            self.chunks.entry(position / CHUNK).or_insert_with(|| Arc::from([Mark::Fresh; CHUNK as usize].as_slice()));
        Arc::make_mut(chunk)[(position % CHUNK) as usize] = mark;
    }

    /// Neighbouring positions with one mark, in order, fresh ones left out.
    pub(crate) fn runs(&self) -> Vec<(Range<u64>, Mark)> {
        let mut runs: Vec<(Range<u64>, Mark)> = Vec::new();
        for (number, chunk) in &self.chunks {
            for (position, &mark) in (number * CHUNK..).zip(chunk.iter()) {
                match runs.last_mut() {
                    Some((run, last)) if *last == mark && run.end == position => run.end += 1,
                    _ if mark == Mark::Fresh => {}
                    _ => runs.push((position..position + 1, mark)),
                }
            }
        }
        runs
    }
}

/// Equal marks at every position: a chunk of fresh ones is none.
impl PartialEq for Marks {
    fn eq(&self, other: &Self) -> bool {
        self.runs() == other.runs()
    }
}

impl fmt::Debug for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.runs()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_cross_chunks_and_leave_fresh_ones_out() {
        let mut marks = Marks::default();
        for position in CHUNK - 2..CHUNK + 3 {
            marks.set(position, Mark::Succeeded);
        }
        marks.set(5 * CHUNK, Mark::Leased);
        assert_eq!(marks.runs(), [(CHUNK - 2..CHUNK + 3, Mark::Succeeded), (5 * CHUNK..5 * CHUNK + 1, Mark::Leased)]);
        assert_eq!(marks.get(1 << 60), Mark::Fresh);
    }

    #[test]
    fn a_clone_keeps_what_it_saw() {
        let mut marks = Marks::default();
        marks.set(3, Mark::Leased);
        let before = marks.clone();
        marks.set(3, Mark::Failed);
        assert_eq!((before.get(3), marks.get(3)), (Mark::Leased, Mark::Failed));
        marks.set(3, Mark::Fresh);
        assert_eq!(marks, Marks::default());
        assert_ne!(marks, before);
    }

    #[test]
    fn every_byte_is_its_mark() {
        for (byte, mark) in Mark::ALL.into_iter().enumerate() {
            assert_eq!((usize::from(mark.byte()), Mark::of(byte as u8)), (byte, Some(mark)));
        }
        assert_eq!(Mark::of(Mark::ALL.len() as u8), None);
    }
}
