//! Who gets the free places of a worker: higher priorities first, and sweeps of one priority alike.
//!
//! Sweeps are compared by the slots that they keep busy everywhere; where those are equal, by the slot time that they
//! have had; then the older one comes first. A slot is handed out whole: its running job, and for short jobs what may
//! wait behind it. What the first in line needs is kept for it: no other sweep's jobs are queued in front of it.

use std::cmp::Reverse;
use std::collections::BTreeSet;

/// What a sweep could use of a worker's places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    /// Higher ones are served first.
    pub(crate) priority: i32,
    /// Leases that all workers hold of it.
    pub(crate) n_leased: u64,
    /// Leases that keep one slot busy: one, and for short jobs those that wait behind it.
    pub(crate) per_slot: u64,
    /// Leases that may wait in the worker for each of its slots.
    pub(crate) ahead: u64,
    /// Slot time that it has had, in microseconds.
    pub(crate) served: u64,
    /// Which admission it was.
    pub(crate) number: u64,
    /// Jobs that may be leased now.
    pub(crate) n_wanted: u64,
}

/// A worker's places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// Slots that are idle.
    pub(crate) n_free: u64,
    /// Leases that wait in the worker.
    pub(crate) n_queued: u64,
    /// Slots behind which leases may wait: all but those that long jobs keep.
    pub(crate) n_slots: u64,
    /// Most leases that may wait in the worker.
    pub(crate) most_queued: u64,
}

/// How many leases each claim gets. Costs the claims, and the slots that are shared among several.
pub(crate) fn share(claims: &[Claim], mut room: Room) -> Vec<u64> {
    let mut granted = vec![0; claims.len()];
    let wanting = (0..).zip(claims).filter(|(_, claim)| claim.n_wanted > 0);
    let mut line: BTreeSet<Place> = wanting.map(|(at, claim)| Place::of(claim, at, 0)).collect();
    while let Some(Place { at, .. }) = line.pop_first() {
        let (claim, so_far) = (&claims[at], granted[at]);
        let left = claim.n_wanted - so_far;
        let slot = claim.per_slot - (claim.n_leased + so_far) % claim.per_slot;
        let n = room.take(claim, if line.is_empty() { left } else { left.min(slot) });
        if n == 0 {
            break;
        }
        granted[at] += n;
        if n < left {
            line.insert(Place::of(claim, at, granted[at]));
        }
    }
    granted
}

/// A place in line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    priority: Reverse<i32>,
    n_slots: u64,
    served: u64,
    number: u64,
    at: usize,
}

impl Place {
    fn of(claim: &Claim, at: usize, granted: u64) -> Self {
        let Claim { priority, n_leased, per_slot, served, number, .. } = *claim;
        Self { priority: Reverse(priority), n_slots: (n_leased + granted) / per_slot, served, number, at }
    }
}

impl Room {
    /// Takes places for up to `n` leases; returns for how many there are.
    fn take(&mut self, claim: &Claim, n: u64) -> u64 {
        let running = self.n_free.min(n.div_ceil(claim.per_slot));
        let may_wait = claim.ahead.saturating_mul(self.n_slots).min(self.most_queued).saturating_sub(self.n_queued);
        let n = n.min(running.saturating_add(may_wait));
        self.n_free -= running;
        self.n_queued += n - running;
        if claim.per_slot == 1 {
            self.n_slots = self.n_slots.saturating_sub(running);
        }
        n
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (priority, leased, leases a slot, served, wanted); what may wait follows from the leases a slot.
    type Row = (i32, u64, u64, u64, u64);

    fn claims(rows: &[Row]) -> Vec<Claim> {
        let claim = |(number, &(priority, n_leased, per_slot, served, n_wanted))| Claim {
            priority,
            n_leased,
            per_slot,
            ahead: per_slot - 1,
            served,
            number,
            n_wanted,
        };
        (0..).zip(rows).map(claim).collect()
    }

    fn room(n_free: u64, n_queued: u64, n_slots: u64) -> Room {
        Room { n_free, n_queued, n_slots, most_queued: 1024 }
    }

    #[test]
    fn places_go_to_priorities_then_to_who_has_fewest_slots_then_to_who_had_least() {
        let many = 10_000_000;
        let rows: &[(&str, &[Row], Room, &[u64])] = &[
            ("one sweep has all", &[(0, 9, 1, 0, many)], room(4, 0, 4), &[4]),
            ("no more than it wants", &[(0, 0, 1, 0, 3)], room(4, 0, 4), &[3]),
            ("nothing is free", &[(0, 0, 1, 0, 3)], room(0, 0, 4), &[0]),
            ("evenly", &[(0, 0, 1, 0, many), (0, 0, 1, 0, many)], room(4, 0, 4), &[2, 2]),
            ("an odd one to the older", &[(0, 0, 1, 0, many), (0, 0, 1, 0, many)], room(3, 0, 4), &[2, 1]),
            ("an odd one to who had less", &[(0, 0, 1, 9, many), (0, 0, 1, 3, many)], room(3, 0, 4), &[1, 2]),
            ("what one does not want", &[(0, 0, 1, 0, 1), (0, 0, 1, 0, many)], room(5, 0, 5), &[1, 4]),
            ("a small one beside a huge one", &[(0, 64, 1, 0, many), (0, 0, 1, 0, 9)], room(1, 0, 8), &[0, 1]),
            ("until they have as many", &[(0, 5, 1, 0, many), (0, 3, 1, 0, many)], room(4, 0, 8), &[1, 3]),
            ("a higher priority, strictly", &[(0, 0, 1, 0, many), (1, 99, 1, 99, many)], room(4, 0, 4), &[0, 4]),
            ("the lower has the rest", &[(-5, 0, 1, 0, many), (7, 99, 1, 0, 3)], room(4, 0, 4), &[1, 3]),
            ("ahead: a slot and what waits", &[(0, 0, 201, 0, many)], room(1, 0, 1), &[201]),
            ("ahead: topped up", &[(0, 161, 201, 0, many)], room(0, 160, 1), &[40]),
            ("ahead: full", &[(0, 201, 201, 0, many)], room(0, 200, 1), &[0]),
            ("ahead: at most so many", &[(0, 0, 2001, 0, many)], room(1, 0, 1), &[1025]),
            ("ahead: no slot but of long jobs", &[(0, 0, 201, 0, many)], room(0, 0, 0), &[0]),
            ("short jobs alike", &[(0, 0, 101, 0, many), (0, 0, 101, 0, many)], room(2, 0, 2), &[101, 101]),
            ("short ones and a long one", &[(0, 0, 1, 0, many), (0, 0, 101, 0, many)], room(2, 0, 2), &[1, 101]),
            (
                "nothing is queued before who is first and needs a whole slot",
                &[(0, 150, 201, 0, many), (0, 0, 1, 0, 1)],
                room(0, 149, 1),
                &[51, 0],
            ),
            ("nor once it has had its slot", &[(0, 201, 201, 0, many), (0, 0, 1, 0, 1)], room(0, 100, 2), &[0, 0]),
            ("nor of a lower priority", &[(0, 0, 201, 0, many), (1, 5, 1, 0, many)], room(0, 3, 2), &[0, 0]),
        ];
        for (what, rows, room, expected) in rows {
            assert_eq!(share(&claims(rows), *room), *expected, "{what}");
        }
    }
}
