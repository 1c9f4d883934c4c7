//! The coordinator's disk: transactions that are there wholly or not at all, however the machine goes down, and files
//! that are there once they are synced. The contract is that of the coordinator's journal, and facts and states are
//! encoded as there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use traipse_proto::convert::facts;
use traipse_scheduler::{Batch, JobRows};
use traipse_sweep::{Fact, Generation, JobNumber, SweepId};

use super::dice::Dice;
use super::event::Block;

/// Most rows that one transaction deletes.
const DELETE_ROWS: usize = 8;

/// What exactly-once is about.
pub(crate) type Key = (SweepId, JobNumber, Generation);

/// One transaction.
#[derive(Clone, Debug)]
pub(crate) enum Transaction {
    Batch {
        seq: u64,
        facts: Vec<u8>,
        rows: Vec<(Key, Block)>,
    },
    Snapshot {
        seq: u64,
        state: Vec<u8>,
    },
    Prune,
    /// A segment's file is named: rows of the sweep up to that number are in it from now on.
    Name {
        sweep: SweepId,
        upto: u64,
        file: u64,
    },
    /// Rows of the sweep up to that number go.
    Delete {
        sweep: SweepId,
        upto: u64,
    },
}

/// A row in the ledger.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) key: Key,
    pub(crate) block: Block,
}

/// A file of rows.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) rows: Vec<(Key, Block)>,
    /// Written, synced and under its own name: it survives a crash.
    pub(crate) is_safe: bool,
}

/// A named segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) upto: u64,
    pub(crate) file: u64,
}

/// What is on the disk.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    pub(crate) incarnation: u32,
    last_seq: u64,
    journal: BTreeMap<u64, Vec<u8>>,
    snapshots: BTreeMap<u64, Vec<u8>>,
    next_row: u64,
    pub(crate) rows: BTreeMap<u64, Row>,
    /// The primary key.
    keys: BTreeSet<Key>,
    pub(crate) segments: BTreeMap<SweepId, Vec<Segment>>,
    pub(crate) files: BTreeMap<u64, File>,
    n_files: u64,
    /// Batches come before chores.
    batch: Option<Transaction>,
    chores: VecDeque<Transaction>,
    writing: Option<Transaction>,
    pub(crate) is_full: bool,
}

/// What a life starts from.
#[derive(Debug)]
pub(crate) struct Restored {
    pub(crate) snapshot: Option<Vec<u8>>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) next_seq: u64,
}

impl Transaction {
    pub(crate) fn of(batch: Batch<Block>) -> Self {
        let row = |rows: &JobRows<Block>| ((rows.sweep, rows.job, rows.generation), rows.block);
        Self::Batch { seq: batch.seq, facts: facts::encode(&batch.facts), rows: batch.rows.iter().map(row).collect() }
    }
}

impl Disk {
    pub(crate) fn put(&mut self, transaction: Transaction) {
        match transaction {
            batch @ Transaction::Batch { .. } => self.batch = Some(batch),
            chore => self.chores.push_back(chore),
        }
    }

    /// Begins the next transaction, if none is being written. True if one begins.
    pub(crate) fn begin(&mut self) -> bool {
        if self.writing.is_none() {
            self.writing = self.batch.take().or_else(|| self.chores.pop_front());
            return self.writing.is_some();
        }
        false
    }

    pub(crate) fn has_chores(&self) -> bool {
        !self.chores.is_empty()
            || matches!(&self.writing, Some(writing) if !matches!(writing, Transaction::Batch { .. }))
    }

    pub(crate) fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    /// The transaction that was being written.
    pub(crate) fn take_written(&mut self) -> Option<Transaction> {
        self.writing.take()
    }

    /// Makes a transaction part of what is there.
    pub(crate) fn apply(&mut self, transaction: &Transaction) -> Result<(), String> {
        match transaction {
            Transaction::Batch { seq, facts, rows } => self.append(*seq, facts, rows),
            Transaction::Snapshot { seq, state } => {
                self.snapshots.insert(*seq, state.clone());
                while self.snapshots.len() > 2 {
                    self.snapshots.pop_first();
                }
                Ok(())
            }
            Transaction::Prune => {
                if let Some((&oldest, _)) = self.snapshots.first_key_value().filter(|_| self.snapshots.len() == 2) {
                    self.journal = self.journal.split_off(&(oldest + 1));
                }
                Ok(())
            }
            Transaction::Name { sweep, upto, file } => {
                self.segments.entry(*sweep).or_default().push(Segment { upto: *upto, file: *file });
                Ok(())
            }
            Transaction::Delete { sweep, upto } => {
                for id in self.rows_upto(*sweep, *upto).into_iter().take(DELETE_ROWS) {
                    if let Some(row) = self.rows.remove(&id) {
                        self.keys.remove(&row.key);
                    }
                }
                Ok(())
            }
        }
    }

    fn append(&mut self, seq: u64, facts: &[u8], rows: &[(Key, Block)]) -> Result<(), String> {
        if seq != self.last_seq + 1 {
            return Err(format!("batch {seq} follows batch {}", self.last_seq));
        }
        for (key, block) in rows {
            if !self.keys.insert(*key) {
                return Err(format!("the rows of {key:?} come a second time"));
            }
            self.next_row += 1;
            self.rows.insert(self.next_row, Row { key: *key, block: *block });
        }
        self.journal.insert(seq, facts.to_vec());
        self.last_seq = seq;
        Ok(())
    }

    /// Rows of a sweep up to a number.
    pub(crate) fn rows_upto(&self, sweep: SweepId, upto: u64) -> Vec<u64> {
        self.rows.range(..=upto).filter(|(_, row)| row.key.0 == sweep).map(|(id, _)| *id).collect()
    }

    /// Up to where a sweep is sealed.
    pub(crate) fn sealed(&self, sweep: SweepId) -> u64 {
        self.segments.get(&sweep).and_then(|segments| segments.last()).map_or(0, |segment| segment.upto)
    }

    pub(crate) fn last_row(&self) -> u64 {
        self.next_row
    }

    /// Writes a file, which is not safe yet.
    pub(crate) fn write_file(&mut self, rows: Vec<(Key, Block)>) -> u64 {
        self.n_files += 1;
        self.files.insert(self.n_files, File { rows, is_safe: false });
        self.n_files
    }

    /// The power goes. What was being written is there, or torn and then not there. Returns it if it is there.
    pub(crate) fn crash(&mut self, dice: &mut Dice) -> (Option<Transaction>, &'static str) {
        self.batch = None;
        self.chores.clear();
        self.files.retain(|_, file| file.is_safe);
        match self.writing.take() {
            None => (None, "crash: nothing was being written"),
            Some(written) => {
                let bytes = record(&written);
                let kept = match dice.below(3) {
                    0 => 0,
                    1 => dice.below(bytes.len() as u64) as usize,
                    _ => bytes.len(),
                };
                match is_whole(&bytes[..kept]) {
                    true => (Some(written), "crash: written and not confirmed"),
                    false if kept == 0 => (None, "crash: before the first byte"),
                    false => (None, "crash: torn tail"),
                }
            }
        }
    }

    /// What the next life starts from; files that nobody names are deleted, and a named one must be there.
    pub(crate) fn restore(&mut self) -> Result<Restored, String> {
        let named: BTreeSet<u64> = self.segments.values().flatten().map(|segment| segment.file).collect();
        self.files.retain(|file, _| named.contains(file));
        if let Some(missing) = named.iter().find(|file| !self.files.contains_key(file)) {
            return Err(format!("segment file {missing} is named and not there"));
        }
        let newest = self.snapshots.last_key_value();
        let (seq, snapshot) = newest.map_or((0, None), |(seq, state)| (*seq, Some(state.clone())));
        let (mut facts, mut last) = (Vec::new(), seq);
        for (&seq, bytes) in self.journal.range(seq + 1..) {
            if seq != last + 1 {
                return Err(format!("batch {seq} follows batch {last} in the journal"));
            }
            facts.extend(facts::decode(bytes).map_err(|error| error.to_string())?);
            last = seq;
        }
        Ok(Restored { snapshot, facts, next_seq: last + 1 })
    }
}

/// A transaction as it goes to the log: length, checksum, content.
fn record(transaction: &Transaction) -> Vec<u8> {
    let content = match transaction {
        Transaction::Batch { facts, .. } => facts.clone(),
        Transaction::Snapshot { state, .. } => state.clone(),
        other => format!("{other:?}").into_bytes(),
    };
    let mut record = Vec::with_capacity(content.len() + 16);
    record.extend((content.len() as u64).to_le_bytes());
    record.extend(checksum(&content).to_le_bytes());
    record.extend(content);
    record
}

fn is_whole(record: &[u8]) -> bool {
    let Some((length, rest)) = record.split_first_chunk::<8>() else { return false };
    let Some((sum, content)) = rest.split_first_chunk::<8>() else { return false };
    u64::from_le_bytes(*length) == content.len() as u64 && u64::from_le_bytes(*sum) == checksum(content)
}

/// FNV-1a.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}
