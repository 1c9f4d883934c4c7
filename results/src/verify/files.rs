//! Files against the manifest: bytes, digests, rows; and the tables that the sweep must have.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use sha2::{Digest as _, Sha256};
use traipse_sweep::Plan;
use traipse_sweep::columns::Table;

use super::{Finding, Findings, Kind, collect_again};
use crate::Error;
use crate::tables::{FileEntry, Manifest};

/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

/// Checks every file; the names of those that are whole are returned.
pub(super) fn check(
    dir: &Path,
    manifest: &Manifest,
    plan: &Plan,
    findings: &mut Findings,
) -> Result<BTreeSet<String>, Error> {
    let mut whole = BTreeSet::new();
    for (name, entry) in &manifest.files {
        match look(&dir.join(name), entry)? {
            None => _ = whole.insert(name.clone()),
            Some((kind, message)) => findings.add(finding(kind, name, message, manifest)),
        }
    }
    for table in Table::FROM_WORKERS.into_iter().filter(|table| table.is_in(plan.spec())) {
        let name = format!("{}.parquet", table.as_str());
        if !manifest.files.contains_key(&name) {
            let message = "the sweep has this table, and manifest.json does not list it".to_owned();
            findings.add(finding(Kind::MissingFile, &name, message, manifest));
        }
    }
    Ok(whole)
}

fn finding(kind: Kind, name: &str, message: String, manifest: &Manifest) -> Finding {
    let remedy = collect_again(manifest);
    Finding { kind, file: Some(name.to_owned()), run: None, cell: None, message, remedy }
}

/// What is wrong with a file.
fn look(path: &Path, entry: &FileEntry) -> Result<Option<(Kind, String)>, Error> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Some((Kind::MissingFile, "the file is not there".to_owned())));
        }
        opened => opened.map_err(Error::file("open", path))?,
    };
    let (n_bytes, digest) = digest(&mut file).map_err(Error::file("read", path))?;
    let damaged = |what: String| Ok(Some((Kind::DamagedFile, what)));
    if n_bytes != entry.bytes {
        return damaged(format!("it has {n_bytes} bytes, and manifest.json lists {}", entry.bytes));
    }
    if digest != entry.sha256 {
        return damaged(format!("its SHA-256 is {digest}, and manifest.json lists {}", entry.sha256));
    }
    match SerializedFileReader::new(file) {
        Err(error) => damaged(format!("it is no readable Parquet file: {error}")),
        Ok(reader) => match reader.metadata().file_metadata().num_rows() {
            n if n as u64 == entry.rows => Ok(None),
            n => damaged(format!("it has {n} rows, and manifest.json lists {}", entry.rows)),
        },
    }
}

fn digest(file: &mut File) -> io::Result<(u64, String)> {
    let (mut hasher, mut n_bytes, mut chunk) = (Sha256::new(), 0, vec![0; CHUNK]);
    loop {
        match file.read(&mut chunk)? {
            0 => break,
            n => {
                hasher.update(&chunk[..n]);
                n_bytes += n as u64;
            }
        }
    }
    Ok((n_bytes, hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
}
