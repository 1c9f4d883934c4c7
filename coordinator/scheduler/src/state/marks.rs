//! One byte a job at most, by position in the sweep's order, so that progress compresses to a few long runs.

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

/// The marks of all positions; those never written are fresh and take no memory, and a chunk whose jobs all ended alike
/// takes as much as one of them. A clone shares its chunks.
#[derive(Clone, Default)]
pub(crate) struct Marks {
    chunks: BTreeMap<u64, Chunk>,
}

/// Neighbouring positions' marks.
#[derive(Clone)]
enum Chunk {
    /// One for all.
    All(Mark),
    /// One each.
    Each(Arc<[Mark]>),
}

impl Chunk {
    fn get(&self, at: usize) -> Mark {
        match self {
            Self::All(mark) => *mark,
            Self::Each(marks) => marks[at],
        }
    }

    fn fill(&mut self, range: Range<usize>, mark: Mark) {
        if let Self::All(all) = *self {
            *self = Self::Each(Arc::from([all; CHUNK as usize].as_slice()));
        }
        if let Self::Each(marks) = self {
            let marks = Arc::make_mut(marks);
            marks[range].fill(mark);
            // The ends differ in most chunks that are under way, so this costs next to nothing.
            if marks[0] == mark && marks[CHUNK as usize - 1] == mark && marks[1..] == marks[..CHUNK as usize - 1] {
                *self = Self::All(mark);
            }
        }
    }
}

impl Marks {
    pub(crate) fn get(&self, position: u64) -> Mark {
        self.chunks.get(&(position / CHUNK)).map_or(Mark::Fresh, |chunk| chunk.get((position % CHUNK) as usize))
    }

    pub(crate) fn set(&mut self, position: u64, mark: Mark) {
        let at = (position % CHUNK) as usize;
        self.chunk(position / CHUNK).fill(at..at + 1, mark);
    }

    /// Sets many neighbours at once. Costs their chunks.
    pub(crate) fn fill(&mut self, range: Range<u64>, mark: Mark) {
        let mut start = range.start;
        while start < range.end {
            let number = start / CHUNK;
            let end = (number + 1).saturating_mul(CHUNK).min(range.end);
            if end - start == CHUNK {
                self.chunks.insert(number, Chunk::All(mark));
            } else {
                let first = number * CHUNK;
                self.chunk(number).fill((start - first) as usize..(end - first) as usize, mark);
            }
            start = end;
        }
    }

    /// Neighbouring positions with one mark, in order, fresh ones left out.
    pub(crate) fn runs(&self) -> Vec<(Range<u64>, Mark)> {
        let mut runs: Vec<(Range<u64>, Mark)> = Vec::new();
        let mut add = |range: Range<u64>, mark: Mark| match runs.last_mut() {
            Some((run, last)) if *last == mark && run.end == range.start => run.end = range.end,
            _ if mark == Mark::Fresh => {}
            _ => runs.push((range, mark)),
        };
        for (number, chunk) in &self.chunks {
            let first = number * CHUNK;
            match chunk {
                Chunk::All(mark) => add(first..first.saturating_add(CHUNK), *mark),
                Chunk::Each(marks) => {
                    let mut start = first;
                    for alike in marks.chunk_by(PartialEq::eq) {
                        let end = start.saturating_add(alike.len() as u64);
                        add(start..end, alike[0]);
                        start = end;
                    }
                }
            }
        }
        runs
    }

    fn chunk(&mut self, number: u64) -> &mut Chunk {
        self.chunks.entry(number).or_insert(Chunk::All(Mark::Fresh))
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
    use proptest::prelude::*;

    use super::*;

    fn a_mark() -> impl Strategy<Value = Mark> {
        proptest::sample::select(&Mark::ALL[..])
    }

    /// A range near the border of a chunk, or a whole number of chunks, or anything.
    fn a_range() -> impl Strategy<Value = Range<u64>> {
        let near = (0..4_u64, 0..6_u64, 0..8_u64).prop_map(|(chunk, before, n)| {
            let start = (chunk * CHUNK).saturating_sub(before);
            start..start + n
        });
        let whole = (0..4_u64, 1..3_u64).prop_map(|(chunk, n)| chunk * CHUNK..(chunk + n) * CHUNK);
        let any = (0..4 * CHUNK, 0..2 * CHUNK).prop_map(|(start, n)| start..start + n);
        prop_oneof![near, whole, any]
    }

    proptest! {
        #[test]
        fn marks_are_what_a_plain_map_would_hold(
            steps in proptest::collection::vec((a_range(), a_mark(), any::<bool>()), 1..24)
        ) {
            let (mut marks, mut plain) = (Marks::default(), vec![Mark::Fresh; 7 * CHUNK as usize]);
            let mut clones = Vec::new();
            for (range, mark, one_by_one) in steps {
                clones.push((marks.clone(), plain.clone()));
                match one_by_one {
                    true => range.clone().for_each(|position| marks.set(position, mark)),
                    false => marks.fill(range.clone(), mark),
                }
                plain[range.start as usize..range.end as usize].fill(mark);
            }
            clones.push((marks, plain));
            for (marks, plain) in clones {
                prop_assert!(plain.iter().enumerate().all(|(at, mark)| marks.get(at as u64) == *mark));
                let mut again = Marks::default();
                for (range, mark) in marks.runs() {
                    prop_assert!(mark != Mark::Fresh && !range.is_empty());
                    again.fill(range, mark);
                }
                prop_assert_eq!(&again, &marks);
            }
        }
    }

    #[test]
    fn a_chunk_that_ended_alike_is_kept_as_one_mark() {
        let mut marks = Marks::default();
        (0..3 * CHUNK).rev().for_each(|position| marks.set(position, Mark::Leased));
        (0..3 * CHUNK).for_each(|position| marks.set(position, Mark::Succeeded));
        assert!(marks.chunks.values().all(|chunk| matches!(chunk, Chunk::All(Mark::Succeeded))));
        assert_eq!(marks.runs(), [(0..3 * CHUNK, Mark::Succeeded)]);
    }

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
