//! Rows leave the ledger for segments: written aside, synced and renamed, then named in one transaction, then deleted in
//! bites.

use std::time::Duration;

use traipse_sweep::SweepId;

use super::disk::Transaction;
use super::event::Event;
use super::mutation::Mutation;
use super::world::World;

impl World {
    /// Seals a sweep's rows, if there are any: the file first, which is safe a little later.
    pub(crate) fn seal(&mut self, life: u32) {
        let Some(known) = self.coordinator.as_mut().filter(|known| known.number == life) else { return };
        if known.stands.is_some() {
            return self.queue.push(self.now + Duration::from_secs(5), Event::Seal(life));
        }
        known.seals += 1;
        if let Some(unsafe_file) = self.sealing.take() {
            self.name_segment(unsafe_file);
        } else {
            self.write_segment();
        }
        let next = match &self.sealing {
            Some(_) => self.dice.millis(5, 300),
            None => self.dice.millis(500, 20_000),
        };
        self.queue.push(self.now + next, Event::Seal(life));
    }

    fn write_segment(&mut self) {
        // The one before must be named first.
        if self.disk.has_chores() {
            return;
        }
        let sweeps: Vec<SweepId> = self.oracle.sweeps().collect();
        let Some(&sweep) = sweeps.get(self.dice.below(sweeps.len().max(1) as u64) as usize) else { return };
        let (sealed, upto) = (self.disk.sealed(sweep), self.disk.last_row());
        let rows: Vec<_> = self
            .disk
            .rows
            .range(sealed + 1..)
            .filter(|(_, row)| row.key.0 == sweep)
            .map(|(_, row)| (row.key, row.block))
            .collect();
        if rows.is_empty() {
            return;
        }
        let file = self.disk.write_file(rows);
        self.sealing = Some(Sealing { sweep, upto, file });
    }

    fn name_segment(&mut self, Sealing { sweep, upto, file }: Sealing) {
        // A crash since has deleted the file, which had no name.
        let Some(written) = self.disk.files.get_mut(&file) else { return };
        written.is_safe = true;
        self.counts.add("segments");
        if self.mutation == Some(Mutation::DeleteBeforeNaming) {
            self.disk.put(Transaction::Delete { sweep, upto });
        }
        self.disk.put(Transaction::Name { sweep, upto, file });
        self.write();
    }
}

/// A segment whose file is being written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sealing {
    sweep: SweepId,
    upto: u64,
    file: u64,
}
