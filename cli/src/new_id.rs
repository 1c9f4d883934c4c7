//! New ids: 48 bits of milliseconds and 80 of the system's randomness, so that they sort by creation.

use std::fs::File;
use std::io::Read as _;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use traipse_sweep::{RequestId, SweepId};
use ulid::Ulid;

use crate::error::Error;

/// A new sweep's id.
///
/// # Errors
/// If the system has no randomness.
pub(crate) fn sweep() -> Result<SweepId, Error> {
    Ok(SweepId(ulid()?.0))
}

/// The id of a new wish.
///
/// # Errors
/// If the system has no randomness.
pub(crate) fn request() -> Result<RequestId, Error> {
    Ok(RequestId(ulid()?.0))
}

fn ulid() -> Result<Ulid, Error> {
    let mut random = [0; 16];
    File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut random)).context("cannot read /dev/urandom")?;
    // A clock before 1970 costs the order by creation, not the id.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Ulid::from_parts(since.as_millis() as u64, u128::from_le_bytes(random)))
}
