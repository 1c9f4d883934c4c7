//! The spool in one file of the state folder: appended and synced, cut when it is empty, rewritten when most of it is dead.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use prost::Message;
use traipse_agent::{Lease, Outcome};
use traipse_proto::convert::ids;
use traipse_proto::v1::JobReport;
use traipse_proto::v1::job_report::Result as Wire;
use traipse_sweep::{Generation, JobNumber, LeaseId};

use super::Spool;
use super::format::{self, HEADER_BYTES, Header, VERSION};
use crate::state::Error;

/// Its name in the state folder.
const NAME: &str = "spool";
/// Released entries of fewer bytes than this are left where they are.
const WORTH_BYTES: u64 = 1 << 20;
/// Written and taken back to try whether there is room.
const TRIAL: [u8; 4096] = [0; 4096];

/// The spool of one state folder. Who opens it holds the folder's lock.
#[derive(Debug)]
pub struct FileSpool {
    folder: PathBuf,
    path: PathBuf,
    file: File,
    /// Where the next entry goes; whatever is beyond is the rest of a write that failed.
    end: u64,
    /// Entries that are not released, by lease.
    live: BTreeMap<LeaseId, Range<u64>>,
    n_live_bytes: u64,
}

/// What an earlier life has left.
#[derive(Debug, Default)]
pub struct Left {
    /// Outcomes, in the order in which they were kept.
    pub outcomes: Vec<Outcome<JobReport>>,
    /// Entries that were damaged, or that this program cannot read.
    pub n_damaged: u64,
    /// Bytes of a write that a crash had cut short.
    pub n_torn_bytes: u64,
}

impl FileSpool {
    /// Opens the spool of a state folder, or makes one, and reads what is in it.
    ///
    /// # Errors
    /// If it cannot be read or written, is of a newer version, or is no spool.
    pub fn open(folder: &Path) -> Result<(Self, Left), Error> {
        let path = folder.join(NAME);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => format::header().to_vec(),
            Err(source) => return Err(Error::Io { verb: "read", path, source }),
        };
        match format::read_header(&bytes) {
            Header::Known => {}
            Header::Newer(found) => return Err(Error::Newer { path, found, known: VERSION }),
            Header::Strange => return Err(Error::NoSpool { path }),
        }
        let (entries, left) = read(&bytes);
        let spool = Self::write_whole(folder, &path, &entries);
        let spool = spool.map_err(|source| Error::Io { verb: "write", path, source })?;
        Ok((spool, left))
    }

    /// A file of these entries alone: written aside, synced, renamed.
    fn write_whole(folder: &Path, path: &Path, entries: &BTreeMap<LeaseId, &[u8]>) -> io::Result<Self> {
        let aside = path.with_extension("new");
        let mut file = OpenOptions::new().create(true).truncate(true).read(true).write(true).open(&aside)?;
        let (mut bytes, mut live) = (format::header().to_vec(), BTreeMap::new());
        for (lease, entry) in entries {
            let begin = bytes.len() as u64;
            bytes.extend_from_slice(entry);
            live.insert(*lease, begin..bytes.len() as u64);
        }
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&aside, path)?;
        File::open(folder)?.sync_all()?;
        let (end, n_live_bytes) = (bytes.len() as u64, (bytes.len() - HEADER_BYTES) as u64);
        Ok(Self { folder: folder.to_owned(), path: path.to_owned(), file, end, live, n_live_bytes })
    }

    /// Leaves the dead entries out. If that fails, they stay for now.
    fn compact(&mut self) -> io::Result<()> {
        let mut entries = BTreeMap::new();
        for (lease, place) in &self.live {
            let mut entry = vec![0; usize::try_from(place.end - place.start).unwrap_or_default()];
            self.file.read_exact_at(&mut entry, place.start)?;
            entries.insert(*lease, entry);
        }
        let entries = entries.iter().map(|(lease, entry)| (*lease, &entry[..])).collect();
        *self = Self::write_whole(&self.folder, &self.path, &entries)?;
        Ok(())
    }

    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.end)?;
        self.file.sync_data()
    }

    /// Gives back what is beyond the end. If that fails, the next entry overwrites it.
    fn cut(&self) {
        if let Err(error) = self.file.set_len(self.end) {
            tracing::debug!(path = %self.path.display(), %error, "the spool is not cut");
        }
    }
}

impl Spool for FileSpool {
    fn keep(&mut self, outcomes: &[Arc<Outcome<JobReport>>]) -> io::Result<()> {
        if outcomes.is_empty() {
            let tried = self.append(&TRIAL);
            self.cut();
            return tried;
        }
        let (mut bytes, mut places) = (Vec::new(), Vec::new());
        for outcome in outcomes {
            let begin = self.end + bytes.len() as u64;
            format::append(&mut bytes, &outcome.payload.encode_to_vec());
            places.push((outcome.lease.lease, begin..self.end + bytes.len() as u64));
        }
        if let Err(error) = self.append(&bytes) {
            self.cut();
            return Err(error);
        }
        self.end += bytes.len() as u64;
        for (lease, place) in places {
            self.n_live_bytes += place.end - place.start;
            if let Some(earlier) = self.live.insert(lease, place) {
                self.n_live_bytes -= earlier.end - earlier.start;
            }
        }
        Ok(())
    }

    fn release(&mut self, leases: &[LeaseId]) {
        for lease in leases {
            if let Some(place) = self.live.remove(lease) {
                self.n_live_bytes -= place.end - place.start;
            }
        }
        if self.live.is_empty() {
            self.end = HEADER_BYTES as u64;
            self.cut();
            return;
        }
        let n_dead_bytes = self.end - HEADER_BYTES as u64 - self.n_live_bytes;
        if n_dead_bytes > WORTH_BYTES.max(self.n_live_bytes)
            && let Err(error) = self.compact()
        {
            tracing::debug!(path = %self.path.display(), %error, "the spool is not rewritten");
        }
    }
}

/// The entries of a file whose header is known, by lease, and the outcomes in them. The last of a lease counts.
fn read(bytes: &[u8]) -> (BTreeMap<LeaseId, &[u8]>, Left) {
    let scan = format::scan(bytes);
    let (mut entries, mut order) = (BTreeMap::new(), Vec::new());
    let mut left = Left { n_damaged: scan.n_damaged, n_torn_bytes: scan.n_torn_bytes, ..Left::default() };
    for place in scan.entries {
        let entry = &bytes[place];
        match outcome(format::payload(entry)) {
            Some(outcome) => {
                entries.insert(outcome.lease.lease, entry);
                order.push(outcome);
            }
            None => left.n_damaged += 1,
        }
    }
    let mut seen = BTreeMap::new();
    for outcome in order {
        seen.insert(outcome.lease.lease, outcome);
    }
    left.outcomes = seen.into_values().collect();
    (entries, left)
}

/// None if it is no report that could be sent.
fn outcome(payload: &[u8]) -> Option<Outcome<JobReport>> {
    let report = JobReport::decode(payload).ok()?;
    let n_bytes = match report.result.as_ref()? {
        Wire::Succeeded(rows) | Wire::Diverged(rows) => rows.block.len(),
        Wire::Failed(failure) => failure.message.len(),
    };
    let lease = Lease {
        sweep: ids::sweep(&report.sweep, "sweep").ok()?,
        job: JobNumber(report.job),
        generation: Generation(report.generation),
        lease: LeaseId(report.lease),
        token: ids::token(&report.token, "token").ok()?.into(),
        attempt: 1,
        time_limit: None,
    };
    Some(Outcome { lease, payload: report, n_bytes })
}
